//! What can go wrong, in the words of the reference implementation.

use crate::value::Exceeded;

/// The text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The code of the reference implementation, such as `S0202`; empty if it has none.
    pub code: Box<str>,
    /// What is wrong, without the code.
    pub message: Box<str>,
    /// The byte of the text where it shows.
    pub position: usize,
}

/// What the service says when an evaluation passes its bounds. Measured by others.
pub(super) const TIMEOUT: &str = "Expression evaluation timeout: 1000ms. Check for infinite loop";
pub(super) const OUT_OF_MEMORY: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";
pub(super) const STACK_OVERFLOW: &str = "Stack overflow error: Check for non-terminating recursive function. Consider \
                                         rewriting as tail-recursive. Depth=101 max=100";

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// An operator or a function failed: code, colon, message of the reference implementation.
    #[error("{0}")]
    Thrown(Box<str>),
    /// A function failed in a way that the reference implementation has no code for.
    #[error("internal error")]
    Internal,
    /// The result is, or holds, a function.
    #[error("the result is a function")]
    FunctionResult,
}

impl From<Exceeded> for EvaluationError {
    fn from(exceeded: Exceeded) -> EvaluationError {
        EvaluationError::Thrown(match exceeded {
            Exceeded::Depth => exceeded.to_string().into(),
            Exceeded::Memory => OUT_OF_MEMORY.into(),
            Exceeded::Work => TIMEOUT.into(),
        })
    }
}

/// A failure on its way up through the evaluation.
#[derive(Debug)]
pub(super) struct Throw(Box<Thrown>);

#[derive(Debug)]
enum Thrown {
    /// The text, whole.
    Text(String),
    /// What stands before and after the name of the function or the operator that failed, and, once that is known, the name if
    /// it has one.
    Named {
        before: String,
        name: Option<Option<Box<str>>>,
        after: String,
    },
    /// There is no text: see [`internal`](Throw::internal).
    Internal,
    FunctionResult,
}

/// Where the name of the function or the operator goes in a message.
const NAME: &str = "{{token}}";

impl Throw {
    /// A code of the reference implementation, and its message with the values put in.
    pub(super) fn new(code: &str, message: impl std::fmt::Display) -> Throw {
        Throw(Box::new(Thrown::Text(format!("{code}: {message}"))))
    }

    /// As [`new`](Throw::new), where `{{token}}` stands for the name of the function that was called, which only the call
    /// knows.
    pub(super) fn of_function(code: &str, message: impl std::fmt::Display) -> Throw {
        Throw::named(code, &message.to_string(), None)
    }

    /// As [`new`](Throw::new), where `{{token}}` stands for the operator.
    pub(super) fn of_operator(code: &str, message: &str, operator: &str) -> Throw {
        Throw::named(code, message, Some(Some(operator.into())))
    }

    fn named(code: &str, message: &str, name: Option<Option<Box<str>>>) -> Throw {
        let (before, after) = message.split_once(NAME).unwrap_or((message, ""));
        Throw(Box::new(Thrown::Named { before: format!("{code}: {before}"), name, after: after.to_owned() }))
    }

    /// A bound is passed.
    pub(super) fn bound(text: &str) -> Throw {
        Throw(Box::new(Thrown::Text(text.to_owned())))
    }

    /// The reference implementation fails without a code, by an exception of its language.
    pub(super) fn internal() -> Throw {
        Throw(Box::new(Thrown::Internal))
    }

    /// The result is, or holds, a function.
    pub(super) fn function_result() -> Throw {
        Throw(Box::new(Thrown::FunctionResult))
    }

    /// The function that was called, if that was not known yet.
    pub(super) fn called(mut self, function: Option<&str>) -> Throw {
        if let Thrown::Named { name: name @ None, .. } = &mut *self.0 {
            *name = Some(function.map(Box::from));
        }
        self
    }

    /// It failed to the right of this operator, which the reference names instead of what failed.
    pub(super) fn right_of(mut self, operator: &str) -> Throw {
        if let Thrown::Named { name, .. } = &mut *self.0 {
            *name = Some(Some(operator.into()));
        }
        self
    }
}

impl From<Exceeded> for Throw {
    fn from(exceeded: Exceeded) -> Throw {
        Throw::bound(&EvaluationError::from(exceeded).to_string())
    }
}

impl From<Throw> for Box<EvaluationError> {
    fn from(fault: Throw) -> Box<EvaluationError> {
        Box::new(match *fault.0 {
            Thrown::Text(text) => EvaluationError::Thrown(text.into()),
            Thrown::Named { before, name, after } => {
                let name = name.flatten();
                let name = name.map_or("undefined".to_owned(), |name| serde_json::Value::from(&*name).to_string());
                EvaluationError::Thrown(format!("{before}{name}{after}").into())
            }
            Thrown::Internal => EvaluationError::Internal,
            Thrown::FunctionResult => EvaluationError::FunctionResult,
        })
    }
}
