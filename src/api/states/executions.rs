//! Actions on executions.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Shared;
use super::held::{Begun, End, Held, MAX_RUNNING};
use super::machines;
use super::protocol::{ApiError, Parameters, seconds};
use crate::engine::Timestamp;
use crate::identity::MAX_NAME_CHARS;

/// Most events or executions of one answer.
const MAX_RESULTS: usize = 1_000;

/// StartExecution.
pub(super) async fn start(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let held = begin(shared, parameters, Kind::Standard).await?;
    Ok(json!({"executionArn": &*held.arn, "startDate": seconds(held.started_at)}))
}

/// StartSyncExecution.
pub(super) async fn start_and_wait(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let held = begin(shared, parameters, Kind::Express).await?;
    let end = held.wait().await.ok_or_else(ApiError::gone)?;
    let mut answer = description(&held, Some(&end));
    let took = end.at.0.saturating_sub(held.started_at.0).max(0);
    // The service bills by 100 ms and 64 MB.
    let billed = (took / 100 + 1) * 100;
    answer["billingDetails"] = json!({"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": billed});
    Ok(answer)
}

/// The kinds of executions: what their ARNs look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standard,
    Express,
}

async fn begin(shared: &Shared, parameters: &Parameters, kind: Kind) -> Result<Arc<Held>, ApiError> {
    let machine = parameters.required("stateMachineArn")?;
    let workflow = machines::find(shared, machine)?;
    let input = parameters.text("input")?.unwrap_or("{}");
    let name = match parameters.text("name")? {
        Some(name) => checked(name)?,
        None => uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid().to_string(),
    };
    let arn = match kind {
        Kind::Standard => shared.realm.execution_arn(workflow.name(), &name),
        Kind::Express => {
            let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid();
            format!("{}{name}:{id}", shared.realm.express_arn_prefix(workflow.name()))
        }
    };
    let held = Held::new(arn.into(), name, machine.into(), input.to_owned(), now());
    let held = match shared.executions.begin(held) {
        Begun::New(held) => held,
        // As the service: the same again changes nothing.
        Begun::Known(known) if known.input == input && known.end().is_none() => return Ok(known),
        Begun::Known(known) => {
            return Err(ApiError::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{}'", known.arn)));
        }
        Begun::TooMany => {
            let message = format!("{MAX_RUNNING} executions that were started over the API run already");
            return Err(ApiError::new("ExecutionLimitExceeded", message));
        }
    };
    match shared.runner.begin(held.clone(), workflow.current()).await {
        Some(Ok(())) => Ok(held),
        Some(Err(why)) => {
            shared.executions.forget(&held.arn);
            Err(ApiError::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'")))
        }
        None => Err(ApiError::gone()),
    }
}

/// DescribeExecution.
pub(super) fn describe(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let held = find(shared, parameters)?;
    Ok(description(&held, held.end().as_deref()))
}

/// ListExecutions.
pub(super) fn list(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let machine = parameters.required("stateMachineArn")?;
    machines::find(shared, machine)?;
    let (status, most) = (parameters.text("statusFilter")?, parameters.count("maxResults", MAX_RESULTS)?);
    let shown = |held: Arc<Held>| {
        let end = held.end();
        let own = end.as_ref().map_or("RUNNING", |end| end.status);
        if status.is_some_and(|wanted| wanted != own) {
            return None;
        }
        let mut shown = json!({
            "executionArn": &*held.arn,
            "stateMachineArn": &*held.machine,
            "name": held.name,
            "status": own,
            "startDate": seconds(held.started_at),
        });
        if let Some(end) = end {
            shown["stopDate"] = seconds(end.at);
        }
        Some(shown)
    };
    let executions: Vec<Value> = shared.executions.of(machine).into_iter().filter_map(shown).take(most).collect();
    Ok(json!({"executions": executions}))
}

/// StopExecution. One that has ended stays as it ended.
pub(super) async fn stop(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let held = find(shared, parameters)?;
    let text = |name| parameters.text(name).map(|text| text.map(str::to_owned));
    shared.runner.stop(held.arn.clone(), text("error")?, text("cause")?).await.ok_or_else(ApiError::gone)?;
    let at = held.end().map_or_else(now, |end| end.at);
    Ok(json!({"stopDate": seconds(at)}))
}

/// GetExecutionHistory.
pub(super) async fn history(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let held = find(shared, parameters)?;
    let most = parameters.count("maxResults", MAX_RESULTS)?;
    let from = parameters.next()?;
    let mut events = match held.end() {
        Some(end) => end.history.clone(),
        None => {
            let running = shared.runner.history(held.arn.clone()).await.ok_or_else(ApiError::gone)?;
            // It may have ended meanwhile.
            held.end().map_or(running, |end| end.history.clone())
        }
    };
    if parameters.flag("reverseOrder", false) {
        events.reverse();
    }
    if !parameters.flag("includeExecutionData", true) {
        events.iter_mut().for_each(without_data);
    }
    let all = events.len();
    let shown: Vec<Value> = events.into_iter().skip(from).take(most).collect();
    let next = from.saturating_add(shown.len());
    let mut answer = json!({"events": shown});
    if next < all {
        answer["nextToken"] = next.to_string().into();
    }
    Ok(answer)
}

/// Takes the data out of an event; errors and causes stay.
fn without_data(event: &mut Value) {
    const DATA: [&str; 6] = ["input", "inputDetails", "output", "outputDetails", "parameters", "assignedVariables"];
    for details in
        event.as_object_mut().into_iter().flat_map(|event| event.values_mut()).filter_map(Value::as_object_mut)
    {
        details.retain(|name, _| !DATA.contains(&name.as_str()) && name != "assignedVariablesDetails");
    }
}

fn find(shared: &Shared, parameters: &Parameters) -> Result<Arc<Held>, ApiError> {
    let arn = parameters.required("executionArn")?;
    if !arn.starts_with("arn:") {
        return Err(ApiError::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'")));
    }
    let missing = || ApiError::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"));
    shared.executions.find(arn).ok_or_else(missing)
}

fn description(held: &Held, end: Option<&End>) -> Value {
    let mut shown = json!({
        "executionArn": &*held.arn,
        "stateMachineArn": &*held.machine,
        "name": held.name,
        "status": end.map_or("RUNNING", |end| end.status),
        "startDate": seconds(held.started_at),
        "input": held.input,
        "inputDetails": {"included": true},
    });
    let Some(end) = end else { return shown };
    shown["stopDate"] = seconds(end.at);
    for (name, text) in [("output", &end.output), ("error", &end.error), ("cause", &end.cause)] {
        if let Some(text) = text {
            shown[name] = text.as_str().into();
        }
    }
    if end.output.is_some() {
        shown["outputDetails"] = json!({"included": true});
    }
    shown
}

/// A name that an execution or an activity may have.
pub(super) fn checked(name: &str) -> Result<String, ApiError> {
    const FORBIDDEN: &str = " \t\n\r<>{}[]?*\"#%\\^|~`$&,;:/";
    let length = name.chars().count();
    let fits = (1..=MAX_NAME_CHARS).contains(&length) && !name.chars().any(|c| FORBIDDEN.contains(c) || c.is_control());
    if fits { Ok(name.to_owned()) } else { Err(ApiError::new("InvalidName", format!("Invalid Name: '{name}'"))) }
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
