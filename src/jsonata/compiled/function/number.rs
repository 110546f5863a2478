use super::super::evaluate::Evaluated;
use super::super::signature::Arguments;
use super::super::{Stop, text};
use super::double;
use crate::jsonata::number as numbers;
use crate::value::{Heap, Value};

/// `$number(value)`
pub(super) fn number(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    Ok(Some(match value {
        None => return Ok(None),
        Some(Value::True) => Value::Int(1),
        Some(Value::False) => Value::Int(0),
        Some(Value::String(digits)) => match numbers::parse(&heap.str(digits)) {
            Some(number) => return give(heap, number),
            None => {
                let shown = text::json(heap, Value::String(digits));
                return Err(Stop::thrown(format!("D3030: Unable to cast value to a number: {shown}")));
            }
        },
        Some(number) => number,
    }))
}

/// The heap knows no infinity, and no negative zero: the library does.
fn give(heap: &mut Heap, number: f64) -> Evaluated {
    if !number.is_finite() || (number == 0.0 && number.is_sign_negative()) {
        return Err(Stop::Library);
    }
    Ok(Some(numbers::value(heap, number)))
}

fn map(heap: &mut Heap, value: Option<Value>, function: fn(f64) -> f64) -> Evaluated {
    match value {
        Some(value) => {
            let number = function(double(heap, value));
            give(heap, number)
        }
        None => Ok(None),
    }
}

/// `$abs(number)`
pub(super) fn abs(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    map(heap, value, f64::abs)
}

/// `$floor(number)`
pub(super) fn floor(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    map(heap, value, f64::floor)
}

/// `$ceil(number)`
pub(super) fn ceil(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    map(heap, value, f64::ceil)
}

/// `$round(number, precision)`
pub(super) fn round(heap: &mut Heap, [value, precision, ..]: Arguments) -> Evaluated {
    let Some(value) = value else { return Ok(None) };
    let precision = precision.map_or(0.0, |precision| double(heap, precision));
    if precision.fract() != 0.0 {
        return Err(Stop::Library);
    }
    let rounded = numbers::round(double(heap, value), precision);
    give(heap, rounded)
}

/// `$power(base, exponent)`
pub(super) fn power(heap: &mut Heap, [base, exponent, ..]: Arguments) -> Evaluated {
    let Some(base) = base else { return Ok(None) };
    let exponent = exponent.map(|exponent| double(heap, exponent)).ok_or(Stop::Library)?;
    let result = double(heap, base).powf(exponent);
    give(heap, result)
}

/// `$sqrt(number)`
pub(super) fn sqrt(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    if let Some(value) = value
        && double(heap, value) < 0.0
    {
        let shown = numbers::text(double(heap, value));
        let text = format!("D3060: The sqrt function cannot be applied to a negative number: {shown}");
        return Err(Stop::thrown(text));
    }
    map(heap, value, f64::sqrt)
}

/// The numbers of an array that a signature has let in; `None` if it is undefined.
fn doubles(heap: &Heap, array: Option<Value>) -> Option<(usize, impl Iterator<Item = f64>)> {
    let Some(Value::Array(list)) = array else { return None };
    Some((list.len(), heap.items(list).iter().map(|item| double(heap, *item))))
}

/// `$sum(numbers)`
pub(super) fn sum(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    let Some((_, numbers)) = doubles(heap, array) else { return Ok(None) };
    let total = numbers.fold(0.0, |total, number| total + number);
    give(heap, total)
}

/// `$average(numbers)`
pub(super) fn average(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    let Some((count @ 1.., numbers)) = doubles(heap, array) else { return Ok(None) };
    let total = numbers.fold(0.0, |total, number| total + number);
    give(heap, total / count as f64)
}

/// `$max(numbers)`
pub(super) fn max(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    extreme(heap, array, f64::max)
}

/// `$min(numbers)`
pub(super) fn min(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    extreme(heap, array, f64::min)
}

fn extreme(heap: &mut Heap, array: Option<Value>, choose: fn(f64, f64) -> f64) -> Evaluated {
    match doubles(heap, array).and_then(|(_, numbers)| numbers.reduce(choose)) {
        Some(number) => give(heap, number),
        None => Ok(None),
    }
}
