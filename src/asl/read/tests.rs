use super::super::{
    Condition, Definition, Dynamic, JitterStrategy, MachineType, MapMode, Operator, PathField, QueryLanguage,
    ReadOptions, StateKind, Transition, WaitUntil, read, read_with,
};

#[test]
fn the_model_holds_what_the_text_says() {
    let text = r#"{
      "Comment": "c", "StartAt": "Wait", "TimeoutSeconds": 60, "Version": "1.0",
      "States": {
        "Wait": { "Type": "Wait", "SecondsPath": "$.s", "InputPath": null, "OutputPath": "$.o", "Next": "Pick" },
        "Pick": { "Type": "Choice", "Default": "End", "Choices": [
          { "And": [{ "Variable": "$.a", "IsPresent": true }, { "Not": { "Variable": "$.a", "NumericLessThan": 1.50 } }],
            "Assign": { "v": 1 }, "Next": "End" }
        ] },
        "End": { "Type": "Succeed" }
      }
    }"#;
    let definition = valid(text);
    assert_eq!((definition.timeout_seconds, definition.comment.as_deref()), (Some(60), Some("c")));
    assert_eq!(&*definition.source, text);
    let machine = &definition.machine;
    assert_eq!((machine.start_at.value.as_str(), machine.location.as_str()), ("Wait", "/"));
    assert_eq!(machine.states.iter().map(|state| state.name.as_str()).collect::<Vec<_>>(), ["Wait", "Pick", "End"]);

    let wait = &machine.states[0];
    assert!(matches!(wait.input_path, PathField::Null(_)));
    assert!(matches!(&wait.output_path, PathField::Path(path) if path.value == "$.o"));
    assert_eq!(&text[wait.name_span.clone()], "\"Wait\"");
    let StateKind::Wait(kind) = &wait.kind else { panic!("{:?}", wait.kind) };
    assert!(matches!(&kind.until, WaitUntil::Seconds(Dynamic::Path(path)) if path.value == "$.s"));
    assert!(matches!(&kind.transition, Transition::Next(next) if next.value == "Pick"));

    let StateKind::Choice(choice) = &machine.states[1].kind else { panic!("{:?}", machine.states[1]) };
    let rule = &choice.choices[0];
    assert_eq!((rule.location.as_str(), rule.next.value.as_str()), ("/States/Pick/Choices[0]", "End"));
    let Condition::And(all) = &rule.condition else { panic!("{:?}", rule.condition) };
    let Condition::Not(inner) = &all[1] else { panic!("{:?}", all[1]) };
    let Condition::Test(test) = &**inner else { panic!("{inner:?}") };
    assert_eq!(test.operator, Operator::NumericLessThan);
    let mut operand = String::new();
    test.operand.write_json(&mut operand);
    assert_eq!(operand, "1.50");
}

#[test]
fn retriers_have_the_defaults_of_the_language() {
    let definition = valid(
        r#"{ "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
          "Retry": [{ "ErrorEquals": ["A", "B"] }, { "ErrorEquals": ["C"], "IntervalSeconds": 2, "MaxAttempts": 0,
            "BackoffRate": 1, "MaxDelaySeconds": 9, "JitterStrategy": "FULL" }], "Catch": [] } } }"#,
    );
    let StateKind::Task(task) = &definition.machine.states[0].kind else { panic!("no task") };
    let summary: Vec<_> = task
        .work
        .retry
        .iter()
        .map(|r| {
            (
                r.error_equals.len(),
                r.interval_seconds,
                r.max_attempts,
                r.backoff_rate,
                r.max_delay_seconds,
                r.jitter_strategy,
            )
        })
        .collect();
    assert_eq!(summary, [(2, 1, 3, 2.0, None, JitterStrategy::None), (1, 2, 0, 1.0, Some(9), JitterStrategy::Full)]);
    assert!(task.work.catch.is_empty());
}

#[test]
fn the_older_names_of_a_map_mean_the_same() {
    let definition = valid(
        r#"{ "StartAt": "M", "States": { "M": { "Type": "Map", "Parameters": { "a": 1 }, "ItemsPath": "$$.x[*]",
          "Iterator": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }, "ToleratedFailurePercentage": 12.5, "End": true } } }"#,
    );
    let StateKind::Map(map) = &definition.machine.states[0].kind else { panic!("no map") };
    assert_eq!(map.mode, MapMode::Distributed);
    assert!(map.item_selector.is_some());
    assert_eq!(map.tolerated_failure_percentage.as_ref().and_then(Dynamic::literal), Some(&12.5));
    assert_eq!(map.item_processor.location, "/States/M/Iterator");
    assert_eq!(map.item_processor.states[0].location, "/States/M/Iterator/States/S");
}

#[test]
fn states_inherit_the_language_of_the_top_level_machine() {
    let definition = valid(
        r#"{ "StartAt": "P", "States": { "P": { "Type": "Parallel", "QueryLanguage": "JSONata", "Arguments": "{% 1 %}", "End": true,
          "Branches": [{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Parameters": {}, "End": true } } }] } } }"#,
    );
    let outer = &definition.machine.states[0];
    let StateKind::Parallel(parallel) = &outer.kind else { panic!("no parallel") };
    assert_eq!(outer.query_language, QueryLanguage::JSONata);
    assert_eq!(parallel.branches[0].states[0].query_language, QueryLanguage::JSONPath);
}

#[test]
fn jsonata_machines_are_read() {
    let definition = valid(
        r#"{ "QueryLanguage": "JSONata", "StartAt": "T", "States": {
          "T": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": "{% $t %}", "Arguments": { "a.$": "$.x" },
            "Catch": [{ "ErrorEquals": ["E"], "Output": "{% $states.errorOutput %}", "Next": "C" }], "Next": "C" },
          "C": { "Type": "Choice", "Choices": [{ "Condition": "{% true %}", "Output": null, "Next": "M" }, { "Condition": true, "Next": "F" }] },
          "M": { "Type": "Map", "Items": ["{% 1 %}"], "ItemProcessor": { "StartAt": "S", "States": { "S": { "Type": "Succeed", "Output": 1 } } }, "Next": "W" },
          "W": { "Type": "Wait", "Timestamp": "{% $now() %}", "End": true },
          "F": { "Type": "Fail", "Error": "{% $e %}", "Cause": "plain" } } }"#,
    );
    let StateKind::Task(task) = &definition.machine.states[0].kind else { panic!("no task") };
    assert!(matches!(&task.timeout_seconds, Some(Dynamic::Expression(text)) if text.value == "{% $t %}"));
    let StateKind::Fail(fail) = &definition.machine.states[4].kind else { panic!("no fail") };
    assert!(matches!(fail.error, Some(Dynamic::Expression(_))) && matches!(fail.cause, Some(Dynamic::Literal(_))));
}

/// Message and place, exactly as the service has them.
#[test]
fn faults_have_the_words_of_the_service() {
    let pass = r#""S": { "Type": "Pass", "End": true }"#;
    for (text, message, location) in [
        ("{}".to_owned(), "These fields are required: [States, StartAt]", "/"),
        (format!(r#"{{ "States": {{ {pass} }} }}"#), "These fields are required: [StartAt]", "/"),
        (r#"{ "StartAt": "Ghost", "States": { "W": { "Type": "Choice", "Choices": [{ "Variable": "$.a", "IsNull": true, "Next": "W" }], "Default": "S" }, "S": { "Type": "Succeed" } } }"#.to_owned(), "Missing 'Next' target: Ghost", "/StartAt"),
        (format!(r#"{{ "StartAt": "S", "States": {{ {pass}, "A": {{ "Type": "Pass", "Next": "S" }} }} }}"#), "State \"A\" is not reachable.", "/States/A"),
        (
            r#"{ "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": "r", "Retry": [{ "ErrorEquals": ["States.ALL", "X"] }], "End": true } } }"#.to_owned(),
            "States.ALL must appear alone and at end of list",
            "/States/T/Retry[0]/ErrorEquals[0]",
        ),
        (
            r#"{ "StartAt": "C", "States": { "C": { "Type": "Choice", "Choices": [{ "Variable": "$.a[*]", "IsNull": true, "Next": "S" }] }, "S": { "Type": "Succeed" } } }"#.to_owned(),
            "Value is not a Reference Path: '[' must be followed by ' or '['",
            "/States/C/Choices[0]/Variable",
        ),
        ("{ \"StartAt\": \"S\", \"States\": { \"S\": { \"Type\": \"Succeed\" }, \"S\": { \"Type\": \"Succeed\" } } }".to_owned(), "Duplicate State name: S", "/States/S"),
        (r#"{ "StartAt": "S", "States": {} }"#.to_owned(), "Value cannot be empty", "/States"),
        (
            r#"{ "StartAt": "S", "QueryLanguage": "JSONata", "States": { "S": { "Type": "Succeed", "QueryLanguage": "JSONPath" } } }"#.to_owned(),
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            "/States/S",
        ),
        (format!(r#"{{ "StartAt": "S", "QueryLanguage": 1, "States": {{ {pass} }} }}"#), "Expected value of type [STRING]", "/QueryLanguage"),
    ] {
        let found = read(&text).diagnostics;
        let found: Vec<_> = found.iter().filter(|found| found.is_error()).map(|found| (found.message.as_str(), found.location.as_deref())).collect();
        assert_eq!(found, [(message, Some(location))], "{text}");
    }
}

#[test]
fn only_strict_rules_refuse_callbacks_and_keep_the_services_blank() {
    let text = r#"{ "StartAt": "T", "States": { "T": { "Type": "Task", "TimeoutSeconds": 1, "End": true,
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken" } } }"#;
    assert!(read(text).definition.is_some());
    let strict = read_with(text, &ReadOptions { machine_type: MachineType::ExpressStrict, ..ReadOptions::default() });
    assert!(strict.definition.is_none());
    assert_eq!(
        strict.diagnostics[0].to_string(),
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/T/Resource"
    );
}

fn valid(text: &str) -> Definition {
    let outcome = read(text);
    let errors: Vec<_> = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    outcome.definition.expect("without errors there is a definition")
}
