use crate::expr::scope::Scope;
use crate::value::{Heap, Mark, Value};

use super::{Refusal, array, encoding, format, json, math};

/// What a call of a function gives, as far as the function tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array of what the arguments hold.
    Array,
    /// An array of strings or numbers.
    Scalars,
    /// What the argument holds.
    Element,
    /// Whatever a text says.
    Json,
}

type Body = fn(&mut Heap, Mark) -> Result<Value, Refusal>;
type RandomBody = fn(&mut Heap, &mut fastrand::Rng, Mark) -> Result<Value, Refusal>;

/// What a function does with its arguments: those that were pushed since the mark.
#[derive(Debug)]
enum Apply {
    Pure(Body),
    /// Gives another value each time.
    Random(RandomBody),
}

/// An intrinsic function.
#[derive(Debug)]
pub(super) struct Function {
    /// As it stands in a definition.
    pub(super) name: &'static str,
    pub(super) returns: Returns,
    apply: Apply,
}

/// All of them: <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>.
pub(super) static FUNCTIONS: [Function; 18] = [
    row("States.Array", Returns::Array, Apply::Pure(|heap, mark| Ok(heap.array_from(mark)?))),
    row("States.ArrayContains", Returns::Boolean, Apply::Pure(|heap, mark| array::contains(heap, mark))),
    row("States.ArrayGetItem", Returns::Element, Apply::Pure(|heap, mark| array::item(heap, mark))),
    row("States.ArrayLength", Returns::Number, Apply::Pure(|heap, mark| array::length(heap, mark))),
    row("States.ArrayPartition", Returns::Array, Apply::Pure(array::partition)),
    row("States.ArrayRange", Returns::Scalars, Apply::Pure(array::range)),
    row("States.ArrayUnique", Returns::Array, Apply::Pure(array::unique)),
    row("States.Base64Decode", Returns::String, Apply::Pure(encoding::base64_decode)),
    row("States.Base64Encode", Returns::String, Apply::Pure(encoding::base64_encode)),
    row("States.Format", Returns::String, Apply::Pure(format::format_value)),
    row("States.Hash", Returns::String, Apply::Pure(encoding::hash)),
    row("States.JsonMerge", Returns::Object, Apply::Pure(json::merge)),
    row("States.JsonToString", Returns::String, Apply::Pure(json::print)),
    row("States.MathAdd", Returns::Number, Apply::Pure(|heap, mark| math::add(heap, mark))),
    row("States.MathRandom", Returns::Number, Apply::Random(|heap, random, mark| math::random(heap, random, mark))),
    row("States.StringSplit", Returns::Scalars, Apply::Pure(format::split)),
    row("States.StringToJson", Returns::Json, Apply::Pure(json::parse)),
    row("States.UUID", Returns::String, Apply::Random(math::uuid)),
];

const fn row(name: &'static str, returns: Returns, apply: Apply) -> Function {
    Function { name, returns, apply }
}

impl Function {
    /// The function with this name.
    pub(super) fn from_name(name: &str) -> Option<&'static Function> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    pub(super) fn is_random(&self) -> bool {
        matches!(self.apply, Apply::Random(_))
    }

    /// Whether its first argument, where it is literal, is a template with `{}`.
    pub(super) fn takes_template(&self) -> bool {
        self.name == "States.Format"
    }

    /// Calls the function on what was pushed since the mark.
    pub(super) fn apply(&self, heap: &mut Heap, scope: &mut impl Scope, mark: Mark) -> Result<Value, Refusal> {
        match self.apply {
            Apply::Pure(body) => body(heap, mark),
            Apply::Random(body) => body(heap, scope.random(), mark),
        }
    }
}
