//! Payload templates: what `Parameters`, `ResultSelector`, `ItemSelector` and `Assign` are compiled to.

use crate::expr::error::EvalError;
use crate::expr::intrinsic::Call;
use crate::expr::path::Path;
use crate::expr::scope::Scope;
use crate::value::{Heap, Str, Value};

/// A compiled payload template, or a part of one.
#[derive(Debug)]
pub enum Template {
    /// A part without `.$` keys: a value of the program's constants.
    Constant(Value),
    /// An object; the keys are constants of the program, without `.$`, and differ from each other.
    Object(Vec<(Str, Template)>),
    /// An array.
    Array(Vec<Template>),
    /// The value of a `.$` key that is a path.
    Path {
        /// The path.
        path: Path,
        /// The key as it was written, with `.$`; error texts show it.
        field: Box<str>,
    },
    /// The value of a `.$` key that is an intrinsic function call.
    Call(Call),
}

impl Template {
    /// Builds the value. Parts that are constant or found by a path are shared, not copied.
    ///
    /// # Errors
    /// [`EvalError`] if a path finds nothing, a function fails, or the result is nested too deep.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, EvalError> {
        match self {
            Template::Constant(value) => Ok(*value),
            Template::Path { path, field } => path.resolve(heap, scope).map_err(|e| e.in_template(heap, path, field)),
            Template::Call(call) => call.evaluate(heap, scope),
            Template::Object(entries) => {
                let mark = heap.mark();
                for (key, part) in entries {
                    match part.evaluate(heap, scope) {
                        Ok(value) => heap.push_entry(*key, value),
                        Err(error) => {
                            heap.abandon(mark);
                            return Err(error);
                        }
                    }
                }
                Ok(heap.object_from(mark)?)
            }
            Template::Array(items) => {
                let mark = heap.mark();
                for part in items {
                    match part.evaluate(heap, scope) {
                        Ok(value) => heap.push(value),
                        Err(error) => {
                            heap.abandon(mark);
                            return Err(error);
                        }
                    }
                }
                Ok(heap.array_from(mark)?)
            }
        }
    }

    /// The paths of the template, those of its function calls included.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Template::Constant(_) => {}
            Template::Path { path, .. } => visit(path),
            Template::Call(call) => call.for_each_path(visit),
            Template::Object(entries) => entries.iter().for_each(|(_, part)| part.for_each_path(visit)),
            Template::Array(items) => items.iter().for_each(|part| part.for_each_path(visit)),
        }
    }
}
