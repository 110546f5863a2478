use crate::value::{Double, Heap, Num, Value};

use super::error::PathError;
use super::evaluate::Walk;
use super::filter::{Operand, Term};

/// A function call at the end of a path. It works on what the path before it found.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) name: FunctionName,
    pub(super) arguments: Box<[Operand]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionName {
    Length,
    Keys,
    Min,
    Max,
    Average,
    StandardDeviation,
    Sum,
    Concat,
    Append,
    First,
    Last,
    Index,
}

const EMPTY_AGGREGATE: &str = "Aggregation function attempted to calculate value using empty array";
const NOT_FINITE: &str = "Aggregation function gave a value that is too large for a number";
const NO_ELEMENT: &str = "The function refers to an element that the array does not have";

impl FunctionName {
    pub(super) fn from_name(name: &str) -> Option<FunctionName> {
        Some(match name {
            "length" | "size" => FunctionName::Length,
            "keys" => FunctionName::Keys,
            "min" => FunctionName::Min,
            "max" => FunctionName::Max,
            "avg" => FunctionName::Average,
            "stddev" => FunctionName::StandardDeviation,
            "sum" => FunctionName::Sum,
            "concat" => FunctionName::Concat,
            "append" => FunctionName::Append,
            "first" => FunctionName::First,
            "last" => FunctionName::Last,
            "index" => FunctionName::Index,
            _ => return None,
        })
    }
}

impl Function {
    /// Applies the function to `found`, what the path before it found.
    pub(super) fn apply(&self, heap: &mut Heap, found: Value, walk: &mut Walk) -> Result<Value, PathError> {
        match self.name {
            FunctionName::Length => Ok(match found {
                Value::Array(list) | Value::Object(list) => Value::Int(list.len() as i64),
                _ => Value::Null,
            }),
            FunctionName::Keys => keys(heap, found),
            FunctionName::Concat => self.concat(heap, found, walk),
            FunctionName::Append => self.append(heap, found, walk),
            FunctionName::First => element(heap, found, 0),
            FunctionName::Last => element(heap, found, -1),
            FunctionName::Index => {
                let argument = self.arguments.first().ok_or(PathError::Function(NO_ELEMENT))?;
                let index = argument.evaluate(heap, found, walk)?.number(heap);
                let Some(Num::Int(index)) = index else { return Err(PathError::Function(NO_ELEMENT)) };
                element(heap, found, index)
            }
            _ => self.aggregate(heap, found, walk),
        }
    }

    /// The numbers in `found`, followed by those among the arguments.
    fn numbers(&self, heap: &mut Heap, found: Value, walk: &mut Walk) -> Result<Vec<f64>, PathError> {
        let mut numbers = Vec::new();
        collect(heap, found, &mut numbers);
        for argument in &self.arguments {
            match argument.evaluate(heap, found, walk)? {
                Term::Value(value @ Value::Array(_)) => collect(heap, value, &mut numbers),
                term => numbers.extend(term.number(heap).map(Num::as_f64)),
            }
        }
        Ok(numbers)
    }

    fn aggregate(&self, heap: &mut Heap, found: Value, walk: &mut Walk) -> Result<Value, PathError> {
        let numbers = self.numbers(heap, found, walk)?;
        if numbers.is_empty() {
            return Err(PathError::Function(EMPTY_AGGREGATE));
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        let result = match self.name {
            FunctionName::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            FunctionName::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            FunctionName::Average => sum / count,
            FunctionName::StandardDeviation => {
                let squares: f64 = numbers.iter().map(|n| n * n).sum();
                (squares / count - (sum / count).powi(2)).max(0.0).sqrt()
            }
            _ => sum,
        };
        if result.is_finite() { Ok(Value::Float(Double::new(result))) } else { Err(PathError::Function(NOT_FINITE)) }
    }

    fn concat(&self, heap: &mut Heap, found: Value, walk: &mut Walk) -> Result<Value, PathError> {
        // The arguments may build values of their own, so the text is put together outside of the heap.
        let mut text = String::new();
        let mut add = |heap: &Heap, value: Value| match value {
            Value::String(part) => text.push_str(&heap.str(part)),
            value if value.is_number() => text.push_str(&heap.to_json(value)),
            _ => {}
        };
        match found {
            Value::Array(list) => heap.items(list).iter().for_each(|item| add(heap, *item)),
            other => add(heap, other),
        }
        for argument in &self.arguments {
            let value = argument.evaluate(heap, found, walk)?.into_value(heap);
            if let Some(value) = value {
                add(heap, value);
            }
        }
        Ok(heap.string(&text))
    }

    fn append(&self, heap: &mut Heap, found: Value, walk: &mut Walk) -> Result<Value, PathError> {
        let Value::Array(list) = found else { return Ok(found) };
        let mark = heap.mark();
        for index in 0..list.len() {
            let item = heap.items(list)[index];
            heap.push(item);
        }
        for argument in &self.arguments {
            match argument.evaluate(heap, found, walk) {
                Ok(term) => {
                    if let Some(value) = term.into_value(heap) {
                        heap.push(value);
                    }
                }
                Err(error) => {
                    heap.abandon(mark);
                    return Err(error);
                }
            }
        }
        heap.array_from(mark).map_err(PathError::Exceeded)
    }
}

fn keys(heap: &mut Heap, found: Value) -> Result<Value, PathError> {
    let Value::Object(list) = found else { return Ok(Value::Null) };
    let mark = heap.mark();
    for index in 0..list.len() {
        let (key, _) = heap.entry(list, index);
        heap.push(Value::String(key));
    }
    heap.array_from(mark).map_err(PathError::Exceeded)
}

fn element(heap: &Heap, found: Value, index: i64) -> Result<Value, PathError> {
    let Value::Array(list) = found else { return Err(PathError::Function(NO_ELEMENT)) };
    let index = if index < 0 { index.saturating_add(list.len() as i64) } else { index };
    let index = usize::try_from(index).map_err(|_| PathError::Function(NO_ELEMENT))?;
    heap.items(list).get(index).copied().ok_or(PathError::Function(NO_ELEMENT))
}

fn collect(heap: &Heap, value: Value, numbers: &mut Vec<f64>) {
    if let Value::Array(list) = value {
        numbers.extend(heap.items(list).iter().filter_map(|item| heap.number(*item)).map(Num::as_f64));
    }
}

impl Term<'_> {
    /// The operand as a value of the heap; `None` for what has none.
    fn into_value(self, heap: &mut Heap) -> Option<Value> {
        match self {
            Term::Value(value) => Some(value),
            Term::Text(text) => Some(heap.string(text)),
            Term::Number(Num::Int(int)) => Some(Value::Int(int)),
            Term::Number(Num::Float(float)) => Some(Value::Float(Double::new(float))),
            Term::Boolean(boolean) => Some(Value::bool(boolean)),
            Term::Null => Some(Value::Null),
            Term::List(_) | Term::Regex(_) | Term::Missing => None,
        }
    }
}
