//! Values that a state computes from its data, in either query language.

use crate::expr::Template;
use crate::jsonata::Expression;
use crate::value::{Exceeded, Heap, Outline, Str, Value};

/// What a field such as `Parameters`, `Arguments`, `Output` or `Assign` is compiled to.
#[derive(Debug)]
pub(crate) enum Payload {
    /// JSONPath: a payload template.
    Template(Template),
    /// JSONata: a structure with expressions.
    Query(QueryTemplate),
}

/// JSON in which strings may be expressions.
#[derive(Debug)]
pub(crate) enum QueryTemplate {
    /// A part without expressions: a value of the program's constants.
    Constant(Value),
    Query(Box<Query>),
    Object(Box<QueryObject>),
    Array(Vec<QueryTemplate>),
}

/// An object with parts that are not constant.
#[derive(Debug)]
pub(crate) struct QueryObject {
    /// What is known of it, a constant of the program.
    pub(crate) outline: Outline,
    /// What is filled in: places and keys of entries, and what gives their values.
    pub(crate) parts: Box<[(usize, Str, QueryTemplate)]>,
}

impl QueryObject {
    /// An object with these entries. The keys are constants of the program and differ from each other.
    ///
    /// # Errors
    /// [`Exceeded`] if a constant is nested too deep.
    pub(super) fn new(entries: Vec<(Str, QueryTemplate)>, constants: &mut Heap) -> Result<QueryObject, Exceeded> {
        let known = entries.iter().map(|(key, part)| match part {
            QueryTemplate::Constant(value) => (*key, Some(*value)),
            _ => (*key, None),
        });
        let outline = constants.outline(known)?;
        let parts = entries.into_iter().enumerate().map(|(place, (key, part))| (place, key, part));
        let parts = parts.filter(|(_, _, part)| !matches!(part, QueryTemplate::Constant(_))).collect();
        Ok(QueryObject { outline, parts })
    }
}

/// A JSONata expression and its place.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) expression: Expression,
    /// The place within the state as errors and events name it: `Output/a/b[0]`, `Choices[1]/Condition`.
    pub(crate) location: Box<str>,
}
