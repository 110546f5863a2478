//! Plays cases in the form of the reference implementation's test suite: an expression, the document that `$` and bare names
//! stand for (the service has none), variables, and what comes out.
//!
//! `STEPSTREAM_JSONATA_SUITE` names a file of cases, one a line; without it, those beside this file are played.
//! `STEPSTREAM_JSONATA_MIN` is the share that has to pass, in percent (without it, all). With `STEPSTREAM_JSONATA_TEXTS`
//! the texts of errors are compared, too, where a case has one.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stepstream::jsonata::{EvaluationError, Expression, Scope, StatesField};
use stepstream::value::{Heap, Value};

mod differences;

/// The cases of the project itself.
const CASES: &str = include_str!("cases.jsonl");

/// What came out, or was expected.
#[derive(Debug, PartialEq)]
enum Outcome {
    Undefined,
    Value(Json),
    /// The code of an error, and its text if it is known.
    Error(String, Option<String>),
}

struct World {
    bindings: Value,
    random: fastrand::Rng,
}

impl Scope for World {
    fn states(&mut self, _: &mut Heap, _: StatesField) -> Option<Value> {
        None
    }

    fn variable(&mut self, heap: &mut Heap, name: &str) -> Option<Value> {
        let Value::Object(bindings) = self.bindings else { return None };
        heap.field(bindings, name)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }

    fn now_millis(&self) -> i64 {
        1_700_000_000_123
    }
}

fn evaluate(text: &str, document: Option<&Json>, bindings: &Json) -> Outcome {
    let mut heap = Heap::new();
    let expression = match Expression::compile(text, &mut heap) {
        Ok(expression) => expression,
        Err(error) => return Outcome::Error(error.code.to_string(), Some(error.message.to_string())),
    };
    let mut json = |json: &Json| heap.parse(json.to_string().as_bytes()).expect("the JSON of a case");
    let document = document.map(&mut json);
    let mut world = World { bindings: json(bindings), random: fastrand::Rng::with_seed(1) };
    match expression.evaluate_on(&mut heap, &mut world, document) {
        Ok(None) => Outcome::Undefined,
        Ok(Some(value)) => Outcome::Value(serde_json::from_str(&heap.to_json(value)).expect("what we print is JSON")),
        Err(error) => match *error {
            EvaluationError::FunctionResult => Outcome::Error("function".to_owned(), None),
            EvaluationError::Internal => Outcome::Error("internal".to_owned(), None),
            other => {
                let text = other.to_string();
                match text.split_once(": ").filter(|(code, _)| code.len() == 5) {
                    Some((code, text)) => Outcome::Error(code.to_owned(), Some(text.to_owned())),
                    None => Outcome::Error("bound".to_owned(), Some(text)),
                }
            }
        },
    }
}

fn expected(case: &Json) -> Outcome {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    if let Some(result) = case.get("result") {
        return Outcome::Value(result.clone());
    }
    if let Some(code) = case.get("code") {
        // What bounds an evaluation there is part of the suite, and has a code of its own.
        let code = if code == "U1001" { "bound".to_owned() } else { text(code) };
        return Outcome::Error(code, case.get("message").map(text));
    }
    match case.get("error") {
        Some(error) => Outcome::Error(text(&error["code"]), error.get("message").map(text)),
        None => Outcome::Undefined,
    }
}

/// Numbers as doubles; keys in any order.
fn same(own: &Json, other: &Json, unordered: bool) -> bool {
    match (own, other) {
        (Json::Number(own), Json::Number(other)) => own.as_f64() == other.as_f64(),
        (Json::Array(own), Json::Array(other)) if unordered && own.len() == other.len() => {
            own.iter().all(|item| other.iter().any(|other| same(item, other, false)))
                && other.iter().all(|item| own.iter().any(|own| same(item, own, false)))
        }
        (Json::Array(own), Json::Array(other)) => {
            own.len() == other.len() && std::iter::zip(own, other).all(|(own, other)| same(own, other, false))
        }
        (Json::Object(own), Json::Object(other)) => {
            own.len() == other.len()
                && own.iter().all(|(key, own)| other.get(key).is_some_and(|other| same(own, other, false)))
        }
        (own, other) => own == other,
    }
}

/// What is wrong, if anything.
fn play(case: &Json, texts: bool) -> Option<String> {
    let expression = case["expr"].as_str().unwrap_or_default();
    let expected = expected(case);
    let own = evaluate(expression, case.get("data"), &case["bindings"]);
    let agrees = match (&own, &expected) {
        (Outcome::Value(own), Outcome::Value(expected)) => same(own, expected, case["unordered"] == true),
        (Outcome::Error(own, own_text), Outcome::Error(expected, text)) => {
            own == expected && (!texts || text.is_none() || own_text == text)
        }
        (own, expected) => own == expected,
    };
    (!agrees).then(|| format!("{expression}\n    {own:?}\n    not {expected:?}"))
}

#[test]
fn cases_of_the_reference_implementation_pass() {
    let path = std::env::var("STEPSTREAM_JSONATA_SUITE").ok();
    let text = path.map(|path| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")));
    let min: f64 = std::env::var("STEPSTREAM_JSONATA_MIN").map_or(100.0, |min| min.parse().expect("a percentage"));
    let texts = text.is_none() || std::env::var_os("STEPSTREAM_JSONATA_TEXTS").is_some();
    let (mut passed, mut excused, mut failed) = (0, 0, Vec::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.as_deref().unwrap_or(CASES).lines() {
        // Our own reader takes half a surrogate pair for U+FFFD, as everywhere.
        let mut heap = Heap::new();
        let value = heap.parse(line.as_bytes()).expect("a case");
        let printed = heap.to_json(value).replace("\\ud800", "\\ufffd");
        let case: Json = serde_json::from_str(&printed).expect("a case");
        let id = case["id"].as_str().unwrap_or_default().to_owned();
        match play(&case, texts) {
            None => passed += 1,
            Some(_) if differences::reason(&id).is_some() => excused += 1,
            Some(what) => {
                *kinds.entry(id.split('/').next().unwrap_or_default().to_owned()).or_default() += 1;
                failed.push(format!("{id}: {what}"));
            }
        }
    }
    let share = 100.0 * f64::from(passed) / (f64::from(passed) + failed.len() as f64);
    println!("{passed} passed, {excused} differ for a reason, {} failed: {share:.2} %\n{kinds:?}", failed.len());
    let shown = if std::env::var_os("STEPSTREAM_JSONATA_ALL").is_some() { failed.len() } else { failed.len().min(30) };
    println!("{}", failed[..shown].join("\n"));
    assert!(share >= min, "{share:.2} % passed, not {min} %");
}
