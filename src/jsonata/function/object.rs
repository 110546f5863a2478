use std::collections::HashMap;

use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::{Key, List, Value};

pub(super) const ROWS: &[Row] = &[
    row("keys", "<x-:a<s>>", keys),
    row("lookup", "<x-s:x>", lookup),
    row("spread", "<x-:a<o>>", spread),
    row("merge", "<a<o>:o>", merge),
];

/// Up to so many entries, looking for a key among those before costs less than a table of them.
const FEW: usize = 64;

/// `$merge(objects)`: later ones win; an entry keeps the place of its first appearance.
fn merge(own: &mut Evaluation<'_>, [objects, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(objects)) = objects else { return Ok(None) };
    let lists = own.heap.items(objects).iter().filter_map(|object| match object {
        Value::Object(list) => Some(*list),
        _ => None,
    });
    let lists: Vec<List> = lists.collect();
    let entries = lists.iter().map(|list| list.len()).sum::<usize>();
    own.work(lists.len() + entries)?;
    if lists.len() > 2 || entries > FEW {
        own.afford(entries * 2 * size_of::<Value>())?;
        return merge_many(own, &lists);
    }
    let Some((first, others)) = lists.split_first() else { return Ok(Some(own.heap.empty_object())) };
    match others {
        [] => Ok(Some(Value::Object(*first))),
        [second, ..] => Ok(Some(own.heap.merge(*first, *second)?)),
    }
}

fn merge_many(own: &mut Evaluation<'_>, lists: &[List]) -> Evaluated {
    let mut entries = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in lists.iter().flat_map(|list| own.heap.entries(*list)) {
        let place = *places.entry(own.heap.str(key).into_owned()).or_insert(entries.len());
        if place == entries.len() {
            entries.push((key, value));
        }
        entries[place] = (key, value);
    }
    let mark = own.heap.mark();
    entries.into_iter().for_each(|(key, value)| own.heap.push_entry(key, value));
    own.close_object(mark).map(Some)
}

/// `$keys(object)`: of an array, the keys of all its objects.
fn keys(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    let mark = own.heap.mark();
    match value {
        Some(Value::Object(object)) => {
            own.work(object.len())?;
            for index in 0..object.len() {
                let (key, _) = own.heap.entry(object, index);
                own.heap.push(Value::String(key));
            }
        }
        Some(array @ Value::Array(_)) => {
            let mut known = HashMap::new();
            push_new_keys(own, array, &mut known)?;
        }
        _ => {}
    }
    own.close_sequence(mark).map(Some)
}

fn push_new_keys(own: &mut Evaluation<'_>, value: Value, known: &mut HashMap<Box<str>, ()>) -> Result<(), Throw> {
    own.work(1)?;
    match value {
        Value::Array(list) => {
            for index in 0..list.len() {
                let item = own.heap.items(list)[index];
                push_new_keys(own, item, known)?;
            }
        }
        Value::Object(object) => {
            own.work(object.len())?;
            for index in 0..object.len() {
                let (key, _) = own.heap.entry(object, index);
                if known.insert(own.heap.str(key).into(), ()).is_none() {
                    own.heap.push(Value::String(key));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// `$spread(object)`: an object for each entry.
fn spread(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    if !matches!(value, Some(Value::Object(_) | Value::Array(_))) {
        return Ok(value);
    }
    let mark = own.heap.mark();
    value.map_or(Ok(()), |value| push_spread(own, value))?;
    own.close_sequence(mark).map(Some)
}

fn push_spread(own: &mut Evaluation<'_>, value: Value) -> Result<(), Throw> {
    own.work(1)?;
    match value {
        Value::Array(list) => {
            for index in 0..list.len() {
                let item = own.heap.items(list)[index];
                push_spread(own, item)?;
            }
        }
        Value::Object(object) => {
            own.work(object.len())?;
            own.afford(object.len() * 4 * size_of::<Value>())?;
            for index in 0..object.len() {
                let (key, value) = own.heap.entry(object, index);
                let single = own.heap.mark();
                own.heap.push_entry(key, value);
                let single = own.heap.object_from(single)?;
                own.heap.push(single);
            }
        }
        scalar => own.push(scalar),
    }
    Ok(())
}

/// `$lookup(object, key)`
fn lookup(own: &mut Evaluation<'_>, [value, key, ..]: Arguments) -> Evaluated {
    let key = own.text(key).unwrap_or_else(|| "undefined".to_owned());
    own.field(value, &Key::new(key))
}
