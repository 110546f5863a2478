//! Operators on values.

use std::cmp::Ordering;

use super::evaluate::Evaluated;
use super::node::{Arithmetic, Comparison};
use super::{Stop, text};
use crate::jsonata::number;
use crate::value::{Heap, Value};

/// `+`, `-`, `*`, `/`, `%`: undefined if a side is.
pub(super) fn arithmetic(heap: &mut Heap, op: Arithmetic, left: Option<Value>, right: Option<Value>) -> Evaluated {
    let sides = [left.map(|value| heap.number(value)), right.map(|value| heap.number(value))];
    for (side, code, name) in [(sides[0], "T2001", "left"), (sides[1], "T2002", "right")] {
        if matches!(side, Some(None)) {
            let operator = symbol(op);
            return Err(Stop::thrown(format!(
                "{code}: The {name} side of the \"{operator}\" operator must evaluate to a number"
            )));
        }
    }
    let [Some(Some(left)), Some(Some(right))] = sides else { return Ok(None) };
    let (left, right) = (left.as_f64(), right.as_f64());
    let result = match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Modulo => left % right,
    };
    // The heap knows no infinity, and no negative zero: the library does.
    if !result.is_finite() || (result == 0.0 && result.is_sign_negative()) {
        return Err(Stop::Library);
    }
    Ok(Some(number::value(heap, result)))
}

fn symbol(op: Arithmetic) -> char {
    match op {
        Arithmetic::Add => '+',
        Arithmetic::Subtract => '-',
        Arithmetic::Multiply => '*',
        Arithmetic::Divide => '/',
        Arithmetic::Modulo => '%',
    }
}

/// Unary `-`.
pub(super) fn negate(heap: &mut Heap, operand: Value) -> Result<Value, Stop> {
    match heap.number(operand).map(|number| -number.as_f64()) {
        // No negative zero.
        Some(0.0) => Err(Stop::Library),
        Some(number) => Ok(number::value(heap, number)),
        None => {
            let shown = text::json(heap, operand);
            Err(Stop::thrown(format!("D1002: Cannot negate a non-numeric value: {shown}")))
        }
    }
}

/// `<`, `<=`, `>`, `>=`: two numbers or two strings; undefined if a side is.
pub(super) fn compare(heap: &Heap, op: Comparison, left: Option<Value>, right: Option<Value>) -> Evaluated {
    let symbol = match op {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    let is_comparable = |value: Option<Value>| value.is_none_or(|value| value.is_number() || is_string(value));
    if !is_comparable(left) || !is_comparable(right) {
        return Err(Stop::thrown(format!(
            "T2010: The expressions either side of operator \"{symbol}\" must evaluate to numeric or string values"
        )));
    }
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => text_order(&heap.str(left), &heap.str(right)),
        (left, right) => {
            let (Some(left), Some(right)) = (heap.number(left), heap.number(right)) else {
                let (left, right) = (text::json(heap, left), text::json(heap, right));
                return Err(Stop::thrown(format!(
                    "T2009: The values {left} and {right} either side of operator \"{symbol}\" must be of the same data \
                     type"
                )));
            };
            left.as_f64().total_cmp(&right.as_f64())
        }
    };
    Ok(Some(Value::bool(match op {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })))
}

fn is_string(value: Value) -> bool {
    matches!(value, Value::String(_))
}

/// By code units, as JavaScript compares.
fn text_order(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// Deep equality, numbers as doubles.
pub(super) fn equal(heap: &Heap, left: Value, right: Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && std::iter::zip(heap.items(left), heap.items(right)).all(|(a, b)| equal(heap, *a, *b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && heap.entries(left).all(|(key, value)| {
                    heap.field(right, &heap.str(key)).is_some_and(|other| equal(heap, value, other))
                })
        }
        (left, right) if left.is_number() && right.is_number() => {
            let double = |value| heap.number(value).map(|number| number.as_f64());
            double(left) == double(right)
        }
        (left, right) => heap.equals(left, right),
    }
}

/// `$boolean`
pub(super) fn boolean(heap: &Heap, value: Value) -> bool {
    match value {
        Value::Null | Value::False => false,
        Value::True => true,
        Value::Int(int) => int != 0,
        Value::Float(_) | Value::Number(_) => heap.number(value).is_some_and(|number| number.as_f64() != 0.0),
        Value::String(text) => !heap.str_equals(text, ""),
        Value::Array(list) => heap.items(list).iter().any(|item| boolean(heap, *item)),
        Value::Object(list) => !list.is_empty(),
    }
}
