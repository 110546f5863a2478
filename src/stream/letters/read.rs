//! Reads a topic of letters from its beginning to the end that it has now, outside of any group.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::Letter;
use crate::config::Properties;
use crate::stream::client::{client_config, has_threads};
use crate::stream::properties::sealed;

/// How long the brokers may take to say something of the topic.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long nothing may come before the reader gives up.
const SILENCE: Duration = Duration::from_secs(60);
/// One wait within that time.
const POLL: Duration = Duration::from_millis(100);

/// Why letters can't be read or replayed.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// No client can be made.
    #[error("no Kafka client can be made: {0}")]
    Client(KafkaError),
    /// The brokers say nothing of the topic.
    #[error("topic {topic} can't be looked at: {source}; check [kafka], the name of the topic and the permissions")]
    Topic {
        /// The topic.
        topic: String,
        /// What the client says.
        source: KafkaError,
    },
    /// The topic is not there.
    #[error("topic {topic} does not exist; check the pipeline's `failures` and `dead_letters`")]
    Missing {
        /// The topic.
        topic: String,
    },
    /// Nothing came for a long time.
    #[error("nothing came from topic {topic} for {} s: {trouble}", SILENCE.as_secs())]
    Silent {
        /// The topic.
        topic: String,
        /// The last error of the client.
        trouble: String,
    },
    /// A record could not be written.
    #[error("topic {topic} does not take a record: {source}; what the brokers took before it is marked")]
    Refused {
        /// The topic.
        topic: String,
        /// What the client says.
        source: KafkaError,
    },
}

/// Reads one topic, as often as it is asked to.
pub struct Reader {
    consumer: BaseConsumer,
    topic: String,
    /// From where to where, by partition.
    ends: HashMap<i32, (i64, i64)>,
    /// What was replayed: partition and offset.
    replayed: HashSet<(i32, i64)>,
}

impl Reader {
    /// Finds out what the topic has now, and what of it was replayed. `properties` are a consumer's.
    ///
    /// # Errors
    /// The topic can't be read.
    pub fn new(properties: &Properties, topic: &str) -> Result<Self, LettersError> {
        let consumer = consumer(properties).map_err(LettersError::Client)?;
        let failed = |source| LettersError::Topic { topic: topic.to_owned(), source };
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).map_err(failed)?;
        let partitions = metadata.topics().first().map(|topic| topic.partitions()).unwrap_or_default();
        if partitions.is_empty() {
            return Err(LettersError::Missing { topic: topic.to_owned() });
        }
        let mut ends = HashMap::new();
        for partition in partitions {
            let range = consumer.fetch_watermarks(topic, partition.id(), PATIENCE).map_err(failed)?;
            ends.insert(partition.id(), range);
        }
        let mut reader = Self { consumer, topic: topic.to_owned(), ends, replayed: HashSet::new() };
        let mut replayed = HashSet::new();
        reader.read_all(|letter| {
            replayed.extend(letter.marks().map(|offset| (letter.partition, offset)));
            true
        })?;
        reader.replayed = replayed;
        Ok(reader)
    }

    /// Whether a letter was replayed.
    pub fn is_replayed(&self, letter: &Letter) -> bool {
        self.replayed.contains(&(letter.partition, letter.offset))
    }

    /// Gives each letter, in the order of its partition, until `each` wants no more.
    ///
    /// # Errors
    /// The topic can't be read on.
    pub fn read(&self, mut each: impl FnMut(&Self, Letter) -> bool) -> Result<(), LettersError> {
        self.read_all(|letter| !letter.is_one() || each(self, letter))
    }

    fn read_all(&self, mut each: impl FnMut(Letter) -> bool) -> Result<(), LettersError> {
        let failed = |source| LettersError::Topic { topic: self.topic.clone(), source };
        let mut places = TopicPartitionList::new();
        let mut left: HashMap<i32, i64> = HashMap::new();
        for (partition, (low, end)) in self.ends.iter().filter(|(_, (low, end))| low < end) {
            places.add_partition_offset(&self.topic, *partition, Offset::Offset(*low)).map_err(failed)?;
            left.insert(*partition, *end);
        }
        if left.is_empty() {
            return Ok(());
        }
        self.consumer.assign(&places).map_err(failed)?;
        let (mut last, mut trouble) = (Instant::now(), "no broker has said why".to_owned());
        while !left.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    last = Instant::now();
                    let letter = Letter::of(&message);
                    let Some(end) = left.get(&letter.partition).copied() else { continue };
                    // What came after the reader was made is not of its time.
                    let (partition, next) = (letter.partition, letter.offset + 1);
                    if letter.offset < end && !each(letter) {
                        break;
                    }
                    if next >= end {
                        left.remove(&partition);
                    }
                }
                // The last offsets before an end may be no records, but markers of transactions.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    left.remove(&partition);
                }
                Some(Err(error)) => trouble = error.to_string(),
                None => {}
            }
            if last.elapsed() > SILENCE {
                return Err(LettersError::Silent { topic: self.topic.clone(), trouble });
            }
        }
        self.consumer.unassign().map_err(failed)
    }
}

fn consumer(properties: &Properties) -> Result<BaseConsumer, KafkaError> {
    has_threads(properties)?;
    let mut config = client_config(properties);
    // It belongs to no group, and commits nothing.
    config.set("enable.auto.commit", "false").set("auto.offset.reset", "earliest").set("enable.partition.eof", "true");
    config.set("statistics.interval.ms", "0");
    // What a member of the group is called is no business of a reader.
    config.remove("group.instance.id");
    let made: Result<BaseConsumer, KafkaError> = config.create();
    sealed(made, properties)
}
