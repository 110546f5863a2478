//! What a shard does with an event: starts an execution, drives it, and sees its outcome acknowledged.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rdkafka::message::{BorrowedMessage, Message};

use super::calls::{Calls, Outcome};
use super::executions::{Event, Executions, Key, Running};
use super::outcome::{self, EventHeaders, EventRef};
use super::partitions::{Partitions, Slot, State, Ticket};
use super::pipeline::Spec;
use super::reread::Reread;
use super::sink::{Report, Sink};
use super::stats::Stats;
use crate::engine::{Effect, Execution, Identity, Progress, Status, TaskCall, TaskFailure, Timestamp};
use crate::registry::Version;
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
    pub stats: Arc<Stats>,
    reread: Reread,
    reports: Vec<Report>,
    buffer: Vec<u8>,
    durations: Vec<u64>,
    lap: Instant,
}

impl Work {
    pub fn new(spec: Arc<Spec>, calls: Calls, sink: Sink, stats: Arc<Stats>) -> Self {
        Self {
            reread: Reread::new(spec.pipeline.consumer.clone()),
            spec,
            partitions: Partitions::default(),
            executions: Executions::default(),
            calls,
            sink,
            stats,
            reports: Vec::new(),
            buffer: Vec::new(),
            durations: Vec::new(),
            lap: Instant::now(),
        }
    }

    /// Begins to measure the time of events that are run one after another.
    pub fn begin_batch(&mut self) {
        self.lap = Instant::now();
    }

    /// Publishes the durations measured since the last call.
    pub fn end_batch(&mut self) {
        if !self.durations.is_empty() {
            self.stats.add_durations(&mut self.durations);
        }
    }

    /// Runs an event that was read: to its end, if nothing makes it wait.
    pub fn event(&mut self, message: &BorrowedMessage<'_>) {
        let address = message.topic_ptr() as usize;
        let Some(slot) = self.partitions.find_message(address, || message.topic(), message.partition()) else {
            return; // not ours any more: its next owner reads it again
        };
        let key = message.key();
        let payload = message.payload();
        let length = payload.map_or(0, <[u8]>::len);
        let bytes = length + key.map_or(0, <[u8]>::len) + RECORD_OVERHEAD_BYTES;
        let Some(ticket) = self.track(slot, message.offset(), bytes) else { return };
        let event = EventRef {
            ticket,
            offset: message.offset(),
            name: None,
            key,
            payload,
            headers: EventHeaders::Message(message),
        };
        self.stats.events.add(1);
        self.stats.event_bytes.add(length as u64);
        match payload {
            Some(payload) => self.start(slot, payload, event),
            None => self.reject(&event, "the record has no value (a tombstone)"),
        }
        let now = Instant::now();
        self.durations.push(now.duration_since(self.lap).as_micros() as u64);
        self.lap = now;
    }

    fn track(&mut self, slot: Slot, offset: i64, bytes: usize) -> Option<Ticket> {
        let partition = self.partitions.partition_mut(slot)?;
        if partition.state != State::Reading {
            return None;
        }
        partition.names.set(offset);
        self.partitions.track(slot, offset, bytes)
    }

    fn start(&mut self, slot: Slot, payload: &[u8], event: EventRef<'_>) {
        let limits = self.spec.limits;
        let mut execution = self.executions.fetch(|| Execution::new(limits));
        let version = self.spec.workflow.current();
        let now = now();
        let Some(partition) = self.partitions.partition(slot) else { return };
        let identity = Identity { name: partition.names.name(), id: partition.names.id() };
        if let Err(error) = execution.start(&version.program, payload, &identity, now) {
            self.executions.give_back(execution);
            return self.reject(&event, &error.to_string());
        }
        match execution.run(now) {
            Progress::Ended => {
                self.finish(&mut execution, &version, &event);
                self.executions.give_back(execution);
            }
            progress => {
                let event = self.keep(slot, payload, &event);
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
                self.stats.task_failures.add(1);
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
        self.stats.task_calls.add(1);
        if call.retry_count > 0 {
            self.stats.task_retries.add(1);
        }
        let Some(connector) = self.spec.connectors.find(&call.resource) else {
            return self.calls.fail(key, call.id, no_connector(&call.resource));
        };
        let request = Request {
            idempotency_key: format!("{}:{}", running.event.name, call.ordinal),
            resource: call.resource,
            state: call.state,
            input: call.input,
            timeout: call.timeout,
            execution: running.event.id.clone(),
        };
        let handle = self.calls.start(key, call.id, connector, request);
        running.calls.push((call.id, handle));
    }

    fn finish(&mut self, execution: &mut Execution, version: &Version, event: &EventRef<'_>) {
        match execution.status() {
            Status::Succeeded => {
                self.stats.succeeded.add(1);
                self.succeeded(execution, version, event);
            }
            status => {
                let (counter, name) = match status {
                    Status::TimedOut => (&self.stats.timed_out, "TIMED_OUT"),
                    _ => (&self.stats.failed, "FAILED"),
                };
                counter.add(1);
                let failure = execution.failure();
                let failed = outcome::Failed {
                    status: name,
                    version: &version.label,
                    error: failure.and_then(|failure| failure.error.as_deref()),
                    cause: failure.and_then(|failure| failure.cause.as_deref()),
                    state: failure.map_or("", |failure| &*failure.state),
                };
                self.failed(&failed, event);
            }
        }
    }

    fn succeeded(&mut self, execution: &Execution, version: &Version, event: &EventRef<'_>) {
        let Some(topic) = &self.spec.pipeline.sink else { return self.complete(event.ticket) };
        self.buffer.clear();
        execution.write_output(&mut self.buffer);
        let headers = outcome::result_headers(&self.spec, &self.partitions, version, event);
        if self.sink.send(topic, event.key, Some(&self.buffer), headers, event.ticket).is_err() {
            let reason = format!("the result of {} bytes is too large for a record of topic {topic}", self.buffer.len());
            self.reject(event, &reason);
        }
    }

    fn failed(&mut self, failed: &outcome::Failed<'_>, event: &EventRef<'_>) {
        let Some(source) = outcome::source(&self.spec, &self.partitions, event) else { return };
        let Some(topic) = self.spec.pipeline.failure_topic() else {
            super::log::failure_untold(&self.spec.pipeline.name, &source.execution, failed.error, failed.cause);
            return self.complete(event.ticket);
        };
        for input in [event.payload, None] {
            self.buffer.clear();
            outcome::write_failure(&mut self.buffer, failed, input);
            let headers = outcome::failure_headers(&self.spec, &source, failed, event);
            if self.sink.send(topic, event.key, Some(&self.buffer), Some(headers), event.ticket).is_ok() {
                return;
            }
        }
        self.reject(event, &format!("the failure is too large for a record of topic {topic}"));
    }

    /// Puts an event aside that can't be run, or whose outcome can't be written: to the dead-letter topic as it came, else
    /// to the topic of failures as a failure, else to the log.
    pub fn reject(&mut self, event: &EventRef<'_>, reason: &str) {
        self.stats.dead_letters.add(1);
        let Some(source) = outcome::source(&self.spec, &self.partitions, event) else { return };
        let pipeline = &self.spec.pipeline;
        if let Some(topic) = &pipeline.dead_letters {
            let headers = || Some(outcome::dead_letter_headers(&source, reason, event));
            let sent = self.sink.send(topic, event.key, event.payload, headers(), event.ticket);
            // Its value can still be read where it came from.
            if sent.is_ok() || self.sink.send(topic, event.key, None, headers(), event.ticket).is_ok() {
                return;
            }
        } else if let Some(topic) = pipeline.failure_topic() {
            let version = self.spec.workflow.current();
            let failed = outcome::Failed::rejected(reason, &version.label);
            self.buffer.clear();
            outcome::write_failure(&mut self.buffer, &failed, None);
            let headers = outcome::failure_headers(&self.spec, &source, &failed, event);
            if self.sink.send(topic, event.key, Some(&self.buffer), Some(headers), event.ticket).is_ok() {
                return;
            }
        }
        super::log::event_skipped(&pipeline.name, &source.topic, source.partition, event.offset, reason);
        self.complete(event.ticket);
    }

    fn complete(&mut self, ticket: Ticket) {
        if self.partitions.complete(ticket) {
            self.stats.completed.add(1);
        }
    }

    /// Serves the producer and completes what was acknowledged. Whether anything was.
    pub fn serve_sink(&mut self) -> bool {
        self.sink.serve(Instant::now(), &mut self.reports);
        self.take_reports()
    }

    fn take_reports(&mut self) -> bool {
        if self.reports.is_empty() {
            return false;
        }
        let mut reports = std::mem::take(&mut self.reports);
        for report in reports.drain(..) {
            match report {
                Report::Acknowledged(ticket) => {
                    self.stats.produced.add(1);
                    self.complete(ticket);
                }
                Report::TooLarge(ticket, topic) => self.refused_by_broker(ticket, &topic),
            }
        }
        self.reports = reports;
        true
    }

    /// The broker found a record too large that the client had let pass. Its event is not at hand any more.
    fn refused_by_broker(&mut self, ticket: Ticket, topic: &str) {
        let (Some(partition), Some(offset)) = (self.partitions.partition(ticket.slot()), self.partitions.offset(ticket))
        else {
            return;
        };
        let message = self.reread.event(&partition.topic, partition.number, offset);
        let slot = ticket.slot();
        if let Some(partition) = self.partitions.partition_mut(slot) {
            partition.names.set(offset);
        }
        let refused_twice = self.spec.pipeline.dead_letters.as_deref() == Some(topic);
        let event = EventRef {
            ticket,
            offset,
            name: None,
            key: message.as_ref().and_then(|message| message.key()),
            payload: message.as_ref().filter(|_| !refused_twice).and_then(|message| message.payload()),
            headers: EventHeaders::Owned(message.as_ref().and_then(|message| message.headers())),
        };
        self.reject(&event, &format!("the broker takes no record of this size for topic {topic}"));
    }

    /// Lets go of everything of an assignment that is over.
    pub fn release(&mut self, slot: Slot) {
        self.executions.remove_all_of(slot);
        self.sink.forget(slot);
        self.partitions.release(slot);
    }
}

fn no_connector(resource: &str) -> TaskFailure {
    TaskFailure {
        error: Some("States.TaskFailed".to_owned()),
        cause: Some(format!("no connector for the Resource {resource}: add a [[task]] entry to the configuration")),
        timed_out: false,
    }
}

/// The time of the wall clock.
pub(super) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since_epoch.as_millis() as i64)
}
