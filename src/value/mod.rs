//! JSON values as small `Copy` handles into a per-execution heap: parse, print, compare, edit.
//!
//! A [`Value`] is 16 bytes. Text and children live in a [`Heap`]; containers are immutable, so handles can be shared
//! freely inside one heap. Nothing is freed while an execution runs: [`Heap::reset`] takes everything back at once.
//!
//! What was parsed keeps the span of its source text (without insignificant white space) and is printed by copying that
//! span: numbers keep their digits, and an untouched container costs one `memcpy`.
//!
//! **Invariant:** the keys of an object differ from each other. Where a text has a key twice, the last value counts, at the
//! place of the first, as with the JSON reader of the real service.
//!
//! **Invariant:** no value is nested deeper than [`MAX_DEPTH`], so recursion over a value is safe.

mod compare;
mod edit;
mod error;
mod heap;
mod key;
mod number;
mod parse;
mod print;
mod text;

#[cfg(test)]
mod tests;

pub use error::{ParseError, ParseErrorKind};
pub use heap::{Heap, Mark, TextMark, TooDeep};
pub use key::Key;
pub use number::Num;

/// The deepest nesting of arrays and objects in a value. The JSON reader of the real service stops at the same depth.
pub const MAX_DEPTH: u16 = 1000;

/// A JSON value: a handle that is valid in the [`Heap`] it came from.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A computed integer.
    Int(i64),
    /// A computed number with a fraction; always finite.
    Float(f64),
    /// A number as it was written.
    Number(Span),
    /// A string.
    String(Str),
    /// An array.
    Array(List),
    /// An object; keys keep their order.
    Object(List),
}

/// A range of a heap's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

/// A string: its text and the form in which the text is kept.
#[derive(Clone, Copy, Debug)]
pub struct Str {
    span: Span,
    form: Form,
    /// The text's first and last byte: tells most different keys apart without looking at their text.
    tag: u16,
}

/// How the text of a string is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The same text inside and outside of JSON quotes.
    Plain,
    /// As [`Plain`](Form::Plain), and in the heap's text it stands between quotes.
    Quoted,
    /// With at least one escape; in the heap's text it stands between quotes.
    Escaped,
    /// Decoded; must be escaped when printed.
    Raw,
}

/// The children of an array or object.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Index of the first child; the node before it is the header.
    start: u32,
    /// Number of elements or entries.
    len: u32,
    depth: u16,
}

impl List {
    /// Number of elements of the array, or of entries of the object.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are no children.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

impl Value {
    /// The type's name as JSON knows it: `null`, `boolean`, `number`, `string`, `array` or `object`.
    pub fn type_name(self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Float(_) | Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// Whether the value is a number of any kind.
    pub fn is_number(self) -> bool {
        matches!(self, Value::Int(_) | Value::Float(_) | Value::Number(_))
    }
}

const _: () = assert!(size_of::<Value>() == 16);
