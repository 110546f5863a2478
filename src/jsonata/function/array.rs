use std::collections::HashSet;

use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::{Evaluated, Evaluation, SEQUENCE, length};
use crate::value::{List, Value};

pub(super) const ROWS: &[Row] = &[
    row("count", "<a:n>", count),
    row("append", "<xx:a>", append),
    row("reverse", "<a:a>", reverse),
    row("shuffle", "<a:a>", shuffle),
    row("distinct", "<x:x>", distinct),
    row("sort", "<af?:a>", sort),
    Row { arity: Some(0), ..row("zip", "<a+>", zip) },
];

/// Elements that are compared with each other one by one. Of more, a table is kept.
const MAX_COMPARED: usize = 16;

/// `$count(array)`
fn count(_: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    Ok(Some(Value::Int(array.map_or(0, length) as i64)))
}

/// `$append(first, second)`
fn append(own: &mut Evaluation<'_>, [first, second, ..]: Arguments) -> Evaluated {
    let (Some(first), Some(second)) = (first, second) else { return Ok(first.or(second)) };
    let mark = own.heap.mark();
    own.push_items(first)?;
    own.push_items(second)?;
    own.close_array(mark).map(Some)
}

/// `$reverse(array)`
fn reverse(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array.filter(|array| length(*array) > 1) else { return Ok(array) };
    own.work(list.len())?;
    let mark = own.heap.mark();
    for index in (0..list.len()).rev() {
        let item = own.heap.items(list)[index];
        own.heap.push(item);
    }
    own.close_array(mark).map(Some)
}

/// `$shuffle(array)`
fn shuffle(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array.filter(|array| length(*array) > 1) else { return Ok(array) };
    own.work(list.len())?;
    own.afford(list.len() * size_of::<Value>())?;
    let mut items = own.heap.items(list).to_vec();
    own.scope.random().shuffle(&mut items);
    Ok(Some(own.heap.array(&items)?))
}

/// `$sort(array, function)`
fn sort(own: &mut Evaluation<'_>, [array, function, ..]: Arguments) -> Evaluated {
    let Some(array) = array else { return Ok(None) };
    own.sort(array, function)
}

/// `$zip(arrays, …)`: as long as the shortest.
fn zip(own: &mut Evaluation<'_>, _: Arguments) -> Evaluated {
    let arrays = own.applied_arguments().to_vec();
    let count = arrays.iter().map(|array| array.map_or(0, length)).min().unwrap_or(0);
    own.work(count * arrays.len())?;
    let mark = own.heap.mark();
    for index in 0..count {
        let tuple = own.heap.mark();
        for array in arrays.iter().flatten() {
            let item = own.item(*array, index);
            own.heap.push(item);
        }
        let tuple = own.close_array(tuple)?;
        own.heap.push(tuple);
    }
    own.close_array(mark).map(Some)
}

/// `$distinct(array)`
fn distinct(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array.filter(|array| length(*array) > 1) else { return Ok(array) };
    let mark = own.heap.mark();
    match list.len() <= MAX_COMPARED {
        true => push_distinct_few(own, list)?,
        false => push_distinct_many(own, list)?,
    }
    match own.has_mark(Value::Array(list), SEQUENCE) {
        true => own.close_sequence(mark).map(Some),
        false => own.close_array(mark).map(Some),
    }
}

fn push_distinct_few(own: &mut Evaluation<'_>, list: List) -> Result<(), Throw> {
    let mark = own.heap.mark();
    for index in 0..list.len() {
        let item = own.heap.items(list)[index];
        let mut is_known = false;
        for at in 0..own.heap.pushed(mark).len() {
            let known = own.heap.pushed(mark)[at];
            is_known = is_known || own.equal(known, item)?;
        }
        if !is_known {
            own.heap.push(item);
        }
    }
    Ok(())
}

fn push_distinct_many(own: &mut Evaluation<'_>, list: List) -> Result<(), Throw> {
    let mut known = HashSet::new();
    let mut bytes = 0;
    for index in 0..list.len() {
        let item = own.heap.items(list)[index];
        let mut print = Vec::new();
        fingerprint(own, item, &mut print)?;
        bytes += print.len() + size_of::<Box<[u8]>>();
        own.work(print.len() / 16)?;
        own.check_room(bytes)?;
        if known.insert(print.into_boxed_slice()) {
            own.heap.push(item);
        }
    }
    Ok(())
}

/// Bytes that are the same for equal values, and for no others.
fn fingerprint(own: &mut Evaluation<'_>, value: Value, out: &mut Vec<u8>) -> Result<(), Throw> {
    own.work(1)?;
    match value {
        Value::Null => out.push(b'0'),
        Value::True => out.push(b't'),
        Value::False => out.push(b'f'),
        Value::String(text) => {
            let text = own.heap.str(text);
            out.push(b's');
            out.extend_from_slice(&text.len().to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(list) => {
            out.push(b'a');
            out.extend_from_slice(&list.len().to_le_bytes());
            for index in 0..list.len() {
                let item = own.heap.items(list)[index];
                fingerprint(own, item, out)?;
            }
        }
        Value::Object(list) => {
            out.push(b'o');
            out.extend_from_slice(&list.len().to_le_bytes());
            let mut entries: Vec<(String, Value)> =
                own.heap.entries(list).map(|(key, value)| (own.heap.str(key).into_owned(), value)).collect();
            entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
            for (key, value) in entries {
                out.extend_from_slice(&key.len().to_le_bytes());
                out.extend_from_slice(key.as_bytes());
                fingerprint(own, value, out)?;
            }
        }
        number => {
            let bits = match own.double(number) {
                Some(number) => (number + 0.0).to_bits(),
                None => match number {
                    Value::Foreign(code) => code,
                    _ => 0,
                },
            };
            out.push(if own.double(number).is_some() { b'n' } else { b'x' });
            out.extend_from_slice(&bits.to_le_bytes());
        }
    }
    Ok(())
}
