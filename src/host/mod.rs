//! Many executions on one thread.
//!
//! # The contract
//!
//! 1. [`Host::start`] begins an execution. Most end in that call and come back at once; the others stay with what their
//!    owner wants kept of where they come from: the *origin*.
//! 2. [`Host::drive`] gives executions their turns: those whose answers have come, whose time has, or that used up a turn.
//! 3. After every `start` and `drive` the owner takes [what ended](Host::take_ended), and gives the executions
//!    [back](Host::give_back) for reuse.
//! 4. [`Calls`] carries out what executions ask of the world. Answers come back through the [`Mailbox`] only, from this
//!    thread or any other. What a task with a token waits for comes by [`Callbacks`], if the host
//!    [takes](Host::taking_callbacks) them.
//!    A call that waits for the other side, because that is not there, is *held*: no time goes by for its execution meanwhile.
//! 5. Time goes by only through the `now` of these calls. [`Host::time_to_next_turn`] tells when `drive` is wanted at the latest.
//!
//! With made-up calls and a made-up clock a host runs in virtual time: see the tests in `tests/simulation`.
//!
//! **Invariant:** an answer reaches the execution that asked for it, or nobody: what ended or was removed is not found by it.

mod awaited;
mod breaker;
mod callback;
mod calls;
mod clock;
mod deliver;
mod gate;
mod local;
mod mailbox;
mod permits;
mod running;
mod slots;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use callback::{Callback, CallbackError, Callbacks};
pub use calls::{Address, Calls, Origin, carry_out, request};
pub use clock::{Clock, Now};
pub use gate::Outage;
pub use local::LocalCalls;
pub use mailbox::Mailbox;
pub use permits::Permits;
pub use slots::Key;

use crate::engine::{CallId, Effect, EventError, Execution, Limits, Progress, StateCounts, StateTally, Timestamp};
use crate::identity::{Identity, TokenCall};
use crate::program::Program;
use awaited::Awaited;
use callback::Registration;
use mailbox::Letter;
use running::Running;
use slots::Slots;

/// Idle executions that are kept for reuse. More are only needed while many wait at a time, and each holds a heap.
const MAX_IDLE: usize = 64;

/// Many executions on one thread: see the [module](self).
///
/// `O` is where executions come from (a Kafka record, a line of a file, a request); `C` carries out their calls.
#[derive(Debug)]
pub struct Host<O, C: Calls<O>> {
    limits: Limits,
    record_history: bool,
    /// Per program, if states are counted.
    state_counts: Option<Vec<Arc<StateCounts>>>,
    calls: C,
    mailbox: Mailbox,
    callbacks: Option<Registration>,
    awaited: Awaited,
    /// How many executions were started.
    begun: u64,
    running: Slots<Running<O, C::Handle>>,
    /// Whose turn it is, each once.
    ready: VecDeque<Key>,
    /// In milliseconds of the monotonic clock.
    timers: BinaryHeap<Reverse<(i64, Key)>>,
    ended: VecDeque<Ended<O>>,
    /// The execution whose turn it is.
    turn: Option<Key>,
    /// Bytes that the executions which have not ended hold.
    memory: usize,
    /// Units of work that executions did, all together.
    work_done: u64,
    #[expect(
        clippy::vec_box,
        reason = "executions are large and go back and forth: a pointer moves, not the execution"
    )]
    idle: Vec<Box<Execution>>,
}

/// How [`Host::start`] went.
#[derive(Debug)]
pub enum Started {
    /// The execution has ended; give it back when its result is taken.
    Ended(Box<Execution>),
    /// It waits, or used up its turn.
    Running(Key),
}

/// An execution that has ended, and what was kept of where it comes from.
#[derive(Debug)]
pub struct Ended<O> {
    /// Give it back when its result is taken.
    pub execution: Box<Execution>,
    /// What `keep` gave when it began.
    pub origin: O,
}

impl<O, C: Calls<O>> Host<O, C> {
    /// A host without executions. `mailbox` is the one that `calls` answers to.
    pub fn new(limits: Limits, mailbox: Mailbox, calls: C) -> Self {
        Host {
            limits,
            record_history: false,
            state_counts: None,
            calls,
            mailbox,
            callbacks: None,
            awaited: Awaited::default(),
            begun: 0,
            running: Slots::default(),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            ended: VecDeque::new(),
            turn: None,
            memory: 0,
            work_done: 0,
            idle: Vec::new(),
        }
    }

    /// Records the history of the executions that start from now on.
    #[must_use]
    pub fn recording_history(mut self) -> Self {
        self.record_history = true;
        self
    }

    /// Counts what the executions that start from now on do, state by state: see [`drain_states`](Host::drain_states).
    #[must_use]
    pub fn counting_states(mut self) -> Self {
        self.state_counts = Some(Vec::new());
        self
    }

    /// Gives what was counted since the last drain, for each state that has done anything. Several versions of a workflow may
    /// each have a state of a name.
    pub fn drain_states(&mut self, mut each: impl FnMut(&str, StateTally)) {
        let Some(counts) = &mut self.state_counts else { return };
        counts.iter().for_each(|counts| counts.drain(&mut each));
        // Nobody else has them: their program is no longer run.
        counts.retain(|counts| Arc::strong_count(counts) > 1);
    }

    /// Begins an execution of `program` on `event`, a JSON text, and gives it its first turn. `keep` is asked for its origin
    /// only if it does not end in that turn.
    ///
    /// # Errors
    /// [`EventError`]: the event can't be run.
    pub fn start(
        &mut self,
        program: &Arc<Program>,
        event: &[u8],
        identity: &Identity<'_>,
        now: Now,
        keep: impl FnOnce() -> O,
    ) -> Result<Started, EventError> {
        let mut execution = self.idle_execution();
        self.begun += 1;
        if let Some(callbacks) = &self.callbacks {
            execution.issue_tokens(&callbacks.maker, self.begun);
        }
        if let Some(counts) = &mut self.state_counts
            && !execution.state_counts().is_some_and(|counts| counts.are_of(program))
        {
            execution.count_states(counts_of(counts, program));
        }
        if let Err(error) = execution.start(program, event, identity, now.wall) {
            self.give_back(execution);
            return Err(error);
        }
        let progress = execution.run(now.wall);
        self.work_done += execution.work_done();
        match progress {
            Progress::Ended => Ok(Started::Ended(execution)),
            progress => Ok(Started::Running(self.keep(execution, progress, now, keep()))),
        }
    }

    /// Takes over an execution that was started elsewhere and gives it its first turn in the next [`drive`](Host::drive).
    pub fn adopt(&mut self, execution: Box<Execution>, origin: O, now: Now) -> Key {
        self.begun += 1;
        self.keep(execution, Progress::Yielded, now, origin)
    }

    /// An execution to start with.
    fn idle_execution(&mut self) -> Box<Execution> {
        self.idle.pop().unwrap_or_else(|| {
            let mut execution = Box::new(Execution::new(self.limits.clone()));
            if self.record_history {
                execution.record_history();
            }
            execution
        })
    }

    /// Gives an execution back for reuse.
    pub fn give_back(&mut self, execution: Box<Execution>) {
        if self.idle.len() < MAX_IDLE {
            self.idle.push(execution);
        }
    }

    fn keep(&mut self, mut execution: Box<Execution>, progress: Progress, now: Now, origin: O) -> Key {
        // A heap that was used for a large event must not make a small one that waits look large.
        execution.trim_memory();
        let key = self.running.insert(Running::new(execution, origin, self.begun, now));
        self.after_run(key, progress, now);
        key
    }

    /// Delivers the answers that have come, and gives executions whose turn it is one turn each: at most `turns` of them, and no
    /// further one once they have done the work of a whole turn, since `now` is as old as that. Whether there was anything to do.
    pub fn drive(&mut self, now: Now, turns: usize) -> bool {
        let mut worked = false;
        let enough = self.enough_work();
        while self.work_done < enough
            && let Some(letter) = self.mailbox.take()
        {
            worked = true;
            match letter {
                Letter::Answer { to, answer } => self.resume(to, answer, now),
                Letter::Submitted { to, answer } => self.submitted(to, answer, now),
                Letter::Callback(delivery) => self.callback(delivery, now),
                Letter::Held { call, is_held } => self.hold(call, is_held, now),
            }
        }
        // An answer that has come is in time: it is delivered before the timer of its call is looked at. And before any turn: what
        // came together is seen together, whatever others did meanwhile.
        if self.has_answers() {
            self.turn = None;
            return worked;
        }
        self.fire_timers(now);
        for _ in 0..turns {
            if self.work_done >= enough {
                break;
            }
            let Some(key) = self.ready.pop_front() else { break };
            let Some(running) = self.running.find(key) else { continue };
            worked = true;
            running.is_ready = false;
            let before = running.execution.work_done();
            self.turn = Some(key);
            let progress = running.execution.run(running.time(now));
            self.work_done += running.execution.work_done() - before;
            self.after_run(key, progress, now);
        }
        self.turn = None;
        worked
    }

    /// Where the execution comes from whose turn [`drive`](Host::drive) did not come to the end of, because it panicked.
    pub fn unfinished_turn(&self) -> Option<&O> {
        Some(&self.running.get(self.turn?)?.origin)
    }

    fn after_run(&mut self, key: Key, progress: Progress, now: Now) {
        self.carry_out_effects(key, now);
        self.count_memory(key);
        match progress {
            Progress::Ended => {
                if let Some((execution, origin)) = self.remove(key) {
                    self.ended.push_back(Ended { execution, origin });
                }
            }
            Progress::Yielded => self.make_ready(key),
            Progress::Suspended => self.set_timer(key),
        }
    }

    fn count_memory(&mut self, key: Key) {
        let Some(running) = self.running.find(key) else { return };
        let before = std::mem::replace(&mut running.memory, running.execution.memory_bytes());
        self.memory = self.memory - before + running.memory;
    }

    fn carry_out_effects(&mut self, key: Key, now: Now) {
        let Some(running) = self.running.find(key) else { return };
        let token = |id: CallId, execution| TokenCall { execution, call: id.ordinal() };
        while let Some(effect) = running.execution.take_effect() {
            match effect {
                Effect::Call(call) => {
                    let (id, to) = (call.id, Address { execution: key, call: call.id });
                    if self.callbacks.is_some() && call.resource.waits_for_callback() {
                        self.awaited.begin(token(id, running.number), to, now);
                    }
                    let handle = self.calls.begin(to, &running.origin, call);
                    running.open_call(id, handle);
                }
                Effect::Cancel(id) => {
                    self.awaited.end(token(id, running.number));
                    if let Some(handle) = running.close_call(id, now) {
                        self.calls.cancel(handle);
                    }
                }
            }
        }
    }

    fn make_ready(&mut self, key: Key) {
        if let Some(running) = self.running.find(key).filter(|running| !running.is_ready) {
            running.is_ready = true;
            self.ready.push_back(key);
        }
    }

    /// Sets when the execution wants to be run again at the latest.
    fn set_timer(&mut self, key: Key) {
        let Some(running) = self.running.find(key) else { return };
        let wake_at = running.wake_at();
        if running.timer == wake_at {
            return;
        }
        running.timer = wake_at;
        if let Some(at) = wake_at {
            self.timers.push(Reverse((at, key)));
        }
    }

    fn fire_timers(&mut self, now: Now) {
        while let Some(Reverse((at, key))) = self.timers.peek().copied()
            && at <= now.monotonic
        {
            self.timers.pop();
            // An entry that no longer is the execution's time was replaced by another one.
            if let Some(running) = self.running.find(key).filter(|running| running.timer == Some(at)) {
                running.timer = None;
                self.make_ready(key);
            }
        }
    }

    /// Takes an execution out; its calls that are still open are cancelled.
    fn remove(&mut self, key: Key) -> Option<(Box<Execution>, O)> {
        let (execution, origin, number, memory, calls) = self.running.remove(key)?.into_parts();
        self.memory -= memory;
        if self.awaited.len() > 0 {
            self.awaited.end_all(number);
        }
        for handle in calls {
            self.calls.cancel(handle);
        }
        Some((execution, origin))
    }

    /// Cancels all executions of such origins: nothing more is heard of them.
    pub fn cancel_where(&mut self, is_meant: impl Fn(&O) -> bool) {
        let keys: Vec<Key> =
            self.running.iter().filter(|(_, running)| is_meant(&running.origin)).map(|(key, _)| key).collect();
        for key in keys {
            if let Some((execution, _)) = self.remove(key) {
                self.give_back(execution);
            }
        }
        self.ended.retain(|ended| !is_meant(&ended.origin));
    }

    /// The next execution that has ended.
    pub fn take_ended(&mut self) -> Option<Ended<O>> {
        self.ended.pop_front()
    }

    /// Does to an execution what no answer can do, and lines it up for a turn. `None` if it has ended.
    pub fn intervene<R>(&mut self, key: Key, now: Now, act: impl FnOnce(&mut Execution, Timestamp) -> R) -> Option<R> {
        let running = self.running.find(key)?;
        let time = running.time(now);
        let result = act(&mut running.execution, time);
        self.carry_out_effects(key, now);
        self.count_memory(key);
        self.make_ready(key);
        Some(result)
    }

    /// Executions that have not ended.
    pub fn waiting(&self) -> usize {
        self.running.len()
    }

    /// Executions of such origins that have not ended, and how many of them stand still because a call of theirs is held.
    pub fn waiting_of(&self, is_meant: impl Fn(&O) -> bool) -> (usize, usize) {
        let meant = self.running.iter().filter(|(_, running)| is_meant(&running.origin));
        meant.fold((0, 0), |(all, still), (_, running)| (all + 1, still + usize::from(running.stands_still())))
    }

    /// Bytes that the values of executions which have not ended hold.
    pub fn memory_bytes(&self) -> usize {
        self.memory
    }

    /// Units of work that the executions have done in their turns so far, all together.
    pub fn work_done(&self) -> u64 {
        self.work_done
    }

    /// Where [`work_done`](Host::work_done) stands when executions will have done the work of one more turn: the time to look
    /// at the clock, and at what else there is to do.
    pub fn enough_work(&self) -> u64 {
        self.work_done.saturating_add(self.limits.work_per_run)
    }

    /// Executions whose turn it is.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether answers have come that no execution has seen yet.
    pub fn has_answers(&self) -> bool {
        !self.mailbox.is_empty()
    }

    /// How long no execution wants its turn, if no answer comes; `None`: for ever. It may be a turn that is no longer wanted.
    pub fn time_to_next_turn(&self, now: Now) -> Option<Duration> {
        if !self.ready.is_empty() || self.has_answers() {
            return Some(Duration::ZERO);
        }
        let Reverse((at, _)) = self.timers.peek()?;
        let left = at.saturating_sub(now.monotonic);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// What carries out the calls.
    pub fn calls(&self) -> &C {
        &self.calls
    }

    /// The same, to change it.
    pub fn calls_mut(&mut self) -> &mut C {
        &mut self.calls
    }
}

/// The counts of a program's states, made where there are none.
fn counts_of(all: &mut Vec<Arc<StateCounts>>, program: &Arc<Program>) -> Arc<StateCounts> {
    if let Some(counts) = all.iter().find(|counts| counts.are_of(program)) {
        return Arc::clone(counts);
    }
    let counts = Arc::new(StateCounts::new(program));
    all.push(Arc::clone(&counts));
    counts
}
