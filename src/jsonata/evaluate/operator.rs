//! Operators on values.

use std::cmp::Ordering;

use super::foreign::{self, Foreign};
use super::{Evaluated, Evaluation, text};
use crate::jsonata::compile::{Arithmetic, Comparison};
use crate::jsonata::error::Throw;
use crate::value::{List, Value};

/// `+`, `-`, `*`, `/`, `%`: numbers; undefined if a side is.
pub(super) fn arithmetic(
    own: &mut Evaluation<'_>,
    op: Arithmetic,
    left: Option<Value>,
    right: Option<Value>,
) -> Evaluated {
    let operand = |own: &Evaluation<'_>, value: Option<Value>, code: &str, side: &str| {
        let Some(value) = value else { return Ok(None) };
        match own.numeric(value)? {
            Some(number) => Ok(Some(number)),
            None => {
                let symbol = symbol(op);
                let text = format!("The {side} side of the {{{{token}}}} operator must evaluate to a number");
                Err(Throw::of_operator(code, &text, symbol))
            }
        }
    };
    let left = operand(own, left, "T2001", "left")?;
    let right = operand(own, right, "T2002", "right")?;
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let result = match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Modulo => left % right,
    };
    Ok(Some(own.number_value(result)))
}

fn symbol(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Modulo => "%",
    }
}

/// `<`, `<=`, `>`, `>=`: two numbers or two strings; undefined if a side is.
pub(super) fn compare(
    own: &mut Evaluation<'_>,
    op: Comparison,
    left: Option<Value>,
    right: Option<Value>,
) -> Evaluated {
    let symbol = match op {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    if !own.is_comparable(left) || !own.is_comparable(right) {
        let text = "The expressions either side of operator {{token}} must evaluate to numeric or string values";
        return Err(Throw::of_operator("T2010", text, symbol));
    }
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let Some(order) = own.order(left, right)? else {
        let (left, right) = (text::json(own, left), text::json(own, right));
        let text = format!(
            "The values {left} and {right} either side of operator {{{{token}}}} must be of the same data type"
        );
        return Err(Throw::of_operator("T2009", &text, symbol));
    };
    let Some(order) = order else { return Ok(Some(Value::False)) };
    Ok(Some(Value::bool(match op {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })))
}

impl Evaluation<'_> {
    /// Undefined, a number or a string.
    pub(super) fn is_comparable(&self, value: Option<Value>) -> bool {
        value.is_none_or(|value| matches!(value, Value::String(_)) || value.is_number() || self.double(value).is_some())
    }

    /// The order of two numbers or two strings, by code units as JavaScript has it; the inner `None`: one is no number.
    /// `None` if they are not of the same type.
    pub(in crate::jsonata) fn order(&mut self, left: Value, right: Value) -> Result<Option<Option<Ordering>>, Throw> {
        if let (Value::Int(left), Value::Int(right)) = (left, right) {
            return Ok(Some(Some(left.cmp(&right))));
        }
        if let (Value::String(left), Value::String(right)) = (left, right) {
            let (left, right) = (self.heap.str(left), self.heap.str(right));
            let units = left.len().min(right.len()) / 64;
            let order = text_order(&left, &right);
            self.work(units)?;
            return Ok(Some(Some(order)));
        }
        Ok(match (self.double(left), self.double(right)) {
            (Some(left), Some(right)) => Some(left.partial_cmp(&right)),
            _ => None,
        })
    }

    /// Unary `-`.
    pub(super) fn negate(&mut self, operand: Option<Value>) -> Evaluated {
        let Some(operand) = operand else { return Ok(None) };
        match self.numeric(operand)? {
            Some(number) => Ok(Some(self.number_value(-number))),
            None => {
                let shown = text::json(self, operand);
                Err(Throw::new("D1002", format!("Cannot negate a non-numeric value: {shown}")))
            }
        }
    }

    /// `in`: scalars by value, everything else only if it is the same.
    pub(super) fn contains(&mut self, left: Option<Value>, right: Option<Value>) -> Result<bool, Throw> {
        let (Some(left), Some(right)) = (left, right) else { return Ok(false) };
        let Value::Array(list) = right else { return self.is_same(left, right) };
        // The digits of a number are read once, not for each element.
        let number = self.double(left);
        for index in 0..list.len() {
            let item = self.heap.items(list)[index];
            self.work(1)?;
            if match number {
                Some(number) => self.double(item) == Some(number),
                None => self.is_same(left, item)?,
            } {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// JavaScript's `===`.
    fn is_same(&mut self, left: Value, right: Value) -> Result<bool, Throw> {
        match (left, right) {
            (Value::Array(left), Value::Array(right)) | (Value::Object(left), Value::Object(right)) => {
                Ok(self.heap.is_same_list(left, right))
            }
            (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => Ok(false),
            _ => self.equal(left, right),
        }
    }

    /// Deep equality, numbers as doubles, objects whatever the order of their keys.
    pub(in crate::jsonata) fn equal(&mut self, left: Value, right: Value) -> Result<bool, Throw> {
        match (left, right) {
            (Value::Int(left), Value::Int(right)) => Ok(left == right),
            (Value::String(_), Value::String(_)) => {
                if let Value::String(text) = left {
                    self.work(self.heap.str_len(text) / 64)?;
                }
                Ok(self.heap.equals(left, right))
            }
            (Value::Array(a), Value::Array(b)) | (Value::Object(a), Value::Object(b)) if a.len() != b.len() => {
                Ok(false)
            }
            (Value::Array(a), Value::Array(b)) | (Value::Object(a), Value::Object(b))
                if self.heap.is_same_list(a, b) =>
            {
                Ok(true)
            }
            (Value::Array(left), Value::Array(right)) => self.arrays_equal(left, right),
            (Value::Object(left), Value::Object(right)) => self.objects_equal(left, right),
            (Value::Foreign(left), Value::Foreign(right)) => {
                let is_nan =
                    matches!(foreign::read(Value::Foreign(left)), Some(Foreign::Number(number)) if number.is_nan());
                Ok(left == right && !is_nan)
            }
            (left, right) if left.is_number() && right.is_number() => Ok(self.double(left) == self.double(right)),
            (left, right) => Ok(self.heap.equals(left, right)),
        }
    }

    /// Of two arrays of the same length.
    fn arrays_equal(&mut self, left: List, right: List) -> Result<bool, Throw> {
        self.work(left.len())?;
        for index in 0..left.len() {
            let (a, b) = (self.heap.items(left)[index], self.heap.items(right)[index]);
            if !self.equal(a, b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Of two objects of as many entries.
    fn objects_equal(&mut self, left: List, right: List) -> Result<bool, Throw> {
        self.work(left.len())?;
        for index in 0..left.len() {
            let (key, value) = self.heap.entry(left, index);
            // Most objects that are compared have their keys in the same order.
            let (twin, other) = self.heap.entry(right, index);
            let other = if self.heap.equals(Value::String(key), Value::String(twin)) {
                Some(other)
            } else {
                self.work(right.len() / 4)?;
                let key = self.heap.str(key).into_owned();
                self.heap.field(right, &key)
            };
            match other {
                Some(other) if self.equal(value, other)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// `$boolean`
    pub(in crate::jsonata) fn boolean(&mut self, value: Value) -> Result<bool, Throw> {
        Ok(match value {
            Value::Null | Value::False => false,
            Value::True => true,
            Value::Int(int) => int != 0,
            Value::Float(_) | Value::Number(_) => self.double(value).is_some_and(|number| number != 0.0),
            Value::String(text) => !self.heap.str_equals(text, ""),
            Value::Array(list) => {
                self.work(list.len())?;
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    if self.boolean(item)? {
                        return Ok(true);
                    }
                }
                false
            }
            Value::Object(list) => !list.is_empty(),
            Value::Foreign(_) => self.numeric(value)?.is_some(),
        })
    }

    /// Whether JavaScript takes a value for true.
    pub(in crate::jsonata) fn is_truthy(&self, value: Option<Value>) -> bool {
        match value {
            None | Some(Value::Null | Value::False) => false,
            Some(Value::String(text)) => !self.heap.str_equals(text, ""),
            Some(value) => self.double(value).is_none_or(|number| number != 0.0 && !number.is_nan()),
        }
    }
}

/// By code units, as JavaScript compares.
fn text_order(left: &str, right: &str) -> Ordering {
    let (left_bytes, right_bytes) = (left.as_bytes(), right.as_bytes());
    let common = std::iter::zip(left_bytes, right_bytes).take_while(|(left, right)| left == right).count();
    // UTF-8 and UTF-16 agree, but for characters beyond the basic plane against those at its end.
    match (left_bytes.get(common), right_bytes.get(common)) {
        (Some(left_byte), Some(right_byte)) if *left_byte >= 0xEE && *right_byte >= 0xEE => {
            let start = (0..=common).rev().find(|at| left.is_char_boundary(*at)).unwrap_or(0);
            left[start..].encode_utf16().cmp(right[start..].encode_utf16())
        }
        (left, right) => left.cmp(&right),
    }
}
