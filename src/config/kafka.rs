use std::time::Duration;

use super::kafka_defaults::{
    ASSIGNMENT_STRATEGY, CONSUMER, CONSUMER_OWNED, LOG_PRODUCER_OWNED, PRODUCER, PRODUCER_OWNED, REFUSED,
};
use super::model::{Kafka, OnOutOfRange};
use super::properties::{Given, Properties};
use super::report::Report;
use super::tree::{Kind, Node, Origin, Table};

/// librdkafka refuses a time that is not longer than `linger.ms`.
const SHORTEST_MESSAGE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client takes a topic that isn't there for one that is being created.
const TOPIC_PATIENCE: &str = "topic.metadata.propagation.max.ms";
/// librdkafka's own default.
const LONGEST_TOPIC_PATIENCE: Duration = Duration::from_secs(30);

/// Reads a `kafka` table: properties by dotted name, and the tables `consumer` and `producer`.
pub(super) fn read(title: &str, node: Option<&Node>, report: &mut Report) -> Kafka {
    let mut kafka = Kafka::default();
    let Some(table) = table_of(title, node, report) else { return kafka };
    for entry in &table.entries {
        match entry.name.as_str() {
            side @ ("consumer" | "producer") => {
                let side_title = format!("{title}.{side}");
                let into = if side == "consumer" { &mut kafka.consumer } else { &mut kafka.producer };
                if let Some(table) = table_of(&side_title, Some(&entry.node), report) {
                    flatten("", table, into, report);
                }
            }
            _ => flatten_entry("", &entry.name, &entry.name_origin, &entry.node, &mut kafka.shared, report),
        }
    }
    kafka
}

/// The properties of a pipeline's consumers: defaults, then the file's from the general to the special, then our own.
pub(super) fn consumer(name: &str, (shared, own): (&Kafka, &Kafka), group: &str, policy: OnOutOfRange) -> Properties {
    let mut properties = with_defaults(CONSUMER, [&shared.shared, &shared.consumer, &own.shared, &own.consumer]);
    name_client(&mut properties, name);
    if properties.value("group.protocol") == Some("consumer") {
        properties.remove(ASSIGNMENT_STRATEGY);
    }
    set_all(&mut properties, CONSUMER_OWNED);
    properties.set("group.id", group);
    properties.set(
        "auto.offset.reset",
        // Only for a group that has begun: where one begins is asked of the brokers when it is assigned its partitions.
        match policy {
            OnOutOfRange::Earliest => "earliest",
            OnOutOfRange::Latest => "latest",
            OnOutOfRange::Stop => "error",
        },
    );
    properties
}

/// The properties of a pipeline's producers, put together in the same way.
pub(super) fn producer(name: &str, shared: &Kafka, own: &Kafka) -> Properties {
    let mut properties = with_defaults(PRODUCER, [&shared.shared, &shared.producer, &own.shared, &own.producer]);
    name_client(&mut properties, name);
    set_all(&mut properties, PRODUCER_OWNED);
    properties
}

/// The properties of the producer of a `[[task]]`, whose calls end after `timeout`: so do its records.
pub(super) fn task_producer(name: &str, shared: &Kafka, own: &Kafka, timeout: Duration) -> Properties {
    let mut properties = producer(name, shared, own);
    if properties.value(TOPIC_PATIENCE).is_none() {
        // A topic that isn't there is then told as such, before time is up.
        properties.set(TOPIC_PATIENCE, (timeout / 2).min(LONGEST_TOPIC_PATIENCE).as_millis().to_string());
    }
    // Either name would do; one that was set for sinks must not stand beside it.
    properties.remove("delivery.timeout.ms");
    properties.set("message.timeout.ms", timeout.max(SHORTEST_MESSAGE_TIMEOUT).as_millis().to_string());
    properties
}

/// The properties of the producer of a pipeline's `log_topic`: put together like those of its producers, but it drops what the
/// brokers don't take in time, and needs no more memory than its share.
pub(super) fn log_producer(name: &str, shared: &Kafka, own: &Kafka) -> Properties {
    let mut properties = producer(name, shared, own);
    properties.remove("delivery.timeout.ms");
    // Either name would do; no other may stand beside ours.
    properties.remove("max.in.flight");
    set_all(&mut properties, LOG_PRODUCER_OWNED);
    properties
}

/// Brokers show the name of a client in their logs, metrics and quotas: it says whose it is.
fn name_client(properties: &mut Properties, name: &str) {
    if properties.value("client.id").is_none() {
        properties.set("client.id", format!("stepstream-{name}"));
    }
}

/// Whether a client would know a broker to begin with.
pub(super) fn names_brokers(properties: &Properties) -> bool {
    ["bootstrap.servers", "metadata.broker.list"].iter().any(|name| properties.value(name).is_some())
}

fn with_defaults(defaults: &[(&str, &str)], layers: [&Properties; 4]) -> Properties {
    let mut properties = Properties::default();
    set_all(&mut properties, defaults);
    for layer in layers {
        properties.overlay(layer);
    }
    find_authorities(&mut properties);
    properties
}

/// Whom to trust where the file does not say: the authorities of the system, wherever it keeps them. OpenSSL that is built into
/// the program would look for them only where it was built to.
fn find_authorities(properties: &mut Properties) {
    let is_told = |name: &str| properties.value(name).is_some();
    let speaks_tls = properties
        .value("security.protocol")
        .is_some_and(|protocol| protocol.eq_ignore_ascii_case("ssl") || protocol.eq_ignore_ascii_case("sasl_ssl"));
    if speaks_tls && cfg!(feature = "kafka-ssl") && !is_told("ssl.ca.location") && !is_told("ssl.ca.pem") {
        properties.set("ssl.ca.location", "probe");
    }
}

fn set_all(properties: &mut Properties, pairs: &[(&str, &str)]) {
    for (name, value) in pairs {
        properties.set(*name, *value);
    }
}

fn table_of<'a>(title: &str, node: Option<&'a Node>, report: &mut Report) -> Option<&'a Table> {
    let node = node?;
    match &node.kind {
        Kind::Table(table) => Some(table),
        Kind::Broken => None,
        other => {
            report.mistake(&node.origin, format!("{title} is {}, it must be a table", other.name()), None);
            None
        }
    }
}

/// TOML makes tables of dotted keys: `bootstrap.servers = …` is `servers` in a table `bootstrap`.
fn flatten(prefix: &str, table: &Table, into: &mut Properties, report: &mut Report) {
    for entry in &table.entries {
        flatten_entry(prefix, &entry.name, &entry.name_origin, &entry.node, into, report);
    }
}

fn flatten_entry(
    prefix: &str,
    name: &str,
    name_origin: &Origin,
    node: &Node,
    into: &mut Properties,
    report: &mut Report,
) {
    let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        report.mistake(
            name_origin,
            format!("`{name}` can't be set: Stepstream sets it itself"),
            Some((*instead).to_owned()),
        );
        return;
    }
    let value = match &node.kind {
        Kind::Text(text) => text.clone(),
        Kind::Integer(value) => value.to_string(),
        Kind::Float { text, .. } => text.clone(),
        Kind::Bool(value) => value.to_string(),
        Kind::Table(table) => return flatten(&name, table, into, report),
        Kind::List(_) => {
            let hint = "write one string: \"broker-1:9092,broker-2:9092\"";
            report.mistake(&node.origin, format!("`{name}` is an array, it must be one value"), Some(hint.to_owned()));
            String::new()
        }
        // Reported; the property counts as given, so that nobody reports it as missing too.
        Kind::Broken => String::new(),
    };
    warn_of(&name, &value, &node.origin, report);
    let broken = matches!(node.kind, Kind::Broken | Kind::List(_));
    // The name and its value: either may be what is wrong.
    let place = match (name_origin, &node.origin) {
        (Origin::File(name), Origin::File(value)) => Origin::File(name.start..value.end.max(name.end)),
        (_, origin) => origin.clone(),
    };
    let place = report.place_of(&place);
    into.give(name, Given { value, from_environment: node.from_environment, place, broken });
}

/// Properties that work but give up what Stepstream promises.
fn warn_of(name: &str, value: &str, origin: &Origin, report: &mut Report) {
    match (name, value) {
        ("acks" | "request.required.acks", "0" | "1") => {
            report.warning(origin, &format!("`{name}` below \"all\" can lose results that were acknowledged"));
        }
        ("message.timeout.ms" | "delivery.timeout.ms", value) if value != "0" => {
            report.warning(origin, &format!("`{name}` makes results fail while the sink is down; 0 makes them wait"));
        }
        _ => {}
    }
}
