//! One call of an operation, from the state's parameters to its result.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::caller::{Caller, Outgoing, Sent, Unsent};
use super::error::{self, Refusal};
use super::integration::Style;
use super::model::{Operation, Service};
use super::roles::NoKeys;
use super::{parameters, protocol, results};
use crate::task::client::Reply;
use crate::task::lambda_wire::{http_metadata, unusable_parameters};
use crate::task::{Answer, MAX_RESULT_BYTES, Request, TaskFailure};

/// Calls the operation that Resources name so.
pub(super) async fn call(caller: &Caller, request: &Request, service: &Service, action: &str, style: Style) -> Answer {
    let operation = service.operation(action).map_err(|error| TaskFailure::new("States.Runtime", error.to_string()))?;
    let mut input = parameters::input(&request.input, (service, operation, style), || token(request))?;
    let is_events = matches!(style, Style::Optimised(of) if of.name == "events");
    if is_events {
        name_execution(&mut input, &request.execution);
    }
    let unusable = |why: String| unusable_parameters(&request.input, &[why]);
    let message = protocol::write(service, operation, &input).map_err(unusable)?;
    let keys = match operation.unsigned {
        true => None,
        false => Some(caller.keys(request).await.map_err(|error| no_keys(error, style, service))?),
    };
    let outgoing = Outgoing {
        service,
        operation,
        input: &input,
        message,
        region: None,
        keys,
        timeout: request.timeout,
        max_answer_bytes: caller.max_answer_bytes(),
    };
    let Sent { outcome, attempts } = caller.send(outgoing).await;
    let reply = match outcome {
        Ok(reply) => reply,
        Err(Unsent::Unusable(why)) => return Err(unusable(why)),
        Err(Unsent::Exchange(error, host)) => return Err(error::exchange(error, &host, style, service, attempts)),
    };
    if !reply.status.is_success() {
        return Err(Refusal::of(&reply, service, operation).failure(style, service, attempts));
    }
    let name = request.resource.service();
    if reply.cut {
        return Err(TaskFailure::result_too_large(name));
    }
    let result = result(&reply, service, operation, style, attempts)?;
    if is_events {
        refuse_failed_entries(&result)?;
    }
    let result = Value::Object(with_metadata(result, &reply, style)).to_string().into_bytes();
    if result.len() > MAX_RESULT_BYTES { Err(TaskFailure::result_too_large(name)) } else { Ok(result) }
}

fn result(
    reply: &Reply,
    service: &Service,
    operation: &Operation,
    style: Style,
    attempts: u32,
) -> Result<Map<String, Value>, TaskFailure> {
    let output = protocol::read(service, operation, reply).map_err(|why| {
        let cause = format!("Unable to unmarshall response: {why}");
        error::client(style, service, ["SdkClientException"; 2], cause, attempts)
    })?;
    Ok(results::output(output, service.structure(operation.output), service, style))
}

/// The result with what the optimised integrations add of the answer.
fn with_metadata(mut result: Map<String, Value>, reply: &Reply, style: Style) -> Map<String, Value> {
    if let Style::Optimised(_) = style {
        let id =
            ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| reply.headers.get(*name)?.to_str().ok());
        result.insert("SdkHttpMetadata".to_owned(), http_metadata(reply));
        result.insert("SdkResponseMetadata".to_owned(), json!({"RequestId": id.unwrap_or_default()}));
        result.sort_keys();
    }
    result
}

/// What makes repeated calls of this operation one to the service: the same for all attempts, also after a redelivery.
fn token(request: &Request) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(request.idempotency_key.as_bytes())[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Events name the state machine and the execution that they come from.
fn name_execution(input: &mut Map<String, Value>, execution: &str) {
    let parts: Vec<&str> = execution.split(':').collect();
    let machine = match parts.as_slice() {
        [arn, partition, states, region, account, _, name, ..] => {
            format!("{arn}:{partition}:{states}:{region}:{account}:stateMachine:{name}")
        }
        _ => return,
    };
    for entry in input.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten() {
        let Value::Object(entry) = entry else { continue };
        if let Value::Array(resources) = entry.entry("Resources").or_insert_with(|| json!([])) {
            resources.extend([Value::from(machine.as_str()), Value::from(execution)]);
        }
    }
}

/// An event that was not taken fails the task.
fn refuse_failed_entries(result: &Map<String, Value>) -> Result<(), TaskFailure> {
    match result.get("FailedEntryCount").and_then(Value::as_u64) {
        None | Some(0) => Ok(()),
        Some(_) => Err(TaskFailure::new("EventBridge.FailedEntry", Value::Object(result.clone()).to_string())),
    }
}

/// The failure of a call that can't be signed.
pub(super) fn no_keys(error: NoKeys, style: Style, service: &Service) -> TaskFailure {
    match error {
        NoKeys::Role(failure) => failure,
        NoKeys::None(error) => error::client(style, service, ["SdkClientException"; 2], error.to_string(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::testing::request;

    #[test]
    fn events_name_machine_and_execution() {
        let input = json!({"Entries": [{"Source": "s"}, {"Source": "t", "Resources": ["r"]}]});
        let Value::Object(mut input) = input else { unreachable!("it is an object") };
        name_execution(&mut input, "arn:aws:states:us-east-1:123456789012:express:orders:orders-0-42:1");
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:orders";
        let execution = "arn:aws:states:us-east-1:123456789012:express:orders:orders-0-42:1";
        assert_eq!(input["Entries"][0]["Resources"], json!([machine, execution]));
        assert_eq!(input["Entries"][1]["Resources"], json!(["r", machine, execution]));
    }

    #[test]
    fn tokens_are_the_same_for_all_attempts_and_differ_between_operations() {
        let mut one = request("arn:aws:states:::aws-sdk:sfn:startExecution", b"{}");
        let first = token(&one);
        one.attempt = 3;
        assert_eq!(token(&one), first);
        one.idempotency_key.push('2');
        assert_ne!(token(&one), first);
        assert_eq!(first.len(), 36);
    }
}
