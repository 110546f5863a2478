//! Values that JSON has no text for: functions, and numbers that are not finite.

use super::Evaluation;
use super::environment::Environment;
use crate::jsonata::compile::{Lambda, Regex, Symbol, Transform};
use crate::jsonata::error::Throw;
use crate::jsonata::function::Function;
use crate::value::Value;

/// What a foreign value stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::jsonata) enum Foreign {
    Number(f64),
    /// Where a binding has no value.
    Undefined,
    Function(Callable),
}

/// A function as a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::jsonata) enum Callable {
    BuiltIn(Function),
    /// By its number in the evaluation.
    Closure(usize),
}

/// A function that was made in an evaluation.
#[derive(Clone, Debug)]
pub(super) enum Closure<'a> {
    Lambda {
        lambda: &'a Lambda,
        environment: Environment,
        context: Option<Value>,
        /// Those that are left, if some were applied already. Then nothing checks the arguments any more.
        left: Option<Box<[Symbol]>>,
    },
    /// A function with some of its arguments; `None`: `?`.
    Partial {
        function: Callable,
        arguments: Box<[Option<Option<Value>>]>,
    },
    Regex(&'a Regex),
    Transform {
        transform: &'a Transform,
        environment: Environment,
    },
    /// First the one, then the other.
    Chain([Value; 2]),
    /// The matches of a regular expression after one.
    Next {
        regex: &'a Regex,
        text: Value,
        from: usize,
    },
}

const KIND_BITS: u32 = 2;
const NUMBER: u64 = 0;
const BUILT_IN: u64 = 1;
const CLOSURE: u64 = 2;
const UNDEFINED: u64 = 3;

/// The value of a number that is not finite.
pub(super) fn number(number: f64) -> Value {
    let code = match number {
        number if number.is_nan() => 0,
        number if number > 0.0 => 1,
        _ => 2,
    };
    Value::Foreign(code << KIND_BITS | NUMBER)
}

/// Where a binding has no value.
pub(super) fn undefined() -> Value {
    Value::Foreign(UNDEFINED)
}

pub(super) fn function(callable: Callable) -> Value {
    Value::Foreign(match callable {
        Callable::BuiltIn(function) => (function.number() as u64) << KIND_BITS | BUILT_IN,
        Callable::Closure(closure) => (closure as u64) << KIND_BITS | CLOSURE,
    })
}

/// What a foreign value stands for; `None` if it is one of the heap.
pub(in crate::jsonata) fn read(value: Value) -> Option<Foreign> {
    let Value::Foreign(code) = value else { return None };
    let (kind, number) = (code & ((1 << KIND_BITS) - 1), code >> KIND_BITS);
    Some(match kind {
        BUILT_IN => Foreign::Function(Callable::BuiltIn(Function::numbered(number as usize)?)),
        CLOSURE => Foreign::Function(Callable::Closure(number as usize)),
        UNDEFINED => Foreign::Undefined,
        _ => Foreign::Number(match number {
            0 => f64::NAN,
            1 => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        }),
    })
}

/// The function, if the value is one.
pub(in crate::jsonata) fn callable(value: Value) -> Option<Callable> {
    match read(value) {
        Some(Foreign::Function(callable)) => Some(callable),
        _ => None,
    }
}

impl<'a> Evaluation<'a> {
    /// The value of a function that was made.
    pub(super) fn closure(&mut self, closure: Closure<'a>) -> Result<Value, Throw> {
        self.afford(size_of::<Closure<'_>>())?;
        self.has_foreign = true;
        self.closures.push(closure);
        Ok(function(Callable::Closure(self.closures.len() - 1)))
    }

    /// Notes that the value outlives the call that it was made in, if it is a function.
    #[inline]
    pub(in crate::jsonata) fn keep(&mut self, value: Value) {
        if matches!(value, Value::Foreign(_)) {
            self.kept += 1;
            self.has_foreign = true;
        }
    }

    /// The number behind a value of any number, the ones that are not finite included.
    #[inline]
    pub(in crate::jsonata) fn double(&self, value: Value) -> Option<f64> {
        match value {
            Value::Int(int) => Some(int as f64),
            Value::Float(float) => Some(float.get()),
            Value::Number(_) => self.heap.number(value).map(|number| number.as_f64()),
            Value::Foreign(_) => match read(value) {
                Some(Foreign::Number(number)) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// The number that can be computed with.
    ///
    /// # Errors
    /// It is infinite.
    #[inline]
    pub(in crate::jsonata) fn numeric(&self, value: Value) -> Result<Option<f64>, Throw> {
        match self.double(value) {
            Some(number) if number.is_infinite() => Err(Throw::new("D1001", "Number out of range: null")),
            Some(number) if number.is_nan() => Ok(None),
            number => Ok(number),
        }
    }
}
