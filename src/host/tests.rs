use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::engine::{Status, TaskCall, TaskFailure};
use crate::task::{
    Answer, BoxFuture, Connector, Connectors, Contact, Entry, HTTP, Kinds, OnUnavailable, Pattern, Request, Resolved,
};
use crate::telemetry::{init_metrics, render_metrics};

const HOUR: i64 = 3_600_000;
pub(super) const START: Now = Now { monotonic: 0, wall: Timestamp(1_767_323_045_000) };

/// Keeps calls, for the test to answer.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) begun: Vec<Address>,
    pub(super) tokens: Vec<String>,
    cancelled: usize,
}

impl Calls<u32> for Kept {
    type Handle = ();

    fn begin(&mut self, to: Address, _: &u32, call: TaskCall) {
        self.begun.push(to);
        self.tokens.extend(call.task_token);
    }

    fn cancel(&mut self, (): ()) {
        self.cancelled += 1;
    }
}

/// The place of some call, for tests to which it does not matter which.
pub(super) fn some_address() -> Address {
    let (mut host, _) = host();
    begin(&mut host, TASK, 0);
    host.calls().begun[0]
}

fn program(definition: &str) -> Arc<Program> {
    Arc::new(Program::from_text(definition).expect("a valid definition"))
}

fn identity() -> Identity<'static> {
    Identity {
        name: "n",
        id: "a:b:c:d:e:f:w:n",
        state_machine_name: "w",
        state_machine_id: "w",
        role_arn: "r",
        seed: 1,
        kafka: None,
    }
}

fn host() -> (Host<u32, Kept>, Mailbox) {
    let mailbox = Mailbox::default();
    (Host::new(Limits::default(), mailbox.clone(), Kept::default()), mailbox)
}

pub(super) fn begin<C: Calls<u32>>(host: &mut Host<u32, C>, definition: &str, origin: u32) {
    let started = host.start(&program(definition), b"{}", &identity(), START, || origin).expect("it can be run");
    assert!(matches!(started, Started::Running(_)), "it waits");
}

fn status<C: Calls<u32>>(host: &mut Host<u32, C>) -> Option<Status> {
    host.take_ended().and_then(|ended| ended.execution.status())
}

const WAIT: &str = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
const TASK: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "End": true}}}"#;

#[test]
fn a_wall_clock_that_is_put_right_neither_fails_an_execution_nor_stops_its_wait() {
    for step in [HOUR, -HOUR] {
        let (mut host, _) = host();
        begin(&mut host, WAIT, 1);
        let at = |monotonic| Now { monotonic, wall: Timestamp(START.wall.0 + monotonic + step) };
        host.drive(at(59_999), 10);
        assert_eq!(status(&mut host), None, "a step of {step} ms");
        assert_eq!(host.time_to_next_turn(at(59_999)), Some(Duration::from_millis(1)), "a step of {step} ms");
        host.drive(at(60_000), 10);
        assert_eq!(status(&mut host), Some(Status::Succeeded), "a step of {step} ms");
    }
}

#[test]
fn an_answer_for_an_execution_that_was_cancelled_reaches_nobody() {
    let (mut host, mailbox) = host();
    begin(&mut host, TASK, 1);
    let late = host.calls().begun[0];
    host.cancel_where(|origin| *origin == 1);
    assert_eq!((host.calls().cancelled, host.waiting()), (1, 0));
    begin(&mut host, TASK, 2);
    mailbox.post(late, Ok(b"\"late\"".to_vec()));
    host.drive(START, 10);
    assert_eq!((status(&mut host), host.waiting()), (None, 1));
    let asked = host.calls().begun[1];
    mailbox.post(asked, Ok(b"\"asked for\"".to_vec()));
    host.drive(START, 10);
    let ended = host.take_ended().expect("it has ended");
    let mut output = Vec::new();
    ended.execution.write_output(&mut output);
    assert_eq!((ended.origin, output.as_slice()), (2, b"\"asked for\"".as_slice()));
}

#[test]
fn an_answer_that_has_come_is_in_time_though_others_come_first() {
    let mailbox = Mailbox::default();
    // The first answer is the work of a whole turn.
    let limits = Limits { work_per_run: 1, ..Limits::default() };
    let mut host = Host::new(limits, mailbox.clone(), Kept::default());
    let task = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "TimeoutSeconds": 60, "End": true}}}"#;
    for origin in 0..3 {
        begin(&mut host, task, origin);
    }
    while host.ready() > 0 {
        host.drive(START, 1);
    }
    assert_eq!(host.calls().begun.len(), 3);
    host.calls().begun.iter().for_each(|call| mailbox.post(*call, Ok(b"{}".to_vec())));
    let late = Now { monotonic: 60_000, wall: Timestamp(START.wall.0 + 60_000) };
    while host.drive(late, 1) {}
    let ends: Vec<_> = std::iter::from_fn(|| status(&mut host)).collect();
    assert_eq!(ends, [Status::Succeeded; 3]);
}

/// What the test connectors do with a call.
enum Does {
    Panic,
    Hang,
    Answer,
    /// It comes only so far, until the service is there.
    Miss(Contact, Arc<AtomicBool>),
}

impl Connector for Does {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        match self {
            Does::Panic => Box::pin(async { panic!("on purpose, in a test") }),
            Does::Hang => Box::pin(std::future::pending()),
            Does::Answer => Box::pin(async { Ok(request.input) }),
            Does::Miss(contact, is_there) => {
                let failure = TaskFailure::new("Down", "on purpose").at(*contact);
                let answer = if is_there.load(Ordering::Relaxed) { Ok(request.input) } else { Err(failure) };
                Box::pin(async { answer })
            }
        }
    }

    fn kind(&self) -> &'static str {
        "test"
    }
}

struct Caller {
    arn: Arc<str>,
    connectors: Resolved,
}

impl Origin for Caller {
    fn name(&self) -> &str {
        "n"
    }

    fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.connectors.entry(call)
    }
}

struct Running {
    host: Host<Caller, LocalCalls>,
    connectors: Connectors,
    permits: Arc<Permits>,
}

impl Running {
    /// A host with an entry for each of these Resources, and at most so many open calls.
    fn new(max_concurrent_tasks: usize, entries: impl IntoIterator<Item = (&'static str, Does)>) -> Running {
        const KINDS: Kinds = &[&HTTP];
        let mut connectors = Connectors::of_kinds(KINDS);
        for (resource, does) in entries {
            connectors.push(Pattern::new(resource), Arc::new(does));
        }
        let pause = OnUnavailable::Pause { after: 2, probe_interval: Duration::from_millis(5) };
        let connectors = connectors.on_unavailable(pause);
        let permits = Arc::new(Permits::new(max_concurrent_tasks, &connectors).pausing(&"p".into(), &connectors));
        let mailbox = Mailbox::default();
        let calls = LocalCalls::new("p".into(), permits.clone(), mailbox.clone()).expect("a runtime");
        Running { host: Host::new(Limits::default(), mailbox, calls), connectors, permits }
    }

    /// Lets the calls go on until this holds.
    fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            self.host.calls().wait(Duration::from_millis(1));
            self.host.drive(START, 10);
        }
    }

    fn call(&mut self, resource: &str) {
        let program = program(&TASK.replace("urn:x", resource));
        let connectors = self.connectors.resolve(program.resources());
        let origin = || Caller { arn: "arn".into(), connectors };
        self.host.start(&program, b"{}", &identity(), START, origin).expect("it can be run");
    }

    /// The first execution that ends.
    fn ended(&mut self) -> Ended<Caller> {
        loop {
            if let Some(ended) = self.host.take_ended() {
                return ended;
            }
            self.host.calls().wait(Duration::from_secs(10));
            self.host.drive(START, 10);
        }
    }
}

fn cause(ended: &Ended<Caller>) -> String {
    ended.execution.failure().and_then(|failure| failure.cause.clone()).unwrap_or_default()
}

#[test]
fn a_connector_that_panics_fails_its_call_and_nothing_else() {
    let mut running = Running::new(1, [("urn:panics", Does::Panic)]);
    running.call("urn:panics");
    let cause = cause(&running.ended());
    assert!(cause.contains("state T panicked"), "{cause}");
    assert_eq!(running.host.calls().open(), 0);
}

#[test]
fn an_entry_that_hangs_does_not_take_all_calls_from_the_others() {
    let mut running = Running::new(4, [("urn:hangs", Does::Hang), ("urn:answers", Does::Answer)]);
    (0..10).for_each(|_| running.call("urn:hangs"));
    running.call("urn:answers");
    assert_eq!(running.ended().execution.status(), Some(Status::Succeeded));
    assert_eq!(running.host.waiting(), 10);
}

#[test]
fn a_call_without_a_connector_fails_with_the_entry_to_add() {
    let mut running = Running::new(1, []);
    running.call("urn:price");
    let cause = cause(&running.ended());
    assert!(cause.contains("[[task]]\nresource = \"urn:price\""), "{cause}");
}

#[test]
fn calls_are_counted_by_resource_also_while_they_wait_for_others_to_end() {
    init_metrics();
    let mut running = Running::new(1, [("urn:fails", Does::Panic), ("urn:blocks", Does::Hang)]);
    running.call("urn:fails");
    running.ended();
    (0..3).for_each(|_| running.call("urn:blocks"));
    let series = |metric: &str, resource: &str, rest: &str| {
        format!(r#"stepstream_task_{metric}{{pipeline="p",connector="test",resource="{resource}"{rest}}}"#)
    };
    let counted = |lines: &[(String, u32)]| {
        let text = render_metrics();
        for (series, count) in lines {
            let line = format!("{series} {count}");
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    };
    running.host.calls().turn();
    running.host.calls().turn();
    counted(&[
        (series("errors_total", "urn:fails", r#",error="States.Runtime""#), 1),
        (series("calls_total", "urn:fails", r#",outcome="failed""#), 1),
        (series("calls_waiting", "urn:fails", ""), 0),
        (series("calls_in_flight", "urn:blocks", ""), 3),
        (series("calls_waiting", "urn:blocks", ""), 2),
        (series("permit_wait_seconds_count", "urn:blocks", ""), 1),
    ]);
    running.host.cancel_where(|_| true);
    running.host.calls().turn();
    counted(&[
        (series("calls_in_flight", "urn:blocks", ""), 0),
        (series("calls_waiting", "urn:blocks", ""), 0),
        (series("calls_total", "urn:blocks", r#",outcome="cancelled""#), 3),
    ]);
}

#[test]
fn no_time_goes_by_for_an_execution_whose_call_is_held() {
    const TIMED: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "TimeoutSeconds": 60, "End": true}}}"#;
    let at = |monotonic| Now { monotonic, wall: Timestamp(START.wall.0 + monotonic) };
    let (mut host, mailbox) = host();
    begin(&mut host, TIMED, 1);
    begin(&mut host, TIMED, 2);
    let [held, other] = host.calls().begun[..] else { panic!("two calls") };
    mailbox.hold(held, true);
    host.drive(at(30_000), 10);
    assert_eq!((host.waiting_of(|_| true), host.waiting_of(|origin| *origin == 2)), ((2, 1), (1, 0)));
    // Longer than any execution may take.
    host.drive(at(HOUR), 10);
    assert_eq!(host.take_ended().map(|ended| ended.origin), Some(2), "only the other has timed out: {other:?}");
    mailbox.hold(held, false);
    host.drive(at(10 * HOUR), 10);
    assert_eq!(host.time_to_next_turn(at(10 * HOUR)), Some(Duration::from_secs(30)));
    host.drive(at(10 * HOUR + 29_999), 10);
    assert_eq!((status(&mut host), host.waiting_of(|_| true)), (None, (1, 0)));
    host.drive(at(10 * HOUR + 30_000), 10);
    let cause = host.take_ended().and_then(|ended| ended.execution.failure()?.error.clone());
    assert_eq!(cause.as_deref(), Some("States.Timeout"));
}

#[test]
fn an_answer_ends_the_standstill_of_its_execution() {
    let at = |monotonic| Now { monotonic, wall: Timestamp(START.wall.0 + monotonic) };
    let (mut host, mailbox) = host();
    begin(&mut host, TASK, 1);
    let call = host.calls().begun[0];
    mailbox.hold(call, true);
    host.drive(at(0), 10);
    mailbox.post(call, Ok(b"{}".to_vec()));
    host.drive(at(HOUR), 10);
    assert_eq!((status(&mut host), host.waiting()), (Some(Status::Succeeded), 0));
}

#[test]
fn calls_wait_for_a_service_that_is_not_there_without_a_permit_and_are_made_when_it_is() {
    let is_there = Arc::new(AtomicBool::new(false));
    let down = Does::Miss(Contact::Unreachable, is_there.clone());
    let mut running = Running::new(1, [("urn:down", down), ("urn:answers", Does::Answer)]);
    (0..20).for_each(|_| running.call("urn:down"));
    running.until(|running| running.permits.pauses());
    running.call("urn:answers");
    assert_eq!(running.ended().execution.status(), Some(Status::Succeeded));
    running.until(|running| running.host.waiting_of(|_| true) == (20, 20));
    let outages: Vec<_> = running.permits.outages(std::time::Instant::now()).collect();
    let [Outage { resource, trouble, held: 20, .. }] = &outages[..] else { panic!("one with all: {outages:?}") };
    assert_eq!((resource.as_str(), trouble.as_str()), ("urn:down", "on purpose"));
    is_there.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        assert_eq!(running.ended().execution.status(), Some(Status::Succeeded));
    }
    assert!(!running.permits.pauses() && running.permits.outages(std::time::Instant::now()).next().is_none());
}

#[test]
fn a_service_that_no_call_waits_for_any_more_is_tried_by_the_next_event() {
    let is_there = Arc::new(AtomicBool::new(false));
    let mut running = Running::new(4, [("urn:down", Does::Miss(Contact::Unreachable, is_there.clone()))]);
    (0..3).for_each(|_| running.call("urn:down"));
    running.until(|running| running.permits.pauses());
    running.host.cancel_where(|_| true);
    running.until(|running| !running.permits.pauses());
    is_there.store(true, Ordering::Relaxed);
    running.call("urn:down");
    assert_eq!(running.ended().execution.status(), Some(Status::Succeeded));
    assert!(running.permits.outages(std::time::Instant::now()).next().is_none());
}

#[test]
fn a_call_that_a_service_takes_and_never_answers_is_given_up() {
    let never = Does::Miss(Contact::Broken, Arc::default());
    let mut running = Running::new(4, [("urn:breaks", never)]);
    running.call("urn:breaks");
    assert_eq!(cause(&running.ended()), "on purpose");
}
