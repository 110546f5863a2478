//! The first line is a path, the rest a value. Reading and evaluating never panic, and what is found prints as JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::expr::{Path, ReferencePath};
use stepstream::value::Heap;
use stepstream_fuzz::assert_json;

fuzz_target!(|text: &str| {
    let (line, json) = text.split_once('\n').unwrap_or((text, "{}"));
    let path = Path::parse(line);
    let reference = ReferencePath::parse(line);
    let mut heap = Heap::new();
    let Ok(root) = heap.parse(json.as_bytes()) else { return };
    if let Ok(path) = path {
        assert_eq!(path.text(), line);
        if let Ok(found) = path.evaluate(&mut heap, root) {
            assert_json(&heap.to_json(found));
        }
    }
    if let Ok(reference) = reference {
        if let Ok(written) = reference.write(&mut heap, root, root) {
            assert_json(&heap.to_json(written));
        }
    }
});
