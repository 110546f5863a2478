//! The functions that Step Functions adds to JSONata, or replaces, in the library's form.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::convert::{Inexact, to_library};
use crate::expr::intrinsic;
use crate::value::Heap;

/// Chunks or numbers that a function may make.
const MAX_ITEMS: f64 = 10_000_000.0;

type Answer = Result<JValue, EvaluatorError>;

/// What the functions need of the evaluation that they are called in.
pub(super) struct World {
    pub(super) random: Rc<RefCell<fastrand::Rng>>,
    pub(super) now_millis: i64,
}

/// Makes the functions known.
pub(super) fn register(evaluator: &mut Evaluator, world: &World) -> Result<(), EvaluatorError> {
    evaluator.register_fn("partition", partition)?;
    evaluator.register_fn("range", range)?;
    evaluator.register_fn("hash", hash)?;
    evaluator.register_fn("parse", parse)?;
    let random = Rc::clone(&world.random);
    evaluator.register_fn("uuid", move |_: &[JValue]| {
        Ok(JValue::string(intrinsic::random_uuid(&mut random.borrow_mut())))
    })?;
    let draw = Rc::clone(&world.random);
    evaluator.register_fn_override("random", move |arguments: &[JValue]| Ok(random_number(arguments, &draw)))?;
    let shuffler = Rc::clone(&world.random);
    evaluator.register_fn_override("shuffle", move |arguments: &[JValue]| Ok(shuffle(arguments, &shuffler)))?;
    let now = world.now_millis;
    evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::Number(now as f64)))?;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| from_millis(now, arguments))?;
    evaluator.register_fn_override("eval", |_: &[JValue]| Err(no_function()))
}

fn no_function() -> EvaluatorError {
    EvaluatorError::TypeError("T1006: Attempted to invoke a non-function".to_owned())
}

/// A whole number; a fraction is cut toward zero.
fn whole(argument: Option<&JValue>) -> Option<f64> {
    match argument {
        Some(JValue::Number(number)) => Some(number.trunc()),
        _ => None,
    }
}

/// `$partition(array, size)`
fn partition(arguments: &[JValue]) -> Answer {
    let (Some(JValue::Array(items)), Some(size)) = (arguments.first(), whole(arguments.get(1))) else {
        return Ok(JValue::Undefined);
    };
    if items.is_empty() || size < 1.0 {
        return Ok(JValue::Undefined);
    }
    let size = size.min(MAX_ITEMS) as usize;
    Ok(JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

/// `$range(first, last, step)`
fn range(arguments: &[JValue]) -> Answer {
    let [first, last, step] = [0, 1, 2].map(|index| whole(arguments.get(index)));
    let (Some(first), Some(last), Some(step)) = (first, last, step) else { return Ok(JValue::Undefined) };
    let count = ((last - first) / step).floor() + 1.0;
    // A step of the wrong sign, or of zero, makes nothing.
    if !(1.0..=MAX_ITEMS).contains(&count) {
        return Ok(JValue::Undefined);
    }
    let items = (0..count as u64).map(|index| JValue::Number(first + index as f64 * step)).collect();
    Ok(JValue::sequence(items).unwrap_sequence())
}

/// `$hash(data, algorithm)`
fn hash(arguments: &[JValue]) -> Answer {
    let (Some(data), Some(JValue::String(algorithm))) = (arguments.first(), arguments.get(1)) else {
        return Ok(JValue::Undefined);
    };
    let data = match data {
        JValue::String(text) => text.to_string(),
        JValue::Undefined => return Ok(JValue::Undefined),
        other => other.to_json_string().unwrap_or_default(),
    };
    Ok(intrinsic::digest(&data, algorithm).map_or(JValue::Undefined, JValue::string))
}

/// `$parse(text)`
fn parse(arguments: &[JValue]) -> Answer {
    let Some(JValue::String(text)) = arguments.first() else { return Ok(JValue::Undefined) };
    let mut heap = Heap::new();
    match heap.parse(text.as_bytes()) {
        Ok(value) => Ok(to_library(&heap, value, &mut Inexact::default())),
        Err(error) => {
            Err(EvaluatorError::EvaluationError(format!("D3120: The text given to $parse is not JSON: {error}")))
        }
    }
}

/// `$random([seed])`: with a seed, always the same number.
fn random_number(arguments: &[JValue], random: &RefCell<fastrand::Rng>) -> JValue {
    JValue::Number(match whole(arguments.first()) {
        Some(seed) => fastrand::Rng::with_seed(seed as i64 as u64).f64(),
        None => random.borrow_mut().f64(),
    })
}

/// `$shuffle(array)`
fn shuffle(arguments: &[JValue], random: &RefCell<fastrand::Rng>) -> JValue {
    match arguments.first() {
        Some(JValue::Array(items)) => {
            let mut items = items.to_vec();
            random.borrow_mut().shuffle(&mut items);
            JValue::array(items)
        }
        Some(JValue::Undefined) | None => JValue::Undefined,
        Some(other) => JValue::array(vec![other.clone()]),
    }
}

/// `$now([picture [, timezone]])` by way of `$fromMillis`.
fn from_millis(now: i64, arguments: &[JValue]) -> Answer {
    let mut context = Context::new();
    for (name, index) in [("picture", 0), ("zone", 1)] {
        context.bind(name.to_owned(), arguments.get(index).cloned().unwrap_or(JValue::Undefined));
    }
    context.bind("now".to_owned(), JValue::Number(now as f64));
    let call = parser::parse("$fromMillis($now, $picture, $zone)")
        .map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    Evaluator::with_options(context, EvaluatorOptions::default()).evaluate(&call, &JValue::Null)
}
