//! What is seen of an execution from outside while it runs: the one place that history and counts per state hang on.
//!
//! Who is not looked at pays a comparison for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::Fault;
use super::interpreter::Interpreter;
use super::pool::Id;
use crate::program::{Program, State, StateId};
use crate::value::Value;

/// Error names that are told apart between two drains; what else fails is counted as [`OTHER_ERROR`].
const MAX_ERRORS: usize = 100;
/// Stands for errors beyond the bound.
pub const OTHER_ERROR: &str = "other";
/// Durations of a state that are told apart between two drains, to the millisecond; beyond them, to the second.
const MAX_DURATIONS: usize = 10_000;

/// Counts of what executions of one program do, state by state, for the executions of one thread.
///
/// Plain numbers that executions add to and their owner [drains](StateCounts::drain) now and then. They are atomics only so that
/// executions can be moved: two threads that count at a time lose counts.
#[derive(Debug)]
pub struct StateCounts {
    program: Arc<Program>,
    states: Box<[Cell]>,
    /// What costs more to count, and is rare beside the work that comes with it.
    rare: Mutex<Rare>,
}

#[derive(Debug, Default)]
struct Cell {
    entered: AtomicU64,
    /// Left for another state or the end, by a catcher too.
    left: AtomicU64,
    retried: AtomicU64,
    caught: AtomicU64,
}

#[derive(Debug, Default)]
struct Rare {
    failures: HashMap<(u32, Box<str>), u64>,
    /// By milliseconds. A visit of no time at all is not among them.
    durations: HashMap<(u32, u64), u64>,
}

/// What one state has done since it was drained last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateTally {
    /// Times that it was entered. A retry is no new entry.
    pub entered: u64,
    /// Times that it was left with an output of its own.
    pub succeeded: u64,
    /// Failures of attempts, by error name (empty: without one); each was retried, caught, or failed what is around the state.
    pub failed: Vec<(Box<str>, u64)>,
    /// Failures that were retried.
    pub retried: u64,
    /// Failures that were caught.
    pub caught: u64,
    /// How long visits took that took any time, in milliseconds, retries included.
    pub durations: Vec<(u64, u64)>,
    /// Visits that ended in the turn that they began in: as the execution sees it, they took no time.
    pub instant: u64,
}

/// Adds without a locked instruction: there is one writer.
#[inline]
fn add(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

fn take(count: &AtomicU64) -> u64 {
    let counted = count.load(Ordering::Relaxed);
    count.store(0, Ordering::Relaxed);
    counted
}

impl StateCounts {
    /// Counts for executions of this program.
    pub fn new(program: &Arc<Program>) -> StateCounts {
        let states = program.states.iter().map(|_| Cell::default()).collect();
        StateCounts { program: Arc::clone(program), states, rare: Mutex::default() }
    }

    /// Whether they are for executions of this program.
    pub fn are_of(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(&self.program, program)
    }

    /// Gives what was counted since the last drain, for each state that has done anything.
    pub fn drain(&self, mut each: impl FnMut(&str, StateTally)) {
        let rare = std::mem::take(&mut *self.rare.lock().unwrap_or_else(PoisonError::into_inner));
        let mut tallies: Vec<StateTally> = self.states.iter().map(Cell::take).collect();
        for ((state, error), count) in rare.failures {
            tallies[state as usize].failed.push((error, count));
        }
        for ((state, millis), count) in rare.durations {
            tallies[state as usize].durations.push((millis, count));
        }
        for (state, mut tally) in self.program.states.iter().zip(tallies) {
            tally.settle();
            if tally != StateTally::default() {
                each(&state.name, tally);
            }
        }
    }

    #[inline]
    fn cell(&self, state: StateId) -> &Cell {
        &self.states[state.0 as usize]
    }

    #[cold]
    fn failed(&self, state: StateId, error: &str) {
        let mut rare = self.rare.lock().unwrap_or_else(PoisonError::into_inner);
        let full = rare.failures.len() >= MAX_ERRORS;
        let mut key = (state.0, Box::from(error));
        if full && !rare.failures.contains_key(&key) {
            key.1 = OTHER_ERROR.into();
        }
        *rare.failures.entry(key).or_default() += 1;
    }

    #[cold]
    fn took(&self, state: StateId, millis: u64) {
        let mut rare = self.rare.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = if rare.durations.len() < MAX_DURATIONS { millis } else { millis.next_multiple_of(1_000) };
        *rare.durations.entry((state.0, millis)).or_default() += 1;
    }
}

impl Cell {
    fn take(&self) -> StateTally {
        StateTally {
            entered: take(&self.entered),
            // Until it is settled.
            succeeded: take(&self.left),
            retried: take(&self.retried),
            caught: take(&self.caught),
            ..StateTally::default()
        }
    }
}

impl StateTally {
    /// Tells apart what was left by a catcher, and what took no time.
    fn settle(&mut self) {
        let failed: u64 = self.failed.iter().map(|(_, count)| count).sum();
        let ended = self.succeeded + failed.saturating_sub(self.retried + self.caught);
        let timed: u64 = self.durations.iter().map(|(_, count)| count).sum();
        self.instant = ended.saturating_sub(timed);
        self.succeeded = self.succeeded.saturating_sub(self.caught);
    }
}

impl Interpreter<'_> {
    /// The frame has entered its state.
    #[inline]
    pub(super) fn observe_entered(&mut self, frame: Id, input: Value) {
        if let Some(counts) = &self.run.counts {
            add(&counts.cell(self.run.frames.at(frame).state).entered);
        }
        self.emit_entered(frame, input);
    }

    /// The frame has left its state, in whatever way.
    #[inline]
    pub(super) fn observe_left(&mut self, frame: Id, state: &State, output: Value, variables: Option<Value>) {
        if let Some(counts) = &self.run.counts {
            add(&counts.cell(self.run.frames.at(frame).state).left);
            self.observe_time(frame, counts);
        }
        self.emit_exited(frame, state, output, variables);
    }

    /// A state was entered and left that took no time and that no history is recorded of.
    #[inline]
    pub(super) fn observe_passed(&self, state: StateId) {
        if let Some(counts) = &self.run.counts {
            let cell = counts.cell(state);
            add(&cell.entered);
            add(&cell.left);
        }
    }

    /// An attempt of the frame's state has failed.
    pub(super) fn observe_failed(&self, frame: Id, fault: &Fault) {
        if let Some(counts) = &self.run.counts {
            counts.failed(self.run.frames.at(frame).state, fault.failure.error.as_deref().unwrap_or_default());
        }
    }

    /// The failure will be retried.
    pub(super) fn observe_retried(&self, frame: Id) {
        if let Some(counts) = &self.run.counts {
            add(&counts.cell(self.run.frames.at(frame).state).retried);
        }
    }

    /// The failure was caught. That the state was left is observed by itself.
    pub(super) fn observe_caught(&self, frame: Id) {
        if let Some(counts) = &self.run.counts {
            add(&counts.cell(self.run.frames.at(frame).state).caught);
        }
    }

    /// The failure is neither retried nor caught: it goes to what is around the state.
    pub(super) fn observe_given_up(&self, frame: Id) {
        if let Some(counts) = &self.run.counts {
            self.observe_time(frame, counts);
        }
    }

    #[inline]
    fn observe_time(&self, frame: Id, counts: &StateCounts) {
        let frame = self.run.frames.at(frame);
        let millis = self.run.now.0.saturating_sub(frame.entered_at.0);
        if millis > 0 {
            counts.took(frame.state, millis.unsigned_abs());
        }
    }
}
