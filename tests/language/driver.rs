//! The world around an execution, with a clock that jumps to what happens next.

use std::sync::Arc;

use serde_json::Value;
use stepstream::engine::{
    CallId, DataObject, Detail, Effect, Event, EventError, Execution, Failure, Identity, Progress, Purpose, Status,
    TaskCall, TaskFailure, Timestamp,
};
use stepstream::program::Program;

/// When every execution begins: 2026-01-02T03:04:05Z.
pub const START: Timestamp = Timestamp(1_767_323_045_000);

/// Turns after which an execution is taken for endless.
const MAX_TURNS: usize = 5_000_000;

/// What a task does with a call: answers after some milliseconds, or never.
pub struct Answer {
    pub after_millis: i64,
    pub outcome: Option<Result<Vec<u8>, TaskFailure>>,
}

/// How time goes by.
#[derive(Clone, Copy, Default)]
pub struct Clock {
    /// What a run costs that used up its transitions.
    pub millis_per_turn: i64,
}

/// A call as the world saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub at_millis: i64,
    pub state: String,
    pub resource: String,
    pub input: String,
    pub timeout: Option<u64>,
    pub heartbeat: Option<u64>,
    pub retry_count: u32,
    pub credentials: Option<String>,
    pub task_token: Option<String>,
    /// Keys and bodies of the objects that are to be stored.
    pub objects: Vec<(String, String)>,
}

/// How an execution went.
#[derive(Debug)]
pub struct Outcome {
    pub status: Status,
    pub output: Option<String>,
    pub failure: Option<Failure>,
    pub elapsed_millis: i64,
    pub calls: Vec<Call>,
    pub cancelled: usize,
    /// The most calls that were under way at once.
    pub most_calls: usize,
    pub retries: u64,
    pub transitions: u64,
    /// Types of the recorded events.
    pub events: Vec<&'static str>,
    /// The number of the event that each of them follows.
    pub previous_events: Vec<u64>,
    /// Their members.
    pub details: Vec<Value>,
    /// Names of the states entered, from the recorded events.
    pub states: Vec<String>,
}

impl Outcome {
    /// What the owner of the execution gets to know, as a text.
    pub fn end(&self) -> String {
        format!("{} {:?} {:?} after {} ms", self.status, self.output, self.failure, self.elapsed_millis)
    }

    /// The same without the numbers of events, which depend on the order in which branches go on.
    pub fn end_without_numbers(&self) -> String {
        let mut parts = self.end();
        while let Some(at) = parts.find('#') {
            let digits = parts[at + 1..].chars().take_while(char::is_ascii_digit).count();
            parts.replace_range(at..at + 1 + digits, "");
        }
        parts
    }
}

struct Pending {
    when: i64,
    order: u64,
    id: CallId,
    outcome: Option<Result<Vec<u8>, TaskFailure>>,
}

/// Everything that the execution asked for, and what is still under way.
struct World<F> {
    answer: F,
    pending: Vec<Pending>,
    calls: Vec<Call>,
    cancelled: usize,
    most_calls: usize,
}

impl<F: FnMut(&TaskCall) -> Answer> World<F> {
    /// Takes all effects. An outcome that comes too late comes all the same; it must be ignored.
    fn take_effects(&mut self, execution: &mut Execution, now: Timestamp) {
        let mut late = Vec::new();
        while let Some(effect) = execution.take_effect() {
            match effect {
                Effect::Call(call) => self.begin(call, now),
                Effect::Cancel(id) => {
                    let at = self.pending.iter().position(|call| call.id == id).expect("a call is cancelled only once");
                    self.pending.swap_remove(at);
                    self.cancelled += 1;
                    late.push(id);
                }
            }
        }
        for id in late {
            execution.resume(id, Ok(b"\"late\""), now);
        }
    }

    fn begin(&mut self, call: TaskCall, now: Timestamp) {
        assert_eq!(call.ordinal, self.calls.len() as u64, "calls are numbered without gaps");
        let Answer { after_millis, outcome } = (self.answer)(&call);
        self.pending.push(Pending { when: now.0 + after_millis, order: call.ordinal, id: call.id, outcome });
        self.most_calls = self.most_calls.max(self.pending.len());
        let objects = match call.purpose {
            Purpose::WriteObjects(objects) => objects,
            _ => Vec::new(),
        };
        let texts = |object: DataObject| (object.key, String::from_utf8(object.body).expect("results are texts"));
        self.calls.push(Call {
            objects: objects.into_iter().map(texts).collect(),
            at_millis: now.0 - START.0,
            state: call.state.to_string(),
            resource: call.resource.to_string(),
            input: String::from_utf8(call.input).expect("inputs are texts"),
            timeout: call.timeout.map(|timeout| timeout.as_secs()),
            heartbeat: call.heartbeat.map(|heartbeat| heartbeat.as_secs()),
            retry_count: call.retry_count,
            credentials: call.credentials,
            task_token: call.task_token,
        });
    }

    /// The answer that comes first, if it comes before `limit`.
    fn next(&mut self, limit: Timestamp) -> Option<(Timestamp, CallId, Result<Vec<u8>, TaskFailure>)> {
        let answered = self.pending.iter().enumerate().filter(|(_, call)| call.outcome.is_some());
        let (index, first) = answered.min_by_key(|(_, call)| (call.when, call.order))?;
        if first.when > limit.0 {
            return None;
        }
        let Pending { when, id, outcome, .. } = self.pending.swap_remove(index);
        outcome.map(|outcome| (Timestamp(when), id, outcome))
    }
}

pub fn identity(seed: u64) -> Identity<'static> {
    Identity {
        name: "orders-0-42",
        id: "arn:aws:states:us-east-1:000000000000:express:orders:orders-0-42",
        state_machine_name: "orders",
        state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:orders",
        role_arn: "arn:aws:iam::000000000000:role/orders",
        seed,
        kafka: None,
    }
}

/// Runs an execution to its end. `answer` says what the tasks do.
pub fn run(
    execution: &mut Execution,
    program: &Arc<Program>,
    event: &[u8],
    clock: Clock,
    answer: impl FnMut(&TaskCall) -> Answer,
) -> Result<Outcome, EventError> {
    let mut now = START;
    execution.start(program, event, &identity(7), now)?;
    let mut world = World { answer, pending: Vec::new(), calls: Vec::new(), cancelled: 0, most_calls: 0 };
    for _ in 0..MAX_TURNS {
        let progress = execution.run(now);
        world.take_effects(execution, now);
        match progress {
            Progress::Ended => return Ok(outcome(execution, world, now)),
            Progress::Yielded => now.0 += clock.millis_per_turn,
            Progress::Suspended => {
                let wake_at = execution.wake_at().expect("who has not ended wants to be woken");
                match world.next(wake_at) {
                    Some((when, id, result)) => {
                        now = now.max(when);
                        execution.resume(id, result.as_deref().map_err(Clone::clone), now);
                        world.take_effects(execution, now);
                        execution.resume(id, Ok(b"\"twice\""), now);
                    }
                    None => now = now.max(wake_at),
                }
            }
        }
    }
    panic!("the execution does not end");
}

fn outcome<F>(execution: &mut Execution, world: World<F>, now: Timestamp) -> Outcome {
    assert!(world.pending.is_empty(), "an execution that has ended waits for nothing");
    assert_eq!(execution.wake_at(), None, "an execution that has ended wants nothing");
    let status = execution.status().expect("it has ended");
    let mut output = Vec::new();
    execution.write_output(&mut output);
    let entered = execution.history().iter().filter(|event| event.kind.ends_with("StateEntered"));
    let name = |(key, detail): &(&str, Detail)| match detail {
        Detail::Text(name) if *key == "name" => Some(name.clone()),
        _ => None,
    };
    Outcome {
        status,
        output: (status == Status::Succeeded).then(|| String::from_utf8(output).expect("outputs are texts")),
        failure: execution.failure().cloned(),
        elapsed_millis: now.0 - START.0,
        calls: world.calls,
        cancelled: world.cancelled,
        most_calls: world.most_calls,
        retries: execution.retries(),
        transitions: execution.transitions(),
        events: execution.history().iter().map(|event| event.kind).collect(),
        previous_events: execution.history().iter().map(|event| event.previous_id).collect(),
        details: execution.history().iter().map(details).collect(),
        states: entered.filter_map(|event| event.details.iter().find_map(name)).collect(),
    }
}

fn details(event: &Event) -> Value {
    let shown = |detail: &Detail| match detail {
        Detail::Text(text) | Detail::Data(text) | Detail::Role(text) => Value::from(text.as_str()),
        Detail::Number(number) => Value::from(*number),
        Detail::Variables(all) => all.iter().map(|(name, json)| (name.clone(), Value::from(json.as_str()))).collect(),
    };
    event.details.iter().map(|(key, detail)| ((*key).to_owned(), shown(detail))).collect()
}
