//! Callbacks: how whoever was given a task token ends the task, or shows that it is at work.
//!
//! [`Callbacks`] knows the hosts of this process. A callback goes by its token to the host that gave it out, whose thread alone
//! knows whether the task still waits, and says so.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::IgnoredAny;
use tokio::sync::oneshot;

use super::Mailbox;
use super::mailbox::Letter;
use crate::engine::TaskFailure;
use crate::identity::{Issuer, Token, TokenCall, TokenKey, TokenMaker};
use crate::task::MAX_RESULT_BYTES;

/// Longest that a host is waited for. One that takes longer is stuck, and its health says so.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a callback says of its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// It has succeeded, with this result: a JSON text.
    Success(Vec<u8>),
    /// It has failed.
    Failure(TaskFailure),
    /// It is under way.
    Heartbeat,
}

/// Why a callback does not count, in the service's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The token is none that was given out under this key.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// The task has ended, has timed out, or its execution has; also one that a crash has ended.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    /// The token is another node's, and none that this one can hand the callback on to.
    #[error("Task does not exist: 'The task belongs to node {node}'")]
    TaskDoesNotExist {
        /// The node that gave the token out.
        node: String,
    },
    /// The output is not JSON, or larger than data may be.
    #[error("Invalid Output: '{why}'")]
    InvalidOutput {
        /// What is wrong with it.
        why: String,
    },
}

impl CallbackError {
    /// The name of the error, as the service's API has it.
    pub fn name(&self) -> &'static str {
        match self {
            CallbackError::InvalidToken => "InvalidToken",
            CallbackError::TaskTimedOut => "TaskTimedOut",
            CallbackError::TaskDoesNotExist { .. } => "TaskDoesNotExist",
            CallbackError::InvalidOutput { .. } => "InvalidOutput",
        }
    }
}

/// A callback on its way to the host of its task.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) call: TokenCall,
    pub(super) callback: Callback,
    /// Whether the task still waited.
    pub(super) heard: oneshot::Sender<bool>,
}

/// The hosts of this process, for callbacks to find. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Callbacks {
    key: TokenKey,
    issuer: Issuer,
    hosts: Arc<Mutex<Hosts>>,
}

#[derive(Debug, Default)]
struct Hosts {
    begun: u32,
    mailboxes: HashMap<u32, Mailbox>,
}

/// A host's place among those that callbacks find; dropped, they don't any more.
#[derive(Debug)]
pub(super) struct Registration {
    hosts: Arc<Mutex<Hosts>>,
    host: u32,
    pub(super) maker: Arc<TokenMaker>,
}

impl Callbacks {
    /// For the hosts of a process.
    pub fn new(key: TokenKey, issuer: Issuer) -> Self {
        Callbacks { key, issuer, hosts: Arc::default() }
    }

    /// Who gives out the tokens.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(super) fn register(&self, mailbox: Mailbox) -> Registration {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.begun;
        hosts.begun += 1;
        hosts.mailboxes.insert(host, mailbox);
        let maker = Arc::new(TokenMaker::new(self.key.clone(), self.issuer.clone(), host));
        Registration { hosts: Arc::clone(&self.hosts), host, maker }
    }

    /// Delivers a callback to the task that has this token.
    ///
    /// # Errors
    /// It does not count: nothing has changed.
    pub async fn deliver(&self, token: &str, callback: Callback) -> Result<(), CallbackError> {
        let token = self.genuine(token)?;
        if let Callback::Success(output) = &callback {
            check_output(output)?;
        }
        if token.issuer != self.issuer {
            // A process of this node that ended has taken its executions with it: their events start again.
            return Err(match token.issuer.node == self.issuer.node {
                true => CallbackError::TaskTimedOut,
                false => CallbackError::TaskDoesNotExist { node: token.issuer.node },
            });
        }
        let mailbox = self.hosts.lock().unwrap_or_else(PoisonError::into_inner).mailboxes.get(&token.host).cloned();
        let mailbox = mailbox.ok_or(CallbackError::TaskTimedOut)?;
        let (heard, hears) = oneshot::channel();
        mailbox.put(Letter::Callback(Delivery { call: token.call, callback, heard }));
        // A host that went away, or is stuck, has not taken it.
        match tokio::time::timeout(PATIENCE, hears).await {
            Ok(Ok(true)) => Ok(()),
            _ => Err(CallbackError::TaskTimedOut),
        }
    }

    fn genuine(&self, token: &str) -> Result<Token, CallbackError> {
        Token::read(token, &self.key).ok_or(CallbackError::InvalidToken)
    }
}

fn check_output(output: &[u8]) -> Result<(), CallbackError> {
    let invalid = |why: String| Err(CallbackError::InvalidOutput { why });
    if output.len() > MAX_RESULT_BYTES {
        return invalid(format!("the output has {} bytes, {MAX_RESULT_BYTES} are allowed", output.len()));
    }
    match std::str::from_utf8(output) {
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).map(drop).or_else(|error| invalid(error.to_string())),
        Err(error) => invalid(error.to_string()),
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).mailboxes.remove(&self.host);
    }
}
