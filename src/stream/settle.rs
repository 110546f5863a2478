//! How an event comes to its end: its outcome is written, acknowledged, and its offset completed.

use std::time::Instant;

use rdkafka::message::Message;

use super::execution_log::Subject;
use super::outcome::{self, EventHeaders, EventRef, Failed};
use super::partitions::Ticket;
use super::processor::Processor;
use super::sink::Report;
use crate::engine::{Execution, Status};
use crate::program::Program;
use crate::registry::Version;
use crate::telemetry::events;

impl Processor {
    /// Writes what an execution ended with.
    pub(super) fn finish(&mut self, execution: &mut Execution, version: &Version<Program>, event: &EventRef<'_>) {
        let Some(status) = execution.status() else { return };
        self.counts.ended(version, execution, status, event.read_at.elapsed());
        if self.log.concerns(status) {
            self.log_end(execution, status, version, event);
        }
        if status == Status::Succeeded {
            return self.succeeded(execution, version, event);
        }
        let failure = execution.failure();
        let failed = Failed {
            status: if status == Status::TimedOut { "TIMED_OUT" } else { "FAILED" },
            version: &version.label,
            error: failure.and_then(|failure| failure.error.as_deref()),
            cause: failure.and_then(|failure| failure.cause.as_deref()),
            state: failure.map_or("", |failure| &*failure.state),
        };
        self.failed(&failed, event);
    }

    #[cold]
    fn log_end(&mut self, execution: &Execution, status: Status, version: &Version<Program>, event: &EventRef<'_>) {
        let Some(partition) = self.partitions.partition(event.ticket.slot()) else { return };
        let subject = Subject {
            workflow: &version.workflow,
            version: &version.label,
            topic: &partition.topic,
            partition: partition.number,
            offset: event.offset,
            name: event.name,
            arn: &partition.names.name(event.offset).arn(),
        };
        self.log.ended(execution, status, &subject, Instant::now());
    }

    fn succeeded(&mut self, execution: &Execution, version: &Version<Program>, event: &EventRef<'_>) {
        let Some(topic) = &self.spec.pipeline.sink else { return self.complete(event.ticket) };
        self.buffer.clear();
        execution.write_output(&mut self.buffer);
        let headers = outcome::result_headers(&self.spec, &self.partitions, version, event);
        if self.sink.send(event.record(topic, Some(&self.buffer), headers)).is_err() {
            let detail =
                format!("its result of {} bytes is too large for a record of topic {topic}", self.buffer.len());
            self.reject(event, "result-too-large", &detail);
        }
    }

    fn failed(&mut self, failed: &Failed<'_>, event: &EventRef<'_>) {
        let Some(source) = outcome::source(&self.spec, &self.partitions, event) else { return };
        let pipeline = &self.spec.pipeline;
        let Some(topic) = pipeline.failure_topic() else {
            // Else it was logged by itself, or with those that were too many.
            if self.log.is_off() {
                events::failure_untold(&pipeline.name, &source.execution, failed.error, failed.cause);
            }
            return self.complete(event.ticket);
        };
        for input in [event.payload, None] {
            self.buffer.clear();
            outcome::write_failure(&mut self.buffer, failed, input);
            let headers = outcome::failure_headers(&self.spec, &source, failed, event);
            if self.sink.send(event.record(topic, Some(&self.buffer), Some(headers))).is_ok() {
                return;
            }
        }
        let detail = format!("its failure is too large for a record of topic {topic}");
        self.reject(event, "result-too-large", &detail);
    }

    /// Puts an event aside that can't be run, or whose outcome can't be written: to the dead-letter topic as it came, else
    /// to the topic of failures as a failure, else to the log. `reason` is one of few fixed words.
    pub(super) fn reject(&mut self, event: &EventRef<'_>, reason: &'static str, detail: &str) {
        let Some(source) = outcome::source(&self.spec, &self.partitions, event) else { return };
        let pipeline = &self.spec.pipeline;
        let place = (&*source.topic, source.partition, event.offset);
        self.counts.stats.dead_letters.add(1);
        events::dead_letter(&self.counts.metrics, &pipeline.name, place, reason, &detail);
        if let Some(topic) = &pipeline.dead_letters {
            // Without its value, which can still be read where it came from, if a record can't hold it.
            for value in [event.payload, None] {
                let headers = outcome::dead_letter_headers(&source, reason, detail, event);
                if self.sink.send(event.record(topic, value, Some(headers))).is_ok() {
                    return;
                }
            }
        } else if let Some(topic) = pipeline.failure_topic() {
            let version = self.spec.workflow.current();
            let failed = Failed::rejected(detail, &version.label);
            self.buffer.clear();
            outcome::write_failure(&mut self.buffer, &failed, None);
            let headers = outcome::failure_headers(&self.spec, &source, &failed, event);
            if self.sink.send(event.record(topic, Some(&self.buffer), Some(headers))).is_ok() {
                return;
            }
        }
        events::event_skipped(&pipeline.name, place);
        self.complete(event.ticket);
    }

    /// Puts an event aside that has ended the process, or made it hang, each time that it was run.
    #[cold]
    pub(super) fn reject_as_deadly(&mut self, event: &EventRef<'_>, deliveries: u32) {
        let detail = format!(
            "delivered {deliveries} times, and the process ended each time without an end of it: it was killed, crashed or hung"
        );
        self.reject(event, "delivery-attempts", &detail);
    }

    fn complete(&mut self, ticket: Ticket) {
        if self.partitions.complete(ticket) {
            self.counts.stats.completed.add(1);
        }
    }

    /// Serves the producer and completes what was acknowledged. Whether anything was.
    pub(super) fn serve_sink(&mut self) -> bool {
        self.sink.serve(Instant::now(), &mut self.reports);
        if self.reports.is_empty() {
            return false;
        }
        let mut reports = std::mem::take(&mut self.reports);
        for report in reports.drain(..) {
            match report {
                Report::Acknowledged(ticket) => {
                    self.counts.acknowledged();
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
        let Some(offset) = self.partitions.offset(ticket) else { return };
        let Some(partition) = self.partitions.partition(ticket.slot()) else { return };
        let name = partition.names.name(offset);
        let message = self.reread.event(&partition.topic, partition.number, offset);
        // Then the dead letter goes without what may be large: it would be refused for ever.
        let refused_twice = self.spec.pipeline.dead_letters.as_deref() == Some(topic);
        let whole = message.as_ref().filter(|_| !refused_twice);
        let event = EventRef {
            ticket,
            offset,
            read_at: Instant::now(),
            name: name.as_str(),
            key: message.as_ref().and_then(|message| message.key()),
            payload: whole.and_then(|message| message.payload()),
            headers: EventHeaders::Owned(whole.and_then(|message| message.headers())),
        };
        let detail = format!("the broker takes no record of this size for topic {topic}");
        self.reject(&event, "record-refused", &detail);
    }
}
