//! Reading a definition never panics, points only at places that exist, and what it accepts compiles or is refused with words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::asl;
use stepstream::program::Program;

fuzz_target!(|text: &str| {
    for format in [asl::Format::ByLook, asl::Format::Yaml] {
        read(text, format);
    }
});

fn read(text: &str, format: asl::Format) {
    let outcome = asl::read_with(text, &asl::ReadOptions { format, ..asl::ReadOptions::default() });
    for diagnostic in &outcome.diagnostics {
        assert!(!diagnostic.message.is_empty());
        if let Some(span) = &diagnostic.span {
            assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {} bytes", text.len());
        }
    }
    asl::render(&outcome.diagnostics, "fuzz.asl.json", text, false);
    match outcome.definition {
        Some(definition) => {
            if let Err(faults) = Program::compile(&definition) {
                assert!(!faults.is_empty(), "a definition is refused with a reason");
            }
        }
        None => assert!(!outcome.diagnostics.is_empty(), "a definition is refused with a reason"),
    }
}
