//! A failure on its way through states, and the service's words for it.

use std::sync::Arc;

use super::interpreter::Interpreter;
use super::outcome::{Failure, MAX_CAUSE_CHARS, MAX_ERROR_CHARS, TaskFailure, cut, too_large};
use super::pool::Id;
use crate::expr::EvalError;
use crate::program::ErrorMatcher;
use crate::value::{Exceeded, Value};

pub(super) const RUNTIME: &str = "States.Runtime";
pub(super) const QUERY: &str = "States.QueryEvaluationError";
pub(super) const TIMEOUT: &str = "States.Timeout";
/// How the causes begin of what only a mistake in this crate can bring about.
const BUG: &str = "This is a bug in Stepstream, please report it with the definition";
pub(super) const DATA_LIMIT: &str = "States.DataLimitExceeded";

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

impl Interpreter<'_> {
    /// A failure of the state's own fields: its cause names the state and the event with which it was entered.
    pub(super) fn fault(&self, frame: Id, error: &str, cause: &str) -> Box<Fault> {
        let name = self.state_name(frame);
        // Recorded (test_state_scenarios): where one state is tested by itself, its cause has no prefix.
        if self.is_solo() {
            return Fault::new(Some(error.to_owned()), Some(cause.to_owned()), name);
        }
        let entered = self.run.frames.at(frame).entered_event;
        let cause = format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{entered}). {cause}"
        );
        Fault::new(Some(error.to_owned()), Some(cause), name)
    }

    pub(super) fn runtime_fault(&self, frame: Id, cause: &str) -> Box<Fault> {
        self.fault(frame, RUNTIME, cause)
    }

    /// The program and what the frame waits for rule this out, and yet it has come: the state fails for good, with a cause that
    /// says so, where an execution would else wait for ever.
    #[cold]
    pub(super) fn bug(&self, frame: Id, what: &str) -> Box<Fault> {
        debug_assert!(false, "state {:?}: {what}", self.state_name(frame));
        self.runtime_fault(frame, &format!("{BUG}: {what}."))
    }

    /// `input` is what the expression had as `$`.
    pub(super) fn expression_fault(&self, frame: Id, error: &EvalError, input: Value) -> Box<Fault> {
        if let EvalError::Exceeded(exceeded) = error {
            return self.exceeded_fault(frame, *exceeded);
        }
        self.fault(frame, error.error_name(), &error.cause(self.heap, input))
    }

    pub(super) fn transitions_fault(&self, frame: Id) -> Box<Fault> {
        let limit = self.run.limits.max_transitions;
        let cause = format!("The execution entered {limit} states, the most that max_transitions allows.");
        self.runtime_fault(frame, &cause)
    }

    pub(super) fn heap_limit_fault(&self, frame: Id) -> Box<Fault> {
        let limit = self.run.limits.max_heap_bytes;
        self.runtime_fault(frame, &format!("The execution's values take more than {limit} bytes."))
    }

    /// An evaluation of the state passed a bound. The service has no words for these, but for expressions in JSONata.
    pub(super) fn exceeded_fault(&self, frame: Id, exceeded: Exceeded) -> Box<Fault> {
        match exceeded {
            Exceeded::Memory => self.heap_limit_fault(frame),
            Exceeded::Depth => self.runtime_fault(frame, &exceeded.to_string()),
            Exceeded::Work => {
                let limit = self.run.limits.max_work_per_state;
                self.runtime_fault(
                    frame,
                    &format!("The state took more than {limit} units of work, the most that one may."),
                )
            }
        }
    }

    /// `what` is a state's name, a service or a function's ARN.
    pub(super) fn data_limit_fault(&self, frame: Id, what: &str) -> Box<Fault> {
        Fault::new(Some(DATA_LIMIT.to_owned()), Some(too_large(what)), self.state_name(frame))
    }
}
