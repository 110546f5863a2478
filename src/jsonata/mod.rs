//! JSONata as states use it: what stands between `{%` and `%}`.
//!
//! An expression is parsed once, when its state machine is compiled, and evaluated on the heap of the execution. The
//! syntax, and whatever our own form does not cover, is the library's (`jsonata-core`).
//!
//! **Invariant:** an evaluation ends: its time and its depth are bounded.

mod compiled;
mod convert;
mod error;
mod functions;
mod library;
mod names;
mod references;
mod scope;
mod syntax;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;

pub use error::{EvaluationError, SyntaxError};
pub use references::Unsupported;
pub use scope::{Scope, StatesField};

use crate::value::{Heap, Value};
use compiled::Compiled;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    /// Our own form, if there is one.
    compiled: Option<Compiled>,
    library: library::Program,
}

impl Expression {
    /// Compiles the text between the delimiters. Literals become values of `constants`, the heap that executions are seeded
    /// from.
    ///
    /// # Errors
    /// [`SyntaxError`] with the message of the reference implementation.
    pub fn compile(text: &str, constants: &mut Heap) -> Result<Expression, SyntaxError> {
        let text = text.trim();
        let library = library::Program::parse(text)?;
        Ok(Expression { text: text.into(), compiled: Compiled::new(library.ast(), constants), library })
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
        match self.compiled.as_ref().map(|compiled| compiled.evaluate(heap, scope)) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) | None => self.library.evaluate(heap, scope),
        }
    }

    /// As [`evaluate`](Expression::evaluate), by the library alone.
    ///
    /// # Errors
    /// As [`evaluate`](Expression::evaluate).
    pub fn evaluate_by_library(
        &self,
        heap: &mut Heap,
        scope: &mut impl Scope,
    ) -> Result<Option<Value>, Box<EvaluationError>> {
        self.library.evaluate(heap, scope)
    }

    /// Whether there is a form of our own, beside the library's.
    pub fn has_own_form(&self) -> bool {
        self.compiled.is_some()
    }

    /// As [`evaluate`](Expression::evaluate), by our own form alone; `None` if it has none or gives up.
    pub fn evaluate_compiled(&self, heap: &mut Heap, scope: &mut impl Scope) -> Option<Option<Value>> {
        self.compiled.as_ref()?.evaluate(heap, scope).ok()
    }
}

/// The text between the delimiters, if the string is an expression: it begins with `{%` and ends with `%}`.
pub fn expression_text(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}
