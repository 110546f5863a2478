//! Where the topic of callbacks is read.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

/// Longest that one request to the brokers may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How much earlier than the start of the process reading begins: clocks of producers may be behind this one.
const SLACK: Duration = Duration::from_secs(300);

/// The partitions that are read, and how far.
pub(super) struct Positions {
    topic: String,
    /// Records before it are of no interest, in milliseconds since the Unix epoch.
    since: i64,
    /// The next offset of each partition.
    next: BTreeMap<i32, i64>,
}

impl Positions {
    pub(super) fn new(topic: String) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = i64::try_from(now.saturating_sub(SLACK).as_millis()).unwrap_or(0);
        Positions { topic, since, next: BTreeMap::new() }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// A record was read.
    pub(super) fn note(&mut self, partition: i32, offset: i64) {
        self.next.insert(partition, offset + 1);
    }

    /// Begins to read what is not read yet.
    ///
    /// # Errors
    /// Why some of the topic can't be read.
    pub(super) fn look<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) -> Result<(), String> {
        let metadata =
            consumer.fetch_metadata(Some(&self.topic), REQUEST_TIMEOUT).map_err(|error| error.to_string())?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let partitions: Vec<i32> =
            topic.into_iter().flat_map(|topic| topic.partitions().iter().map(|partition| partition.id())).collect();
        if partitions.is_empty() {
            return Err(format!("topic `{}` does not exist", self.topic));
        }
        let new: Vec<i32> = partitions.into_iter().filter(|partition| !self.next.contains_key(partition)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let begun = self.begin(consumer, &new);
        begun.and_then(|()| consumer.assign(&self.list()?)).map_err(|error| error.to_string())
    }

    /// Finds out where new partitions are read from.
    fn begin<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, new: &[i32]) -> KafkaResult<()> {
        let (mut times, mut ends) = (TopicPartitionList::new(), BTreeMap::new());
        for partition in new {
            // Asked for before the time: what comes between the two answers is behind this end, and read.
            let (_, end) = consumer.fetch_watermarks(&self.topic, *partition, REQUEST_TIMEOUT)?;
            ends.insert(*partition, end);
            times.add_partition_offset(&self.topic, *partition, Offset::Offset(self.since))?;
        }
        let found = consumer.offsets_for_times(times, REQUEST_TIMEOUT)?;
        for (partition, end) in ends {
            let found = found.find_partition(&self.topic, partition).map(|element| element.offset());
            let begin = if let Some(Offset::Offset(offset)) = found { offset } else { end };
            self.next.insert(partition, begin);
        }
        Ok(())
    }

    /// What is read, and from where on.
    fn list(&self) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, next) in &self.next {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*next))?;
        }
        Ok(list)
    }
}
