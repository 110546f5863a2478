//! The file as a tree of values that know where they came from.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::{Environment, interpolate};
use super::report::Report;
use super::sensitive::is_sensitive;
use super::syntax;

/// Where a value or a name stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// Bytes of the file.
    File(Range<usize>),
    /// An environment variable that overrides the file.
    Variable(String),
}

#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub origin: Origin,
    /// The text came from the environment, as a whole or in part: it is never shown, and may stand for a number.
    pub from_environment: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text(String),
    Integer(i64),
    Float {
        value: f64,
        text: String,
    },
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// Already reported: readers say nothing more about it.
    Broken,
}

impl Kind {
    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::Text(_) => "a string",
            Kind::Integer(_) => "an integer",
            Kind::Float { .. } => "a number with a fraction",
            Kind::Bool(_) => "true or false",
            Kind::List(_) => "an array",
            Kind::Table(_) => "a table",
            Kind::Broken => "not readable",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub name_origin: Origin,
    pub node: Node,
}

impl Table {
    pub(super) fn find(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node)
    }

    /// The table `name`, made where there is none; `None` where something else stands in its place.
    pub(super) fn child(&mut self, name: &str, origin: &Origin) -> Option<&mut Table> {
        if self.find(name).is_none() {
            let node = Node { kind: Kind::Table(Table::default()), origin: origin.clone(), from_environment: false };
            self.entries.push(Entry { name: name.to_owned(), name_origin: origin.clone(), node });
        }
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        match &mut entry.node.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Puts the text of an environment variable in place of an option.
    pub(super) fn override_with(&mut self, name: &str, variable: &str, value: &str) {
        let origin = Origin::Variable(variable.to_owned());
        let node = Node { kind: Kind::Text(value.to_owned()), origin: origin.clone(), from_environment: true };
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Entry { name: name.to_owned(), name_origin: origin, node });
    }
}

/// Reads TOML; mistakes of syntax go to the report, and what could be read is returned.
pub(super) fn read(text: &str, environment: &Environment, report: &mut Report) -> Table {
    let text = text.strip_prefix('\u{feff}').map_or(Cow::Borrowed(text), |rest| Cow::Owned(format!("   {rest}")));
    let (table, errors) = DeTable::parse_recoverable(&text);
    if errors.is_empty() {
        return Reader { environment, report, broken: &[] }.table(table.get_ref(), "", false);
    }
    let repaired = syntax::repair(&text, report);
    let (table, errors) = DeTable::parse_recoverable(&repaired.text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = format!("not valid TOML: {}", error.message().trim());
        report.mistake(&Origin::File(span), message, syntax::hint(error.message()));
    }
    Reader { environment, report, broken: &repaired.broken }.table(table.get_ref(), "", false)
}

/// What a tree is made with.
struct Reader<'a> {
    environment: &'a Environment,
    report: &'a mut Report,
    /// Values that stand for what could not be read.
    broken: &'a [Range<usize>],
}

impl Reader<'_> {
    /// `path` is the table's dotted name, `secret` whether nothing in it may be shown.
    fn table(&mut self, table: &DeTable<'_>, path: &str, secret: bool) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(name, value)| {
                let path = format!("{path}.{}", name.get_ref());
                let secret = secret || name.get_ref() == "headers" || is_sensitive(&path);
                Entry {
                    name: name.get_ref().to_string(),
                    name_origin: Origin::File(name.span()),
                    node: self.node(value, &path, secret),
                }
            })
            .collect();
        // The parser sorts by name; mistakes and first-match rules follow the file.
        entries.sort_by_key(|entry| match &entry.name_origin {
            Origin::File(span) => span.start,
            Origin::Variable(_) => usize::MAX,
        });
        Table { entries }
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, path: &str, secret: bool) -> Node {
        let origin = Origin::File(value.span());
        let mut from_environment = false;
        if self.broken.iter().any(|part| part.contains(&value.span().start)) {
            return Node { kind: Kind::Broken, origin, from_environment };
        }
        let is_leaf = !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_));
        if is_leaf && (secret || value.get_ref().as_str().is_some_and(holds_credentials)) {
            self.hide(value);
        }
        let kind = match value.get_ref() {
            DeValue::String(text) => match interpolate(text, self.environment) {
                Ok(interpolated) => {
                    from_environment = interpolated.used_environment;
                    Kind::Text(interpolated.text)
                }
                Err(fault) => {
                    self.report.mistake(&origin, fault.to_string(), Some(fault.hint()));
                    Kind::Broken
                }
            },
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Kind::Integer(value),
                Err(_) => {
                    self.report.mistake(&origin, "this integer does not fit 64 bits", None);
                    Kind::Broken
                }
            },
            DeValue::Float(float) => {
                Kind::Float { value: float.as_str().parse().unwrap_or(f64::NAN), text: float.as_str().to_owned() }
            }
            DeValue::Boolean(value) => Kind::Bool(*value),
            DeValue::Datetime(_) => {
                let hint = "put it in double quotes if it is text";
                self.report.mistake(&origin, "no option takes a date", Some(hint.to_owned()));
                Kind::Broken
            }
            DeValue::Array(items) => Kind::List(items.iter().map(|item| self.node(item, path, secret)).collect()),
            DeValue::Table(table) => match variable_reference(table) {
                Some(name) => {
                    from_environment = true;
                    self.variable(&name)
                }
                None => Kind::Table(self.table(table, path, secret)),
            },
        };
        Node { kind, origin, from_environment }
    }

    /// The value that `{ env = "NAME" }` stands for.
    fn variable(&mut self, name: &Spanned<&str>) -> Kind {
        match self.environment.value(name.get_ref()) {
            Some(value) => Kind::Text(value.to_owned()),
            None => {
                let message = format!("environment variable {} is not set", name.get_ref());
                self.report.mistake(&Origin::File(name.span()), message, Some("set it for this process".to_owned()));
                Kind::Broken
            }
        }
    }

    /// Keeps a value from every output, but for the name of a variable alone: that is what people have to see.
    fn hide(&mut self, value: &Spanned<DeValue<'_>>) {
        let text = value.get_ref().as_str().unwrap_or_default();
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let is_variable = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !name.is_some_and(is_variable) {
            self.report.hide(value.span());
        }
    }
}

/// Whether a text is a URL with a user in it, or a query that may hold a key.
pub(super) fn holds_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains(['@', '?']))
}

/// The name in `{ env = "NAME" }`, which stands for the variable's value wherever a string may stand.
fn variable_reference<'a>(table: &'a DeTable<'_>) -> Option<Spanned<&'a str>> {
    let value = table.get("env").filter(|_| table.len() == 1)?;
    let name = value.get_ref().as_str()?;
    Some(Spanned::new(value.span(), name))
}
