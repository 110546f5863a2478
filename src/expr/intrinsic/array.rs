use std::collections::HashMap;

use crate::value::{Exceeded, Heap, List, Mark, Num, Value};

use super::{Refusal, arguments};

/// Bytes that `States.ArrayUnique` takes for an element while it runs, beside the heap.
const UNIQUE_BYTES: usize = 48;
/// How much dearer a byte is to hash than to copy.
const HASHED: usize = 4;
/// Elements that `States.ArrayRange` may make.
const MAX_RANGE: i64 = 1000;
/// Up to this length `States.ArrayUnique` compares each pair; beyond, it groups by hash.
const MAX_PAIRWISE: usize = 16;

/// `ArrayPartition(array, size)`
pub(super) fn partition(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::Array(array), size] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    let size = usize::try_from(truncated(heap, size)?).map_err(|_| Refusal::Arguments)?;
    if size == 0 {
        return Err(Refusal::Arguments);
    }
    let chunks = heap.mark();
    let mut start = 0;
    while start < array.len() {
        let end = start.saturating_add(size).min(array.len());
        let chunk = heap.mark();
        for index in start..end {
            let item = heap.items(array)[index];
            heap.push(item);
        }
        let chunk = heap.array_from(chunk)?;
        heap.push(chunk);
        start = end;
    }
    Ok(heap.array_from(chunks)?)
}

/// `ArrayContains(array, value)`
pub(super) fn contains(heap: &Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::Array(array), value] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    for item in heap.items(array) {
        heap.work(1)?;
        if heap.equals(*item, value) {
            return Ok(Value::True);
        }
    }
    Ok(Value::False)
}

/// `ArrayRange(first, last, step)`
pub(super) fn range(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [first, last, step] = arguments(heap, mark)?;
    let (first, last, step) = (truncated(heap, first)?, truncated(heap, last)?, truncated(heap, step)?);
    if step == 0 {
        return Err(Refusal::Arguments);
    }
    let span = i128::from(last) - i128::from(first);
    let count = if span != 0 && span.signum() != i128::from(step.signum()) { 0 } else { span / i128::from(step) + 1 };
    if count > i128::from(MAX_RANGE) {
        return Err(Refusal::Arguments);
    }
    let items = heap.mark();
    let mut next = first;
    for _ in 0..count {
        heap.push(Value::Int(next));
        next = next.wrapping_add(step);
    }
    Ok(heap.array_from(items)?)
}

/// `ArrayGetItem(array, index)`
pub(super) fn item(heap: &Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::Array(array), index] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    let index = truncated(heap, index)?;
    if array.is_empty() {
        // Observed: whatever the index.
        return Ok(Value::Null);
    }
    let index = usize::try_from(index).map_err(|_| Refusal::Arguments)?;
    heap.items(array).get(index).copied().ok_or(Refusal::Arguments)
}

/// `ArrayLength(array)`
pub(super) fn length(heap: &Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::Array(array)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    Ok(Value::Int(array.len() as i64))
}

/// `ArrayUnique(array)`
pub(super) fn unique(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::Array(array)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    let kept = heap.mark();
    if array.len() <= MAX_PAIRWISE {
        for index in 0..array.len() {
            let item = heap.items(array)[index];
            heap.work(1)?;
            if !heap.pushed(kept).iter().any(|other| heap.equals(*other, item)) {
                heap.push(item);
            }
        }
    } else {
        push_unique(heap, array)?;
    }
    Ok(heap.array_from(kept)?)
}

fn push_unique(heap: &mut Heap, array: List) -> Result<(), Exceeded> {
    // By hash: the place among what is kept, and the next one of the same hash.
    heap.hold(UNIQUE_BYTES * array.len())?;
    let kept = heap.mark();
    let mut last_of: HashMap<u64, usize> = HashMap::with_capacity(array.len());
    let mut earlier: Vec<Option<usize>> = Vec::with_capacity(array.len());
    for index in 0..array.len() {
        let item = heap.items(array)[index];
        heap.afford(HASHED * heap.appended_size(item))?;
        let hash = hash(heap, item);
        let mut same = last_of.get(&hash).copied();
        while let Some(place) = same
            && !heap.equals(heap.pushed(kept)[place], item)
        {
            heap.work(1)?;
            same = earlier[place];
        }
        if same.is_none() {
            earlier.push(last_of.insert(hash, earlier.len()));
            heap.push(item);
        }
    }
    heap.release(UNIQUE_BYTES * array.len());
    Ok(())
}

/// A hash that equal values share, whatever the notation of their numbers and the order of their keys.
fn hash(heap: &Heap, value: Value) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(&kind(value)).hash(&mut hasher);
    match value {
        Value::Null | Value::Foreign(_) => {}
        Value::True | Value::False => value.as_bool().hash(&mut hasher),
        Value::Int(_) | Value::Float(_) | Value::Number(_) => {
            // Adding zero makes one zero of the two.
            heap.number(value).map(|number| (number.as_f64() + 0.0).to_bits()).hash(&mut hasher);
        }
        Value::String(text) => heap.str(text).hash(&mut hasher),
        Value::Array(items) => heap.items(items).iter().for_each(|item| hash(heap, *item).hash(&mut hasher)),
        Value::Object(entries) => {
            let sum = heap.entries(entries).fold(0u64, |sum, (key, item)| {
                let mut hasher = DefaultHasher::new();
                heap.str(key).hash(&mut hasher);
                hash(heap, item).hash(&mut hasher);
                sum.wrapping_add(hasher.finish())
            });
            sum.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The value with all numbers made the same kind.
fn kind(value: Value) -> Value {
    if value.is_number() { Value::Int(0) } else { value }
}

/// A number without its fraction.
fn truncated(heap: &Heap, value: Value) -> Result<i64, Refusal> {
    match heap.number(value).ok_or(Refusal::Arguments)? {
        Num::Int(int) => Ok(int),
        // A double beyond the range is clamped to it, which no function accepts as a size, an index or an end.
        Num::Float(float) => Ok(float.trunc() as i64),
    }
}
