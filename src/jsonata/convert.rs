//! Values between the heap and the library.

use std::collections::HashMap;
use std::rc::Rc;

use jsonata_core::value::{JMap, JValue};

use super::error::EvaluationError;
use crate::value::{Double, Heap, Value};

/// The largest magnitude below which every whole number is a double of its own.
const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

/// Numbers that the library's doubles cannot hold exactly, by the double that stands for them there. One that comes out
/// of an evaluation again is printed as it was written.
#[derive(Debug, Default)]
pub(super) struct Inexact(HashMap<u64, Option<Value>>);

impl Inexact {
    fn note(&mut self, heap: &Heap, double: f64, value: Value) {
        let known = self.0.entry(double.to_bits()).or_insert(Some(value));
        // Two numbers with one double: none of them can be told from it.
        if known.is_some_and(|known| heap.to_json(known) != heap.to_json(value)) {
            *known = None;
        }
    }

    fn get(&self, double: f64) -> Option<Value> {
        self.0.get(&double.to_bits()).copied().flatten()
    }
}

/// The library's form of a value.
pub(super) fn to_library(heap: &Heap, value: Value, inexact: &mut Inexact) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::True => JValue::Bool(true),
        Value::False => JValue::Bool(false),
        Value::Int(_) | Value::Float(_) | Value::Number(_) => {
            let double = heap.number(value).map_or(0.0, |number| number.as_f64());
            if double.abs() >= MAX_SAFE {
                inexact.note(heap, double, value);
            }
            JValue::Number(double)
        }
        Value::String(string) => JValue::string(&*heap.str(string)),
        Value::Array(list) => {
            JValue::array(heap.items(list).iter().map(|item| to_library(heap, *item, inexact)).collect())
        }
        Value::Object(list) => {
            let entries = heap.entries(list);
            let entries = entries.map(|(key, value)| (heap.str(key).into_owned(), to_library(heap, value, inexact)));
            JValue::Object(Rc::new(entries.collect::<JMap>()))
        }
    }
}

/// The heap's form of a result; `None` if it is undefined.
pub(super) fn from_library(
    heap: &mut Heap,
    value: &JValue,
    inexact: &Inexact,
) -> Result<Option<Value>, Box<EvaluationError>> {
    Ok(Some(match value {
        JValue::Undefined => return Ok(None),
        JValue::Null => Value::Null,
        JValue::Bool(value) => Value::bool(*value),
        JValue::Number(double) => number(heap, *double, inexact),
        JValue::String(text) => heap.string(text),
        JValue::Array(items) => {
            let mark = heap.mark();
            for item in items.iter() {
                match from_library(heap, item, inexact) {
                    Ok(Some(item)) => heap.push(item),
                    Ok(None) => {}
                    Err(error) => {
                        heap.abandon(mark);
                        return Err(error);
                    }
                }
            }
            heap.array_from(mark)?
        }
        JValue::Object(entries) => {
            let mark = heap.mark();
            for (key, value) in entries.iter() {
                match from_library(heap, value, inexact) {
                    Ok(Some(value)) => {
                        let key = heap.key(key);
                        heap.push_entry(key, value);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        heap.abandon(mark);
                        return Err(error);
                    }
                }
            }
            heap.object_from(mark)?
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            return Err(Box::new(EvaluationError::FunctionResult));
        }
    }))
}

fn number(heap: &mut Heap, double: f64, inexact: &Inexact) -> Value {
    if let Some(value) = inexact.get(double) {
        return value;
    }
    if double.is_nan() {
        return heap.string("NaN");
    }
    if double.is_infinite() {
        return heap.string(if double > 0.0 { "Infinity" } else { "-Infinity" });
    }
    // The service shows whole numbers in full, and no negative zero.
    if double.fract() == 0.0 && double.abs() < 9.2e18 {
        return Value::Int(double as i64);
    }
    Value::Float(Double::new(double))
}
