//! Requests, answers and errors on the wire: JSON 1.0.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::engine::Timestamp;
use crate::test_state::Exception;

/// What the names of actions begin with.
const TARGET: &str = "AWSStepFunctions.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// An action and its parameters.
pub(super) struct Call {
    pub(super) action: String,
    pub(super) parameters: Parameters,
}

/// The parameters of an action.
pub(super) struct Parameters(Map<String, Value>);

/// A refusal, in the service's words where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) name: &'static str,
    pub(super) message: String,
    pub(super) status: StatusCode,
}

impl ApiError {
    pub(super) fn new(name: &'static str, message: impl Into<String>) -> Self {
        ApiError { name, message: message.into(), status: StatusCode::BAD_REQUEST }
    }

    pub(super) fn forbidden(name: &'static str, message: impl Into<String>) -> Self {
        ApiError { status: StatusCode::FORBIDDEN, ..Self::new(name, message) }
    }

    pub(super) fn unknown_action(action: &str) -> Self {
        Self::new("UnknownOperationException", format!("{action} is no action that can be called here"))
    }

    /// A value that breaks a constraint of the API's model.
    pub(super) fn constraint(value: &str, field: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value {value} at '{field}' failed to satisfy constraint: Member must {constraint}"
        );
        Self::new("ValidationException", message)
    }

    /// The part of the process that would have to answer has gone.
    pub(super) fn gone() -> Self {
        let message = "the process is stopping".to_owned();
        ApiError { name: "ServiceUnavailable", message, status: StatusCode::SERVICE_UNAVAILABLE }
    }
}

impl From<Exception> for ApiError {
    fn from(exception: Exception) -> Self {
        ApiError::new(exception.code.as_str(), exception.message)
    }
}

/// Reads a request.
pub(super) fn call(headers: &HeaderMap, body: &[u8]) -> Result<Call, ApiError> {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(action) = target.strip_prefix(TARGET) else {
        let message = format!("the header X-Amz-Target names no action of Step Functions: '{target}'");
        return Err(ApiError::new("UnknownOperationException", message));
    };
    let parameters = match serde_json::from_slice(body) {
        Ok(Value::Object(parameters)) => Parameters(parameters),
        Ok(_) => return Err(ApiError::new("SerializationException", "the body is no JSON object")),
        Err(error) => return Err(ApiError::new("SerializationException", error.to_string())),
    };
    Ok(Call { action: action.to_owned(), parameters })
}

impl Parameters {
    /// A text that may be left out.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::new("SerializationException", format!("{name} is no string"))),
        }
    }

    /// A text that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| ApiError::constraint("null", name, "not be null"))
    }

    /// A whole number within bounds; the upper one, if it is left out or 0.
    pub(super) fn count(&self, name: &str, most: usize) -> Result<usize, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(most),
            Some(value) => match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
                Some(0) => Ok(most),
                Some(count) if count <= most => Ok(count),
                _ => {
                    let constraint = format!("have value less than or equal to {most}");
                    Err(ApiError::constraint(&format!("'{value}'"), name, &constraint))
                }
            },
        }
    }

    /// Where an answer goes on that was cut: what the one before gave as `nextToken`.
    pub(super) fn next(&self) -> Result<usize, ApiError> {
        let invalid = |_| ApiError::new("InvalidToken", "Invalid Token: 'Invalid token'");
        self.text("nextToken")?.map_or(Ok(0), |token| token.parse().map_err(invalid))
    }

    /// A flag.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(default)
    }
}

/// An answer.
pub(super) fn response(answered: Result<Value, ApiError>) -> Response {
    let (status, body) = match answered {
        Ok(answer) => (StatusCode::OK, answer),
        Err(ApiError { name, message, status }) => (status, json!({"__type": name, "message": message})),
    };
    let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid().to_string();
    (status, [(header::CONTENT_TYPE.as_str(), CONTENT_TYPE), ("x-amzn-requestid", id.as_str())], body.to_string())
        .into_response()
}

/// A time as JSON 1.0 has it: seconds since the Unix epoch.
pub(super) fn seconds(time: Timestamp) -> Value {
    json!(time.0 as f64 / 1000.0)
}
