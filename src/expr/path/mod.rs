//! Paths: the JSONPath dialect of the real service, and reference paths, its subset of one place.

mod error;
mod reference;

pub use error::PathError;
pub use reference::{ReferencePath, ResultPathError};

use crate::expr::scope::Scope;
use crate::value::{Heap, Value};

/// What a path begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$…`: the data at hand: the effective input, or the result.
    Input,
    /// `$$…`: the context object.
    Context,
    /// `$name…`: a variable.
    Variable(Box<str>),
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathSyntaxError {
    /// What is wrong.
    pub message: String,
    /// Byte offset into the text of the path.
    pub offset: usize,
}

/// A compiled JSONPath.
#[derive(Clone, Debug)]
pub struct Path {
    text: Box<str>,
    root: Root,
}

impl Path {
    /// Reads the text of a path.
    ///
    /// # Errors
    /// [`PathSyntaxError`] says what is wrong and where.
    pub fn parse(text: &str) -> Result<Path, PathSyntaxError> {
        let _ = text;
        todo!()
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the path begins at.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path names one place: its value is what is found there. The value of any other path is an array of
    /// all that was found.
    pub fn is_definite(&self) -> bool {
        todo!()
    }

    /// Whether the path is just `$`.
    pub fn is_root_only(&self) -> bool {
        &*self.text == "$"
    }

    /// The name of the first step, if the path begins at the data and its first step is a name. What it reads is
    /// within that field of the data.
    pub fn first_name(&self) -> Option<&str> {
        todo!()
    }

    /// Applies the path to the value of its root.
    ///
    /// # Errors
    /// [`PathError`] if a definite path finds nothing, or a step cannot be applied to what it meets.
    pub fn evaluate(&self, heap: &mut Heap, root: Value) -> Result<Value, PathError> {
        let _ = (heap, root);
        todo!()
    }

    /// Finds the root in the scope and applies the path to it.
    ///
    /// # Errors
    /// As [`evaluate`](Path::evaluate); [`PathError::NoRoot`] if the scope does not know the root.
    pub fn resolve(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, PathError> {
        let root = scope.root(heap, &self.root).ok_or(PathError::NoRoot)?;
        self.evaluate(heap, root)
    }
}
