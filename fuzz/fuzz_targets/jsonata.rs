//! The first line is a JSONata expression, the rest the input. Reading never panics; our own form and the library give the
//! same value or the same error.

#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use stepstream::jsonata::{Expression, Scope, StatesField};
use stepstream::value::{Heap, Value};
use stepstream_fuzz::{assert_json, same_json};

fuzz_target!(|text: &str| {
    let (line, json) = text.split_once('\n').unwrap_or((text, "{}"));
    let mut constants = Heap::new();
    let Ok(expression) = Expression::compile(line, &mut constants) else { return };
    let _ = expression.unsupported(&StatesField::ALL);
    if !expression.has_own_form() {
        return;
    }
    let own = evaluate(&constants, json, |heap, scope| expression.evaluate(heap, scope).map_err(|error| error.to_string()));
    let library = evaluate(&constants, json, |heap, scope| {
        expression.evaluate_by_library(heap, scope).map_err(|error| error.to_string())
    });
    assert!(agree(&own, &library), "own:     {own:?}\nlibrary: {library:?}");
});

type Outcome = Result<Option<String>, String>;

fn evaluate(
    constants: &Heap,
    json: &str,
    way: impl FnOnce(&mut Heap, &mut InputOnly) -> Result<Option<Value>, String>,
) -> Outcome {
    forgive_the_library();
    let mut heap = Heap::new();
    heap.seed_from(constants);
    let Ok(input) = heap.parse(json.as_bytes()) else { return Ok(None) };
    let value = way(&mut heap, &mut InputOnly { input, random: fastrand::Rng::with_seed(1) })?;
    let shown = value.map(|value| heap.to_json(value));
    shown.iter().for_each(|json| assert_json(json));
    Ok(shown)
}

/// Whoever is cut short by a bound is cut short elsewhere than the other.
fn agree(own: &Outcome, library: &Outcome) -> bool {
    let is_bound = |outcome: &Outcome| {
        let bounds = ["Stack overflow", "Expression evaluation", "The expression could not", "D1001"];
        outcome.as_ref().is_err_and(|error| bounds.iter().any(|bound| error.starts_with(bound)))
    };
    match (own, library) {
        _ if is_bound(own) || is_bound(library) => true,
        (Ok(Some(own)), Ok(Some(library))) => own == library || same_json(own, library),
        (own, library) => own == library,
    }
}

/// A panic inside the library is caught by the code under test. The fuzzer would count it.
fn forgive_the_library() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let counted = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_library = info.location().is_some_and(|location| location.file().contains("jsonata-core"));
            if !is_library {
                counted(info);
            }
        }));
    });
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
