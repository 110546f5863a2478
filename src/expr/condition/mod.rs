//! The rules of Choice.

mod operator;
mod pattern;
mod table;

#[cfg(test)]
mod tests;

pub use operator::{Comparison, Kind, OperandForm, Operator};
pub use pattern::Pattern;
pub use table::StringTable;

use crate::expr::error::EvalError;
use crate::expr::java;
use crate::expr::path::{Path, PathError};
use crate::expr::scope::Scope;
use crate::expr::timestamp::Instant;
use crate::value::{Heap, Num, Value};

/// Bytes of a text that are compared, matched or read for a unit of work.
const BYTES_PER_UNIT: usize = 16;

/// A compiled Choice rule.
#[derive(Debug)]
pub enum Condition {
    /// All are true; evaluated in order up to the first that is not.
    And(Vec<Condition>),
    /// One is true; evaluated in order up to the first that is.
    Or(Vec<Condition>),
    /// The rule is false.
    Not(Box<Condition>),
    /// A comparison or a type test.
    Test(Test),
}

/// A comparison of a variable with an operand, or a test of its type.
#[derive(Debug)]
pub struct Test {
    /// What is tested.
    pub variable: Path,
    /// How.
    pub operator: Operator,
    /// What it is compared with. One of a type that the operator does not compare makes the test false.
    pub operand: Operand,
}

/// What a variable is compared with.
#[derive(Debug)]
pub enum Operand {
    /// A string.
    String(Box<str>),
    /// A number.
    Number(Num),
    /// `true` or `false`.
    Boolean(bool),
    /// A point in time.
    Timestamp(Instant),
    /// A pattern of `StringMatches`.
    Pattern(Pattern),
    /// A value that is read when the rule is evaluated.
    Path(Path),
}

impl Condition {
    /// Whether the rule is true. Values of the wrong type make a comparison false.
    ///
    /// # Errors
    /// [`EvalError`] if a path finds nothing (but for `IsPresent`), or a pattern is malformed.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<bool, Box<EvalError>> {
        match self {
            Condition::Test(test) => test.evaluate(heap, scope),
            Condition::Not(rule) => Ok(!rule.evaluate(heap, scope)?),
            Condition::And(rules) => {
                for rule in rules {
                    if !rule.evaluate(heap, scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(rules) => {
                for rule in rules {
                    if rule.evaluate(heap, scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// The paths of the rule, those of operands included.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Condition::And(rules) | Condition::Or(rules) => rules.iter().for_each(|rule| rule.for_each_path(visit)),
            Condition::Not(rule) => rule.for_each_path(visit),
            Condition::Test(test) => {
                visit(&test.variable);
                if let Operand::Path(path) = &test.operand {
                    visit(path);
                }
            }
        }
    }
}

impl Test {
    fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<bool, Box<EvalError>> {
        heap.work(1)?;
        let found = self.variable.resolve(heap, scope);
        let value = match (found, self.operator) {
            (Ok(value), _) => value,
            (Err(error), Operator::Is(Kind::Present)) => return self.is_absent(heap, &error),
            (Err(error), _) => return Err(error.in_choice(&self.variable)),
        };
        if matches!(value, Value::String(_)) {
            heap.count(heap.appended_size(value) / BYTES_PER_UNIT);
        }
        let operand = match &self.operand {
            Operand::Path(path) => {
                let operand = path.resolve(heap, scope).map_err(|error| error.in_choice(path))?;
                return Ok(self.compare_values(heap, value, operand));
            }
            constant => constant,
        };
        match (self.operator, operand) {
            (Operator::Is(kind), Operand::Boolean(expected)) => Ok(is(heap, value, kind) == *expected),
            (Operator::StringMatches, Operand::Pattern(pattern)) => match value {
                Value::String(text) => pattern
                    .matches(&heap.str(text))
                    .ok_or_else(|| Box::new(EvalError::InvalidPattern { pattern: pattern.text().into() })),
                _ => Ok(false),
            },
            _ => Ok(self.compare_constant(heap, value, operand)),
        }
    }

    /// `IsPresent` of a variable that is not there.
    fn is_absent(&self, heap: &Heap, error: &PathError) -> Result<bool, Box<EvalError>> {
        match error.exceeded() {
            Some(_) => Err(error.in_field(heap, &self.variable)),
            None => Ok(matches!(self.operand, Operand::Boolean(false))),
        }
    }

    fn compare_constant(&self, heap: &Heap, value: Value, operand: &Operand) -> bool {
        match (self.operator, operand, value) {
            // Equality needs no order, and so no decoding of most strings.
            (Operator::String(Comparison::Equals), Operand::String(expected), Value::String(text)) => {
                heap.str_equals(text, expected)
            }
            (Operator::String(comparison), Operand::String(expected), Value::String(text)) => {
                comparison.accepts(java::compare(&heap.str(text), expected))
            }
            (Operator::Numeric(comparison), Operand::Number(expected), value) => {
                heap.number(value).is_some_and(|number| comparison.accepts(number.compare(*expected)))
            }
            (Operator::Timestamp(comparison), Operand::Timestamp(expected), value) => {
                instant(heap, value).is_some_and(|instant| comparison.accepts(instant.cmp(expected)))
            }
            (Operator::BooleanEquals, Operand::Boolean(expected), found) => found.as_bool() == Some(*expected),
            _ => false,
        }
    }

    fn compare_values(&self, heap: &Heap, value: Value, operand: Value) -> bool {
        let order = match (self.operator, value, operand) {
            (Operator::String(_), Value::String(a), Value::String(b)) => {
                Some(java::compare(&heap.str(a), &heap.str(b)))
            }
            (Operator::Numeric(_), a, b) => heap.number(a).and_then(|a| heap.number(b).map(|b| a.compare(b))),
            (Operator::Timestamp(_), a, b) => instant(heap, a).and_then(|a| instant(heap, b).map(|b| a.cmp(&b))),
            (Operator::BooleanEquals, a, b) => return a.as_bool().is_some() && a.as_bool() == b.as_bool(),
            _ => None,
        };
        match self.operator {
            Operator::String(comparison) | Operator::Numeric(comparison) | Operator::Timestamp(comparison) => {
                order.is_some_and(|order| comparison.accepts(order))
            }
            _ => false,
        }
    }
}

fn is(heap: &Heap, value: Value, kind: Kind) -> bool {
    match kind {
        Kind::Present => true,
        Kind::Null => matches!(value, Value::Null),
        Kind::Numeric => value.is_number(),
        Kind::String => matches!(value, Value::String(_)),
        Kind::Boolean => value.as_bool().is_some(),
        Kind::Timestamp => instant(heap, value).is_some(),
    }
}

fn instant(heap: &Heap, value: Value) -> Option<Instant> {
    match value {
        Value::String(text) => Instant::parse(&heap.str(text)),
        _ => None,
    }
}
