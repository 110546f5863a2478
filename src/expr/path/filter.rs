use std::cmp::Ordering;

use crate::value::{Heap, Num, Value};

use super::error::PathError;
use super::evaluate::Walk;
use super::operator::Operator;
use super::step::Steps;

/// What stands in `[?(…)]`.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// A path alone: whether it finds anything.
    Exists(Operand),
    Compare(Operand, Operator, Operand),
}

/// One side of a comparison in a filter, or an argument of a path function.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// `@…`
    Current(Steps),
    /// `$…`
    Root(Steps),
    Text(Box<str>),
    Number(Num),
    Boolean(bool),
    Null,
    List(Box<[Operand]>),
    Regex(Box<regex::Regex>),
}

/// The value of an operand.
#[derive(Clone, Copy)]
pub(super) enum Term<'a> {
    Missing,
    Value(Value),
    Text(&'a str),
    Number(Num),
    Boolean(bool),
    Null,
    List(&'a [Operand]),
    Regex(&'a regex::Regex),
}

impl Filter {
    /// Whether a value is let through.
    pub(super) fn accepts(&self, heap: &mut Heap, current: Value, walk: &mut Walk) -> Result<bool, PathError> {
        match self {
            Filter::Or(parts) => {
                for part in parts {
                    if part.accepts(heap, current, walk)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::And(parts) => {
                for part in parts {
                    if !part.accepts(heap, current, walk)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(part) => Ok(!part.accepts(heap, current, walk)?),
            Filter::Exists(operand) => Ok(match (operand, operand.evaluate(heap, current, walk)?) {
                (_, Term::Missing) => false,
                // A search that finds nothing gives an empty array.
                (Operand::Current(steps) | Operand::Root(steps), Term::Value(Value::Array(found)))
                    if !steps.definite =>
                {
                    !found.is_empty()
                }
                _ => true,
            }),
            Filter::Compare(left, operator, right) => {
                let left = left.evaluate(heap, current, walk)?;
                let right = right.evaluate(heap, current, walk)?;
                Ok(operator.holds(heap, left, right))
            }
        }
    }
}

impl Operand {
    pub(super) fn evaluate(&self, heap: &mut Heap, current: Value, walk: &mut Walk) -> Result<Term<'_>, PathError> {
        let found = match self {
            Operand::Current(steps) => steps.evaluate(heap, current, walk),
            Operand::Root(steps) => steps.evaluate(heap, walk.root, walk),
            literal => return Ok(literal.literal()),
        };
        match found {
            Ok(value) => Ok(Term::Value(value)),
            Err(error @ PathError::Exceeded(_)) => Err(error),
            Err(_) => Ok(Term::Missing),
        }
    }

    /// The value of an operand that is no path.
    pub(super) fn literal(&self) -> Term<'_> {
        match self {
            Operand::Text(text) => Term::Text(text),
            Operand::Number(number) => Term::Number(*number),
            Operand::Boolean(boolean) => Term::Boolean(*boolean),
            Operand::Null => Term::Null,
            Operand::List(items) => Term::List(items),
            Operand::Regex(regex) => Term::Regex(regex),
            Operand::Current(_) | Operand::Root(_) => Term::Missing,
        }
    }
}

impl Term<'_> {
    pub(super) fn equals(self, heap: &Heap, other: Term<'_>) -> bool {
        match (self, other) {
            (Term::Value(a), Term::Value(b)) => heap.equals(a, b),
            (Term::List(a), Term::List(b)) => {
                a.len() == b.len() && std::iter::zip(a, b).all(|(a, b)| a.literal().equals(heap, b.literal()))
            }
            (Term::List(items), Term::Value(Value::Array(array)))
            | (Term::Value(Value::Array(array)), Term::List(items)) => {
                items.len() == array.len()
                    && std::iter::zip(items, heap.items(array))
                        .all(|(item, value)| item.literal().equals(heap, Term::Value(*value)))
            }
            (a, b) if a.is_null() && b.is_null() => true,
            (a, b) => match (a.boolean(), b.boolean()) {
                (Some(a), Some(b)) => a == b,
                _ => a.compare(heap, b) == Some(Ordering::Equal),
            },
        }
    }

    /// The order of two numbers, or of two strings.
    pub(super) fn compare(self, heap: &Heap, other: Term<'_>) -> Option<Ordering> {
        if let (Some(a), Some(b)) = (self.number(heap), other.number(heap)) {
            return Some(a.compare(b));
        }
        match (self, other) {
            (Term::Value(Value::String(a)), Term::Value(Value::String(b))) => Some(heap.str(a).cmp(&heap.str(b))),
            (Term::Value(Value::String(a)), Term::Text(b)) => Some((*heap.str(a)).cmp(b)),
            (Term::Text(a), Term::Value(Value::String(b))) => Some(a.cmp(&heap.str(b))),
            (Term::Text(a), Term::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    pub(super) fn number(self, heap: &Heap) -> Option<Num> {
        match self {
            Term::Number(number) => Some(number),
            Term::Value(value) => heap.number(value),
            _ => None,
        }
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match self {
            Term::Boolean(boolean) => Some(boolean),
            Term::Value(value) => value.as_bool(),
            _ => None,
        }
    }

    fn is_null(self) -> bool {
        matches!(self, Term::Null | Term::Value(Value::Null))
    }

    /// Number of elements, entries or characters.
    pub(super) fn len(self, heap: &Heap) -> Option<usize> {
        match self {
            Term::List(items) => Some(items.len()),
            Term::Text(text) => Some(text.chars().count()),
            Term::Value(Value::Array(list) | Value::Object(list)) => Some(list.len()),
            Term::Value(Value::String(text)) => Some(heap.str(text).chars().count()),
            _ => None,
        }
    }
}
