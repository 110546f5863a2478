//! What a shard does with an event: starts an execution and drives it to its end. How an end is written is in `settle`.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rdkafka::message::{BorrowedMessage, Message};

use super::calls::{Calls, Outcome};
use super::counts::Counts;
use super::executions::{Event, Executions, Key, Running};
use super::outcome::{EventHeaders, EventRef};
use super::partitions::{Partitions, Slot, State, Ticket};
use super::pipeline::Spec;
use super::reread::Reread;
use super::sink::{Report, Sink};
use crate::engine::{Effect, Execution, Progress, TaskCall, TaskFailure, Timestamp};
use crate::task::Request;

/// What an event counts against the bound of bytes in flight beside its key and value: tracking and the client's record.
const RECORD_OVERHEAD_BYTES: usize = 128;
/// Executions that get a turn before records are read again.
const TURNS_PER_ROUND: usize = 64;

/// Everything of a shard but its consumer, so that a message borrowed from the consumer can be worked on.
pub(super) struct Work {
    pub spec: Arc<Spec>,
    pub partitions: Partitions,
    pub executions: Executions,
    pub calls: Calls,
    pub sink: Sink,
    pub counts: Counts,
    pub(super) reread: Reread,
    pub(super) reports: Vec<Report>,
    /// Where results are written before they are sent.
    pub(super) buffer: Vec<u8>,
}

impl Work {
    pub fn new(spec: Arc<Spec>, calls: Calls, sink: Sink, counts: Counts) -> Self {
        Self {
            reread: Reread::new(spec.pipeline.consumer.clone()),
            spec,
            partitions: Partitions::default(),
            executions: Executions::default(),
            calls,
            sink,
            counts,
            reports: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// Runs an event that was read: to its end, if nothing makes it wait.
    pub fn event(&mut self, message: &BorrowedMessage<'_>) {
        let address = message.topic_ptr() as usize;
        let Some(slot) = self.partitions.find_message(address, || message.topic(), message.partition()) else {
            return; // not ours any more: its next owner reads it again
        };
        let (key, payload) = (message.key(), message.payload());
        let length = payload.map_or(0, <[u8]>::len);
        let bytes = length + key.map_or(0, <[u8]>::len) + RECORD_OVERHEAD_BYTES;
        let Some(ticket) = self.track(slot, message.offset(), bytes) else { return };
        self.counts.read(length);
        let event = EventRef {
            ticket,
            offset: message.offset(),
            read_at: Instant::now(),
            name: None,
            key,
            payload,
            headers: EventHeaders::Message(message),
        };
        match payload {
            Some(payload) => self.start(slot, payload, &event),
            None => self.reject(&event, "no-value", "the record has no value (a tombstone)"),
        }
    }

    fn track(&mut self, slot: Slot, offset: i64, bytes: usize) -> Option<Ticket> {
        let partition = self.partitions.partition_mut(slot)?;
        if partition.state != State::Reading {
            return None;
        }
        partition.names.set(offset);
        self.partitions.track(slot, offset, bytes)
    }

    fn start(&mut self, slot: Slot, payload: &[u8], event: &EventRef<'_>) {
        let limits = &self.spec.limits;
        let mut execution = self.executions.fetch(|| Execution::new(limits.clone()));
        let version = self.spec.workflow.current();
        let now = now();
        let Some(partition) = self.partitions.partition(slot) else { return };
        let identity = partition.names.identity(&version.workflow);
        if let Err(error) = execution.start(&version.program, payload, &identity, now) {
            self.executions.give_back(execution);
            return self.reject(event, error.reason(), &error.to_string());
        }
        match execution.run(now) {
            Progress::Ended => {
                self.finish(&mut execution, &version, event);
                self.executions.give_back(execution);
            }
            progress => {
                let event = self.keep(slot, payload, event);
                let key = self.executions.insert(execution, version, event);
                self.after_run(key, progress);
            }
        }
    }

    fn keep(&self, slot: Slot, payload: &[u8], event: &EventRef<'_>) -> Event {
        let names = self.partitions.partition(slot).map(|partition| &partition.names);
        Event {
            ticket: event.ticket,
            offset: event.offset,
            read_at: event.read_at,
            name: names.map_or("", |names| names.name()).into(),
            id: names.map_or("", |names| names.id()).into(),
            key: event.key.map(Into::into),
            payload: payload.into(),
            headers: event.headers.owned(),
        }
    }

    /// Gives waiting executions their turns, as far as their time has come or an outcome has arrived. Whether there were any.
    pub fn drive(&mut self) -> bool {
        if self.executions.waiting() == 0 {
            return false;
        }
        let now = now();
        let mut worked = false;
        while let Some(outcome) = self.calls.take() {
            worked = true;
            self.resume(outcome, now);
        }
        self.executions.fire_timers(now);
        for _ in 0..TURNS_PER_ROUND {
            let Some(key) = self.executions.take_ready() else { break };
            worked = true;
            self.turn(key, now);
        }
        worked
    }

    fn resume(&mut self, outcome: Outcome, now: Timestamp) {
        let Some(running) = self.executions.running_mut(outcome.execution) else { return };
        running.calls.retain(|(call, _)| *call != outcome.call);
        match outcome.answer {
            Ok(result) => running.execution.resume(outcome.call, Ok(&result), now),
            Err(failure) => {
                self.counts.stats.task_failures.add(1);
                running.execution.resume(outcome.call, Err(failure), now);
            }
        }
        self.turn(outcome.execution, now);
    }

    fn turn(&mut self, key: Key, now: Timestamp) {
        let Some(running) = self.executions.running_mut(key) else { return };
        let progress = running.execution.run(now);
        self.after_run(key, progress);
    }

    fn after_run(&mut self, key: Key, progress: Progress) {
        self.carry_out_effects(key);
        match progress {
            Progress::Ended => {
                if let Some(mut running) = self.executions.remove(key) {
                    let Running { execution, version, event, .. } = &mut running;
                    let event = EventRef::from(&*event);
                    self.finish(execution, version, &event);
                    self.executions.give_back(running.execution);
                }
            }
            Progress::Yielded => self.executions.make_ready(key),
            Progress::Suspended => {
                let wake_at = self.executions.running_mut(key).and_then(|running| running.execution.wake_at());
                self.executions.set_timer(key, wake_at);
            }
        }
    }

    fn carry_out_effects(&mut self, key: Key) {
        while let Some(running) = self.executions.running_mut(key) {
            match running.execution.take_effect() {
                None => return,
                Some(Effect::Call(call)) => self.call(key, call),
                Some(Effect::Cancel(id)) => {
                    if let Some(index) = running.calls.iter().position(|(call, _)| *call == id) {
                        running.calls.swap_remove(index).1.abort();
                    }
                }
            }
        }
    }

    fn call(&mut self, key: Key, call: TaskCall) {
        let Some(running) = self.executions.running_mut(key) else { return };
        self.counts.stats.task_calls.add(1);
        let Some(connector) = self.spec.connectors.find(&call.resource) else {
            return self.calls.fail(key, call.id, no_connector(&call.resource));
        };
        let request = Request {
            idempotency_key: format!("{}:{}", running.event.name, call.ordinal),
            purpose: call.purpose,
            resource: call.resource,
            state: call.state,
            input: call.input,
            timeout: call.timeout,
            execution: running.event.id.clone(),
        };
        let handle = self.calls.start(key, call.id, connector, request);
        running.calls.push((call.id, handle));
    }

    /// Lets go of everything of an assignment that is over.
    pub fn release(&mut self, slot: Slot) {
        self.executions.remove_all_of(slot);
        self.sink.forget(slot);
        if let Some(partition) = self.partitions.partition(slot) {
            self.counts.metrics.lag_gone(&partition.topic, partition.number);
        }
        self.partitions.release(slot);
    }
}

fn no_connector(resource: &str) -> TaskFailure {
    let cause = format!("no connector for the Resource {resource}: add a [[task]] entry to the configuration");
    TaskFailure::new("States.TaskFailed", cause)
}

/// The time of the wall clock.
pub(super) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since_epoch.as_millis() as i64)
}
