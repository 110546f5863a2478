use std::collections::BTreeMap;
use std::fmt;

use super::model::Place;
use super::redactor::Redactor;
use super::sensitive::is_sensitive;

/// Properties whose values a client's messages are about, and which are no secrets even if the environment gave them.
const NAMED_IN_MESSAGES: [&str; 7] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "client.id",
    "client.rack",
    "group.id",
    "security.protocol",
    "sasl.mechanism",
];

/// librdkafka properties by dotted name, as they are handed to a client.
///
/// `Debug` shows the names, and `***` for values that are secret by their name or came from the environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Property>);

#[derive(Clone, PartialEq, Eq)]
struct Property {
    value: String,
    secret: bool,
    /// None: a default, or Stepstream's own.
    place: Option<Place>,
    /// A mistake was reported already: the value is none.
    broken: bool,
}

/// What the configuration gives for a property.
pub(super) struct Given {
    pub value: String,
    pub from_environment: bool,
    pub place: Place,
    pub broken: bool,
}

impl Properties {
    /// Sets a property that may be shown, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.insert(name.into(), Property { value: value.into(), secret: false, place: None, broken: false });
    }

    /// Sets a property as the configuration gives it.
    pub(super) fn give(&mut self, name: String, given: Given) {
        let Given { value, from_environment, place, broken } = given;
        self.insert(name, Property { value, secret: from_environment, place: Some(place), broken });
    }

    /// The value of a property.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|property| property.value.as_str())
    }

    /// The value of a property for people: what it is that may not be shown, if it may not.
    pub fn shown(&self, name: &str) -> Option<&str> {
        let property = self.0.get(name)?;
        Some(if property.secret { "(from the environment)" } else { &property.value })
    }

    /// Where the configuration gives the property; none: it does not, the value is a default or Stepstream's own.
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.0.get(name)?.place.as_ref()
    }

    /// Where the first of those that the configuration gives stands.
    pub(super) fn first_place(&self) -> Option<&Place> {
        self.0.values().find_map(|property| property.place.as_ref())
    }

    /// Whether the value must not be shown: by its name, or because it came from the environment.
    pub fn is_secret(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|property| property.secret)
    }

    /// All names and values in the order of names. Values may be secret: for a Kafka client only.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, property)| (name.as_str(), property.value.as_str()))
    }

    /// Names whose mistake was reported while the configuration was read: nothing more can be said about their values.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, property)| property.broken).map(|(name, _)| name.as_str())
    }

    /// What takes these properties' secrets out of texts: values that are secret by their name, and those from the
    /// environment, but for names and addresses that a client's messages are about.
    pub fn redactor(&self) -> Redactor {
        let is_named = |name: &str| NAMED_IN_MESSAGES.contains(&name);
        Redactor::new(
            self.0
                .iter()
                .filter(|(name, property)| property.secret && !is_named(name))
                .map(|(_, property)| property.value.as_str()),
        )
    }

    /// Puts every property of `other` over those already here.
    pub fn overlay(&mut self, other: &Properties) {
        self.0.extend(other.0.iter().map(|(name, property)| (name.clone(), property.clone())));
    }

    /// Takes a property out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether there is no property.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert(&mut self, name: String, property: Property) {
        let secret = property.secret || is_sensitive(&name);
        self.0.insert(name, Property { secret, ..property });
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, property)| {
                let shown = if property.secret { "***" } else { property.value.as_str() };
                (name, shown)
            }))
            .finish()
    }
}
