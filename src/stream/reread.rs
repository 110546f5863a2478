//! Reads one event again, for the rare case that its outcome was refused when the event was no longer at hand.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client;
use crate::config::Properties;

/// How long the shard may wait for the event.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the broker may hold a fetch back, in milliseconds: the event is there, or it is gone.
const FETCH_WAIT_MS: &str = "10";
/// One wait within that time.
const POLL: Duration = Duration::from_millis(100);

/// A consumer outside of the group, made when it is first needed.
pub(super) struct Reread {
    properties: Properties,
    consumer: Option<BaseConsumer>,
}

impl Reread {
    pub(super) fn new(properties: Properties) -> Self {
        Self { properties, consumer: None }
    }

    /// The event at this place; `None` if it can't be had any more, or not in time.
    pub(super) fn event(&mut self, topic: &str, partition: i32, offset: i64) -> Option<OwnedMessage> {
        let consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => self.connect()?,
        };
        let message = read(&consumer, topic, partition, offset);
        self.consumer = Some(consumer);
        message
    }

    fn connect(&self) -> Option<BaseConsumer> {
        client::has_threads(&self.properties).ok()?;
        let mut config = ClientConfig::new();
        for (name, value) in self.properties.iter() {
            config.set(name, value);
        }
        // A fetch that still waits for records holds up the one for the next event.
        config.set("fetch.wait.max.ms", FETCH_WAIT_MS);
        // An event that is gone is not waited for: whatever comes instead says so.
        config.set("auto.offset.reset", "earliest");
        // Nobody reads its statistics.
        config.set("statistics.interval.ms", "0");
        config.create().ok()
    }
}

fn read(consumer: &BaseConsumer, topic: &str, partition: i32, offset: i64) -> Option<OwnedMessage> {
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, partition, Offset::Offset(offset)).ok()?;
    consumer.assign(&place).ok()?;
    let deadline = Instant::now() + TIMEOUT;
    let mut found = None;
    while found.is_none() && Instant::now() < deadline {
        if let Some(Ok(message)) = consumer.poll(POLL) {
            if message.offset() > offset {
                break;
            }
            if (message.topic(), message.partition(), message.offset()) == (topic, partition, offset) {
                found = Some(message.detach());
            }
        }
    }
    consumer.unassign().ok();
    found
}
