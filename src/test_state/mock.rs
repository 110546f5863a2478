//! What a state's work is said to come to, and whether it may.

use serde_json::Value;

use super::exception::Exception;
use super::request::{Mock, Request};
use super::{context, shapes};
use crate::asl::{State, StateKind};
use crate::engine::TaskFailure;
use crate::resource;
use crate::value::read_document;

/// What the work of the state comes to.
pub(super) type Mocked = Result<Vec<u8>, TaskFailure>;

/// Reads the mock of a request and checks it, and what goes with it, against the state. Without a mock the state must be
/// one that can do without.
pub(super) fn read(request: &Request, state: &State) -> Result<Option<Mocked>, Exception> {
    let Some(mock) = &request.mock else { return without(request, state).map(|()| None) };
    let outcome = match (&mock.result, &mock.error_output) {
        (Some(result), None) => Ok(&result.0),
        (None, Some(error)) => Err(error),
        _ => {
            let message = "A test mock should have only one of the following fields: [result, errorOutput].";
            return Err(Exception::validation(message));
        }
    };
    if request.reveal_secrets == Some(true) {
        return Err(Exception::validation("TestState does not support RevealSecrets when a mock is specified."));
    }
    if !matches!(state.kind, StateKind::Task(_) | StateKind::Map(_) | StateKind::Parallel(_)) {
        let kind = state.kind.type_name();
        return Err(Exception::validation(format!("State type '{kind}' is not supported when a mock is specified")));
    }
    if let Ok(result) = outcome {
        check_result(result, mock, state)?;
    }
    if let Some(context) = &request.context {
        context::check(&context.0, state)?;
    }
    Ok(Some(match outcome {
        Ok(result) => Ok(result.clone().into_bytes()),
        Err(output) => {
            Err(TaskFailure { error: output.error.clone(), cause: output.cause.clone(), ..TaskFailure::default() })
        }
    }))
}

/// Whether the state, and the request, can do without a mock.
fn without(request: &Request, state: &State) -> Result<(), Exception> {
    check_configuration(request)?;
    match &state.kind {
        StateKind::Map(_) | StateKind::Parallel(_) => {
            return Err(Exception::definition(
                "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, \
                 Succeed, Fail, Choice]",
            ));
        }
        StateKind::Task(_) if request.role_arn.is_none() => {
            return Err(Exception::validation("RoleArn must be specified when testing a Task state"));
        }
        StateKind::Task(task) => {
            let resource = &task.resource.value;
            let activity = resource.kind() == resource::Kind::Activity;
            if activity || context::has_token(state) {
                return Err(Exception::definition(format!(
                    "TestState API does not support the resource {resource} when a mock is not specified."
                )));
            }
        }
        _ => {}
    }
    Ok(())
}

/// What has a meaning only beside a mock.
fn check_configuration(request: &Request) -> Result<(), Exception> {
    let configuration = &request.state_configuration;
    let needs_mock = [
        ("MapIterationFailureCount", configuration.map_iteration_failure_count.is_some()),
        ("RetrierRetryCount", configuration.retrier_retry_count.is_some()),
        ("ErrorCausedByState", configuration.error_caused_by_state.is_some()),
        ("MapItemReaderData", configuration.map_item_reader_data.is_some()),
        ("Context", request.context.is_some()),
    ];
    match needs_mock.iter().find(|(_, given)| *given) {
        Some((what, _)) => {
            Err(Exception::validation(format!("TestState does not support {what} when a mock is not specified.")))
        }
        None => Ok(()),
    }
}

fn check_result(text: &str, mock: &Mock, state: &State) -> Result<(), Exception> {
    let refuse = |what: &str| Err(Exception::validation(format!("Mocked result must {what}")));
    let Ok(result) = read_document(text.as_bytes()) else { return refuse("be valid JSON") };
    match &state.kind {
        // Where results are written, the state's own result tells where.
        StateKind::Map(map) => match map.result_writer {
            Some(_) if !result.is_object() => return refuse("be a JSON object."),
            None if !result.is_array() => return refuse("be an array."),
            _ => {}
        },
        StateKind::Parallel(parallel) => match &result {
            Value::Array(outputs) if outputs.len() == parallel.branches.len() => {}
            Value::Array(_) => return refuse("contain the same number of items as number of Parallel branches."),
            _ => return refuse("be an array."),
        },
        StateKind::Task(task) => {
            shapes::check(&task.resource.value, &result, mock.field_validation()?)?;
        }
        _ => {}
    }
    Ok(())
}
