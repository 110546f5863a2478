//! What is logged of executions that ended: by level, as the service has them.
//!
//! The log of the process gets never more than people can read. A topic gets every event of the level: see [`topic`].

mod topic;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(super) use self::topic::LogTopic;
use crate::config::{ExecutionLogLevel, Pipeline};
use crate::engine::{Event, Execution, Status};
use crate::telemetry::events::{self, FailedExecution};

/// A shard logs [`MAX_EXECUTIONS`] failed executions, and as many others, in this time.
const INTERVAL: Duration = Duration::from_secs(10);
/// When everything fails the first ones say why.
const MAX_EXECUTIONS: u32 = 10;
/// Events of one execution that the log gets: a loop may have any number of them.
const MAX_EVENTS: usize = 1_000;
/// Events of one execution that a topic gets: as many as the service keeps of one.
const MAX_TOPIC_EVENTS: usize = 25_000;

/// The event types of level FATAL (<https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html>).
const FATAL: [&str; 3] = ["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"];
/// How the other event types of level ERROR end: all that fails, times out or is stopped; besides them a Fail state's entry.
const ERROR_ENDINGS: [&str; 3] = ["Failed", "TimedOut", "Aborted"];

/// Logs the ends of a shard's executions.
pub(super) struct ExecutionLog {
    pipeline: Arc<str>,
    /// Where events go instead of the process' log.
    topic: Option<Arc<LogTopic>>,
    level: ExecutionLogLevel,
    include_data: bool,
    history: bool,
    failed: Window,
    others: Window,
}

/// Where and what an execution was.
pub(super) struct Subject<'a> {
    pub(super) workflow: &'a str,
    pub(super) version: &'a str,
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) name: &'a str,
    pub(super) arn: &'a str,
}

/// So many in a while, and how many more there were.
#[derive(Debug, Default)]
struct Window {
    begun: Option<Instant>,
    admitted: u32,
    suppressed: u64,
}

impl Window {
    fn admit(&mut self, now: Instant) -> bool {
        let begun = *self.begun.get_or_insert(now);
        if now.saturating_duration_since(begun) >= INTERVAL && self.suppressed == 0 {
            (self.begun, self.admitted) = (Some(now), 0);
        }
        let admitted = self.admitted < MAX_EXECUTIONS;
        self.admitted += u32::from(admitted);
        self.suppressed += u64::from(!admitted);
        admitted
    }

    /// How many were suppressed, when the time is over or `is_over` says so.
    fn close(&mut self, now: Instant, is_over: bool) -> Option<u64> {
        let begun = self.begun?;
        if !is_over && now.saturating_duration_since(begun) < INTERVAL {
            return None;
        }
        let closed = std::mem::take(self);
        (closed.suppressed > 0).then_some(closed.suppressed)
    }
}

impl ExecutionLog {
    pub(super) fn new(pipeline: &Pipeline, topic: Option<Arc<LogTopic>>) -> ExecutionLog {
        let Pipeline { name, log_executions, include_data, log_history, .. } = pipeline;
        ExecutionLog {
            pipeline: name.clone(),
            topic,
            level: *log_executions,
            include_data: *include_data,
            history: *log_history,
            failed: Window::default(),
            others: Window::default(),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.level == ExecutionLogLevel::Off
    }

    /// Whether executions have to record their history for it.
    pub(super) fn needs_history(&self) -> bool {
        // Of FATAL's one event the line of an execution says everything; a topic gets the event itself.
        !self.is_off() && (self.history || self.topic.is_some() || self.level > ExecutionLogLevel::Fatal)
    }

    /// Whether an execution that ended so may have something to log. For most it has not, and nobody asks further.
    #[inline]
    pub(super) fn concerns(&self, status: Status) -> bool {
        !self.is_off() && (status != Status::Succeeded || self.level > ExecutionLogLevel::Fatal)
    }

    /// Logs the end of an execution.
    pub(super) fn ended(&mut self, execution: &Execution, status: Status, subject: &Subject<'_>, now: Instant) {
        let failure = execution.failure();
        let level = if failure.is_some() && self.history { ExecutionLogLevel::All } else { self.level };
        let events = || execution.history().iter().filter(move |event| admits(level, event.kind));
        if let Some(topic) = &self.topic {
            topic.write(subject, events().take(MAX_TOPIC_EVENTS).map(|event| self.shown(event, subject)));
            self.note_left_out(events().count(), MAX_TOPIC_EVENTS, subject);
        }
        let is_shown = self.topic.is_none() && level > ExecutionLogLevel::Fatal;
        let window = if failure.is_some() { &mut self.failed } else { &mut self.others };
        if (failure.is_none() && !(is_shown && events().next().is_some())) || !window.admit(now) {
            return;
        }
        if let Some(failure) = failure {
            events::execution_failed(&FailedExecution {
                pipeline: &self.pipeline,
                workflow: subject.workflow,
                version: subject.version,
                topic: subject.topic,
                partition: subject.partition,
                offset: subject.offset,
                execution: subject.arn,
                status: &status,
                state: &failure.state,
                error: failure.error.as_deref(),
                cause: failure.cause.as_deref(),
            });
        }
        if is_shown {
            for event in events().take(MAX_EVENTS) {
                events::execution_event(&self.pipeline, &self.shown(event, subject));
            }
            self.note_left_out(events().count(), MAX_EVENTS, subject);
        }
    }

    fn shown(&self, event: &Event, subject: &Subject<'_>) -> String {
        logged(event, subject.arn, self.include_data).to_string()
    }

    fn note_left_out(&self, events: usize, most: usize, subject: &Subject<'_>) {
        if events > most {
            events::execution_events_left_out(&self.pipeline, subject.arn, events - most);
        }
    }

    /// Takes up what came of records that were written to a topic. Never waits.
    pub(super) fn serve(&self) {
        if let Some(topic) = &self.topic {
            topic.serve();
        }
    }

    /// Gives records on their way to a topic some time to arrive.
    pub(super) fn flush(&self, time: Duration) {
        if let Some(topic) = &self.topic {
            topic.flush(time);
        }
    }

    /// Says how many executions were not logged, once their time is over.
    pub(super) fn close(&mut self, now: Instant, is_over: bool) {
        if let Some(suppressed) = self.failed.close(now, is_over) {
            events::failed_executions_suppressed(&self.pipeline, suppressed);
        }
        if let Some(suppressed) = self.others.close(now, is_over) {
            events::executions_suppressed(&self.pipeline, suppressed);
        }
    }
}

impl Drop for ExecutionLog {
    fn drop(&mut self) {
        self.close(Instant::now(), true);
    }
}

/// Whether events of this type belong to the level.
fn admits(level: ExecutionLogLevel, kind: &str) -> bool {
    match level {
        ExecutionLogLevel::Off => false,
        ExecutionLogLevel::Fatal => FATAL.contains(&kind),
        ExecutionLogLevel::Error => {
            kind == "FailStateEntered" || ERROR_ENDINGS.iter().any(|ending| kind.ends_with(ending))
        }
        ExecutionLogLevel::All => true,
    }
}

/// An event as the service logs it: numbers are texts there.
fn logged(event: &Event, arn: &str, include_data: bool) -> Value {
    json!({
        "id": event.id.to_string(),
        "type": event.kind,
        "details": event.details_object(include_data),
        "previous_event_id": event.previous_id.to_string(),
        "event_timestamp": event.timestamp.0.to_string(),
        "execution_arn": arn,
        "redrive_count": "0",
    })
}
