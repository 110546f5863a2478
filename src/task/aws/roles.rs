//! `Credentials` of a Task: roles that its calls are made under.

use std::sync::Arc;
use std::time::SystemTime;

use dashmap::DashMap;
use serde_json::{Map, Value, json};

use super::caller::{Caller, Outgoing, Unsent};
use super::credentials::{Held, Keys, NoCredentials};
use super::error::Refusal;
use super::model::Library;
use super::protocol;
use crate::identity::Realm;
use crate::task::{Request, TaskFailure};

/// Roles whose credentials are kept at a time.
const MAX_ROLES: usize = 1_000;

/// Credentials of roles, by the role.
#[derive(Default)]
pub(super) struct Roles {
    held: DashMap<String, Arc<Held>>,
}

/// Why there are no credentials for a call.
pub(super) enum NoKeys {
    /// The connector has none.
    None(NoCredentials),
    /// The task's role can't be assumed.
    Role(TaskFailure),
}

impl Caller {
    /// What a call is signed with: the credentials of the role that its state names, or the connector's own.
    pub(super) async fn keys(&self, request: &Request) -> Result<Arc<Keys>, NoKeys> {
        let own = self.credentials().keys().await.map_err(NoKeys::None)?;
        let Some(role) = role_of(request).map_err(NoKeys::Role)? else { return Ok(own) };
        if self.roles.held.len() >= MAX_ROLES && !self.roles.held.contains_key(&role) {
            self.roles.held.clear();
        }
        let held = Arc::clone(&*self.roles.held.entry(role.clone()).or_default());
        held.keys(self.assume(&role, own, request)).await.map_err(NoKeys::Role)
    }

    async fn assume(&self, role: &str, own: Arc<Keys>, request: &Request) -> Result<Keys, TaskFailure> {
        let failed =
            |why: String| TaskFailure::new("States.TaskFailed", format!("The role {role} can't be assumed: {why}"));
        let service = Library::shared().service("sts").map_err(|error| failed(error.to_string()))?;
        let operation = service.operation("assumeRole").map_err(|error| failed(error.to_string()))?;
        let input = json!({"RoleArn": role, "RoleSessionName": "stepstream"});
        let input = input.as_object().cloned().unwrap_or_default();
        let outgoing = Outgoing {
            service: &service,
            operation,
            input: &input,
            message: protocol::write(&service, operation, &input).map_err(failed)?,
            region: None,
            keys: Some(own),
            timeout: request.timeout,
            max_answer_bytes: self.max_answer_bytes(),
        };
        let reply = match self.send(outgoing).await.outcome {
            Ok(reply) => reply,
            Err(Unsent::Unusable(why)) => return Err(failed(why)),
            Err(Unsent::Exchange(error, host)) => return Err(failed(format!("{host}: {error}"))),
        };
        if !reply.status.is_success() {
            let refusal = Refusal::of(&reply, &service, operation);
            return Err(match refusal.code.as_str() {
                "AccessDenied" => not_authorized(role, request),
                code => failed(code.to_owned()),
            });
        }
        let output = protocol::read(&service, operation, &reply).map_err(failed)?;
        of_output(&output).ok_or_else(|| failed("the answer holds no credentials".to_owned()))
    }
}

fn of_output(output: &Map<String, Value>) -> Option<Keys> {
    let found = output.get("Credentials")?;
    let text = |name: &str| found.get(name)?.as_str().map(str::to_owned);
    let end =
        found.get("Expiration").and_then(Value::as_i64).and_then(|end| jiff::Timestamp::from_millisecond(end).ok());
    let keys = Keys::new(text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken"));
    Some(Keys { end: end.and_then(|end| SystemTime::try_from(end).ok()), ..keys })
}

/// The role that a state names.
fn role_of(request: &Request) -> Result<Option<String>, TaskFailure> {
    let Some(text) = &request.credentials else { return Ok(None) };
    let credentials: Value = serde_json::from_str(text).unwrap_or_default();
    match credentials.get("RoleArn").and_then(Value::as_str).filter(|role| !role.is_empty()) {
        Some(role) => Ok(Some(role.to_owned())),
        None => Err(TaskFailure::new("States.Runtime", "The Credentials of the state name no RoleArn.")),
    }
}

/// The service's words for a role that may not be assumed.
fn not_authorized(role: &str, request: &Request) -> TaskFailure {
    let account = request.execution.split(':').nth(4).unwrap_or_default().to_owned();
    let own = Realm { account, ..Realm::default() }.role_arn();
    let cause = format!("The role {own} is not authorized to assume the task state's role, {role}.");
    TaskFailure::new("States.TaskFailed", cause)
}
