use std::cmp::Ordering;

use super::{Heap, Value};

/// A number that can be computed with.
#[derive(Clone, Copy, Debug)]
pub enum Num {
    /// A whole number that fits 64 bits and was written without fraction or exponent.
    Int(i64),
    /// Any other number, as the nearest double.
    Float(f64),
}

impl Num {
    /// Reads digits in JSON's notation.
    pub fn parse(digits: &str) -> Option<Num> {
        match digits.parse::<i64>() {
            Ok(int) => Some(Num::Int(int)),
            Err(_) => digits.parse().ok().filter(|f: &f64| f.is_finite()).map(Num::Float),
        }
    }

    /// The number as a double.
    pub fn as_f64(self) -> f64 {
        match self {
            Num::Int(int) => int as f64,
            Num::Float(float) => float,
        }
    }

    /// Compares by value: `1` equals `1.0`.
    pub fn compare(self, other: Num) -> Ordering {
        match (self, other) {
            (Num::Int(a), Num::Int(b)) => a.cmp(&b),
            // No value holds a NaN.
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        }
    }
}

impl Heap {
    /// The number behind a value; `None` if it is none, or too large for a double.
    pub fn number(&self, value: Value) -> Option<Num> {
        match value {
            Value::Int(int) => Some(Num::Int(int)),
            Value::Float(float) => Some(Num::Float(float.get())),
            Value::Number(span) => Num::parse(self.digits(span)),
            _ => None,
        }
    }
}
