//! What a shard does with an event: starts an execution and drives it to its end. How an end is written is in `settle`.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::message::{BorrowedMessage, Message};

use super::admission::{Admission, Admitted};
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
/// Part of `max_in_flight` that may wait for others of one key, where events are run in order: one key that is in great demand
/// must not take all from the others.
const WAITING_PART: usize = 8;
/// Executions that get a turn before records are read again.
const TURNS_PER_ROUND: usize = 64;

/// Everything of a shard but its consumer, so that a message borrowed from the consumer can be worked on.
pub(super) struct Processor {
    pub spec: Arc<Spec>,
    pub partitions: Partitions,
    pub host: Host<EventOrigin, LocalCalls>,
    pub clock: Clock,
    pub sink: Sink,
    pub counts: Counts,
    pub(super) admission: Admission<EventOrigin>,
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

impl Processor {
    pub(super) fn new(spec: Arc<Spec>, mailbox: Mailbox, calls: LocalCalls, sink: Sink, counts: Counts) -> Self {
        let log = ExecutionLog::new(&spec.pipeline, spec.log_topic.clone());
        let mut host = Host::new(spec.limits.clone(), mailbox, calls);
        if spec.pipeline.state_metrics {
            host = host.counting_states();
        }
        if let Some(callbacks) = &spec.callbacks {
            host = host.taking_callbacks(callbacks);
        }
        if log.needs_history() {
            host = host.recording_history();
        }
        let max_waiting = spec.pipeline.max_in_flight / WAITING_PART;
        Self {
            admission: Admission::new(spec.pipeline.order, max_waiting),
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
            if let Some(deliveries) = self.partitions.begins(slot) {
                self.reject_as_deadly(&event, deliveries);
                self.at_work = None;
                self.name = name;
                return;
            }
            match self.admission.before(slot, key) {
                None => {
                    if version.program.reads_kafka() {
                        self.record.clear();
                        record_context::write(message, &mut self.record);
                    }
                    self.begin(&event, &name, version, event.read_at);
                }
                Some(lane) => {
                    let mut origin = EventOrigin::of(&event, &name, version.clone(), Some(lane));
                    // By which version it will run nobody knows yet.
                    record_context::write(message, &mut origin.record);
                    if self.admission.wait(lane, origin) {
                        self.partitions.lane_is_full(slot);
                    }
                }
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
        if self.partitions.skip(slot, offset) {
            self.counts.skipped();
            return None;
        }
        let partition = self.partitions.partition(slot)?;
        partition.names.write(offset, name);
        self.partitions.track(slot, offset, bytes)
    }

    /// Runs an event that waits for no other: to its end, if nothing makes it wait. Whether it goes on.
    fn begin(
        &mut self,
        event: &EventRef<'_>,
        name: &ExecutionName,
        version: &Arc<Version<Program>>,
        at: Instant,
    ) -> bool {
        let slot = event.ticket.slot();
        let is_running = match event.payload {
            Some(payload) => self.start(payload, event, name, version, at),
            None => {
                self.reject(event, "no-value", "the record has no value (a tombstone)");
                false
            }
        };
        if is_running && let Some(lane) = self.admission.lane(slot, event.key) {
            self.admission.begin(lane);
        }
        is_running
    }

    /// Whether the execution goes on.
    fn start(
        &mut self,
        payload: &[u8],
        event: &EventRef<'_>,
        name: &ExecutionName,
        version: &Arc<Version<Program>>,
        at: Instant,
    ) -> bool {
        let slot = event.ticket.slot();
        let Some(partition) = self.partitions.partition(slot) else { return false };
        let (mut identity, now) = (partition.names.identity(name), self.clock.at(at));
        if version.program.reads_kafka() {
            identity.kafka = Some(&self.record);
        }
        let admission = &self.admission;
        let keep = || EventOrigin::of(event, name, version.clone(), admission.lane(slot, event.key));
        match self.host.start(&version.program, payload, &identity, now, keep) {
            Ok(Started::Ended(mut execution)) => {
                self.finish(&mut execution, version, event);
                self.host.give_back(execution);
                false
            }
            Ok(Started::Running(_)) => true,
            Err(error) => {
                self.reject(event, error.reason(), &error.to_string());
                false
            }
        }
    }

    /// Gives waiting executions their turns, as far as their time has come or an answer has arrived. Whether there were any.
    pub(super) fn drive(&mut self) -> bool {
        if self.host.waiting() == 0 && !self.host.has_answers() && !self.admission.has_next() {
            return false;
        }
        let mut worked = self.host.drive(self.clock.now(), TURNS_PER_ROUND);
        while let Some(Ended { mut execution, origin }) = self.host.take_ended() {
            self.at_work = Some((origin.ticket.slot(), origin.offset));
            self.finish(&mut execution, &origin.version, &EventRef::from(&origin));
            self.host.give_back(execution);
            if let Some(lane) = origin.lane {
                self.admission.end(lane);
            }
        }
        self.at_work = None;
        if self.admission.has_next() {
            worked |= self.begin_waiting(Instant::now());
        }
        worked
    }

    /// Whether anything of what is in flight of these assignments can come to its end soon: not if all of it waits for services that
    /// are not there, or for others of its key that do. It is delivered again to whoever is next, so a drain does not wait for it.
    pub(super) fn can_go_on(&self, is_meant: impl Fn(Slot) -> bool) -> bool {
        let (waiting, still) = self.host.waiting_of(|origin| is_meant(origin.ticket.slot()));
        still == 0 || waiting > still || self.admission.has_next() || self.sink.waiting() > 0
    }

    /// Begins events that waited for others of their key, or their partition, by the version that is current now. Whether there
    /// were any.
    fn begin_waiting(&mut self, now: Instant) -> bool {
        let version = self.spec.workflow.current();
        let enough = self.host.enough_work();
        let mut begun = 0;
        while begun < TURNS_PER_ROUND
            && self.host.work_done() < enough
            && let Some(Admitted { event: mut origin, lane, has_room, .. }) = self.admission.next()
        {
            begun += 1;
            if has_room {
                self.partitions.lane_has_room(lane.slot());
            }
            let Some(partition) = self.partitions.partition(lane.slot()) else { continue };
            let mut name = std::mem::take(&mut self.name);
            partition.names.write(origin.offset, &mut name);
            self.record = std::mem::take(&mut origin.record);
            self.at_work = Some((lane.slot(), origin.offset));
            if !self.begin(&EventRef::from(&origin), &name, &version, now) {
                self.admission.end(lane);
            }
            self.at_work = None;
            self.name = name;
        }
        begun > 0
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
        self.admission.release(slot);
        self.sink.forget(slot);
        if let Some(partition) = self.partitions.partition(slot) {
            self.counts.metrics.lag_gone(&partition.topic, partition.number);
        }
        self.partitions.release(slot);
    }
}
