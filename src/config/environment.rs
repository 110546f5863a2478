use std::collections::BTreeMap;

use thiserror::Error;

/// The environment variables that a configuration is read with.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. Those that are not UTF-8 are left out.
    pub fn process() -> Self {
        let pairs =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(pairs.collect())
    }

    /// Adds a variable, or replaces its value.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Variables whose name begins with `prefix`: what follows the prefix, the whole name, and the value.
    pub(super) fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, name.as_str(), value.as_str())))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// A text with its variables filled in.
#[derive(Debug, PartialEq)]
pub(super) struct Interpolated {
    pub text: String,
    pub used_environment: bool,
}

/// Why a text can't be filled in.
#[derive(Debug, PartialEq, Error)]
pub(super) enum InterpolationError {
    #[error("environment variable {name} is not set")]
    Unset { name: String },
    #[error("`${{` without a closing `}}`")]
    Unclosed,
    /// What stands there is not shown: it may be a part of a password.
    #[error("what stands between `${{` and `}}` is not the name of an environment variable")]
    BadName,
}

impl InterpolationError {
    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Unset { name } => format!("set {name}, or give a default: ${{{name}:-value}}"),
            Self::Unclosed => "close it, or write `$${` for the characters themselves".to_owned(),
            Self::BadName => "a name is letters, digits and `_`; write `$${` for the characters themselves".to_owned(),
        }
    }
}

/// Fills in `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself. As in a shell, the default also stands in for
/// an empty value.
pub(super) fn interpolate(text: &str, environment: &Environment) -> Result<Interpolated, InterpolationError> {
    let mut out = String::with_capacity(text.len());
    let mut used_environment = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = inner.find('}').ok_or(InterpolationError::Unclosed)?;
        let (name, default) = match inner[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inner[..end], None),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(InterpolationError::BadName);
        }
        used_environment = true;
        match (environment.value(name), default) {
            (Some("") | None, Some(default)) => out.push_str(default),
            (Some(value), _) => out.push_str(value),
            (None, None) => return Err(InterpolationError::Unset { name: name.to_owned() }),
        }
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(Interpolated { text: out, used_environment })
}
