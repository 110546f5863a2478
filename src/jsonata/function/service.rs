//! Functions that Step Functions adds to the language, or replaces, and those of the evaluation's time.

use super::{Arguments, Row, row};
use crate::expr::{JavaRandom, intrinsic, timestamp};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    Row { arity: Some(0), ..row("millis", "<:n>", millis) },
    row("now", "<s?s?:s>", now),
    row("uuid", "<:s>", uuid),
    row("random", "<n?:n>", random),
    row("range", "<nn?n?:a>", range),
    row("partition", "<an?:a>", partition),
    row("hash", "<ss?:s>", hash),
    row("parse", "<s:x>", parse),
];

/// `$millis()`
fn millis(own: &mut Evaluation<'_>, _: Arguments) -> Evaluated {
    Ok(Some(Value::Int(own.scope.now_millis())))
}

/// `$now()`
fn now(own: &mut Evaluation<'_>, [picture, zone, ..]: Arguments) -> Evaluated {
    if picture.is_some() || zone.is_some() {
        let now = own.scope.now_millis() as f64;
        return super::picture::written_time(own, now, picture, zone);
    }
    let mut text = String::new();
    timestamp::write_millis(own.scope.now_millis(), &mut text);
    own.text_value(&text)
}

/// `$uuid()`
fn uuid(own: &mut Evaluation<'_>, _: Arguments) -> Evaluated {
    let text = intrinsic::random_uuid(own.scope.random());
    own.text_value(&text)
}

/// `$random(seed)`: with a seed, always the same number, which is the first one of Java's generator.
fn random(own: &mut Evaluation<'_>, [seed, ..]: Arguments) -> Evaluated {
    let drawn = match own.number(seed) {
        Some(seed) => JavaRandom::new(seed as i64).next_double(),
        None => own.scope.random().f64(),
    };
    Ok(Some(own.number_value(drawn)))
}

/// `$range(first, last, step)`
fn range(own: &mut Evaluation<'_>, arguments: Arguments) -> Evaluated {
    let [Some(first), Some(last), Some(step), _] = arguments.map(|value| own.number(value).map(f64::trunc)) else {
        return Ok(None);
    };
    let count = ((last - first) / step).floor() + 1.0;
    // A step of the wrong sign, or of zero, makes nothing.
    if count.is_nan() || count < 1.0 || step == 0.0 {
        return Ok(None);
    }
    let count = count.min(1e9) as usize;
    own.afford(count * size_of::<Value>())?;
    own.work(count)?;
    let mark = own.heap.mark();
    for index in 0..count {
        let value = own.number_value(first + index as f64 * step);
        own.heap.push(value);
    }
    own.close_sequence(mark).map(Some)
}

/// `$partition(array, size)`: without a size, one part.
fn partition(own: &mut Evaluation<'_>, [array, size, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array else { return Ok(None) };
    let size = own.number(size).map_or(list.len() as f64, f64::trunc);
    if size < 0.0 {
        return Err(Throw::new("D3137", "Second argument must be zero or greater"));
    }
    if list.is_empty() || size.is_nan() || size == 0.0 {
        return Ok(None);
    }
    let size = size.min(1e9) as usize;
    own.work(list.len())?;
    let mark = own.heap.mark();
    for start in (0..list.len()).step_by(size) {
        let chunk = own.heap.mark();
        for index in start..list.len().min(start + size) {
            let item = own.heap.items(list)[index];
            own.heap.push(item);
        }
        let chunk = own.close_array(chunk)?;
        own.heap.push(chunk);
    }
    own.close_array(mark).map(Some)
}

/// `$hash(text, algorithm)`
fn hash(own: &mut Evaluation<'_>, [data, algorithm, ..]: Arguments) -> Evaluated {
    let (Some(data), Some(algorithm)) = (own.text(data), own.text(algorithm)) else { return Ok(None) };
    own.work(data.len() / 4)?;
    match intrinsic::digest(&data, &algorithm) {
        Some(digest) => own.text_value(&digest),
        None => {
            let text =
                format!("Invalid hash algorithm: {algorithm}. It is one of MD5, SHA-1, SHA-256, SHA-384, SHA-512");
            Err(Throw::new("D3137", text))
        }
    }
}

/// `$parse(text)`
fn parse(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / 4)?;
    own.afford(text.len() * 8)?;
    let value = own.heap.parse(text.as_bytes()).map_err(|_| Throw::new("D3137", "Invalid JSON"))?;
    doubles(own, value).map(Some)
}

/// The value with doubles for its numbers.
fn doubles(own: &mut Evaluation<'_>, value: Value) -> Result<Value, Throw> {
    match own.number(Some(value)) {
        // No zero is negative here.
        Some(number) => Ok(own.number_value(number + 0.0)),
        None => own.rebuilt(value, &mut |own, item| doubles(own, item)),
    }
}
