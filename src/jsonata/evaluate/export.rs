//! What comes into an evaluation, and what leaves it.

use super::array::SEQUENCE;
use super::foreign::{self, Foreign};
use super::{Evaluated, Evaluation};
use crate::jsonata::error::{EvaluationError, Throw};
use crate::value::Value;

impl Evaluation<'_> {
    /// The document as the context: an array is one item.
    pub(super) fn root_context(&mut self) -> Evaluated {
        match self.root {
            Some(array @ Value::Array(_)) => {
                let wrapper = self.heap.array(&[array]).map_err(Throw::from)?;
                self.set_marks(wrapper, SEQUENCE);
                Ok(Some(wrapper))
            }
            root => Ok(root),
        }
    }

    /// The value as JSON. Numbers that are not finite become texts, negative zero is zero.
    ///
    /// # Errors
    /// It is, or holds, a function.
    pub(super) fn export(&mut self, value: Value) -> Result<Value, Box<EvaluationError>> {
        if !self.has_foreign && !matches!(value, Value::Float(_) | Value::Foreign(_)) || !self.is_foreign(value)? {
            return Ok(value);
        }
        Ok(self.exported(value)?)
    }

    /// Whether a value is, or holds, something that must not leave as it is.
    fn is_foreign(&mut self, value: Value) -> Result<bool, Throw> {
        self.work(1)?;
        let (list, is_array) = match value {
            Value::Foreign(_) => return Ok(true),
            Value::Float(number) => return Ok(number.get() == 0.0),
            Value::Array(list) => (list, true),
            Value::Object(list) => (list, false),
            _ => return Ok(false),
        };
        if self.heap.is_since(list, self.age) {
            for index in 0..list.len() {
                let item = if is_array { self.heap.items(list)[index] } else { self.heap.entry(list, index).1 };
                if self.is_foreign(item)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn exported(&mut self, value: Value) -> Result<Value, Throw> {
        match value {
            Value::Float(number) if number.get() == 0.0 => Ok(Value::Int(0)),
            Value::Foreign(_) => match foreign::read(value) {
                Some(Foreign::Number(number)) => Ok(self.heap.string(number_name(number))),
                _ => Err(Throw::function_result()),
            },
            Value::Array(list) | Value::Object(list) if self.heap.is_since(list, self.age) => {
                self.rebuilt(value, &mut |own, item| own.exported(item))
            }
            other => Ok(other),
        }
    }
}

fn number_name(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}
