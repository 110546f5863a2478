use std::collections::BTreeMap;
use std::fmt;

/// Names of librdkafka properties whose values are secret wherever they come from.
const SECRET_MARKS: [&str; 5] = ["password", "secret", "key.pem", "jaas", "oauthbearer.config"];

/// librdkafka properties by dotted name, as they are handed to a client.
///
/// `Debug` shows the names, and `***` for values that are secret by their name or came from the environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Property>);

#[derive(Clone, PartialEq, Eq)]
struct Property {
    value: String,
    secret: bool,
}

impl Properties {
    /// Sets a property that may be shown, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.insert(name.into(), value.into(), false);
    }

    /// Sets a property whose value must never be shown.
    pub fn set_secret(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.insert(name.into(), value.into(), true);
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

    /// All names and values in the order of names. Values may be secret: for a Kafka client only.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, property)| (name.as_str(), property.value.as_str()))
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

    fn insert(&mut self, name: String, value: String, secret: bool) {
        let secret = secret || SECRET_MARKS.iter().any(|mark| name.contains(mark));
        self.0.insert(name, Property { value, secret });
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
