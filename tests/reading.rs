//! Reading takes any text: it never panics, and says "valid" only without errors.

use proptest::prelude::*;
use stepstream::asl::{MachineType, ReadOptions, line_column, read_with, render};

const DEFINITION: &str = r#"{
  "Comment": "ein Käse 🧀", "StartAt": "Each", "TimeoutSeconds": 60,
  "States": {
    "Each": {
      "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 4,
      "ItemSelector": { "item.$": "$$.Map.Item.Value", "text.$": "States.Format('a {}', $.n)" },
      "ItemProcessor": { "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "W",
        "States": { "W": { "Type": "Wait", "SecondsPath": "$.s", "End": true } } },
      "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.5, "MaxDelaySeconds": 9 }],
      "Catch": [{ "ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "C" }], "ResultPath": null, "Next": "Both"
    },
    "Both": { "Type": "Parallel", "Next": "C", "Branches": [
      { "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "TimeoutSeconds": 5, "Parameters": { "a.$": "$.b[?(@.c == 1)]" }, "End": true } } },
      { "StartAt": "P", "States": { "P": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true } } }
    ] },
    "C": { "Type": "Choice", "Default": "F", "Choices": [
      { "And": [{ "Variable": "$.x", "IsPresent": true }, { "Not": { "Variable": "$.x", "NumericEquals": 1.0 } }], "Next": "S" }
    ] },
    "F": { "Type": "Fail", "Error": "E", "CausePath": "$.cause" },
    "S": { "Type": "Succeed" }
  }
}"#;

/// Pieces that are likely to hit a rule.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "-1",
    "1e999",
    "0.5",
    "\"\"",
    "\"$\"",
    "\"$.a[\"",
    "{}",
    "[]",
    "\"Next\": ",
    "\"End\": true,",
    "\"{%\"",
    "\"{%}\"",
    "ä",
    "/*",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        read_everything(&text);
    }

    #[test]
    fn a_mutilated_definition_is_read_without_panic(
        edits in prop::collection::vec((0..DEFINITION.len(), 0..12_usize, 0..PIECES.len()), 1..4)
    ) {
        let mut text = DEFINITION.to_owned();
        for (at, removed, piece) in edits {
            let start = boundary(&text, at);
            let end = boundary(&text, start + removed);
            text.replace_range(start..end, PIECES[piece]);
        }
        read_everything(&text);
    }

    #[test]
    fn a_value_in_the_place_of_another_is_read_without_panic(place in 0..200_usize, piece in 8..PIECES.len() - 6) {
        read_everything(&with_value_replaced(place, PIECES[piece]));
    }
}

#[test]
fn the_definition_that_is_mutilated_is_valid() {
    let outcome =
        read_with(DEFINITION, &ReadOptions { machine_type: MachineType::ExpressStrict, ..ReadOptions::default() });
    assert!(outcome.definition.is_some(), "{:#?}", outcome.diagnostics);
}

/// Reading recurses; this is as deep as it gets.
#[test]
fn the_deepest_nesting_is_read_without_exhausting_the_stack() {
    let end = r#""Type": "Pass", "End": true"#.to_owned();
    let nested = (0..45).fold(end, |inner, level| {
        let branch = format!(r#"{{ "StartAt": "S{level}", "States": {{ "S{level}": {{ {inner} }} }} }}"#);
        format!(r#""Type": "Parallel", "Branches": [{branch}], "End": true"#)
    });
    let parallels = format!(r#"{{ "StartAt": "S", "States": {{ "S": {{ {nested} }} }} }}"#);
    let test = r#""Variable": "$.a", "IsPresent": true"#;
    let rule = format!("{}{test}{}", r#""Not": { "#.repeat(190), " }".repeat(190));
    let choice = format!(
        r#"{{ "StartAt": "C", "States": {{ "C": {{ "Type": "Choice", "Choices": [{{ {rule}, "Next": "S" }}] }}, "S": {{ "Type": "Succeed" }} }} }}"#
    );
    for text in [parallels, choice] {
        let outcome = read_with(&text, &ReadOptions::default());
        assert!(outcome.definition.is_some(), "{:#?}", outcome.diagnostics);
    }
}

fn read_everything(text: &str) {
    let outcome = read_with(text, &ReadOptions { machine_type: MachineType::ExpressStrict, ..ReadOptions::default() });
    assert_eq!(outcome.definition.is_none(), outcome.diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
    for span in outcome.diagnostics.iter().filter_map(|diagnostic| diagnostic.span.clone()) {
        assert!(span.start <= text.len() && span.start <= span.end);
        line_column(text, span.start);
    }
    render(&outcome.diagnostics, "any.asl.json", text, false);
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// The definition with the value after the nth colon replaced, where that value is a scalar.
fn with_value_replaced(n: usize, value: &str) -> String {
    let places: Vec<usize> = DEFINITION.match_indices("\": ").map(|(at, _)| at + 3).collect();
    let start = places[n % places.len()];
    let rest = &DEFINITION[start..];
    let length = if let Some(text) = rest.strip_prefix('"') {
        text.find('"').map_or(rest.len(), |end| end + 2)
    } else {
        rest.find([',', ' ', '}', '\n']).unwrap_or(rest.len())
    };
    format!("{}{value}{}", &DEFINITION[..start], &rest[length..])
}
