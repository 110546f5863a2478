//! The interpreter: one step of an execution, and the loop that strings steps together.

use std::sync::Arc;

use super::CallId;
use super::fault::{Fault, TIMEOUT};
use super::frame::Wait;
use super::outcome::{Effect, End, Failure, Progress};
use super::pool::Id;
use super::run::{Pending, Run};
use crate::program::{Program, StateId};
use crate::value::{Heap, Value};

/// An execution while it is being run.
pub(super) struct Interpreter<'a> {
    pub(super) heap: &'a mut Heap,
    pub(super) run: &'a mut Run,
    pub(super) program: &'a Program,
}

/// Units of work that entering and leaving a state takes, whatever is evaluated in it.
pub(super) const ENTRY_WORK: usize = 32;

/// What an attempt of a state came to.
#[derive(Debug)]
pub(super) enum Step {
    /// Go to that state with this input.
    Enter(StateId, Value),
    /// The machine has ended with this output.
    End(Value),
    /// The frame waits.
    Blocked,
    Fail(Box<Fault>),
}

impl Interpreter<'_> {
    pub(super) fn begin(&mut self, start: StateId, event: &[u8], input: Value) {
        self.emit_execution_started(event);
        let frame = self.run.frames.acquire();
        self.run.frames.at_mut(frame).reuse(None, 0, None);
        self.enter(frame, start, input);
        self.run.pending.push(Pending::Attempt(frame));
    }

    pub(super) fn run(&mut self) -> Progress {
        self.begin_turn();
        if self.run.end.is_none() && self.run.now >= self.run.deadline {
            self.time_out();
        }
        self.fire_timers();
        while self.run.end.is_none() {
            if self.turn_is_over() && !self.run.pending.is_empty() {
                // Its turn comes after all others': a branch that runs in circles must not keep them from failing.
                self.run.pending.rotate_right(1);
                return Progress::Yielded;
            }
            match self.run.pending.pop() {
                Some(Pending::Attempt(frame)) => {
                    if self.run.frames.find(frame).is_some() {
                        let step = self.attempt(frame);
                        self.settle(frame, step);
                    }
                }
                Some(Pending::Spawn(group)) => self.spawn(group),
                None => return Progress::Suspended,
            }
        }
        Progress::Ended
    }

    pub(super) fn begin_turn(&mut self) {
        self.run.turn_end = self.heap.work_done().saturating_add(self.run.limits.work_per_run.max(1));
    }

    /// Whether the execution has done its work for this time. What is under way is finished first.
    #[inline]
    pub(super) fn turn_is_over(&self) -> bool {
        self.heap.work_done() >= self.run.turn_end
    }

    /// Allows the work of an attempt, or of what comes after it.
    #[inline]
    pub(super) fn allow_work(&mut self) {
        self.heap.allow_work(self.run.limits.max_work_per_state);
    }

    /// Allows the work of reading, batching or writing a whole data set, which is done in one go: as many units more as memory
    /// may hold bytes.
    pub(super) fn allow_bulk_work(&mut self) {
        let limits = &self.run.limits;
        self.heap.allow_work(limits.max_work_per_state.saturating_add(limits.max_heap_bytes as u64));
    }

    fn fire_timers(&mut self) {
        while self.run.end.is_none()
            && let Some((frame, wait)) = self.run.due()
        {
            match wait {
                Wait::Delay => {
                    let step = self.wait_is_over(frame);
                    self.settle(frame, step);
                }
                Wait::Retry => self.run.pending.push(Pending::Attempt(frame)),
                Wait::Call { ordinal, heartbeat } => {
                    self.run.effects.push_back(Effect::Cancel(CallId { frame, ordinal }));
                    let step = self.call_timed_out(frame, heartbeat);
                    self.settle(frame, step);
                }
                Wait::Nothing | Wait::Children(_) => {
                    let bug = self.bug(frame, "a timer has fired for a state that waits for no time");
                    self.settle(frame, Step::Fail(bug));
                }
            }
        }
    }

    /// Carries a step to where the frame, or the one around it, waits or has work to do.
    pub(super) fn settle(&mut self, mut frame: Id, mut step: Step) {
        loop {
            (frame, step) = match step {
                Step::Blocked => return,
                Step::Enter(..) if self.run.transitions >= self.run.limits.max_transitions => {
                    (frame, Step::Fail(self.transitions_fault(frame)))
                }
                Step::Enter(next, output) if self.is_solo() => return self.end_solo(Some(next), output),
                Step::Enter(state, input) => {
                    if let Some(next) = self.run_chain(frame, state, input) {
                        step = next;
                        continue;
                    }
                    self.enter(frame, state, input);
                    if self.turn_is_over() {
                        self.run.pending.push(Pending::Attempt(frame));
                        return;
                    }
                    (frame, self.attempt(frame))
                }
                Step::End(output) => match self.frame_ended(frame, output) {
                    Some(parent) => parent,
                    None => return,
                },
                Step::Fail(fault) => match self.recover(frame, fault) {
                    Some(next) => next,
                    None => return,
                },
            }
        }
    }

    pub(super) fn enter(&mut self, frame: Id, state: StateId, input: Value) {
        self.run.transitions += 1;
        self.heap.count(ENTRY_WORK);
        let now = self.run.now;
        let entering = self.run.frames.at_mut(frame);
        entering.state = state;
        entering.input = input;
        entering.entered_at = now;
        entering.retries.clear();
        entering.retry_count = 0;
        entering.visit = 0;
        entering.fan_out_started = false;
        entering.context = None;
        entering.token = None;
        entering.map_run = None;
        entering.wait = Wait::Nothing;
        self.observe_entered(frame, input);
    }

    /// The top-level machine ends the execution; a branch or iteration may complete its group.
    fn frame_ended(&mut self, frame: Id, output: Value) -> Option<(Id, Step)> {
        match self.run.frames.at(frame).parent {
            Some(group) => self.child_ended(group, frame, output),
            None => {
                self.emit_execution_succeeded(output);
                self.run.end = Some(End::Succeeded(output));
                None
            }
        }
    }

    pub(super) fn end_failed(&mut self, failure: Failure) {
        self.emit_execution_failed(&failure);
        self.cancel_calls();
        self.run.end = Some(End::Failed(failure));
    }

    fn time_out(&mut self) {
        self.emit_execution_timed_out();
        self.cancel_calls();
        // The frame that was acquired first is the top-level machine.
        let state = self.run.frames.iter().next().map_or_else(|| Arc::from(""), |(id, _)| self.state_name(id).clone());
        self.run.end = Some(End::TimedOut(Failure { error: Some(TIMEOUT.to_owned()), cause: None, state }));
    }

    fn cancel_calls(&mut self) {
        for (frame, waiting) in self.run.frames.iter() {
            if let Wait::Call { ordinal, .. } = waiting.wait {
                self.run.effects.push_back(Effect::Cancel(CallId { frame, ordinal }));
            }
        }
    }

    pub(super) fn state_name(&self, frame: Id) -> &Arc<str> {
        &self.program.state(self.run.frames.at(frame).state).name
    }
}
