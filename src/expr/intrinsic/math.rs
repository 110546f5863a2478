use crate::value::{Heap, Mark, Num, Value};

use super::{Refusal, arguments};

/// `MathAdd(a, b)`
pub(super) fn add(heap: &Heap, mark: Mark) -> Result<Value, Refusal> {
    let [a, b] = arguments(heap, mark)?;
    let sum = rounded(heap, a)?.checked_add(rounded(heap, b)?).ok_or(Refusal::Arguments)?;
    Ok(Value::Int(i64::from(sum)))
}

/// `MathRandom(start, end)` or `MathRandom(start, end, seed)`: from `start` up to, but not including, `end`.
pub(super) fn random(heap: &Heap, random: &mut fastrand::Rng, mark: Mark) -> Result<Value, Refusal> {
    let (start, end, seed) = match *heap.pushed(mark) {
        [start, end] => (start, end, None),
        [start, end, seed] => (start, end, Some(rounded(heap, seed)?)),
        _ => return Err(Refusal::Arguments),
    };
    let (start, end) = (rounded(heap, start)?, rounded(heap, end)?);
    if start >= end {
        return Err(Refusal::Arguments);
    }
    let number = match seed {
        Some(seed) => fastrand::Rng::with_seed(seed as u64).i32(start..end),
        None => random.i32(start..end),
    };
    Ok(Value::Int(i64::from(number)))
}

/// `UUID()`
pub(super) fn uuid(heap: &mut Heap, random: &mut fastrand::Rng, mark: Mark) -> Result<Value, Refusal> {
    let [] = arguments(heap, mark)?;
    Ok(heap.string(&random_uuid(random)))
}

/// A UUID of version 4, in lower case with hyphens.
pub fn random_uuid(random: &mut fastrand::Rng) -> String {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().hyphenated().to_string()
}

/// The nearest 32-bit integer, halves rounded up.
fn rounded(heap: &Heap, value: Value) -> Result<i32, Refusal> {
    let integer = match heap.number(value).ok_or(Refusal::Arguments)? {
        Num::Int(int) => int,
        // A double beyond the range is clamped, and then is no 32-bit integer.
        Num::Float(float) => (float + 0.5).floor() as i64,
    };
    i32::try_from(integer).map_err(|_| Refusal::Arguments)
}
