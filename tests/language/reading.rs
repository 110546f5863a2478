//! Reading and running agree: what is valid compiles, in JSON and in YAML, and what is said never to exist never does.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::driver::{Clock, run};
use crate::machines::Dice;
use stepstream::asl::{Code, Format, ReadOptions, read, read_with};
use stepstream::engine::{Detail, Execution, Limits};
use stepstream::program::Program;

/// Fields of all objects of a definition.
const FIELDS: [&str; 46] = [
    "Type",
    "Comment",
    "QueryLanguage",
    "Next",
    "End",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "Version",
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "ResultSelector",
    "Result",
    "Assign",
    "Output",
    "Arguments",
    "Resource",
    "HeartbeatSeconds",
    "TimeoutSecondsPath",
    "Credentials",
    "Retry",
    "Catch",
    "ErrorEquals",
    "MaxAttempts",
    "IntervalSeconds",
    "BackoffRate",
    "MaxDelaySeconds",
    "Seconds",
    "SecondsPath",
    "Timestamp",
    "TimestampPath",
    "Choices",
    "Default",
    "Condition",
    "Variable",
    "IsPresent",
    "StringEqualsPath",
    "ItemsPath",
    "Items",
    "ItemSelector",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "Error",
    "CausePath",
];

/// Texts that are right in one place or another.
const TEXTS: [&str; 20] = [
    "",
    "$",
    "$.a",
    "$$.Execution.Id",
    "$v0",
    "$.a[*]",
    "$.a[?(@.b == 1)]",
    "$.list.length()",
    "a",
    "States.UUID()",
    "States.Format('{}', $.a)",
    "States.Format('{}', $.a[*].b, $v1)",
    "{% 1 %}",
    "{% $states.input.a %}",
    "{% $states.input.",
    "2020-01-01T00:00:00Z",
    "States.ALL",
    "JSONata",
    "S1",
    "arn:aws:states:::lambda:invoke",
];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 5_000, ..ProptestConfig::default() }
}

/// A definition that people may have got wrong in some places.
fn nearly_valid(machine: &[u8], faults: &[Vec<u8>]) -> Value {
    let mut definition = Dice::new(machine).definition();
    for fault in faults {
        change(&mut Dice::new(fault), &mut definition);
    }
    definition
}

/// Changes one place: another value, a field more, a field less, or a field of another name.
fn change(dice: &mut Dice<'_>, value: &mut Value) {
    let children = match value {
        Value::Array(elements) => elements.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if value.get("Type").is_some() && dice.rarely(3) {
        let (field, suitable) = dice.one_of(&suitable());
        value[field] = suitable;
        return;
    }
    if children > 0 && !dice.rarely(12) {
        let at = dice.roll(children);
        let child = match value {
            Value::Array(elements) => elements.get_mut(at),
            Value::Object(members) => members.values_mut().nth(at),
            _ => None,
        };
        return change(dice, child.expect("it was counted"));
    }
    let plausible = plausible(dice);
    match value {
        Value::Object(members) if dice.roll(4) > 0 => {
            let first = members.keys().nth(dice.roll(children.max(1))).cloned();
            match (dice.roll(3), first) {
                (0, Some(name)) => drop(members.remove(&name)),
                (1, Some(name)) => {
                    let moved = members.remove(&name).unwrap_or_default();
                    members.insert(dice.one_of(&FIELDS).to_owned(), moved);
                }
                _ => drop(members.insert(dice.one_of(&FIELDS).to_owned(), plausible)),
            }
        }
        Value::String(_) if dice.roll(3) > 0 => *value = json!(dice.one_of(&TEXTS)),
        Value::Number(_) if dice.roll(3) > 0 => *value = json!(dice.one_of(&[0, 1, 2, 5, 60])),
        _ => *value = plausible,
    }
}

/// Fields that several types of states have, with values that fit.
fn suitable() -> [(&'static str, Value); 14] {
    [
        ("Comment", json!("why")),
        ("InputPath", json!("$.a")),
        ("OutputPath", Value::Null),
        ("ResultPath", json!("$.r[0]")),
        ("Parameters", json!({"x.$": "$.a", "y": [{"z.$": "States.Array($, $$)"}]})),
        ("ResultSelector", json!({"x.$": "$.b[*]"})),
        ("Assign", json!({"q.$": "$", "r": null})),
        ("Output", json!({"x": "{% $states.input.a %}"})),
        ("Arguments", json!("{% $states.input %}")),
        ("TimeoutSeconds", json!(7)),
        ("HeartbeatSecondsPath", json!("$.a")),
        ("MaxConcurrencyPath", json!("$q")),
        ("Retry", json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}])),
        ("Credentials", json!({"RoleArn.$": "$.role"})),
    ]
}

fn plausible(dice: &mut Dice<'_>) -> Value {
    match dice.roll(9) {
        0 => json!(dice.one_of(&[0.0, 0.5, 1.0, -1.0, 1e300])),
        1 => json!(dice.one_of(&[0_i64, 1, 5, -1, 100_000_000, i64::MAX])),
        2 => json!(dice.roll(2) == 0),
        3 => Value::Null,
        4 => json!([dice.one_of(&TEXTS)]),
        5 => json!({(dice.one_of(&["a", "a.$", "RoleArn", "v0", "v0.$"])): dice.one_of(&TEXTS)}),
        _ => json!(dice.one_of(&TEXTS)),
    }
}

/// Whether the definition is valid; whoever says so must be able to run it.
fn valid(text: &str) -> Result<bool, TestCaseError> {
    let outcome = read(text);
    let errors = outcome.diagnostics.iter().any(|found| found.is_error());
    prop_assert_eq!(errors, outcome.definition.is_none());
    if let Some(definition) = &outcome.definition
        && let Err(faults) = Program::compile(definition)
    {
        // What is valid for the service and has no way to run here, says so.
        let others: Vec<_> = faults.iter().filter(|fault| fault.code != Code::NotSupported).collect();
        prop_assert!(others.is_empty(), "{others:#?}\n{text}");
    }
    Ok(!errors)
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn what_is_valid_compiles(
        machine in vec(any::<u8>(), 0..200),
        faults in vec(vec(any::<u8>(), 0..60), 0..4),
    ) {
        valid(&nearly_valid(&machine, &faults).to_string())?;
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn json_and_yaml_say_the_same(
        machine in vec(any::<u8>(), 0..150),
        faults in vec(vec(any::<u8>(), 0..60), 0..3),
    ) {
        let definition = nearly_valid(&machine, &faults);
        let flow = format!("---\n{definition:#}\n");
        let mut block = String::new();
        write_block(&definition, 0, &mut block);
        let expected = said(&definition.to_string(), Format::Json);
        prop_assert_eq!(&expected, &said(&flow, Format::Yaml), "{}", flow);
        prop_assert_eq!(&expected, &said(&block, Format::Yaml), "{}", block);
    }

    #[test]
    fn a_path_that_never_exists_is_never_found(
        machine in vec(any::<u8>(), 0..300),
        input in vec(any::<u8>(), 0..30),
        world in vec(any::<u8>(), 0..200),
    ) {
        let definition = Dice::new(&machine).definition();
        let hopeless = hopeless_states(&definition);
        if !hopeless.is_empty() {
            let left = states_left(&definition, &Dice::new(&input).event(), &world);
            for (state, message) in &hopeless {
                prop_assert!(!left.contains_key(state), "{} was left: {}\n{:#}", state, message, definition);
            }
        }
    }
}

/// The properties above say little if nearly everything is refused, or nothing is ever warned of.
#[test]
fn nearly_valid_definitions_are_of_both_kinds_and_hopeless_ones_are_entered() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| random.u8(..)).collect() };
    let (mut accepted, mut refused, mut entered) = (0, 0, 0);
    for _ in 0..600 {
        let (machine, fault) = (bytes(200), bytes(60));
        let is_valid = valid(&nearly_valid(&machine, &[fault]).to_string()).expect("what is valid compiles");
        *(if is_valid { &mut accepted } else { &mut refused }) += 1;
        let definition = Dice::new(&machine).definition();
        let hopeless = hopeless_states(&definition);
        let seen = history(&definition, &Dice::new(&bytes(30)).event(), &bytes(200), "StateEntered");
        entered += i32::from(hopeless.keys().any(|state| seen.contains_key(state)));
    }
    assert!(accepted > 40 && refused > 100 && entered > 5, "{accepted} {refused} {entered}");
}

/// Code, place and words of all that is found.
fn said(text: &str, format: Format) -> Vec<(Code, Option<String>, String)> {
    let options = ReadOptions { format, ..ReadOptions::default() };
    let mut found: Vec<_> = read_with(text, &options)
        .diagnostics
        .into_iter()
        .map(|found| (found.code, found.location, found.message))
        .collect();
    found.sort_by(|a, b| (&a.1, &a.2).cmp(&(&b.1, &b.2)));
    found
}

/// YAML as people write it, with texts in double quotes.
fn write_block(value: &Value, indent: usize, out: &mut String) {
    let blanks = "  ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                out.push_str(&format!("\n{blanks}{}: ", json!(name)));
                write_block(value, indent + 1, out);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for element in elements {
                out.push_str(&format!("\n{blanks}- "));
                write_block(element, indent + 1, out);
            }
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// States that can never be left, since a path in them never exists.
fn hopeless_states(definition: &Value) -> BTreeMap<String, String> {
    let found = read(&definition.to_string()).diagnostics;
    let found = found.into_iter().filter(|found| found.code == Code::PathNeverExists);
    found
        .filter_map(|found| {
            let location = found.location.unwrap_or_default();
            let (before, field) =
                location.rsplit_once("/States/").map(|(_, rest)| rest.split_once('/').unwrap_or((rest, "")))?;
            // A rule may not be tried, an item may not be there, a catcher may not be needed.
            let certain =
                !field.starts_with("Choices") && !field.starts_with("Catch") && !field.starts_with("ItemSelector");
            certain.then(|| (before.to_owned(), format!("{location}: {}", found.message)))
        })
        .collect()
}

/// The states that were left without a catcher's help.
fn states_left(definition: &Value, event: &str, world: &[u8]) -> BTreeMap<String, usize> {
    let mut left = history(definition, event, world, "StateExited");
    left.retain(|name, _| !has_catcher(definition, name));
    left
}

fn has_catcher(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.get(name).is_some_and(|state| state.get("Catch").is_some())
                || members.values().any(|value| has_catcher(value, name))
        }
        Value::Array(elements) => elements.iter().any(|value| has_catcher(value, name)),
        _ => false,
    }
}

/// The names of the states in events of a kind, with their number.
fn history(definition: &Value, event: &str, world: &[u8], kind: &str) -> BTreeMap<String, usize> {
    let limits = Limits { max_transitions: 500, max_heap_bytes: 4 << 20, max_data_bytes: 20_000, ..Limits::default() };
    let program = Arc::new(Program::from_text(&definition.to_string()).expect("it is valid"));
    let mut execution = Execution::new(limits);
    execution.record_history();
    let mut dice = Dice::new(world);
    let answer = |call: &_| dice.answer(call);
    run(&mut execution, &program, event.as_bytes(), Clock { millis_per_turn: 1 }, answer).expect("the event is valid");
    let mut names = BTreeMap::new();
    for event in execution.history().iter().filter(|event| event.kind.ends_with(kind)) {
        if let Some((_, Detail::Text(name))) = event.details.iter().find(|(member, _)| *member == "name") {
            *names.entry(name.clone()).or_insert(0) += 1;
        }
    }
    names
}
