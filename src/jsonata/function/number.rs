use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::text::json;
use crate::jsonata::evaluate::{Evaluated, Evaluation, length};
use crate::jsonata::number as numbers;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("number", "<(nsb)-:n>", number),
    row("abs", "<n-:n>", abs),
    row("floor", "<n-:n>", floor),
    row("ceil", "<n-:n>", ceil),
    row("round", "<n-n?:n>", round),
    row("power", "<n-n:n>", power),
    row("sqrt", "<n-:n>", sqrt),
    row("sum", "<a<n>:n>", sum),
    row("max", "<a<n>:n>", max),
    row("min", "<a<n>:n>", min),
    row("average", "<a<n>:n>", average),
];

/// `$number(value)`
fn number(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    Ok(match value {
        Some(Value::True) => Some(Value::Int(1)),
        Some(Value::False) => Some(Value::Int(0)),
        Some(Value::String(digits)) => match numbers::parse(&own.heap.str(digits)) {
            Some(number) => Some(own.number_value(number)),
            None => {
                let shown = json(own, Value::String(digits));
                return Err(Throw::new("D3030", format!("Unable to cast value to a number: {shown}")));
            }
        },
        number => number,
    })
}

fn map(own: &mut Evaluation<'_>, value: Option<Value>, function: fn(f64) -> f64) -> Evaluated {
    Ok(own.number(value).map(|number| own.number_value(function(number))))
}

/// `$abs(number)`
fn abs(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    map(own, value, f64::abs)
}

/// `$floor(number)`
fn floor(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    map(own, value, f64::floor)
}

/// `$ceil(number)`
fn ceil(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    map(own, value, f64::ceil)
}

/// `$round(number, precision)`
fn round(own: &mut Evaluation<'_>, [value, precision, ..]: Arguments) -> Evaluated {
    let precision = own.number(precision).unwrap_or(0.0);
    Ok(own.number(value).map(|number| own.number_value(numbers::round(number, precision))))
}

/// `$power(base, exponent)`
fn power(own: &mut Evaluation<'_>, [base, exponent, ..]: Arguments) -> Evaluated {
    let Some(base) = own.number(base) else { return Ok(None) };
    let power = own.number(exponent).map_or(f64::NAN, |exponent| base.powf(exponent));
    if !power.is_finite() {
        let shown = exponent.map_or("undefined".to_owned(), |exponent| json(own, exponent));
        let text = format!(
            "The power function has resulted in a value that cannot be represented as a JSON number: base={}, \
             exponent={shown}",
            if base.is_finite() { numbers::text(base) } else { "null".to_owned() }
        );
        return Err(Throw::new("D3061", text));
    }
    Ok(Some(own.number_value(power)))
}

/// `$sqrt(number)`
fn sqrt(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    if let Some(number) = own.number(value)
        && number < 0.0
    {
        let shown = numbers::text(number);
        let text = format!("The sqrt function cannot be applied to a negative number: {shown}");
        return Err(Throw::new("D3060", text));
    }
    map(own, value, f64::sqrt)
}

/// Puts the numbers of an array together, from the first on; `None` if there is none.
fn fold(own: &mut Evaluation<'_>, array: Option<Value>, combine: fn(f64, f64) -> f64) -> Result<Option<f64>, Throw> {
    let Some(Value::Array(list)) = array else { return Ok(None) };
    own.work(list.len() / 8)?;
    Ok(own.heap.items(list).iter().filter_map(|item| own.double(*item)).reduce(combine))
}

/// `$sum(numbers)`
fn sum(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    let total = fold(own, array, |total, number| total + number)?;
    Ok(array.map(|_| own.number_value(total.unwrap_or(0.0))))
}

/// `$average(numbers)`
fn average(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    let total = fold(own, array, |total, number| total + number)?;
    let count = array.map_or(0, length) as f64;
    Ok(total.map(|total| own.number_value(total / count)))
}

/// `$max(numbers)`
fn max(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    Ok(fold(own, array, f64::max)?.map(|number| own.number_value(number)))
}

/// `$min(numbers)`
fn min(own: &mut Evaluation<'_>, [array, ..]: Arguments) -> Evaluated {
    Ok(fold(own, array, f64::min)?.map(|number| own.number_value(number)))
}
