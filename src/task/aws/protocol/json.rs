//! JSON 1.0 and 1.1: the operation in a header, input and output as JSON. The bodies of rest-json too.

use serde_json::{Map, Number, Value};

use super::{Message, text};
use crate::task::aws::model::{Operation, Service, Shape, Structure, TimestampFormat};

pub(super) fn write(service: &Service, operation: &Operation, input: &Map<String, Value>) -> Message {
    let body = members(input, service.structure(operation.input), service);
    Message {
        path: "/".to_owned(),
        headers: vec![
            ("content-type".to_owned(), format!("application/x-amz-json-{}", service.json)),
            ("x-amz-target".to_owned(), format!("{}.{}", service.target, operation.name)),
        ],
        body: Value::Object(body).to_string().into_bytes(),
        ..Message::default()
    }
}

/// The members that stand in the body.
pub(super) fn members(input: &Map<String, Value>, structure: &Structure, service: &Service) -> Map<String, Value> {
    let mut body = Map::with_capacity(input.len());
    for (name, value) in input {
        let Some(member) = structure.members.get(name).filter(|member| member.location.is_none()) else { continue };
        let name = member.name.as_ref().unwrap_or(name);
        body.insert(name.clone(), written(value, member.shape, service));
    }
    body
}

/// A value as it stands in JSON.
pub(super) fn written(value: &Value, shape: usize, service: &Service) -> Value {
    match (service.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(value)) => Value::Object(members(value, structure, service)),
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.iter().map(|value| written(value, *item, service)).collect()
        }
        (Shape::Map { value: shape, .. }, Value::Object(entries)) => {
            let entry = |(key, value): (&String, &Value)| (key.clone(), written(value, *shape, service));
            Value::Object(entries.iter().map(entry).collect())
        }
        (Shape::Timestamp { format }, value) => {
            let format = format.unwrap_or(TimestampFormat::UnixTimestamp);
            let text = text::moment(value, format);
            match text.parse::<Number>() {
                Ok(seconds) if format == TimestampFormat::UnixTimestamp => Value::Number(seconds),
                _ => Value::String(text),
            }
        }
        (_, value) => value.clone(),
    }
}

/// The structure in a body.
pub(super) fn read(service: &Service, shape: Option<usize>, body: &[u8]) -> Result<Map<String, Value>, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it is not JSON: {error}"))?;
    match value {
        Value::Object(found) => Ok(found_members(found, service.structure(shape), service)),
        Value::Null => Ok(Map::new()),
        _ => Err("it is no JSON object".to_owned()),
    }
}

fn found_members(mut found: Map<String, Value>, structure: &Structure, service: &Service) -> Map<String, Value> {
    let mut members = Map::with_capacity(found.len());
    for (name, member) in structure.members.iter().filter(|(_, member)| member.location.is_none()) {
        if let Some(value) = found.remove(member.name.as_ref().unwrap_or(name)) {
            members.insert(name.clone(), value_of(value, member.shape, service));
        }
    }
    members
}

/// A value as it is known here.
pub(super) fn value_of(value: Value, shape: usize, service: &Service) -> Value {
    match (service.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(found)) => Value::Object(found_members(found, structure, service)),
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.into_iter().map(|value| value_of(value, *item, service)).collect()
        }
        (Shape::Map { value: shape, .. }, Value::Object(entries)) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key, value_of(value, *shape, service))).collect())
        }
        (Shape::Timestamp { .. }, value @ (Value::Number(_) | Value::String(_))) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text::milliseconds(&text).map_or(value, Value::from)
        }
        (_, value) => value,
    }
}
