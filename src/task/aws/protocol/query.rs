//! Query and EC2: a form goes out, XML comes back.

use serde_json::{Map, Value};

use super::{Element, Message, text};
use crate::resource::capitalised;
use crate::task::aws::model::{Member, Operation, Service, Shape, TimestampFormat};
use crate::task::client::percent_encoded;

/// Whose form it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Query,
    Ec2,
}

pub(super) fn write(service: &Service, operation: &Operation, input: &Map<String, Value>, dialect: Dialect) -> Message {
    let mut form = Form { service, dialect, fields: Vec::new() };
    form.push("Action", operation.name.clone());
    form.push("Version", service.version.clone());
    if let Some(shape) = operation.input {
        form.structure("", input, shape);
    }
    let fields: Vec<String> = form
        .fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect();
    Message {
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: fields.join("&").into_bytes(),
        ..Message::default()
    }
}

struct Form<'a> {
    service: &'a Service,
    dialect: Dialect,
    fields: Vec<(String, String)>,
}

impl Form<'_> {
    fn push(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    fn structure(&mut self, prefix: &str, value: &Map<String, Value>, shape: usize) {
        let structure = self.service.structure(Some(shape));
        for (name, value) in value {
            let Some(member) = structure.members.get(name) else { continue };
            let name = self.name_of(name, member);
            let prefix = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            self.value(&prefix, value, member.shape, member.flat);
        }
    }

    fn name_of(&self, name: &str, member: &Member) -> String {
        match self.dialect {
            Dialect::Query => member.name.as_deref().unwrap_or(name).to_owned(),
            Dialect::Ec2 => {
                let given = member.name.as_deref().map(capitalised);
                member.query.clone().or(given).unwrap_or_else(|| name.to_owned())
            }
        }
    }

    /// `flat`: the member says that its items stand where the list would.
    fn value(&mut self, prefix: &str, value: &Value, shape: usize, flat: bool) {
        let service = self.service;
        match (service.shape(shape), value) {
            (Shape::Structure(_), Value::Object(value)) => self.structure(prefix, value, shape),
            (Shape::List { item, name, flat: own }, Value::Array(items)) => {
                let flat = flat || *own;
                if items.is_empty() && self.dialect == Dialect::Query {
                    self.push(prefix, "");
                }
                let prefix = match (self.dialect, flat, name) {
                    (Dialect::Ec2, ..) | (_, true, None) => prefix.to_owned(),
                    (_, true, Some(name)) => match prefix.rsplit_once('.') {
                        Some((before, _)) => format!("{before}.{name}"),
                        None => name.clone(),
                    },
                    (_, false, name) => format!("{prefix}.{}", name.as_deref().unwrap_or("member")),
                };
                for (index, value) in items.iter().enumerate() {
                    self.value(&format!("{prefix}.{}", index + 1), value, *item, false);
                }
            }
            (Shape::Map { value: shape, key: key_name, value_name, flat: own }, Value::Object(entries)) => {
                let prefix = if flat || *own { prefix.to_owned() } else { format!("{prefix}.entry") };
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.push(&format!("{prefix}.{}.{key_name}", index + 1), key.as_str());
                    self.value(&format!("{prefix}.{}.{value_name}", index + 1), value, *shape, false);
                }
            }
            (shape, value) => self.push(prefix, text::write(value, shape, TimestampFormat::Iso8601)),
        }
    }
}

pub(super) fn read(service: &Service, operation: &Operation, body: &[u8]) -> Result<Map<String, Value>, String> {
    let Some(shape) = operation.output else { return Ok(Map::new()) };
    let root = Element::parse(body)?;
    let wrapper = format!("{}Result", operation.name);
    let node = root.child(&wrapper).unwrap_or(&root);
    Ok(node.structure(service.structure(Some(shape)), service))
}
