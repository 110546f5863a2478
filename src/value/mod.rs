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
//! Memory and work are counted where they arise, and bounded: whoever makes or walks through values pays by [`Heap::work`] and
//! [`Heap::afford`], in any loop whose rounds depend on data. See `meter`.
//!
//! **Invariant:** no value is nested deeper than [`MAX_DEPTH`], so recursion over a value is safe.

mod compare;
mod document;
mod edit;
mod error;
mod handle;
mod heap;
mod identity;
mod index;
mod key;
mod meter;
mod number;
mod outline;
mod parse;
mod print;
mod reserve;
mod spans;
mod text;

#[cfg(test)]
mod tests;

pub use document::read_document;
pub use error::{ParseError, ParseErrorKind};
use handle::Form;
pub use handle::{Double, List, Span, Str, Value};
pub use heap::{Heap, Mark, TextMark};
pub use identity::Age;
pub use key::Key;
pub use meter::{Exceeded, UNIT_BYTES, WorkEnd};
pub use number::Num;
pub use outline::{Draft, Outline};
pub use print::write_text;

/// The deepest nesting of arrays and objects in a value. The JSON reader of the real service stops at the same depth.
pub const MAX_DEPTH: u16 = 1000;
