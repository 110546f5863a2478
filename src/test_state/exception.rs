//! Why a request is refused.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::asl::Diagnostic;

/// A refusal of the request itself, as the API has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Exception {
    /// What kind of refusal.
    pub code: Code,
    /// What is wrong; the service's words where they are known.
    pub message: String,
}

/// The kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// `roleArn` is not an ARN.
    InvalidArn,
    /// The definition is invalid, or its kind of state can't be tested so.
    InvalidDefinition,
    /// `input` is not JSON.
    InvalidExecutionInput,
    /// Another part of the request breaks a rule.
    ValidationException,
}

impl Code {
    /// As the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArn => "InvalidArn",
            Code::InvalidDefinition => "InvalidDefinition",
            Code::InvalidExecutionInput => "InvalidExecutionInput",
            Code::ValidationException => "ValidationException",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Exception {
    pub(super) fn validation(message: impl Into<String>) -> Exception {
        Exception { code: Code::ValidationException, message: message.into() }
    }

    pub(super) fn definition(message: impl Into<String>) -> Exception {
        Exception { code: Code::InvalidDefinition, message: message.into() }
    }

    /// A value that breaks a constraint of the API's model. `value` is shown as it is.
    pub(super) fn constraint(value: &str, field: &str, constraint: &str) -> Exception {
        Exception::validation(format!(
            "1 validation error detected: Value {value} at '{field}' failed to satisfy constraint: Member must {constraint}"
        ))
    }

    /// All errors among the diagnostics of a definition.
    pub(super) fn of_diagnostics(diagnostics: &[Diagnostic]) -> Exception {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        let errors = errors.map(Diagnostic::to_string).collect::<Vec<_>>().join(", ");
        Exception::definition(format!("Invalid State Machine Definition: '{errors}'"))
    }
}
