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
mod messages;
mod names;
mod number;
mod references;
#[allow(dead_code, reason = "the compiler of the whole language makes them")]
mod regex;
mod rewrite;
mod scope;
mod syntax;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

pub use error::{EvaluationError, SyntaxError};
pub use references::Unsupported;
pub use scope::{Scope, StatesField};

use crate::value::{Heap, Value};
use compiled::Stop;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    /// Our own form, if everything in the expression is covered.
    compiled: Option<compiled::Program>,
    library: Box<library::Program>,
}

impl Expression {
    /// Compiles the text between the delimiters. Literals become values of `constants`, the heap that executions are seeded
    /// from.
    ///
    /// # Errors
    /// [`SyntaxError`] with the message of the reference implementation.
    pub fn compile(text: &str, constants: &mut Heap) -> Result<Expression, SyntaxError> {
        let text = text.trim();
        let library = Box::new(library::Program::parse(text)?);
        let compiled = compiled::Program::compile(library.tree(), constants);
        Ok(Expression { text: text.into(), compiled, library })
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
        let Some(compiled) = &self.compiled else { return self.library.evaluate(heap, scope) };
        let random = scope.random().clone();
        match compiled.evaluate(heap, scope) {
            Ok(value) => Ok(value),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Library) => {
                // As if nothing had been drawn yet.
                *scope.random() = random;
                self.library.evaluate(heap, scope)
            }
        }
    }

    /// Whether there is a form of our own, beside the library's.
    pub fn has_own_form(&self) -> bool {
        self.compiled.is_some()
    }

    /// As [`evaluate`](Expression::evaluate), but by the library, whether our own form covers the expression or not. The
    /// two are compared by tests and benchmarks.
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
}

/// The text between the delimiters, if the string is an expression: it begins with `{%` and ends with `%}`.
pub fn expression_text(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}
