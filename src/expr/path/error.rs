use crate::expr::error::EvalError;
use crate::expr::path::Path;
use crate::value::{Heap, Value};

/// Why a path has no value. Small and `Copy`: its text is made only where it is needed.
#[derive(Clone, Copy, Debug)]
pub enum PathError {
    /// The root is not there: a variable that is not defined.
    NoRoot,
    /// What the whole path names is not there.
    NoResults,
    /// A property on the way is not there.
    MissingProperty {
        /// Index of the step that names it.
        step: usize,
    },
    /// A name is applied to something that is no object.
    NotAnObject {
        /// Index of the step.
        step: usize,
        /// What the step was applied to.
        found: Value,
    },
    /// An index, a slice or a filter is applied to something that is no array.
    NotAnArray {
        /// Index of the step.
        step: usize,
        /// What the step was applied to.
        found: Value,
    },
    /// A function at the end of the path cannot be applied.
    Function(&'static str),
    /// The search visited too many places.
    TooManyVisits,
    /// The result would be nested deeper than a value may be.
    TooDeep,
}

impl PathError {
    /// Whether the path found nothing, in contrast to: cannot be applied.
    pub fn is_missing(self) -> bool {
        matches!(
            self,
            PathError::NoRoot
                | PathError::NoResults
                | PathError::MissingProperty { .. }
                | PathError::NotAnObject { .. }
        )
    }

    /// What happened, where in the path: the part of the cause behind `Invalid path '…' : `.
    pub fn detail(self, heap: &Heap, path: &Path) -> String {
        let _ = (heap, path);
        todo!()
    }

    /// The error of a field such as `InputPath`, `OutputPath` or `TimeoutSecondsPath`.
    pub fn in_field(self, heap: &Heap, path: &Path) -> EvalError {
        EvalError::InvalidPath { path: path.text().into(), detail: self.detail(heap, path).into() }
    }

    /// The error of a `.$` value (`field` with the `.$`), of `ErrorPath` and of `CausePath`.
    pub fn in_template(self, heap: &Heap, path: &Path, field: &str) -> EvalError {
        if !self.is_missing() {
            return self.in_field(heap, path);
        }
        EvalError::NotFound { path: path.text().into(), field: field.into() }
    }

    /// The error of `Variable` or of an operand of a Choice rule.
    pub fn in_choice(self, path: &Path) -> EvalError {
        EvalError::InvalidChoicePath { path: path.text().into() }
    }
}
