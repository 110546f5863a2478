//! What of an execution is logged, and how much of a flood.

use super::*;
use crate::engine::{Identity, Limits, Timestamp};
use crate::program::Program;

const LEVELS: [ExecutionLogLevel; 4] =
    [ExecutionLogLevel::Off, ExecutionLogLevel::Fatal, ExecutionLogLevel::Error, ExecutionLogLevel::All];

const IDENTITY: Identity<'static> = Identity {
    name: "n",
    id: "arn",
    state_machine_name: "m",
    state_machine_id: "mi",
    role_arn: "r",
    seed: 1,
    kafka: None,
};

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
    let mut execution = Execution::new(Limits::default());
    execution.record_history();
    execution.start(&program, b"{}", &IDENTITY, Timestamp(7)).expect("it is valid");
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
    let mut log = ExecutionLog {
        pipeline: "orders".into(),
        topic: None,
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
            execution.start(&program, event.as_bytes(), &IDENTITY, Timestamp(7)).expect("it is valid");
            execution.run(Timestamp(7));
            let status = execution.status().expect("it has ended");
            if log.concerns(status) {
                let subject =
                    Subject { workflow: "w", version: "1-ab", topic: "t", partition: 3, offset, name: "n", arn: "arn" };
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
