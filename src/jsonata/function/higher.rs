//! Functions that take functions.

use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::{Evaluated, Evaluation, length};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("map", "<af>", map),
    row("filter", "<af>", filter),
    row("single", "<af?>", single),
    row("reduce", "<afj?:j>", reduce),
    row("each", "<o-f:a>", each),
    row("sift", "<o-f?:o>", sift),
];

/// `$map(array, function)`
fn map(own: &mut Evaluation<'_>, [array, function, ..]: Arguments) -> Evaluated {
    let (Some(array), Some(function)) = (array, function) else { return Ok(None) };
    let mark = own.heap.mark();
    for index in 0..length(array) {
        let item = own.item(array, index);
        if let Some(value) = own.invoke_with(function, &[Some(item), Some(Value::Int(index as i64)), Some(array)])? {
            own.push(value);
        }
    }
    own.close_sequence(mark).map(Some)
}

/// `$filter(array, function)`
fn filter(own: &mut Evaluation<'_>, [array, function, ..]: Arguments) -> Evaluated {
    let (Some(array), Some(function)) = (array, function) else { return Ok(None) };
    let mark = own.heap.mark();
    for index in 0..length(array) {
        let item = own.item(array, index);
        let taken = own.invoke_with(function, &[Some(item), Some(Value::Int(index as i64)), Some(array)])?;
        if is_true(own, taken)? {
            own.push(item);
        }
    }
    own.close_sequence(mark).map(Some)
}

/// `$single(array, function)`: the only one.
fn single(own: &mut Evaluation<'_>, [array, function, ..]: Arguments) -> Evaluated {
    let Some(array) = array else { return Ok(None) };
    let mut found = None;
    for index in 0..length(array) {
        let item = own.item(array, index);
        own.work(1)?;
        let is_taken = match function {
            Some(function) => {
                let taken = own.invoke_with(function, &[Some(item), Some(Value::Int(index as i64)), Some(array)])?;
                is_true(own, taken)?
            }
            None => true,
        };
        if is_taken && found.is_some() {
            let text = "The $single() function expected exactly 1 matching result.  Instead it matched more.";
            return Err(Throw::new("D3138", text));
        }
        if is_taken {
            found = Some(item);
        }
    }
    match found {
        Some(item) => Ok(Some(item)),
        None => {
            let text = "The $single() function expected exactly 1 matching result.  Instead it matched 0.";
            Err(Throw::new("D3139", text))
        }
    }
}

/// `$reduce(array, function, initial)`
fn reduce(own: &mut Evaluation<'_>, [array, function, initial, ..]: Arguments) -> Evaluated {
    let (Some(array), Some(function)) = (array, function) else { return Ok(None) };
    let arity = own.arity(function);
    if arity < 2 {
        let text = "The second argument of reduce function must be a function with at least two arguments";
        return Err(Throw::new("D3050", text));
    }
    let first = usize::from(initial.is_none() && length(array) > 0);
    let mut result = if first == 1 { Some(own.item(array, 0)) } else { initial };
    for index in first..length(array) {
        let arguments = [result, Some(own.item(array, index)), Some(Value::Int(index as i64)), Some(array)];
        result = own.invoke(function, &arguments[..arity.min(4)])?;
    }
    Ok(result)
}

/// `$each(object, function)`
fn each(own: &mut Evaluation<'_>, [object, function, ..]: Arguments) -> Evaluated {
    let (Some(Value::Object(list)), Some(function)) = (object, function) else { return Ok(None) };
    let mark = own.heap.mark();
    for index in 0..list.len() {
        let (key, value) = own.heap.entry(list, index);
        if let Some(value) = own.invoke_with(function, &[Some(value), Some(Value::String(key)), object])? {
            own.push(value);
        }
    }
    own.close_sequence(mark).map(Some)
}

/// `$sift(object, function)`: the entries that the function takes; undefined if there are none.
fn sift(own: &mut Evaluation<'_>, [object, function, ..]: Arguments) -> Evaluated {
    let Some(Value::Object(list)) = object else { return Ok(None) };
    let Some(function) = function else {
        return if list.is_empty() { Ok(None) } else { Err(Throw::internal()) };
    };
    let mark = own.heap.mark();
    for index in 0..list.len() {
        let (key, value) = own.heap.entry(list, index);
        let taken = own.invoke_with(function, &[Some(value), Some(Value::String(key)), object])?;
        if is_true(own, taken)? {
            own.heap.push_entry(key, value);
        }
    }
    if own.heap.pushed(mark).is_empty() {
        return Ok(None);
    }
    own.close_object(mark).map(Some)
}

fn is_true(own: &mut Evaluation<'_>, value: Option<Value>) -> Result<bool, Throw> {
    value.map_or(Ok(false), |value| own.boolean(value))
}
