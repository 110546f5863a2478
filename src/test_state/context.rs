//! The context object: the one that is given, or the one of an execution that never was.

use serde_json::{Map, Value, json};

use super::exception::Exception;
use super::subject::STATE_NAME;
use crate::asl::{State, StateKind};
use crate::engine::{Identity, Timestamp};
use crate::resource::Pattern;
use crate::value::read_document;

const STRING: (&str, fn(&Value) -> bool) = ("a string", Value::is_string);
const NUMBER: (&str, fn(&Value) -> bool) = ("a number", Value::is_number);
const ANY: (&str, fn(&Value) -> bool) = ("", |_| true);

type Fields = &'static [(&'static str, (&'static str, fn(&Value) -> bool))];

/// The parts of a context object, and what they may hold.
const PARTS: [(&str, Fields); 4] = [
    (
        "Execution",
        &[
            ("Id", STRING),
            ("Input", ANY),
            ("Name", STRING),
            ("RoleArn", STRING),
            ("StartTime", STRING),
            ("RedriveCount", NUMBER),
            ("RedriveTime", STRING),
        ],
    ),
    ("State", &[("EnteredTime", STRING), ("Name", STRING), ("RetryCount", NUMBER)]),
    ("StateMachine", &[("Id", STRING), ("Name", STRING)]),
    ("Task", &[("Token", STRING)]),
];

/// Checks a context object that is given.
pub(super) fn check(text: &str, state: &State) -> Result<(), Exception> {
    let refuse = |fault: String| Exception::validation(format!("Invalid Context object provided: {fault}"));
    let Ok(Value::Object(context)) = read_document(text.as_bytes()) else {
        return Err(refuse("Context object must be a valid JSON object".to_owned()));
    };
    if context.contains_key("Map") {
        return Err(refuse("'Map' field is not supported when mocking a Context object".to_owned()));
    }
    if context.contains_key("Task") && !has_token(state) {
        return Err(refuse(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service \
             integration pattern"
                .to_owned(),
        ));
    }
    for (part, content) in &context {
        let Some((_, fields)) = PARTS.iter().find(|(name, _)| name == part) else {
            return Err(refuse(format!("Field '{part}' is not allowed")));
        };
        let Some(content) = content.as_object() else {
            return Err(refuse(format!("Field '{part}' must be an object")));
        };
        check_fields(part, content, fields).map_err(refuse)?;
    }
    Ok(())
}

/// A value of the wrong kind is named with its whole path, as the service does, a field that there is none of without.
fn check_fields(part: &str, content: &Map<String, Value>, fields: Fields) -> Result<(), String> {
    for (field, value) in content {
        let Some((_, (what, is_right))) = fields.iter().find(|(name, _)| name == field) else {
            return Err(format!("Field '{field}' is not allowed"));
        };
        if !is_right(value) {
            return Err(format!("{part}.{field} must be {what}"));
        }
    }
    Ok(())
}

/// Whether the state is a task with a token of its service integration: `.sync` or `.waitForTaskToken`.
pub(super) fn has_token(state: &State) -> bool {
    let StateKind::Task(task) = &state.kind else { return false };
    task.resource.value.pattern() != Pattern::RequestResponse
}

/// The context object where none is given.
pub(super) fn of_its_own(
    state: &State,
    input: &Value,
    role_arn: Option<&str>,
    identity: &Identity<'_>,
    retries: u64,
    now: Timestamp,
) -> String {
    let mut time = String::new();
    crate::expr::timestamp::write_millis(now.0, &mut time);
    let mut context = json!({
        "Execution": {
            "Id": identity.id, "Input": input, "Name": identity.name, "RoleArn": role_arn, "StartTime": time,
        },
        "StateMachine": {"Id": identity.state_machine_id, "Name": identity.state_machine_name},
        "State": {"Name": STATE_NAME, "EnteredTime": time},
    });
    if matches!(state.kind, StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)) {
        context["State"]["RetryCount"] = retries.into();
    }
    if has_token(state) {
        context["Task"] = json!({"Token": format!("{}/0", identity.id)});
    }
    context.to_string()
}
