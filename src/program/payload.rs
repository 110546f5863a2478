//! Values that a state computes from its data, in either query language.

use crate::expr::Template;
use crate::jsonata::Expression;
use crate::value::{Str, Value};

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
    /// The keys are constants of the program and differ from each other.
    Object(Vec<(Str, QueryTemplate)>),
    Array(Vec<QueryTemplate>),
}

/// A JSONata expression and its place.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) expression: Expression,
    /// The place within the state as errors and events name it: `Output/a/b[0]`, `Choices[1]/Condition`.
    pub(crate) location: Box<str>,
}
