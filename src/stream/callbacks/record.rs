//! The records of the topic of callbacks.
//!
//! A record's value is the request that the service's API takes, with the action that it is for:
//!
//! ```json
//! {"action": "SendTaskSuccess", "taskToken": "…", "output": {"approved": true}}
//! {"action": "SendTaskFailure", "taskToken": "…", "error": "Rejected", "cause": "by Ada"}
//! {"action": "SendTaskHeartbeat", "taskToken": "…"}
//! ```

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::engine::TaskFailure;
use crate::host::Callback;

/// The actions of the service's API that callbacks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Action {
    #[serde(rename = "SendTaskSuccess")]
    Success,
    #[serde(rename = "SendTaskFailure")]
    Failure,
    #[serde(rename = "SendTaskHeartbeat")]
    Heartbeat,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::Success => "SendTaskSuccess",
            Action::Failure => "SendTaskFailure",
            Action::Heartbeat => "SendTaskHeartbeat",
        }
    }
}

/// A callback, and the token of the task that it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) action: Action,
    pub(super) token: String,
    pub(super) callback: Callback,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    action: Action,
    task_token: String,
    /// `null` is an output too.
    #[serde(default, deserialize_with = "given")]
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads a record's value.
pub(super) fn read(value: &[u8]) -> Result<Named, String> {
    let text = std::str::from_utf8(value).map_err(|error| error.to_string())?;
    let Request { action, task_token: token, output, error, cause } =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (has_output, has_reason) = (output.is_some(), error.is_some() || cause.is_some());
    let callback = match action {
        Action::Success if !has_reason => {
            // A text is what the API takes, JSON in a string; anything else is the output itself.
            Callback::Success(match output.ok_or("SendTaskSuccess needs an `output`")? {
                Value::String(text) => text.into_bytes(),
                output => output.to_string().into_bytes(),
            })
        }
        Action::Failure if !has_output => Callback::Failure(TaskFailure::given(error.as_deref(), cause.as_deref())),
        Action::Heartbeat if !has_output && !has_reason => Callback::Heartbeat,
        other => return Err(format!("{} takes no such field", other.name())),
    };
    Ok(Named { action, token, callback })
}
