//! Answers on standard output.

use std::io::{self, ErrorKind, Write};

/// Writes an answer. A reader that has gone away needs none: the exit status still tells.
///
/// # Errors
/// Why it can't be written, for people.
pub(super) fn print(answer: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(answer.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("cannot write to standard output: {error}")),
        _ => Ok(()),
    }
}
