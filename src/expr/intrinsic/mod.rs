//! Intrinsic functions: `States.Format('…', $.x)` and its seventeen siblings.

use crate::expr::error::EvalError;
use crate::expr::path::Path;
use crate::expr::scope::Scope;
use crate::value::{Heap, Value};

/// Why a text is no call of an intrinsic function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IntrinsicSyntaxError {
    /// What is wrong.
    pub message: String,
    /// Byte offset into the text of the call.
    pub offset: usize,
}

/// A compiled call of an intrinsic function, with all that is nested in it.
#[derive(Debug)]
pub struct Call {
    text: Box<str>,
}

impl Call {
    /// Reads the text of a call. Literals become values of `constants`, the heap that executions are seeded from.
    ///
    /// # Errors
    /// [`IntrinsicSyntaxError`] says what is wrong and where. Number and types of the arguments are not checked here:
    /// the real service finds out when it runs.
    pub fn parse(text: &str, constants: &mut Heap) -> Result<Call, IntrinsicSyntaxError> {
        let _ = (text, constants);
        todo!()
    }

    /// The call as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the call gives the same value each time: there are no paths in it, and nothing random.
    pub fn is_constant(&self) -> bool {
        todo!()
    }

    /// Calls the function.
    ///
    /// # Errors
    /// [`EvalError`] if an argument is missing, or a function refuses its arguments.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, EvalError> {
        let _ = (heap, scope);
        todo!()
    }

    /// The paths among the arguments, those of nested calls included.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        let _ = visit;
        todo!()
    }
}
