//! The context object, whole and in parts.

use super::frame::Item;
use super::pool::Id;
use super::run::Run;
use super::time::{Timestamp, time_text};
use crate::expr::ContextField;
use crate::program::{Context, Program};
use crate::value::{Exceeded, Heap, Value};

impl Run {
    /// The context object as a state in this frame sees it.
    pub(super) fn context(&mut self, heap: &mut Heap, program: &Program, frame: Id) -> Option<Value> {
        if let Some(context) = self.frames.at(frame).context {
            return Some(context);
        }
        let mark = heap.mark();
        let context = self.build_context(heap, program, frame).inspect_err(|_| heap.abandon(mark)).ok();
        self.frames.at_mut(frame).context = context;
        context
    }

    /// A part of the context object that needs no other: cheaper than [`context`](Run::context).
    pub(super) fn context_field(
        &self,
        heap: &mut Heap,
        program: &Program,
        frame: Id,
        field: ContextField,
    ) -> Option<Value> {
        let this = self.frames.at(frame);
        if self.solo.is_some() {
            return None;
        }
        Some(match field {
            ContextField::ExecutionId => heap.string(&self.who(program, frame).id()),
            ContextField::ExecutionInput => self.who(program, frame).input,
            ContextField::ExecutionName => heap.string(&self.who(program, frame).name()),
            ContextField::ExecutionStartTime => timestamp(heap, self.who(program, frame).started_at),
            ContextField::StateMachineId => heap.string(&self.who(program, frame).state_machine_id()),
            ContextField::StateMachineName => heap.string(&self.who(program, frame).state_machine_name()),
            ContextField::StateName => program.state(this.state).name_value,
            ContextField::StateEnteredTime => timestamp(heap, this.entered_at),
            ContextField::MapItemIndex => Value::Int(this.item?.index.into()),
            ContextField::MapItemValue => this.item?.value,
            ContextField::Kafka => self.kafka?,
        })
    }

    fn build_context(&self, heap: &mut Heap, program: &Program, frame: Id) -> Result<Value, Exceeded> {
        let keys = &program.keys.context;
        let this = self.frames.at(frame);
        let context = heap.mark();
        if let Some(solo) = &self.solo {
            solo.push_context(heap);
            if let Some(item) = this.item {
                push_item(heap, keys, item)?;
            }
            return heap.object_from(context);
        }
        self.push_execution(heap, program, frame)?;

        let state = program.state(this.state);
        let own = heap.mark();
        heap.push_entry(keys.name, state.name_value);
        let time = timestamp(heap, this.entered_at);
        heap.push_entry(keys.entered_time, time);
        if state.kind.work().is_some() {
            heap.push_entry(keys.retry_count, Value::Int(this.retry_count.into()));
        }
        let own = heap.object_from(own)?;
        heap.push_entry(keys.state, own);

        if let Some(ordinal) = this.token {
            let token = self.task_token(ordinal);
            let task = heap.mark();
            let token = heap.string(&token);
            heap.push_entry(keys.token, token);
            let task = heap.object_from(task)?;
            heap.push_entry(keys.task, task);
        }
        if let Some(item) = this.item {
            push_item(heap, keys, item)?;
        }
        if let Some(kafka) = self.kafka {
            heap.push_entry(keys.kafka, kafka);
        }
        heap.object_from(context)
    }

    /// Adds the execution and its state machine.
    fn push_execution(&self, heap: &mut Heap, program: &Program, frame: Id) -> Result<(), Exceeded> {
        let keys = &program.keys.context;
        let who = self.who(program, frame);
        let execution = heap.mark();
        let id = heap.string(&who.id());
        heap.push_entry(keys.id, id);
        heap.push_entry(keys.input, who.input);
        let time = timestamp(heap, who.started_at);
        heap.push_entry(keys.start_time, time);
        let name = heap.string(&who.name());
        heap.push_entry(keys.name, name);
        let role = heap.string(self.identity.role_arn());
        heap.push_entry(keys.role_arn, role);
        heap.push_entry(keys.redrive_count, Value::Int(0));
        let execution = heap.object_from(execution)?;
        heap.push_entry(keys.execution, execution);

        let machine = heap.mark();
        let id = heap.string(&who.state_machine_id());
        heap.push_entry(keys.id, id);
        let name = heap.string(&who.state_machine_name());
        heap.push_entry(keys.name, name);
        let machine = heap.object_from(machine)?;
        heap.push_entry(keys.state_machine, machine);
        Ok(())
    }
}

fn push_item(heap: &mut Heap, keys: &Context, item: Item) -> Result<(), Exceeded> {
    let map = heap.mark();
    let inner = heap.mark();
    heap.push_entry(keys.index, Value::Int(item.index.into()));
    heap.push_entry(keys.value, item.value);
    for (key, value) in [(keys.key, item.key), (keys.source, item.source)] {
        if let Some(value) = value {
            heap.push_entry(key, value);
        }
    }
    let inner = heap.object_from(inner)?;
    heap.push_entry(keys.item, inner);
    let map = heap.object_from(map)?;
    heap.push_entry(keys.map, map);
    Ok(())
}

fn timestamp(heap: &mut Heap, time: Timestamp) -> Value {
    heap.string(&time_text(time))
}
