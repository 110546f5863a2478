use crate::expr::error::{CallFault, EvalError};
use crate::expr::java;
use crate::expr::path::Path;
use crate::value::{Exceeded, Heap, Value};

use super::step::Step;

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
    /// An index or a slice is applied to something that is no array.
    NotAnArray {
        /// Index of the step.
        step: usize,
        /// What the step was applied to.
        found: Value,
    },
    /// The function at the end of the path cannot be applied; the text says why.
    Function(&'static str),
    /// The evaluation passed a bound: depth, memory or work.
    Exceeded(Exceeded),
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
        match self {
            PathError::NoRoot | PathError::NoResults => format!("No results for path: {}", path.normalized(usize::MAX)),
            PathError::MissingProperty { step } => format!("Missing property in path {}", path.normalized(step)),
            PathError::NotAnObject { step, found } => {
                let property = part(path, step);
                let parent = if step == 0 { path.root_text() } else { path.normalized(step - 1) };
                let kind = found.type_name();
                format!("Expected to find an object with property {property} in path {parent} but found '{kind}'.")
            }
            PathError::NotAnArray { step, found } => format!(
                "Filter: {} can only be applied to arrays. Current context is: {}",
                part(path, step),
                java::text(heap, found)
            ),
            PathError::Function(message) => String::from(message),
            PathError::Exceeded(exceeded) => exceeded.to_string(),
        }
    }

    /// The error of a field such as `InputPath`, `OutputPath` or `TimeoutSecondsPath`.
    pub fn in_field(self, heap: &Heap, path: &Path) -> Box<EvalError> {
        if let PathError::Exceeded(exceeded) = self {
            return exceeded.into();
        }
        Box::new(EvalError::InvalidPath { path: path.text().into(), detail: self.detail(heap, path).into() })
    }

    /// The error of a `.$` value (`field` with the `.$`), of `ErrorPath` and of `CausePath`.
    pub fn in_template(self, heap: &Heap, path: &Path, field: &str) -> Box<EvalError> {
        if !self.is_missing() {
            return self.in_field(heap, path);
        }
        Box::new(EvalError::NotFound { path: path.text().into(), field: field.into() })
    }

    /// The error of `Variable` or of an operand of a Choice rule.
    pub fn in_choice(self, path: &Path) -> Box<EvalError> {
        if let PathError::Exceeded(exceeded) = self {
            return exceeded.into();
        }
        Box::new(EvalError::InvalidChoicePath { path: path.text().into() })
    }

    /// The error of an argument of an intrinsic function; `call` is the whole expression.
    pub fn in_call(self, heap: &Heap, path: &Path, call: &str) -> Box<EvalError> {
        if self.is_missing() {
            return Box::new(EvalError::ArgumentNotFound { call: call.into(), path: path.text().into() });
        }
        if let PathError::Exceeded(exceeded) = self {
            return exceeded.into();
        }
        let text = format!("Invalid path '{}' : {}", path.text(), self.detail(heap, path));
        Box::new(EvalError::Function { call: call.into(), fault: CallFault::InvalidPath(text.into()) })
    }
}

fn part(path: &Path, step: usize) -> String {
    let mut out = String::new();
    if let Some(step) = path.steps.list.get(step) {
        Step::write_normalized(step, &mut out);
    }
    out
}
