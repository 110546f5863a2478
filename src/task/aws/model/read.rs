//! From the data to models. They are part of the program, and a test reads them all: what is wrong with them is a bug.

use std::collections::BTreeMap;

use dashmap::DashMap;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Library, Location, Member, Operation, Partition, Protocol, Service, Shape, Structure, TimestampFormat};
use crate::resource::{capitalised, sdk_name};

#[derive(Deserialize)]
struct Head {
    partitions: Vec<(String, String, String)>,
    services: BTreeMap<String, (usize, usize)>,
}

pub(super) fn library(data: &'static [u8]) -> Library {
    let (length, rest) = data.split_at(4);
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (head, services) = rest.split_at(length);
    let head: Head = serde_json::from_slice(head).expect("the head is part of the program");
    let partition =
        |(id, suffix, regions): (String, String, String)| Partition { id, suffix, regions: Regex::new(&regions).ok() };
    Library {
        partitions: head.partitions.into_iter().map(partition).collect(),
        index: head.services,
        services,
        unpacked: DashMap::new(),
    }
}

pub(super) fn service(packed: &[u8]) -> Service {
    let text = miniz_oxide::inflate::decompress_to_vec_zlib(packed).expect("the models are part of the program");
    let model: Map<String, Value> = serde_json::from_slice(&text).expect("the models are part of the program");
    let text = |name: &str| model.get(name).and_then(Value::as_str).map(str::to_owned);
    let protocol = match text("protocol").as_deref() {
        Some("json") => Some(Protocol::Json),
        Some("rest-json") => Some(Protocol::RestJson),
        Some("rest-xml") => Some(Protocol::RestXml),
        Some("query") => Some(Protocol::Query),
        Some("ec2") => Some(Protocol::Ec2),
        _ => None,
    };
    let rows = |row: &Value| items(row).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Service {
        id: text("id").unwrap_or_default(),
        signing: text("signing").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        protocol,
        json: text("json").unwrap_or_else(|| "1.0".to_owned()),
        target: text("target").unwrap_or_default(),
        namespace: text("namespace"),
        endpoints: items(&model["endpoints"]).iter().map(rows).collect(),
        operations: entries(&model["operations"]).map(|(name, of)| (name.clone(), operation(name, of))).collect(),
        shapes: items(&model["shapes"]).iter().map(shape).collect(),
    }
}

fn operation(name: &str, model: &Value) -> Operation {
    let or = |key: &str, default: &str| text(model, key).unwrap_or_else(|| default.to_owned());
    Operation {
        name: name.to_owned(),
        method: or("method", "POST"),
        uri: or("uri", "/"),
        input: number(&model["input"]),
        output: number(&model["output"]),
        errors: items(&model["errors"]).iter().filter_map(number).collect(),
        root: text(model, "root"),
        namespace: text(model, "namespace"),
        host: text(model, "host"),
        checksum: flag(model, "checksum"),
        unsigned: flag(model, "unsigned"),
        events: flag(model, "events"),
    }
}

fn shape(model: &Value) -> Shape {
    let name = |at: usize, default: &str| model["names"][at].as_str().unwrap_or(default).to_owned();
    match model["kind"].as_str().unwrap_or_default() {
        "structure" => Shape::Structure(structure(model)),
        "list" => Shape::List {
            item: number(&model["item"]).unwrap_or(usize::MAX),
            name: text(model, "name"),
            flat: flag(model, "flat"),
        },
        "map" => Shape::Map {
            value: number(&model["value"]).unwrap_or(usize::MAX),
            key: name(0, "key"),
            value_name: name(1, "value"),
            flat: flag(model, "flat"),
        },
        "string" => Shape::String,
        "blob" => Shape::Blob,
        "boolean" => Shape::Boolean,
        "whole" => Shape::Whole,
        "fraction" => Shape::Fraction,
        "timestamp" => Shape::Timestamp {
            format: match model["format"].as_str() {
                Some("iso8601") => Some(TimestampFormat::Iso8601),
                Some("unixTimestamp") => Some(TimestampFormat::UnixTimestamp),
                Some("rfc822") => Some(TimestampFormat::Rfc822),
                _ => None,
            },
        },
        _ => Shape::Document,
    }
}

fn structure(model: &Value) -> Structure {
    Structure {
        members: entries(&model["members"]).map(|(name, of)| (name.clone(), member(name, of))).collect(),
        required: items(&model["required"]).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        payload: text(model, "payload"),
        exception: text(model, "exception"),
        code: text(model, "code"),
        name: text(model, "name"),
    }
}

fn member(name: &str, model: &Value) -> Member {
    let traits = &model[1];
    Member {
        shape: number(&model[0]).unwrap_or(usize::MAX),
        capitalised: capitalised(name),
        sdk_name: sdk_name(name),
        name: text(traits, "name"),
        location: match traits["at"].as_str() {
            Some("uri") => Some(Location::Uri),
            Some("querystring") => Some(Location::Query),
            Some("header") => Some(Location::Header),
            Some("headers") => Some(Location::Headers),
            Some("statusCode") => Some(Location::Status),
            _ => None,
        },
        query: text(traits, "query"),
        token: flag(traits, "token"),
        flat: flag(traits, "flat"),
        attribute: flag(traits, "attribute"),
        label: flag(traits, "label"),
        json: flag(traits, "json"),
        namespace: text(traits, "namespace"),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn flag(value: &Value, name: &str) -> bool {
    value[name].as_bool().unwrap_or_default()
}
