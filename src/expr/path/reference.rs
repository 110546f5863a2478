use crate::expr::path::Path;
use crate::value::{Heap, TooDeep, Value};

use super::PathSyntaxError;

/// A path that names exactly one place: names and single indexes only. `ResultPath` and most `…Path` fields take these.
#[derive(Clone, Debug)]
pub struct ReferencePath {
    path: Path,
}

/// Why a result cannot be put where `ResultPath` says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResultPathError {
    /// The path leads through, or ends in, something that cannot hold the result.
    #[error("Unable to apply ReferencePath {path} to input {input}")]
    NoMatch {
        /// The path as it was written.
        path: Box<str>,
        /// The input as compact JSON.
        input: Box<str>,
    },
    /// The output would be nested deeper than a value may be.
    #[error("{0}")]
    TooDeep(#[from] TooDeep),
}

impl ResultPathError {
    /// The error's name.
    pub fn error_name(&self) -> &'static str {
        "States.ResultPathMatchFailure"
    }
}

impl ReferencePath {
    /// Reads the text of a reference path.
    ///
    /// # Errors
    /// [`PathSyntaxError`] if the text is no reference path; its message is the real service's.
    pub fn parse(text: &str) -> Result<ReferencePath, PathSyntaxError> {
        let _ = text;
        todo!()
    }

    /// The same place as a path to read from.
    pub fn as_path(&self) -> &Path {
        &self.path
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        self.path.text()
    }

    /// A copy of `into` in which the place holds `value`. Objects on the way are made if they are missing; what is not
    /// on the way is shared.
    ///
    /// # Errors
    /// [`ResultPathError`] if something on the way is no object, or an array without that element.
    pub fn write(&self, heap: &mut Heap, into: Value, value: Value) -> Result<Value, ResultPathError> {
        let _ = (heap, into, value);
        todo!()
    }
}
