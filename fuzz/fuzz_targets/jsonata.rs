//! The first line is a JSONata expression, the rest the input. Reading and evaluating never panic; a value is JSON, and the
//! same one every time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::jsonata::{Expression, Scope, StatesField};
use stepstream::value::{Heap, Value};
use stepstream_fuzz::assert_json;

fuzz_target!(|text: &str| {
    let (line, json) = text.split_once('\n').unwrap_or((text, "{}"));
    let mut constants = Heap::new();
    let Ok(expression) = Expression::compile(line, &mut constants) else { return };
    let _ = expression.unsupported(&StatesField::ALL);
    let first = evaluate(&expression, &constants, json);
    let second = evaluate(&expression, &constants, json);
    assert!(first == second, "{first:?}\n{second:?}");
});

fn evaluate(expression: &Expression, constants: &Heap, json: &str) -> Result<Option<String>, String> {
    let mut heap = Heap::new();
    heap.seed_from(constants);
    let Ok(input) = heap.parse(json.as_bytes()) else { return Ok(None) };
    let mut scope = InputOnly { input, random: fastrand::Rng::with_seed(1) };
    let value = expression.evaluate(&mut heap, &mut scope).map_err(|error| error.to_string())?;
    let shown = value.map(|value| heap.to_json(value));
    shown.iter().for_each(|json| assert_json(json));
    Ok(shown)
}

/// `$states.input`, and nothing else.
struct InputOnly {
    input: Value,
    random: fastrand::Rng,
}

impl Scope for InputOnly {
    fn states(&mut self, _: &mut Heap, field: StatesField) -> Option<Value> {
        (field == StatesField::Input).then_some(self.input)
    }

    fn variable(&mut self, _: &mut Heap, _: &str) -> Option<Value> {
        None
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }

    fn now_millis(&self) -> i64 {
        0
    }
}
