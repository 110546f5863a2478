//! Connectors: what a task call means in the world.
//!
//! A state of type Task names a Resource. The [`Connectors`] table maps Resource patterns to connectors, first match
//! wins. A [`Connector`] takes a [`Request`] and gives an [`Answer`]; it knows nothing of executions, Kafka or retries,
//! which the engine does. A [`ConnectorKind`] says what others have to know of a kind, so that a new one is one file and a line in
//! the table of kinds (`cli/deployment`), which the configuration and the messages go by.
//!
//! Connectors are shared by all shards and called on the tokio runtime of the shard that wants the answer, so a
//! connector may spawn, sleep and do I/O, but may not block. A call is cancelled by dropping its future.

mod activities;
mod aws;
mod builtin;
mod client;
mod connectors;
mod endpoint;
mod files;
mod http;
mod kind;
mod lambda;
mod lambda_wire;
mod mock;
mod options;
mod pattern;
mod place;
mod resolved;
#[cfg(test)]
pub(crate) mod testing;

use std::{pin::Pin, sync::Arc, time::Duration};

use crate::config::{Findings, Place};
pub use crate::engine::{Contact, DataObject, Purpose, TaskFailure};
pub use crate::program::Role;
pub use crate::resource::Resource;
use crate::resource::{Kind, Pattern as WaitPattern};
pub use activities::{ACTIVITY_PATTERN, Activities, ActivityTask};
pub use aws::{AWS, signature_is_valid};
pub use builtin::{BUILTIN, BuiltinConnector, BuiltinOptions};
pub use connectors::{Connectors, Entry, OnUnavailable};
pub use files::{FILES, FilesConnector, FilesOptions};
pub use http::{HTTP, HttpConnector, HttpOptions};
pub use kind::{ConnectorKind, Implied, Kinds};
pub use lambda::{LAMBDA, LambdaConnector, LambdaOptions};
pub use mock::{MockCase, MockCaseError, MockFile, MockFileError};
pub use options::{ClientOptions, HttpVersion, OptionsError};
pub use pattern::Pattern;
pub use resolved::{Misfit, Missing, Resolved, UnmatchedResources};

/// Largest task result in bytes: the service's quota for a state's output.
pub const MAX_RESULT_BYTES: usize = crate::limits::MAX_EVENT_BYTES;

/// A future that a connector hands out.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A task call as connectors see it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do; the rest is to be read in its light.
    pub purpose: Purpose,
    /// The `Resource` of the state, ItemReader or ResultWriter, as written.
    pub resource: Arc<Resource>,
    /// Name of the state that calls.
    pub state: Arc<str>,
    /// The effective input of the task, or the parameters of the reader or writer: JSON text.
    pub input: Vec<u8>,
    /// The state's `Credentials`: JSON text. Secret.
    pub credentials: Option<Arc<str>>,
    /// Names this operation for the other side: the same text for all attempts of one visit of the state, also when the event
    /// is delivered again; different for every other operation.
    pub idempotency_key: String,
    /// Which attempt of the operation this is within the execution, from 1.
    pub attempt: u32,
    /// The token that a callback names, for tasks that wait for one.
    pub task_token: Option<String>,
    /// `TimeoutSeconds` of the state, if it has one. The engine gives up the call by itself then; a connector may do so
    /// earlier.
    pub timeout: Option<Duration>,
    /// `HeartbeatSeconds` of the state: how long a task with a token may be silent.
    pub heartbeat: Option<Duration>,
    /// Id (ARN) of the execution.
    pub execution: Arc<str>,
    /// The W3C trace context that the event came with: a `traceparent`.
    pub trace_context: Option<String>,
}

/// The outcome of a call: what its [`Purpose`] says, for a task the result as JSON text; or a failure. Retry and Catch can match
/// a task's failure; of a reader's or writer's only the cause is shown.
pub type Answer = Result<Vec<u8>, TaskFailure>;

impl Request {
    /// The failure of a connector that carries out tasks only, if the call is another.
    fn refuse_data(&self, kind: &str) -> Result<(), TaskFailure> {
        if self.purpose == Purpose::Task {
            return Ok(());
        }
        let cause = format!(
            "The {kind} connector neither reads nor writes data sets: give {} a [[task]] entry with one that does.",
            self.resource
        );
        Err(TaskFailure::new("States.Runtime", cause))
    }
}

/// Carries out one kind of task.
pub trait Connector: Send + Sync {
    /// Starts a call. The future must be polled on a tokio runtime with time and I/O enabled; dropping it cancels the
    /// call.
    fn call(&self, request: Request) -> BoxFuture<'static, Answer>;

    /// Why it can't carry out calls of this Resource; `None`: it can. A workflow with such a call is refused when it is
    /// deployed. Without an own answer: what [`only_tasks`] and [`only_answers`] say.
    fn refuses(&self, resource: &Resource, role: Role) -> Option<String> {
        only_tasks(role).or_else(|| only_answers(resource))
    }

    /// Whether its answer to a call of this Resource only says that the request was made, and a callback is to follow. Of a
    /// connector that stands in for others, the answer is the result.
    fn awaits_callback(&self, resource: &Resource) -> bool {
        resource.waits_for_callback()
    }

    /// The connector's kind as named in the configuration, such as `http`: a label for metrics and messages.
    fn kind(&self) -> &'static str;

    /// Asks whether the other side is there, without calling or changing anything. `place` is where the configuration names it.
    /// What is found comes within `patience`, or the asker gives up. Without an own answer: there is no other side.
    fn ask(&self, _place: &Place, _patience: Duration) -> BoxFuture<'static, Findings> {
        Box::pin(async { Findings::default() })
    }
}

/// The refusal of a connector that carries out Task states only.
pub fn only_tasks(role: Role) -> Option<String> {
    (role != Role::Task).then(|| format!("serves no {role}"))
}

/// The refusal of a connector that only calls: what has to be waited for beyond its answer would be passed over, but for
/// callbacks, which hosts wait for.
pub fn only_answers(resource: &Resource) -> Option<String> {
    awaited(resource).map(|what| format!("doesn't wait for {what}"))
}

/// What a task waits for beyond the answer of what it calls, and no host waits for by itself.
pub(crate) fn awaited(resource: &Resource) -> Option<&'static str> {
    match (resource.kind(), resource.pattern()) {
        (Kind::Activity, _) => {
            Some("an activity, which workers poll over the API: that needs [api] in the configuration")
        }
        (_, WaitPattern::Sync | WaitPattern::Sync2) => Some("the end of the job that the call starts"),
        _ => None,
    }
}
