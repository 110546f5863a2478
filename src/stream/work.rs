//! What a shard does with an event: starts an execution and drives it to its end. How an end is written is in `settle`.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::message::{BorrowedMessage, Message};

use super::counts::Counts;
use super::execution_log::ExecutionLog;
use super::origin::EventOrigin;
use super::outcome::{EventHeaders, EventRef};
use super::partitions::{Partitions, Slot, State, Ticket};
use super::pipeline::Spec;
use super::record_context;
use super::reread::Reread;
use super::sink::{Report, Sink};
use crate::host::{Clock, Ended, Host, LocalCalls, Mailbox, Started};
use crate::identity::ExecutionName;
use crate::program::Program;
use crate::registry::Version;
use crate::telemetry::Levels;

/// What an event counts against the bound of bytes in flight beside its key and value: tracking and the client's record.
const RECORD_OVERHEAD_BYTES: usize = 128;
/// Executions that get a turn before records are read again.
const TURNS_PER_ROUND: usize = 64;

/// Everything of a shard but its consumer, so that a message borrowed from the consumer can be worked on.
pub(super) struct Work {
    pub spec: Arc<Spec>,
    pub partitions: Partitions,
    pub host: Host<EventOrigin, LocalCalls>,
    pub clock: Clock,
    pub sink: Sink,
    pub counts: Counts,
    pub(super) log: ExecutionLog,
    pub(super) reread: Reread,
    pub(super) reports: Vec<Report>,
    /// Where results are written before they are sent.
    pub(super) buffer: Vec<u8>,
    /// Where `$$.Kafka` is written for programs that read it.
    record: Vec<u8>,
    /// Where the names of events are written, one after another.
    name: ExecutionName,
    /// The event that is being read or written, for who asks after a panic.
    at_work: Option<(Slot, i64)>,
}

impl Work {
    pub(super) fn new(spec: Arc<Spec>, mailbox: Mailbox, calls: LocalCalls, sink: Sink, counts: Counts) -> Self {
        let log = ExecutionLog::new(&spec.pipeline, spec.log_topic.clone());
        let mut host = Host::new(spec.limits.clone(), mailbox, calls);
        if spec.pipeline.state_metrics {
            host = host.counting_states();
        }
        if log.needs_history() {
            host = host.recording_history();
        }
        Self {
            reread: Reread::new(spec.pipeline.consumer.clone()),
            host,
            log,
            clock: Clock::new(),
            partitions: Partitions::bounded(spec.pipeline.max_uncommitted),
            spec,
            sink,
            counts,
            reports: Vec::new(),
            buffer: Vec::new(),
            record: Vec::new(),
            name: ExecutionName::default(),
            at_work: None,
        }
    }

    /// Runs an event that was read: to its end, if nothing makes it wait.
    pub(super) fn event(&mut self, message: &BorrowedMessage<'_>, version: &Arc<Version<Program>>) {
        let address = message.topic_ptr() as usize;
        let Some(slot) = self.partitions.find_message(address, || message.topic(), message.partition()) else {
            return; // not ours any more: its next owner reads it again
        };
        let (key, payload) = (message.key(), message.payload());
        let length = payload.map_or(0, <[u8]>::len);
        let bytes = length + key.map_or(0, <[u8]>::len) + RECORD_OVERHEAD_BYTES;
        let mut name = std::mem::take(&mut self.name);
        if let Some(ticket) = self.track(slot, message.offset(), bytes, &mut name) {
            self.counts.read(length);
            self.at_work = Some((slot, message.offset()));
            let event = EventRef {
                ticket,
                offset: message.offset(),
                read_at: Instant::now(),
                name: name.as_str(),
                key,
                payload,
                headers: EventHeaders::Message(message),
            };
            match payload {
                Some(payload) => self.start(slot, payload, &event, &name, version),
                None => self.reject(&event, "no-value", "the record has no value (a tombstone)"),
            }
            self.at_work = None;
        }
        self.name = name;
    }

    /// Notes a record as in flight and names its execution.
    fn track(&mut self, slot: Slot, offset: i64, bytes: usize, name: &mut ExecutionName) -> Option<Ticket> {
        let partition = self.partitions.partition(slot)?;
        if partition.state != State::Reading {
            return None;
        }
        partition.names.write(offset, name);
        self.partitions.track(slot, offset, bytes)
    }

    fn start(
        &mut self,
        slot: Slot,
        payload: &[u8],
        event: &EventRef<'_>,
        name: &ExecutionName,
        version: &Arc<Version<Program>>,
    ) {
        let Some(partition) = self.partitions.partition(slot) else { return };
        let (mut identity, now) = (partition.names.identity(name), self.clock.at(event.read_at));
        if let EventHeaders::Message(message) = &event.headers
            && version.program.reads_kafka()
        {
            self.record.clear();
            record_context::write(message, &mut self.record);
            identity.kafka = Some(&self.record);
        }
        let keep = || EventOrigin::of(event, name, payload, version.clone());
        match self.host.start(&version.program, payload, &identity, now, keep) {
            Ok(Started::Ended(mut execution)) => {
                self.finish(&mut execution, version, event);
                self.host.give_back(execution);
            }
            Ok(Started::Running(_)) => {}
            Err(error) => self.reject(event, error.reason(), &error.to_string()),
        }
    }

    /// Gives waiting executions their turns, as far as their time has come or an answer has arrived. Whether there were any.
    pub(super) fn drive(&mut self) -> bool {
        if self.host.waiting() == 0 {
            return false;
        }
        let worked = self.host.drive(self.clock.now(), TURNS_PER_ROUND);
        while let Some(Ended { mut execution, origin }) = self.host.take_ended() {
            self.at_work = Some((origin.ticket.slot(), origin.offset));
            self.finish(&mut execution, &origin.version, &EventRef::from(&origin));
            self.host.give_back(execution);
        }
        self.at_work = None;
        worked
    }

    /// After a panic: topic, partition and offset of the event that the shard was at.
    pub(super) fn event_at_work(&self) -> Option<(Arc<str>, i32, i64)> {
        let turn = || self.host.unfinished_turn().map(|origin| (origin.ticket.slot(), origin.offset));
        let (slot, offset) = self.at_work.or_else(turn)?;
        let partition = self.partitions.partition(slot)?;
        Some((partition.topic.clone(), partition.number, offset))
    }

    /// Bytes of what is in flight: the records, and what their executions hold while they wait.
    pub(super) fn in_flight_bytes(&self) -> usize {
        self.partitions.in_flight_bytes() + self.host.memory_bytes()
    }

    /// Makes what was counted visible.
    pub(super) fn publish(&mut self, levels: Levels) {
        let counts = &mut self.counts;
        self.host.drain_states(|state, tally| counts.state(state, &tally));
        counts.publish(levels);
        self.log.close(Instant::now(), false);
        self.log.serve();
    }

    /// Lets go of everything of an assignment that is over.
    pub(super) fn release(&mut self, slot: Slot) {
        self.host.cancel_where(|origin| origin.ticket.slot() == slot);
        self.sink.forget(slot);
        if let Some(partition) = self.partitions.partition(slot) {
            self.counts.metrics.lag_gone(&partition.topic, partition.number);
        }
        self.partitions.release(slot);
    }
}
