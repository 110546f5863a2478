//! The request, as the API has it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::exception::Exception;

/// A TestState request. Payloads, which the API has as JSON text, may also be given as JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Request {
    /// A state, or with `state_name` a machine.
    pub definition: Option<Payload>,
    /// The role that the state would run with. Tasks without a mock need one.
    pub role_arn: Option<String>,
    /// The state's input; default: `{}`.
    pub input: Option<Payload>,
    /// `INFO` (default), `DEBUG` or `TRACE`.
    pub inspection_level: Option<String>,
    /// Whether `TRACE` shows authorisation data.
    pub reveal_secrets: Option<bool>,
    /// Variables that the state finds: an object.
    pub variables: Option<Payload>,
    /// The state of the machine to test; it may be nested.
    pub state_name: Option<String>,
    /// What the state's work comes to.
    pub mock: Option<Mock>,
    /// The context object that the state finds.
    pub context: Option<Payload>,
    /// What happened before.
    pub state_configuration: Configuration,
}

/// What the work of a Task, Map or Parallel comes to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Mock {
    /// The result.
    pub result: Option<Payload>,
    /// The failure.
    pub error_output: Option<ErrorOutput>,
    /// How the result is checked against the API that the task calls: `STRICT` (default), `PRESENT` or `NONE`.
    pub field_validation_mode: Option<String>,
}

/// A mocked failure.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorOutput {
    /// The error name.
    pub error: Option<String>,
    /// The explanation.
    pub cause: Option<String>,
}

/// What happened before the state's work came to what the mock says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Configuration {
    /// Retries of the retrier that the error matches.
    pub retrier_retry_count: Option<i64>,
    /// The state inside a Map or Parallel that the mocked error comes from.
    pub error_caused_by_state: Option<String>,
    /// Iterations of a Map that failed.
    pub map_iteration_failure_count: Option<i64>,
    /// What the `ItemReader` of a Map reads.
    pub map_item_reader_data: Option<Payload>,
}

/// A JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload(pub String);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Payload(match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            value => value.to_string(),
        }))
    }
}

/// How much the answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Debug,
    Trace,
}

/// How a mocked result is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Strict,
    Present,
    None,
}

impl Request {
    pub(super) fn level(&self) -> Result<Level, Exception> {
        let levels = [("INFO", Level::Info), ("DEBUG", Level::Debug), ("TRACE", Level::Trace)];
        one_of(self.inspection_level.as_deref(), "inspectionLevel", &levels)
    }

    /// The constraints of the API's model that concern a single value.
    pub(super) fn check(&self) -> Result<(), Exception> {
        if let Some(name) = &self.state_name
            && !(1..=80).contains(&name.chars().count())
        {
            let bound = if name.is_empty() { "greater than or equal to 1" } else { "less than or equal to 80" };
            return Err(Exception::constraint(&format!("'{name}'"), "stateName", &format!("have length {bound}")));
        }
        if let Some(mock) = &self.mock {
            mock.field_validation()?;
        }
        let counts = [
            ("retrierRetryCount", self.state_configuration.retrier_retry_count),
            ("mapIterationFailureCount", self.state_configuration.map_iteration_failure_count),
        ];
        for (field, count) in counts {
            if let Some(count) = count.filter(|count| *count < 0) {
                let field = format!("stateConfiguration.{field}");
                return Err(Exception::constraint(
                    &format!("'{count}'"),
                    &field,
                    "have value greater than or equal to 0",
                ));
            }
        }
        Ok(())
    }
}

impl Mock {
    pub(super) fn field_validation(&self) -> Result<FieldValidation, Exception> {
        let modes = [
            ("STRICT", FieldValidation::Strict),
            ("PRESENT", FieldValidation::Present),
            ("NONE", FieldValidation::None),
        ];
        one_of(self.field_validation_mode.as_deref(), "mock.fieldValidationMode", &modes)
    }
}

/// The first of `values` is the default.
fn one_of<T: Copy>(given: Option<&str>, field: &str, values: &[(&str, T)]) -> Result<T, Exception> {
    let given = given.unwrap_or(values[0].0);
    values.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let constraint = format!("satisfy enum value set: [{}]", names.join(", "));
        Exception::constraint(&format!("'{given}'"), field, &constraint)
    })
}
