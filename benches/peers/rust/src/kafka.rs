//! Events from topic to topic, at least once: what was read is committed when all that came of it is acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use crate::{Result, Workflow};

/// How much is done again after a crash.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);
/// Events between two looks at the producer.
const BATCH: u32 = 256;

/// Runs the workflow over what comes, until a message can't be delivered.
pub fn run(workflow: Workflow, brokers: &str, source: &str, sink: &str, group: &str) -> Result<()> {
    let consumer = consumer(brokers, group)?;
    consumer.subscribe(&[source])?;
    let producer = producer(brokers)?;
    let mut positions: HashMap<i32, i64> = HashMap::new();
    let (mut output, mut committed, mut events) = (Vec::new(), Instant::now(), 0u32);
    loop {
        let message = consumer.poll(Duration::from_millis(5));
        if let Some(message) = message.transpose()? {
            output.clear();
            workflow(message.payload().unwrap_or_default(), &mut output)?;
            send(&producer, sink, message.key().unwrap_or_default(), &output)?;
            positions.insert(message.partition(), message.offset() + 1);
            events += 1;
            if !events.is_multiple_of(BATCH) {
                continue;
            }
        }
        producer.poll(Duration::ZERO);
        if committed.elapsed() >= COMMIT_INTERVAL && !positions.is_empty() {
            producer.flush(FLUSH_TIMEOUT)?;
            if producer.context().failed.load(Ordering::Relaxed) {
                return Err("a result could not be delivered".into());
            }
            commit(&consumer, source, &mut positions)?;
            committed = Instant::now();
        }
    }
}

/// Settings as Stepstream has them.
fn consumer(brokers: &str, group: &str) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("fetch.queue.backoff.ms", "2")
        .set("queued.max.messages.kbytes", "32768");
    Ok(config.create()?)
}

fn producer(brokers: &str) -> Result<BaseProducer<Deliveries>> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("batch.num.messages", "10000")
        .set("queue.buffering.max.messages", "500000")
        .set("partitioner", "murmur2_random")
        // Only what fails is looked at: a flush waits for the rest.
        .set("delivery.report.only.error", "true");
    Ok(BaseProducer::from_config_and_context(&config, Deliveries::default())?)
}

/// Whether a message could not be delivered.
#[derive(Default)]
struct Deliveries {
    failed: AtomicBool,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

fn send(producer: &BaseProducer<Deliveries>, sink: &str, key: &[u8], output: &[u8]) -> Result<()> {
    let mut record = BaseRecord::to(sink).key(key).payload(output);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

fn commit(consumer: &BaseConsumer, source: &str, positions: &mut HashMap<i32, i64>) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in positions.drain() {
        list.add_partition_offset(source, partition, Offset::Offset(offset))?;
    }
    Ok(consumer.commit(&list, CommitMode::Async)?)
}
