//! What an expression of a state sees.

use super::pool::Id;
use super::run::Run;
use crate::expr::{ContextField, Root, Scope};
use crate::program::Program;
use crate::value::{Heap, Value};

pub(super) struct View<'a> {
    pub(super) run: &'a mut Run,
    pub(super) program: &'a Program,
    pub(super) frame: Id,
    /// What `$` is.
    pub(super) data: Value,
}

impl Scope for View<'_> {
    fn root(&mut self, heap: &mut Heap, root: &Root) -> Option<Value> {
        match root {
            Root::Input => Some(self.data),
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
