//! Executions: a pure, synchronous interpreter. No I/O, no clock, no threads, no async.
//!
//! # The contract
//!
//! 1. [`Execution::start`] begins an execution of a program on an event. What cannot be run at all is an [`EventError`].
//! 2. [`Execution::run`] goes on until the execution [ends](Progress::Ended), [waits](Progress::Suspended) or has used
//!    its [budget](Progress::Yielded). A workflow without tasks and waits ends in the first call.
//! 3. After every `run` and `resume` the caller takes the [effects](Execution::take_effect) and carries them out.
//! 4. The outcome of a call goes back by [`Execution::resume`]; then `run` again.
//! 5. Time goes by only through the `now` of these calls. [`Execution::wake_at`] tells when `run` is wanted at the
//!    latest. Waits, retry delays and all timeouts work that way, so whoever owns the clock may make it jump.
//!
//! Everything is deterministic for the same program, event, seed, outcomes and times.
//!
//! **Invariant:** an execution frees nothing while it runs; its heap is reset and reused by the next `start`.

mod batches;
mod chain;
mod context;
mod dataset;
mod distributed;
mod event;
mod export;
mod fail;
mod fan_out;
mod fault;
mod flow;
mod frame;
mod history;
mod identity;
mod interpreter;
mod limits;
mod map_run;
mod notes;
mod observe;
mod outcome;
mod place;
mod pool;
mod query;
mod recover;
mod result_writer;
mod run;
mod solo;
mod state;
mod task;
mod time;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use history::{Detail, Event};
pub use limits::Limits;
pub use notes::{Handling, MapBounds, Stage};
pub use observe::{OTHER_ERROR, StateCounts, StateTally};
pub use outcome::{
    CallId, Contact, DataObject, Effect, EventError, Failure, MAX_CAUSE_CHARS, MAX_ERROR_CHARS, Progress, Purpose,
    Status, TaskCall, TaskFailure,
};
pub use solo::Solo;
pub use time::Timestamp;

pub use crate::identity::Identity;
use crate::identity::TokenMaker;
use crate::program::Program;
use crate::value::{Heap, Value};
use interpreter::Interpreter;
use outcome::End;
use run::Run;

/// One execution of a program. It is reusable: keep a pool of them.
#[derive(Debug)]
pub struct Execution {
    heap: Heap,
    /// The program that the heap is seeded with.
    program: Option<Arc<Program>>,
    run: Run,
}

impl Execution {
    /// An idle execution.
    pub fn new(limits: Limits) -> Execution {
        let mut heap = Heap::new();
        heap.limit_bytes(limits.max_heap_bytes);
        Execution { heap, program: None, run: Run::new(limits) }
    }

    /// Records the events of the executions that start from now on. It costs far more than running them.
    pub fn record_history(&mut self) {
        self.run.record_history = true;
    }

    /// The counts that its executions add to, if they are of a program's states; see
    /// [`count_states`](Execution::count_states).
    pub fn state_counts(&self) -> Option<&Arc<StateCounts>> {
        self.run.counts.as_ref()
    }

    /// Counts, from the next start on, what executions do state by state. They must be of the counts' program.
    pub fn count_states(&mut self, counts: Arc<StateCounts>) {
        self.run.counts = Some(counts);
    }

    /// Lets the execution that starts next, as the `number`th of its host, give out tokens for callbacks.
    pub fn issue_tokens(&mut self, maker: &Arc<TokenMaker>, number: u64) {
        match &mut self.run.tokens {
            Some((own, own_number)) if Arc::ptr_eq(own, maker) => *own_number = number,
            tokens => *tokens = Some((Arc::clone(maker), number)),
        }
    }

    /// Begins an execution of `program` on `event`, a JSON text. Whatever ran before is forgotten.
    ///
    /// # Errors
    /// [`EventError`]: the event is not JSON, too large or nested too deep. The execution is idle then.
    pub fn start(
        &mut self,
        program: &Arc<Program>,
        event: &[u8],
        identity: &Identity<'_>,
        now: Timestamp,
    ) -> Result<(), EventError> {
        self.seed(program);
        self.run.reset(identity, now);
        let limits = &self.run.limits;
        let parsed = if event.len() > limits.max_event_bytes {
            Err(EventError::TooLarge { size: event.len(), limit: limits.max_event_bytes })
        } else {
            self.heap.parse_event(event, limits.max_depth).map_err(EventError::from)
        };
        // Without a program it is idle.
        let input = parsed.inspect_err(|_| self.program = None)?;
        self.run.input = input;
        if let Some(record) = identity.kafka.filter(|_| program.reads_kafka()) {
            let record = self.heap.parse_limited(record, limits.max_depth);
            self.run.kafka = Some(record.inspect_err(|_| self.program = None)?);
        }
        let timeout = program.timeout.map_or(limits.timeout, |timeout| timeout.min(limits.timeout));
        self.run.deadline = now.after(timeout);
        self.interpret(|interpreter| interpreter.begin(program.start, event, input));
        Ok(())
    }

    /// Runs until the execution ends, waits, or has done the [work](Limits::work_per_run) of a turn; the state that it is in then
    /// is finished first, within its [own bound](Limits::max_work_per_state).
    pub fn run(&mut self, now: Timestamp) -> Progress {
        self.run.now = now;
        self.interpret(|interpreter| interpreter.run())
    }

    /// Delivers the outcome of a task call: a JSON text (for data that is read, see [`Purpose`]) or a failure. The outcome of a call that is no longer waited for
    /// is ignored. Call [`run`](Execution::run) afterwards.
    pub fn resume(&mut self, call: CallId, outcome: Result<&[u8], TaskFailure>, now: Timestamp) {
        self.run.now = now;
        self.interpret(|interpreter| interpreter.resume(call, outcome));
    }

    /// Delivers what came of the request that a task's callback is to follow: it was accepted, with this answer, or it failed,
    /// which fails the task. Call [`run`](Execution::run) afterwards.
    pub fn submitted(&mut self, call: CallId, outcome: Result<&[u8], TaskFailure>, now: Timestamp) {
        self.run.now = now;
        self.interpret(|interpreter| interpreter.submitted(call, outcome));
    }

    /// Whoever works at a task shows a sign of life: its heartbeat starts again.
    pub fn heartbeat(&mut self, call: CallId, now: Timestamp) {
        self.run.now = now;
        self.run.heartbeat(call);
    }

    /// The next effect asked for; take them all after every `run`, `resume` and before the next.
    pub fn take_effect(&mut self) -> Option<Effect> {
        self.run.effects.pop_front()
    }

    /// When the execution wants to be run again at the latest, if no outcome comes before; `None` if it has ended or was
    /// never started.
    pub fn wake_at(&mut self) -> Option<Timestamp> {
        self.program.as_ref().and_then(|_| self.run.wake_at())
    }

    /// How the execution ended; `None` while it runs.
    pub fn status(&self) -> Option<Status> {
        self.run.end.as_ref().map(|end| match end {
            End::Succeeded(_) => Status::Succeeded,
            End::Failed(_) => Status::Failed,
            End::TimedOut(_) => Status::TimedOut,
        })
    }

    /// Appends the output as compact JSON, if the execution has succeeded.
    pub fn write_output(&self, out: &mut Vec<u8>) {
        if let Some(End::Succeeded(output)) = self.run.end {
            self.heap.write(output, out);
        }
    }

    /// The error, if the execution has failed or timed out.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.run.end {
            Some(End::Failed(failure) | End::TimedOut(failure)) => Some(failure),
            _ => None,
        }
    }

    /// The recorded events, in order. See [`record_history`](Execution::record_history).
    pub fn history(&self) -> &[Event] {
        &self.run.history
    }

    /// States entered so far.
    pub fn transitions(&self) -> u64 {
        self.run.transitions
    }

    /// Units of work done since the execution was started: see [`Limits::work_per_run`].
    #[inline]
    pub fn work_done(&self) -> u64 {
        self.heap.work_done()
    }

    /// Retries begun so far, of all states together.
    pub fn retries(&self) -> u64 {
        self.run.retries
    }

    /// Bytes of memory that the execution's values hold, used or kept for reuse.
    pub fn memory_bytes(&self) -> usize {
        self.heap.bytes_held()
    }

    /// Gives back memory that is kept for reuse: worth its while before a long wait.
    pub fn trim_memory(&mut self) {
        self.heap.trim();
    }

    fn seed(&mut self, program: &Arc<Program>) {
        match &self.program {
            // Comparing pointers saves two atomic writes to a counter that all shards share.
            Some(seeded) if Arc::ptr_eq(seeded, program) => self.heap.reset(),
            _ => {
                self.heap.seed_from(&program.constants);
                self.program = Some(Arc::clone(program));
            }
        }
    }

    fn interpret<R: Default>(&mut self, step: impl FnOnce(&mut Interpreter<'_>) -> R) -> R {
        let Some(program) = self.program.take() else { return R::default() };
        let result = step(&mut Interpreter { heap: &mut self.heap, run: &mut self.run, program: &program });
        self.program = Some(program);
        result
    }
}

/// A value that stands for "no data yet" in fields that are always set before they are read.
const UNSET: Value = Value::Null;
