use crate::expr::path::{Path, Root};
use crate::value::{Exceeded, Heap, Key, Value};

use super::PathSyntaxError;
use super::step::Step;

/// A path that names exactly one place: names and single indexes only. `ResultPath` and most `…Path` fields take these.
#[derive(Clone, Debug)]
pub struct ReferencePath {
    path: Path,
}

/// Why a result cannot be put where `ResultPath` says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResultPathError {
    /// The path leads through, or ends in, something that cannot hold the result.
    #[error("Unable to apply ReferencePath {path} to input {input}")]
    NoMatch {
        /// The path as it was written.
        path: Box<str>,
        /// The input as compact JSON.
        input: Box<str>,
    },
    /// The output would be nested deeper than a value may be, or pass another bound.
    #[error("{0}")]
    Exceeded(#[from] Exceeded),
}

impl ResultPathError {
    /// The error's name.
    pub fn error_name(&self) -> &'static str {
        "States.ResultPathMatchFailure"
    }
}

impl ReferencePath {
    /// Reads the text of a reference path: `$`, `$$` or `$name`, then names and single indexes.
    ///
    /// # Errors
    /// [`PathSyntaxError`] if the text is no reference path.
    pub fn parse(text: &str) -> Result<ReferencePath, PathSyntaxError> {
        if !text.starts_with('$') {
            return Err(refuse("Reference path didn't start with '$'", 0));
        }
        let open = text.match_indices('[').find(|(at, _)| !is_reference_bracket(&text[at + 1..]));
        let path = match (Path::parse(text), open) {
            (Ok(path), _) if path.steps.plain => path,
            // A bracket inside of a quoted name is no step; only a path that is refused anyway is blamed on one.
            (_, Some((at, _))) => return Err(refuse("'[' must be followed by ' or '['", at)),
            (Err(error), None) => return Err(refuse(&error.message, error.offset)),
            (Ok(_), None) => {
                return Err(refuse("Only names and single indexes are allowed, so that one place is named", 0));
            }
        };
        Ok(ReferencePath { path })
    }

    /// The same place as a path to read from.
    pub fn as_path(&self) -> &Path {
        &self.path
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        self.path.text()
    }

    /// Keeps the keys that may have to be made among these constants: see [`Key::keep`].
    pub fn keep_keys(&mut self, constants: &mut Heap) {
        for step in &mut self.path.steps.list {
            if let Step::Name(key) = step {
                key.keep(constants);
            }
        }
    }

    /// The name, if the path is just `$.name`.
    pub fn as_name(&self) -> Option<&Key> {
        match &*self.path.steps.list {
            [Step::Name(key)] => Some(key),
            _ => None,
        }
    }

    /// Whether the path begins at the data (`$`), as `ResultPath` must: neither context object nor variable.
    pub fn is_writable(&self) -> bool {
        self.path.root == Root::Input
    }

    /// A copy of `into` in which the place holds `value`. Objects on the way are made if they are missing; what is not
    /// on the way is shared.
    ///
    /// # Errors
    /// [`ResultPathError`] if something on the way is no object, or an array without that element.
    pub fn write(&self, heap: &mut Heap, into: Value, value: Value) -> Result<Value, ResultPathError> {
        self.write_to(heap, into, value, false)
    }

    /// The same if the caller has the only handle to `into`, which becomes invalid: it is changed itself if it can be.
    ///
    /// # Errors
    /// As [`write`](ReferencePath::write).
    pub fn write_in_place(&self, heap: &mut Heap, into: Value, value: Value) -> Result<Value, ResultPathError> {
        self.write_to(heap, into, value, true)
    }

    fn write_to(&self, heap: &mut Heap, into: Value, value: Value, is_own: bool) -> Result<Value, ResultPathError> {
        let steps = &self.path.steps.list;
        match write(heap, steps, Some(into), value, is_own) {
            Ok(Some(output)) => Ok(output),
            Ok(None) => Err(ResultPathError::NoMatch { path: self.text().into(), input: heap.to_json(into).into() }),
            Err(error) => Err(error.into()),
        }
    }
}

fn refuse(why: &str, offset: usize) -> PathSyntaxError {
    PathSyntaxError { message: format!("Value is not a Reference Path: {why}"), offset }
}

fn is_reference_bracket(inside: &str) -> bool {
    inside.starts_with(|c: char| c == '\'' || c == '"' || c == '-' || c.is_ascii_digit())
}

/// The new content of a place that now holds `old`, if anything; `None` if the steps do not fit.
///
/// The recursion is as deep as the path has steps, which the parser bounds.
fn write(
    heap: &mut Heap,
    steps: &[Step],
    old: Option<Value>,
    value: Value,
    is_own: bool,
) -> Result<Option<Value>, Exceeded> {
    let Some((step, rest)) = steps.split_first() else { return Ok(Some(value)) };
    match (step, old) {
        (Step::Name(name), None) => {
            let Some(child) = write(heap, rest, None, value, false)? else { return Ok(None) };
            let mark = heap.mark();
            let key = heap.own_key(name);
            heap.push_entry(key, child);
            heap.object_from(mark).map(Some)
        }
        (Step::Name(name), Some(Value::Object(object))) => {
            let old = if rest.is_empty() { None } else { heap.find(object, name).copied() };
            // What is inside may be shared even if the object is not.
            let Some(child) = write(heap, rest, old, value, false)? else { return Ok(None) };
            let output = if is_own { heap.set_key(object, name, child) } else { heap.with_key(object, name, child) };
            output.map(Some)
        }
        (Step::Index(index), Some(Value::Array(array))) => {
            let Some(index) = usize::try_from(*index).ok().filter(|index| *index < array.len()) else {
                return Ok(None);
            };
            let old = heap.items(array)[index];
            let Some(child) = write(heap, rest, Some(old), value, false)? else { return Ok(None) };
            heap.with_item(array, index, child).map(Some)
        }
        _ => Ok(None),
    }
}
