//! What can go wrong, in the words of the reference implementation.

use jsonata_core::parser::ParserError;

use crate::value::Exceeded;

/// The text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The code of the reference implementation, such as `S0202`; empty if it has none.
    pub code: Box<str>,
    /// What is wrong, without the code.
    pub message: Box<str>,
}

impl SyntaxError {
    pub(super) fn from_library(error: &ParserError) -> SyntaxError {
        let text = error.to_string();
        let text =
            ["Invalid syntax: ", "Invalid number: "].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(&text);
        let (code, message) = match text.split_once(": ") {
            Some((code, message)) if code.len() == 5 => (code, message),
            _ => ("", text),
        };
        SyntaxError { code: code.into(), message: message.into() }
    }
}

/// What the service says when an evaluation passes its bounds. Measured by others.
pub(super) const TIMEOUT: &str = "Expression evaluation timeout: 1000ms. Check for infinite loop";
pub(super) const OUT_OF_MEMORY: &str = "Expression evaluation memory limit exceeded";
pub(super) const STACK_OVERFLOW: &str = "Stack overflow error: Check for non-terminating recursive function.  Consider \
                                         rewriting as tail-recursive. Depth=101 max=100";

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// An operator or a function failed: code, colon, message of the reference implementation.
    #[error("{0}")]
    Thrown(Box<str>),
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

impl From<Exceeded> for Box<EvaluationError> {
    fn from(exceeded: Exceeded) -> Box<EvaluationError> {
        Box::new(exceeded.into())
    }
}
