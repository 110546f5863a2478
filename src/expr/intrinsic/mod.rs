//! Intrinsic functions: `States.Format('…', $.x)` and its seventeen siblings.
//!
//! A call is parsed once. When it is evaluated, its arguments go to the heap's build stack, where the function picks
//! them up; so a call allocates nothing of its own.

mod array;
mod encoding;
mod format;
mod function;
mod json;
mod math;
mod parse;

#[cfg(test)]
mod tests;

use crate::expr::error::{CallFault, EvalError};
use crate::expr::path::{Path, PathError};
use crate::expr::scope::Scope;
use crate::value::{Exceeded, Heap, Mark, Value};
use function::{FUNCTIONS, Function};

pub use encoding::digest;
pub use function::Returns;
pub use math::random_uuid;

/// Why a text is no call of an intrinsic function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IntrinsicSyntaxError {
    /// What is wrong.
    pub message: String,
    /// Byte offset into the text of the call.
    pub offset: usize,
}

/// The names of the intrinsic functions.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FUNCTIONS.iter().map(|function| function.name)
}

/// A compiled call of an intrinsic function, with all that is nested in it.
#[derive(Clone, Debug)]
pub struct Call {
    text: Box<str>,
    invocation: Invocation,
}

impl Call {
    /// Reads the text of a call. Literals become values of `constants`, the heap that executions are seeded from.
    ///
    /// # Errors
    /// [`IntrinsicSyntaxError`] says what is wrong and where. Number and types of the arguments are not checked here:
    /// the real service finds out when it runs.
    pub fn parse(text: &str, constants: &mut Heap) -> Result<Call, IntrinsicSyntaxError> {
        Ok(Call { text: text.into(), invocation: parse::call(text, constants)? })
    }

    /// The call as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the call gives the same value each time: there are no paths in it, and nothing random.
    pub fn is_constant(&self) -> bool {
        self.invocation.is_constant()
    }

    /// What a call gives, as far as its function tells.
    pub fn returns(&self) -> Returns {
        self.invocation.function.returns
    }

    /// Calls the function.
    ///
    /// # Errors
    /// [`EvalError`] if an argument is missing, or a function refuses its arguments.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, Box<EvalError>> {
        self.invocation.evaluate(heap, scope).map_err(|failure| match failure {
            Failure::Function(fault) => Box::new(EvalError::Function { call: self.text.clone(), fault }),
            Failure::Path(error, path) => error.in_call(heap, path, &self.text),
            Failure::Exceeded(exceeded) => exceeded.into(),
        })
    }

    /// The paths among the arguments, those of nested calls included.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        self.invocation.for_each_path(visit);
    }
}

/// A call without the text that it came from.
#[derive(Clone, Debug)]
struct Invocation {
    function: &'static Function,
    /// The literal first argument of `States.Format`, taken apart.
    template: Option<format::Template>,
    arguments: Box<[Argument]>,
}

#[derive(Clone, Debug)]
enum Argument {
    Constant(Value),
    Path(Path),
    Call(Invocation),
}

/// Why a call has no value.
enum Failure<'a> {
    Function(CallFault),
    Path(PathError, &'a Path),
    Exceeded(Exceeded),
}

/// Why a function has no value for its arguments.
enum Refusal {
    /// Wrong number, type or range.
    Arguments,
    Fault(CallFault),
    Exceeded(Exceeded),
}

impl From<Exceeded> for Refusal {
    fn from(exceeded: Exceeded) -> Refusal {
        Refusal::Exceeded(exceeded)
    }
}

impl Invocation {
    fn is_constant(&self) -> bool {
        !self.function.is_random()
            && self.arguments.iter().all(|argument| match argument {
                Argument::Constant(_) => true,
                Argument::Path(_) => false,
                Argument::Call(call) => call.is_constant(),
            })
    }

    fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        for argument in &self.arguments {
            match argument {
                Argument::Constant(_) => {}
                Argument::Path(path) => visit(path),
                Argument::Call(call) => call.for_each_path(visit),
            }
        }
    }

    fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, Failure<'_>> {
        let mark = heap.mark();
        let result = self.evaluate_since(heap, scope, mark);
        heap.abandon(mark);
        result
    }

    /// Evaluates the arguments to the build stack and calls the function on them.
    fn evaluate_since(&self, heap: &mut Heap, scope: &mut impl Scope, mark: Mark) -> Result<Value, Failure<'_>> {
        for argument in &self.arguments {
            let value = match argument {
                Argument::Constant(value) => *value,
                Argument::Path(path) => path.resolve(heap, scope).map_err(|error| Failure::Path(error, path))?,
                Argument::Call(call) => call.evaluate(heap, scope)?,
            };
            heap.push(value);
        }
        let result = match &self.template {
            Some(template) => template.fill(heap, mark, 0),
            None => self.function.apply(heap, scope, mark),
        };
        result.map_err(|refusal| match refusal {
            Refusal::Arguments => Failure::Function(CallFault::InvalidArguments(self.function.name)),
            Refusal::Fault(fault) => Failure::Function(fault),
            Refusal::Exceeded(exceeded) => Failure::Exceeded(exceeded),
        })
    }
}

/// The arguments of a call: exactly so many on the build stack since the mark.
fn arguments<const N: usize>(heap: &Heap, mark: Mark) -> Result<[Value; N], Refusal> {
    heap.pushed(mark).try_into().map_err(|_| Refusal::Arguments)
}
