//! Metrics, health and log events, each emitted by a named function.
//!
//! The hot path never touches a shared counter per event: a shard counts in a [`Tally`] of its own and publishes it once per
//! batch through handles that were resolved when it started ([`PipelineMetrics`], [`VersionMetrics`]).

mod durations;
pub mod events;
mod health;
mod lag;
mod pipeline;
mod quiet;
mod recorder;
mod task;

use std::io;

use tracing_subscriber::EnvFilter;

pub use durations::{DurationTally, Durations};
pub use health::{Health, NotReady, Reporter};
pub use pipeline::{PipelineMetrics, Tally, VersionMetrics, VersionTally};
pub use quiet::Quiet;
pub use recorder::{init_metrics, render_metrics};
pub use task::{TaskMetrics, TaskOutcome};

use crate::config::{Log, LogFormat};

/// Sends log lines to standard error from here on. A second call changes nothing.
pub fn init_logging(log: &Log) {
    init_logging_with(log, || {});
}

/// As [`init_logging`]; `before_event` is called before each event is written, to make room on a terminal.
pub fn init_logging_with(log: &Log, before_event: fn()) {
    let filter = EnvFilter::builder().parse_lossy(&log.level);
    let writer = move || {
        before_event();
        io::stderr()
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    // The error of a second call is no error: whoever came first decides.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
