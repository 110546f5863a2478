//! What an execution is made of, besides its heap and its program.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::frame::{FanOut, Frame, Group, Wait};
use super::history::Event;
use super::identity::{OwnedIdentity, Who};
use super::notes::Notes;
use super::observe::StateCounts;
use super::outcome::{Effect, End};
use super::pool::{Id, Pool};
use super::time::Timestamp;
use super::{CallId, Identity, Limits, UNSET};
use crate::identity::{TokenCall, TokenMaker, task_token};
use crate::program::{Kind, Program};
use crate::value::{Heap, Str, Value};

#[derive(Debug)]
pub(super) struct Run {
    pub(super) limits: Limits,
    pub(super) frames: Pool<Frame>,
    pub(super) groups: Pool<Group>,
    /// What can go on right now, the next last.
    pub(super) pending: Vec<Pending>,
    pub(super) timers: BinaryHeap<Reverse<Timer>>,
    pub(super) effects: VecDeque<Effect>,
    pub(super) variables: Vec<Variable>,
    pub(super) identity: OwnedIdentity,
    /// The execution's input.
    pub(super) input: Value,
    /// `$$.Kafka`, if there is a record and the program reads it.
    pub(super) kafka: Option<Value>,
    pub(super) now: Timestamp,
    pub(super) started_at: Timestamp,
    pub(super) deadline: Timestamp,
    pub(super) events: u64,
    pub(super) transitions: u64,
    /// The work that ends this turn: see [`Heap::work_done`].
    pub(super) turn_end: u64,
    pub(super) retries: u64,
    pub(super) calls: u64,
    /// What gives its tokens, and which of the executions it is there; `None`: nothing takes callbacks.
    pub(super) tokens: Option<(Arc<TokenMaker>, u64)>,
    pub(super) end: Option<End>,
    pub(super) random: fastrand::Rng,
    pub(super) record_history: bool,
    pub(super) history: Vec<Event>,
    /// Where states are counted.
    pub(super) counts: Option<Arc<StateCounts>>,
    /// Where one state runs by itself.
    pub(super) solo: Option<Box<Notes>>,
}

/// Fewer timers than this are not worth a sweep.
const MIN_SWEEP: usize = 64;

/// Variables whose names are compared for a unit of work.
const VARIABLES_PER_UNIT: usize = 4;

/// Something that can go on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pending {
    /// Run the state that the frame is in.
    Attempt(Id),
    /// Begin another child of the group.
    Spawn(Id),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    when: Timestamp,
    index: u32,
    generation: u32,
    stamp: u32,
}

#[derive(Debug)]
pub(super) struct Variable {
    frame: Id,
    pub(super) name: Str,
    pub(super) value: Value,
}

impl Run {
    pub(super) fn new(limits: Limits) -> Run {
        Run {
            limits,
            frames: Pool::new(),
            groups: Pool::new(),
            pending: Vec::new(),
            timers: BinaryHeap::new(),
            effects: VecDeque::new(),
            variables: Vec::new(),
            identity: OwnedIdentity::default(),
            input: UNSET,
            kafka: None,
            now: Timestamp(0),
            started_at: Timestamp(0),
            deadline: Timestamp(0),
            events: 0,
            transitions: 0,
            turn_end: 0,
            retries: 0,
            calls: 0,
            tokens: None,
            end: None,
            random: fastrand::Rng::with_seed(0),
            record_history: false,
            history: Vec::new(),
            counts: None,
            solo: None,
        }
    }

    pub(super) fn reset(&mut self, identity: &Identity<'_>, now: Timestamp) {
        self.frames.release_all();
        self.groups.release_all();
        self.pending.clear();
        self.timers.clear();
        self.effects.clear();
        self.variables.clear();
        self.identity.take(identity);
        self.kafka = None;
        self.random.seed(identity.seed);
        (self.now, self.started_at) = (now, now);
        (self.events, self.transitions, self.retries, self.calls) = (0, 0, 0, 0);
        self.end = None;
        self.history.clear();
        self.solo = None;
    }

    /// Lets the frame wait, at most until then.
    pub(super) fn wait(&mut self, frame: Id, wait: Wait, until: Option<Timestamp>) {
        let waiting = self.frames.at_mut(frame);
        waiting.wait = wait;
        waiting.stamp = waiting.stamp.wrapping_add(1);
        if let Some(when) = until {
            let stamp = waiting.stamp;
            self.sweep_timers();
            self.timers.push(Reverse(Timer { when, index: frame.index, generation: frame.generation, stamp }));
        }
    }

    /// Lets the frame wait for what comes of its call, at most until the deadline of the attempt, or as long as the task may be
    /// silent.
    pub(super) fn wait_for_outcome(&mut self, frame: Id, ordinal: u64, deadline: Option<Timestamp>) {
        let silent_until = self.frames.at(frame).pulse.as_deref().map(|pulse| self.now.after(pulse.heartbeat));
        let heartbeat = silent_until.is_some_and(|silent| deadline.is_none_or(|deadline| silent < deadline));
        let until = if heartbeat { silent_until } else { deadline };
        self.wait(frame, Wait::Call { ordinal, heartbeat }, until);
    }

    /// Whether the outcome of this call is still waited for.
    pub(super) fn waits_for(&mut self, call: CallId) -> bool {
        let wait = self.frames.find(call.frame).map(|frame| frame.wait);
        self.end.is_none() && matches!(wait, Some(Wait::Call { ordinal, .. }) if ordinal == call.ordinal)
    }

    /// The silence of the task starts again.
    pub(super) fn heartbeat(&mut self, call: CallId) {
        if self.waits_for(call)
            && let Some(pulse) = self.frames.at(call.frame).pulse.as_deref()
        {
            self.wait_for_outcome(call.frame, call.ordinal, pulse.deadline);
        }
    }

    /// Takes out the timers of waits that ended early, once they are the greater part: a loop of calls with timeouts would pile
    /// them up.
    fn sweep_timers(&mut self) {
        if self.timers.len() >= MIN_SWEEP && self.timers.len() > 2 * self.frames.len() {
            let frames = &mut self.frames;
            self.timers.retain(|Reverse(timer)| waiting(frames, *timer).is_some());
        }
    }

    /// The frame whose wait is over by now, if there is one; its wait is taken from it.
    pub(super) fn due(&mut self) -> Option<(Id, Wait)> {
        while let Some(Reverse(timer)) = self.timers.peek().copied() {
            if timer.when > self.now {
                return None;
            }
            self.timers.pop();
            if let Some((id, frame)) = waiting(&mut self.frames, timer) {
                return Some((id, std::mem::replace(&mut frame.wait, Wait::Nothing)));
            }
        }
        None
    }

    pub(super) fn wake_at(&mut self) -> Option<Timestamp> {
        if self.end.is_some() {
            return None;
        }
        while let Some(Reverse(timer)) = self.timers.peek().copied() {
            if waiting(&mut self.frames, timer).is_some() {
                return Some(timer.when.min(self.deadline));
            }
            self.timers.pop();
        }
        Some(self.deadline)
    }

    /// Sets a variable of the frame's own scope.
    pub(super) fn assign(&mut self, heap: &Heap, frame: Id, name: Str, value: Value) {
        heap.count(self.variables.len() / VARIABLES_PER_UNIT);
        let text = heap.str(name);
        match self.variables.iter_mut().find(|v| v.frame == frame && heap.str_equals(v.name, &text)) {
            Some(variable) => variable.value = value,
            None => self.variables.push(Variable { frame, name, value }),
        }
    }

    /// The value of a variable of the frame's own scope.
    pub(super) fn own_variable(&self, heap: &Heap, frame: Id, name: Str) -> Option<Value> {
        heap.count(self.variables.len() / VARIABLES_PER_UNIT);
        let text = heap.str(name);
        let mut own = self.variables.iter().filter(|variable| variable.frame == frame);
        own.find(|variable| heap.str_equals(variable.name, &text)).map(|variable| variable.value)
    }

    /// The values of all variables of the execution that the frame belongs to.
    pub(super) fn variables_of_execution(&self, frame: Id) -> impl Iterator<Item = Value> + '_ {
        let execution = self.execution_frame(frame);
        let own = move |variable: &&Variable| self.execution_frame(variable.frame) == execution;
        self.variables.iter().filter(own).map(|variable| variable.value)
    }

    /// The value of a variable in the frame's scope or one around it.
    pub(super) fn variable(&self, heap: &Heap, frame: Id, name: &str) -> Option<Value> {
        let mut scope = frame;
        loop {
            heap.count(self.variables.len() / VARIABLES_PER_UNIT);
            let own = self.variables.iter().find(|v| v.frame == scope && heap.str_equals(v.name, name));
            if let Some(variable) = own {
                return Some(variable.value);
            }
            scope = self.around(scope)?;
        }
    }

    /// The execution that the frame belongs to: a child of a distributed Map, or the one that was started.
    pub(super) fn who<'a>(&'a self, program: &'a Program, frame: Id) -> Who<'a> {
        let child = self.execution_frame(frame);
        if let Some(own) = self.frames.at(child).child.as_deref()
            && let Some(group) = self.frames.at(child).parent
            && let Kind::Map(map) = &program.state(self.frames.at(self.groups.at(group).parent).state).kind
            && let Some(distributed) = &map.distributed
        {
            return self.identity.child(*own, &distributed.label);
        }
        self.identity.itself(self.input, self.started_at)
    }

    /// The frame that runs the machine of the execution that this frame belongs to.
    pub(super) fn execution_frame(&self, mut frame: Id) -> Id {
        while let Some(around) = self.around(frame) {
            frame = around;
        }
        frame
    }

    /// The frame around this one in the same execution: an item of a distributed Map is one of its own.
    pub(super) fn around(&self, frame: Id) -> Option<Id> {
        let group = self.groups.at(self.frames.at(frame).parent?);
        let apart = matches!(group.fan_out, FanOut::Map { tolerance: Some(_), .. });
        (!apart).then_some(group.parent)
    }

    pub(super) fn forget_variables(&mut self, frame: Id) {
        if !self.variables.is_empty() {
            self.variables.retain(|variable| variable.frame != frame);
        }
    }

    /// The token of a call. Where callbacks are taken no other has it, not even when the event is redelivered.
    pub(super) fn task_token(&self, ordinal: u64) -> String {
        match &self.tokens {
            Some((maker, execution)) => {
                maker.token(TokenCall { execution: *execution, call: ordinal }, self.identity.id())
            }
            None => task_token(self.identity.id(), ordinal),
        }
    }
}

/// The frame that a timer is for, if it still waits for it.
fn waiting(frames: &mut Pool<Frame>, timer: Timer) -> Option<(Id, &mut Frame)> {
    let id = Id { index: timer.index, generation: timer.generation };
    let frame = frames.find(id)?;
    (frame.stamp == timer.stamp && frame.wait != Wait::Nothing).then_some((id, frame))
}
