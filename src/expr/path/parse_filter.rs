//! Reads `[?(…)]`.
//!
//! The library that the service uses cuts a filter at `&&` and `||`, and what is between them at the first operator that it
//! finds, wherever these stand: in quotes too. Parentheses group nothing. It is the same here.

use regex::RegexBuilder;

use super::PathSyntaxError;
use super::filter::{Criterion, Filter, Operand, Operator, Pattern};
use super::java_regex;
use super::literal::Literal;
use super::parse::{self, Piece, Place, trim};
use super::step::{Step, Steps};

/// Bytes that a compiled regular expression may take.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// Reads a filter; `question` is where its `?` stands in the bracket.
pub(super) fn step(bracket: Piece<'_>, question: usize) -> Result<Step, PathSyntaxError> {
    let body = body(bracket, question)?;
    Ok(Step::Filter(Box::new(Filter { any: alternatives(body)? })))
}

/// What stands between `[?(` and `)]`.
fn body(bracket: Piece<'_>, question: usize) -> Result<Piece<'_>, PathSyntaxError> {
    let text = bracket.text;
    let start = text[..question].rfind('[').unwrap_or_default();
    let end =
        start + filter_length(&text[start..]).ok_or_else(|| bracket.unfinished("The filter is not closed by ')]'"))?;
    let inner = bracket.part(start + 1, end - 1).trimmed();
    let shape = || bracket.refuse("A filter is written [?(@.name == 'value')]");
    let inner = inner.text.starts_with('?').then(|| inner.part(1, inner.text.len()).trimmed()).ok_or_else(shape)?;
    if inner.text.len() < 2 || !inner.text.starts_with('(') || !inner.text.ends_with(')') {
        return Err(shape());
    }
    Ok(inner.part(1, inner.text.len() - 1).trimmed())
}

/// Up to the first `]` outside of parentheses and quotes; `None` if brackets or parentheses are not balanced there.
fn filter_length(text: &str) -> Option<usize> {
    let (mut quoted, mut parentheses, mut brackets, mut before) = (false, 0_i64, 0_i64, b' ');
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' if before != b'\\' => quoted = !quoted,
            _ if quoted => {}
            b'(' => parentheses += 1,
            b')' => parentheses -= 1,
            b'[' => brackets += 1,
            b']' => {
                brackets -= 1;
                if parentheses == 0 {
                    return (brackets == 0).then_some(at + 1);
                }
            }
            _ => {}
        }
        before = byte;
    }
    None
}

/// The alternatives, and what each asks for. The library looks at the last one first, in both.
fn alternatives(body: Piece<'_>) -> Result<Box<[Box<[Criterion]>]>, PathSyntaxError> {
    let mut any = Vec::new();
    let mut all = Vec::new();
    let mut expected = true;
    for part in parts(body) {
        match (part.text, expected) {
            ("&&", false) => {}
            ("||", false) => any.push(reversed(std::mem::take(&mut all))),
            ("&&" | "||", true) => return Err(part.refuse("Expected a path or a literal")),
            _ => all.push(criterion(part)?),
        }
        expected = !expected;
    }
    if expected {
        return Err(body.unfinished("Expected a path or a literal"));
    }
    any.push(reversed(all));
    Ok(reversed(any))
}

fn reversed<T>(mut list: Vec<T>) -> Box<[T]> {
    list.reverse();
    list.into()
}

/// Cuts a filter before and behind each `&&` and `||`.
fn parts(body: Piece<'_>) -> Vec<Piece<'_>> {
    let bytes = body.text.as_bytes();
    let is_sign = |at: usize| matches!(bytes.get(at..at + 2), Some(b"&&" | b"||"));
    let mut parts = Vec::new();
    let mut start = 0;
    for at in 1..bytes.len() {
        if is_sign(at) || (at >= 2 && is_sign(at - 2)) {
            parts.push(body.part(start, at).trimmed());
            start = at;
        }
    }
    parts.push(body.part(start, bytes.len()).trimmed());
    parts
}

/// A comparison, or a path alone. Parentheses around it mean nothing.
fn criterion(part: Piece<'_>) -> Result<Criterion, PathSyntaxError> {
    let text = part.text.trim_start_matches(['[', '?', '(', ' ']);
    let start = part.text.len() - text.len();
    let text = text.trim_end_matches([')', ' ']);
    let part = part.part(start, start + text.len());
    let found = Operator::ALL.iter().find_map(|(sign, operator)| Some((text.find(sign)?, sign.len(), *operator)));
    let Some((at, len, operator)) = found else {
        let path = part.trimmed();
        return match operand(path, Side::Left)? {
            Operand::Path { steps, .. } => Ok(Criterion::Exists { steps, expected: !path.text.starts_with('!') }),
            _ => Err(part.unfinished("Expected an operator: ==, !=, <, <=, >, >= or =~")),
        };
    };
    Ok(Criterion::Compare {
        left: operand(part.part(0, at).trimmed(), Side::Left)?,
        operator,
        right: operand(part.part(at + len, text.len()).trimmed(), Side::Right)?,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A path, a regular expression, or else a text, with single quotes or without.
fn operand(piece: Piece<'_>, side: Side) -> Result<Operand, PathSyntaxError> {
    let text = piece.text;
    if text.starts_with("!@") && side == Side::Right {
        return Err(piece.refuse("'!' may stand only before a path that is asked for: [?(!@.name)]"));
    }
    let skip = usize::from(text.starts_with("!@"));
    if text[skip..].starts_with(['@', '$']) {
        let steps = path(piece.part(skip, text.len()))?;
        return Ok(Operand::Path { steps, from_root: text.starts_with('$') });
    }
    if text.starts_with('\'') && text.ends_with('\'') {
        let inner = text.get(1..text.len() - 1).filter(|_| text.len() > 1);
        return Ok(Operand::Text(Literal::new(inner.ok_or_else(|| piece.unfinished("The closing quote is missing"))?)));
    }
    match regex_flags(text) {
        Some(ignores_case) => regex(piece, ignores_case),
        None => Ok(Operand::Text(Literal::new(text))),
    }
}

/// A path from its `@` or `$` on.
fn path(piece: Piece<'_>) -> Result<Steps, PathSyntaxError> {
    let rest = piece.part(1, piece.text.len());
    if !rest.text.is_empty() && !rest.text.starts_with(['.', '[']) {
        return Err(rest.refuse("Expected '.' or '[' in the path"));
    }
    let steps = parse::steps(rest, Place::InFilter)?;
    if !steps.definite {
        let message = format!("The path '{}' in a filter must name one place", trim(piece.text));
        return Err(piece.refuse(&message));
    }
    Ok(steps)
}

/// Whether `/pattern/` (false) or `/pattern/i` (true) is written.
fn regex_flags(text: &str) -> Option<bool> {
    if !text.starts_with('/') {
        return None;
    }
    if text.ends_with('/') {
        return Some(false);
    }
    text.ends_with("/i").then_some(true)
}

fn regex(piece: Piece<'_>, ignores_case: bool) -> Result<Operand, PathSyntaxError> {
    let end = piece.text.rfind('/').unwrap_or_default();
    if end == 0 {
        return Err(piece.unfinished("The closing '/' of the regular expression is missing"));
    }
    let source = &piece.text[1..end];
    let pattern = java_regex::translated(source);
    let prefix = if ignores_case { "(?i)" } else { "" };
    RegexBuilder::new(&format!(r"{prefix}\A(?:{pattern})\z"))
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map(|regex| Operand::Regex(Box::new(Pattern { regex, source: source.into() })))
        .map_err(|error| piece.refuse(&format!("The regular expression is invalid: {error}")))
}
