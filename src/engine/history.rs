//! The events of an execution, as they are recorded.

use serde_json::json;

use super::time::Timestamp;

/// A recorded event, as the service's execution history and logs have it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Number within the execution, from 1.
    pub id: u64,
    /// Number of the event before it on the same way; 0 if there is none.
    pub previous_id: u64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The type: `PassStateEntered`, `TaskSucceeded` …
    pub kind: &'static str,
    /// Members of the details object, in order.
    pub details: Vec<(&'static str, Detail)>,
}

/// A member of an event's details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A text.
    Text(String),
    /// A JSON text that the service accompanies by a member `…Details`.
    Data(String),
    /// A number.
    Number(u64),
    /// Variable names with JSON texts.
    Variables(Vec<(String, String)>),
    /// The ARN of the role that a task's credentials name.
    Role(String),
}

impl Event {
    /// The details as the service shows them. Without data: no inputs, outputs, parameters and variables; errors and causes stay.
    pub fn details_object(&self, include_data: bool) -> serde_json::Map<String, serde_json::Value> {
        let mut details = serde_json::Map::new();
        for (key, detail) in &self.details {
            let is_data = matches!(detail, Detail::Data(_) | Detail::Variables(_));
            if !include_data && (is_data || *key == "parameters") {
                continue;
            }
            let value = match detail {
                Detail::Text(text) | Detail::Data(text) => json!(text),
                Detail::Number(number) => json!(number),
                Detail::Role(role) => json!({"roleArn": role}),
                Detail::Variables(variables) => {
                    variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
                }
            };
            details.insert((*key).to_owned(), value);
            if is_data {
                details.insert(format!("{key}Details"), json!({"truncated": false}));
            }
        }
        details
    }

    /// The key of the details object in the service's history; `None` for types without details.
    pub fn details_key(&self) -> Option<String> {
        let key = match self.kind {
            kind if kind.ends_with("StateEntered") => "stateEntered",
            kind if kind.ends_with("StateExited") => "stateExited",
            "LambdaFunctionStarted" | "MapStateSucceeded" | "MapStateFailed" | "MapRunSucceeded" | "MapRunAborted" => {
                return None;
            }
            kind if kind.starts_with("ParallelState") || kind.ends_with("StateAborted") => return None,
            kind => kind,
        };
        let (first, rest) = key.split_at(1);
        Some(format!("{}{rest}EventDetails", first.to_ascii_lowercase()))
    }
}
