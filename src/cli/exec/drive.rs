//! Carries an execution to its end: a clock that may jump, and tasks that answer from mocks or connectors.

use std::sync::Arc;
use std::time::Duration;

use super::Trouble;
use crate::engine::{Execution, Identity, Limits, Purpose, TaskCall, TaskFailure, Timestamp};
use crate::host::{Address, Calls, Clock as MachineClock, Host, LocalCalls, Mailbox, Now, Origin, Permits, Started};
use crate::identity::Realm;
use crate::limits::MAX_CONCURRENT_TASKS;
use crate::program::Program;
use crate::task::{Connectors, Entry, Misfit, MockCase, Resolved, UnmatchedResources};
use crate::visible::visible;

/// Time that a turn takes on a clock that jumps: with the states it enters, time goes by.
const TURN: Duration = Duration::from_secs(1);
/// The longest rest: an answer ends it at once.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The time that an execution sees.
struct Clock {
    machine: MachineClock,
    /// Milliseconds that were jumped over.
    skipped: i64,
}

impl Clock {
    fn now(&self) -> Now {
        let Now { monotonic, wall } = self.machine.now();
        Now { monotonic: monotonic.saturating_add(self.skipped), wall: Timestamp(wall.0.saturating_add(self.skipped)) }
    }

    fn skip(&mut self, time: Duration) {
        self.skipped = self.skipped.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    }
}

/// Who an execution is.
pub(super) struct OwnedIdentity {
    machine: String,
    machine_id: String,
    name: String,
    id: Arc<str>,
    role: String,
    seed: u64,
    /// `$$.Kafka`, as JSON.
    pub(super) kafka: Option<Vec<u8>>,
}

impl OwnedIdentity {
    pub(super) fn new(realm: &Realm, machine: &str, name: Option<&str>, seed: Option<u64>) -> OwnedIdentity {
        let mut random = fastrand::Rng::new();
        let seed = seed.unwrap_or_else(|| random.u64(..));
        let unique = || uuid::Builder::from_random_bytes(fastrand::Rng::with_seed(seed).u128(..).to_be_bytes());
        let name = name.map_or_else(|| unique().into_uuid().to_string(), str::to_owned);
        OwnedIdentity {
            machine_id: realm.state_machine_arn(machine),
            id: realm.execution_arn(machine, &name).into(),
            machine: machine.to_owned(),
            name,
            role: realm.role_arn(),
            seed,
            kafka: None,
        }
    }

    fn as_identity(&self) -> Identity<'_> {
        Identity {
            name: &self.name,
            id: &self.id,
            state_machine_name: &self.machine,
            state_machine_id: &self.machine_id,
            role_arn: &self.role,
            seed: self.seed,
            kafka: self.kafka.as_deref(),
        }
    }
}

/// What answers task calls: mocks first, then connectors.
pub(super) struct Tasks {
    pub(super) mocks: Option<MockCase>,
    pub(super) connectors: Connectors,
}

/// How the execution is run.
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) record_history: bool,
    pub(super) fast_forward: bool,
    pub(super) identity: OwnedIdentity,
    /// What the input is called in messages: empty, or a blank and its file.
    pub(super) input_name: String,
}

/// Where the one execution comes from: the command line.
struct CommandLine {
    identity: Arc<OwnedIdentity>,
    connectors: Resolved,
}

impl Origin for CommandLine {
    fn name(&self) -> &str {
        &self.identity.name
    }

    fn arn(&self) -> &Arc<str> {
        &self.identity.id
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.connectors.entry(call)
    }
}

/// Answers from mocks, and hands the other calls on.
struct MockedCalls {
    mocks: Option<MockCase>,
    mailbox: Mailbox,
    connected: LocalCalls,
    /// A call that nothing answers.
    unanswered: Option<String>,
}

impl Calls<CommandLine> for MockedCalls {
    type Handle = <LocalCalls as Calls<CommandLine>>::Handle;

    fn begin(&mut self, to: Address, origin: &CommandLine, call: TaskCall) -> Self::Handle {
        if let Some(answer) = self.mocks.as_mut().and_then(|mocks| mocks.answer(&call.state)) {
            self.mailbox.post(to, if call.purpose == Purpose::Task { answer } else { answer.map(contents) });
            return None;
        }
        if let Some(fault) = origin.connectors.fault(&call) {
            self.unanswered.get_or_insert_with(|| unanswered(&call, fault));
        }
        self.connected.begin(to, origin, call)
    }

    fn cancel(&mut self, handle: Self::Handle) {
        Calls::<CommandLine>::cancel(&mut self.connected, handle);
    }
}

/// Runs an execution from its start until it ends.
pub(super) fn to_the_end(
    program: &Arc<Program>,
    input: &[u8],
    setup: Setup,
    tasks: Tasks,
) -> Result<Box<Execution>, Trouble> {
    let (mailbox, permits) = (Mailbox::default(), Arc::new(Permits::new(MAX_CONCURRENT_TASKS, &tasks.connectors)));
    let connected = LocalCalls::new("exec".into(), permits, mailbox.clone())?;
    let calls = MockedCalls { mocks: tasks.mocks, mailbox: mailbox.clone(), connected, unanswered: None };
    let mut host = Host::new(setup.limits, mailbox, calls);
    if setup.record_history {
        host = host.recording_history();
    }
    let mut clock = Clock { machine: MachineClock::new(), skipped: 0 };
    let identity = Arc::new(setup.identity);
    let keep =
        || CommandLine { identity: Arc::clone(&identity), connectors: tasks.connectors.resolve(program.resources()) };
    match host.start(program, input, &identity.as_identity(), clock.now(), keep) {
        Ok(Started::Ended(execution)) => Ok(execution),
        Ok(Started::Running(_)) => drive(&mut host, &mut clock, setup.fast_forward),
        Err(error) => {
            let told = error.to_string();
            let told = told.strip_prefix("the event").unwrap_or(&told);
            Err(Trouble::Message(format!("the input{}{told}", setup.input_name)))
        }
    }
}

fn drive(
    host: &mut Host<CommandLine, MockedCalls>,
    clock: &mut Clock,
    fast_forward: bool,
) -> Result<Box<Execution>, Trouble> {
    loop {
        let worked = host.drive(clock.now(), 1);
        if let Some(fault) = host.calls_mut().unanswered.take() {
            return Err(Trouble::Message(fault));
        }
        if let Some(ended) = host.take_ended() {
            return Ok(ended.execution);
        }
        if host.ready() > 0 {
            if fast_forward {
                clock.skip(TURN);
            }
            continue;
        }
        if worked || host.has_answers() {
            host.calls().connected.turn();
            continue;
        }
        rest(host, clock, fast_forward);
    }
}

/// Until the next answer, or until the execution wants its turn. On a clock that jumps, only calls take time.
fn rest(host: &Host<CommandLine, MockedCalls>, clock: &mut Clock, fast_forward: bool) {
    let calls = &host.calls().connected;
    match host.time_to_next_turn(clock.now()) {
        Some(time) if fast_forward && calls.open() == 0 => clock.skip(time),
        Some(time) if !fast_forward => calls.wait(time.min(LONGEST_REST)),
        _ => calls.wait(LONGEST_REST),
    }
}

/// What a person has to do who runs a state that nothing answers.
fn unanswered(call: &TaskCall, fault: &UnmatchedResources) -> String {
    let misfit = fault.misfits.first();
    format!(
        "the state \"{}\" calls {}, which nothing answers: give --mocks and --test-case with responses for this state, \
         {}or --config with a [[task]] entry for this Resource{}",
        visible(&call.state),
        visible(call.resource.as_str()),
        if call.purpose == Purpose::Task { "" } else { "--data with a folder of buckets, " },
        misfit.map_or_else(String::new, |Misfit { kind, why, .. }| format!("; the connector \"{kind}\" {why}"))
    )
}

/// The bytes of a mocked object: a text stands for itself, anything else is a JSON object.
fn contents(mocked: Vec<u8>) -> Vec<u8> {
    serde_json::from_slice::<String>(&mocked).map_or(mocked, String::into_bytes)
}
