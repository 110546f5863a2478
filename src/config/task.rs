//! `[[task]]` entries: what their options mean, the kinds of connectors know. Here is only how an option is read, with the same
//! care as those of other tables: each mistake at its own place, and all of them in one go.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::aws::{self, Aws};
use super::kafka;
use super::model::{Kafka, Place};
use super::pipeline::check_topic;
use super::properties::Properties;
use super::redactor::Redactor;
use super::report::{Mistake, Report, Source};
use super::secret::Secret;
use super::section::{Section, Text};
use super::tree::{Kind, Node, Origin, Table, holds_credentials};
use super::{Config, Findings};

/// A `[[task]]` entry as the file has it.
#[derive(Clone)]
pub struct Task {
    table: Arc<Table>,
    origin: Origin,
    source: Source,
}

impl Task {
    pub(super) fn new(table: Table, origin: Origin, source: Source) -> Self {
        Self { table: Arc::new(table), origin, source }
    }

    /// Its options, to be read. `config` is the configuration that it stands in.
    pub fn options<'a>(&'a self, config: &'a Config) -> Options<'a> {
        let mut report = Report::of(self.source.clone());
        let names: Vec<&str> = self.table.entries.iter().map(|entry| entry.name.as_str()).collect();
        let section = Section::open("[[task]]", &self.table, self.origin.clone(), &names, &mut report);
        Options {
            task: self,
            section,
            report,
            file: &config.file,
            kafka: &config.kafka,
            aws: config.services.as_ref(),
            redactor: Redactor::default(),
        }
    }
}

/// Shows where it stands: its options may hold secrets.
impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[[task]] at {}", Report::of(self.source.clone()).place_of(&self.origin))
    }
}

/// The options of a `[[task]]` entry while they are read. What is wrong with one is noted, and reading goes on.
pub struct Options<'a> {
    task: &'a Task,
    section: Section<'a>,
    report: Report,
    file: &'a Path,
    kafka: &'a Kafka,
    aws: Option<&'a Aws>,
    redactor: Redactor,
}

/// A header as the file gives it.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name, as written.
    pub name: String,
    /// Its value; none: it is no text, which is reported.
    pub value: Option<Secret>,
    /// The value, or a part of it, came from the environment.
    pub from_environment: bool,
    name_origin: Origin,
    value_origin: Origin,
}

impl Options<'_> {
    /// Says what the entry is called and which options it may have; others are reported.
    pub fn expect(&mut self, title: impl Into<String>, names: &[&str]) {
        self.section = Section::open(title, &self.task.table, self.task.origin.clone(), names, &mut self.report);
    }

    /// Whether an option is given.
    pub fn has(&self, name: &str) -> bool {
        self.section.node(name).is_some()
    }

    /// Where an option stands, or the entry where it is not given.
    pub fn place(&self, name: &str) -> Place {
        self.report.place_of(self.section.origin(name))
    }

    /// Notes a mistake in an option, or in the entry where the option is not given.
    pub fn mistake(&mut self, name: &str, message: impl Into<String>, hint: Option<String>) {
        let origin = self.section.origin(name).clone();
        self.report.mistake(&origin, message, hint);
    }

    /// Notes a mistake at a place that is known from elsewhere, such as that of a property.
    pub fn mistake_at(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        self.report.push(Mistake::new(place, message, hint));
    }

    /// A text that may be left out, but not be empty.
    pub fn text(&mut self, name: &str) -> Option<Text> {
        self.section.text(name, &mut self.report)
    }

    /// A text that has to be there; `hint` says what to write.
    pub fn required(&mut self, name: &str, hint: &str) -> Option<Text> {
        self.section.required(name, hint, &mut self.report)
    }

    /// A whole number of things within a range.
    pub fn count(&mut self, name: &str, default: usize, range: RangeInclusive<usize>) -> usize {
        self.section.count(name, default, range, &mut self.report)
    }

    /// A duration such as "250ms" within a range.
    pub fn duration(&mut self, name: &str, default: Duration, range: RangeInclusive<Duration>) -> Duration {
        self.section.duration(name, default, range, &mut self.report)
    }

    /// A region of AWS that may be left out.
    pub fn region(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if aws::is_region(&text.value) {
            return Some(text.value);
        }
        let message = format!("`{name}` can't be {}", text.shown());
        self.report.mistake(&text.origin, message, Some(aws::REGION_HINT.to_owned()));
        None
    }

    /// `[aws]`, where it is given.
    pub fn aws(&self) -> Option<&Aws> {
        self.aws
    }

    /// A number from 0 to 1.
    pub fn probability(&mut self, name: &str) -> Option<f64> {
        self.section.probability(name, &mut self.report)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.section.choice(name, choices, &mut self.report)
    }

    /// A path that may be left out, resolved against the configuration file's folder.
    pub fn path(&mut self, name: &str) -> Option<PathBuf> {
        let text = self.text(name)?;
        Some(self.file.parent().unwrap_or(Path::new("")).join(text.value))
    }

    /// The name of a topic, which has to be there.
    pub fn topic(&mut self, name: &str, hint: &str) -> Option<String> {
        let topic = self.required(name, hint)?;
        check_topic(&topic, &mut self.report);
        Some(topic.value)
    }

    /// An `http://` or `https://` URL, which has to be there. It may hold credentials.
    pub fn url(&mut self, name: &str, hint: &str) -> Option<Secret> {
        let text = self.required(name, hint)?;
        let rest = text.value.strip_prefix("http://").or_else(|| text.value.strip_prefix("https://"));
        let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        if host.is_empty() || text.value.contains(char::is_whitespace) {
            let message = format!("`{name}` must be an http:// or https:// URL");
            self.report.mistake(&text.origin, message, Some(hint.to_owned()));
            return None;
        }
        if text.from_environment || holds_credentials(&text.value) {
            self.keep_secret(&text.value);
        }
        Some(Secret::new(text.value))
    }

    /// A table of headers, in the order of the file. Their values are secrets.
    pub fn headers(&mut self, name: &str) -> Vec<Header> {
        let Some(node) = self.section.node(name) else { return Vec::new() };
        let Kind::Table(table) = &node.kind else {
            let hint = format!("write {name} = {{ X-Env = \"prod\", Authorization = {{ env = \"PRICE_TOKEN\" }} }}");
            self.report.mistake(&node.origin, format!("`{name}` must be a table"), Some(hint));
            return Vec::new();
        };
        let header = |(name, name_origin, node): (&String, &Origin, &Node)| Header {
            name: name.clone(),
            value: self.header_value(name, node),
            from_environment: node.from_environment,
            name_origin: name_origin.clone(),
            value_origin: node.origin.clone(),
        };
        table.entries.iter().map(|entry| (&entry.name, &entry.name_origin, &entry.node)).map(header).collect()
    }

    /// A text, or `{ env = "NAME" }`, which the tree's reader has made a text already.
    fn header_value(&mut self, name: &str, node: &Node) -> Option<Secret> {
        if let Kind::Text(value) = &node.kind {
            self.keep_secret(value);
            return Some(Secret::new(value.clone()));
        }
        if !matches!(node.kind, Kind::Broken) {
            let hint = format!("write {name} = \"value\", or {name} = {{ env = \"VARIABLE\" }}");
            self.report.mistake(&node.origin, format!("header `{name}` must be a string"), Some(hint));
        }
        None
    }

    /// Notes a mistake in the name of a header.
    pub fn mistake_in_name(&mut self, header: &Header, message: impl Into<String>, hint: Option<String>) {
        self.report.mistake(&header.name_origin, message, hint);
    }

    /// Notes a mistake in the value of a header.
    pub fn mistake_in_value(&mut self, header: &Header, message: impl Into<String>, hint: Option<String>) {
        self.report.mistake(&header.value_origin, message, hint);
    }

    /// Notes what is valid in the value of a header, but probably not what was meant.
    pub fn warn_of_value(&mut self, header: &Header, message: &str) {
        self.report.warning(&header.value_origin, message);
    }

    /// The properties of a producer whose records are given up after `timeout`: defaults, `[kafka]`, the table of this name, and
    /// those that Stepstream owns. `client` is whose it is.
    pub fn producer(&mut self, name: &str, client: &str, timeout: Duration) -> Properties {
        let title = format!("[task.{name}]");
        let own = kafka::read(&title, self.section.node(name), &mut self.report);
        if !own.consumer.is_empty() {
            let hint = format!("leave it out: the connector only writes; what stands in {title} is its producer's");
            self.mistake(name, format!("{title} takes no `consumer`"), Some(hint));
        }
        for property in ["message.timeout.ms", "delivery.timeout.ms"] {
            if own.shared.value(property).or(own.producer.value(property)).is_some() {
                let hint = "set `timeout` of the [[task]]: it bounds the records of a call as well";
                self.mistake(name, format!("{title} takes no `{property}`"), Some(hint.to_owned()));
            }
        }
        let producer = kafka::task_producer(client, self.kafka, &own, timeout);
        if !kafka::names_brokers(&producer) {
            let hint =
                "add to [kafka]: bootstrap.servers = \"localhost:9092\", or set STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS";
            let message = format!("{} knows no broker", self.section.title());
            self.report.mistake(&self.task.origin, message, Some(hint.to_owned()));
        }
        self.redactor = self.redactor.and(&producer.redactor());
        producer
    }

    /// Keeps a text out of what is said about the entry, here and later.
    fn keep_secret(&mut self, secret: &str) {
        self.redactor = self.redactor.and(&Redactor::new([secret]));
    }

    /// What was found.
    pub fn finish(self) -> Findings {
        let redact = |text: String| self.redactor.redact(&text).into_owned();
        let (warnings, mistakes) = self.report.into_parts();
        let mistakes = mistakes.into_iter().map(|mistake| mistake.redacted(redact)).collect();
        Findings { mistakes, warnings, notes: Vec::new(), redactor: self.redactor }
    }
}
