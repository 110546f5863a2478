//! What subcommands show.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

pub(super) use crate::telemetry::in_colour;
use crate::visible::visible_screen;

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

/// Says something on standard error, on lines of its own. Where it can't be written nobody reads it, and the command goes
/// on. What a terminal would act on is made visible; line breaks within foreign text are the caller's to escape.
pub(super) fn say(text: impl Display) {
    let mut text = visible_screen(&text.to_string()).into_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // An error of an error message has nowhere to go.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
