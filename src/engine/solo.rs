//! One state by itself: it runs like any other, ends when it is left, and notes what its data goes through.
//!
//! Children are not run: the outcome of a Map or Parallel is given from outside, as the outcome of a task is.

use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::interpreter::{Interpreter, Step};
use super::map_run::Tolerated;
use super::notes::{Handling, MapBounds, Notes, Stage};
use super::outcome::{End, EventError, Failure, TaskFailure};
use super::pool::Id;
use super::time::Timestamp;
use super::{Execution, Identity};
use crate::program::{Cap, Kind, Map, Program, StateId, Tolerance};
use crate::value::{List, Value};

/// A state to run by itself, and what it finds around it.
#[derive(Clone, Copy, Debug)]
pub struct Solo<'a> {
    pub(crate) state: StateId,
    /// Its variables: the JSON text of an object.
    pub variables: &'a [u8],
    /// Its context object: the JSON text of an object.
    pub context: &'a [u8],
    /// How often the retrier that takes its error has fired before.
    pub retries: u64,
}

impl Execution {
    /// Begins to run one state of `program`. [`run`](Execution::run) and [`resume`](Execution::resume) carry it on as
    /// they do a whole execution; where it suspends, [`conclude`](Execution::conclude) may tell what its work came to.
    ///
    /// # Errors
    /// [`EventError`]: the input, the variables or the context object is not JSON, too large or nested too deep.
    pub fn start_solo(
        &mut self,
        program: &Arc<Program>,
        solo: &Solo<'_>,
        input: &[u8],
        identity: &Identity<'_>,
        now: Timestamp,
    ) -> Result<(), EventError> {
        self.start(program, input, identity, now)?;
        let max_depth = self.run.limits.max_depth;
        let context = self.heap.parse_limited(solo.context, max_depth)?;
        let variables = self.heap.parse_limited(solo.variables, max_depth)?;
        self.run.solo = Some(Box::new(Notes::new(solo.retries, context)));
        let state = solo.state;
        self.interpret(|interpreter| interpreter.begin_solo(state, variables));
        Ok(())
    }

    /// Tells what the work of a state that runs by itself came to: the result of its task, the outputs of its branches or
    /// iterations, or their failure. Call [`run`](Execution::run) afterwards.
    pub fn conclude(&mut self, outcome: Result<&[u8], TaskFailure>, now: Timestamp) {
        self.run.now = now;
        self.interpret(|interpreter| interpreter.conclude(outcome));
    }

    /// The data of a state that ran by itself at that point, as JSON; `None` if it never came there.
    pub fn at_stage(&self, stage: Stage) -> Option<String> {
        let notes = self.run.solo.as_ref()?;
        let (_, value) = notes.stages.iter().rev().find(|(noted, _)| *noted == stage)?;
        Some(self.heap.to_json(*value))
    }

    /// The bounds of a Map that runs by itself, once they are known.
    pub fn map_bounds(&self) -> Option<MapBounds> {
        self.run.solo.as_ref()?.bounds
    }

    /// What became of the error of a state that ran by itself.
    pub fn handling(&self) -> Option<&Handling> {
        self.run.solo.as_ref().map(|notes| &notes.handling)
    }

    /// Where a state that ran by itself would go on.
    pub fn next_state(&self) -> Option<&str> {
        let next = self.run.solo.as_ref()?.next?;
        self.program.as_ref().map(|program| &*program.state(next).name)
    }

    /// All variables as a JSON object.
    pub fn variables(&self) -> serde_json::Map<String, serde_json::Value> {
        self.run
            .variables
            .iter()
            .map(|variable| (self.heap.str(variable.name).into_owned(), self.heap.to_document(variable.value)))
            .collect()
    }
}

impl Interpreter<'_> {
    fn begin_solo(&mut self, state: StateId, variables: Value) {
        // The execution has begun with the machine's first state: its one frame is put elsewhere before it runs.
        let Some(frame) = self.only_frame() else { return };
        self.run.transitions = 0;
        let input = self.run.input;
        self.enter(frame, state, input);
        let Value::Object(variables) = variables else { return };
        for index in 0..variables.len() {
            let (name, value) = self.heap.entry(variables, index);
            self.run.assign(self.heap, frame, name, value);
        }
    }

    fn only_frame(&self) -> Option<Id> {
        self.run.frames.iter().next().map(|(id, _)| id)
    }

    /// Notes a point on the way of the data, where somebody wants to know.
    #[inline]
    pub(super) fn note(&mut self, stage: Stage, value: Value) {
        if self.run.solo.is_some() {
            self.add_note(stage, value);
        }
    }

    #[cold]
    fn add_note(&mut self, stage: Stage, value: Value) {
        if let Some(notes) = &mut self.run.solo {
            notes.stages.push((stage, value));
        }
    }

    pub(super) fn note_bounds(&mut self, note: impl FnOnce(&mut MapBounds)) {
        if let Some(notes) = &mut self.run.solo {
            note(notes.bounds.get_or_insert_default());
        }
    }

    pub(super) fn note_tolerance(&mut self, tolerance: &Tolerance, tolerated: Tolerated) {
        self.note_bounds(|bounds| {
            bounds.tolerated_failure_count = (!matches!(tolerance.count, Cap::None)).then_some(tolerated.count);
            bounds.tolerated_failure_percentage =
                (!matches!(tolerance.percentage, Cap::None)).then_some(tolerated.percentage);
        });
    }

    /// Notes what the iterations of a Map that runs by itself would be given. `inputs` are the items, or batches of them.
    pub(super) fn note_iterations(
        &mut self,
        frame: Id,
        map: &Map,
        items: List,
        inputs: List,
        data: Value,
    ) -> Result<(), Box<Fault>> {
        if map.item_selector.is_some() {
            let mut selected = Vec::with_capacity(items.len());
            for index in 0..items.len() {
                let value = self.heap.items(items)[index];
                let item = self.item_of_run(frame, index as u32, value);
                selected.push(self.select_item(frame, map, item, value, data)?);
            }
            let selected = self.outputs(frame, &selected)?;
            self.note(Stage::ItemSelector, selected);
        }
        self.note_bounds(|bounds| bounds.iterations = Some(inputs.len() as u32));
        Ok(())
    }

    pub(super) fn is_solo(&self) -> bool {
        self.run.solo.is_some()
    }

    /// The state is left for another one, or ends its machine: nothing more is run.
    pub(super) fn end_solo(&mut self, next: Option<StateId>, output: Value) {
        if let Some(notes) = &mut self.run.solo {
            notes.next = next;
        }
        self.run.end = Some(End::Succeeded(output));
    }

    /// How often a retrier has fired before this attempt, if nothing is known of it yet.
    pub(super) fn earlier_retries(&self) -> u64 {
        self.run.solo.as_ref().map_or(0, |notes| notes.retries)
    }

    pub(super) fn note_retrier(&mut self, retrier: usize) {
        if let Some(notes) = &mut self.run.solo {
            notes.handling.retrier = Some(retrier);
        }
    }

    pub(super) fn note_catcher(&mut self, catcher: Option<usize>, failure: &Failure) {
        if let Some(notes) = &mut self.run.solo {
            notes.handling.catcher = catcher;
            notes.handling.failure = catcher.map(|_| failure.clone());
        }
    }

    /// Would be retried after that delay: the state ends here with its error.
    pub(super) fn end_retriable(&mut self, failure: Failure, delay: Duration) {
        if let Some(notes) = &mut self.run.solo {
            notes.handling.backoff = Some(delay);
            notes.handling.failure = Some(failure.clone());
        }
        self.end_failed(failure);
    }

    fn conclude(&mut self, outcome: Result<&[u8], TaskFailure>) {
        let Some(frame) = self.only_frame().filter(|_| self.is_solo() && self.run.end.is_none()) else { return };
        self.run.frames.at_mut(frame).wait = super::frame::Wait::Nothing;
        let program = self.program;
        let step = match &program.state(self.run.frames.at(frame).state).kind {
            Kind::Parallel(_) | Kind::Map(_) => self.children_ended(frame, outcome),
            _ => self.call_ended(frame, outcome),
        };
        self.settle(frame, step);
    }

    fn children_ended(&mut self, frame: Id, outcome: Result<&[u8], TaskFailure>) -> Step {
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        let Some(work) = state.kind.work() else {
            return Step::Fail(self.bug(frame, "children were told to have ended in a state that has none"));
        };
        let outputs = match outcome.map(|json| self.heap.parse(json)) {
            Ok(Ok(outputs)) => self.bounded(frame, outputs),
            Ok(Err(error)) => Err(self.runtime_fault(frame, &error.to_string())),
            Err(failure) => Err(Fault::from_task(failure, &state.name)),
        };
        outputs
            .and_then(|outputs| self.finish(frame, state, &work.common, work.result_selector.as_ref(), outputs))
            .unwrap_or_else(Step::Fail)
    }
}
