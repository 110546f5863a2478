use std::collections::HashMap;

use super::super::Stop;
use super::super::evaluate::{Evaluated, Evaluation, length, sequence};
use super::super::signature::Arguments;
use crate::jsonata::scope::Scope;
use crate::value::{Heap, List, Value};

/// Up to so many entries, looking for a key among those before costs less than a table of them.
const FEW: usize = 64;

/// `$merge(objects)`: later ones win; an entry keeps the place of its first appearance.
pub(super) fn merge(heap: &mut Heap, [objects, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(objects)) = objects else { return Ok(None) };
    let lists = heap.items(objects).iter().filter_map(|object| match object {
        Value::Object(list) => Some(*list),
        _ => None,
    });
    let lists: Vec<List> = lists.collect();
    if lists.iter().map(|list| list.len()).sum::<usize>() > FEW {
        return merge_many(heap, &lists);
    }
    let Some((first, others)) = lists.split_first() else { return Ok(Some(heap.empty_object())) };
    let mut merged = *first;
    for other in others {
        match heap.merge(merged, *other)? {
            Value::Object(list) => merged = list,
            other => return Ok(Some(other)),
        }
    }
    Ok(Some(Value::Object(merged)))
}

fn merge_many(heap: &mut Heap, lists: &[List]) -> Evaluated {
    let mut entries = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in lists.iter().flat_map(|list| heap.entries(*list)) {
        let place = *places.entry(heap.str(key).into_owned()).or_insert(entries.len());
        if place == entries.len() {
            entries.push((key, value));
        }
        entries[place] = (key, value);
    }
    let mark = heap.mark();
    entries.into_iter().for_each(|(key, value)| heap.push_entry(key, value));
    Ok(Some(heap.object_from(mark)?))
}

/// `$keys(object)`
pub(super) fn keys(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    let Some(Value::Object(object)) = value else {
        // Of an array, the keys of all its objects.
        return if matches!(value, Some(Value::Array(_))) { Err(Stop::Library) } else { Ok(None) };
    };
    let mark = heap.mark();
    for index in 0..object.len() {
        let (key, _) = heap.entry(object, index);
        heap.push(Value::String(key));
    }
    sequence(heap, mark)
}

/// `$spread(object)`
pub(super) fn spread(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    let Some(Value::Object(object)) = value else {
        return if matches!(value, Some(Value::Array(_))) { Err(Stop::Library) } else { Ok(value) };
    };
    let mark = heap.mark();
    for index in 0..object.len() {
        let (key, value) = heap.entry(object, index);
        let inner = heap.mark();
        heap.push_entry(key, value);
        let single = heap.object_from(inner)?;
        heap.push(single);
    }
    sequence(heap, mark)
}

/// `$type(value)`
pub(super) fn type_name(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    Ok(value.map(|value| heap.string(value.type_name())))
}

impl<S: Scope> Evaluation<'_, S> {
    /// `$lookup(object, key)`
    pub(super) fn look_up(&mut self, [value, key, ..]: Arguments) -> Evaluated {
        let Some(Value::String(key)) = key else { return Err(Stop::Library) };
        let key = self.heap.str(key).into_owned();
        match value {
            Some(Value::Object(object)) => Ok(self.heap.field(object, &key)),
            Some(array @ Value::Array(_)) => {
                let mark = self.heap.mark();
                for index in 0..length(array) {
                    let arguments = [Some(self.item(array, index)), None, None, None];
                    let Some(found) = self.look_up_key(arguments[0], &key)? else { continue };
                    self.push_items(found)?;
                }
                self.close_sequence(mark)
            }
            _ => Ok(None),
        }
    }

    fn look_up_key(&mut self, value: Option<Value>, key: &str) -> Evaluated {
        match value {
            Some(Value::Object(object)) => Ok(self.heap.field(object, key)),
            Some(Value::Array(_)) => Err(Stop::Library),
            _ => Ok(None),
        }
    }
}
