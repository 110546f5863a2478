//! What can go wrong in an evaluation, in the words of the real service.

use crate::value::{Exceeded, Heap, Value};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// A `.$` value of a template, an `ErrorPath` or a `CausePath` found nothing.
    NotFound {
        /// The path as it was written.
        path: Box<str>,
        /// The field as it was written, with `.$` in a template.
        field: Box<str>,
    },
    /// A path of a field such as `InputPath` found nothing, or cannot be applied to what it met.
    InvalidPath {
        /// The path as it was written.
        path: Box<str>,
        /// What happened, where in the path.
        detail: Box<str>,
    },
    /// A path in a Choice rule found nothing.
    InvalidChoicePath {
        /// The path as it was written.
        path: Box<str>,
    },
    /// A path among the arguments of an intrinsic function found nothing.
    ArgumentNotFound {
        /// The whole expression.
        call: Box<str>,
        /// The path as it was written.
        path: Box<str>,
    },
    /// An intrinsic function refused its arguments.
    Function {
        /// The whole expression.
        call: Box<str>,
        /// What happened in which function.
        fault: CallFault,
    },
    /// `StringMatches` has a pattern with a backslash before an ordinary character.
    InvalidPattern {
        /// The pattern.
        pattern: Box<str>,
    },
    /// The evaluation passed a bound: depth, memory or work.
    Exceeded(Exceeded),
}

/// What an intrinsic function did not like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// Number, type or range of the arguments.
    #[error("Invalid arguments in {0}")]
    InvalidArguments(&'static str),
    /// The text is no JSON; the JSON reader's message.
    #[error(
        "Cannot convert String to Json in States.StringToJson, caused by: {message}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
    )]
    NotJson {
        /// The JSON reader's message.
        message: Box<str>,
        /// Line of the text, from 1.
        line: usize,
        /// Column of the text, from 1.
        column: usize,
    },
    /// `States.Format` has a brace without its partner.
    #[error("Invalid template in States.Format: matching '{missing}' not found for '{found}'.")]
    UnmatchedBrace {
        /// The brace that was expected.
        missing: char,
        /// The brace that stands alone.
        found: char,
    },
    /// `States.Format` has more or fewer `{}` than arguments.
    #[error("Invalid arguments in States.Format: number of arguments do not match the occurrences of {{}}.")]
    FormatCount,
    /// A path argument met something it cannot be applied to.
    #[error("{0}")]
    InvalidPath(Box<str>),
}

impl EvalError {
    /// The error's name for `Retry`, `Catch` and the outcome.
    pub fn error_name(&self) -> &'static str {
        "States.Runtime"
    }

    /// The cause, without the prefix that names the state. `input` is the state's input, which some texts show.
    pub fn cause(&self, heap: &Heap, input: Value) -> String {
        match self {
            EvalError::NotFound { path, field } => format!(
                "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{}'",
                heap.excerpt(input)
            ),
            EvalError::InvalidPath { path, detail } => format!("Invalid path '{path}' : {detail}"),
            EvalError::InvalidChoicePath { path } => {
                format!("Invalid path '{path}': The choice state's condition path references an invalid value.")
            }
            EvalError::ArgumentNotFound { call, path } => format!(
                "The function '{call}' had the following error: The JsonPath argument for the field '{path}' could not \
                 be found in the input '{}'",
                heap.excerpt(input)
            ),
            EvalError::Function { call, fault } => {
                format!("There was an error while evaluating the intrinsic function: {call}. {fault}")
            }
            EvalError::InvalidPattern { pattern } => {
                format!("Invalid pattern '{pattern}' in StringMatches: a backslash may stand only before '*' and '\\'.")
            }
            EvalError::Exceeded(exceeded) => exceeded.to_string(),
        }
    }
}

impl From<Exceeded> for Box<EvalError> {
    fn from(exceeded: Exceeded) -> Box<EvalError> {
        Box::new(EvalError::Exceeded(exceeded))
    }
}
