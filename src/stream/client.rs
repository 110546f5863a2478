//! Kafka clients of a shard: how they are made, and what librdkafka tells us through callbacks.
//!
//! Every callback runs on the shard's own thread, inside a poll. It only notes what happened; the shard acts on it when the
//! poll has returned. For rebalances that is sound: librdkafka stops all fetching and waits for the call that assigns or
//! unassigns, however late it comes, as long as the consumer is polled.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientConfig;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use super::outgoing::Outgoing;
use super::partitions::Ticket;
use super::positions::Reset;
use super::properties::sealed;
use crate::config::{Properties, Redactor};
use crate::telemetry::PipelineMetrics;
use crate::telemetry::events::{self, ClientLogLevel};
use crate::threads::{self, MORE_THREADS};

/// The shard's consumer.
pub(super) type ShardConsumer = BaseConsumer<ConsumerEvents>;
/// The shard's producer.
pub(super) type ShardProducer = BaseProducer<ProducerEvents>;

/// Makes a consumer with these properties.
pub(super) fn consumer(properties: &Properties, events: ConsumerEvents) -> KafkaResult<ShardConsumer> {
    has_threads(properties)?;
    sealed(ShardConsumer::from_config_and_context(&client_config(properties), events), properties)
}

/// Makes a producer with these properties.
pub(super) fn producer(properties: &Properties, events: ProducerEvents) -> KafkaResult<ShardProducer> {
    has_threads(properties)?;
    sealed(ShardProducer::from_config_and_context(&client_config(properties), events), properties)
}

/// Threads of a librdkafka client beside those of its brokers: its main one, one for its own requests, that of the group's
/// coordinator, and one in reserve.
pub(super) const CLIENT_THREADS: usize = 4;

/// Threads that a client of these properties makes, about: each broker has one. Those that only the cluster knows are not
/// among them.
pub(super) fn threads(properties: &Properties) -> usize {
    let brokers = ["bootstrap.servers", "metadata.broker.list"].iter().filter_map(|name| properties.value(name));
    CLIENT_THREADS + brokers.map(|list| list.split(',').count()).sum::<usize>()
}

/// Whether a client of these properties gets its threads.
pub(super) fn has_threads(properties: &Properties) -> KafkaResult<()> {
    need_threads(threads(properties))
}

/// The same for so many threads.
pub(super) fn need_threads(count: usize) -> KafkaResult<()> {
    threads::can_have(count)
        .map_err(|error| KafkaError::ClientCreation(format!("no threads for it: {error}; {MORE_THREADS}")))
}

/// The properties with the level of librdkafka's log.
pub(super) fn client_config(properties: &Properties) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in properties.iter() {
        config.set(name, value);
    }
    // Whoever asks librdkafka to say more wants to see it.
    let is_debugging = properties.value("debug").is_some_and(|facilities| !facilities.is_empty());
    config.set_log_level(if is_debugging { RDKafkaLogLevel::Debug } else { RDKafkaLogLevel::Warning });
    config
}

/// A line of librdkafka's log, without secrets.
pub(super) fn log(redactor: &Redactor, level: RDKafkaLogLevel, facility: &str, message: &str) {
    let level = match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            ClientLogLevel::Error
        }
        RDKafkaLogLevel::Warning => ClientLogLevel::Warning,
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => ClientLogLevel::Info,
        RDKafkaLogLevel::Debug => ClientLogLevel::Debug,
    };
    // Connections that fail: the same comes as an error, and the monitor tells what it comes to.
    let level = if matches!(facility, "FAIL" | "ERROR" | "REQTMOUT") { ClientLogLevel::Debug } else { level };
    events::kafka_client_log(level, facility, &redactor.redact(message));
}

/// An error that a client reports. Those of connections are many, and the monitor tells what they
/// come to.
pub(super) fn report(metrics: &PipelineMetrics, pipeline: &str, error: &KafkaError, reason: &str) {
    let text = format_args!("{error}: {reason}");
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut,
        ) => events::connection_error(metrics, pipeline, &text),
        _ => events::kafka_error(metrics, pipeline, &text),
    }
}

/// A change of the assignment that waits for the shard to carry it out.
#[derive(Debug)]
pub(super) enum Rebalance {
    Assign(TopicPartitionList),
    Revoke {
        partitions: TopicPartitionList,
        /// The partitions may belong to another member already: nothing of them may be committed.
        lost: bool,
    },
}

/// Positions by topic and partition.
pub(super) type Positions = HashMap<(String, i32), Position>;

/// How far the client has read a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The next offset to fetch.
    pub next: i64,
    /// Records that the client has fetched and nobody has taken yet, over all partitions of the shard.
    pub queued: i64,
}

/// What the consumer told since the shard last looked.
#[derive(Debug, Default)]
pub(super) struct ConsumerNews {
    pub rebalances: Vec<Rebalance>,
    /// How far the partitions are read, when statistics arrived.
    pub positions: Option<Positions>,
    /// The client found that a log no longer has what it would read next, and went on elsewhere.
    pub resets: Vec<Reset>,
    /// The same, but the client does not read on, and does not tell which partition it is.
    pub stopped: bool,
}

/// Callbacks of the consumer.
pub(super) struct ConsumerEvents {
    pipeline: Arc<str>,
    redactor: Redactor,
    metrics: PipelineMetrics,
    news: Mutex<ConsumerNews>,
    /// Saves the lock in the usual case that there is no news.
    has_news: AtomicBool,
    /// The consumer is being closed: nobody will act on a rebalance but the callback itself.
    closing: AtomicBool,
}

impl ConsumerEvents {
    pub(super) fn new(pipeline: Arc<str>, properties: &Properties, metrics: PipelineMetrics) -> Self {
        let redactor = properties.redactor();
        Self {
            pipeline,
            redactor,
            metrics,
            news: Mutex::default(),
            has_news: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Takes what happened since the last call.
    pub(super) fn take(&self) -> Option<ConsumerNews> {
        if !self.has_news.swap(false, Ordering::Relaxed) {
            return None;
        }
        Some(std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// From now on rebalances are answered at once, because the shard lets go of everything.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Adds to what happened.
    pub(super) fn note(&self, change: impl FnOnce(&mut ConsumerNews)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.has_news.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for ConsumerEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match Reset::from_log(facility, message) {
            Some(reset) => self.note(|news| news.resets.push(reset)),
            None => log(&self.redactor, level, facility, message),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&self.metrics, &self.pipeline, &error, &self.redactor.redact(reason));
    }

    fn stats(&self, statistics: Statistics) {
        let mut positions = HashMap::new();
        for topic in statistics.topics.into_values() {
            for partition in topic.partitions.values().filter(|partition| partition.next_offset >= 0) {
                let position = Position { next: partition.next_offset, queued: partition.fetchq_cnt };
                positions.insert((topic.topic.clone(), partition.partition), position);
            }
        }
        self.note(|news| news.positions = Some(positions));
    }
}

impl ConsumerContext for ConsumerEvents {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assign = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            let answer = if assign { assign_to(consumer, partitions) } else { unassign_from(consumer, partitions) };
            if let Err(error) = answer {
                events::rebalance_failed(&self.pipeline, &error);
            }
            return;
        }
        let partitions = partitions.clone();
        let rebalance = if assign {
            Rebalance::Assign(partitions)
        } else {
            Rebalance::Revoke { partitions, lost: consumer.assignment_lost() }
        };
        self.note(|news| news.rebalances.push(rebalance));
    }
}

/// Answers an assignment in the way that the group's protocol wants.
pub(super) fn assign_to<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(partitions),
        _ => consumer.assign(partitions),
    }
}

/// Answers a revocation in the way that the group's protocol wants.
pub(super) fn unassign_from<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        _ => consumer.unassign(),
    }
}

/// Gives all partitions back, and answers whatever rebalance was told and not answered.
pub(super) fn unassign_all<C: ConsumerContext>(consumer: &BaseConsumer<C>) {
    // Each of these is an error where there is nothing to answer or to give back.
    if matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative) {
        if let Ok(all) = consumer.assignment() {
            consumer.incremental_unassign(&all).ok();
        }
        consumer.incremental_assign(&TopicPartitionList::new()).ok();
    } else {
        consumer.unassign().ok();
    }
}

/// A record that librdkafka gave up on, taken out of its delivery report.
#[derive(Debug)]
pub(super) struct Undelivered {
    pub record: Outgoing,
    pub code: RDKafkaErrorCode,
}

/// Delivery reports since the shard last looked.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// Tickets of the records that the broker acknowledged.
    pub acknowledged: Vec<Ticket>,
    pub undelivered: Vec<Undelivered>,
}

/// Callbacks of the producer. A record's opaque is its ticket: see [`super::partitions::Ticket`].
pub(super) struct ProducerEvents {
    pipeline: Arc<str>,
    redactor: Redactor,
    metrics: PipelineMetrics,
    deliveries: Mutex<Deliveries>,
}

impl ProducerEvents {
    pub(super) fn new(pipeline: Arc<str>, properties: &Properties, metrics: PipelineMetrics) -> Self {
        let redactor = properties.redactor();
        Self { pipeline, redactor, metrics, deliveries: Mutex::default() }
    }

    /// Swaps the reports so far with `empty`, whose memory is used for the next ones.
    pub(super) fn swap(&self, empty: &mut Deliveries) {
        std::mem::swap(empty, &mut *self.deliveries.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How many reports wait.
    pub(super) fn waiting(&self) -> usize {
        let deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        deliveries.acknowledged.len() + deliveries.undelivered.len()
    }
}

impl ClientContext for ProducerEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(&self.redactor, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&self.metrics, &self.pipeline, &error, &self.redactor.redact(reason));
    }
}

impl ProducerContext for ProducerEvents {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let ticket = Ticket::from_opaque(ticket);
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => deliveries.acknowledged.push(ticket),
            Err((error, message)) => deliveries.undelivered.push(Undelivered {
                record: Outgoing::of_message(message, ticket),
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown),
            }),
        }
    }
}
