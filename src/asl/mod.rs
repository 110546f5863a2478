//! The definition as people write it: model with source positions, reading, diagnostics, lint.
//!
//! [`read`] turns a text into a [`Definition`] and *all* its faults; it never stops at the first one. Codes, messages
//! and locations of faults are those of AWS's `ValidateStateMachineDefinition`.
//!
//! **Invariant.** Nothing here knows how a definition runs. A [`Definition`] that is handed out has no faults of
//! severity [`Severity::Error`]: what can't be valid isn't represented.

mod diagnostic;
mod excerpt;
mod fields;
mod flow;
mod format;
mod fragment;
mod graph;
mod likely;
mod lines;
mod lint;
mod model;
mod node;
mod parse;
mod placeholder;
mod read;
mod render;
mod syntax;
mod template_function;
mod yaml;

pub use diagnostic::{Code, Diagnostic, Severity};
pub use format::Format;
pub use lines::{LineColumn, Lines, line_column};
pub use model::{
    Catcher, ChoiceRule, ChoiceState, Condition, DataTest, Definition, Destination, Dynamic, FailState, InputType,
    ItemBatcher, ItemReader, ItemSource, JitterStrategy, Machine, MapMode, MapState, Operand, Operator, OutputType,
    ParallelState, PassState, PathField, QueryLanguage, ResultWriter, Retrier, State, StateKind, SucceedState,
    TaskState, Transformation, Transition, WaitState, WaitUntil, Work,
};
pub use node::{Member, Node, NodeKind, Span, Spanned};
pub use parse::MAX_DEFINITION_BYTES;
pub use render::{render, summarize};

/// How a definition is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// What kind of machine it is to be.
    pub machine_type: MachineType,
    /// How its text is written.
    pub format: Format,
}

/// What a machine may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    /// Everything that runs here: `.waitForTaskToken` and activities; `.sync` is accepted with a warning.
    #[default]
    Express,
    /// What AWS accepts for an Express machine, nothing more.
    ExpressStrict,
}

/// What [`read`] found.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// The definition; `None` if a diagnostic is an error.
    pub definition: Option<Definition>,
    /// Every fault and doubt: structure in document order, then transitions, then advice.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a definition: JSON, comments and trailing commas allowed, or YAML, whichever it looks like.
///
/// Never panics, whatever the text.
pub fn read(text: &str) -> ReadOutcome {
    read_with(text, &ReadOptions::default())
}

/// Reads a definition and judges it by `options`.
pub fn read_with(text: &str, options: &ReadOptions) -> ReadOutcome {
    let (root, warnings) = match parse::parse(text, options.format) {
        Ok(parsed) => parsed,
        Err(fault) => return ReadOutcome { definition: None, diagnostics: vec![fault] },
    };
    let mut outcome = read::read(&root, text, options, warnings);
    if let Some(definition) = &outcome.definition {
        let mut advice = lint::lint(definition);
        advice.extend(flow::analyse(definition));
        advice.sort_by_key(Diagnostic::position);
        outcome.diagnostics.extend(advice);
    }
    outcome
}
