//! The first line is an intrinsic function call, the rest the input. Reading and evaluating never panic, and a result
//! prints as JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::expr::{Call, Root, Scope};
use stepstream::value::{Heap, Value};
use stepstream_fuzz::assert_json;

fuzz_target!(|text: &str| {
    let (line, json) = text.split_once('\n').unwrap_or((text, "{}"));
    let mut constants = Heap::new();
    let Ok(call) = Call::parse(line, &mut constants) else { return };
    assert_eq!(call.text(), line);
    let mut heap = Heap::new();
    heap.seed_from(&constants);
    let Ok(input) = heap.parse(json.as_bytes()) else { return };
    let mut scope = Everywhere { input, random: fastrand::Rng::with_seed(1) };
    match call.evaluate(&mut heap, &mut scope) {
        Ok(result) => assert_json(&heap.to_json(result)),
        Err(error) => assert!(!error.cause(&heap, input).is_empty()),
    }
});

/// Every root is the input.
struct Everywhere {
    input: Value,
    random: fastrand::Rng,
}

impl Scope for Everywhere {
    fn root(&mut self, _: &mut Heap, _: &Root) -> Option<Value> {
        Some(self.input)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }
}
