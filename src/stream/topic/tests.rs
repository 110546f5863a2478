use std::path::Path;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::*;
use crate::config::{Config, Environment, Mistake};
use crate::task::{Connectors, Kinds, testing};

const KINDS: Kinds = &[&TOPIC];
const RESULTS: &str = "map-results";
const TIMEOUT: Duration = Duration::from_secs(60);

struct World {
    mock: MockCluster<'static, DefaultProducerContext>,
    connector: Arc<dyn Connector>,
}

/// Key, value, and the headers in their order.
type Found = (String, String, Vec<(String, String)>);

impl World {
    fn new() -> World {
        let mock = MockCluster::new(1).expect("a mock cluster");
        mock.create_topic(RESULTS, 1, 1).expect("a topic");
        let connector = connector(&mock.bootstrap_servers(), TIMEOUT);
        World { mock, connector }
    }

    fn refuse(&self, error: RDKafkaRespErr, requests: usize) {
        self.mock.request_errors(RDKafkaApiKey::Produce, &vec![error; requests]);
    }

    fn write(&self, objects: Vec<DataObject>) -> Result<(), String> {
        call(&self.connector, Purpose::WriteObjects(objects))
    }

    /// The first records of the topic.
    fn read(&self, count: usize) -> Vec<Found> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.mock.bootstrap_servers()).set("group.id", "reader");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(RESULTS, 0, Offset::Beginning).expect("an offset");
        consumer.assign(&place).expect("it is assigned");
        let deadline = Instant::now() + TIMEOUT;
        let mut found = Vec::new();
        while found.len() < count {
            assert!(Instant::now() < deadline, "only {found:?}");
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                let headers = message.headers().expect("it has headers");
                let headers = rdkafka::message::Headers::iter(headers);
                let headers = headers.map(|header| (header.key.to_owned(), text(header.value))).collect();
                found.push((text(message.key()), text(message.payload()), headers));
            }
        }
        found
    }

    fn values(&self, count: usize) -> Vec<String> {
        self.read(count).into_iter().map(|(_, value, _)| value).collect()
    }
}

/// What is read of an entry of these options, and what is wrong with it.
fn read(brokers: &str, options: &str) -> (Connectors, Vec<Mistake>) {
    let text = format!(
        "[[task]]\nresource = \"*\"\nconnector = \"topic\"\n{options}\n[kafka]\nbootstrap.servers = \"{brokers}\"\n\
         [[pipeline]]\nname = \"p\"\nsources = [\"in\"]\nworkflow = \"w.asl.json\""
    );
    let config = Config::parse(&text, Path::new("test.toml"), &Environment::default()).expect("a configuration");
    let (connectors, findings) = Connectors::of_config(&config, KINDS);
    (connectors, findings.mistakes)
}

fn connector(brokers: &str, timeout: Duration) -> Arc<dyn Connector> {
    let (connectors, mistakes) =
        read(brokers, &format!("topic = \"{RESULTS}\"\ntimeout = \"{}ms\"", timeout.as_millis()));
    assert!(mistakes.is_empty(), "{mistakes:?}");
    connectors.entries()[0].connector.clone()
}

fn call(connector: &Arc<dyn Connector>, purpose: Purpose) -> Result<(), String> {
    let request = Request {
        purpose,
        state: "Each".into(),
        execution: "arn:aws:states:us-east-1:000000000000:express:order:p-in-0-7:1".into(),
        ..testing::request("arn:aws:states:::s3:putObject", b"{\"Bucket\":\"out\"}")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(connector.call(request));
    answer.map(drop).map_err(|failure| failure.cause.expect("failures have a cause"))
}

/// A file of these records.
fn file(key: &str, begin: &str, texts: &[&str], end: &str) -> DataObject {
    let mut object = DataObject { key: key.to_owned(), body: begin.into(), records: Vec::new() };
    for text in texts {
        let at = object.body.len();
        object.body.extend_from_slice(text.as_bytes());
        object.records.push(at..at + text.len());
        object.body.push(b',');
    }
    object.body.pop();
    object.body.extend_from_slice(end.as_bytes());
    object
}

fn files() -> Vec<DataObject> {
    vec![
        file("run/1/FAILED_0.json", "[", &[r#"{"Status":"FAILED"}"#], "]"),
        file("run/1/SUCCEEDED_0.json", "[", &[r#"{"a": 1.0}"#, "[2,\n3]", "\"ü,\""], "]"),
        file("run/1/manifest.json", "", &["{}"], ""),
    ]
}

const TEXTS: [&str; 5] = [r#"{"Status":"FAILED"}"#, r#"{"a": 1.0}"#, "[2,\n3]", "\"ü,\"", "{}"];

#[test]
fn each_result_is_a_record_byte_for_byte_and_the_manifest_the_last() {
    let world = World::new();
    assert_eq!(world.write(files()), Ok(()));
    let found = world.read(5);
    let places =
        [("FAILED_0", "0"), ("SUCCEEDED_0", "0"), ("SUCCEEDED_0", "1"), ("SUCCEEDED_0", "2"), ("manifest", "0")];
    for ((key, value, headers), (text, (file, record))) in found.iter().zip(TEXTS.iter().zip(places)) {
        assert_eq!((key.as_str(), value.as_str()), (format!("run/1/{file}.json").as_str(), *text));
        let expected = [
            (headers::WORKFLOW, "order"),
            (headers::EXECUTION, "p-in-0-7"),
            (headers::STATE, "Each"),
            (headers::FILE, &format!("{file}.json")),
            (headers::RECORD, record),
        ];
        assert_eq!(headers, &expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

#[test]
fn records_of_a_batch_that_is_too_large_are_sent_by_halves_until_each_is_taken_or_refused_alone() {
    let texts = ["1", "2", "3", "4", "5", "6", "7", "8"];
    let files = || vec![file("run/1/SUCCEEDED_0.json", "[", &texts, "]"), file("run/1/manifest.json", "", &["{}"], "")];
    // Refused: all eight, the first four, the first two; then the first alone.
    for refused in [1, 2, 3] {
        let world = World::new();
        world.refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, refused);
        assert_eq!(world.write(files()), Ok(()), "{refused} refusals");
        assert_eq!(world.values(9), [&texts[..], &["{}"]].concat());
    }
    let world = World::new();
    world.refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 4);
    let cause = world.write(files()).expect_err("one is too large");
    assert!(cause.contains("record 0 of run/1/SUCCEEDED_0.json (1 bytes)"), "{cause}");
}

#[test]
fn a_refusal_fails_the_call_with_topic_and_reason_and_the_next_call_works() {
    for (error, requests, reason) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1, "allow this client to write to it"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 2, "max.message.bytes"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 1, "Policy violation"),
    ] {
        let world = World::new();
        world.refuse(error, requests);
        let cause = world.write(files()).expect_err("it is refused");
        assert!(
            cause.starts_with("The topic map-results did not take record 0 of run/1/FAILED_0.json (19 bytes): "),
            "{cause}"
        );
        assert!(cause.contains(reason), "{cause}");
        assert_eq!(world.write(files()), Ok(()), "after {cause}");
        assert_eq!(world.values(5), TEXTS);
    }
}

#[test]
fn brokers_that_cannot_be_reached_fail_the_call_in_time() {
    let cause = call(&connector("127.0.0.1:1", Duration::from_secs(2)), Purpose::WriteObjects(files()));
    let cause = cause.expect_err("there is no broker");
    assert!(cause.starts_with("The topic map-results has not acknowledged all results within 2s."), "{cause}");
    assert!(cause.contains("127.0.0.1:1"), "{cause}");
}

#[test]
fn anything_but_results_is_refused() {
    let connector = connector("127.0.0.1:1", TIMEOUT);
    let roles = [Role::Task, Role::ItemReader, Role::ResultWriter];
    let put = Resource::parse("arn:aws:states:::s3:putObject");
    assert_eq!(roles.map(|role| connector.refuses(&put, role).is_none()), [false, false, true]);
    for purpose in [Purpose::Task, Purpose::ReadObject { max_bytes: 9 }, Purpose::ListObjects { max_entries: 9 }] {
        let cause = call(&connector, purpose).expect_err("it only writes");
        assert!(cause.contains("arn:aws:states:::s3:putObject"), "{cause}");
    }
}

#[test]
fn properties_that_librdkafka_does_not_know_are_refused_before_anything_runs() {
    let (_, mistakes) = read("127.0.0.1:1", "topic = \"t\"\nkafka = { linger.msec = 5 }");
    let [mistake] = &*mistakes else { panic!("{mistakes:?}") };
    assert!(mistake.message.contains("linger.msec"), "{mistake}");
    assert_eq!(mistake.place.as_ref().map(|place| place.line), Some(5), "{mistake}");
}
