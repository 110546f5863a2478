//! Runs of distributed Maps: items may be read from outside, children are executions of their own, results may be
//! written outside. The children run inside this execution, in the group of the state.

use std::sync::Arc;

use super::CallId;
use super::dataset::{self, Bounds, Items};
use super::fault::{Fault, READER_FAILED, WRITER_FAILED};
use super::frame::{FanOut, Item, Wait};
use super::identity::Child;
use super::interpreter::{Interpreter, Step};
use super::map_run::{ChildRecord, MapRun, Phase};
use super::notes::Stage;
use super::outcome::{Effect, Failure, Purpose, TaskCall, TaskFailure};
use super::pool::Id;
use super::view::Subject;
use crate::asl::{InputType, Transformation};
use crate::program::{Callee, Cap, Distributed, ItemReader, Kind, Map, Payload, State};
use crate::value::{List, Num, Value};

/// A distributed Map, as the program has it.
#[derive(Clone, Copy)]
pub(super) struct DistributedMap<'p> {
    pub(super) state: &'p State,
    pub(super) map: &'p Map,
    pub(super) mode: &'p Distributed,
}

impl Interpreter<'_> {
    /// Begins a run. `items` are those of the state's input; `None`: there is a reader.
    pub(super) fn begin_map_run(
        &mut self,
        frame: Id,
        this: DistributedMap<'_>,
        items: Option<Items>,
        data: Value,
        limit: u32,
    ) -> Result<Step, Box<Fault>> {
        let tolerance = self.tolerance(frame, &this.mode.tolerance, data)?;
        self.note_tolerance(&this.mode.tolerance, tolerance);
        let run = MapRun {
            id: self.run.random.u128(..),
            phase: Phase::Running,
            data,
            tolerance,
            limit,
            source: self.heap.string("STATE_DATA"),
            keyed: false,
            items: None,
            children: Vec::new(),
            destination: None,
            fault: None,
        };
        self.emit_map_run_started(frame, run.id, &this.mode.label);
        self.run.frames.at_mut(frame).map_run = Some(Box::new(run));
        if let Some(destination) = this.mode.writer.as_ref().and_then(|writer| writer.destination.as_ref()) {
            let parameters = self.data_parameters(frame, destination.parameters.as_ref(), data)?;
            self.with_run(frame, |run| run.destination = Some(parameters));
        }
        match (items, &this.mode.reader) {
            (None, Some(reader)) => self.begin_reading(frame, this.state, reader, data),
            (items, _) => {
                let items = items.unwrap_or(Items { list: self.heap.empty_list(), keyed: false });
                self.begin_children(frame, this, items)
            }
        }
    }

    fn data_parameters(&mut self, frame: Id, parameters: Option<&Payload>, data: Value) -> Result<Value, Box<Fault>> {
        match parameters {
            Some(parameters) => self.build(parameters, frame, Subject::data(data)),
            None => Ok(self.heap.empty_object()),
        }
    }

    fn begin_reading(
        &mut self,
        frame: Id,
        state: &State,
        reader: &ItemReader,
        data: Value,
    ) -> Result<Step, Box<Fault>> {
        let wanted = self.max_items(frame, reader, data)?;
        let parameters = self.data_parameters(frame, reader.parameters.as_ref(), data)?;
        let source = self.source(parameters, reader.format.is_some());
        self.with_run(frame, |run| (run.phase, run.source) = (Phase::Reading { wanted }, source));
        let limits = &self.run.limits;
        let purpose = match reader.format {
            Some(_) => Purpose::ReadObject { max_bytes: limits.max_dataset_bytes },
            None => {
                // One more than there may be tells that there are too many.
                let most = limits.max_dataset_items.saturating_add(1);
                let wanted = usize::try_from(wanted).ok().filter(|wanted| *wanted > 0);
                Purpose::ListObjects { max_entries: wanted.map_or(most, |wanted| wanted.min(most)) }
            }
        };
        self.begin_transfer(frame, state, &reader.callee, parameters, purpose)
    }

    /// Asks for data to be read or written. The frame waits for the outcome.
    pub(super) fn begin_transfer(
        &mut self,
        frame: Id,
        state: &State,
        callee: &Callee,
        parameters: Value,
        purpose: Purpose,
    ) -> Result<Step, Box<Fault>> {
        let parameters = self.bounded(frame, parameters)?;
        let ordinal = self.run.calls;
        self.run.calls += 1;
        self.note_visit(frame);
        self.run.effects.push_back(Effect::Call(TaskCall {
            id: CallId { frame, ordinal },
            place: self.call_place(frame, &purpose),
            attempt: self.run.frames.at(frame).retry_count.saturating_add(1),
            purpose,
            resource: Arc::clone(&callee.resource),
            resource_index: callee.index,
            state: Arc::clone(&state.name),
            input: self.heap.to_json(parameters).into_bytes(),
            credentials: None,
            timeout: None,
            heartbeat: None,
            retry_count: self.run.frames.at(frame).retry_count,
            ordinal,
            task_token: None,
        }));
        self.run.wait(frame, Wait::Call { ordinal, heartbeat: false }, None);
        Ok(Step::Blocked)
    }

    /// The data of a run has been read or written, or not.
    pub(super) fn transfer_ended(
        &mut self,
        frame: Id,
        state: &State,
        map: &Map,
        outcome: Result<&[u8], TaskFailure>,
    ) -> Result<Step, Box<Fault>> {
        self.allow_bulk_work();
        let (Some(mode), Some(run)) = (&map.distributed, &self.run.frames.at(frame).map_run) else {
            return Err(self.bug(frame, "data was read or written for a state that has no Map Run"));
        };
        let this = DistributedMap { state, map, mode };
        match run.phase {
            Phase::Reading { wanted } => {
                let reader = mode.reader.as_ref();
                let format = reader.and_then(|reader| reader.format.as_ref());
                let bounds = self.bounds(wanted);
                let items = outcome
                    .map_err(|failure| failure.cause.or(failure.error).unwrap_or_default())
                    .and_then(|bytes| self.check_dataset(bytes))
                    .and_then(|bytes| dataset::read(self.heap, format, bytes, bounds))
                    .map_err(|cause| self.transfer_fault(frame, READER_FAILED, cause))?;
                if format.is_some_and(InputType::has_pointer) {
                    self.note(Stage::ItemsPointer, Value::Array(items.list));
                }
                self.with_run(frame, |run| run.phase = Phase::Running);
                self.begin_children(frame, this, items)
            }
            Phase::Writing => {
                let fault = self.with_run(frame, |run| run.fault.take()).flatten();
                if let Some(fault) = fault {
                    return Err(fault);
                }
                if let Err(failure) = outcome {
                    let cause = failure.cause.or(failure.error).unwrap_or_default();
                    return Err(self.transfer_fault(frame, WRITER_FAILED, cause));
                }
                let result = self.written(frame, mode)?;
                self.succeed_map_run(frame, this, result)
            }
            Phase::Running => Err(self.bug(frame, "data was read or written while the items of the Map Run run")),
        }
    }

    fn bounds(&self, wanted: u64) -> Bounds {
        let limits = &self.run.limits;
        Bounds {
            wanted: usize::try_from(wanted).ok().filter(|wanted| *wanted > 0),
            max_items: limits.max_dataset_items,
            max_heap_bytes: limits.max_heap_bytes,
            max_depth: limits.max_depth,
        }
    }

    fn check_dataset<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], String> {
        let limit = self.run.limits.max_dataset_bytes;
        if bytes.len() > limit {
            return Err(format!("The data set has more than {limit} bytes, the most that max_dataset_bytes allows."));
        }
        Ok(bytes)
    }

    /// A failure of reading or writing: its cause stands alone.
    pub(super) fn transfer_fault(&self, frame: Id, error: &str, cause: String) -> Box<Fault> {
        Fault::new(Some(error.to_owned()), Some(cause), self.state_name(frame))
    }

    /// `MaxItems`; 0: all.
    fn max_items(&mut self, frame: Id, reader: &ItemReader, data: Value) -> Result<u64, Box<Fault>> {
        if let Cap::Path(path) = &reader.max_items {
            let value = self.read(path, frame, data)?;
            if let Some(Num::Int(negative)) = self.heap.number(value)
                && negative < 0
            {
                return Err(self.transfer_fault(frame, READER_FAILED, "field MaxItems must be positive".to_owned()));
            }
        }
        self.whole_number(frame, &reader.max_items, "MaxItems", data)
    }

    /// `S3://bucket`, with the key of an object.
    fn source(&mut self, parameters: Value, object: bool) -> Value {
        let member = |name: &str| match parameters {
            Value::Object(members) => match self.heap.field(members, name) {
                Some(Value::String(text)) => self.heap.str(text).into_owned(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        let text = if object {
            format!("S3://{}/{}", member("Bucket"), member("Key"))
        } else {
            format!("S3://{}", member("Bucket"))
        };
        self.heap.string(&text)
    }

    fn begin_children(&mut self, frame: Id, this: DistributedMap<'_>, items: Items) -> Result<Step, Box<Fault>> {
        let count = items.list.len() as u32;
        let Some((data, mut tolerance, limit)) = self.with_run(frame, |run| {
            run.keyed = items.keyed;
            (run.data, run.tolerance, run.limit)
        }) else {
            return Err(self.bug(frame, "items were read for a state that has no Map Run"));
        };
        tolerance.items = count;
        let list = match &this.mode.batcher {
            Some(batcher) => self.batches(frame, this.map, batcher, items.list, data)?,
            None => items.list,
        };
        if self.is_solo() {
            if this.mode.batcher.is_some() {
                self.note(Stage::ItemBatcher, Value::Array(list));
            }
            self.note_iterations(frame, this.map, items.list, list, data)?;
            return Ok(Step::Blocked);
        }
        self.with_run(frame, |run| run.items = Some(list));
        if list.is_empty() {
            return self.complete_map_run(frame, this, &[]);
        }
        let fan_out = FanOut::Map { items: list, input: data, tolerance: Some(tolerance) };
        self.begin_group(frame, fan_out, list.len() as u32, limit);
        Ok(Step::Blocked)
    }

    /// Item `index` of a distributed Map, as the context object shows it.
    pub(super) fn item_of_run(&self, frame: Id, index: u32, value: Value) -> Item {
        let Some(run) = self.run.frames.at(frame).map_run.as_deref() else {
            return Item { index, value, key: None, source: None };
        };
        let member = |name: &str| match value {
            Value::Object(member) if run.keyed => self.heap.field(member, name),
            _ => None,
        };
        Item { index, value: member("Value").unwrap_or(value), key: member("Key"), source: Some(run.source) }
    }

    /// Makes a child execution of the frame, which is about to run with this input.
    pub(super) fn begin_child_execution(&mut self, map_frame: Id, distributed: &Distributed, frame: Id, input: Value) {
        let child = Child { id: self.run.random.u128(..), input, started_at: self.run.now };
        self.run.frames.at_mut(frame).child = Some(Box::new(child));
        if distributed.describes_children() {
            self.with_run(map_frame, |run| run.children.push(ChildRecord::begun(child)));
        }
    }

    /// How many items a child that failed takes with it: those of its batch.
    pub(super) fn weight(&self, map: &Map, items: List, index: u32) -> u32 {
        let batched = map.distributed.as_ref().is_some_and(|distributed| distributed.batcher.is_some());
        let child = self.heap.items(items).get(index as usize);
        match child {
            Some(Value::Object(batch)) if batched => match self.heap.field(*batch, "Items") {
                Some(Value::Array(items)) => items.len() as u32,
                _ => 1,
            },
            _ => 1,
        }
    }

    /// All children have ended, with these outputs: what is to be written goes out, else the state has its result.
    pub(super) fn complete_map_run(
        &mut self,
        frame: Id,
        this: DistributedMap<'_>,
        outputs: &[Value],
    ) -> Result<Step, Box<Fault>> {
        self.allow_bulk_work();
        let Some(writer) = &this.mode.writer else {
            let outputs = self.outputs(frame, outputs)?;
            return self.succeed_map_run(frame, this, outputs);
        };
        if let Some(step) = self.begin_writing(frame, this.state, this.mode)? {
            return Ok(step);
        }
        let result = match writer.transformation {
            Transformation::None => self.described(frame, this.mode)?,
            Transformation::Compact => self.outputs(frame, outputs)?,
            Transformation::Flatten => {
                let flat = self.flattened(outputs);
                self.outputs(frame, &flat)?
            }
        };
        self.succeed_map_run(frame, this, result)
    }

    /// Writes the results, if the run has a place for them.
    fn begin_writing(
        &mut self,
        frame: Id,
        state: &State,
        distributed: &Distributed,
    ) -> Result<Option<Step>, Box<Fault>> {
        let Some(destination) = distributed.writer.as_ref().and_then(|writer| writer.destination.as_ref()) else {
            return Ok(None);
        };
        let objects = self.result_objects(frame, distributed)?;
        let parameters = self.with_run(frame, |run| {
            run.phase = Phase::Writing;
            run.destination
        });
        let parameters = parameters.flatten().unwrap_or(Value::Null);
        let purpose = Purpose::WriteObjects(objects);
        self.begin_transfer(frame, state, &destination.callee, parameters, purpose).map(Some)
    }

    fn succeed_map_run(&mut self, frame: Id, this: DistributedMap<'_>, result: Value) -> Result<Step, Box<Fault>> {
        let result = self.bounded(frame, result)?;
        self.run.frames.at_mut(frame).map_run = None;
        self.emit_map_succeeded(frame, this.map);
        let work = &this.map.work;
        self.finish(frame, this.state, &work.common, work.result_selector.as_ref(), result)
    }

    /// Too many items have failed, and the children are stopped: what there is is still written, then the state fails.
    pub(super) fn exceed_tolerance(&mut self, frame: Id, fault: Box<Fault>) -> Step {
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        let Kind::Map(map) = &state.kind else { return Step::Fail(fault) };
        let Some(distributed) = &map.distributed else { return Step::Fail(fault) };
        match self.begin_writing(frame, state, distributed) {
            Ok(Some(step)) => {
                self.with_run(frame, |run| run.fault = Some(fault));
                step
            }
            Ok(None) | Err(_) => Step::Fail(fault),
        }
    }

    /// The state of the frame has failed: with it the run, if one was begun.
    pub(super) fn fail_map_run(&mut self, frame: Id, failure: &Failure) {
        if self.run.frames.at_mut(frame).map_run.take().is_some() {
            self.emit_map_run_failed(frame, failure);
        }
    }

    pub(super) fn with_run<R>(&mut self, frame: Id, change: impl FnOnce(&mut MapRun) -> R) -> Option<R> {
        self.run.frames.at_mut(frame).map_run.as_deref_mut().map(change)
    }
}
