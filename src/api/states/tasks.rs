//! Callbacks: SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat.

use serde_json::{Value, json};

use super::protocol::{ApiError, Parameters};
use crate::engine::TaskFailure;
use crate::host::{Callback, Callbacks};

pub(super) async fn send(callbacks: &Callbacks, action: &str, parameters: &Parameters) -> Result<Value, ApiError> {
    let token = parameters.required("taskToken")?;
    let callback = match action {
        "SendTaskSuccess" => Callback::Success(parameters.required("output")?.as_bytes().to_vec()),
        "SendTaskFailure" => {
            Callback::Failure(TaskFailure::given(parameters.text("error")?, parameters.text("cause")?))
        }
        _ => Callback::Heartbeat,
    };
    match callbacks.deliver(token, callback).await {
        Ok(()) => Ok(json!({})),
        Err(error) => Err(ApiError::new(error.name(), error.to_string())),
    }
}
