//! Metrics, health and log events, each emitted by a named function.
//!
//! The hot path never touches a shared counter per event: a shard counts in a [`Tally`] of its own and publishes it once per
//! batch through handles that were resolved when it started ([`PipelineMetrics`], [`VersionMetrics`]).

pub mod callbacks;
mod durations;
pub mod events;
mod health;
mod lag;
mod outages;
mod panics;
mod pipeline;
mod quiet;
mod recorder;
mod silence;
mod task;
mod versions;
mod workflow;

use std::io::{self, IsTerminal, Write};

use metrics::counter;
use tracing_subscriber::EnvFilter;

pub use callbacks::CallbackMetrics;
pub use durations::{DurationTally, Durations};
pub use health::{Health, NotReady, Reporter};
pub use panics::init_panic_lines;
pub use pipeline::{Levels, PipelineMetrics, Tally, VersionMetrics, VersionTally};
pub use quiet::Quiet;
pub use recorder::{init_metrics, render_metrics};
pub use silence::Silences;
pub use task::{GateMetrics, TaskMetrics, TaskOutcome};
pub use versions::workflow_version;
pub use workflow::{StateSample, WorkflowMetrics};

use crate::config::{Log, LogFormat};
use crate::visible::visible_screen;

/// Sends log lines to standard error from here on. A second call changes nothing.
///
/// A line that can't be written is dropped and counted: a full disk or a reader that is gone is no reason to stop.
pub fn init_logging(log: &Log) {
    init_logging_with(log, || {});
}

/// As [`init_logging`]; `before_event` is called before each event is written, to make room on a terminal.
pub fn init_logging_with(log: &Log, before_event: fn()) {
    // From the beginning, so that an alert has something to look at.
    counter!(recorder::LOG_LINES_DROPPED).increment(0);
    let filter = EnvFilter::builder().parse_lossy(&log.level);
    let writer = move || LogWriter { before_event };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    // Its own complaint about an event that can't be written would be written to the same place, and panic.
    let builder = builder.log_internal_errors(false);
    // The error of a second call is no error: whoever came first decides.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(in_colour(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// Whether what goes there is to have colours: it is a terminal, and `NO_COLOR` is not set to anything
/// (<https://no-color.org>).
pub fn in_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Standard error, which takes an event per call.
struct LogWriter {
    before_event: fn(),
}

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        (self.before_event)();
        log_line(&one_line(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An event as one line, whatever its fields hold.
fn one_line(event: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = visible_screen(text).replace('\n', "\\n").into_bytes();
    line.push(b'\n');
    line
}

/// Writes to standard error; what it does not take is counted, no more.
fn log_line(line: &[u8]) {
    if io::stderr().lock().write_all(line).is_err() {
        counter!(recorder::LOG_LINES_DROPPED).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_without_control_characters() {
        for (event, line) in [
            ("INFO started pipeline=a\n", "INFO started pipeline=a\n"),
            ("refused:\n  x\n  ^\n", "refused:\\n  x\\n  ^\n"),
            ("\x1b[32mINFO\x1b[0m name=\x1b]0;t\x07\n", "\x1b[32mINFO\x1b[0m name=\\u001b]0;t\\u0007\n"),
        ] {
            assert_eq!(String::from_utf8(one_line(event.as_bytes())).as_deref(), Ok(line));
        }
    }
}
