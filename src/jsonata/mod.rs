//! JSONata as states use it: what stands between `{%` and `%}`.
//!
//! An expression is parsed once, when its state machine is compiled, and evaluated on the heap of the execution. The
//! syntax, and whatever our own form does not cover, is the library's (`jsonata-core`).
//!
//! **Invariant:** an evaluation ends: its time and its depth are bounded.

mod convert;
mod error;
mod functions;
mod library;
mod names;
mod references;
mod scope;
mod syntax;

#[cfg(test)]
mod tests;

pub use error::{EvaluationError, SyntaxError};
pub use references::Unsupported;
pub use scope::{Scope, StatesField};

use crate::value::{Heap, Value};

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    library: library::Program,
}

impl Expression {
    /// Compiles the text between the delimiters.
    ///
    /// # Errors
    /// [`SyntaxError`] with the message of the reference implementation.
    pub fn compile(text: &str) -> Result<Expression, SyntaxError> {
        let text = text.trim();
        Ok(Expression { text: text.into(), library: library::Program::parse(text)? })
    }

    /// The trimmed text between the delimiters, as error texts show it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The references that the service refuses when a state machine is created, in a field that has these members of
    /// `$states`.
    pub fn unsupported(&self, offered: &[StatesField]) -> Vec<Unsupported> {
        self.library.references().unsupported(offered)
    }

    /// The workflow variables that are read, without `$`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.library.references().variables.iter().map(|name| &**name)
    }

    /// The value; `None` if the expression is undefined.
    ///
    /// # Errors
    /// [`EvaluationError`] if an operator or function refuses its operands, a bound is passed, or the result is no JSON.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Option<Value>, Box<EvaluationError>> {
        self.library.evaluate(heap, scope)
    }
}

/// The text between the delimiters, if the string is an expression: it begins with `{%` and ends with `%}`.
pub fn expression_text(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}
