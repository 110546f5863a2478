//! What is wrong with a file that is not TOML: one mistake for each statement, not one for each word behind it.
//!
//! The parser reads on after a mistake, but takes what follows an unclosed bracket for parts of it. So a broken file is cut
//! into statements by the look of its lines, each is parsed by itself, and the value of one that is broken is replaced by a
//! placeholder: what is left can be read, and its mistakes are told in the same go.

use std::ops::Range;

use toml::de::DeTable;

use super::report::Report;
use super::sensitive::is_sensitive;
use super::tree::Origin;

/// A file that can be parsed, of the same length as the one that people wrote.
pub(super) struct Repaired {
    pub text: String,
    /// Values that were replaced; their mistakes are in the report.
    pub broken: Vec<Range<usize>>,
}

/// Reports what is wrong with each statement, and replaces its value.
pub(super) fn repair(text: &str, report: &mut Report) -> Repaired {
    let mut repaired = Repaired { text: text.to_owned(), broken: Vec::new() };
    let mut header = String::new();
    let mut lost = false;
    let mut before: Option<(bool, bool)> = None;
    for statement in statements(text) {
        let source = &text[statement.span.clone()];
        let error = DeTable::parse(source).err();
        let is_secret = is_secret(&header, source, statement.kind);
        if statement.kind == Kind::Header {
            header = source.trim().trim_matches(['[', ']']).to_owned();
        }
        let Some(error) = error else {
            before = Some((false, false));
            continue;
        };
        // What is behind a string that was not closed on its line belongs to it.
        let is_rest = statement.kind == Kind::Stray && before.is_some_and(|(broken, _)| broken);
        let is_secret = is_secret || is_rest && before.is_some_and(|(_, secret)| secret);
        if is_secret {
            let value =
                source.find('=').map_or(0, |at| at + 1 + source[at + 1..].len() - source[at + 1..].trim_start().len());
            report.hide(statement.span.start + value..statement.span.end);
        }
        if !is_rest {
            tell(&statement, source, &error, report);
        }
        match (statement.kind, source.find('=')) {
            (Kind::Pair, Some(at)) if DeTable::parse(&format!("{}=0", &source[..at])).is_ok() => {
                let value = statement.span.start + at + 1..statement.span.end;
                repaired.replace(value.clone(), "0");
                repaired.broken.push(value);
            }
            (Kind::Header, _) => {
                lost = true;
                repaired.replace(statement.span.clone(), "");
            }
            _ => repaired.replace(statement.span.clone(), ""),
        }
        before = Some((true, is_secret));
    }
    if lost {
        report.trust_no_more();
    }
    repaired
}

impl Repaired {
    /// Puts a word and blanks in the place of a part, line ends stay.
    fn replace(&mut self, part: Range<usize>, word: &str) {
        let mut word = word.bytes();
        let old = &self.text[part.clone()];
        let keep = |byte: u8| byte == b'\n' || byte == b'\r';
        // The word has to stand before the first line end: a value may not begin on another line.
        let new: String = old
            .bytes()
            .map(|byte| if keep(byte) { char::from(byte) } else { word.next().map_or(' ', char::from) })
            .collect();
        self.text.replace_range(part, &new);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `[name]` or `[[name]]`.
    Header,
    /// `name = value`, the value over several lines perhaps.
    Pair,
    /// A line that is neither.
    Stray,
}

struct Statement {
    kind: Kind,
    /// Without the last line end.
    span: Range<usize>,
}

/// Cuts a text into statements: a line that looks like one begins one, unless it stands within a string of several lines.
fn statements(text: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut open_string: Option<&str> = None;
    let mut depth: i64 = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        let trimmed = line.trim();
        let kind = kind_of(trimmed);
        let continues = open_string.is_some() || (depth > 0 && kind == Kind::Stray);
        if !continues {
            depth = 0;
        }
        if !continues && (trimmed.is_empty() || trimmed.starts_with('#')) {
            continue;
        }
        match statements.last_mut().filter(|_| continues) {
            Some(last) => last.span.end = span.end,
            None => statements.push(Statement { kind, span: span.clone() }),
        }
        if kind != Kind::Header || continues {
            (open_string, depth) = scan(&text[span], open_string, depth);
        }
    }
    statements
}

/// By the look of a line: a header's bracket is followed by a name, a key by an equals sign.
fn kind_of(line: &str) -> Kind {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '\t' | '"' | '\'');
    if let Some(rest) = line.strip_prefix('[') {
        let name: String = rest.trim_start_matches('[').chars().take_while(|c| is_name(*c)).collect();
        let behind = &rest.trim_start_matches('[')[name.len()..];
        let is_header = !name.trim().is_empty() && !name.contains(['"', '\'']) && !behind.starts_with(',');
        return if is_header { Kind::Header } else { Kind::Stray };
    }
    match line.split_once('=') {
        Some((name, _)) if !name.trim().is_empty() && name.chars().all(is_name) => Kind::Pair,
        _ => Kind::Stray,
    }
}

/// Which string of several lines is open at the end of a line, and how many brackets are.
fn scan<'a>(line: &'a str, open_string: Option<&'a str>, mut depth: i64) -> (Option<&'static str>, i64) {
    const LONG: [&str; 2] = ["\"\"\"", "'''"];
    let mut rest = line;
    let mut open = open_string.and_then(|open| LONG.into_iter().find(|long| *long == open));
    loop {
        if let Some(delimiter) = open {
            let Some(at) = rest.find(delimiter) else { return (open, depth) };
            rest = &rest[at + delimiter.len()..];
            open = None;
        }
        let Some(at) = rest.find(['"', '\'', '[', ']', '{', '}', '#']) else { return (None, depth) };
        let found = &rest[at..];
        if let Some(delimiter) = LONG.into_iter().find(|long| found.starts_with(long)) {
            open = Some(delimiter);
            rest = &found[delimiter.len()..];
            continue;
        }
        rest = &found[1..];
        match found.as_bytes()[0] {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b'#' => return (None, depth),
            quote => match end_of_string(rest, char::from(quote)) {
                Some(end) => rest = &rest[end..],
                None => return (None, depth),
            },
        }
    }
}

/// Behind the quote that ends a string on its line.
fn end_of_string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Whether a name in the statement says that a secret stands in it.
fn is_secret(header: &str, source: &str, kind: Kind) -> bool {
    let parts: Vec<&str> = source.split('=').collect();
    let names = if kind == Kind::Stray { &parts[..] } else { &parts[..parts.len().saturating_sub(1)] };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let last_name = |text: &str| text.trim().rsplit(|c| !is_name(c)).find(|word| !word.is_empty()).map(str::to_owned);
    header.ends_with("headers")
        || names.iter().any(|part| {
            kind == Kind::Stray && is_sensitive(part)
                || last_name(part).is_some_and(|name| name == "headers" || is_sensitive(&format!("{header}.{name}")))
        })
}

fn tell(statement: &Statement, source: &str, error: &toml::de::Error, report: &mut Report) {
    let start = statement.span.start;
    let unclosed = ["unclosed array", "unclosed inline table"].iter().any(|what| error.message().contains(what));
    if statement.kind == Kind::Pair && (unclosed || error.message().contains("missing comma")) {
        let brackets = [('[', ']', "array"), ('{', '}', "table")];
        let opened =
            |(open, close, _): &&(char, char, &str)| source.matches(*open).count() > source.matches(*close).count();
        if let Some((open, close, what)) = brackets.iter().find(opened) {
            let at = start + source.find(*open).unwrap_or_default();
            let hint = Some(format!("put a `{close}` where it ends"));
            report.mistake(&Origin::File(at..at + 1), format!("not valid TOML: this {what} is not closed"), hint);
            return;
        }
    }
    let within = error.span().unwrap_or(0..0);
    let span = start + within.start..start + within.end.max(within.start);
    report.mistake(
        &Origin::File(span),
        format!("not valid TOML: {}", error.message().trim()),
        hint_for(statement.kind, error),
    );
}

/// What to do about a fault of syntax.
pub(super) fn hint(message: &str) -> Option<String> {
    let hint = if message.contains("duplicate key") {
        "give the option once; a table's header ([kafka]) may stand only once in the file too"
    } else if message.contains("escape") {
        "in double quotes a backslash begins an escape: put the text in single quotes: workflow = 'C:\\flows\\order.json'"
    } else if message.contains("string") || message.contains("quote") {
        "put text in double quotes: name = \"orders\""
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn hint_for(kind: Kind, error: &toml::de::Error) -> Option<String> {
    match kind {
        Kind::Header => Some("write [kafka], or [[pipeline]] where there may be several".to_owned()),
        Kind::Stray => Some("write `name = value`; a comment begins with #".to_owned()),
        Kind::Pair => hint(error.message()),
    }
}
