//! Functions of any value.

use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::foreign::callable;
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    Row { arity: Some(1), ..row("string", "<x-b?:s>", string) },
    row("boolean", "<x-:b>", boolean),
    row("not", "<x-:b>", not),
    row("exists", "<x:b>", exists),
    row("type", "<x:s>", type_name),
    row("clone", "<(oa)-:o>", clone),
    row("error", "<s?:x>", error),
    row("assert", "<bs?:x>", assert),
];

/// `$string(value, prettify)`
fn string(own: &mut Evaluation<'_>, [value, pretty, ..]: Arguments) -> Evaluated {
    match value {
        None | Some(Value::String(_)) => Ok(value),
        Some(value) => {
            let text = own.string(value, pretty.is_some_and(|pretty| pretty.as_bool() == Some(true)))?;
            own.text_value(&text)
        }
    }
}

/// `$boolean(value)`
fn boolean(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    value.map(|value| own.boolean(value).map(Value::bool)).transpose()
}

/// `$not(value)`
fn not(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    value.map(|value| own.boolean(value).map(|value| Value::bool(!value))).transpose()
}

/// `$exists(value)`
fn exists(_: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    Ok(Some(Value::bool(value.is_some())))
}

/// `$type(value)`
fn type_name(own: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    let Some(value) = value else { return Ok(None) };
    let name = match value {
        Value::Foreign(_) if callable(value).is_some() => "function",
        // The reference has no name for what is no number.
        Value::Foreign(_) => own.numeric(value)?.map_or("object", |_| "number"),
        value => value.type_name(),
    };
    own.text_value(name)
}

/// `$clone(value)`: values don't change, so that the value is its own copy.
fn clone(_: &mut Evaluation<'_>, [value, ..]: Arguments) -> Evaluated {
    Ok(value)
}

/// `$error(message)`
fn error(own: &mut Evaluation<'_>, [message, ..]: Arguments) -> Evaluated {
    Err(Throw::new("D3137", message_or(own, message, "$error() function evaluated")))
}

/// `$assert(condition, message)`
fn assert(own: &mut Evaluation<'_>, [condition, message, ..]: Arguments) -> Evaluated {
    match condition {
        Some(Value::True) => Ok(None),
        _ => Err(Throw::new("D3141", message_or(own, message, "$assert() statement failed"))),
    }
}

fn message_or(own: &Evaluation<'_>, message: Option<Value>, default: &str) -> String {
    own.text(message).filter(|message| !message.is_empty()).unwrap_or_else(|| default.to_owned())
}
