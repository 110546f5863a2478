//! The service's words for failures of a state.

use super::fault::{DATA_LIMIT, Fault, RUNTIME};
use super::interpreter::Interpreter;
use super::outcome::too_large;
use super::pool::Id;
use crate::expr::EvalError;
use crate::value::{Exceeded, Value};

/// How the causes begin of what only a mistake in this crate can bring about.
const BUG: &str = "This is a bug in Stepstream, please report it with the definition";

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
