//! Parallel and Map: children run concurrently, up to a bound. A failing child stops its siblings.
//!
//! Children are begun one at a time: one that never waits is over before the next begins, so that a synchronous Map
//! needs one frame whatever the number of its items.

use super::CallId;
use super::dataset::{self, Items};
use super::distributed::DistributedMap;
use super::fault::Fault;
use super::frame::{FanOut, Frame, Group, Item, Wait};
use super::interpreter::{Interpreter, Step};
use super::map_run::Tolerated;
use super::notes::Stage;
use super::outcome::Effect;
use super::pool::Id;
use super::run::Pending;
use super::view::Subject;
use crate::program::{
    Cap, Items as ItemsField, Kind, Map, Parallel, Payload, QueryTemplate, State, StateId, Tolerance,
};
use crate::value::{List, Num, Value};

/// Bytes that a child takes while it is under way: its frame, its timer and its work to do.
const FRAME_BYTES: usize = size_of::<Frame>() + 64;

const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

impl Interpreter<'_> {
    pub(super) fn begin_parallel(&mut self, frame: Id, parallel: &Parallel, data: Value) -> Result<Step, Box<Fault>> {
        let input = match &parallel.work.common.parameters {
            Some(parameters) => self.build(parameters, frame, Subject::data(data))?,
            None => data,
        };
        let input = self.bounded(frame, input)?;
        self.note(Stage::Parameters, input);
        if self.is_solo() {
            return Ok(Step::Blocked);
        }
        self.emit_parallel_started(frame);
        let total = parallel.branches.len() as u32;
        self.begin_group(frame, FanOut::Parallel { input }, total, total);
        Ok(Step::Blocked)
    }

    pub(super) fn begin_map(&mut self, frame: Id, state: &State, map: &Map, data: Value) -> Result<Step, Box<Fault>> {
        let reader = map.distributed.as_ref().and_then(|distributed| distributed.reader.as_ref());
        // With a reader, not even a path that finds nothing matters.
        let items = if reader.is_some() { None } else { Some(self.items(frame, map, data)?) };
        if let Some(items) = &items {
            self.note(Stage::ItemsPath, Value::Array(items.list));
        }
        let wanted = self.whole_number(frame, &map.max_concurrency, "MaxConcurrency", data)?;
        self.note_bounds(|bounds| bounds.max_concurrency = wanted);
        let total = items.as_ref().map_or(0, |items| items.list.len() as u32);
        self.emit_map_started(frame, total);
        let limits = &self.run.limits;
        let bound = match map.distributed {
            Some(_) => limits.max_distributed_concurrency,
            None => limits.max_inline_concurrency,
        };
        let limit = u32::try_from(wanted).ok().filter(|wanted| *wanted > 0).map_or(bound, |wanted| wanted.min(bound));
        let limit = limit.max(1);
        match (&map.distributed, items) {
            (Some(mode), items) => self.begin_map_run(frame, DistributedMap { state, map, mode }, items, data, limit),
            (None, Some(items)) if self.is_solo() => {
                self.note_iterations(frame, map, items.list, items.list, data)?;
                Ok(Step::Blocked)
            }
            (None, Some(items)) if total > 0 => {
                let fan_out = FanOut::Map { items: items.list, input: data, tolerance: None };
                self.begin_group(frame, fan_out, total, limit);
                Ok(Step::Blocked)
            }
            (None, _) => {
                let outputs = self.outputs(frame, &[])?;
                self.emit_map_succeeded(frame, map);
                self.finish(frame, state, &map.work.common, map.work.result_selector.as_ref(), outputs)
            }
        }
    }

    fn items(&mut self, frame: Id, map: &Map, data: Value) -> Result<Items, Box<Fault>> {
        let value = match &map.items {
            ItemsField::Data | ItemsField::Input => data,
            ItemsField::Path(path) => self.read(path, frame, data)?,
            ItemsField::Payload(payload) => self.build(payload, frame, Subject::data(data))?,
        };
        if let Value::Array(list) = value {
            return Ok(Items { list, keyed: false });
        }
        let path = match &map.items {
            ItemsField::Input | ItemsField::Payload(_)
                if let Value::Object(object) = value
                    && map.distributed.is_some() =>
            {
                let members = dataset::members(self.heap, object, object.len());
                return members.map_err(|error| self.query_fault(frame, None, &error.to_string()));
            }
            ItemsField::Payload(Payload::Query(QueryTemplate::Query(query))) => {
                return Err(self.unexpected_type(query, frame, "array", value));
            }
            ItemsField::Input | ItemsField::Payload(_) => {
                let cause = format!("Map state input must be an array but was: {}", self.heap.excerpt(value));
                return Err(self.query_fault(frame, None, &cause));
            }
            ItemsField::Data => "$",
            ItemsField::Path(path) => path.text(),
        };
        // Recorded (test_map_context_object): the text shows paths into the context object with one `$`.
        let path = path.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(path);
        Err(self.runtime_fault(frame, &format!("Reference path \"{path}\" must point to array.")))
    }

    pub(super) fn tolerance(&mut self, frame: Id, tolerance: &Tolerance, data: Value) -> Result<Tolerated, Box<Fault>> {
        let count = self.whole_number(frame, &tolerance.count, "ToleratedFailureCount", data)?;
        let percentage = match &tolerance.percentage {
            Cap::None => 0.0,
            Cap::Constant(percentage) => *percentage,
            Cap::Path(path) => {
                let value = self.read(path, frame, data)?;
                let Some(number) = self.spelt_number(value) else {
                    return Err(self.wrong_number(frame, "ToleratedFailurePercentage", "float", path.text(), value));
                };
                number.as_f64()
            }
            Cap::Query(query) => self.percentage_query(query, frame, Subject::data(data))?,
        };
        if !(0.0..=100.0).contains(&percentage) {
            return Err(self.runtime_fault(frame, "ToleratedFailurePercentage must be between 0 and 100."));
        }
        Ok(Tolerated { items: 0, failed: 0, count, percentage })
    }

    /// A number that is given, read from the data, or 0.
    pub(super) fn whole_number(
        &mut self,
        frame: Id,
        cap: &Cap<u64>,
        field: &str,
        data: Value,
    ) -> Result<u64, Box<Fault>> {
        let path = match cap {
            Cap::None => return Ok(0),
            Cap::Constant(number) => return Ok(*number),
            Cap::Query(query) => {
                return Ok(self.integer_query(query, frame, Subject::data(data), i64::MAX)?.unsigned_abs());
            }
            Cap::Path(path) => path,
        };
        let value = self.read(path, frame, data)?;
        match self.spelt_number(value) {
            Some(Num::Int(number)) => {
                u64::try_from(number).map_err(|_| self.runtime_fault(frame, &format!("{field} cannot be negative.")))
            }
            _ => Err(self.wrong_number(frame, field, "integer", path.text(), value)),
        }
    }

    /// Recorded (test_tolerated_failure): a string of digits counts as the number.
    fn spelt_number(&self, value: Value) -> Option<Num> {
        match value {
            Value::String(string) => Num::parse(&self.heap.str(string)),
            other => self.heap.number(other),
        }
    }

    pub(super) fn wrong_number(&self, frame: Id, field: &str, wanted: &str, path: &str, value: Value) -> Box<Fault> {
        let shown = match value {
            Value::String(string) => self.heap.str(string).into_owned(),
            other => self.heap.excerpt(other),
        };
        let cause = format!("The {field}Path field refers to value \"{shown}\" which is not a valid {wanted}: {path}");
        self.runtime_fault(frame, &cause)
    }

    pub(super) fn begin_group(&mut self, parent: Id, fan_out: FanOut, total: u32, limit: u32) {
        self.note_visit(parent);
        let id = self.run.groups.acquire();
        let group = self.run.groups.at_mut(id);
        let mut results = std::mem::take(&mut group.results);
        results.clear();
        results.resize(total as usize, Value::Null);
        self.heap.count_held(result_bytes(total));
        *group = Group { parent, fan_out, total, begun: 0, live: 0, limit, results, spawning: true };
        self.run.wait(parent, Wait::Children(id), None);
        self.run.pending.push(Pending::Spawn(id));
    }

    /// Begins the next child of a group, if there is one and the bound allows it.
    pub(super) fn spawn(&mut self, id: Id) {
        let Some(group) = self.run.groups.find(id) else { return };
        group.spawning = false;
        if group.begun >= group.total || group.live >= group.limit {
            return;
        }
        let (parent, fan_out) = (group.parent, group.fan_out);
        if self.run.transitions >= self.run.limits.max_transitions {
            return self.abandon(id, parent, self.transitions_fault(parent));
        }
        // An item that fails never leaves a state, where the heap is looked at.
        if let Err(fault) = self.check_memory(parent) {
            return self.abandon(id, parent, fault);
        }
        self.allow_work();
        let group = self.run.groups.at_mut(id);
        let index = group.begun;
        group.begun += 1;
        group.live += 1;
        self.spawn_next(id);
        let program = self.program;
        let state = program.state(self.run.frames.at(parent).state);
        match (fan_out, &state.kind) {
            (FanOut::Parallel { input }, Kind::Parallel(parallel)) => {
                let item = self.run.frames.at(parent).item;
                let child = self.child(id, parent, index, item, false);
                self.run_child(child, parallel.branches[index as usize], input);
            }
            (FanOut::Map { items, input, .. }, Kind::Map(map)) => {
                let value = self.heap.items(items)[index as usize];
                self.spawn_iteration(id, parent, map, (index, value), input);
            }
            _ => self.abandon(id, parent, self.bug(parent, "children were begun for a state of another type")),
        }
    }

    /// The memory of frames and groups counts with that of the values: children that wait are many.
    fn check_memory(&self, frame: Id) -> Result<(), Box<Fault>> {
        if self.heap.bytes_used() > self.run.limits.max_heap_bytes {
            return Err(self.heap_limit_fault(frame));
        }
        Ok(())
    }

    fn spawn_iteration(&mut self, group: Id, parent: Id, map: &Map, (index, value): (u32, Value), input: Value) {
        let item = self.item_of_run(parent, index, value);
        let batched = map.distributed.as_ref().is_some_and(|distributed| distributed.batcher.is_some());
        let shown = if batched { None } else { Some(item) };
        let child = self.child(group, parent, index, shown, map.distributed.is_some());
        if map.distributed.is_none() {
            self.emit_iteration(parent, child, "MapIterationStarted", index);
        }
        // A batch is what its child gets.
        let child_input = if batched { Ok(value) } else { self.select_item(parent, map, item, value, input) };
        match child_input {
            Ok(child_input) => {
                if let Some(distributed) = &map.distributed {
                    self.begin_child_execution(parent, distributed, child, child_input);
                }
                self.run_child(child, map.start, child_input);
            }
            Err(fault) => self.abandon(group, parent, fault),
        }
    }

    /// The input that the ItemSelector makes of an item; without one, the item as it is.
    pub(super) fn select_item(
        &mut self,
        map_frame: Id,
        map: &Map,
        item: Item,
        value: Value,
        input: Value,
    ) -> Result<Value, Box<Fault>> {
        // What is read from outside may be larger than data may be.
        let Some(selector) = &map.item_selector else { return self.bounded(map_frame, value) };
        // The selector belongs to the Map state, but sees the item.
        let around = self.run.frames.at_mut(map_frame).item.replace(item);
        self.run.frames.at_mut(map_frame).context = None;
        let selected =
            self.build(selector, map_frame, Subject::data(input)).and_then(|input| self.bounded(map_frame, input));
        let frame = self.run.frames.at_mut(map_frame);
        (frame.item, frame.context) = (around, None);
        selected
    }

    /// Stops a group whose next child cannot begin: the state itself has failed.
    fn abandon(&mut self, group: Id, parent: Id, fault: Box<Fault>) {
        self.cancel_group(group);
        self.run.frames.at_mut(parent).wait = Wait::Nothing;
        self.settle(parent, Step::Fail(fault));
    }

    fn child(&mut self, group: Id, parent: Id, index: u32, item: Option<Item>, distributed: bool) -> Id {
        let around = self.run.frames.at(parent);
        let previous_event = around.previous_event;
        let child_events = if distributed { Some(1) } else { around.child_events };
        let id = self.run.frames.acquire();
        self.heap.count_held(FRAME_BYTES);
        let frame = self.run.frames.at_mut(id);
        frame.reuse(Some(group), index, item);
        (frame.previous_event, frame.child_events) = (previous_event, child_events);
        id
    }

    fn run_child(&mut self, child: Id, start: StateId, input: Value) {
        self.enter(child, start, input);
        if self.turn_is_over() {
            self.run.pending.push(Pending::Attempt(child));
            return;
        }
        let step = self.attempt(child);
        self.settle(child, step);
    }

    pub(super) fn child_ended(&mut self, group: Id, child: Id, output: Value) -> Option<(Id, Step)> {
        let index = self.run.frames.at(child).index;
        let (parent, fan_out) = {
            let group = self.run.groups.at(group);
            (group.parent, group.fan_out)
        };
        match fan_out {
            FanOut::Map { tolerance: None, .. } => self.emit_iteration(parent, child, "MapIterationSucceeded", index),
            FanOut::Map { .. } => self.note_success(parent, index, output),
            FanOut::Parallel { .. } => {}
        }
        let last_event = self.run.frames.at(child).previous_event;
        self.release(child);
        self.record(group, index, output, last_event)
    }

    /// Notes the output of a child. The last one completes the state, which goes on where that child's way ended.
    fn record(&mut self, id: Id, index: u32, output: Value, last_event: u64) -> Option<(Id, Step)> {
        let group = self.run.groups.at_mut(id);
        group.results[index as usize] = output;
        group.live -= 1;
        if group.live > 0 || group.begun < group.total {
            self.spawn_next(id);
            return None;
        }
        let parent = group.parent;
        let results = std::mem::take(&mut group.results);
        self.run.frames.at_mut(parent).previous_event = last_event;
        let step = self.join(parent, &results).unwrap_or_else(Step::Fail);
        self.run.groups.at_mut(id).results = results;
        self.release_group(id);
        Some((parent, step))
    }

    fn spawn_next(&mut self, id: Id) {
        let group = self.run.groups.at_mut(id);
        if !group.spawning && group.begun < group.total && group.live < group.limit {
            group.spawning = true;
            self.run.pending.push(Pending::Spawn(id));
        }
    }

    pub(super) fn outputs(&mut self, frame: Id, results: &[Value]) -> Result<Value, Box<Fault>> {
        self.heap.array(results).map_err(|exceeded| self.exceeded_fault(frame, exceeded))
    }

    /// All children have ended: the state has its result.
    fn join(&mut self, frame: Id, results: &[Value]) -> Result<Step, Box<Fault>> {
        self.allow_work();
        self.run.frames.at_mut(frame).wait = Wait::Nothing;
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        match &state.kind {
            Kind::Parallel(_) => self.emit_parallel_succeeded(frame),
            Kind::Map(map) => {
                if let Some(mode) = &map.distributed {
                    return self.complete_map_run(frame, DistributedMap { state, map, mode }, results);
                }
                self.emit_map_succeeded(frame, map);
            }
            _ => {}
        }
        let Some(work) = state.kind.work() else {
            return Err(self.bug(frame, "children have ended in a state that has none"));
        };
        let outputs = self.outputs(frame, results)?;
        let outputs = self.bounded(frame, outputs)?;
        self.finish(frame, state, &work.common, work.result_selector.as_ref(), outputs)
    }

    /// A child has failed for good. Unless a distributed Map tolerates it, its siblings are stopped and the state fails with
    /// the child's own error.
    pub(super) fn child_failed(&mut self, group: Id, child: Id, fault: Box<Fault>) -> Option<(Id, Step)> {
        let index = self.run.frames.at(child).index;
        let (parent, fan_out) = {
            let group = self.run.groups.at(group);
            (group.parent, group.fan_out)
        };
        if let FanOut::Map { items, tolerance: Some(_), .. } = fan_out {
            return self.child_execution_failed(group, child, items, &fault);
        }
        if matches!(fan_out, FanOut::Map { .. }) && !fault.is_final() {
            self.emit_iteration(parent, child, "MapIterationFailed", index);
        }
        let last_event = self.run.frames.at(child).previous_event;
        self.release(child);
        self.cancel_group(group);
        let parent_frame = self.run.frames.at_mut(parent);
        (parent_frame.wait, parent_frame.previous_event) = (Wait::Nothing, last_event);
        Some((parent, Step::Fail(fault)))
    }

    fn child_execution_failed(&mut self, group: Id, child: Id, items: List, fault: &Fault) -> Option<(Id, Step)> {
        let index = self.run.frames.at(child).index;
        let parent = self.run.groups.at(group).parent;
        let weight = match &self.program.state(self.run.frames.at(parent).state).kind {
            Kind::Map(map) => self.weight(map, items, index),
            _ => 1,
        };
        self.note_failure(parent, index, &fault.failure);
        let last_event = self.run.frames.at(child).previous_event;
        self.release(child);
        let FanOut::Map { tolerance: Some(tolerated), .. } = &mut self.run.groups.at_mut(group).fan_out else {
            return Some((
                parent,
                Step::Fail(self.bug(parent, "a child execution has failed outside of a distributed Map")),
            ));
        };
        tolerated.failed += weight;
        if !tolerated.exceeded() {
            return self.record(group, index, Value::Null, last_event);
        }
        let cause = "The specified tolerated failure threshold was exceeded".to_owned();
        let exceeded = Fault::new(Some(EXCEEDED.to_owned()), Some(cause), &fault.failure.state);
        self.cancel_group(group);
        self.run.frames.at_mut(parent).wait = Wait::Nothing;
        let step = self.exceed_tolerance(parent, exceeded);
        Some((parent, step))
    }

    /// Whether the children of the group are branches of a Parallel.
    pub(super) fn is_branch(&self, group: Id) -> bool {
        matches!(self.run.groups.at(group).fan_out, FanOut::Parallel { .. })
    }

    /// Stops all that runs in a group. Nesting, and so recursion, is bounded by that of the definition.
    fn cancel_group(&mut self, group: Id) {
        let children: Vec<(Id, Wait, u32)> = self
            .run
            .frames
            .iter()
            .filter(|(_, frame)| frame.parent == Some(group))
            .map(|(id, frame)| (id, frame.wait, frame.index))
            .collect();
        let (parent, fan_out) = {
            let group = self.run.groups.at(group);
            (group.parent, group.fan_out)
        };
        for (child, wait, index) in children {
            match wait {
                Wait::Children(inner) => {
                    self.cancel_group(inner);
                    self.emit_aborted(child);
                }
                Wait::Call { ordinal, .. } => {
                    self.run.effects.push_back(Effect::Cancel(CallId { frame: child, ordinal }));
                    self.emit_aborted(child);
                }
                Wait::Delay | Wait::Retry => self.emit_aborted(child),
                Wait::Nothing => {}
            }
            match fan_out {
                FanOut::Map { tolerance: None, .. } => self.emit_iteration(parent, child, "MapIterationAborted", index),
                FanOut::Map { .. } => self.note_abort(parent, index),
                FanOut::Parallel { .. } => {}
            }
            self.release(child);
        }
        self.release_group(group);
    }

    fn release_group(&mut self, group: Id) {
        self.heap.release(result_bytes(self.run.groups.at(group).total));
        self.run.groups.release(group);
    }

    fn release(&mut self, frame: Id) {
        self.run.forget_variables(frame);
        self.heap.release(FRAME_BYTES);
        self.run.frames.release(frame);
    }
}

/// Bytes of a group, with the places for the outputs of its children.
fn result_bytes(children: u32) -> usize {
    size_of::<Group>() + children as usize * size_of::<Value>()
}
