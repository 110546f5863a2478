//! A mock cluster with the topics of one pipeline, events for it, and what came of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::Semaphore;

use super::super::Pipeline;
use super::super::monitor::Monitor;
use super::super::pipeline::{Spec, Stop};
use super::super::shard::Shard;
use super::super::stats::Stats;
use crate::config::{self, Config, Environment};
use crate::engine::Limits;
use crate::host::Permits;
use crate::program::Program;
use crate::registry::{Registry, Workflow};
use crate::task::{Answer, BoxFuture, Connector, Connectors, Pattern, Request};
use crate::telemetry::{Health, PipelineMetrics};

/// A wait that long is a failure: the machine may be busy, and a first assignment takes three seconds by itself.
const PATIENCE: Duration = Duration::from_secs(60);

const SOURCE: &str = "events";
const SINKS: [&str; 3] = ["results", "failures", "dead-letters"];

pub(super) struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    partitions: i32,
    service: Arc<Service>,
}

/// What the pipeline wrote.
#[derive(Default)]
pub(super) struct Found {
    pub(super) results: Vec<Record>,
    pub(super) failures: Vec<Record>,
    pub(super) dead_letters: Vec<Record>,
}

pub(super) struct Record {
    pub(super) key: Option<String>,
    pub(super) value: String,
    headers: Vec<(String, String)>,
}

impl Record {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An event: key and value.
pub(super) type Event = (String, String);

pub(super) fn echo(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n}}}"#))
}

/// Thirty of them are more than a partition holds: the mock cluster keeps five megabytes of a partition.
pub(super) fn large(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"text":"{}"}}"#, "x".repeat(200_000)))
}

pub(super) fn failing(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"fail":"Test.Failed"}}"#))
}

pub(super) fn waiting(n: usize, seconds: u64) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"wait":{seconds}}}"#))
}

/// Calls a task that takes a few milliseconds.
pub(super) fn calling(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"call":"slow"}}"#))
}

/// Calls a task that answers when the gate is open.
pub(super) fn calling_gate(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"call":"gate"}}"#))
}

/// Calls a task that holds the thread of its shard until the gate is open: a bug, on purpose.
pub(super) fn hanging(n: usize) -> Event {
    (n.to_string(), format!(r#"{{"n":{n},"call":"hang"}}"#))
}

impl Cluster {
    pub(super) fn new(partitions: i32) -> Self {
        let mock = MockCluster::new(1).expect("a mock cluster");
        for topic in [SOURCE].iter().chain(&SINKS) {
            mock.create_topic(topic, partitions, 1).expect("a topic");
        }
        let service = Arc::new(Service {
            gate: Arc::new(Semaphore::new(0)),
            at_once: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            keys: Mutex::default(),
            panics: AtomicUsize::new(0),
        });
        Self { mock, partitions, service }
    }

    pub(super) fn source(&self) -> &'static str {
        SOURCE
    }

    /// Starts a pipeline of one shard with more settings in its `[[pipeline]]`, and waits until it has joined.
    pub(super) fn start(&self, settings: &str) -> Pipeline {
        self.start_with(settings, &Health::new())
    }

    /// The same, and its parts report there.
    pub(super) fn start_with(&self, settings: &str, health: &Health) -> Pipeline {
        let (connectors, workflow) = (connectors(&self.service), workflow(&self.service));
        let pipeline =
            Pipeline::start(self.configuration(settings), workflow, &connectors, None, Limits::default(), health)
                .expect("the pipeline starts");
        eventually("the pipeline has joined its group", || pipeline.is_ready());
        pipeline
    }

    /// A shard whose loop the test runs itself, on the thread that asks for it.
    pub(super) fn shard(&self) -> Shard {
        let pipeline = self.configuration("");
        let monitor = Monitor::start(&pipeline, PipelineMetrics::new("test"), Health::new().register("the monitor"))
            .expect("the monitor starts");
        let spec = Spec {
            monitor,
            pipeline,
            workflow: workflow(&self.service),
            limits: Limits::default(),
            permits: Arc::new(Permits::new(1, &connectors(&self.service))),
            stop: Stop::default(),
            callbacks: None,
            log_topic: None,
        };
        let reporter = Health::new().register("the shard".to_owned());
        Shard::new(Arc::new(spec), 0, Arc::new(Stats::default()), reporter).expect("the shard starts")
    }

    fn configuration(&self, settings: &str) -> config::Pipeline {
        // The tests of the library run in one process: one that looks at metrics has a name of its own.
        let name = if settings.starts_with("name") { "" } else { r#"name = "test""# };
        let text = format!(
            r#"
[kafka]
"bootstrap.servers" = "{}"
[kafka.consumer]
"session.timeout.ms" = 6000
"heartbeat.interval.ms" = 100
[[pipeline]]
{name}
group = "group"
sources = ["{SOURCE}"]
workflow = "test.asl.json"
sink = "{}"
failures = "{}"
dead_letters = "{}"
shards = 1
{settings}
"#,
            self.mock.bootstrap_servers(),
            SINKS[0],
            SINKS[1],
            SINKS[2],
        );
        let mut config =
            Config::parse(&text, Path::new("test.toml"), &Environment::default()).expect("a configuration");
        config.pipelines.remove(0)
    }

    pub(super) fn send(&self, events: impl IntoIterator<Item = Event>) {
        let producer = self.producer();
        for (key, value) in events {
            let record = BaseRecord::to(SOURCE).key(key.as_bytes()).payload(value.as_bytes());
            producer.send(record).map_err(|(error, _)| error).expect("an event is queued");
        }
        producer.flush(PATIENCE).expect("events are delivered");
    }

    /// Sends events to one partition.
    pub(super) fn send_to(&self, partition: i32, events: impl IntoIterator<Item = Event>) {
        let producer = self.producer();
        for (key, value) in events {
            let record = BaseRecord::to(SOURCE).partition(partition).key(key.as_bytes()).payload(value.as_bytes());
            producer.send(record).map_err(|(error, _)| error).expect("an event is queued");
        }
        producer.flush(PATIENCE).expect("events are delivered");
    }

    /// Sends an event with headers.
    pub(super) fn send_with_headers(&self, (key, value): Event, headers: &[(&str, &str)]) {
        let producer = self.producer();
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (name, value)| {
            headers.insert(Header { key: name, value: Some(*value) })
        });
        let record = BaseRecord::to(SOURCE).key(key.as_bytes()).payload(value.as_bytes()).headers(headers);
        producer.send(record).map_err(|(error, _)| error).expect("an event is queued");
        producer.flush(PATIENCE).expect("the event is delivered");
    }

    fn producer(&self) -> BaseProducer {
        ClientConfig::new().set("bootstrap.servers", self.mock.bootstrap_servers()).create().expect("a producer")
    }

    /// Reads the pipeline's topics until they hold `count` records.
    pub(super) fn collect(&self, count: usize) -> Found {
        self.read(|found| found.results.len() + found.failures.len() + found.dead_letters.len() >= count)
    }

    /// Reads the pipeline's topics until they hold `count` different keys: there may be duplicates.
    pub(super) fn collect_all(&self, count: usize) -> Found {
        self.read(|found| {
            let records = found.results.iter().chain(&found.failures).chain(&found.dead_letters);
            records.map(|record| &record.key).collect::<std::collections::HashSet<_>>().len() >= count
        })
    }

    fn read(&self, enough: impl Fn(&Found) -> bool) -> Found {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.mock.bootstrap_servers())
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .create()
            .expect("a consumer");
        let mut all = TopicPartitionList::new();
        for topic in SINKS {
            for partition in 0..self.partitions {
                all.add_partition_offset(topic, partition, Offset::Beginning).expect("a valid offset");
            }
        }
        consumer.assign(&all).expect("an assignment");
        let mut found = Found::default();
        let deadline = Instant::now() + PATIENCE;
        while !enough(&found) {
            assert!(Instant::now() < deadline, "only {} results", found.results.len());
            let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
            let record = record(&message);
            match message.topic() {
                "results" => found.results.push(record),
                "failures" => found.failures.push(record),
                _ => found.dead_letters.push(record),
            }
        }
        found
    }

    /// Commits an offset of partition 0 for the pipeline's group, which must have no members.
    pub(super) fn commit(&self, offset: i64) {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.mock.bootstrap_servers())
            .set("group.id", "group")
            .create()
            .expect("a consumer");
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(SOURCE, 0, Offset::Offset(offset)).expect("a valid offset");
        consumer.commit(&place, CommitMode::Sync).expect("the group takes it");
    }

    /// Offsets of partition 0: of its first record, and the next one.
    pub(super) fn range(&self) -> (i64, i64) {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", self.mock.bootstrap_servers()).create().expect("a consumer");
        consumer.fetch_watermarks(SOURCE, 0, PATIENCE).expect("watermarks")
    }

    /// Produce requests are taken again.
    pub(super) fn take_again(&self) {
        self.mock.clear_request_errors(RDKafkaApiKey::Produce);
    }

    /// The group knows its member no longer, and takes none.
    pub(super) fn expel(&self) {
        let full = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED;
        self.mock.request_errors(RDKafkaApiKey::JoinGroup, &vec![full; 100_000]);
        self.mock.request_errors(RDKafkaApiKey::Heartbeat, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
    }

    /// The group takes members again.
    pub(super) fn admit(&self) {
        self.mock.clear_request_errors(RDKafkaApiKey::JoinGroup);
    }

    /// No broker answers any more.
    pub(super) fn stop_brokers(&self) {
        self.mock.broker_down(1).expect("the broker goes down");
    }

    pub(super) fn start_brokers(&self) {
        self.mock.broker_up(1).expect("the broker comes up");
    }

    /// Sum of the committed offsets of the pipeline's group.
    pub(super) fn committed(&self) -> i64 {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.mock.bootstrap_servers())
            .set("group.id", "group")
            .create()
            .expect("a consumer");
        let mut all = TopicPartitionList::new();
        all.add_partition_range(SOURCE, 0, self.partitions - 1);
        let committed = consumer.committed_offsets(all, PATIENCE).expect("committed offsets");
        committed.elements().iter().filter_map(|element| element.offset().to_raw()).map(|offset| offset.max(0)).sum()
    }

    /// The next produce requests to arrive, whoever sends them, are refused.
    pub(super) fn refuse(&self, error: RDKafkaRespErr, requests: usize) {
        self.mock.request_errors(RDKafkaApiKey::Produce, &vec![error; requests]);
    }

    pub(super) fn open_gate(&self) {
        self.service.gate.add_permits(Semaphore::MAX_PERMITS >> 1);
    }

    /// The next call makes its shard panic.
    pub(super) fn break_the_next_call(&self) {
        self.service.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn most_calls_at_once(&self) -> usize {
        self.service.most.load(Ordering::Relaxed)
    }

    pub(super) fn idempotency_keys(&self) -> Vec<String> {
        self.service.keys.lock().expect("no test panics with it").clone()
    }
}

fn record(message: &impl Message) -> Record {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = message.headers().map(|headers| {
        headers.iter().map(|header| (header.key.to_owned(), text(header.value.unwrap_or_default()))).collect()
    });
    Record {
        key: message.key().map(text),
        value: text(message.payload().unwrap_or_default()),
        headers: headers.unwrap_or_default(),
    }
}

/// Does what the event says: fails, waits, calls a task; else its output is the event.
const DEFINITION: &str = r#"{
  "StartAt": "What",
  "States": {
    "What": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.fail", "IsPresent": true, "Next": "Fail"},
        {"Variable": "$.wait", "IsPresent": true, "Next": "Wait"},
        {"And": [{"Variable": "$.call", "IsPresent": true}, {"Variable": "$.call", "StringEquals": "slow"}], "Next": "Slow"},
        {"And": [{"Variable": "$.call", "IsPresent": true}, {"Variable": "$.call", "StringEquals": "gate"}], "Next": "Gate"},
        {"And": [{"Variable": "$.call", "IsPresent": true}, {"Variable": "$.call", "StringEquals": "hang"}], "Next": "Hang"}
      ],
      "Default": "Echo"
    },
    "Fail": {"Type": "Fail", "ErrorPath": "$.fail", "Cause": "the event says so"},
    "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Echo"},
    "Slow": {"Type": "Task", "Resource": "slow", "Next": "Echo"},
    "Gate": {"Type": "Task", "Resource": "gate", "Next": "Echo"},
    "Hang": {"Type": "Task", "Resource": "hang", "Next": "Echo"},
    "Echo": {"Type": "Pass", "End": true}
  }
}"#;

fn workflow(service: &Arc<Service>) -> Arc<Workflow<Program>> {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("stepstream-test-{}-{number}.asl.json", std::process::id()));
    std::fs::write(&file, DEFINITION).expect("the definition is written");
    let connectors = connectors(service);
    let registry = Registry::of_definitions(move |program| Ok(connectors.resolve(program.resources())));
    let workflow = registry.load("test", &file).expect("the definition is valid");
    std::fs::remove_file(&file).expect("the file is removed");
    workflow
}

/// The service behind the tasks.
pub(super) struct Service {
    gate: Arc<Semaphore>,
    at_once: AtomicUsize,
    most: AtomicUsize,
    keys: Mutex<Vec<String>>,
    /// How many of the next calls make their shard panic.
    panics: AtomicUsize,
}

/// The connector to it.
pub(super) struct ToService(pub Arc<Service>);

impl Connector for ToService {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let service = self.0.clone();
        Box::pin(async move {
            service.keys.lock().expect("no call panics").push(request.idempotency_key);
            let at_once = service.at_once.fetch_add(1, Ordering::Relaxed) + 1;
            service.most.fetch_max(at_once, Ordering::Relaxed);
            if request.resource.as_str().contains("hang") {
                while service.gate.available_permits() == 0 {
                    std::thread::sleep(Duration::from_millis(5));
                }
            } else if request.resource.as_str().contains("gate") {
                service.gate.acquire().await.expect("never closed").forget();
            } else {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            service.at_once.fetch_sub(1, Ordering::Relaxed);
            Ok(request.input)
        })
    }

    /// The shard asks for it on its own thread: what happens here happens to the shard.
    fn kind(&self) -> &'static str {
        let panics = &self.0.panics;
        if panics.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            panic!("on purpose");
        }
        "test"
    }
}

/// A table in which the service carries out every task.
pub(super) fn connectors(service: &Arc<Service>) -> Connectors {
    let mut connectors = Connectors::new();
    connectors.push(Pattern::new("*"), Arc::new(ToService(service.clone())));
    connectors
}

pub(super) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a pipeline in order.
pub(super) fn end(pipeline: Pipeline) {
    pipeline.stop();
    pipeline.join().expect("no shard panics");
}
