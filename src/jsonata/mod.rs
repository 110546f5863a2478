//! JSONata as states use it: what stands between `{%` and `%}`.
//!
//! An expression is read once, when its state machine is compiled (`syntax`), and its tree becomes the form that is
//! evaluated (`compile`) on the heap of the execution (`evaluate`). Language and texts are those of jsonata-js 2.0.6.
//!
//! **Invariant:** an evaluation ends: its depth, its work and what it makes are bounded.

mod compile;
mod error;
mod evaluate;
mod function;
mod number;
mod picture;
mod references;
mod regex;
mod scope;
mod signature;
mod syntax;

#[cfg(test)]
mod tests;

pub use error::{EvaluationError, SyntaxError};
pub use references::{References, StatesPath, Unsupported};
pub use scope::{Scope, StatesField};

use crate::value::{Heap, Value};

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    program: compile::Program,
    references: References,
}

impl Expression {
    /// Compiles the text between the delimiters. Literals become values of `constants`, the heap that executions are seeded
    /// from.
    ///
    /// # Errors
    /// [`SyntaxError`] with the message of the reference implementation.
    pub fn compile(text: &str, constants: &mut Heap) -> Result<Expression, SyntaxError> {
        let text = text.trim();
        let parsed = syntax::parse(text)?;
        let program = compile::compile(&parsed, constants)?;
        Ok(Expression { text: text.into(), program, references: References::of(&parsed.tree) })
    }

    /// The trimmed text between the delimiters, as error texts show it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the expression refers to.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// The value; `None` if the expression is undefined.
    ///
    /// # Errors
    /// [`EvaluationError`] if an operator or function refuses its operands, a bound is passed, or the result is no JSON.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Option<Value>, Box<EvaluationError>> {
        self.evaluate_on(heap, scope, None)
    }

    /// As [`evaluate`](Expression::evaluate), with a document that `$` and `$$` stand for. The service has none; the cases of
    /// the reference implementation do.
    ///
    /// # Errors
    /// As [`evaluate`](Expression::evaluate).
    pub fn evaluate_on(
        &self,
        heap: &mut Heap,
        scope: &mut impl Scope,
        document: Option<Value>,
    ) -> Result<Option<Value>, Box<EvaluationError>> {
        self.program.evaluate(heap, scope, document)
    }
}

/// The text between the delimiters, if the string is an expression: it begins with `{%` and ends with `%}`.
pub fn expression_text(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}
