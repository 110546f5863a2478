//! The built-in functions: those of the language, and those that Step Functions adds or replaces.
//!
//! A function is a row: its name, its signature as the reference implementation writes it (`<s-n?:s>`), and its body. Rows
//! stand beside their bodies, in the file of their topic, as its `ROWS`; [`TOPICS`] below lists the files. To add a function,
//! write
//!
//! ```ignore
//! pub(super) const ROWS: &[Row] = &[row("uppercase", "<s-:s>", uppercase)];
//!
//! fn uppercase(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
//!     let Some(text) = own.text(text) else { return Ok(None) };
//!     own.work(text.len() / 16)?;
//!     own.text_value(&text.to_uppercase())
//! }
//! ```
//!
//! The signature was checked before: an argument is undefined (`None`) or of its parameter's type, `a` is always an array,
//! and the context stands in where `-` says so. What the body itself makes of an undefined argument is up to it (mostly
//! undefined). A function fails by `Err(Throw::new("D3030", format!("Unable to cast value to a number: {shown}")))`: code and
//! message of the reference, values shown by [`json`](super::evaluate::text::json). Loops count their
//! [work](Evaluation::work), and what is large is [afforded](Evaluation::afford) before it is made. Numbers are read by
//! [`double`](Evaluation::double) (infinite ones, too) and made by [`number_value`](Evaluation::number_value).

mod array;
mod encoding;
mod higher;
mod number;
mod object;
mod picture;
mod plain;
mod search;
mod service;
mod string;

use std::sync::LazyLock;

use super::evaluate::{Evaluated, Evaluation};
use super::signature::Signature;
use crate::value::Value;

/// The most parameters of a function. One with more looks at [`all`](Evaluation::all_arguments) of them.
pub(super) const MAX_ARGUMENTS: usize = 4;

/// The arguments by parameter.
pub(super) type Arguments = [Option<Value>; MAX_ARGUMENTS];

type Body = fn(&mut Evaluation<'_>, Arguments) -> Evaluated;

/// A function as it is written down.
struct Row {
    name: &'static str,
    signature: &'static str,
    body: Body,
    /// If the reference takes it for another number than its signature has.
    arity: Option<usize>,
}

const fn row(name: &'static str, signature: &'static str, body: Body) -> Row {
    Row { name, signature, body, arity: None }
}

static TOPICS: &[&[Row]] = &[
    array::ROWS,
    encoding::ROWS,
    higher::ROWS,
    number::ROWS,
    object::ROWS,
    picture::ROWS,
    plain::ROWS,
    search::ROWS,
    service::ROWS,
    string::ROWS,
];

struct Definition {
    row: &'static Row,
    signature: Signature,
}

static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let rows = TOPICS.iter().copied().flatten();
    // A test reads all signatures.
    rows.map(|row| Definition { row, signature: Signature::parse(row.signature).unwrap_or_default() }).collect()
});

/// A built-in function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Function(u16);

impl Function {
    /// The function of this name, without `$`.
    pub(super) fn find(name: &str) -> Option<Function> {
        DEFINITIONS.iter().position(|known| known.row.name == name).map(|number| Function(number as u16))
    }

    /// The names of all functions.
    #[cfg(test)]
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        DEFINITIONS.iter().map(|known| known.row.name)
    }

    /// The function of this number.
    pub(super) fn numbered(number: usize) -> Option<Function> {
        (number < DEFINITIONS.len()).then_some(Function(number as u16))
    }

    pub(super) fn number(self) -> usize {
        usize::from(self.0)
    }

    fn definition(self) -> &'static Definition {
        &DEFINITIONS[self.number()]
    }

    pub(super) fn signature(self) -> &'static Signature {
        &self.definition().signature
    }

    /// How many arguments functions that take functions give to it.
    pub(super) fn arity(self) -> usize {
        let Definition { row, signature } = self.definition();
        row.arity.unwrap_or(signature.parameters.len())
    }

    /// Applies it to arguments that its signature takes.
    pub(super) fn apply(self, own: &mut Evaluation<'_>, arguments: Arguments) -> Evaluated {
        (self.definition().row.body)(own, arguments)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.definition().row.name)
    }
}

impl Evaluation<'_> {
    /// The text of a string.
    fn text(&self, value: Option<Value>) -> Option<String> {
        match value {
            Some(Value::String(text)) => Some(self.heap.str(text).into_owned()),
            _ => None,
        }
    }

    /// The number, if the argument is one.
    fn number(&self, value: Option<Value>) -> Option<f64> {
        value.and_then(|value| self.double(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_signatures_can_be_read() {
        let mut names: Vec<&str> = Function::names().collect();
        names.sort_unstable();
        names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
        for row in TOPICS.iter().copied().flatten() {
            let parameters = Signature::parse(row.signature).unwrap().parameters;
            assert!(parameters.len() <= MAX_ARGUMENTS, "{}", row.name);
        }
    }
}
