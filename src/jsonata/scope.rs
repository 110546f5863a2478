//! Where the variables of an expression come from.

use crate::expr::ContextField;
use crate::value::{Heap, Value};

/// The members of the reserved variable `$states`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatesField {
    /// `$states.input`
    Input,
    /// `$states.result`
    Result,
    /// `$states.errorOutput`
    ErrorOutput,
    /// `$states.context`
    Context,
}

impl StatesField {
    /// Every member.
    pub const ALL: [StatesField; 4] =
        [StatesField::Input, StatesField::Result, StatesField::ErrorOutput, StatesField::Context];

    /// The name as written.
    pub fn as_str(self) -> &'static str {
        match self {
            StatesField::Input => "input",
            StatesField::Result => "result",
            StatesField::ErrorOutput => "errorOutput",
            StatesField::Context => "context",
        }
    }
}

/// What an expression sees of the execution that it is evaluated in.
pub trait Scope {
    /// A member of `$states`; `None` if the field of the state does not have it.
    fn states(&mut self, heap: &mut Heap, field: StatesField) -> Option<Value>;

    /// A part of the context object, without the rest of it; `None` if the scope has to be asked for the whole.
    fn context_field(&mut self, heap: &mut Heap, field: ContextField) -> Option<Value> {
        let _ = (heap, field);
        None
    }

    /// The value of a workflow variable; `None` if it was never assigned.
    fn variable(&mut self, heap: &mut Heap, name: &str) -> Option<Value>;

    /// Where `$random`, `$uuid` and `$shuffle` draw from. Seeded per execution, so that a run can be repeated.
    fn random(&mut self) -> &mut fastrand::Rng;

    /// The time that `$now` and `$millis` tell, in milliseconds since the Unix epoch.
    fn now_millis(&self) -> i64;
}
