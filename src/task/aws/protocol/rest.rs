//! rest-json and rest-xml: members stand in the path, the query, headers and the body.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use super::{Element, Message, json, text, xml};
use crate::task::aws::model::{Location, Member, Operation, Service, Shape, Structure, TimestampFormat};
use crate::task::client::{Reply, percent_encoded};

/// What a body is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Json,
    Xml,
}

pub(super) fn write(
    service: &Service,
    operation: &Operation,
    input: &Map<String, Value>,
    body: Body,
) -> Result<Message, String> {
    let structure = service.structure(operation.input);
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let mut message = Message { path: path_of(path, structure, input)?, ..Message::default() };
    for pair in fixed.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        message.query.push((name.to_owned(), value.to_owned()));
    }
    for (name, value) in input {
        let Some(member) = structure.members.get(name) else { continue };
        let name = member.name.as_deref().unwrap_or(name);
        match member.location {
            Some(Location::Query) => add_query(&mut message.query, name, value, member, service),
            Some(Location::Header) => {
                if let Some(value) = header(value, member, service)? {
                    message.headers.push((name.to_ascii_lowercase(), value));
                }
            }
            Some(Location::Headers) => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let value = value.as_str().unwrap_or_default();
                    message.headers.push((format!("{name}{key}").to_ascii_lowercase(), sendable(value)?));
                }
            }
            _ => {}
        }
    }
    write_body(&mut message, (service, operation, structure), input, body)?;
    Ok(message)
}

/// The path with its labels filled in.
fn path_of(template: &str, structure: &Structure, input: &Map<String, Value>) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, label)) = rest.split_once('{') {
        let (label, after) = label.split_once('}').unwrap_or((label, ""));
        path.push_str(before);
        let (label, greedy) = label.strip_suffix('+').map_or((label, false), |label| (label, true));
        let wanted = |(name, member): &(&String, &Member)| {
            member.location == Some(Location::Uri) && member.name.as_ref().unwrap_or(name).as_str() == label
        };
        let given = structure.members.iter().find(wanted).and_then(|(name, _)| input.get(name));
        let value = given.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let value = value.filter(|value| !value.is_empty()).ok_or_else(|| format!("{label} is empty"))?;
        match greedy {
            true => path.push_str(&value.split('/').map(percent_encoded).collect::<Vec<_>>().join("/")),
            false => path.push_str(&percent_encoded(&value)),
        }
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

fn add_query(query: &mut Vec<(String, String)>, name: &str, value: &Value, member: &Member, service: &Service) {
    let scalar = |value: &Value, shape: usize| text::write(value, service.shape(shape), TimestampFormat::Iso8601);
    match (service.shape(member.shape), value) {
        (Shape::List { item, .. }, Value::Array(items)) => {
            query.extend(items.iter().map(|value| (name.to_owned(), scalar(value, *item))));
        }
        (Shape::Map { value: shape, .. }, Value::Object(entries)) => {
            for (key, value) in entries {
                let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                query.extend(values.iter().map(|value| (key.clone(), scalar(value, *shape))));
            }
        }
        _ => query.push((name.to_owned(), scalar(value, member.shape))),
    }
}

fn header(value: &Value, member: &Member, service: &Service) -> Result<Option<String>, String> {
    if member.json {
        return Ok(value.as_str().map(|text| BASE64.encode(text)));
    }
    let scalar = |value: &Value, shape: usize| text::write(value, service.shape(shape), TimestampFormat::Rfc822);
    let text = match (service.shape(member.shape), value) {
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.iter().map(|value| scalar(value, *item)).collect::<Vec<_>>().join(",")
        }
        _ => scalar(value, member.shape),
    };
    sendable(&text).map(|text| Some(text).filter(|text| !text.is_empty()))
}

fn sendable(text: &str) -> Result<String, String> {
    match text.chars().any(|c| c.is_control() && c != '\t') {
        true => Err("a value for a header holds control characters".to_owned()),
        false => Ok(text.trim().to_owned()),
    }
}

fn write_body(
    message: &mut Message,
    (service, operation, structure): (&Service, &Operation, &Structure),
    input: &Map<String, Value>,
    body: Body,
) -> Result<(), String> {
    let content_type = if body == Body::Json { "application/json" } else { "application/xml" };
    let of_type = |message: &mut Message, bytes: Vec<u8>, kind: &str| {
        message.body = bytes;
        if !message.headers.iter().any(|(name, _)| name == "content-type") {
            message.headers.push(("content-type".to_owned(), kind.to_owned()));
        }
    };
    if let Some((payload, member)) =
        structure.payload.as_ref().and_then(|name| Some((name, structure.members.get(name)?)))
    {
        let Some(value) = input.get(payload) else { return Ok(()) };
        match (service.shape(member.shape), body) {
            (Shape::Blob, _) => {
                let bytes = BASE64.decode(value.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
                of_type(message, bytes, "application/octet-stream");
            }
            (Shape::String, _) => {
                of_type(message, value.as_str().unwrap_or_default().as_bytes().to_vec(), "text/plain");
            }
            (_, Body::Json) => {
                let value = json::written(value, member.shape, service);
                of_type(message, value.to_string().into_bytes(), content_type);
            }
            (shape, Body::Xml) => {
                let own = if let Shape::Structure(structure) = shape { structure.name.as_deref() } else { None };
                let name = member.name.as_deref().or(own).unwrap_or(payload);
                of_type(message, document(name, value, member, service), content_type);
            }
        }
        return Ok(());
    }
    if !structure.members.values().any(|member| member.location.is_none()) {
        return Ok(());
    }
    match (body, &operation.root) {
        (Body::Json, _) => {
            let value = Value::Object(json::members(input, structure, service));
            of_type(message, value.to_string().into_bytes(), content_type);
        }
        (Body::Xml, Some(root)) => {
            let namespace = operation.namespace.as_deref().or(service.namespace.as_deref());
            let mut text = opened(root, namespace);
            xml::members(&mut text, input, structure, service);
            text.push_str(&format!("</{root}>"));
            of_type(message, text.into_bytes(), content_type);
        }
        (Body::Xml, None) => return Err("the model names no element for its body".to_owned()),
    }
    Ok(())
}

fn opened(root: &str, namespace: Option<&str>) -> String {
    namespace.map_or_else(|| format!("<{root}>"), |namespace| format!("<{root} xmlns=\"{namespace}\">"))
}

/// A payload that is a structure.
fn document(name: &str, value: &Value, member: &Member, service: &Service) -> Vec<u8> {
    let namespace = member.namespace.as_deref().or(service.namespace.as_deref());
    let mut text = opened(name, namespace);
    match (service.shape(member.shape), value) {
        (Shape::Structure(structure), Value::Object(members)) => xml::members(&mut text, members, structure, service),
        _ => {
            return {
                let mut text = String::new();
                xml::write(&mut text, name, value, member.shape, service);
                text.into_bytes()
            };
        }
    }
    text.push_str(&format!("</{name}>"));
    text.into_bytes()
}

pub(super) fn read(
    service: &Service,
    operation: &Operation,
    reply: &Reply,
    body: Body,
) -> Result<Map<String, Value>, String> {
    let structure = service.structure(operation.output);
    let mut output = match structure.payload.as_ref().and_then(|name| Some((name, structure.members.get(name)?))) {
        Some((payload, member)) => {
            let mut output = Map::new();
            if let Some(value) = payload_of(service, member, reply, body)? {
                output.insert(payload.clone(), value);
            }
            output
        }
        None if structure.members.values().all(|member| member.location.is_some()) => Map::new(),
        None => match body {
            Body::Json => json::read(service, operation.output, &reply.body)?,
            Body::Xml if reply.body.trim_ascii().is_empty() => Map::new(),
            Body::Xml => Element::parse(&reply.body)?.structure(structure, service),
        },
    };
    for (name, member) in &structure.members {
        let found = match member.location {
            Some(Location::Status) => Some(Value::from(reply.status.as_u16())),
            Some(Location::Header) => found_header(name, member, reply, service),
            Some(Location::Headers) => found_headers(member, reply),
            _ => None,
        };
        if let Some(found) = found {
            output.insert(name.clone(), found);
        }
    }
    Ok(output)
}

fn payload_of(service: &Service, member: &Member, reply: &Reply, body: Body) -> Result<Option<Value>, String> {
    match (service.shape(member.shape), body) {
        (Shape::Blob, _) => Ok(Some(Value::String(BASE64.encode(&reply.body)))),
        (Shape::String, _) => Ok(Some(Value::String(String::from_utf8_lossy(&reply.body).into_owned()))),
        _ if reply.body.trim_ascii().is_empty() => Ok(None),
        (_, Body::Json) => {
            let value = serde_json::from_slice(&reply.body).map_err(|error| format!("it is not JSON: {error}"))?;
            Ok(Some(json::value_of(value, member.shape, service)))
        }
        (Shape::Structure(structure), Body::Xml) => {
            Ok(Some(Value::Object(Element::parse(&reply.body)?.structure(structure, service))))
        }
        _ => Ok(None),
    }
}

fn found_header(name: &str, member: &Member, reply: &Reply, service: &Service) -> Option<Value> {
    let value = reply.headers.get(member.name.as_deref().unwrap_or(name))?.to_str().ok()?;
    if member.json {
        let text = BASE64.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return Some(Value::String(text.unwrap_or_else(|| value.to_owned())));
    }
    match service.shape(member.shape) {
        Shape::List { item, .. } => {
            value.split(',').map(|part| text::read(part.trim(), service.shape(*item))).collect()
        }
        shape => text::read(value, shape),
    }
}

fn found_headers(member: &Member, reply: &Reply) -> Option<Value> {
    let prefix = member.name.as_deref().unwrap_or_default().to_ascii_lowercase();
    let entry = |name: &hyper::header::HeaderName| {
        let key = name.as_str().strip_prefix(&prefix)?.to_owned();
        Some((key, Value::String(reply.headers.get(name)?.to_str().ok()?.to_owned())))
    };
    let found: Map<String, Value> = reply.headers.keys().filter_map(entry).collect();
    Some(Value::Object(found))
}
