//! Parsing an event never panics, accepts what serde_json accepts and nothing else, and prints back the same value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::value::{Heap, ParseErrorKind};

fuzz_target!(|bytes: &[u8]| {
    let mut heap = Heap::new();
    let reference = serde_json::from_slice::<serde_json::Value>(bytes);
    let value = match heap.parse(bytes) {
        Ok(value) => value,
        Err(error) => {
            let too_deep = matches!(error.kind, ParseErrorKind::TooDeep(_));
            assert!(too_deep || reference.is_err(), "refused ({error}), but it is JSON");
            return;
        }
    };
    let printed = heap.to_json(value);
    assert_eq!(printed.len(), heap.size(value) as usize, "size tells what is printed");
    match reference {
        Ok(reference) => assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).ok(), Some(reference)),
        Err(error) => {
            // serde_json counts brackets only up to 128, and has no text for half a surrogate pair.
            let message = error.to_string();
            let known = message.starts_with("recursion limit") || message.contains("hex escape");
            assert!(known, "accepted, but {error}");
        }
    }
    let mut again = Heap::new();
    let value = again.parse(printed.as_bytes()).expect("what was printed can be read");
    assert_eq!(again.to_json(value), printed, "printing is stable");
});
