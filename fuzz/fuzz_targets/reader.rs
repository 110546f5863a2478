//! What a reader has learnt from other texts changes nothing: an event that is read by a heap that has read others, and looked
//! into them, is what it is in a fresh heap, in result, error, memory and work. The last line of the input is the event, the lines
//! before it are the others.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::value::{Heap, Value};

/// What reading an event comes to.
#[derive(Debug, PartialEq)]
struct Read {
    printed: Result<String, String>,
    bytes_used: usize,
    work_done: u64,
    looked_into: Option<String>,
}

fn read(heap: &mut Heap, event: &[u8], max_depth: u16) -> Read {
    heap.reset();
    let value = heap.parse_event(event, max_depth);
    let (bytes_used, work_done) = (heap.bytes_used(), heap.work_done());
    let printed = value.as_ref().map(|value| heap.to_json(*value)).map_err(|error| format!("{error:?}"));
    let looked_into = value.ok().map(|value| heap.to_document(value).to_string());
    Read { printed, bytes_used, work_done, looked_into }
}

fuzz_target!(|bytes: &[u8]| {
    let max_depth = 1 + u16::from(bytes.first().copied().unwrap_or(0) % 16);
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let event = lines.next_back().unwrap_or_default();
    let mut heap = Heap::new();
    for (index, line) in lines.enumerate() {
        heap.reset();
        let other = heap.parse_event(line, 1000);
        if index % 2 == 0
            && let Ok(Value::Object(object)) = other
        {
            // From then on containers of this key are made into nodes.
            let _ = heap.entries(object).next_back().map(|(_, value)| heap.to_document(value));
        }
    }
    let expected = read(&mut Heap::new(), event, max_depth);
    assert_eq!(read(&mut heap, event, max_depth), expected);
    assert_eq!(read(&mut heap, event, max_depth), expected, "read again");
    let mut eager = Heap::new();
    let whole = eager.parse_limited(event, max_depth);
    assert_eq!(eager.bytes_used(), expected.bytes_used);
    let whole = whole.map(|value| eager.to_json(value)).map_err(|error| format!("{error:?}"));
    assert_eq!(whole, expected.printed, "read without leaving anything for later");
});
