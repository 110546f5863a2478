//! XML as AWS uses it: elements, texts and, seldom, attributes.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::text;
use crate::task::aws::model::{Member, Service, Shape, Structure, TimestampFormat};

/// Levels of elements that are read: no answer of a service is near it.
const MAX_DEPTH: usize = 64;

/// An element, its name and those of its attributes without the prefixes of namespaces.
#[derive(Debug, Default)]
pub(in crate::task::aws) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    /// The outermost element of a document.
    ///
    /// # Errors
    /// Why it is none.
    pub(in crate::task::aws) fn parse(document: &[u8]) -> Result<Element, String> {
        let document = std::str::from_utf8(document).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let mut reader = Reader::from_str(document);
        let mut open = vec![Element::default()];
        loop {
            let event = reader.read_event().map_err(|error| format!("it is not XML: {error}"))?;
            match event {
                Event::Start(start) if open.len() > MAX_DEPTH => {
                    return Err(format!("{} is nested too deeply", local(start.name().0)));
                }
                Event::Start(start) => open.push(Element::begin(&start)),
                Event::Empty(start) => close(&mut open, Element::begin(&start)),
                Event::End(_) => {
                    if let (true, Some(element)) = (open.len() > 1, open.pop()) {
                        close(&mut open, element);
                    }
                }
                Event::Text(text) => add(&mut open, &text),
                Event::CData(text) => add(&mut open, &text),
                Event::GeneralRef(entity) => match entity.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => add(&mut open, resolve_predefined_entity(&entity).unwrap_or_default()),
                },
                Event::Eof => break,
                _ => {}
            }
        }
        let mut document = open.swap_remove(0);
        match document.children.len() {
            0 => Err("it holds no XML element".to_owned()),
            _ => Ok(document.children.swap_remove(0)),
        }
    }

    fn begin(start: &BytesStart<'_>) -> Element {
        let attribute = |attribute: quick_xml::events::attributes::Attribute<'_>| {
            (local(attribute.key.0), attribute.value.into_owned())
        };
        Element {
            name: local(start.name().0),
            attributes: start.attributes().flatten().map(attribute).collect(),
            ..Element::default()
        }
    }

    /// Its first child of this name.
    pub(in crate::task::aws) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of its first child of this name.
    pub(in crate::task::aws) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// Its name.
    pub(in crate::task::aws) fn name(&self) -> &str {
        &self.name
    }

    /// The members of a structure that it holds.
    pub(super) fn structure(&self, structure: &Structure, service: &Service) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, member) in structure.members.iter().filter(|(_, member)| member.location.is_none()) {
            if let Some(value) = self.member(name, member, service) {
                members.insert(name.clone(), value);
            }
        }
        members
    }

    fn member(&self, name: &str, member: &Member, service: &Service) -> Option<Value> {
        let shape = service.shape(member.shape);
        let name = member.name.as_deref().unwrap_or(name);
        if member.attribute {
            let local = name.rsplit(':').next().unwrap_or_default();
            let value = self.attributes.iter().find(|(name, _)| name == local);
            return value.map(|(_, value)| Value::String(value.clone()));
        }
        match shape {
            Shape::List { item, name: item_name, flat } if *flat || member.flat => {
                let name = item_name.as_deref().unwrap_or(name);
                let items: Vec<Value> = self.named(name).map(|node| node.value(*item, service)).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            Shape::Map { flat, .. } if *flat || member.flat => {
                let entries = Element::entries(self.named(name), shape, service);
                (!entries.is_empty()).then_some(Value::Object(entries))
            }
            _ => self.child(name).map(|node| node.value(member.shape, service)),
        }
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn value(&self, shape: usize, service: &Service) -> Value {
        let shape = service.shape(shape);
        match shape {
            Shape::Structure(structure) => Value::Object(self.structure(structure, service)),
            Shape::List { item, .. } => self.children.iter().map(|node| node.value(*item, service)).collect(),
            Shape::Map { .. } => Value::Object(Element::entries(self.children.iter(), shape, service)),
            scalar => text::read(&self.text, scalar).unwrap_or_default(),
        }
    }

    fn entries<'a>(nodes: impl Iterator<Item = &'a Element>, shape: &Shape, service: &Service) -> Map<String, Value> {
        let Shape::Map { value, key, value_name, .. } = shape else { return Map::new() };
        let entry = |node: &Element| {
            let key = node.text_of(key)?.to_owned();
            Some((key, node.child(value_name)?.value(*value, service)))
        };
        nodes.filter_map(entry).collect()
    }
}

/// A name without the prefix of its namespace.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

/// Writes a value as an element of this name.
pub(super) fn write(out: &mut String, name: &str, value: &Value, shape: usize, service: &Service) {
    write_in(out, name, value, shape, (service, None, false));
}

/// `namespace`: that of the element. `flat`: its member says that items stand where the list would.
fn write_in(
    out: &mut String,
    name: &str,
    value: &Value,
    shape: usize,
    (service, namespace, flat): (&Service, Option<&str>, bool),
) {
    match (service.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(members)) => {
            let head = head(name, members, structure, namespace);
            out.push_str(&format!("<{head}>"));
            self::members(out, members, structure, service);
            out.push_str(&format!("</{name}>"));
        }
        (Shape::List { item, name: item_name, flat: own }, Value::Array(items)) => {
            let flat = flat || *own;
            let item_name = item_name.as_deref().unwrap_or(if flat { name } else { "member" });
            if !flat {
                out.push_str(&format!("<{name}>"));
            }
            for value in items {
                write_in(out, item_name, value, *item, (service, None, false));
            }
            if !flat {
                out.push_str(&format!("</{name}>"));
            }
        }
        (Shape::Map { value: shape, key: key_name, value_name, flat: own }, Value::Object(entries)) => {
            let flat = flat || *own;
            let entry = if flat { name } else { "entry" };
            if !flat {
                out.push_str(&format!("<{name}>"));
            }
            for (key, value) in entries {
                out.push_str(&format!("<{entry}><{key_name}>{}</{key_name}>", escape(key.as_str())));
                write_in(out, value_name, value, *shape, (service, None, false));
                out.push_str(&format!("</{entry}>"));
            }
            if !flat {
                out.push_str(&format!("</{name}>"));
            }
        }
        (shape, value) => {
            let text = text::write(value, shape, TimestampFormat::Iso8601);
            out.push_str(&format!("<{name}>{}</{name}>", escape(text.as_str())));
        }
    }
}

/// What stands in the tag that opens a structure: the name, the namespace and what are attributes.
fn head(name: &str, members: &Map<String, Value>, structure: &Structure, namespace: Option<&str>) -> String {
    let mut head = name.to_owned();
    let attributes = || structure.members.iter().filter(|(_, member)| member.attribute);
    if let Some(namespace) = namespace {
        // An attribute such as `xsi:type` says which prefix the namespace has.
        let prefix = attributes().find_map(|(_, member)| member.name.as_deref()?.split_once(':'));
        let prefix = prefix.map_or(String::new(), |(prefix, _)| format!(":{prefix}"));
        head.push_str(&format!(" xmlns{prefix}=\"{}\"", escape(namespace)));
    }
    for (member, of) in attributes() {
        if let Some(value) = members.get(member).and_then(Value::as_str) {
            head.push_str(&format!(" {}=\"{}\"", of.name.as_deref().unwrap_or(member), escape(value)));
        }
    }
    head
}

/// The members that stand in the body.
pub(super) fn members(out: &mut String, members: &Map<String, Value>, structure: &Structure, service: &Service) {
    for (name, value) in members {
        let Some(member) = structure.members.get(name).filter(|of| of.location.is_none() && !of.attribute) else {
            continue;
        };
        let name = member.name.as_deref().unwrap_or(name);
        write_in(out, name, value, member.shape, (service, member.namespace.as_deref(), member.flat));
    }
}
