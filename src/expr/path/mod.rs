//! Paths: the JSONPath dialect of the real service, and reference paths, its subset of one place.
//!
//! The service reads and evaluates paths with the Java library json-path 2.0.0, and so it is here: what that library refuses,
//! reads in its own way or leaves undone is the dialect. `scripts/json-path` compares the two.
//!
//! A path is parsed once into steps. Names and indexes alone, the common case, are followed by a plain loop. Any other path
//! is a search that collects what it finds on the heap's build stack.

mod bracket;
mod context;
mod decimal;
mod error;
mod filter;
mod java_regex;
mod literal;
mod parse;
mod parse_filter;
mod reference;
mod search;
mod step;
mod trail;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

pub use context::ContextField;
pub use error::PathError;
pub use reference::{ReferencePath, ResultPathError};

use crate::expr::scope::Scope;
use crate::value::{Heap, Value};
use error::Cause;
use search::Walk;
use step::{Step, Steps};

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

/// A step of a path that is made of names and indexes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// `.name`
    Name(&'a str),
    /// `[n]`; a negative one leads nowhere.
    Index(i64),
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
    steps: Steps,
    /// The part of the context object that a definite path begins at, and the steps that lead there.
    context_field: Option<(ContextField, usize)>,
}

impl Path {
    /// Reads the text of a path.
    ///
    /// # Errors
    /// [`PathSyntaxError`] says what is wrong and where.
    pub fn parse(text: &str) -> Result<Path, PathSyntaxError> {
        let (root, steps) = parse::path(text)?;
        let context_field = if root == Root::Context && steps.plain { ContextField::find(&steps.list) } else { None };
        Ok(Path { text: text.into(), root, steps, context_field })
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
        self.steps.definite
    }

    /// Whether the path may lead into this part of the context object.
    pub fn may_read_context(&self, part: &str) -> bool {
        self.root == Root::Context
            && match self.steps.list.first() {
                Some(Step::Name(name)) => &**name == part,
                _ => true,
            }
    }

    /// Whether the path is just `$`.
    pub fn is_root_only(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty()
    }

    /// The steps from the root, if they are names and indexes only.
    pub fn places(&self) -> Option<impl Iterator<Item = Place<'_>>> {
        self.steps.plain.then(|| {
            self.steps.list.iter().filter_map(|step| match step {
                Step::Name(name) => Some(Place::Name(name)),
                Step::Index(index) => Some(Place::Index(*index)),
                _ => None,
            })
        })
    }

    /// Applies the path to the value of its root.
    ///
    /// # Errors
    /// [`PathError`] if a step cannot be applied to what it meets, or does not find what must be there.
    pub fn evaluate(&self, heap: &mut Heap, root: Value) -> Result<Value, PathError> {
        if matches!(root, Value::Null) && !self.steps.is_empty() {
            return Err(PathError(Cause::NullRoot));
        }
        if self.steps.plain {
            return self.steps.evaluate_plain(0, heap, root).map_err(|fault| PathError(Cause::Plain(fault)));
        }
        let found = self.steps.search(heap, root, &mut Walk::new(root));
        found.map_err(|(fault, trail)| PathError::of_search(heap, self, &fault, &trail))
    }

    /// What the path leads to, if it is one of the most frequent kind: plain steps from the data. `None` says nothing.
    #[inline(always)]
    pub(in crate::expr) fn find(&self, heap: &mut Heap, scope: &mut impl Scope) -> Option<Value> {
        if self.root != Root::Input {
            return None;
        }
        let root = scope.root(heap, &Root::Input)?;
        self.steps.follow(heap, root)
    }

    /// Finds the root in the scope and applies the path to it.
    ///
    /// # Errors
    /// As [`evaluate`](Path::evaluate); an error too if the scope does not know the root.
    #[inline]
    pub fn resolve(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, PathError> {
        if let Some((field, skip)) = self.context_field
            && let Some(value) = scope.context_field(heap, field)
        {
            let found = self.steps.evaluate_plain(skip, heap, value);
            return found.map_err(|fault| PathError(Cause::Plain(fault)));
        }
        let root = scope.root(heap, &self.root).ok_or(PathError(Cause::NoRoot))?;
        match self.steps.follow(heap, root) {
            Some(value) => Ok(value),
            None => self.evaluate(heap, root),
        }
    }
}
