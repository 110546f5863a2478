//! The functions that Step Functions adds to JSONata, or replaces, in the library's form.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::compiled::{self, MAX_BYTES, Stop};
use super::convert::{Inexact, from_library, is_too_large, to_library};
use super::error::{EvaluationError, OUT_OF_MEMORY};
use super::rewrite;
use crate::expr::intrinsic;
use crate::value::{Heap, Value};

/// Chunks or numbers that a function may make.
pub(super) const MAX_ITEMS: f64 = 10_000_000.0;

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
    register_own(evaluator)?;
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

/// Functions that only rewritten trees call: see [`rewrite`].
fn register_own(evaluator: &mut Evaluator) -> Result<(), EvaluatorError> {
    evaluator.register_fn(rewrite::CONCATENATE, concatenate)?;
    evaluator.register_fn(rewrite::BOUNDED, bounded)?;
    evaluator.register_fn(rewrite::ARRAY, |arguments: &[JValue]| {
        Ok(match arguments {
            // For the library's functions, null is no item.
            [JValue::Null] => JValue::array(vec![JValue::Null]),
            [value] => value.clone(),
            _ => JValue::Undefined,
        })
    })?;
    evaluator.register_fn(rewrite::RANGE, numbers_between)?;
    for name in rewrite::REPLACED {
        let apply = if name == "pad" { |_: &str, arguments: &[JValue]| pad(arguments) } else { apply };
        evaluator.register_fn(rewrite::own_name(name), move |arguments: &[JValue]| {
            apply(name, &[&[JValue::Undefined], arguments].concat())
        })?;
        evaluator
            .register_fn(rewrite::own_name_in_context(name), move |arguments: &[JValue]| apply(name, arguments))?;
    }
    Ok(())
}

/// Functions that look at operands, for the tree that explains an error.
pub(super) fn register_checks(evaluator: &mut Evaluator) -> Result<(), EvaluatorError> {
    compiled::checked().try_for_each(|what| {
        evaluator.register_fn(rewrite::check_name(what), move |operands: &[JValue]| check(what, operands))
    })
}

/// Values in a heap of their own.
type InHeap = (Heap, Vec<Option<Value>>);

/// The values in a heap of their own; `None` if there is a function among them.
fn in_heap(values: &[JValue]) -> Result<Option<InHeap>, EvaluatorError> {
    let (mut heap, inexact) = (Heap::new(), Inexact::default());
    let mut converted = Vec::new();
    for value in values {
        match from_library(&mut heap, value, &inexact) {
            Ok(value) => converted.push(value),
            Err(error) if *error == EvaluationError::FunctionResult => return Ok(None),
            Err(error) => return Err(failure(&error.to_string())),
        }
    }
    Ok(Some((heap, converted)))
}

fn failure(text: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(text.to_owned())
}

fn check(what: &str, operands: &[JValue]) -> Answer {
    if let Some((mut heap, operands)) = in_heap(operands)?
        && let Err(Stop::Failed(error)) = compiled::check(&mut heap, what, &operands)
    {
        return Err(failure(&error.to_string()));
    }
    Ok(JValue::Undefined)
}

/// One of our functions in the place of the library's. The context comes before the arguments.
fn apply(name: &str, arguments: &[JValue]) -> Answer {
    // A function is no value of ours, but it exists.
    let Some((mut heap, arguments)) = in_heap(arguments)? else {
        return Ok(if name == "exists" { JValue::Bool(true) } else { JValue::Undefined });
    };
    match compiled::apply(&mut heap, name, &arguments) {
        Ok(Some(value)) => Ok(to_library(&heap, value, &mut Inexact::default())),
        Ok(None) => Ok(JValue::Undefined),
        Err(Stop::Failed(error)) => Err(failure(&error.to_string())),
        // What our heap has no number for.
        Err(Stop::Library) => Ok(JValue::Number(-0.0)),
    }
}

/// `&`
fn concatenate(sides: &[JValue]) -> Answer {
    let mut text = String::new();
    for side in sides {
        match side {
            JValue::Undefined => {}
            JValue::String(part) => text.push_str(part),
            other if is_too_large(other) => return Err(failure(OUT_OF_MEMORY)),
            other => {
                if let JValue::String(part) =
                    jsonata_core::functions::string::string(other, None).map_err(EvaluatorError::from)?
                {
                    text.push_str(&part);
                }
            }
        }
    }
    if text.len() > MAX_BYTES { Err(failure(OUT_OF_MEMORY)) } else { Ok(JValue::string(text)) }
}

/// `first..last`
fn numbers_between(sides: &[JValue]) -> Answer {
    let Some((heap, sides)) = in_heap(sides)? else { return Ok(JValue::Undefined) };
    let [first, last] = <[Option<Value>; 2]>::try_from(sides).unwrap_or_default();
    match compiled::range(&heap, first, last) {
        Ok(None) | Err(Stop::Library) => Ok(JValue::Undefined),
        Ok(Some((_, count))) if count * size_of::<Value>() > MAX_BYTES => Err(failure(OUT_OF_MEMORY)),
        Ok(Some((first, count))) => {
            Ok(JValue::sequence((0..count).map(|index| JValue::Number(first + index as f64)).collect()))
        }
        Err(Stop::Failed(error)) => Err(failure(&error.to_string())),
    }
}

/// Passes a value on that is not too large.
fn bounded(arguments: &[JValue]) -> Answer {
    match arguments.first() {
        Some(value) if is_too_large(value) => Err(failure(OUT_OF_MEMORY)),
        Some(value) => Ok(value.clone()),
        None => Ok(JValue::Undefined),
    }
}

/// `$pad(text, width, filler)`, after the context.
fn pad(arguments: &[JValue]) -> Answer {
    check("pad", arguments)?;
    // Where only the width was given, the context is the text.
    let missing = usize::from(!matches!(arguments, [_, JValue::Number(_), ..]));
    let arguments = arguments.get(missing..).unwrap_or_default();
    let (Some(JValue::String(text)), Some(JValue::Number(width))) = (arguments.first(), arguments.get(1)) else {
        return Ok(arguments.first().cloned().unwrap_or(JValue::Undefined));
    };
    let filler = match arguments.get(2) {
        Some(JValue::String(filler)) => &**filler,
        _ => " ",
    };
    compiled::pad(text, *width, filler).map(JValue::string).ok_or_else(|| failure(OUT_OF_MEMORY))
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
