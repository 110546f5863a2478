//! Carries an execution to its end: a clock that may jump, and tasks that answer from mocks or connectors.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Trouble;
use crate::engine::{CallId, Effect, Execution, Identity, Progress, Purpose, Status, TaskCall, TaskFailure, Timestamp};
use crate::task::{Answer, Connectors, MockCase, Request};

/// The time that an execution sees.
pub(super) struct Clock {
    begun: Instant,
    begun_at: i64,
    /// Milliseconds that were jumped over.
    skipped: i64,
    fast_forward: bool,
}

impl Clock {
    pub(super) fn new(fast_forward: bool) -> Clock {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let begun_at = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        Clock { begun: Instant::now(), begun_at, skipped: 0, fast_forward }
    }

    pub(super) fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.begun_at.saturating_add(elapsed).saturating_add(self.skipped))
    }

    fn jump_to(&mut self, time: Timestamp) {
        self.skipped = self.skipped.saturating_add((time.0.saturating_sub(self.now().0)).max(0));
    }

    /// A turn of an execution that does not wait: on a clock that jumps, time goes by with the states it enters.
    fn turn_over(&mut self) {
        if self.fast_forward {
            self.skipped += 1000;
        }
    }
}

/// Who an execution is.
pub(super) struct OwnedIdentity {
    machine: String,
    machine_id: String,
    name: String,
    id: Arc<str>,
    seed: u64,
}

impl OwnedIdentity {
    pub(super) fn new(machine: &str, name: Option<&str>, seed: Option<u64>) -> OwnedIdentity {
        let mut random = fastrand::Rng::new();
        let seed = seed.unwrap_or_else(|| random.u64(..));
        let unique = || uuid::Builder::from_random_bytes(fastrand::Rng::with_seed(seed).u128(..).to_be_bytes());
        let name = name.map_or_else(|| unique().into_uuid().to_string(), str::to_owned);
        OwnedIdentity {
            machine_id: format!("arn:aws:states:us-east-1:000000000000:stateMachine:{machine}"),
            id: format!("arn:aws:states:us-east-1:000000000000:execution:{machine}:{name}").into(),
            machine: machine.to_owned(),
            name,
            seed,
        }
    }

    pub(super) fn as_identity(&self) -> Identity<'_> {
        Identity {
            name: &self.name,
            id: &self.id,
            state_machine_name: &self.machine,
            state_machine_id: &self.machine_id,
            role_arn: "arn:aws:iam::000000000000:role/stepstream",
            seed: self.seed,
        }
    }
}

/// What answers task calls.
pub(super) struct Tasks {
    mocks: Option<MockCase>,
    connectors: Connectors,
}

impl Tasks {
    pub(super) fn new(mocks: Option<MockCase>, connectors: Connectors) -> Tasks {
        Tasks { mocks, connectors }
    }
}

/// Runs a started execution until it ends.
pub(super) fn to_the_end(
    execution: &mut Execution,
    clock: &mut Clock,
    tasks: &mut Tasks,
    identity: &OwnedIdentity,
) -> Result<Status, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut calls = Calls::new();
        loop {
            let progress = execution.run(clock.now());
            let mut answered = false;
            while let Some(effect) = execution.take_effect() {
                match effect {
                    Effect::Cancel(call) => calls.cancel(call),
                    Effect::Call(call) => answered |= begin_call(execution, clock, tasks, identity, &mut calls, call)?,
                }
            }
            match progress {
                Progress::Ended => break,
                Progress::Yielded => clock.turn_over(),
                Progress::Suspended if answered => {}
                Progress::Suspended => wait(execution, clock, &mut calls).await,
            }
        }
        execution.status().ok_or_else(|| Trouble::Message("the execution did not start".to_owned()))
    })
}

/// Answers a call from the mocks (`true`) or hands it to its connector (`false`).
fn begin_call(
    execution: &mut Execution,
    clock: &Clock,
    tasks: &mut Tasks,
    identity: &OwnedIdentity,
    calls: &mut Calls,
    call: TaskCall,
) -> Result<bool, Trouble> {
    if let Some(answer) = tasks.mocks.as_mut().and_then(|mocks| mocks.answer(&call.state)) {
        let answer = if call.purpose == Purpose::Task { answer } else { answer.map(contents) };
        deliver(execution, call.id, answer, clock.now());
        return Ok(true);
    }
    let Some(connector) = tasks.connectors.find(&call.resource) else {
        return Err(Trouble::Message(format!(
            "the state \"{}\" calls {}, which nothing answers: give --mocks and --test-case with responses for this state, \
             {}or --config with a [[task]] entry for this Resource",
            call.state,
            call.resource,
            if call.purpose == Purpose::Task { "" } else { "--data with a folder of buckets, " }
        )));
    };
    let future = connector.call(Request {
        purpose: call.purpose,
        resource: Arc::clone(&call.resource),
        state: Arc::clone(&call.state),
        input: call.input,
        idempotency_key: format!("{}/{}", identity.name, call.ordinal),
        timeout: call.timeout,
        execution: Arc::clone(&identity.id),
    });
    calls.begin(call.id, call.ordinal, future);
    Ok(false)
}

/// The bytes of a mocked object: a text stands for itself, anything else is a JSON object.
fn contents(mocked: Vec<u8>) -> Vec<u8> {
    serde_json::from_slice::<String>(&mocked).map_or(mocked, String::into_bytes)
}

fn deliver(execution: &mut Execution, call: CallId, answer: Answer, now: Timestamp) {
    match answer {
        Ok(result) => execution.resume(call, Ok(&result), now),
        Err(failure) => execution.resume(call, Err(failure), now),
    }
}

/// Until the next outcome, or until the execution wants to be woken. On a clock that jumps, only calls take time.
async fn wait(execution: &mut Execution, clock: &mut Clock, calls: &mut Calls) {
    let wake_at = execution.wake_at();
    if clock.fast_forward && calls.running.is_empty() {
        if let Some(time) = wake_at {
            clock.jump_to(time);
        }
        return;
    }
    let pause = match wake_at {
        Some(time) if !clock.fast_forward => time.until(clock.now()),
        _ => Duration::MAX,
    };
    if let Ok((call, ordinal, answer)) = tokio::time::timeout(pause, calls.next()).await {
        calls.running.remove(&ordinal);
        deliver(execution, call, answer, clock.now());
    }
}

type Outcome = (CallId, u64, Answer);

/// Calls of connectors that are under way.
struct Calls {
    running: HashMap<u64, (CallId, AbortHandle)>,
    sender: mpsc::UnboundedSender<Outcome>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
}

impl Calls {
    fn new() -> Calls {
        let (sender, outcomes) = mpsc::unbounded_channel();
        Calls { running: HashMap::new(), sender, outcomes }
    }

    fn begin(&mut self, call: CallId, ordinal: u64, future: impl Future<Output = Answer> + Send + 'static) {
        let sender = self.sender.clone();
        let task = tokio::spawn(async move {
            // Nobody listens any more only when the execution has ended.
            let _ = sender.send((call, ordinal, future.await));
        });
        self.running.insert(ordinal, (call, task.abort_handle()));
    }

    fn cancel(&mut self, call: CallId) {
        self.running.retain(|_, (running, task)| {
            let cancelled = *running == call;
            if cancelled {
                task.abort();
            }
            !cancelled
        });
    }

    async fn next(&mut self) -> Outcome {
        match self.outcomes.recv().await {
            Some(outcome) => outcome,
            // The sender lives in `self`.
            None => std::future::pending::<(CallId, u64, Result<Vec<u8>, TaskFailure>)>().await,
        }
    }
}
