//! The definition as people write it: model with source positions, reading, diagnostics, lint.
//!
//! [`read`] turns a text into a [`Definition`] and *all* its faults; it never stops at the first one. Codes, messages
//! and locations of faults are those of AWS's `ValidateStateMachineDefinition`.
//!
//! **Invariant.** Nothing here knows how a definition runs. A [`Definition`] that is handed out has no faults of
//! severity [`Severity::Error`]: what can't be valid isn't represented.

mod diagnostic;
mod model;
mod node;

pub use diagnostic::{Code, Diagnostic, LineColumn, Severity, line_column};
pub use model::{
    Catcher, ChoiceRule, ChoiceState, Condition, DataTest, Definition, Dynamic, FailState, JitterStrategy, Machine,
    MapMode, MapState, Operand, Operator, ParallelState, PassState, PathField, QueryLanguage, Retrier, State,
    StateKind, SucceedState, TaskState, Transition, WaitState, WaitUntil,
};
pub use node::{Member, Node, NodeKind, Span, Spanned};

/// What [`read`] found.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// The definition; `None` if a diagnostic is an error.
    pub definition: Option<Definition>,
    /// Every fault and doubt: structure in document order, then transitions, then lint.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a definition: JSON, comments and trailing commas allowed.
pub fn read(_text: &str) -> ReadOutcome {
    todo!()
}
