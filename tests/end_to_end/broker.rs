//! The real Kafka, as tests see it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;

/// How long a test waits for what must come. No result depends on it: it only ends a test that hangs.
pub const PATIENCE: Duration = Duration::from_secs(180);

const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The Kafka of `KAFKA_BROKERS`.
pub struct Broker {
    pub brokers: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Broker {
    /// Fails the test with what to do where no Kafka is given.
    pub fn connect() -> Self {
        let Ok(brokers) = std::env::var("KAFKA_BROKERS") else {
            panic!(
                "the end-to-end tests need a Kafka and KAFKA_BROKERS isn't set: run scripts/test, \
                 or scripts/kafka start and set KAFKA_BROKERS to what scripts/kafka status prints"
            );
        };
        Self::at(&brokers)
    }

    /// The Kafka at this address.
    pub fn at(brokers: &str) -> Self {
        let admin = ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an admin client");
        Self { brokers: brokers.to_owned(), admin }
    }

    /// Creates a topic of a name that no other test has; it is deleted when the guard is dropped.
    pub fn topic(&self, stem: &str, partitions: i32) -> Topic {
        let topic = self.absent_topic(stem);
        self.create(&topic.name, partitions, &[]);
        topic
    }

    /// A name for a topic that doesn't exist yet.
    pub fn absent_topic(&self, stem: &str) -> Topic {
        Topic { name: unique(stem), brokers: self.brokers.clone() }
    }

    pub fn create(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        topic.config = config.to_vec();
        let options = AdminOptions::new().operation_timeout(Some(CALL_TIMEOUT));
        let results = block_on(self.admin.create_topics([&topic], &options)).expect("create_topics is answered");
        for result in results {
            result.expect("the topic is created");
        }
    }

    /// Replaces the configuration of a topic.
    pub fn configure(&self, name: &str, config: &[(&str, &str)]) {
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(name));
        for (key, value) in config {
            change = change.set(key, value);
        }
        let results = block_on(self.admin.alter_configs([&change], &AdminOptions::new())).expect("it is answered");
        for result in results {
            result.expect("the topic's configuration is changed");
        }
    }

    /// Deletes what stands before an offset, as retention does.
    pub fn delete_before(&self, topic: &str, partition: i32, offset: usize) {
        let mut place = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(offset).expect("a small offset"));
        place.add_partition_offset(topic, partition, offset).expect("a valid offset");
        let deleted = block_on(self.admin.delete_records(&place, &AdminOptions::new())).expect("it is answered");
        for element in deleted.elements() {
            element.error().expect("the records are deleted");
        }
    }

    pub fn producer(&self) -> Feed {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("linger.ms", "2")
            .set("enable.idempotence", "true")
            .create()
            .expect("a producer");
        Feed { producer }
    }

    /// Reads a topic from its beginning, all partitions, outside any group.
    pub fn reader(&self, topic: &str) -> Reader {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "5");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut partitions = TopicPartitionList::new();
        for partition in 0..partition_count(&consumer, topic) {
            partitions.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset is set");
        }
        consumer.assign(&partitions).expect("partitions are assigned");
        Reader { consumer, asking: config.create().expect("a second consumer"), topic: topic.to_owned() }
    }

    /// What a group has committed in a topic: offset by partition.
    pub fn committed(&self, group: &str, topic: &str) -> HashMap<i32, i64> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", group)
            .create()
            .expect("a consumer");
        let mut partitions = TopicPartitionList::new();
        for partition in 0..partition_count(&consumer, topic) {
            partitions.add_partition(topic, partition);
        }
        let committed = consumer.committed_offsets(partitions, CALL_TIMEOUT).expect("offsets are returned");
        let offset = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        committed.elements().iter().map(|element| (element.partition(), offset(element.offset()))).collect()
    }

    /// How many events of a topic a group has committed, over all partitions.
    pub fn committed_total(&self, group: &str, topic: &str) -> i64 {
        self.committed(group, topic).values().sum()
    }

    /// Ids of a group's members, sorted.
    pub fn members(&self, group: &str) -> Vec<String> {
        let groups = self.admin.inner().fetch_group_list(Some(group), CALL_TIMEOUT).expect("groups are returned");
        let members = groups.groups().iter().flat_map(|group| group.members());
        let mut ids: Vec<_> = members.map(|member| member.id().to_owned()).collect();
        ids.sort();
        ids
    }
}

/// A topic that is deleted when the test is over.
pub struct Topic {
    pub name: String,
    brokers: String,
}

impl Drop for Topic {
    fn drop(&mut self) {
        let admin: Result<AdminClient<_>, _> = ClientConfig::new().set("bootstrap.servers", &self.brokers).create();
        if let Ok(admin) = admin {
            // A topic that the test never created can't be deleted: that is fine.
            let _ = block_on(admin.delete_topics(&[&self.name], &AdminOptions::new()));
        }
    }
}

/// Puts records into topics.
pub struct Feed {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Feed {
    /// Sends a record to the partition that its key belongs to.
    pub fn send(&self, topic: &str, key: &str, payload: &[u8]) {
        self.send_record(BaseRecord::to(topic).key(key.as_bytes()).payload(payload));
    }

    pub fn send_to(&self, topic: &str, partition: i32, key: &str, payload: &[u8]) {
        self.send_record(BaseRecord::to(topic).partition(partition).key(key.as_bytes()).payload(payload));
    }

    /// Sends a record with one header; `None` is a tombstone.
    pub fn send_with_header(&self, topic: &str, key: &str, payload: Option<&[u8]>, header: (&str, &str)) {
        let headers = OwnedHeaders::new().insert(Header { key: header.0, value: Some(header.1) });
        let mut record = BaseRecord::to(topic).key(key.as_bytes()).headers(headers);
        record.payload = payload;
        self.send_record(record);
    }

    /// Waits until the broker has everything.
    pub fn flush(&self) {
        self.producer.flush(Timeout::After(PATIENCE)).expect("everything is sent");
    }

    fn send_record(&self, mut record: BaseRecord<'_, [u8], [u8]>) {
        loop {
            match self.producer.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err((error, _)) => panic!("the event can't be sent: {error}"),
            }
        }
    }
}

/// A record as it lies in a topic.
#[derive(Debug, Clone)]
pub struct Record {
    pub key: Option<String>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    /// The last header of that name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rev().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }

    pub fn json(&self) -> serde_json::Value {
        let payload = self.payload.as_deref().expect("the record has a value");
        serde_json::from_slice(payload).expect("the record's value is JSON")
    }
}

/// Reads the records of one topic.
pub struct Reader {
    consumer: BaseConsumer,
    asking: BaseConsumer,
    topic: String,
}

impl Reader {
    /// The next record, waiting for it.
    pub fn next(&mut self, what: &str) -> Record {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(record) = self.poll(Duration::from_millis(100)) {
                return record;
            }
            assert!(Instant::now() < deadline, "{what}: nothing more came to {} in {PATIENCE:?}", self.topic);
        }
    }

    /// The next `count` records.
    pub fn take(&mut self, count: usize, what: &str) -> Vec<Record> {
        (0..count).map(|have| self.next(&format!("{what}, {have} of {count} so far"))).collect()
    }

    /// A record if one comes in that time.
    pub fn poll(&mut self, wait: Duration) -> Option<Record> {
        // After an error the client reconnects by itself.
        let message = self.consumer.poll(wait)?.ok()?;
        let headers = message.headers().map(|headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_owned())).collect()
        });
        Some(Record {
            key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()),
            payload: message.payload().map(<[u8]>::to_owned),
            headers: headers.unwrap_or_default(),
        })
    }

    /// Everything up to the end that the topic has now.
    pub fn rest(&mut self) -> Vec<Record> {
        let ends = self.ends();
        let mut records = Vec::new();
        while !self.is_past(&ends) {
            records.extend(self.poll(Duration::from_millis(100)));
        }
        records
    }

    /// First and next offset by partition. Asked by a client of its own: the reader's connection is busy with long fetches.
    fn ends(&self) -> HashMap<i32, (i64, i64)> {
        let partitions = 0..partition_count(&self.asking, &self.topic);
        let ask = |partition| self.asking.fetch_watermarks(&self.topic, partition, CALL_TIMEOUT);
        partitions.map(|partition| (partition, ask(partition).expect("watermarks are returned"))).collect()
    }

    fn is_past(&self, ends: &HashMap<i32, (i64, i64)>) -> bool {
        let position = self.consumer.position().expect("positions are known");
        position.elements().iter().all(|element| {
            let (low, high) = ends[&element.partition()];
            let next = if let Offset::Offset(next) = element.offset() { next } else { low };
            next >= high
        })
    }
}

/// A name that no other test and no other run has.
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let run = std::process::id();
    let nanos = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
    format!("e2e-{stem}-{run}-{nanos:x}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn partition_count(consumer: &BaseConsumer, topic: &str) -> i32 {
    let mut count = 0;
    // A new topic's metadata takes a moment to spread.
    wait_until(&format!("{topic} is known to the broker"), || {
        let metadata = consumer.fetch_metadata(Some(topic), CALL_TIMEOUT).expect("metadata is returned");
        count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        count > 0
    });
    i32::try_from(count).expect("few partitions")
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}
