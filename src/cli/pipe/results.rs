//! What comes of events: outputs, failure records and counts.

use std::collections::VecDeque;
use std::io::Write as _;
use std::ops::AddAssign;

use serde_json::Value;

use crate::engine::{EventError, Execution, Status};

/// How much of a line that is not an event is shown in its failure record, in bytes.
const SHOWN_BYTES: usize = 1024;

/// What comes of some events, in their order.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// Outputs, one per line.
    pub(super) outputs: Vec<u8>,
    /// Failure records, one JSON object per line; empty if they are not wanted.
    pub(super) failures: Vec<u8>,
    pub(super) counts: Counts,
}

/// How events ended. An event counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) timed_out: u64,
    /// Lines that are no events: not JSON, too large or nested too deep.
    pub(super) unreadable: u64,
}

impl Counts {
    /// All events, unreadable ones included.
    pub(super) fn events(&self) -> u64 {
        self.succeeded + self.failed + self.timed_out + self.unreadable
    }

    pub(super) fn all_succeeded(&self) -> bool {
        self.succeeded == self.events()
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.timed_out += other.timed_out;
        self.unreadable += other.unreadable;
    }
}

/// Results that come in any order, put into the order of their events.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    /// Those of the first events, without a gap.
    first: Results,
    /// How many events these are.
    count: usize,
    /// Those of the events behind them, as far as they are there.
    later: VecDeque<Option<Results>>,
}

impl Ordered {
    /// Adds what came of the event at `index`, once for each event.
    pub(super) fn add(&mut self, index: usize, write: impl FnOnce(&mut Results)) {
        let place = index - self.count;
        if place == 0 && self.later.is_empty() {
            write(&mut self.first);
            self.count += 1;
            return;
        }
        if self.later.len() <= place {
            self.later.resize_with(place + 1, || None);
        }
        write(self.later[place].get_or_insert_default());
        while let Some(next) = self.later.front_mut().and_then(Option::take) {
            self.first.append(&next);
            self.count += 1;
            self.later.pop_front();
        }
    }

    /// All results, when every event's was added.
    pub(super) fn finish(self) -> Results {
        debug_assert!(self.later.is_empty(), "an event has no result");
        self.first
    }
}

impl Results {
    /// Adds what came of later events.
    pub(super) fn append(&mut self, later: &Results) {
        self.outputs.extend_from_slice(&later.outputs);
        self.failures.extend_from_slice(&later.failures);
        self.counts += later.counts;
    }

    /// Adds what an execution that has ended came to.
    pub(super) fn ended(&mut self, execution: &Execution, line: u64, event: &[u8], keep_failures: bool) {
        match execution.status() {
            Some(Status::Succeeded) => {
                execution.write_output(&mut self.outputs);
                self.outputs.push(b'\n');
                self.counts.succeeded += 1;
                return;
            }
            Some(Status::TimedOut) => self.counts.timed_out += 1,
            Some(Status::Failed) | None => self.counts.failed += 1,
        }
        if keep_failures {
            self.record_failure(execution, line, event);
        }
    }

    /// Adds a line that is not an event.
    pub(super) fn unreadable(&mut self, line: u64, text: &[u8], error: &EventError, keep_failures: bool) {
        self.counts.unreadable += 1;
        if keep_failures {
            let shown = String::from_utf8_lossy(&text[..text.len().min(SHOWN_BYTES)]);
            self.record(line, "UNREADABLE", Some(error.reason()), Some(&error.to_string()), None);
            self.end_record("text", Value::from(shown).to_string().as_bytes());
        }
    }

    fn record_failure(&mut self, execution: &Execution, line: u64, event: &[u8]) {
        let status = if execution.status() == Some(Status::TimedOut) { "TIMED_OUT" } else { "FAILED" };
        let failure = execution.failure();
        let error = failure.and_then(|failure| failure.error.as_deref());
        let cause = failure.and_then(|failure| failure.cause.as_deref());
        self.record(line, status, error, cause, failure.map(|failure| &*failure.state));
        // The execution has started, so the event is JSON; it has no line feed either.
        self.end_record("input", event.trim_ascii());
    }

    fn record(&mut self, line: u64, status: &str, error: Option<&str>, cause: Option<&str>, state: Option<&str>) {
        let (error, cause, state) = (Value::from(error), Value::from(cause), Value::from(state));
        let start =
            format!("{{\"line\":{line},\"status\":\"{status}\",\"error\":{error},\"cause\":{cause},\"state\":{state},");
        self.failures.extend_from_slice(start.as_bytes());
    }

    fn end_record(&mut self, name: &str, json: &[u8]) {
        write!(self.failures, "\"{name}\":").expect("writing to memory can't fail");
        self.failures.extend_from_slice(json);
        self.failures.extend_from_slice(b"}\n");
    }
}
