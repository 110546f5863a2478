//! Actions on state machines and definitions.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Shared;
use super::protocol::{ApiError, Parameters, seconds};
use crate::asl::{MachineType, ReadOptions, Severity, read_with};
use crate::engine::Timestamp;
use crate::host::carry_out;
use crate::program::Program;
use crate::registry::{Version, Workflow, read_definition};
use crate::test_state::{Request, Surroundings, test_state as test};

/// Most machines or diagnostics of one answer.
const MAX_RESULTS: usize = 1_000;
const MAX_DIAGNOSTICS: usize = 100;

/// What kind of state machine workflows are to who asks.
const TYPE: &str = "EXPRESS";

/// The workflow that an ARN names, and the ARN without a qualifier.
pub(super) fn find(shared: &Shared, arn: &str) -> Result<Arc<Workflow<Program>>, ApiError> {
    let prefix = shared.realm.state_machine_arn("");
    if !arn.starts_with("arn:") {
        return Err(ApiError::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'")));
    }
    let name = arn.strip_prefix(&prefix);
    name.and_then(|name| shared.registry.find(name))
        .ok_or_else(|| ApiError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'")))
}

fn created(version: &Version<Program>) -> Value {
    seconds(Timestamp(version.loaded_at().as_millisecond()))
}

pub(super) fn list(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let most = parameters.count("maxResults", MAX_RESULTS)?;
    let machine = |workflow: &Arc<Workflow<Program>>| {
        json!({
            "stateMachineArn": shared.realm.state_machine_arn(workflow.name()),
            "name": &**workflow.name(),
            "type": TYPE,
            "creationDate": created(&workflow.current()),
        })
    };
    let all = shared.registry.all();
    let from = parameters.next()?;
    let machines: Vec<Value> = all.iter().skip(from).take(most).map(machine).collect();
    let next = from.saturating_add(machines.len());
    let mut answer = json!({"stateMachines": machines});
    if next < all.len() {
        answer["nextToken"] = next.to_string().into();
    }
    Ok(answer)
}

pub(super) fn describe(shared: &Shared, parameters: &Parameters) -> Result<Value, ApiError> {
    let arn = parameters.required("stateMachineArn")?;
    let workflow = find(shared, arn)?;
    let version = workflow.current();
    // The text of the current version is not kept. Where the file has changed since, it is the next one's.
    let definition = read_definition(workflow.file())
        .map_err(|error| ApiError::new("StateMachineDoesNotExist", error.to_string()))?;
    Ok(json!({
        "stateMachineArn": arn,
        "name": &**workflow.name(),
        "status": "ACTIVE",
        "definition": definition,
        "roleArn": shared.realm.role_arn(),
        "type": TYPE,
        "creationDate": created(&version),
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
        "tracingConfiguration": {"enabled": false},
        "label": &*version.label,
        "revisionId": &*version.label,
    }))
}

pub(super) fn validate(parameters: &Parameters) -> Result<Value, ApiError> {
    let definition = parameters.required("definition")?;
    let machine_type = match parameters.text("type")? {
        Some("EXPRESS") => MachineType::ExpressStrict,
        None | Some("STANDARD") => MachineType::Express,
        Some(other) => {
            return Err(ApiError::constraint(
                &format!("'{other}'"),
                "type",
                "satisfy enum value set: [STANDARD, EXPRESS]",
            ));
        }
    };
    let shows_warnings = match parameters.text("severity")? {
        None | Some("ERROR") => false,
        Some("WARNING") => true,
        Some(other) => {
            let set = "satisfy enum value set: [ERROR, WARNING]";
            return Err(ApiError::constraint(&format!("'{other}'"), "severity", set));
        }
    };
    let most = parameters.count("maxResults", MAX_DIAGNOSTICS)?;
    let outcome = read_with(definition, &ReadOptions { machine_type, ..ReadOptions::default() });
    let mut diagnostics = outcome.diagnostics;
    if let Some(definition) = &outcome.definition
        && let Err(faults) = Program::compile(definition)
    {
        diagnostics.extend(faults);
    }
    let is_ok = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    let shown: Vec<Value> = diagnostics
        .iter()
        .filter(|diagnostic| shows_warnings || diagnostic.severity == Severity::Error)
        .map(|diagnostic| {
            let mut shown = json!({
                "severity": diagnostic.severity.as_str(),
                "code": diagnostic.code.as_str(),
                "message": diagnostic.message,
            });
            if let Some(location) = &diagnostic.location {
                shown["location"] = location.as_str().into();
            }
            shown
        })
        .collect();
    let truncated = shown.len() > most;
    let shown: Vec<Value> = shown.into_iter().take(most).collect();
    Ok(json!({"result": if is_ok { "OK" } else { "FAIL" }, "diagnostics": shown, "truncated": truncated}))
}

/// Tests one state. Its task may call out: it runs on a thread where it keeps nobody waiting.
pub(super) async fn test_state(shared: &Arc<Shared>, body: &[u8]) -> Result<Value, ApiError> {
    let request: Request =
        serde_json::from_slice(body).map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    let shared = Arc::clone(shared);
    let tested = tokio::task::spawn_blocking(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| ApiError::gone())?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut surroundings = Surroundings {
            now: Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)),
            seed: fastrand::u64(..),
            realm: shared.realm.clone(),
            limits: shared.limits.clone(),
            call: &mut |program, call| {
                let connectors = shared.connectors.clone().taking_callbacks(false).resolve(program.resources());
                carry_out(&connectors, &runtime, call)
            },
        };
        test(&request, &mut surroundings).map_err(ApiError::from)
    });
    let response = tested.await.map_err(|_| ApiError::gone())??;
    serde_json::to_value(response).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}
