//! What subcommands show.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Writes an answer to standard output. A reader that has gone away needs none: the exit status still tells.
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

/// Whether what goes there is to have colours.
pub(super) fn in_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
