//! A failure on its way through states.

use std::sync::Arc;

use super::outcome::{Failure, MAX_CAUSE_CHARS, MAX_ERROR_CHARS, TaskFailure, cut};
use crate::program::ErrorMatcher;

pub(super) const RUNTIME: &str = "States.Runtime";
pub(super) const QUERY: &str = "States.QueryEvaluationError";
pub(super) const TIMEOUT: &str = "States.Timeout";
pub(super) const DATA_LIMIT: &str = "States.DataLimitExceeded";
pub(super) const READER_FAILED: &str = "States.ItemReaderFailed";
pub(super) const WRITER_FAILED: &str = "States.ResultWriterFailed";

/// A failure that may still be retried or caught.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) failure: Failure,
    /// The attempt's heartbeat was missed: it also matches `States.HeartbeatTimeout`.
    pub(super) missed_heartbeat: bool,
}

impl Fault {
    pub(super) fn new(error: Option<String>, cause: Option<String>, state: &Arc<str>) -> Box<Fault> {
        let error = error.map(|error| cut(error, MAX_ERROR_CHARS));
        let cause = cause.map(|cause| cut(cause, MAX_CAUSE_CHARS));
        let failure = Failure { error, cause, state: Arc::clone(state) };
        Box::new(Fault { failure, missed_heartbeat: false })
    }

    pub(super) fn from_task(failure: TaskFailure, state: &Arc<str>) -> Box<Fault> {
        Fault::new(failure.error, failure.cause, state)
    }

    /// Whether nothing retries or catches it (asl-errors: `States.Runtime` goes straight through).
    pub(super) fn is_final(&self) -> bool {
        self.failure.error.as_deref() == Some(RUNTIME)
    }

    pub(super) fn matches(&self, matchers: &[ErrorMatcher]) -> bool {
        let error = self.failure.error.as_deref();
        matchers.iter().any(|matcher| match matcher {
            ErrorMatcher::All => true,
            ErrorMatcher::TaskFailed => error != Some(TIMEOUT),
            ErrorMatcher::Name(name) => {
                error == Some(name) || (self.missed_heartbeat && &**name == "States.HeartbeatTimeout")
            }
        })
    }
}
