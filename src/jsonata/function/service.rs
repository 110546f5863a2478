//! Functions that Step Functions adds to the language, or replaces, and those of the evaluation's time.

use super::{Arguments, Row, row};
use crate::expr::{intrinsic, timestamp};
use crate::jsonata::error::Fault;
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    Row { arity: Some(0), ..row("millis", "<:n>", millis) },
    row("now", "<s?s?:s>", now),
    row("uuid", "<:s>", uuid),
    row("random", "<x?:n>", random),
    row("range", "<x?x?x?:x>", range),
    row("partition", "<x?x?:a>", partition),
    row("hash", "<x?x?:s>", hash),
    row("parse", "<x?:x>", parse),
];

/// `$millis()`
fn millis(own: &mut Evaluation<'_>, _: Arguments) -> Evaluated {
    Ok(Some(Value::Int(own.scope.now_millis())))
}

/// `$now()`
fn now(own: &mut Evaluation<'_>, [picture, zone, ..]: Arguments) -> Evaluated {
    if picture.is_some() || zone.is_some() {
        let now = Value::Int(own.scope.now_millis());
        return super::library::call(own, "fromMillis", [Some(now), picture, zone, None]);
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

/// `$random(seed)`: with a seed, always the same number.
fn random(own: &mut Evaluation<'_>, [seed, ..]: Arguments) -> Evaluated {
    let drawn = match own.number(seed) {
        Some(seed) => fastrand::Rng::with_seed(seed.trunc() as i64 as u64).f64(),
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
    if !(1.0..=1e7).contains(&count) {
        return Ok(None);
    }
    own.work(count as usize)?;
    own.afford(count as usize * size_of::<Value>())?;
    let mark = own.heap.mark();
    for index in 0..count as u64 {
        let value = own.number_value(first + index as f64 * step);
        own.heap.push(value);
    }
    own.close_sequence(mark).map(Some)
}

/// `$partition(array, size)`
fn partition(own: &mut Evaluation<'_>, [array, size, ..]: Arguments) -> Evaluated {
    let (Some(Value::Array(list)), Some(size)) = (array, own.number(size)) else { return Ok(None) };
    if list.is_empty() || size.trunc() < 1.0 {
        return Ok(None);
    }
    let size = size as usize;
    own.work(list.len())?;
    let mark = own.heap.mark();
    for start in (0..list.len()).step_by(size) {
        let chunk = own.heap.mark();
        for index in start..list.len().min(start.saturating_add(size)) {
            let item = own.heap.items(list)[index];
            own.heap.push(item);
        }
        let chunk = own.close_array(chunk)?;
        own.heap.push(chunk);
    }
    own.close_array(mark).map(Some)
}

/// `$hash(data, algorithm)`
fn hash(own: &mut Evaluation<'_>, [data, algorithm, ..]: Arguments) -> Evaluated {
    let (Some(data), Some(algorithm)) = (data, own.text(algorithm)) else { return Ok(None) };
    let data = own.string(data, false)?;
    own.work(data.len() / 4)?;
    match intrinsic::digest(&data, &algorithm) {
        Some(digest) => own.text_value(&digest),
        None => Ok(None),
    }
}

/// `$parse(text)`
fn parse(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / 16)?;
    own.afford(text.len() * 8)?;
    match own.heap.parse(text.as_bytes()) {
        // There is one zero in JSON.
        Ok(number) if own.double(number) == Some(0.0) => Ok(Some(Value::Int(0))),
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Fault::new("D3120", format!("The text given to $parse is not JSON: {error}"))),
    }
}
