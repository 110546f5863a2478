use super::super::tests::{Kept, START, begin};
use super::*;
use crate::engine::{Limits, Status, Timestamp};
use crate::host::{Host, Now};

/// A task that waits for a callback, at most a minute, and may be silent for ten seconds.
const ASK: &str = r#"{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "urn:ask.waitForTaskToken",
    "TimeoutSeconds": 60, "HeartbeatSeconds": 10, "End": true}}}"#;

struct Bench {
    callbacks: Callbacks,
    host: Host<u32, Kept>,
    mailbox: Mailbox,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Bench {
        Bench::of_process(callbacks("n", 1))
    }

    fn of_process(callbacks: Callbacks) -> Bench {
        let mailbox = Mailbox::default();
        let host = Host::new(Limits::default(), mailbox.clone(), Kept::default()).taking_callbacks(&callbacks);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        Bench { callbacks, host, mailbox, runtime }
    }

    /// Begins an execution that asks; the token of its task.
    fn ask(&mut self) -> String {
        begin(&mut self.host, ASK, 1);
        self.host.calls().tokens.last().expect("the task has a token").clone()
    }

    /// Delivers a callback when so many milliseconds have gone by.
    fn deliver(&mut self, token: &str, callback: Callback, at: i64) -> Result<(), CallbackError> {
        let (callbacks, host) = (&self.callbacks, &mut self.host);
        let (delivered, _) = self
            .runtime
            .block_on(async { tokio::join!(callbacks.deliver(token, callback), async { host.drive(after(at), 10) }) });
        delivered
    }

    fn drive(&mut self, at: i64) -> Option<(Option<Status>, String)> {
        while self.host.drive(after(at), 10) {}
        let ended = self.host.take_ended()?;
        let mut output = Vec::new();
        ended.execution.write_output(&mut output);
        let failure = ended.execution.failure().and_then(|failure| failure.error.clone());
        Some((ended.execution.status(), failure.unwrap_or(String::from_utf8_lossy(&output).into_owned())))
    }
}

fn callbacks(node: &str, process: u64) -> Callbacks {
    Callbacks::new(TokenKey::new(b"secret"), Issuer { node: node.to_owned(), process })
}

fn after(millis: i64) -> Now {
    Now { monotonic: millis, wall: Timestamp(START.wall.0 + millis) }
}

fn success(output: &str) -> Callback {
    Callback::Success(output.as_bytes().to_vec())
}

#[test]
fn a_callback_ends_the_task_that_has_the_token_and_no_other() {
    let mut bench = Bench::new();
    let (first, second) = (bench.ask(), bench.ask());
    assert_eq!(bench.host.awaited_callbacks(after(7)), (2, Duration::from_millis(7)));
    assert_eq!(bench.deliver(&second, success(r#"{"approved":true}"#), 0), Ok(()));
    assert_eq!(bench.drive(0), Some((Some(Status::Succeeded), r#"{"approved":true}"#.to_owned())));
    assert_eq!((bench.drive(0), bench.host.waiting()), (None, 1));
    let failure = TaskFailure::new("Rejected", "by Ada");
    assert_eq!(bench.deliver(&first, Callback::Failure(failure), 0), Ok(()));
    assert_eq!(bench.drive(0), Some((Some(Status::Failed), "Rejected".to_owned())));
    assert_eq!(bench.host.awaited_callbacks(after(9)), (0, Duration::ZERO));
}

#[test]
fn the_answer_to_the_request_does_not_end_the_task_but_its_failure_does() {
    let mut bench = Bench::new();
    let token = bench.ask();
    let asked = bench.host.calls().begun[0];
    bench.mailbox.post_submitted(asked, Ok(b"\"asked\"".to_vec()));
    assert_eq!(bench.drive(0), None);
    assert_eq!(bench.deliver(&token, success("1"), 0), Ok(()));
    assert_eq!(bench.drive(0), Some((Some(Status::Succeeded), "1".to_owned())));

    let token = bench.ask();
    let asked = bench.host.calls().begun[1];
    bench.mailbox.post_submitted(asked, Err(TaskFailure::new("Busy", "")));
    assert_eq!(bench.drive(0), Some((Some(Status::Failed), "Busy".to_owned())));
    assert_eq!(bench.deliver(&token, success("1"), 0), Err(CallbackError::TaskTimedOut));
}

#[test]
fn a_callback_that_comes_before_the_answer_to_the_request_counts() {
    let mut bench = Bench::new();
    let token = bench.ask();
    let asked = bench.host.calls().begun[0];
    assert_eq!(bench.deliver(&token, success("\"early\""), 0), Ok(()));
    bench.mailbox.post_submitted(asked, Err(TaskFailure::new("Late", "")));
    assert_eq!(bench.drive(0), Some((Some(Status::Succeeded), "\"early\"".to_owned())));
}

#[test]
fn a_second_callback_and_a_late_one_are_refused() {
    let mut bench = Bench::new();
    let token = bench.ask();
    assert_eq!(bench.deliver(&token, success("1"), 0), Ok(()));
    for callback in [success("2"), Callback::Failure(TaskFailure::default()), Callback::Heartbeat] {
        assert_eq!(bench.deliver(&token, callback, 0), Err(CallbackError::TaskTimedOut));
    }
    assert_eq!(bench.drive(0), Some((Some(Status::Succeeded), "1".to_owned())));

    let late = bench.ask();
    assert_eq!(bench.drive(10_000), Some((Some(Status::Failed), "States.Timeout".to_owned())));
    assert_eq!(bench.deliver(&late, success("1"), 10_000), Err(CallbackError::TaskTimedOut));
}

#[test]
fn heartbeats_hold_off_the_silence_but_not_the_time_limit() {
    let mut bench = Bench::new();
    let token = bench.ask();
    for at in (9_000..60_000).step_by(9_000) {
        assert_eq!(bench.drive(at), None, "{at}");
        assert_eq!(bench.deliver(&token, Callback::Heartbeat, at), Ok(()), "{at}");
    }
    assert_eq!(bench.drive(59_999), None);
    assert_eq!(bench.drive(60_000), Some((Some(Status::Failed), "States.Timeout".to_owned())));

    let silent = bench.ask();
    assert_eq!(bench.deliver(&silent, Callback::Heartbeat, 5_000), Ok(()));
    assert_eq!(bench.drive(14_999), None);
    assert_eq!(bench.drive(15_000), Some((Some(Status::Failed), "States.Timeout".to_owned())));
}

#[test]
fn a_redelivered_event_gets_another_token_and_the_old_one_finds_nobody() {
    let mut bench = Bench::new();
    let old = bench.ask();
    bench.host.cancel_where(|_| true);
    let new = bench.ask();
    assert_ne!(old, new);
    assert_eq!(bench.deliver(&old, success("1"), 0), Err(CallbackError::TaskTimedOut));
    assert_eq!(bench.deliver(&new, success("1"), 0), Ok(()));
}

#[test]
fn tokens_of_other_processes_nodes_and_keys_are_told_apart() {
    let mut bench = Bench::new();
    let mut deliver = |of: Callbacks| {
        let token = Bench::of_process(of).ask();
        bench.deliver(&token, success("1"), 0)
    };
    assert_eq!(deliver(callbacks("n", 2)), Err(CallbackError::TaskTimedOut), "from before a restart");
    assert_eq!(deliver(callbacks("m", 1)), Err(CallbackError::TaskDoesNotExist { node: "m".to_owned() }));
    let forged = Callbacks::new(TokenKey::new(b"guess"), Issuer { node: "n".to_owned(), process: 1 });
    assert_eq!(deliver(forged), Err(CallbackError::InvalidToken));
    assert_eq!(bench.deliver("made up", success("1"), 0), Err(CallbackError::InvalidToken));
}

#[test]
fn a_host_that_has_gone_takes_its_tasks_with_it() {
    let mut bench = Bench::new();
    let token = bench.ask();
    let other = Bench::of_process(bench.callbacks.clone());
    drop(std::mem::replace(&mut bench.host, other.host));
    assert_eq!(bench.deliver(&token, success("1"), 0), Err(CallbackError::TaskTimedOut));
}

#[test]
fn an_output_that_is_not_json_or_too_large_is_refused_and_the_task_goes_on() {
    let mut bench = Bench::new();
    let token = bench.ask();
    let large = format!("\"{}\"", "x".repeat(MAX_RESULT_BYTES));
    for output in ["", "{", "approved", &large] {
        let refused = bench.deliver(&token, success(output), 0).expect_err("it is no output");
        assert_eq!(refused.name(), "InvalidOutput", "{refused}");
    }
    assert_eq!(bench.deliver(&token, success("1"), 0), Ok(()));
}

#[test]
fn a_worker_is_silent_from_when_it_has_fetched_its_task() {
    let mut bench = Bench::new();
    let activity = ASK.replace("urn:ask.waitForTaskToken", "arn:aws:states:us-east-1:123456789012:activity:pack");
    begin(&mut bench.host, &activity, 1);
    let token = bench.host.calls().tokens[0].clone();
    bench.mailbox.post_submitted(bench.host.calls().begun[0], Ok(b"null".to_vec()));
    assert_eq!(bench.drive(25_000), None);
    assert_eq!(bench.deliver(&token, Callback::Heartbeat, 25_000), Ok(()));
    assert_eq!(bench.drive(34_999), None);
    assert_eq!(bench.drive(35_000), Some((Some(Status::Failed), "States.Timeout".to_owned())));
}
