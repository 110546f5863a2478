//! What stands in brackets.
//!
//! The library that the service uses does not read a bracket by a grammar: it looks for the first character that tells what
//! the bracket may be, and takes what fits. So `["a-1"]` is the index -1, and `[x'a']` the name `a`. It is the same here.

use crate::value::Key;

use super::PathSyntaxError;
use super::parse::{Piece, Place};
use super::parse_filter;
use super::step::{Slice, Step};

/// Length of the bracket that a text begins with: up to the one that closes it, whatever is in quotes.
pub(super) fn length(text: &str) -> usize {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' if open == 1 => return at + 1,
            b']' => open -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Reads a bracket, from its `[` on.
pub(super) fn step(piece: Piece<'_>, place: Place) -> Result<Step, PathSyntaxError> {
    if piece.text == "[*]" {
        return Ok(Step::All);
    }
    for (at, byte) in piece.text.bytes().enumerate() {
        match byte {
            b'?' if place == Place::InFilter => {
                return Err(piece.refuse("A path in a filter must name one place, so it has no filter itself"));
            }
            b'?' => return parse_filter::step(piece, at),
            b'\'' => return quoted(piece, at),
            b'@' => return from_end(&mut Cursor { piece, at }),
            b':' | b'-' | b'0'..=b'9' => return Indexes::read(&mut Cursor { piece, at }),
            _ => {}
        }
    }
    Err(piece
        .part(1, piece.text.len())
        .refuse("'[' must be followed by a name in single quotes, a number, ':', '*' or '?'"))
}

/// A name that was written without a bracket. Quotes in it have their meaning even so.
pub(super) fn name(piece: Piece<'_>) -> Step {
    match piece.text {
        text if text.contains(['\'', ']']) => {
            // The closing bracket is there, so the names end.
            from_names(names(&format!("'{text}']")).unwrap_or_default())
        }
        text => Step::Name(Key::new(text)),
    }
}

fn quoted(piece: Piece<'_>, start: usize) -> Result<Step, PathSyntaxError> {
    let names = names(&piece.text[start..]).ok_or_else(|| piece.unfinished("The closing ']' is missing"))?;
    Ok(from_names(names))
}

/// What stands in single quotes up to the next `]`, quoted or not; `None` without a `]`.
fn names(text: &str) -> Option<Vec<Box<str>>> {
    let text = &text[..text.find(']')?];
    let mut parts = text.split('\'');
    let mut names = Vec::new();
    // Every second part is in quotes, if another quote follows it.
    while let (Some(_), Some(name)) = (parts.next(), parts.next()) {
        names.push(Box::from(name));
    }
    let quotes = text.bytes().filter(|byte| *byte == b'\'').count();
    names.truncate(quotes / 2);
    Some(names)
}

fn from_names(names: Vec<Box<str>>) -> Step {
    match <[Box<str>; 1]>::try_from(names) {
        Ok([name]) => Step::Name(Key::new(name)),
        Err(names) => Step::Names(names.into()),
    }
}

/// Reads a bracket byte by byte. What matters in it is ASCII.
struct Cursor<'a> {
    piece: Piece<'a>,
    at: usize,
}

impl Cursor<'_> {
    fn byte(&self) -> Result<u8, PathSyntaxError> {
        let byte = self.piece.text.as_bytes().get(self.at);
        byte.copied().ok_or_else(|| self.piece.unfinished("The closing ']' is missing"))
    }

    fn advance(&mut self) -> Result<u8, PathSyntaxError> {
        self.at += 1;
        while !self.piece.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.byte()
    }

    fn number(&self, digits: &str) -> Result<i64, PathSyntaxError> {
        match digits.parse::<i32>() {
            Ok(number) => Ok(i64::from(number)),
            Err(_) => Err(self.piece.part(1, self.piece.text.len()).refuse(&format!("'{digits}' is no index"))),
        }
    }
}

/// `(@.length-1)` from the `@` on; `size()` means the same as `length`.
fn from_end(cursor: &mut Cursor<'_>) -> Result<Step, PathSyntaxError> {
    cursor.advance()?;
    cursor.advance()?;
    let (mut word, mut number) = (Vec::new(), String::new());
    while cursor.byte()? != b'-' {
        let byte = cursor.byte()?;
        if !matches!(byte, b' ' | b'(' | b')') {
            word.push(byte);
        }
        cursor.advance()?;
    }
    if word != b"length" && word != b"size" {
        let message = "Only the length of the array can be computed with: [(@.length-1)]";
        return Err(cursor.piece.part(1, cursor.piece.text.len()).refuse(message));
    }
    while cursor.byte()? != b')' {
        let byte = cursor.byte()?;
        if byte != b' ' {
            number.push(char::from(byte));
        }
        cursor.advance()?;
    }
    Ok(Step::FromEnd(cursor.number(&number)?))
}

/// `n`, `n,m`, `n:`, `:n` or `n:m` under way.
#[derive(Default)]
struct Indexes {
    numbers: Vec<i64>,
    digits: String,
    listed: bool,
    slice: Option<Ends>,
}

/// Which ends of a slice are given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    From,
    To,
    Both,
}

impl Indexes {
    fn read(cursor: &mut Cursor<'_>) -> Result<Step, PathSyntaxError> {
        let mut indexes = Indexes::default();
        loop {
            match cursor.byte()? {
                b' ' => {}
                b':' => indexes.colon(cursor)?,
                b',' => {
                    indexes.take_number(cursor)?;
                    indexes.listed = true;
                }
                byte @ (b'-' | b'0'..=b'9') => indexes.digits.push(char::from(byte)),
                _ => break,
            }
            if cursor.byte()? == b']' {
                break;
            }
            cursor.advance()?;
        }
        if !indexes.digits.is_empty() {
            indexes.take_number(cursor)?;
        }
        Ok(indexes.into_step())
    }

    fn take_number(&mut self, cursor: &Cursor<'_>) -> Result<(), PathSyntaxError> {
        self.numbers.push(cursor.number(&std::mem::take(&mut self.digits))?);
        Ok(())
    }

    /// A colon and the number behind it.
    fn colon(&mut self, cursor: &mut Cursor<'_>) -> Result<(), PathSyntaxError> {
        let begins = self.digits.is_empty();
        if !begins {
            self.take_number(cursor)?;
        }
        while matches!(cursor.advance()?, b'0'..=b'9' | b' ' | b'-') {
            let byte = cursor.byte()?;
            if byte != b' ' {
                self.digits.push(char::from(byte));
            }
        }
        // One form does not take back another, so that the strongest one stays.
        let ends = match (begins, self.digits.is_empty()) {
            (true, _) => Ends::To,
            (false, true) => Ends::From,
            (false, false) => Ends::Both,
        };
        if begins || !self.digits.is_empty() {
            self.take_number(cursor)?;
        }
        self.slice = Some(match (self.slice, ends) {
            (Some(Ends::From), _) | (_, Ends::From) => Ends::From,
            (Some(Ends::To), _) | (_, Ends::To) => Ends::To,
            _ => Ends::Both,
        });
        Ok(())
    }

    fn into_step(self) -> Step {
        let first = self.numbers.first().copied().unwrap_or_default();
        let second = self.numbers.get(1).copied().unwrap_or_default();
        match self.slice {
            // A slice with both ends has two numbers.
            None | Some(Ends::Both) if self.numbers.len() == 1 => Step::Index(first),
            _ if self.listed => Step::Indexes(self.numbers.into()),
            Some(Ends::From) => Step::Slice(Slice::From(first)),
            Some(Ends::To) => Step::Slice(Slice::To(first)),
            _ => Step::Slice(Slice::Between(first, second)),
        }
    }
}
