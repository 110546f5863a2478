use crate::expr::error::CallFault;
use crate::expr::java;
use crate::value::{Exceeded, Heap, Mark, Value};

use super::{Refusal, arguments};

/// Bytes that a byte of a template can take when it is taken apart: `{}` is a part.
const PART_BYTES: usize = size_of::<Part>();

/// A template of `States.Format`, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Result<Box<[Part]>, CallFault>,
    placeholders: usize,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Placeholder,
}

impl Template {
    /// Takes the text of a template apart, with its escapes: they tell a brace from a placeholder. A malformed one fails
    /// when it is filled, as with the real service.
    pub(super) fn new(text: &str) -> Template {
        let parts: Result<Box<[Part]>, CallFault> = Pieces { rest: text }
            .map(|piece| match piece {
                Piece::Text(text) => Ok(Part::Text(text.into())),
                Piece::Placeholder => Ok(Part::Placeholder),
                Piece::Lone('{') => Err(CallFault::UnmatchedBrace { missing: '}', found: '{' }),
                Piece::Lone(_) => Err(CallFault::UnmatchedBrace { missing: '{', found: '}' }),
            })
            .collect();
        let is_placeholder = |part: &&Part| matches!(part, Part::Placeholder);
        let placeholders = parts.as_ref().map_or(0, |parts| parts.iter().filter(is_placeholder).count());
        Template { parts, placeholders }
    }

    /// Fills the placeholders with what was pushed since the mark, from index `first` on.
    pub(super) fn fill(&self, heap: &mut Heap, mark: Mark, first: usize) -> Result<Value, Refusal> {
        let parts = self.parts.as_ref().map_err(|fault| Refusal::Fault(fault.clone()))?;
        if heap.pushed(mark).len() != first + self.placeholders {
            return Err(Refusal::Fault(CallFault::FormatCount));
        }
        let text = heap.begin_text();
        let mut next = first;
        for part in parts {
            match part {
                Part::Text(text) => {
                    heap.afford(text.len())?;
                    heap.append_text(text);
                }
                Part::Placeholder => {
                    let value = heap.pushed(mark)[next];
                    append(heap, value)?;
                    next += 1;
                }
            }
        }
        Ok(heap.finish_text(text))
    }
}

/// `Format(template, …)` with a template that is known only now: the first of the arguments.
pub(super) fn format_value(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let Some((Value::String(template), _)) = heap.pushed(mark).split_first() else { return Err(Refusal::Arguments) };
    heap.afford(PART_BYTES * heap.appended_size(Value::String(*template)))?;
    let template = Template::new(&heap.str(*template));
    template.fill(heap, mark, 1)
}

fn append(heap: &mut Heap, value: Value) -> Result<(), Exceeded> {
    match value {
        Value::Array(_) | Value::Object(_) => {
            // With the text that is put together aside; a comma has a blank behind it there.
            heap.afford(4 * heap.appended_size(value))?;
            let text = java::text(heap, value);
            heap.append_text(&text);
        }
        scalar => {
            heap.afford(heap.appended_size(scalar))?;
            heap.append_value(scalar);
        }
    }
    Ok(())
}

/// A part of a template.
enum Piece<'a> {
    Text(&'a str),
    /// `{}`
    Placeholder,
    /// A brace without its partner.
    Lone(char),
}

/// Takes a template apart. A backslash before a brace or a backslash makes that literal; before others it is itself.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest;
        let take = |len: usize| rest.split_at(len);
        let (piece, rest) = match rest.as_bytes() {
            [] => return None,
            [b'{', b'}', ..] => (Piece::Placeholder, &rest[2..]),
            [b'{', ..] => (Piece::Lone('{'), &rest[1..]),
            [b'}', ..] => (Piece::Lone('}'), &rest[1..]),
            [b'\\', b'{' | b'}' | b'\\', ..] => (Piece::Text(&rest[1..2]), &rest[2..]),
            _ => {
                // The first byte is ordinary, or a backslash that escapes nothing.
                let end = rest.bytes().skip(1).position(|byte| matches!(byte, b'{' | b'}' | b'\\'));
                let (text, rest) = take(end.map_or(rest.len(), |at| at + 1));
                (Piece::Text(text), rest)
            }
        };
        self.rest = rest;
        Some(piece)
    }
}

/// `StringSplit(text, delimiters)`: each character of `delimiters` separates; empty pieces are dropped.
pub(super) fn split(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::String(text), Value::String(delimiters)] = arguments(heap, mark)? else {
        return Err(Refusal::Arguments);
    };
    heap.afford(2 * heap.appended_size(Value::String(text)))?;
    let text = heap.str(text).into_owned();
    let mut delimiters: Vec<char> = heap.str(delimiters).chars().collect();
    delimiters.sort_unstable();
    let pieces = heap.mark();
    for piece in text.split(|c| delimiters.binary_search(&c).is_ok()).filter(|piece| !piece.is_empty()) {
        heap.work(1)?;
        let piece = heap.string(piece);
        heap.push(piece);
    }
    Ok(heap.array_from(pieces)?)
}
