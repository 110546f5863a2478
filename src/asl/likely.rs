//! Why a text is not JSON: the likely cause, for people who pasted it from somewhere.

use jsonc_parser::errors::ParseErrorKind as Kind;

use super::format::looks_like_yaml;
use super::lines::line_column;

/// Quotes that word processors and web pages put in the place of `"`.
const TYPOGRAPHIC_QUOTES: [char; 9] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '＂'];

/// How much of the text after the fault is looked at, in bytes.
const LOOK_AHEAD_BYTES: usize = 40;

/// The likely cause of a fault of that kind at `offset`, and what to do about it.
pub(super) fn cause(text: &str, offset: usize, kind: &Kind) -> Option<String> {
    let rest = text.get(offset..).unwrap_or_default();
    of_the_whole(text)
        .or_else(|| of_the_line(text, offset))
        .or_else(|| of_the_place(text, offset, rest))
        .or_else(|| of_the_kind(text, offset, kind))
}

fn of_the_whole(text: &str) -> Option<String> {
    let fenced = text.lines().any(|line| line.starts_with("```") || line.starts_with("~~~"));
    if fenced {
        return Some("The text is still in its Markdown fence: remove the lines that begin with ```.".into());
    }
    looks_like_yaml(text).then(|| "This looks like YAML: a file that ends in .yaml or .yml is read as such.".into())
}

fn of_the_line(text: &str, offset: usize) -> Option<String> {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at))?;
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let quotes: String = line.chars().filter(|c| TYPOGRAPHIC_QUOTES.contains(c)).collect();
    // A quote that is part of a text is no fault; one that begins or ends a text stands beside punctuation.
    let structural = !quotes.is_empty() && pieces(line).any(|piece| piece.contains(TYPOGRAPHIC_QUOTES));
    structural.then(|| format!("The quotes {quotes} are typographic: write straight ones (\")."))
}

/// The parts of a line outside of straight quotes.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let straight = line.matches('"').count();
    // With an odd one, nobody knows which parts are outside.
    line.split('"').enumerate().filter(move |(index, _)| straight % 2 == 1 || index % 2 == 0).map(|(_, piece)| piece)
}

fn of_the_place(text: &str, offset: usize, rest: &str) -> Option<String> {
    let first = rest.chars().next()?;
    let end = (0..=LOOK_AHEAD_BYTES.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at))?;
    let ahead = &rest[..end];
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match first {
        _ if ahead.starts_with("${") || ahead.starts_with("{{") || (first == '<' && ahead.contains('>')) => {
            Some("A placeholder stands here: put the value in its place.".into())
        }
        _ if ahead.starts_with("...") || first == '…' => {
            Some("The dots stand for something that was left out: put it in, or remove them.".into())
        }
        '\'' => Some("Texts and names stand in double quotes (\").".into()),
        '#' => Some("A comment begins with //.".into()),
        '!' => Some("A YAML tag has no place in JSON.".into()),
        ':' if text[..offset].trim_end().ends_with('"') && is_pair(text, offset) => Some(braces_missing(text)),
        c if !c.is_ascii() && (c.is_whitespace() || is_invisible(c)) => {
            Some(format!("The character here is U+{:04X}, which can't be seen: remove it.", u32::from(c)))
        }
        _ => match word.as_str() {
            "True" | "False" => Some(format!("Write {} in small letters.", word.to_lowercase())),
            "None" | "undefined" | "nil" | "NULL" | "Null" => Some("Write null.".into()),
            "" => None,
            _ if rest[word.len()..].trim_start().starts_with(':') => {
                Some(format!("The name needs double quotes: \"{word}\"."))
            }
            _ => None,
        },
    }
}

fn of_the_kind(text: &str, offset: usize, kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::ExpectedComma => "A comma is missing after this value.".into(),
        Kind::UnexpectedComma | Kind::UnexpectedTokenInObject if text[offset..].starts_with(',') => {
            "One comma too many, or a value is missing before it.".into()
        }
        Kind::ExpectedColonAfterObjectKey => "A colon is missing between the name and its value.".into(),
        Kind::ExpectedObjectValue => "The value after the colon is missing.".into(),
        Kind::UnexpectedCloseBrace | Kind::UnexpectedCloseBracket if text[..offset].trim_end().ends_with(':') => {
            "The value after the colon is missing.".into()
        }
        Kind::UnterminatedObject
        | Kind::UnterminatedArray
        | Kind::UnexpectedCloseBrace
        | Kind::UnexpectedCloseBracket => brackets(text)?,
        Kind::MultipleRootJsonValues => match text[offset..].chars().next() {
            Some('}' | ']') => "One closing bracket too many; the definition ended before it.".into(),
            Some(',') if text.trim_start().starts_with('"') => braces_missing(text),
            _ => "The definition ended before it: remove what follows, or the bracket that closed it too early.".into(),
        },
        Kind::String(_) if kind.to_string().contains("Unterminated") => {
            "The closing quote is missing; a line break within a text is written \\n.".into()
        }
        Kind::String(_) => "A backslash within a text is written \\\\.".into(),
        Kind::UnterminatedCommentBlock => "Close the comment with */.".into(),
        _ => return None,
    })
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}')
}

/// Does the text begin with `"name":`, the colon being at `offset`?
fn is_pair(text: &str, offset: usize) -> bool {
    let before = text[..offset].trim();
    before.len() >= 2 && before.starts_with('"') && before.matches('"').count() == 2
}

/// Pairs without an object around them: mostly states that were copied out of `States`.
fn braces_missing(text: &str) -> String {
    let name = text.trim_start().split('"').nth(1).unwrap_or_default();
    if matches!(name, "StartAt" | "States" | "Comment" | "QueryLanguage") {
        return "The braces around the definition are missing: put { before it and } after it.".into();
    }
    format!(
        "This is a part of a definition. Put it into {{ \"StartAt\": \"{name}\", \"States\": {{ … }} }}, and let \"StartAt\" name the first state."
    )
}

/// Names the bracket that is not closed, or closed by one of the other kind.
fn brackets(text: &str) -> Option<String> {
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut bytes = text.bytes().enumerate();
    let mut in_text = false;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if in_text => {
                bytes.next();
            }
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => open.push((at, byte)),
            b'}' | b']' => {
                let (from, opening) = open.pop()?;
                if (opening == b'{') != (byte == b'}') {
                    let line = line_column(text, from).line;
                    return Some(format!("The '{}' of line {line} is not closed before.", char::from(opening)));
                }
            }
            _ => {}
        }
    }
    let (at, opening) = open.last()?;
    let line = line_column(text, *at).line;
    Some(match open.len() {
        1 => format!("The '{}' of line {line} is not closed.", char::from(*opening)),
        count => format!("{count} brackets are not closed; the last is the '{}' of line {line}.", char::from(*opening)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Format, parse};

    #[test]
    fn what_is_wrong_with_a_pasted_text_is_named() {
        for (text, part) in [
            ("```json\n{}\n```", "Markdown"),
            ("{}\n```", "Markdown"),
            ("StartAt: A\nStates:\n", "YAML"),
            ("---\n{}", "YAML"),
            ("{ “StartAt”: “A” }", "“”“” are typographic"),
            ("{ \"StartAt”: \"A\" }", "typographic"),
            ("{ \"a\": \"b\"\n \"c\": 1 }", "comma is missing"),
            ("{ \"a\": [1 2] }", "comma is missing"),
            ("{ \"a\": ${Timeout} }", "placeholder"),
            ("{ \"a\": <seconds> }", "placeholder"),
            ("{ \"States\": { ... } }", "dots"),
            ("{ 'a': 1 }", "double quotes"),
            ("{ a: 1 }", "\"a\""),
            ("{ \"a\": True }", "true"),
            ("{ \"a\": None }", "null"),
            ("{ # first\n }", "//"),
            ("{ \"a\" 1 }", "colon"),
            ("{ \"a\": }", "value after the colon"),
            ("{ \"a\": \"b }", "closing quote"),
            ("{ \"a\": \"\\d\" }", "\\\\"),
            ("{\n \"a\": { \"b\": 1 }", "'{' of line 1 is not closed"),
            ("{\n \"a\": [ 1 }", "'[' of line 2 is not closed before"),
            ("{ \"a\": 1 } }", "closing bracket too many"),
            ("\"A\": { \"Type\": \"Pass\" }", "\"StartAt\": \"A\""),
            ("\"States\": {}", "braces around the definition"),
            ("{\u{200b} \"a\": 1 }", "U+200B"),
            ("{ \"a\": 1,, }", "comma"),
            ("{ \"a\": 1 /* b", "*/"),
        ] {
            let fault = parse::parse(text, Format::Json).expect_err("it is no JSON");
            let hint = fault.hint.unwrap_or_default();
            assert!(hint.contains(part), "{text}: {hint:?} ({})", fault.message);
        }
    }

    #[test]
    fn quotes_within_texts_are_not_taken_for_the_cause() {
        let fault = parse::parse("{ \"a\": \"“b”\" \"c\": 1 }", Format::Json).expect_err("it is no JSON");
        assert_eq!(fault.hint.as_deref(), Some("A comma is missing after this value."));
    }
}
