//! Built-in functions, those that Step Functions adds included.

mod array;
mod number;
mod object;
mod service;
mod string;

use super::Stop;
use super::evaluate::{Evaluated, Evaluation};
use super::node::Call;
use super::operator::boolean;
use super::signature::{self, Arguments, Parameter, validate};
use crate::jsonata::scope::Scope;
use crate::value::{Heap, Value};

pub(in crate::jsonata) use string::pad;

/// The most arguments of a call that are covered.
pub(super) const MAX_ARGUMENTS: usize = 4;

/// A function that is covered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function(&'static Definition);

struct Definition {
    name: &'static str,
    /// `None`: the function looks at its arguments itself.
    parameters: Option<&'static [Parameter]>,
    body: Body,
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// How a function is carried out.
enum Body {
    /// From the heap and the arguments alone.
    Pure(fn(&mut Heap, Arguments) -> Evaluated),
    Special(Special),
}

/// Functions that need more than the heap.
#[derive(Clone, Copy)]
enum Special {
    Append,
    Lookup,
    Millis,
    Now,
    Uuid,
    Random,
    Range,
}

use Body::{Pure, Special as Needs};
use signature::{
    ANY, ANY_OR_CONTEXT, ARRAY, BOOLEAN, NUMBER, NUMBER_OR_CONTEXT, NUMBERS, OBJECTS, OPTIONAL_BOOLEAN,
    OPTIONAL_NUMBER, OPTIONAL_OBJECT, OPTIONAL_STRING, SCALAR_OR_CONTEXT, STRING, STRING_OR_CONTEXT, STRINGS,
};

const fn define(name: &'static str, parameters: &'static [Parameter], body: Body) -> Definition {
    Definition { name, parameters: Some(parameters), body }
}

const fn added(name: &'static str, body: Body) -> Definition {
    Definition { name, parameters: None, body }
}

static DEFINITIONS: [Definition; 44] = [
    define("string", &[ANY_OR_CONTEXT, OPTIONAL_BOOLEAN], Pure(string::string)),
    define("length", &[STRING_OR_CONTEXT], Pure(string::length)),
    define("substring", &[STRING_OR_CONTEXT, NUMBER, OPTIONAL_NUMBER], Pure(string::substring)),
    define("substringBefore", &[STRING_OR_CONTEXT, STRING], Pure(string::substring_before)),
    define("substringAfter", &[STRING_OR_CONTEXT, STRING], Pure(string::substring_after)),
    define("uppercase", &[STRING_OR_CONTEXT], Pure(string::uppercase)),
    define("lowercase", &[STRING_OR_CONTEXT], Pure(string::lowercase)),
    define("trim", &[STRING_OR_CONTEXT], Pure(string::trim)),
    define("contains", &[STRING_OR_CONTEXT, STRING], Pure(string::contains)),
    define("split", &[STRING_OR_CONTEXT, STRING, OPTIONAL_NUMBER], Pure(string::split)),
    define("join", &[STRINGS, OPTIONAL_STRING], Pure(string::join)),
    define("replace", &[STRING_OR_CONTEXT, STRING, STRING, OPTIONAL_NUMBER], Pure(string::replace)),
    define("number", &[SCALAR_OR_CONTEXT], Pure(number::number)),
    define("abs", &[NUMBER_OR_CONTEXT], Pure(number::abs)),
    define("floor", &[NUMBER_OR_CONTEXT], Pure(number::floor)),
    define("ceil", &[NUMBER_OR_CONTEXT], Pure(number::ceil)),
    define("round", &[NUMBER_OR_CONTEXT, OPTIONAL_NUMBER], Pure(number::round)),
    define("power", &[NUMBER_OR_CONTEXT, NUMBER], Pure(number::power)),
    define("sqrt", &[NUMBER_OR_CONTEXT], Pure(number::sqrt)),
    define("sum", &[NUMBERS], Pure(number::sum)),
    define("max", &[NUMBERS], Pure(number::max)),
    define("min", &[NUMBERS], Pure(number::min)),
    define("average", &[NUMBERS], Pure(number::average)),
    define("count", &[ARRAY], Pure(array::count)),
    define("boolean", &[ANY_OR_CONTEXT], Pure(to_boolean)),
    define("not", &[ANY_OR_CONTEXT], Pure(not)),
    define("exists", &[ANY], Pure(exists)),
    define("append", &[ANY, ANY], Needs(Special::Append)),
    define("reverse", &[ARRAY], Pure(array::reverse)),
    define("distinct", &[ANY], Pure(array::distinct)),
    define("merge", &[OBJECTS], Pure(object::merge)),
    define("keys", &[ANY_OR_CONTEXT], Pure(object::keys)),
    define("lookup", &[ANY_OR_CONTEXT, STRING], Needs(Special::Lookup)),
    define("spread", &[ANY_OR_CONTEXT], Pure(object::spread)),
    define("type", &[ANY], Pure(object::type_name)),
    define("error", &[OPTIONAL_STRING], Pure(string::error)),
    added("millis", Needs(Special::Millis)),
    added("now", Needs(Special::Now)),
    added("uuid", Needs(Special::Uuid)),
    added("random", Needs(Special::Random)),
    added("range", Needs(Special::Range)),
    added("partition", Pure(service::partition)),
    added("hash", Pure(service::hash)),
    added("parse", Pure(service::parse)),
];

/// Functions of the language that are left to the library, with their parameters if none is a function.
const OTHERS: [(&str, Option<&[Parameter]>); 26] = [
    ("assert", Some(&[BOOLEAN, OPTIONAL_STRING])),
    ("base64decode", Some(&[STRING_OR_CONTEXT])),
    ("base64encode", Some(&[STRING_OR_CONTEXT])),
    ("clone", None),
    ("decodeUrl", Some(&[STRING_OR_CONTEXT])),
    ("decodeUrlComponent", Some(&[STRING_OR_CONTEXT])),
    ("each", None),
    ("encodeUrl", Some(&[STRING_OR_CONTEXT])),
    ("encodeUrlComponent", Some(&[STRING_OR_CONTEXT])),
    ("eval", None),
    ("filter", None),
    ("formatBase", Some(&[NUMBER_OR_CONTEXT, OPTIONAL_NUMBER])),
    ("formatInteger", Some(&[NUMBER_OR_CONTEXT, STRING])),
    ("formatNumber", Some(&[NUMBER_OR_CONTEXT, STRING, OPTIONAL_OBJECT])),
    ("fromMillis", Some(&[NUMBER_OR_CONTEXT, OPTIONAL_STRING, OPTIONAL_STRING])),
    ("map", None),
    ("match", None),
    ("pad", Some(&[STRING_OR_CONTEXT, NUMBER, OPTIONAL_STRING])),
    ("parseInteger", Some(&[STRING_OR_CONTEXT, STRING])),
    ("reduce", None),
    ("shuffle", Some(&[ARRAY])),
    ("sift", None),
    ("single", None),
    ("sort", None),
    ("toMillis", Some(&[STRING_OR_CONTEXT, OPTIONAL_STRING])),
    ("zip", None),
];

impl Function {
    /// The covered function of this name, without `$`.
    pub(super) fn find(name: &str) -> Option<Function> {
        DEFINITIONS.iter().find(|definition| definition.name == name).map(Function)
    }

    /// Whether a function has this name, covered or not.
    pub(super) fn is_name(name: &str) -> bool {
        Self::find(name).is_some() || OTHERS.iter().any(|(other, _)| *other == name)
    }

    /// The names of all functions, covered or not.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        DEFINITIONS.iter().map(|definition| definition.name).chain(OTHERS.iter().map(|(name, _)| *name))
    }

    /// The parameters of a function, covered or not.
    pub(super) fn parameters(name: &str) -> Option<&'static [Parameter]> {
        match Self::find(name) {
            Some(Function(definition)) => definition.parameters,
            None => OTHERS.iter().find(|(other, _)| *other == name)?.1,
        }
    }

    /// Applies a function that needs nothing but its arguments.
    pub(super) fn apply(self, heap: &mut Heap, supplied: &[Option<Value>], context: Option<Value>) -> Evaluated {
        let Function(definition) = self;
        let (Pure(body), Some(parameters)) = (&definition.body, definition.parameters) else {
            return Err(Stop::Library);
        };
        let arguments = validate(heap, definition.name, parameters, supplied, context)?;
        body(heap, arguments)
    }
}

impl<S: Scope> Evaluation<'_, S> {
    pub(super) fn call(&mut self, call: &Call, context: Option<Value>) -> Evaluated {
        let Function(definition) = call.function;
        // A workflow variable of the same name hides the function.
        if self.scope.variable(self.heap, definition.name).is_some() {
            return Err(Stop::Library);
        }
        let mut supplied: Arguments = [None; MAX_ARGUMENTS];
        let count = call.arguments.len();
        for (value, argument) in std::iter::zip(&mut supplied, &call.arguments) {
            *value = self.evaluate(argument, context)?;
        }
        let arguments = match definition.parameters {
            Some(parameters) => validate(self.heap, definition.name, parameters, &supplied[..count], context)?,
            None => supplied,
        };
        let result = match definition.body {
            Pure(body) => body(self.heap, arguments)?,
            Needs(special) => self.special(special, arguments, count)?,
        };
        self.check_memory()?;
        Ok(result)
    }

    fn special(&mut self, special: Special, arguments: Arguments, count: usize) -> Evaluated {
        match special {
            Special::Append => self.append(arguments),
            Special::Lookup => self.look_up(arguments),
            Special::Range => self.numbers(arguments),
            Special::Millis => Ok(Some(Value::Int(self.scope.now_millis()))),
            Special::Now if count == 0 => {
                let mut text = String::new();
                crate::expr::timestamp::write_millis(self.scope.now_millis(), &mut text);
                Ok(Some(self.heap.string(&text)))
            }
            // With a picture.
            Special::Now => Err(Stop::Library),
            Special::Uuid => {
                let text = crate::expr::intrinsic::random_uuid(self.scope.random());
                Ok(Some(self.heap.string(&text)))
            }
            Special::Random => Ok(Some(service::random(self.heap, self.scope.random(), arguments[0]))),
        }
    }
}

fn to_boolean(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    Ok(value.map(|value| Value::bool(boolean(heap, value))))
}

fn not(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    Ok(value.map(|value| Value::bool(!boolean(heap, value))))
}

fn exists(_: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    Ok(Some(Value::bool(value.is_some())))
}

/// The double behind a number that a signature has let in.
fn double(heap: &Heap, value: Value) -> f64 {
    heap.number(value).map_or(0.0, |number| number.as_f64())
}
