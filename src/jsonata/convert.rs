//! Values between the heap and the library.

use std::collections::HashMap;
use std::rc::Rc;

use jsonata_core::value::{JMap, JValue};

use super::compiled::MAX_BYTES;
use super::error::{EvaluationError, OUT_OF_MEMORY};
use super::names::Needed;
use super::number;
use crate::value::{Exceeded, Heap, MAX_DEPTH, Value};

/// Numbers that the library's doubles cannot hold exactly, by the double that stands for them there. One that comes out
/// of an evaluation again is printed as it was written.
#[derive(Debug, Default)]
pub(super) struct Inexact(HashMap<u64, Option<Value>>);

impl Inexact {
    fn note(&mut self, heap: &Heap, double: f64, value: Value) {
        let known = self.0.entry(double.to_bits()).or_insert(Some(value));
        // Two numbers with one double: it identifies none of them.
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
            if double.abs() >= number::MAX_SAFE {
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

/// The library's form of as much of a value as is needed.
pub(super) fn part_to_library(heap: &Heap, value: Value, needed: &Needed, inexact: &mut Inexact) -> JValue {
    match value {
        Value::Array(list) if !needed.whole => {
            let items = heap.items(list).iter();
            JValue::array(items.map(|item| part_to_library(heap, *item, needed, inexact)).collect())
        }
        Value::Object(list) if !needed.whole => {
            let mut entries = JMap::default();
            for (name, needed) in &needed.fields {
                if let Some(value) = heap.field(list, name) {
                    entries.insert(name.to_string(), part_to_library(heap, value, needed, inexact));
                }
            }
            JValue::Object(Rc::new(entries))
        }
        value => to_library(heap, value, inexact),
    }
}

/// The heap's form of a result; `None` if it is undefined. Parts that appear more than once count each time.
pub(super) fn from_library(
    heap: &mut Heap,
    value: &JValue,
    inexact: &Inexact,
) -> Result<Option<Value>, Box<EvaluationError>> {
    let mark = heap.mark();
    let max_bytes = heap.bytes_used().saturating_add(MAX_BYTES);
    let result = Reader { heap, inexact, max_bytes }.read(value, 0);
    if result.is_err() {
        heap.abandon(mark);
    }
    result
}

struct Reader<'a> {
    heap: &'a mut Heap,
    inexact: &'a Inexact,
    max_bytes: usize,
}

impl Reader<'_> {
    fn read(&mut self, value: &JValue, depth: u16) -> Result<Option<Value>, Box<EvaluationError>> {
        if depth > MAX_DEPTH {
            return Err(Exceeded::Depth.into());
        }
        if self.heap.bytes_used() > self.max_bytes {
            return Err(Box::new(EvaluationError::Thrown(OUT_OF_MEMORY.into())));
        }
        Ok(Some(match value {
            JValue::Undefined => return Ok(None),
            JValue::Null => Value::Null,
            JValue::Bool(value) => Value::bool(*value),
            JValue::Number(double) => from_double(self.heap, *double, self.inexact),
            JValue::String(text) => self.heap.string(text),
            JValue::Array(items) => {
                let mark = self.heap.mark();
                for item in items.iter() {
                    if let Some(item) = self.read(item, depth + 1)? {
                        self.heap.push(item);
                    }
                }
                self.heap.array_from(mark)?
            }
            JValue::Object(entries) => {
                let mark = self.heap.mark();
                for (key, value) in entries.iter() {
                    if let Some(value) = self.read(value, depth + 1)? {
                        let key = self.heap.key(key);
                        self.heap.push_entry(key, value);
                    }
                }
                self.heap.object_from(mark)?
            }
            JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
                return Err(Box::new(EvaluationError::FunctionResult));
            }
        }))
    }
}

/// Whether the library's value would take more room, or be deeper, than an evaluation may have. Parts that appear more
/// than once count each time.
pub(super) fn is_too_large(value: &JValue) -> bool {
    let mut room = MAX_BYTES;
    !fits(value, &mut room, 0)
}

fn fits(value: &JValue, room: &mut usize, depth: u16) -> bool {
    let own = match value {
        JValue::String(text) => text.len(),
        _ => size_of::<Value>(),
    };
    let Some(left) = room.checked_sub(own) else { return false };
    *room = left;
    depth <= MAX_DEPTH
        && match value {
            JValue::Array(items) => items.iter().all(|item| fits(item, room, depth + 1)),
            JValue::Object(entries) => entries.iter().all(|(key, value)| {
                *room = room.saturating_sub(key.len());
                fits(value, room, depth + 1)
            }),
            _ => true,
        }
}

fn from_double(heap: &mut Heap, double: f64, inexact: &Inexact) -> Value {
    if let Some(value) = inexact.get(double) {
        return value;
    }
    if double.is_nan() {
        return heap.string("NaN");
    }
    if double.is_infinite() {
        return heap.string(if double > 0.0 { "Infinity" } else { "-Infinity" });
    }
    number::value(heap, double)
}
