use crate::expr::error::CallFault;
use crate::expr::java;
use crate::value::{Heap, Mark, Value};

use super::{Refusal, arguments};

/// `Format(template, …)` with a template that is known only now: the first of the arguments.
pub(super) fn format_value(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let Some((Value::String(template), _)) = heap.pushed(mark).split_first() else { return Err(Refusal::Arguments) };
    let template = heap.str(*template).into_owned();
    fill(heap, &template, mark, 1)
}

/// `Format(template, …)` with a literal template; the other arguments are on the build stack.
pub(super) fn format(heap: &mut Heap, template: &str, mark: Mark) -> Result<Value, Refusal> {
    fill(heap, template, mark, 0)
}

/// Fills the placeholders with the arguments from index `first` on.
fn fill(heap: &mut Heap, template: &str, mark: Mark, first: usize) -> Result<Value, Refusal> {
    let placeholders = count_placeholders(template).map_err(Refusal::Fault)?;
    if heap.pushed(mark).len() != first + placeholders {
        return Err(Refusal::Fault(CallFault::FormatCount));
    }
    let text = heap.begin_text();
    let mut next = first;
    for piece in (Pieces { rest: template }) {
        match piece {
            Piece::Text(part) => heap.append_text(part),
            Piece::Placeholder => {
                let value = heap.pushed(mark)[next];
                append(heap, value);
                next += 1;
            }
            // Counting has found none.
            Piece::Lone(_) => {}
        }
    }
    Ok(heap.finish_text(text))
}

fn append(heap: &mut Heap, value: Value) {
    match value {
        Value::Array(_) | Value::Object(_) => {
            let text = java::text(heap, value);
            heap.append_text(&text);
        }
        scalar => heap.append_value(scalar),
    }
}

fn count_placeholders(template: &str) -> Result<usize, CallFault> {
    let mut count = 0;
    for piece in (Pieces { rest: template }) {
        match piece {
            Piece::Text(_) => {}
            Piece::Placeholder => count += 1,
            Piece::Lone('{') => return Err(CallFault::UnmatchedBrace { missing: '}', found: '{' }),
            Piece::Lone(_) => return Err(CallFault::UnmatchedBrace { missing: '{', found: '}' }),
        }
    }
    Ok(count)
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
    let text = heap.str(text).into_owned();
    let mut delimiters: Vec<char> = heap.str(delimiters).chars().collect();
    delimiters.sort_unstable();
    let pieces = heap.mark();
    for piece in text.split(|c| delimiters.binary_search(&c).is_ok()).filter(|piece| !piece.is_empty()) {
        let piece = heap.string(piece);
        heap.push(piece);
    }
    Ok(heap.array_from(pieces)?)
}
