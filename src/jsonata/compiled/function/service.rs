//! Functions that Step Functions adds to the language, or replaces.

use super::super::Stop;
use super::super::evaluate::Evaluated;
use super::super::signature::Arguments;
use super::double;
use crate::expr::intrinsic;
use crate::jsonata::number;
use crate::value::{Heap, Value};

/// `$partition(array, size)`
pub(super) fn partition(heap: &mut Heap, [array, size, ..]: Arguments) -> Evaluated {
    let (Some(Value::Array(list)), Some(size)) = (array, size) else { return Ok(None) };
    let size = if size.is_number() { double(heap, size).trunc() } else { 0.0 };
    if list.is_empty() || size < 1.0 {
        return Ok(None);
    }
    let size = size as usize;
    let mark = heap.mark();
    for start in (0..list.len()).step_by(size) {
        let chunk = heap.mark();
        for index in start..list.len().min(start + size) {
            let item = heap.items(list)[index];
            heap.push(item);
        }
        let chunk = heap.array_from(chunk)?;
        heap.push(chunk);
    }
    Ok(Some(heap.array_from(mark)?))
}

/// `$hash(data, algorithm)`
pub(super) fn hash(heap: &mut Heap, [data, algorithm, ..]: Arguments) -> Evaluated {
    let (Some(data), Some(Value::String(algorithm))) = (data, algorithm) else { return Ok(None) };
    // Data that is no text: the library has its JSON.
    let Value::String(text) = data else { return Err(Stop::Library) };
    let digest = intrinsic::digest(&heap.str(text), &heap.str(algorithm));
    Ok(digest.map(|digest| heap.string(&digest)))
}

/// `$parse(text)`
pub(super) fn parse(heap: &mut Heap, [text, ..]: Arguments) -> Evaluated {
    let Some(Value::String(text)) = text else { return Ok(None) };
    let text = heap.str(text).into_owned();
    // Negative zero, and what is wrong with a text.
    if text.contains("-0") {
        return Err(Stop::Library);
    }
    heap.parse(text.as_bytes()).map(Some).map_err(|_| Stop::Library)
}

/// `$random(seed)`: with a seed, always the same number.
pub(super) fn random(heap: &mut Heap, random: &mut fastrand::Rng, seed: Option<Value>) -> Value {
    let drawn = match seed.filter(|seed| seed.is_number()) {
        Some(seed) => fastrand::Rng::with_seed(double(heap, seed).trunc() as i64 as u64).f64(),
        None => random.f64(),
    };
    number::value(heap, drawn)
}
