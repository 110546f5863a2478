//! Where the roots of paths come from.

use crate::expr::path::{ContextField, Root};
use crate::value::{Heap, Value};

/// What an expression sees of the execution that it is evaluated in.
pub trait Scope {
    /// The value that a path begins at; `None` if there is none, such as an undefined variable.
    fn root(&mut self, heap: &mut Heap, root: &Root) -> Option<Value>;

    /// A part of the context object, without the rest of it; `None` if the scope has to be asked for the whole.
    fn context_field(&mut self, heap: &mut Heap, field: ContextField) -> Option<Value> {
        let _ = (heap, field);
        None
    }

    /// Where `States.UUID` and `States.MathRandom` draw from. Seeded per execution, so that a run can be repeated.
    fn random(&mut self) -> &mut fastrand::Rng;
}
