use std::fmt::Write;

use super::super::{Code, read};

const TASK: &str = r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 1"#;

/// The states of a machine that begins with `A`, and where a path or variable can never exist: location and offender.
#[test]
fn what_can_never_exist_is_found() {
    for (states, expected) in [
        // Literals and templates.
        (r#""A": {"Type": "Pass", "Result": {"x": {"y": 1}}, "Next": "B"}, "B": {"Type": "Pass", "InputPath": "$.x.z", "End": true}"#.to_owned(), vec!["/States/B/InputPath '$.x.z'"]),
        (r#""A": {"Type": "Pass", "Parameters": {"x.$": "$.in", "n": 1}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$.x.any", "b.$": "$.in", "c.$": "$.n.m"}, "End": true}"#.to_owned(), vec!["/States/B/Parameters '$.in'", "/States/B/Parameters '$.n.m'"]),
        (r#""A": {"Type": "Pass", "Result": [{"x": 1}, {"y": 2}], "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$[0].y", "b.$": "$[0].z", "c.$": "$.x", "d.$": "$[*].z"}, "End": true}"#.to_owned(), vec!["/States/B/Parameters '$[0].z'", "/States/B/Parameters '$.x'"]),
        (r#""A": {"Type": "Pass", "Parameters": {"t.$": "States.Format('{}', $.x)", "l.$": "States.StringSplit('a b', ' ')"}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$.t.u", "b.$": "$.l[0]", "c.$": "States.Format('{}', $.l.x)"}, "End": true}"#.to_owned(), vec!["/States/B/Parameters '$.t.u'", "/States/B/Parameters '$.l.x'"]),
        // ResultPath, OutputPath, ResultSelector.
        (format!(r#""A": {{ {TASK}, "ResultPath": "$.r", "Next": "B"}}, "B": {{"Type": "Pass", "Parameters": {{"a.$": "$.r.any", "b.$": "$.other"}}, "End": true}}"#), vec![]),
        (format!(r#""A": {{ {TASK}, "ResultSelector": {{"x.$": "$.Payload"}}, "Next": "B"}}, "B": {{"Type": "Pass", "Parameters": {{"a.$": "$.x.any", "b.$": "$.Payload"}}, "End": true}}"#), vec!["/States/B/Parameters '$.Payload'"]),
        (r#""A": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.r", "Next": "B"}, "B": {"Type": "Pass", "OutputPath": "$.r.x", "Next": "C"}, "C": {"Type": "Pass", "InputPath": "$.r", "End": true}"#.to_owned(), vec!["/States/C/InputPath '$.r'"]),
        (r#""A": {"Type": "Pass", "InputPath": null, "Next": "B"}, "B": {"Type": "Wait", "SecondsPath": "$.s", "End": true}"#.to_owned(), vec!["/States/B/SecondsPath '$.s'"]),
        // Several ways: what one of them brings may exist.
        (r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "B"}], "Default": "C"}, "B": {"Type": "Pass", "Result": {"b": 1}, "Next": "D"}, "C": {"Type": "Pass", "Result": {"c": 1}, "Next": "D"}, "D": {"Type": "Pass", "Parameters": {"b.$": "$.b", "c.$": "$.c", "d.$": "$.d"}, "End": true}"#.to_owned(), vec!["/States/D/Parameters '$.d'"]),
        // Loops.
        (r#""A": {"Type": "Pass", "Result": {"n": 0}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "seen": true}, "Next": "C"}, "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 9, "Next": "B"}, {"Variable": "$.m", "IsPresent": true, "Next": "D"}, {"Variable": "$.k", "IsNull": true, "Next": "D"}], "Default": "D"}, "D": {"Type": "Succeed"}"#.to_owned(), vec!["/States/C/Choices[2]/Variable '$.k'"]),
        (r#""A": {"Type": "Pass", "Parameters": {"deep.$": "$"}, "ResultPath": "$.more", "Next": "A2"}, "A2": {"Type": "Choice", "Choices": [{"Variable": "$.more.deep.more.deep.x", "IsPresent": true, "Next": "A"}], "Default": "E"}, "E": {"Type": "Succeed"}"#.to_owned(), vec![]),
        // A guard keeps what comes after it from being looked at.
        (r#""A": {"Type": "Pass", "Result": {"n": 0}, "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.m", "IsPresent": true}, {"Variable": "$.m", "NumericEquals": 1}], "Next": "C"}, {"Or": [{"Variable": "$.m", "IsPresent": false}, {"Variable": "$.m", "NumericEquals": 1}], "Next": "D"}], "Default": "C"}, "C": {"Type": "Pass", "InputPath": "$.never", "Next": "D"}, "D": {"Type": "Succeed"}"#.to_owned(), vec![]),
        // Errors.
        (format!(r#""A": {{ {TASK}, "Catch": [{{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}}], "Next": "C"}}, "B": {{"Type": "Pass", "Parameters": {{"a.$": "$.error.Cause", "b.$": "$.error.Message", "c.$": "$.error.Cause.errorMessage"}}, "Next": "C"}}, "C": {{"Type": "Succeed"}}"#), vec!["/States/B/Parameters '$.error.Message'", "/States/B/Parameters '$.error.Cause.errorMessage'"]),
        // Nested machines.
        (r#""A": {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"i.$": "$$.Map.Item.Value", "n.$": "$$.Map.Item.Name"}, "ItemProcessor": {"StartAt": "M", "States": {"M": {"Type": "Pass", "Parameters": {"x.$": "$.i.any", "y.$": "$.j"}, "End": true}}}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$[0].x", "b.$": "$[0].z", "c.$": "$$.Map.Item.Value"}, "End": true}"#.to_owned(), vec!["/States/A/ItemSelector '$$.Map.Item.Name'", "/States/A/ItemProcessor/States/M/Parameters '$.j'", "/States/B/Parameters '$[0].z'", "/States/B/Parameters '$$.Map.Item.Value'"]),
        (r#""A": {"Type": "Parallel", "Parameters": {"p": 1}, "Branches": [{"StartAt": "L", "States": {"L": {"Type": "Pass", "InputPath": "$.q", "End": true}}}, {"StartAt": "R", "States": {"R": {"Type": "Fail", "ErrorPath": "$.p.code"}}}], "End": true}"#.to_owned(), vec!["/States/A/Branches[0]/States/L/InputPath '$.q'", "/States/A/Branches[1]/States/R/ErrorPath '$.p.code'"]),
        // The context object.
        (r#""A": {"Type": "Pass", "Parameters": {"a.$": "$$.Execution.Input.x", "b.$": "$$.Execution.Nmae"}, "End": true}"#.to_owned(), vec!["/States/A/Parameters '$$.Execution.Nmae'"]),
        // Variables.
        (r#""A": {"Type": "Pass", "Assign": {"v.$": "$.x", "w": {"k": 1}, "u.$": "$u"}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$v.any", "b.$": "$w.k", "c.$": "$w.l", "d.$": "$z"}, "End": true}"#.to_owned(), vec!["/States/A/Assign 'u'", "/States/B/Parameters '$w.l'", "/States/B/Parameters 'z'"]),
        (r#""A": {"Type": "Parallel", "Branches": [{"StartAt": "L", "States": {"L": {"Type": "Pass", "Assign": {"v": 1}, "End": true}}}], "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$v"}, "End": true}"#.to_owned(), vec!["/States/B/Parameters 'v'"]),
        (r#""A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"}, "M": {"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"a.$": "$v"}, "End": true}}}, "End": true}"#.to_owned(), vec!["/States/M/ItemProcessor/States/I/Parameters 'v'"]),
        // JSONata.
        (r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"x": "{% $states.input.any %}", "n": 1}, "Assign": {"v": 1}, "Next": "B"}, "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": "{% $states.input.x.y %}", "b": "{% $states.input.z %}", "c": "{% $v + $w + $sum([1]) %}", "d": "{% $exists($w) %}"}, "End": true}"#.to_owned(), vec!["/States/B/Output/b '$states.input.z'", "/States/B/Output/c 'w'"]),
        (format!(r#""A": {{ {TASK}, "QueryLanguage": "JSONata", "Catch": [{{"ErrorEquals": ["States.ALL"], "Output": "{{% $states.errorOutput.Message %}}", "Next": "B"}}], "Next": "B"}}, "B": {{"Type": "Succeed"}}"#), vec!["/States/A/Catch[0]/Output '$states.errorOutput.Message'"]),
    ] {
        assert_eq!(found(&states), expected, "{states}");
    }
}

fn found(states: &str) -> Vec<String> {
    let outcome = read(&format!(r#"{{ "StartAt": "A", "States": {{ {states} }} }}"#));
    assert!(outcome.definition.is_some(), "{:#?}", outcome.diagnostics);
    let certain =
        outcome.diagnostics.iter().filter(|d| matches!(d.code, Code::PathNeverExists | Code::UndefinedVariable));
    certain
        .map(|found| {
            let offender = found.message.split('\'').nth(1).unwrap_or_default();
            format!("{} '{offender}'", found.location.as_deref().unwrap_or_default())
        })
        .collect()
}

/// Nesting, loops and growing data, so that without bounds the work would explode.
#[test]
fn the_work_is_bounded() {
    let fields: String = (0..30).fold(String::new(), |mut text, n| {
        let _ = write!(text, r#""f{n}.$": "$", "#);
        text
    });
    let mut inner = String::new();
    for depth in 0..12 {
        let name = format!("S{depth}_");
        let states: String = (0..6).fold(String::new(), |mut text, n| {
            let next = (n + 1) % 6;
            let _ = write!(
                text,
                r#""{name}{n}": {{"Type": "Choice", "Choices": [{{"Variable": "$.x{n}", "IsPresent": true, "Next": "{name}p{n}"}}], "Default": "{name}end"}},
                "{name}p{n}": {{"Type": "Pass", "Parameters": {{ {fields} "x{n}": 1 }}, "ResultPath": "$.r{n}", "Next": "{name}{next}"}},"#
            );
            text
        });
        let end = match inner.as_str() {
            "" => r#""Type": "Pass", "End": true"#.to_owned(),
            inner => format!(r#""Type": "Parallel", "Branches": [{inner}], "End": true"#),
        };
        inner = format!(r#"{{ "StartAt": "{name}0", "States": {{ {states} "{name}end": {{ {end} }} }} }}"#);
    }
    let outcome = read(&inner);
    assert!(outcome.definition.is_some(), "{:#?}", outcome.diagnostics);
}
