//! `[callbacks]`: how tasks hear of their end that wait for a callback.

use super::kafka;
use super::model::{Kafka, OnOutOfRange, Place};
use super::pipeline::check_topic;
use super::properties::Properties;
use super::redactor::Redactor;
use super::report::Report;
use super::secret::Secret;
use super::section::Section;
use crate::identity::MAX_NODE_BYTES;

/// Fewer characters can be guessed.
const MIN_KEY_CHARS: usize = 32;

/// How tasks hear of their end that wait for a callback.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// The topic that callbacks come by.
    pub topic: String,
    /// Properties of its consumer, complete: defaults, `[kafka]`, and those that Stepstream owns.
    pub consumer: Properties,
    /// What task tokens are authenticated with; none: a key is made, and kept in `state_dir` if there is one.
    pub key: Option<Secret>,
    /// The name of this node in the tokens that it gives out; none: the host's name.
    pub node: Option<String>,
    /// Where `[callbacks]` stands.
    pub place: Place,
}

impl Callbacks {
    /// What takes its secrets out of texts.
    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new(self.key.iter().map(Secret::expose))
    }
}

/// Reads the table; `None`: it has a mistake.
pub(super) fn read(section: &Section<'_>, shared: &Kafka, report: &mut Report) -> Option<Callbacks> {
    let hint = "name the topic that callbacks come by: topic = \"callbacks\"";
    let topic = section.required("topic", hint, report);
    let (key, node) = (key(section, report), node(section, report));
    let topic = topic?;
    check_topic(&topic, report);
    let consumer =
        kafka::consumer("callbacks", (shared, &Kafka::default()), "stepstream-callbacks", OnOutOfRange::Earliest);
    if !kafka::names_brokers(&consumer) {
        let hint = "add to [kafka]: bootstrap.servers = \"localhost:9092\": those of a pipeline alone are not asked";
        report.mistake(&topic.origin, "[callbacks] knows no broker", Some(hint.to_owned()));
    }
    Some(Callbacks { topic: topic.value, consumer, key, node, place: report.place_of(section.own_origin()) })
}

fn key(section: &Section<'_>, report: &mut Report) -> Option<Secret> {
    let text = section.text("key", report)?;
    if text.value.chars().count() < MIN_KEY_CHARS {
        let hint = "make one: `openssl rand -hex 32`; all nodes need the same";
        let message = format!("`key` is shorter than {MIN_KEY_CHARS} characters: it could be guessed");
        report.mistake(&text.origin, message, Some(hint.to_owned()));
    }
    if !text.from_environment {
        report.warning(&text.origin, "`key` stands in the file; { env = \"VARIABLE\" } keeps it out");
    }
    Some(Secret::new(text.value))
}

fn node(section: &Section<'_>, report: &mut Report) -> Option<String> {
    let text = section.text("node", report)?;
    if text.value.len() > MAX_NODE_BYTES {
        let message = format!("`node` is longer than {MAX_NODE_BYTES} bytes");
        report.mistake(&text.origin, message, Some("give a short name, which no other node has".to_owned()));
    }
    Some(text.value)
}
