//! Operators.

use super::evaluate::Evaluation;
use super::{Answer, Arithmetic, Comparison, GiveUp, Node};
use crate::jsonata::scope::Scope;
use crate::value::{Double, Num, Value};

/// The largest magnitude below which every whole number is a double of its own.
const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

impl<S: Scope> Evaluation<'_, S> {
    /// Both sides; `None` if one is undefined.
    fn sides(&mut self, sides: &[Node; 2], input: Option<Value>) -> Answer<(Option<Value>, Option<Value>)> {
        Ok((self.value(&sides[0], input)?, self.value(&sides[1], input)?))
    }

    pub(super) fn arithmetic(
        &mut self,
        operator: Arithmetic,
        sides: &[Node; 2],
        input: Option<Value>,
    ) -> Answer<Option<Value>> {
        let (left, right) = self.sides(sides, input)?;
        let left = left.map(|value| self.double(value)).transpose()?;
        let right = right.map(|value| self.double(value)).transpose()?;
        let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
        let result = match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::Modulo => left % right,
        };
        number(result).map(Some)
    }

    pub(super) fn negate(&mut self, operand: &Node, input: Option<Value>) -> Answer<Option<Value>> {
        match self.value(operand, input)? {
            Some(value) => number(-self.double(value)?).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        sides: &[Node; 2],
        input: Option<Value>,
    ) -> Answer<Option<Value>> {
        let (Some(left), Some(right)) = self.sides(sides, input)? else {
            // An undefined side makes it undefined, unless the other is of no comparable type.
            return Err(GiveUp);
        };
        let ordering = match (left, right) {
            (Value::String(left), Value::String(right)) => self.heap.str(left).cmp(&self.heap.str(right)),
            _ => self.double(left)?.partial_cmp(&self.double(right)?).ok_or(GiveUp)?,
        };
        Ok(Some(Value::bool(match comparison {
            Comparison::Less => ordering.is_lt(),
            Comparison::LessEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterEqual => ordering.is_ge(),
        })))
    }

    pub(super) fn equals(&mut self, negated: bool, sides: &[Node; 2], input: Option<Value>) -> Answer<bool> {
        let (Some(left), Some(right)) = self.sides(sides, input)? else { return Ok(false) };
        Ok(self.same(left, right)? != negated)
    }

    fn same(&self, left: Value, right: Value) -> Answer<bool> {
        if left.is_number() && right.is_number() {
            return Ok(self.double(left)? == self.double(right)?);
        }
        Ok(self.heap.equals(left, right))
    }

    pub(super) fn contains(&mut self, sides: &[Node; 2], input: Option<Value>) -> Answer<bool> {
        let (Some(left), Some(right)) = self.sides(sides, input)? else { return Ok(false) };
        // Arrays and objects are compared by identity.
        if matches!(left, Value::Array(_) | Value::Object(_)) {
            return Err(GiveUp);
        }
        let Value::Array(list) = right else { return self.same(left, right) };
        for index in 0..list.len() {
            if self.same(left, self.heap.items(list)[index])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a condition holds; undefined does not.
    pub(super) fn holds(&mut self, condition: &Node, input: Option<Value>) -> Answer<bool> {
        match self.value(condition, input)? {
            Some(value) => self.truth(value),
            None => Ok(false),
        }
    }

    /// `$boolean`
    pub(super) fn truth(&self, value: Value) -> Answer<bool> {
        Ok(match value {
            Value::Null | Value::False => false,
            Value::True => true,
            Value::String(string) => !self.heap.str(string).is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            Value::Array(list) => match *self.heap.items(list) {
                [] => false,
                [only] if !matches!(only, Value::Array(_)) => self.truth(only)?,
                _ => return Err(GiveUp),
            },
            number => self.double(number)? != 0.0,
        })
    }

    /// The number as the language computes with it.
    pub(super) fn double(&self, value: Value) -> Answer<f64> {
        self.heap.number(value).map(Num::as_f64).ok_or(GiveUp)
    }

    /// A whole number that is exact as a double.
    pub(super) fn whole(&self, value: Value) -> Answer<i64> {
        let double = self.double(value)?;
        if double.fract() != 0.0 || double.abs() >= MAX_SAFE {
            return Err(GiveUp);
        }
        Ok(double as i64)
    }
}

/// A computed number: whole ones are integers, as the service shows them.
pub(super) fn number(result: f64) -> Answer<Value> {
    if result.fract() == 0.0 && result.abs() < MAX_SAFE {
        return Ok(Value::Int(result as i64));
    }
    if !result.is_finite() || result.abs() >= MAX_SAFE {
        return Err(GiveUp);
    }
    Ok(Value::Float(Double::new(result)))
}
