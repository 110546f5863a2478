//! Functions that the library still carries out: encodings, and pictures of numbers and dates.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::{JMap, JValue};

use super::{Arguments, Row, row};
use crate::jsonata::error::Fault;
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::Value;

/// A row whose body asks the library for the function of this name.
macro_rules! rows {
    ($($name:literal $signature:literal)*) => {
        &[$(row($name, $signature, |own, arguments| call(own, $name, arguments)),)*]
    };
}

pub(super) const ROWS: &[Row] = rows![
    "base64encode" "<s-:s>"
    "base64decode" "<s-:s>"
    "encodeUrl" "<s-:s>"
    "encodeUrlComponent" "<s-:s>"
    "decodeUrl" "<s-:s>"
    "decodeUrlComponent" "<s-:s>"
    "formatNumber" "<n-so?:s>"
    "formatBase" "<n-n?:s>"
    "formatInteger" "<n-s:s>"
    "parseInteger" "<s-s:n>"
    "fromMillis" "<n-s?s?:s>"
    "toMillis" "<s-s?:n>"
];

pub(super) fn call(own: &mut Evaluation<'_>, name: &str, arguments: Arguments) -> Evaluated {
    if arguments[0].is_none() {
        return Ok(None);
    }
    own.work(100)?;
    let mut context = Context::new();
    let mut names = Vec::new();
    for (index, argument) in arguments.into_iter().enumerate() {
        let Some(value) = argument else { break };
        names.push(format!("$a{index}"));
        context.bind(format!("a{index}"), to_library(own, value));
    }
    let text = format!("${name}({})", names.join(", "));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let call = parser::parse(&text).map_err(|error| error.to_string())?;
        let mut evaluator = Evaluator::with_options(context, EvaluatorOptions::default());
        evaluator.evaluate(&call, &JValue::Null).map_err(|error| error.message().to_owned())
    }));
    match result {
        Ok(Ok(JValue::String(text))) => own.text_value(&text),
        Ok(Ok(JValue::Number(number))) => Ok(Some(own.number_value(number))),
        Ok(Ok(_)) => Ok(None),
        Ok(Err(text)) => Err(Fault::bound(&text)),
        Err(_) => Err(Fault::bound("The expression could not be evaluated")),
    }
}

fn to_library(own: &Evaluation<'_>, value: Value) -> JValue {
    match value {
        Value::String(text) => JValue::string(own.heap.str(text).into_owned()),
        Value::Object(list) => {
            let mut entries = JMap::default();
            for (key, value) in own.heap.entries(list) {
                entries.insert(own.heap.str(key).into_owned(), to_library(own, value));
            }
            JValue::Object(Rc::new(entries))
        }
        value => own.double(value).map_or(JValue::Null, JValue::Number),
    }
}
