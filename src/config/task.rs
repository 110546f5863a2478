use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kafka;
use super::model::{Builtin, Connector, Endpoint, HttpVersion, Kafka, Task, Topic};
use super::pipeline::check_topic;
use super::report::Report;
use super::secret::Secret;
use super::section::Section;
use super::tree::{Kind, Node, Origin, Table};
use crate::limits;

const HTTP: &[&str] =
    &["resource", "connector", "max_concurrent", "timeout", "url", "headers", "connections", "http_version", "ca_file"];
const LAMBDA: &[&str] = &[
    "resource",
    "connector",
    "max_concurrent",
    "timeout",
    "endpoint",
    "headers",
    "connections",
    "http_version",
    "ca_file",
];
const FILES: &[&str] = &["resource", "connector", "max_concurrent", "timeout", "root"];
const TOPIC: &[&str] = &["resource", "connector", "max_concurrent", "timeout", "topic", "kafka"];
const BUILTIN: &[&str] =
    &["resource", "connector", "max_concurrent", "timeout", "builtin", "duration", "probability", "error"];
const KINDS: &[(&str, &[&str])] =
    &[("http", HTTP), ("lambda", LAMBDA), ("files", FILES), ("topic", TOPIC), ("builtin", BUILTIN)];

/// Headers that the connector sets itself.
const OWNED_HEADERS: [&str; 6] =
    ["content-length", "content-type", "host", "idempotency-key", "transfer-encoding", "connection"];
/// Headers whose value had better not stand in a file.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// Reads one `[[task]]`.
///
/// `file` is the configuration's, which paths are relative to; `shared` is its `[kafka]`.
pub(super) fn read(table: &Table, origin: &Origin, file: &Path, shared: &Kafka, report: &mut Report) -> Option<Task> {
    let kind = kind(table, origin, report);
    // Without a kind, options of any kind may stand there.
    let options = kind.map_or_else(
        || KINDS.iter().flat_map(|(_, options)| options.iter().copied()).collect(),
        |(_, options)| options.to_vec(),
    );
    let title = kind.map_or("[[task]]".to_owned(), |(kind, _)| format!("[[task]] with connector \"{kind}\""));
    let section = Section::open(title, table, origin.clone(), &options, report);
    let hint = "give a Resource, `*` for any characters: resource = \"arn:aws:lambda:*:*:function:price-*\"";
    let resource = section.required("resource", hint, report);
    let hour = Duration::from_secs(3600);
    let timeout = section.duration("timeout", limits::TASK_TIMEOUT, Duration::from_millis(1)..=hour, report);
    let max_concurrent = section
        .node("max_concurrent")
        .is_some()
        .then(|| section.count("max_concurrent", limits::MAX_CONCURRENT_TASKS, 1..=1_000_000, report));
    let connector = match kind?.0 {
        "http" => {
            let hint = "give the URL to POST to: url = \"http://127.0.0.1:8080/price\"";
            Connector::Http(endpoint(&section, "url", hint, file, report)?)
        }
        "lambda" => {
            let hint = "give the Invoke endpoint: endpoint = \"http://127.0.0.1:9001\"";
            Connector::Lambda(endpoint(&section, "endpoint", hint, file, report)?)
        }
        "files" => {
            let hint = "give the folder that holds the buckets: root = \"data\"";
            let root = section.required("root", hint, report)?;
            Connector::Files { root: beside(file, &root.value) }
        }
        "topic" => Connector::Topic(topic(&section, origin, shared, timeout, report)?),
        _ => builtin(&section, report)?,
    };
    Some(Task { resource: resource?.value, connector, max_concurrent, timeout, place: report.place_of(origin) })
}

/// The kind of connector, and its options.
fn kind(table: &Table, origin: &Origin, report: &mut Report) -> Option<(&'static str, &'static [&'static str])> {
    let everything: Vec<&str> = table.entries.iter().map(|entry| entry.name.as_str()).collect();
    let section = Section::open("[[task]]", table, origin.clone(), &everything, report);
    let hint = "say what carries the task out: connector = \"http\", \"lambda\", \"files\", \"topic\" or \"builtin\"";
    section.required("connector", hint, report)?;
    let kinds: Vec<(&str, usize)> = KINDS.iter().enumerate().map(|(index, (kind, _))| (*kind, index)).collect();
    section.choice("connector", &kinds, report).map(|index| KINDS[index])
}

/// The options of a connector that speaks HTTP; its URL is the one named `option`.
fn endpoint(section: &Section<'_>, option: &str, hint: &str, file: &Path, report: &mut Report) -> Option<Endpoint> {
    let url = url(section, option, hint, report);
    let headers = headers(section, report);
    let connections = section.count("connections", limits::TASK_CONNECTIONS, 1..=100_000, report);
    let version = version(section, report);
    let ca_file = ca_file(section, file, report);
    Some(Endpoint { url: url?, headers, connections, version, ca_file })
}

fn topic(
    section: &Section<'_>,
    origin: &Origin,
    shared: &Kafka,
    timeout: Duration,
    report: &mut Report,
) -> Option<Topic> {
    let topic = section.required("topic", "name the topic to write to: topic = \"map-results\"", report);
    if let Some(topic) = &topic {
        check_topic(topic, report);
    }
    let node = section.node("kafka");
    let own = kafka::read("[task.kafka]", node, report);
    if !own.consumer.is_empty() {
        let hint = "leave it out: the connector only writes; what stands in [task.kafka] is its producer's";
        report.mistake(section.origin("kafka"), "[task.kafka] takes no `consumer`", Some(hint.to_owned()));
    }
    for name in ["message.timeout.ms", "delivery.timeout.ms"] {
        if own.shared.value(name).or(own.producer.value(name)).is_some() {
            let hint = "set `timeout` of the [[task]]: it bounds the records of a call as well";
            report.mistake(section.origin("kafka"), format!("[task.kafka] takes no `{name}`"), Some(hint.to_owned()));
        }
    }
    let client = topic.as_ref().map_or("topic", |topic| topic.value.as_str());
    let producer = kafka::task_producer(client, shared, &own, timeout);
    if !kafka::names_brokers(&producer) {
        let hint = "add to [kafka]: bootstrap.servers = \"localhost:9092\", or set STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS";
        report.mistake(origin, "the connector \"topic\" knows no broker", Some(hint.to_owned()));
    }
    Some(Topic { topic: topic?.value, producer })
}

fn builtin(section: &Section<'_>, report: &mut Report) -> Option<Connector> {
    let hint = "say which: builtin = \"echo\", \"sleep\" or \"fail\"";
    section.required("builtin", hint, report)?;
    let kinds = [("echo", 0), ("sleep", 1), ("fail", 2)];
    let kind = section.choice("builtin", &kinds, report)?;
    let hour = Duration::from_secs(3600);
    let duration = section.duration("duration", Duration::ZERO, Duration::ZERO..=hour, report);
    let probability = section.probability("probability", report);
    let error = section.text("error", report);
    let builtin = match kind {
        0 => {
            refuse(section, &["duration", "probability", "error"], "echo", report);
            Builtin::Echo
        }
        1 => {
            refuse(section, &["probability", "error"], "sleep", report);
            if section.node("duration").is_none() {
                let hint = "say how long: duration = \"5ms\"";
                report.mistake(section.origin("builtin"), "builtin \"sleep\" needs `duration`", Some(hint.to_owned()));
            }
            Builtin::Sleep { duration }
        }
        _ => {
            if section.node("probability").is_none() {
                let hint = "say how often: probability = 0.01";
                report.mistake(
                    section.origin("builtin"),
                    "builtin \"fail\" needs `probability`",
                    Some(hint.to_owned()),
                );
            }
            let error = error.map_or("Builtin.Fail".to_owned(), |text| text.value);
            Builtin::Fail { probability: probability.unwrap_or(0.0), duration, error }
        }
    };
    Some(Connector::Builtin(builtin))
}

fn refuse(section: &Section<'_>, options: &[&str], kind: &str, report: &mut Report) {
    for option in options {
        if let Some(node) = section.node(option) {
            report.mistake(
                &node.origin,
                format!("builtin \"{kind}\" takes no `{option}`"),
                Some("leave it out".to_owned()),
            );
        }
    }
}

fn url(section: &Section<'_>, option: &str, hint: &str, report: &mut Report) -> Option<Secret> {
    let text = section.required(option, hint, report)?;
    let rest = text.value.strip_prefix("http://").or_else(|| text.value.strip_prefix("https://"));
    let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if host.is_empty() || text.value.contains(char::is_whitespace) {
        report.mistake(&text.origin, format!("`{option}` must be an http:// or https:// URL"), Some(hint.to_owned()));
        return None;
    }
    Some(Secret::new(text.value))
}

fn ca_file(section: &Section<'_>, file: &Path, report: &mut Report) -> Option<PathBuf> {
    let text = section.text("ca_file", report)?;
    Some(beside(file, &text.value))
}

/// A path that is relative to the configuration file's folder.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

fn version(section: &Section<'_>, report: &mut Report) -> HttpVersion {
    let versions = [("auto", HttpVersion::Auto), ("1.1", HttpVersion::Http1), ("2", HttpVersion::Http2)];
    section.choice("http_version", &versions, report).unwrap_or(HttpVersion::Auto)
}

fn headers(section: &Section<'_>, report: &mut Report) -> Vec<(String, Secret)> {
    let Some(node) = section.node("headers") else { return Vec::new() };
    let Kind::Table(table) = &node.kind else {
        let hint = "write headers = { X-Env = \"prod\", Authorization = { env = \"PRICE_TOKEN\" } }";
        report.mistake(&node.origin, "`headers` must be a table", Some(hint.to_owned()));
        return Vec::new();
    };
    let mut headers = Vec::with_capacity(table.entries.len());
    for entry in &table.entries {
        check_header_name(&entry.name, &entry.name_origin, report);
        if let Some(value) = header_value(&entry.name, &entry.node, report) {
            headers.push((entry.name.clone(), value));
        }
    }
    headers
}

fn check_header_name(name: &str, origin: &Origin, report: &mut Report) {
    let lower = name.to_ascii_lowercase();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        report.mistake(origin, format!("`{name}` is no name of an HTTP header"), None);
    } else if OWNED_HEADERS.contains(&lower.as_str()) {
        report.mistake(origin, format!("header `{name}` is set by the connector"), Some("leave it out".to_owned()));
    }
}

/// A text, or `{ env = "NAME" }`, which the tree's reader has made a text already.
fn header_value(name: &str, node: &Node, report: &mut Report) -> Option<Secret> {
    let Kind::Text(value) = &node.kind else {
        if !matches!(node.kind, Kind::Broken) {
            let hint = format!("write {name} = \"value\", or {name} = {{ env = \"VARIABLE\" }}");
            report.mistake(&node.origin, format!("header `{name}` must be a string"), Some(hint));
        }
        return None;
    };
    if value.chars().any(|c| c.is_control() && c != '\t') || value.trim() != value {
        let message = format!("the value of header `{name}` has characters that HTTP does not allow");
        report.mistake(
            &node.origin,
            message,
            Some("line breaks and blanks at either end are common causes".to_owned()),
        );
        return None;
    }
    if !node.from_environment && SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        report.warning(
            &node.origin,
            &format!("header `{name}` stands in the file; {{ env = \"VARIABLE\" }} keeps it out"),
        );
    }
    Some(Secret::new(value.clone()))
}
