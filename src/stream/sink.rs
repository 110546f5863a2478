//! The producing side of a shard: sends records, keeps those that the cluster would not take, and sends them again.
//!
//! Nothing is dropped. A record leaves the sink in one of two ways: acknowledged by the broker, or handed back because no
//! retry can help ([`Report::TooLarge`]). Everything else waits and is tried again for ever, in order, with a backoff.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig};

use super::client::{self, Deliveries, ProducerEvents, ShardProducer, Undelivered};
use super::outgoing::{Outgoing, Record};
use super::partitions::{Slot, Ticket};
use super::suspects::Suspects;
use super::topic_trouble::TopicTrouble;
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
    /// What is sent when the cluster takes records again, in this order.
    kept: VecDeque<Outgoing>,
    /// Of refused batches: they go first, with nothing beside them.
    suspects: Suspects<Outgoing>,
    backoff: Option<Backoff>,
    /// Records that came back, until they are acknowledged: while they are on their way once more nothing is better yet.
    came_back: HashSet<Ticket>,
    refusal: Option<Refusal>,
}

/// Why a record came back the last time that one did.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub topic: String,
    pub code: RDKafkaErrorCode,
}

struct Backoff {
    until: Instant,
    delay: Duration,
    code: RDKafkaErrorCode,
}

impl Sink {
    /// Connects a producer; brokers that can't be reached are no error, they are waited for.
    pub(super) fn new(pipeline: Arc<str>, properties: Properties, metrics: PipelineMetrics) -> KafkaResult<Self> {
        let producer =
            client::producer(&properties, ProducerEvents::new(pipeline.clone(), &properties, metrics.clone()))?;
        Ok(Self {
            pipeline,
            metrics,
            properties,
            producer,
            deliveries: Deliveries::default(),
            kept: VecDeque::new(),
            suspects: Suspects::default(),
            backoff: None,
            came_back: HashSet::new(),
            refusal: None,
        })
    }

    /// Sends a record, or keeps it to be sent when the cluster takes records again.
    pub(super) fn send(&mut self, mut record: Record<'_>) -> Result<(), TooLarge> {
        let headers = record.headers.take();
        if self.is_refusing() {
            self.kept.push_back(Outgoing::of_record(&record, headers));
            return Ok(());
        }
        let sent = self.producer.send(BaseRecord {
            headers,
            partition: None,
            payload: record.payload,
            key: record.key,
            timestamp: None,
            topic: record.topic,
            delivery_opaque: record.ticket.opaque(),
        });
        let Err((error, back)) = sent else { return Ok(()) };
        let code = error_code(&error);
        if code == RDKafkaErrorCode::MessageSizeTooLarge {
            return Err(TooLarge);
        }
        self.kept.push_back(Outgoing::of_record(&record, back.headers));
        self.note_refusal(record.ticket, record.topic, code);
        self.back_off(code, record.topic, Instant::now());
        Ok(())
    }

    /// Serves the producer, sends again what is due, and appends what became of records to `reports`.
    pub(super) fn serve(&mut self, now: Instant, reports: &mut Vec<Report>) {
        self.collect();
        let mut acknowledged = std::mem::take(&mut self.deliveries.acknowledged);
        if !acknowledged.is_empty() {
            self.backoff = None;
            if !self.came_back.is_empty() {
                for ticket in &acknowledged {
                    self.came_back.remove(ticket);
                }
            }
            reports.extend(acknowledged.drain(..).map(Report::Acknowledged));
        }
        self.deliveries.acknowledged = acknowledged;
        for undelivered in std::mem::take(&mut self.deliveries.undelivered) {
            self.undelivered(undelivered, now);
        }
        if self.suspects.is_in_round() && self.producer.in_flight_count() == 0 {
            for Outgoing { ticket, topic, .. } in self.suspects.end() {
                self.came_back.remove(&ticket);
                reports.push(Report::TooLarge(ticket, topic));
            }
        }
        if self.is_refusing() && self.backoff.as_ref().is_none_or(|backoff| backoff.until <= now) {
            self.send_again(now, reports);
        }
    }

    /// Whether the cluster refuses records: nothing more should be read until it takes them.
    pub(super) fn is_refusing(&self) -> bool {
        !self.kept.is_empty() || !self.suspects.is_empty()
    }

    /// Why records wait that came back: until all of them are acknowledged, whether they are being sent or not.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref().filter(|_| !self.came_back.is_empty())
    }

    /// Records that wait for an acknowledgement or to be sent again.
    pub(super) fn waiting(&self) -> usize {
        let in_flight = usize::try_from(self.producer.in_flight_count()).unwrap_or(0);
        self.kept.len() + self.suspects.waiting() + in_flight
    }

    /// Drops refused records of an assignment that is over: its next owner reads their events again.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.kept.retain(|record| record.ticket.slot() != slot);
        self.came_back.retain(|ticket| ticket.slot() != slot);
        self.suspects.retain(|record| record.ticket.slot() != slot);
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

    fn undelivered(&mut self, Undelivered { record, code }: Undelivered, now: Instant) {
        let too_large = is_too_large(code);
        if !too_large {
            self.note_refusal(record.ticket, &record.topic, code);
            self.back_off(code, &record.topic, now);
        }
        if self.suspects.is_in_round() {
            self.suspects.came_back(record, too_large);
        } else if too_large {
            if self.suspects.is_empty() {
                events::batch_too_large(&self.pipeline, &record.topic);
            }
            self.suspects.add(record);
        } else {
            self.kept.push_back(record);
        }
    }

    fn send_again(&mut self, now: Instant, reports: &mut Vec<Report>) {
        match self.backoff.as_ref().map(|backoff| backoff.code) {
            Some(RDKafkaErrorCode::Fatal) => self.replace_producer(now),
            Some(code) if TopicTrouble::of(code).keeps_out() => self.look_for_the_topic(),
            _ => {}
        }
        if !self.suspects.is_empty() {
            if !self.suspects.is_in_round() && self.producer.in_flight_count() == 0 {
                self.send_suspects(now);
            }
            return;
        }
        while let Some(record) = self.kept.pop_front() {
            if let Err((record, code)) = self.try_again(record, None) {
                if is_too_large(code) {
                    self.came_back.remove(&record.ticket);
                    reports.push(Report::TooLarge(record.ticket, record.topic));
                    continue;
                }
                self.back_off(code, &record.topic, now);
                self.kept.push_front(record);
                return;
            }
        }
    }

    /// The client has noted the topic as missing; asking again is what makes it look.
    fn look_for_the_topic(&self) {
        let waiting = self.kept.front().map(|record| &*record.topic).or_else(|| self.suspects.topic());
        if let Some(topic) = waiting {
            self.producer.client().fetch_metadata(Some(topic), METADATA_TIMEOUT).ok();
        }
    }

    /// Begins a round of suspects. Nothing else is in flight.
    fn send_suspects(&mut self, now: Instant) {
        for record in self.suspects.begin() {
            let partition = record.partition;
            if let Err((record, code)) = self.try_again(record, partition) {
                let too_large = is_too_large(code);
                if !too_large {
                    self.back_off(code, &record.topic, now);
                }
                self.suspects.came_back(record, too_large);
            }
        }
    }

    fn try_again(&self, mut record: Outgoing, partition: Option<i32>) -> Result<(), (Outgoing, RDKafkaErrorCode)> {
        let refusal = match self.producer.send(record.as_base(partition)) {
            Ok(()) => return Ok(()),
            Err((error, back)) => (error_code(&error), back.headers),
        };
        record.headers = refusal.1;
        Err((record, refusal.0))
    }

    fn note_refusal(&mut self, ticket: Ticket, topic: &str, code: RDKafkaErrorCode) {
        // A full queue is the client's own, and empties by itself.
        if code != RDKafkaErrorCode::QueueFull {
            self.came_back.insert(ticket);
            self.refusal = Some(Refusal { topic: topic.to_owned(), code });
        }
    }

    fn back_off(&mut self, code: RDKafkaErrorCode, topic: &str, now: Instant) {
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
    fn replace_producer(&mut self, now: Instant) {
        let producer = match client::producer(&self.properties, events_of(self)) {
            Ok(producer) => producer,
            Err(error) => return events::kafka_error(&self.metrics, &self.pipeline, &error),
        };
        self.producer.purge(PurgeConfig::default().queue().inflight());
        let deadline = now + PURGE_TIMEOUT;
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            self.producer.poll(Duration::from_millis(10));
        }
        self.collect();
        events::producer_replaced(&self.pipeline);
        self.producer = producer;
        let purged = std::mem::take(&mut self.deliveries.undelivered);
        if self.suspects.is_in_round() {
            // All that was in flight: nobody was refused for its size, so nobody is found out.
            return purged.into_iter().for_each(|purged| self.suspects.came_back(purged.record, false));
        }
        // In front of what is refused already: they were sent before it.
        for purged in purged.into_iter().rev() {
            self.kept.push_front(purged.record);
        }
    }
}

fn events_of(sink: &Sink) -> ProducerEvents {
    ProducerEvents::new(sink.pipeline.clone(), &sink.properties, sink.metrics.clone())
}

/// What librdkafka calls it.
pub(super) fn error_code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}

/// Whether it is about the size of a record or its batch.
pub(super) fn is_too_large(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize)
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

    /// A record that stands for an event in flight.
    fn tracked_record() -> Outgoing {
        let mut partitions = Partitions::default();
        let names = ExecutionNames::new(&Realm::default(), "p", "w", "t", 0);
        let slot = partitions.assign("t", 0, names).expect("there is room");
        let ticket = partitions.track(slot, 0, 1).expect("assigned");
        Outgoing::of_record(&Record { topic: "results", key: None, payload: Some(b"1"), headers: None, ticket }, None)
    }

    #[test]
    fn suspects_on_their_way_are_sent_again_by_the_producer_that_replaces_a_broken_one() {
        let mut sink = sink();
        sink.suspects.add(Outgoing { partition: Some(0), ..tracked_record() });
        let (mut reports, now) = (Vec::new(), Instant::now());
        sink.serve(now, &mut reports);
        assert!(sink.suspects.is_in_round() && sink.suspects.waiting() == 0);
        sink.replace_producer(now);
        assert_eq!(sink.suspects.waiting(), 1, "it came back");
        sink.serve(now, &mut reports);
        assert!(sink.suspects.is_in_round() && sink.suspects.waiting() == 0);
        assert!(reports.is_empty());
    }

    #[test]
    fn a_record_that_came_back_counts_as_refused_until_it_is_acknowledged() {
        let mut sink = sink();
        let record = tracked_record();
        let ticket = record.ticket;
        let (mut reports, now) = (Vec::new(), Instant::now());
        sink.undelivered(Undelivered { record, code: RDKafkaErrorCode::NotEnoughReplicas }, now);
        sink.serve(now + LONGEST_BACKOFF, &mut reports);
        assert!(!sink.is_refusing(), "it is on its way again");
        assert_eq!(sink.refusal().map(|refusal| &*refusal.topic), Some("results"));
        sink.deliveries.acknowledged.push(ticket);
        sink.serve(now + LONGEST_BACKOFF, &mut reports);
        assert!(sink.refusal().is_none());
    }
}
