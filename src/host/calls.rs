use std::sync::Arc;

use tokio::runtime::Runtime;

use super::Key;
use crate::engine::{CallId, TaskCall, TaskFailure};
use crate::identity::idempotency_key;
use crate::task::{Answer, Entry, Request, Resolved};

/// Names a call among all executions of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whose call it is.
    pub execution: Key,
    /// Which of its calls.
    pub call: CallId,
}

/// Carries out what executions ask of the world.
pub trait Calls<O> {
    /// What a call under way is cancelled by.
    type Handle;

    /// Begins a call. What comes of it is posted to the host's mailbox, at once or at any time.
    fn begin(&mut self, to: Address, origin: &O, call: TaskCall) -> Self::Handle;

    /// The outcome is no longer wanted. One that is posted all the same is ignored.
    fn cancel(&mut self, handle: Self::Handle);
}

/// Where an execution comes from, as far as its task calls show it.
pub trait Origin {
    /// The execution's name.
    fn name(&self) -> &str;
    /// The execution's ARN.
    fn arn(&self) -> &Arc<str>;
    /// The W3C trace context that it came with: a `traceparent`.
    fn trace_context(&self) -> Option<String> {
        None
    }
    /// What carries out this call.
    ///
    /// # Errors
    /// Nothing that is configured can: what the call fails with.
    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure>;
}

/// Carries out the one call of an execution that no host runs, and waits for what comes of it; `None`: nothing here can.
pub fn carry_out(connectors: &Resolved, runtime: &Runtime, call: TaskCall) -> Option<Answer> {
    let alone = Alone { connectors, arn: ALONE.into() };
    let connector = alone.entry(&call).ok()?.connector.clone();
    let request = request(&alone, call);
    Some(runtime.block_on(async { connector.call(request).await }))
}

/// What such an execution is called.
const ALONE: &str = "test-state";

struct Alone<'a> {
    connectors: &'a Resolved,
    arn: Arc<str>,
}

impl Origin for Alone<'_> {
    fn name(&self) -> &str {
        ALONE
    }

    fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.connectors.entry(call)
    }
}

/// What a connector gets to see of a call.
pub fn request(origin: &impl Origin, call: TaskCall) -> Request {
    Request {
        idempotency_key: idempotency_key(origin.name(), &call.place),
        purpose: call.purpose,
        resource: call.resource,
        state: call.state,
        input: call.input,
        credentials: call.credentials.map(Into::into),
        attempt: call.attempt,
        task_token: call.task_token,
        timeout: call.timeout,
        heartbeat: call.heartbeat,
        execution: Arc::clone(origin.arn()),
        trace_context: origin.trace_context(),
    }
}
