//! The producing side of a shard: sends records, keeps those that the cluster would not take, and sends them again.
//!
//! Nothing is dropped. A record leaves the sink in one of two ways: acknowledged by the broker, or handed back because no
//! retry can help ([`Report::TooLarge`]). Everything else waits and is tried again for ever, in order, with a backoff.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig};

use super::client::{self, Deliveries, ProducerEvents, ShardProducer, Undelivered};
use super::partitions::{Slot, Ticket};
use crate::config::Properties;
use crate::telemetry::{PipelineMetrics, events};

/// First delay before refused records are sent again.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest delay: a sink that came back is used again within this time.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// How long a look at a topic's metadata may block the shard before a refused record is tried again.
const METADATA_TIMEOUT: Duration = Duration::from_millis(500);
/// Time for the reports of purged records when a producer is replaced after a fatal error.
const PURGE_TIMEOUT: Duration = Duration::from_secs(2);

/// What became of a record.
pub(super) enum Report {
    /// The broker has it, as durably as `acks` says.
    Acknowledged(Ticket),
    /// The broker refuses a record of this size, alone as well.
    TooLarge(Ticket, String),
}

/// The client or the topic takes no record of this size.
#[derive(Debug)]
pub(super) struct TooLarge;

/// The producing side of a shard.
pub(super) struct Sink {
    pipeline: Arc<str>,
    metrics: PipelineMetrics,
    properties: Properties,
    producer: ShardProducer,
    deliveries: Deliveries,
    refused: VecDeque<Refused>,
    backoff: Option<Backoff>,
    /// A broker that finds one record too large refuses its whole batch: suspects are sent one by one, nothing beside them.
    alone: Option<Ticket>,
}

struct Refused {
    record: Undelivered,
    suspect: bool,
}

struct Backoff {
    until: Instant,
    delay: Duration,
    code: RDKafkaErrorCode,
}

impl Sink {
    /// Connects a producer; brokers that can't be reached are no error, they are waited for.
    pub fn new(pipeline: Arc<str>, properties: Properties, metrics: PipelineMetrics) -> KafkaResult<Self> {
        let producer = client::producer(&properties, ProducerEvents::new(pipeline.clone(), metrics.clone()))?;
        Ok(Self {
            pipeline,
            metrics,
            properties,
            producer,
            deliveries: Deliveries::default(),
            refused: VecDeque::new(),
            backoff: None,
            alone: None,
        })
    }

    /// Sends a record, or keeps it to be sent when the cluster takes records again.
    pub fn send(
        &mut self,
        topic: &str,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: Option<OwnedHeaders>,
        ticket: Ticket,
    ) -> Result<(), TooLarge> {
        if !self.refused.is_empty() || self.alone.is_some() {
            self.keep(topic, key, payload, headers, ticket, RDKafkaErrorCode::QueueFull, false);
            return Ok(());
        }
        let record = BaseRecord {
            headers,
            partition: None,
            payload,
            key,
            timestamp: None,
            topic,
            delivery_opaque: ticket.opaque(),
        };
        match self.producer.send(record) {
            Ok(()) => Ok(()),
            Err((error, record)) => match error_code(&error) {
                RDKafkaErrorCode::MessageSizeTooLarge => Err(TooLarge),
                code => {
                    self.keep(topic, key, payload, record.headers, ticket, code, false);
                    self.back_off(code, topic);
                    Ok(())
                }
            },
        }
    }

    /// Serves the producer, sends again what is due, and appends what became of records to `reports`.
    pub fn serve(&mut self, now: Instant, reports: &mut Vec<Report>) {
        self.collect();
        for opaque in std::mem::take(&mut self.deliveries.acknowledged) {
            let ticket = Ticket::from_opaque(opaque);
            if self.alone == Some(ticket) {
                self.alone = None;
            }
            self.backoff = None;
            reports.push(Report::Acknowledged(ticket));
        }
        for record in std::mem::take(&mut self.deliveries.undelivered) {
            self.undelivered(record, reports);
        }
        if !self.refused.is_empty() && self.backoff.as_ref().is_none_or(|backoff| backoff.until <= now) {
            self.send_again(reports);
        }
    }

    /// Whether the cluster refuses records: nothing more should be read until it takes them.
    pub fn is_refusing(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Records that wait for an acknowledgement or to be sent again.
    pub fn waiting(&self) -> usize {
        self.refused.len() + usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Drops refused records of an assignment that is over: its next owner reads their events again.
    pub fn forget(&mut self, slot: Slot) {
        self.refused.retain(|refused| Ticket::from_opaque(refused.record.ticket).slot() != slot);
    }

    /// One poll gives the reports of one batch: as long as there are more, go on.
    fn collect(&mut self) {
        let mut seen = 0;
        loop {
            self.producer.poll(Duration::ZERO);
            let waiting = self.producer.context().waiting();
            if waiting == seen {
                break;
            }
            seen = waiting;
        }
        if seen > 0 {
            self.producer.context().swap(&mut self.deliveries);
        }
    }

    fn undelivered(&mut self, record: Undelivered, reports: &mut Vec<Report>) {
        let ticket = Ticket::from_opaque(record.ticket);
        let was_alone = self.alone == Some(ticket);
        if was_alone {
            self.alone = None;
        }
        let too_large = is_too_large(record.code);
        if too_large && was_alone {
            reports.push(Report::TooLarge(ticket, record.topic));
            return;
        }
        if !too_large {
            self.back_off(record.code, &record.topic);
        }
        self.refused.push_back(Refused { record, suspect: too_large });
    }

    fn send_again(&mut self, reports: &mut Vec<Report>) {
        match self.backoff.as_ref().map(|backoff| backoff.code) {
            Some(RDKafkaErrorCode::Fatal) => self.replace_producer(),
            Some(code) if is_topic_trouble(code) => {
                // The client has noted the topic as missing; asking again is what makes it look.
                if let Some(refused) = self.refused.front() {
                    let topic = refused.record.topic.clone();
                    self.producer.client().fetch_metadata(Some(&topic), METADATA_TIMEOUT).ok();
                }
            }
            _ => {}
        }
        while let Some(refused) = self.refused.pop_front() {
            if self.alone.is_some() || (refused.suspect && self.producer.in_flight_count() > 0) {
                self.refused.push_front(refused);
                return;
            }
            if !self.try_again(refused, reports) {
                return;
            }
        }
    }

    fn try_again(&mut self, refused: Refused, reports: &mut Vec<Report>) -> bool {
        let Refused { record: Undelivered { ticket, topic, key, payload, headers, .. }, suspect } = refused;
        let record = BaseRecord {
            topic: &topic,
            partition: None,
            payload: payload.as_deref(),
            key: key.as_deref(),
            timestamp: None,
            headers,
            delivery_opaque: ticket,
        };
        let ticket_of = Ticket::from_opaque(ticket);
        match self.producer.send(record) {
            Ok(()) => {
                if suspect {
                    self.alone = Some(ticket_of);
                }
                true
            }
            Err((error, record)) => {
                let headers = record.headers;
                let code = error_code(&error);
                if is_too_large(code) {
                    reports.push(Report::TooLarge(ticket_of, topic));
                    return true;
                }
                self.back_off(code, &topic);
                let record = Undelivered { ticket, code, topic, key, payload, headers };
                self.refused.push_front(Refused { record, suspect });
                false
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // a record, taken apart because it borrows from the consumer
    fn keep(
        &mut self,
        topic: &str,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: Option<OwnedHeaders>,
        ticket: Ticket,
        code: RDKafkaErrorCode,
        suspect: bool,
    ) {
        let record = Undelivered {
            ticket: ticket.opaque(),
            code,
            topic: topic.to_owned(),
            key: key.map(<[u8]>::to_vec),
            payload: payload.map(<[u8]>::to_vec),
            headers,
        };
        self.refused.push_back(Refused { record, suspect });
    }

    fn back_off(&mut self, code: RDKafkaErrorCode, topic: &str) {
        let now = Instant::now();
        let delay = match &self.backoff {
            // One wave of refusals is one failure.
            Some(backoff) if backoff.until > now => return,
            Some(backoff) => (backoff.delay * 2).min(LONGEST_BACKOFF),
            None => FIRST_BACKOFF,
        };
        // A full queue empties by itself: no failure, and no reason to wait longer each time.
        let delay = if code == RDKafkaErrorCode::QueueFull { FIRST_BACKOFF / 10 } else { delay };
        if code != RDKafkaErrorCode::QueueFull {
            events::produce_failed(&self.metrics, &self.pipeline, topic, &code);
        }
        self.backoff = Some(Backoff { until: now + delay, delay, code });
    }

    /// After a fatal error (of the idempotent producer) a producer takes nothing any more: its records go to a new one.
    fn replace_producer(&mut self) {
        let producer = match client::producer(&self.properties, events_of(self)) {
            Ok(producer) => producer,
            Err(error) => return events::kafka_error(&self.metrics, &self.pipeline, &error),
        };
        self.producer.purge(PurgeConfig::default().queue().inflight());
        let deadline = Instant::now() + PURGE_TIMEOUT;
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            self.producer.poll(Duration::from_millis(10));
        }
        self.collect();
        // It was purged too, so no acknowledgement will come for it.
        self.alone = None;
        events::producer_replaced(&self.pipeline);
        self.producer = producer;
        let purged = std::mem::take(&mut self.deliveries.undelivered);
        // In front of what is refused already: they were sent before it.
        for record in purged.into_iter().rev() {
            self.refused.push_front(Refused { record, suspect: false });
        }
    }
}

fn events_of(sink: &Sink) -> ProducerEvents {
    ProducerEvents::new(sink.pipeline.clone(), sink.metrics.clone())
}

/// What librdkafka calls it.
pub(super) fn error_code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}

/// Whether it is about the size of a record or its batch.
pub(super) fn is_too_large(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize)
}

/// Whether the client has noted that the topic is not there for us.
pub(super) fn is_topic_trouble(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::TopicAuthorizationFailed
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{ExecutionNames, Realm};
    use crate::stream::partitions::Partitions;

    /// It knows no broker: what is sent stays in the client.
    fn sink() -> Sink {
        Sink::new("p".into(), Properties::default(), PipelineMetrics::new("p")).expect("a producer")
    }

    #[test]
    fn a_suspect_that_was_sent_alone_is_sent_again_by_the_producer_that_replaces_a_broken_one() {
        let mut partitions = Partitions::default();
        let slot =
            partitions.assign("t", 0, ExecutionNames::new(&Realm::default(), "p", "w", "t", 0)).expect("there is room");
        let ticket = partitions.track(slot, 0, 1).expect("assigned");
        let mut sink = sink();
        sink.keep("results", None, Some(b"1"), None, ticket, RDKafkaErrorCode::MessageSizeTooLarge, true);
        let mut reports = Vec::new();
        sink.serve(Instant::now(), &mut reports);
        assert_eq!((sink.alone, sink.refused.len()), (Some(ticket), 0));
        sink.replace_producer();
        sink.serve(Instant::now(), &mut reports);
        assert!(sink.refused.is_empty(), "it waits for an acknowledgement that can't come");
    }
}
