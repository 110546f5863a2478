//! What an expression of a state sees.

use super::pool::Id;
use super::run::Run;
use crate::expr::{self, ContextField, Root};
use crate::jsonata::{self, StatesField};
use crate::program::Program;
use crate::value::{Heap, Value};

/// What the expressions of a field are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// What `$` is in JSONPath.
    pub(super) data: Value,
    /// What `$states` has in JSONata besides input and context.
    member: Option<(StatesField, Value)>,
}

impl Subject {
    /// The effective input, or what else a field is evaluated on.
    pub(super) fn data(data: Value) -> Subject {
        Subject { data, member: None }
    }

    /// The result of a Task, Parallel or Map.
    pub(super) fn result(result: Value) -> Subject {
        Subject { data: result, member: Some((StatesField::Result, result)) }
    }

    /// `{"Error": …, "Cause": …}`
    pub(super) fn error_output(error_output: Value) -> Subject {
        Subject { data: error_output, member: Some((StatesField::ErrorOutput, error_output)) }
    }
}

pub(super) struct View<'a> {
    pub(super) run: &'a mut Run,
    pub(super) program: &'a Program,
    pub(super) frame: Id,
    pub(super) subject: Subject,
}

impl expr::Scope for View<'_> {
    fn root(&mut self, heap: &mut Heap, root: &Root) -> Option<Value> {
        match root {
            Root::Input => Some(self.subject.data),
            Root::Context => self.run.context(heap, self.program, self.frame),
            Root::Variable(name) => self.run.variable(heap, self.frame, name),
        }
    }

    fn context_field(&mut self, heap: &mut Heap, field: ContextField) -> Option<Value> {
        self.run.context_field(heap, self.program, self.frame, field)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.run.random
    }
}

impl jsonata::Scope for View<'_> {
    fn states(&mut self, heap: &mut Heap, field: StatesField) -> Option<Value> {
        match (field, self.subject.member) {
            (StatesField::Input, _) => Some(self.run.frames.at(self.frame).input),
            (StatesField::Context, _) => self.run.context(heap, self.program, self.frame),
            (_, Some((member, value))) if member == field => Some(value),
            _ => None,
        }
    }

    fn context_field(&mut self, heap: &mut Heap, field: ContextField) -> Option<Value> {
        self.run.context_field(heap, self.program, self.frame, field)
    }

    fn variable(&mut self, heap: &mut Heap, name: &str) -> Option<Value> {
        self.run.variable(heap, self.frame, name)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.run.random
    }

    fn now_millis(&self) -> i64 {
        self.run.now.0
    }
}
