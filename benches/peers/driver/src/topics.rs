//! Topics and what is in them.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::Result;

const PARTITIONS: i32 = 4;
/// How long the broker may take for one thing.
const TIMEOUT: Duration = Duration::from_secs(60);

pub fn create(brokers: &str, name: &str) -> Result<()> {
    // What is deleted makes room at once: the next client fills as much again.
    let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)).set("file.delete.delay.ms", "1000");
    for made in block_on(admin(brokers)?.create_topics([&topic], &AdminOptions::new()))? {
        made.map_err(|(topic, error)| format!("topic {topic} can't be made: {error}"))?;
    }
    // Its partitions have leaders a moment later.
    let (reader, began) = (Reader::new(brokers, name)?, Instant::now());
    while let Err(error) = reader.count() {
        if began.elapsed() > TIMEOUT {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

pub fn delete(brokers: &str, topic: &str) -> Result<()> {
    block_on(admin(brokers)?.delete_topics(&[topic], &AdminOptions::new()))?;
    Ok(())
}

fn admin(brokers: &str) -> Result<AdminClient<DefaultClientContext>> {
    Ok(ClientConfig::new().set("bootstrap.servers", brokers).create()?)
}

/// Writes lines of a text, again and again. The key of an event is its number.
pub fn load(brokers: &str, topic: &str, text: &str, count: usize) -> Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "20")
        .set("batch.size", "1000000")
        .set("partitioner", "murmur2_random")
        .create()?;
    for (number, event) in text.lines().cycle().take(count).enumerate() {
        let key = number.to_string();
        while let Err((error, _)) = producer.send(BaseRecord::to(topic).key(&key).payload(event)) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error.into());
            }
            producer.poll(Duration::from_millis(10));
        }
    }
    Ok(producer.flush(TIMEOUT)?)
}

/// A look at a topic from outside.
pub struct Reader {
    consumer: BaseConsumer,
    topic: String,
}

impl Reader {
    pub fn new(brokers: &str, topic: &str) -> Result<Self> {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "peer-driver")
            .set("enable.auto.commit", "false")
            .create()?;
        Ok(Self { consumer, topic: topic.to_owned() })
    }

    /// How many records were written so far.
    pub fn count(&self) -> Result<u64> {
        let ends = (0..PARTITIONS).map(|partition| self.consumer.fetch_watermarks(&self.topic, partition, TIMEOUT));
        ends.map(|end| Ok(end?.1.max(0) as u64)).sum()
    }

    /// So many records, in the order of their keys, which are numbers. A key that comes twice counts once.
    pub fn values(&self, count: usize) -> Result<Vec<String>> {
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            partitions.add_partition_offset(&self.topic, partition, Offset::Beginning)?;
        }
        self.consumer.assign(&partitions)?;
        let (mut values, began) = (BTreeMap::<u64, String>::new(), Instant::now());
        while values.len() < count {
            if began.elapsed() > TIMEOUT {
                return Err(format!("{}: {} of {count} results", self.topic, values.len()).into());
            }
            let Some(message) = self.consumer.poll(Duration::from_millis(100)).transpose()? else { continue };
            let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
            values.insert(text(message.key())?.parse()?, text(message.payload())?);
        }
        Ok(values.into_values().collect())
    }
}
