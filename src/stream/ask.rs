//! What brokers say before anything runs: whether they answer, whether topics are there, and what this client may do.
//!
//! Nothing is changed by asking: no topic is created, no group is joined, no record is read or written. What Kafka tells only
//! when it is done (writing, joining a group) is noted as not asked.

use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::access;
use super::client::client_config;
use super::topic_trouble::{TopicTrouble, refusal};
use crate::config::{self, Findings, Mistake, Place, Properties, Redactor};

/// How long the client's callbacks are waited for at a time.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long the reason why no broker answers is waited for: a client that is told to connect again and again says it at once.
const REASON_PATIENCE: Duration = Duration::from_secs(2);

/// Asks the brokers of a pipeline about its topics and its group, for at most `patience`.
pub fn ask(pipeline: &config::Pipeline, patience: Duration) -> Findings {
    let mut findings = Findings::default();
    let deadline = Instant::now() + patience;
    let brokers = pipeline.consumer.place("bootstrap.servers").unwrap_or(&pipeline.place);
    // What librdkafka says about properties was reported when they were read.
    let Ok(reading) = Asking::new(&pipeline.consumer, deadline) else { return findings };
    let mut partitions = 0;
    for (topic, place) in pipeline.sources.iter().zip(&pipeline.places.sources) {
        match reading.partitions(topic) {
            Err(error) => {
                findings.mistakes.push(reading.unreachable(&error, brokers, patience));
                return findings;
            }
            Ok(Err(code)) => findings.mistakes.push(refused_source(topic, code, place)),
            Ok(Ok(found)) => {
                partitions += found.count;
                note_leaders(topic, &found, place, &mut findings);
                reading.read(topic, place, &mut findings);
            }
        }
    }
    if (1..pipeline.shards).contains(&partitions) {
        let few = if partitions == 1 { "is 1 partition".to_owned() } else { format!("are {partitions} partitions") };
        let message =
            format!("there {few} for the {} shards of each process: the others have nothing to read", pipeline.shards);
        findings.warn(&pipeline.places.sources[0], &message);
    }
    reading.group(pipeline, &mut findings);
    let places = &pipeline.places;
    let log_topic = pipeline.log_topic.as_ref().map(|log| &log.topic);
    let outputs = [
        (pipeline.sink.as_ref(), &places.sink),
        (pipeline.failures.as_ref(), &places.failures),
        (pipeline.dead_letters.as_ref(), &places.dead_letters),
        (log_topic, &places.log_topic),
    ];
    let outputs: Vec<_> = outputs.into_iter().filter_map(|(topic, place)| Some((topic?.as_str(), place))).collect();
    ask_outputs(&pipeline.producer, &outputs, (brokers, patience, deadline), &mut findings);
    findings
}

/// Asks the brokers of a producer about the topic that it writes to.
pub(super) fn ask_output(properties: &Properties, topic: &str, place: &Place, patience: Duration) -> Findings {
    let mut findings = Findings::default();
    let brokers = properties.place("bootstrap.servers").unwrap_or(place);
    ask_outputs(properties, &[(topic, place)], (brokers, patience, Instant::now() + patience), &mut findings);
    findings
}

fn ask_outputs(
    properties: &Properties,
    topics: &[(&str, &Place)],
    (brokers, patience, deadline): (&Place, Duration, Instant),
    findings: &mut Findings,
) {
    let Ok(writing) = Asking::new(properties, deadline) else { return };
    let mut writable = Vec::new();
    let creates = OnceCell::new();
    for (topic, place) in topics {
        match writing.partitions(topic) {
            Err(error) => return findings.mistakes.push(writing.unreachable(&error, brokers, patience)),
            Ok(Ok(found)) => {
                note_leaders(topic, &found, place, findings);
                writable.push(*topic);
            }
            Ok(Err(code)) if TopicTrouble::of(code) == TopicTrouble::Missing => match *creates
                .get_or_init(|| creates_topics(properties, deadline))
            {
                Some(true) => {
                    let message = format!(
                        "there is no topic {topic}: the brokers create it, as they do by default, with its first record"
                    );
                    findings.warn(place, &message);
                }
                creates => {
                    let hint = match creates {
                        None => "create it; whether the brokers would do so by themselves they don't tell this client",
                        _ => "create it: the brokers don't do so by themselves",
                    };
                    findings.mistakes.push(Mistake::new(
                        place,
                        format!("there is no topic {topic}"),
                        Some(hint.to_owned()),
                    ));
                }
            },
            Ok(Err(code)) => findings.mistakes.push(refused(topic, code, "Describe and Write", place)),
        }
    }
    if !writable.is_empty() {
        findings.notes.push(format!(
            "not asked: whether this client may write to {}; Kafka tells that only with a record",
            writable.join(", ")
        ));
    }
}

fn refused_source(topic: &str, code: RDKafkaErrorCode, place: &Place) -> Mistake {
    if TopicTrouble::of(code) == TopicTrouble::Missing {
        let hint = "create it, or correct its name: a consumer creates no topic, the pipeline would wait for it";
        return Mistake::new(place, format!("there is no topic {topic}"), Some(hint.to_owned()));
    }
    refused(topic, code, "Describe and Read", place)
}

fn refused(topic: &str, code: RDKafkaErrorCode, rights: &str, place: &Place) -> Mistake {
    let hint = (TopicTrouble::of(code) == TopicTrouble::Forbidden).then(|| {
        format!("allow this client {rights} on the topic; Kafka refuses so, too, where a topic does not exist")
    });
    Mistake::new(place, format!("the brokers refuse topic {topic}: {code}"), hint)
}

fn note_leaders(topic: &str, found: &Partitions, place: &Place, findings: &mut Findings) {
    if found.leaderless > 0 {
        let message = format!("{} of the {} partitions of topic {topic} have no leader", found.leaderless, found.count);
        let hint = "see why the brokers that hold them are down; until then nothing goes through them";
        findings.mistakes.push(Mistake::new(place, message, Some(hint.to_owned())));
    }
}

/// Whether the brokers create topics by themselves; `None`: they don't tell this client.
fn creates_topics(properties: &Properties, deadline: Instant) -> Option<bool> {
    const OPTION: &str = "auto.create.topics.enable";
    let admin: AdminClient<DefaultClientContext> = AdminClient::from_config(&quiet(properties)).ok()?;
    let metadata = admin.inner().fetch_metadata(None, left(deadline)).ok()?;
    // Not the one that answered: that may be a bootstrap address, which has no number.
    let broker = ResourceSpecifier::Broker(metadata.brokers().first()?.id());
    let options = AdminOptions::new().request_timeout(Some(left(deadline)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(admin.describe_configs(&[broker], &options)).ok()?;
    let value = answer.into_iter().next()?.ok()?.get(OPTION)?.value.clone()?;
    Some(value == "true")
}

/// Time that is left; librdkafka takes none for ever.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// The properties of a client that only asks: it logs nothing, because what it finds is reported.
fn quiet(properties: &Properties) -> ClientConfig {
    let mut config = client_config(properties);
    config.set("statistics.interval.ms", "0").set_log_level(RDKafkaLogLevel::Emerg);
    config
}

/// A client that asks.
struct Asking {
    client: BaseConsumer<LastError>,
    brokers: String,
    deadline: Instant,
}

/// What is known of the partitions of a topic.
struct Partitions {
    count: usize,
    leaderless: usize,
}

impl Asking {
    fn new(properties: &Properties, deadline: Instant) -> KafkaResult<Self> {
        let mut config = quiet(properties);
        // A consumer, whatever the properties are for: one creates no topic by asking for it.
        config.set("allow.auto.create.topics", "false").set("enable.partition.eof", "true");
        if properties.value("group.id").is_none() {
            config.set("group.id", "stepstream-check");
        }
        let context = LastError { redactor: properties.redactor(), last: Mutex::default() };
        let client = BaseConsumer::from_config_and_context(&config, context)?;
        let brokers = properties.shown("bootstrap.servers").unwrap_or("(unnamed)").to_owned();
        Ok(Self { client, brokers, deadline })
    }

    /// What the brokers say about a topic; the outer error: they don't answer.
    fn partitions(&self, topic: &str) -> KafkaResult<Result<Partitions, RDKafkaErrorCode>> {
        let metadata = self.client.fetch_metadata(Some(topic), left(self.deadline))?;
        if let Some(code) = refusal(&metadata, topic) {
            return Ok(Err(code));
        }
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map_or(&[][..], MetadataTopic::partitions);
        let leaderless = partitions.iter().filter(|partition| partition.leader() < 0).count();
        Ok(Ok(Partitions { count: partitions.len(), leaderless }))
    }

    /// Fetches the end of a topic's first partition, as far as its being refused goes.
    fn read(&self, topic: &str, place: &Place, findings: &mut Findings) {
        let mut end = TopicPartitionList::new();
        let assigned = end.add_partition_offset(topic, 0, Offset::End).and_then(|()| self.client.assign(&end));
        while assigned.is_ok() && Instant::now() < self.deadline {
            match self.client.poll(POLL_INTERVAL) {
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return,
                Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                    let code = RDKafkaErrorCode::TopicAuthorizationFailed;
                    return findings.mistakes.push(refused(topic, code, "Read", place));
                }
                _ => {}
            }
        }
        findings
            .notes
            .push(format!("not known: whether this client may read {topic}; the brokers did not answer in time"));
    }

    /// Asks for what the group has committed.
    fn group(&self, pipeline: &config::Pipeline, findings: &mut Findings) {
        let group = &pipeline.group;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition(&pipeline.sources[0], 0);
        match self.client.committed_offsets(partitions, left(self.deadline)) {
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                let message = format!("the brokers refuse group {group}: {error}");
                let hint = "allow this client Describe and Read on the group, or name another one: group = \"…\"";
                findings.mistakes.push(Mistake::new(&pipeline.places.group, message, Some(hint.to_owned())));
            }
            Err(error) => {
                findings.notes.push(format!("not known: whether this client may use group {group}: {error}"));
            }
            Ok(_) => findings.notes.push(format!(
                "not asked: whether this client may join group {group}; Kafka tells that only when it joins"
            )),
        }
    }

    /// Why no broker answers, as soon as the client says so. Its threads may not have got to it by the deadline.
    fn reason(&self) -> Option<String> {
        let end = Instant::now() + REASON_PATIENCE;
        loop {
            // Serves the callback that says why.
            self.client.poll(POLL_INTERVAL);
            let last = self.client.context().last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if last.is_some() || Instant::now() >= end {
                return last;
            }
        }
    }

    /// No broker answers.
    fn unreachable(&self, error: &KafkaError, place: &Place, patience: Duration) -> Mistake {
        let last = self.reason();
        let why = last.unwrap_or_else(|| error.to_string());
        let message = format!("no broker of {} answers within {patience:?}: {why}", self.brokers);
        let hint = access::advice(&message).unwrap_or(
            "check the address and port, that the brokers run, that nothing on the way refuses this host, and that \
             security.protocol is theirs",
        );
        Mistake::new(place, message, Some(hint.to_owned()))
    }
}

/// Keeps the last error of the client, which says why no broker answers.
struct LastError {
    redactor: Redactor,
    last: Mutex<Option<String>>,
}

impl ClientContext for LastError {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        // That all brokers are down is no reason why.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            let reason = self.redactor.redact(reason).into_owned();
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        }
    }
}

impl ConsumerContext for LastError {}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::config::{Config, Environment};

    const PATIENCE: Duration = Duration::from_secs(20);
    const NOT_ALLOWED: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;

    /// What is said of a pipeline from `in` to `out`, as `line: message; hint`.
    fn said(brokers: &str) -> (Vec<String>, Findings) {
        let text = format!(
            "[kafka]\nbootstrap.servers = \"{brokers}\"\n[[pipeline]]\nname = \"p\"\nworkflow = \"w.asl.json\"\n\
             sources = [\"in\"]\nsink = \"out\"\ngroup = \"readers\"\nshards = 1\n"
        );
        let config = Config::parse(&text, Path::new("t.toml"), &Environment::default()).expect("a configuration");
        let findings = ask(&config.pipelines[0], PATIENCE);
        (findings.mistakes.iter().map(ToString::to_string).collect(), findings)
    }

    fn cluster(topics: &[&str]) -> MockCluster<'static, rdkafka::producer::DefaultProducerContext> {
        let mock = MockCluster::new(1).expect("a mock cluster");
        for topic in topics {
            mock.create_topic(topic, 2, 1).expect("a topic");
        }
        mock
    }

    #[test]
    fn nothing_is_said_of_what_is_well_but_what_was_not_asked() {
        let mock = cluster(&["in", "out"]);
        let (mistakes, findings) = said(&mock.bootstrap_servers());
        assert_eq!(mistakes, Vec::<String>::new());
        assert!(findings.warnings.is_empty(), "{:?}", findings.warnings);
        assert_eq!(findings.notes.len(), 2, "{:?}", findings.notes);
    }

    #[test]
    fn topics_that_this_client_may_not_see_are_told_at_their_lines() {
        let mock = cluster(&["in", "out"]);
        for topic in ["in", "out"] {
            mock.topic_error(topic, NOT_ALLOWED).expect("the topic is there");
        }
        let (mistakes, _) = said(&mock.bootstrap_servers());
        let [source, sink] = &*mistakes else { panic!("{mistakes:?}") };
        assert!(source.starts_with("t.toml:6:") && source.contains("Describe and Read on the topic"), "{source}");
        assert!(sink.starts_with("t.toml:7:") && sink.contains("Describe and Write on the topic"), "{sink}");
    }

    #[test]
    fn a_group_that_this_client_may_not_use_is_told_at_its_line() {
        let mock = cluster(&["in", "out"]);
        let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
        mock.request_errors(RDKafkaApiKey::OffsetFetch, &[refusal; 20]);
        let (mistakes, findings) = said(&mock.bootstrap_servers());
        let [mistake] = &*mistakes else { panic!("{mistakes:?} {findings:?}") };
        assert!(mistake.starts_with("t.toml:8:") && mistake.contains("group readers"), "{mistake}");
    }
}
