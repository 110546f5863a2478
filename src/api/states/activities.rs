//! Actions on activities.

use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::executions::checked;
use super::protocol::{ApiError, Parameters, seconds};
use crate::engine::Timestamp;
use crate::host::Callback;

/// How long a worker is kept waiting for a task: as the service.
const POLL: Duration = Duration::from_secs(60);
/// Most activities of one answer.
const MAX_RESULTS: usize = 1_000;

fn time(made: jiff::Timestamp) -> Value {
    seconds(Timestamp(made.as_millisecond()))
}

/// CreateActivity.
pub(super) fn create(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let arn = shared.realm.activity_arn(&checked(parameters.required("name")?)?);
    Ok(json!({"creationDate": time(shared.activities.create(&arn)), "activityArn": arn}))
}

/// DeleteActivity. One that there is not is no error.
pub(super) fn delete(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    shared.activities.delete(parameters.required("activityArn")?);
    Ok(json!({}))
}

/// DescribeActivity.
pub(super) fn describe(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let (arn, made) = find(shared, parameters)?;
    Ok(description(arn, made))
}

/// ListActivities.
pub(super) fn list(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let (most, from) = (parameters.count("maxResults", MAX_RESULTS)?, parameters.next()?);
    let all = shared.activities.list();
    let shown: Vec<Value> = all.iter().skip(from).take(most).map(|(arn, made)| description(arn, *made)).collect();
    let next = from.saturating_add(shown.len());
    let mut answer = json!({"activities": shown});
    if next < all.len() {
        answer["nextToken"] = next.to_string().into();
    }
    Ok(answer)
}

/// GetActivityTask: waits for a task, and gives none if none comes in time.
pub(super) async fn fetch(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let (arn, _) = find(shared, parameters)?;
    let fetch = async {
        loop {
            let task = shared.activities.fetch(arn).await;
            // From here on it may not be silent. One whose time is over, or whose execution is, is nobody's work.
            if shared.callbacks.deliver(&task.token, Callback::Heartbeat).await.is_ok() {
                return task;
            }
        }
    };
    match tokio::time::timeout(POLL, fetch).await {
        Ok(task) => Ok(json!({"taskToken": task.token, "input": task.input})),
        Err(_) => Ok(json!({})),
    }
}

fn find<'a>(shared: &Shared, parameters: &'a Parameters) -> Result<(&'a str, jiff::Timestamp), ApiError> {
    let arn = parameters.required("activityArn")?;
    if !arn.starts_with("arn:") {
        return Err(ApiError::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'")));
    }
    let missing = || ApiError::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"));
    Ok((arn, shared.activities.created_at(arn).ok_or_else(missing)?))
}

fn description(arn: &str, made: jiff::Timestamp) -> Value {
    let name = arn.rsplit(':').next().unwrap_or_default();
    json!({"activityArn": arn, "name": name, "creationDate": time(made)})
}
