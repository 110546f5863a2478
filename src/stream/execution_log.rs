//! What the log says of executions that ended: by level, as the service has them, and never more than people can read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::config::{ExecutionLogLevel, Pipeline};
use crate::engine::{Event, Execution, Status};
use crate::telemetry::events::{self, FailedExecution};

/// A shard logs [`MAX_EXECUTIONS`] failed executions, and as many others, in this time.
const INTERVAL: Duration = Duration::from_secs(10);
/// When everything fails the first ones say why.
const MAX_EXECUTIONS: u32 = 10;
/// Events of one execution that are logged: a loop may have any number of them.
const MAX_EVENTS: usize = 1_000;

/// The event types of level FATAL (<https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html>).
const FATAL: [&str; 3] = ["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"];
/// How the other event types of level ERROR end: all that fails, times out or is stopped; besides them a Fail state's entry.
const ERROR_ENDINGS: [&str; 3] = ["Failed", "TimedOut", "Aborted"];

/// Logs the ends of a shard's executions.
pub(super) struct ExecutionLog {
    pipeline: Arc<str>,
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
    pub(super) fn new(pipeline: &Pipeline) -> ExecutionLog {
        let Pipeline { name, log_executions, include_data, log_history, .. } = pipeline;
        ExecutionLog {
            pipeline: name.clone(),
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
        !self.is_off() && (self.history || self.level > ExecutionLogLevel::Fatal)
    }

    /// Whether an execution that ended so may have something to log. For most it has not, and nobody asks further.
    #[inline]
    pub(super) fn concerns(&self, status: Status) -> bool {
        !self.is_off() && (status != Status::Succeeded || self.level > ExecutionLogLevel::Fatal)
    }

    /// Logs the end of an execution.
    pub(super) fn ended(&mut self, execution: &Execution, status: Status, subject: &Subject<'_>, now: Instant) {
        let failure = execution.failure();
        let whole = failure.is_some() && self.history;
        let level = if whole { ExecutionLogLevel::All } else { self.level };
        // Of FATAL's one event the line of the execution says everything.
        let events = if whole || level > ExecutionLogLevel::Fatal { execution.history() } else { &[] };
        let wanted = || events.iter().filter(|event| admits(level, event.kind));
        let window = if failure.is_some() { &mut self.failed } else { &mut self.others };
        if (failure.is_none() && wanted().next().is_none()) || !window.admit(now) {
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
        for event in wanted().take(MAX_EVENTS) {
            events::execution_event(&self.pipeline, &logged(event, subject.arn, self.include_data).to_string());
        }
        let left_out = wanted().count().saturating_sub(MAX_EVENTS);
        if left_out > 0 {
            events::execution_events_left_out(&self.pipeline, subject.arn, left_out);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Identity, Limits, Timestamp};
    use crate::program::Program;

    const LEVELS: [ExecutionLogLevel; 4] =
        [ExecutionLogLevel::Off, ExecutionLogLevel::Fatal, ExecutionLogLevel::Error, ExecutionLogLevel::All];

    #[test]
    fn levels_take_the_event_types_that_the_service_gives_them() {
        for (kind, least) in [
            ("ExecutionFailed", 1),
            ("ExecutionTimedOut", 1),
            ("ExecutionAborted", 1),
            ("FailStateEntered", 2),
            ("LambdaFunctionFailed", 2),
            ("TaskTimedOut", 2),
            ("TaskStateAborted", 2),
            ("MapIterationAborted", 2),
            ("MapRunFailed", 2),
            ("ParallelStateFailed", 2),
            ("ExecutionStarted", 3),
            ("PassStateEntered", 3),
            ("TaskSucceeded", 3),
        ] {
            for (index, level) in LEVELS.into_iter().enumerate() {
                assert_eq!(admits(level, kind), index >= least, "{kind} at {level:?}");
            }
        }
    }

    #[test]
    fn events_have_the_shape_of_the_services_log() {
        let definition = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "why"}}}"#;
        let program = Arc::new(Program::from_text(definition).expect("it is valid"));
        let identity =
            Identity { name: "n", id: "arn", state_machine_name: "m", state_machine_id: "mi", role_arn: "r", seed: 1 };
        let mut execution = Execution::new(Limits::default());
        execution.record_history();
        execution.start(&program, b"{}", &identity, Timestamp(7)).expect("it is valid");
        execution.run(Timestamp(7));
        let log = |include_data| -> Vec<Value> {
            execution.history().iter().map(|event| logged(event, "arn", include_data)).collect()
        };
        let event = |id: &str, kind: &str, previous: &str, details: Value| {
            json!({"id": id, "type": kind, "details": details, "previous_event_id": previous, "event_timestamp": "7",
                "execution_arn": "arn", "redrive_count": "0"})
        };
        let whole = json!({"truncated": false});
        let failed = event("3", "ExecutionFailed", "2", json!({"error": "E", "cause": "why"}));
        let with_data = [
            event("1", "ExecutionStarted", "0", json!({"input": "{}", "inputDetails": whole, "roleArn": "r"})),
            event("2", "FailStateEntered", "0", json!({"name": "F", "input": "{}", "inputDetails": whole})),
            failed.clone(),
        ];
        assert_eq!(log(true), with_data);
        let without = [
            event("1", "ExecutionStarted", "0", json!({"roleArn": "r"})),
            event("2", "FailStateEntered", "0", json!({"name": "F"})),
            failed,
        ];
        assert_eq!(log(false), without);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::default();
        let admitted = (0..25).filter(|_| window.admit(at(1))).count();
        assert_eq!((admitted, window.close(at(10), false)), (10, None));
        assert_eq!((window.close(at(11), false), window.close(at(30), false)), (Some(15), None));
        assert!(window.admit(at(31)), "a new window begins");
        assert_eq!(window.close(at(60), true), None, "nothing was suppressed in it");
        assert!((0..10).all(|_| window.admit(at(70))) && window.admit(at(80)), "the next begins by itself");
        assert_eq!((0..20).filter(|_| window.admit(at(80))).count(), 9);
        assert_eq!(window.close(at(81), true), Some(11), "at the end nothing is kept back");
    }

    /// Lines that are logged while the executions of `events` end, and then the log is closed.
    fn lines(level: ExecutionLogLevel, history: bool, definition: &str, events: &[&str]) -> Vec<String> {
        let program = Arc::new(Program::from_text(definition).expect("it is valid"));
        let identity =
            Identity { name: "n", id: "arn", state_machine_name: "m", state_machine_id: "mi", role_arn: "r", seed: 1 };
        let mut log = ExecutionLog {
            pipeline: "orders".into(),
            level,
            include_data: false,
            history,
            failed: Window::default(),
            others: Window::default(),
        };
        let mut execution = Execution::new(Limits::default());
        if log.needs_history() {
            execution.record_history();
        }
        let lines = Lines::default();
        let sink = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            for (offset, event) in (0..).zip(events) {
                execution.start(&program, event.as_bytes(), &identity, Timestamp(7)).expect("it is valid");
                execution.run(Timestamp(7));
                let status = execution.status().expect("it has ended");
                if log.concerns(status) {
                    let subject =
                        Subject { workflow: "w", version: "1-ab", topic: "t", partition: 3, offset, arn: "arn" };
                    log.ended(&execution, status, &subject, Instant::now());
                }
            }
            drop(log);
        });
        let text = String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Fails unless the event is true; in a branch, so that there is a failure inside of one that is caught.
    const CATCHING: &str = r#"{"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Next": "C", "ResultPath": null, "Catch": [{"ErrorEquals": ["Inner"], "ResultPath": null, "Next": "C"}],
            "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Inner"}}}]},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "BooleanEquals": true, "Next": "S"}], "Default": "Refuse"},
        "S": {"Type": "Succeed"}, "Refuse": {"Type": "Fail", "Error": "Refused", "Cause": "it is false"}}}"#;

    #[test]
    fn a_failed_execution_is_one_line_that_says_where_and_why() {
        assert_eq!(lines(ExecutionLogLevel::Off, true, CATCHING, &["false"]), [""; 0]);
        let logged = lines(ExecutionLogLevel::Fatal, false, CATCHING, &["true", "false"]);
        assert_eq!(logged.len(), 1, "{logged:#?}");
        for part in [
            "WARN",
            "pipeline=\"orders\"",
            "workflow=\"w\"",
            "version=\"1-ab\"",
            "topic=\"t\"",
            "partition=3",
            "offset=1",
            "status=FAILED",
            "state=\"Refuse\"",
            "error=\"Refused\"",
            "cause=\"it is false\"",
        ] {
            assert!(logged[0].contains(part), "{part} is not in {}", logged[0]);
        }
    }

    #[test]
    fn levels_and_histories_bring_events() {
        let kinds = |level, history, event: &str| -> Vec<String> {
            let kind = |line: &String| Some(line.split("\\\"type\\\":\\\"").nth(1)?.split('\\').next()?.to_owned());
            lines(level, history, CATCHING, &[event]).iter().filter_map(kind).collect()
        };
        let caught = ["FailStateEntered", "ParallelStateFailed"];
        assert_eq!(kinds(ExecutionLogLevel::Error, false, "true"), caught);
        assert_eq!(kinds(ExecutionLogLevel::Error, true, "true"), caught, "the whole history is that of failures");
        assert_eq!(
            kinds(ExecutionLogLevel::Error, false, "false"),
            [&caught[..], &["FailStateEntered", "ExecutionFailed"]].concat()
        );
        let whole = kinds(ExecutionLogLevel::Fatal, true, "false");
        assert!(
            whole.len() > 6 && whole[0] == "ExecutionStarted" && whole == kinds(ExecutionLogLevel::All, false, "false")
        );
        assert_eq!(kinds(ExecutionLogLevel::Fatal, true, "true"), [""; 0]);
    }

    #[test]
    fn a_flood_of_failures_is_logged_with_its_size() {
        let logged = lines(ExecutionLogLevel::Fatal, false, CATCHING, &["false"; 25]);
        assert_eq!(logged.len(), 11, "{logged:#?}");
        assert!(logged[10].contains("suppressed=15"), "{}", logged[10]);
    }
}
