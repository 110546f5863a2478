use crate::value::Key;

use super::filter::Operand;
use super::function::{Function, FunctionName};
use super::step::{Step, Steps};
use super::{PathSyntaxError, Root};

/// Steps of one path. Longer ones cannot find anything in a value that is nested as deep as values may be.
const MAX_STEPS: usize = 1000;
/// Levels of filters, parentheses and function arguments inside each other. Keeps the parser's stack small.
const MAX_NESTING: usize = 32;

/// Reads a whole text as a path.
pub(super) fn path(text: &str) -> Result<(Root, Steps), PathSyntaxError> {
    let mut parser = Parser::new(text);
    if !parser.take('$') {
        return Err(parser.error("A path must begin with '$'"));
    }
    let root = match parser.peek() {
        Some('$') => {
            parser.at += 1;
            Root::Context
        }
        Some(c) if c != '.' && c != '[' => Root::Variable(parser.variable()?),
        _ => Root::Input,
    };
    let steps = parser.steps(Place::Alone)?;
    match parser.peek() {
        None => Ok((root, steps)),
        Some(c) => Err(parser.error(&format!("Unexpected '{c}'"))),
    }
}

/// Where a path stands: this decides which characters end a name after a dot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the whole text.
    Alone,
    /// It is an operand in a filter or an argument of a function.
    Inside,
}

/// Reads paths and the filters in them. Every function begins at `at` and leaves it behind what it has read.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Parser { text, at: 0, nesting: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    pub(super) fn error(&self, message: &str) -> PathSyntaxError {
        PathSyntaxError { message: message.to_owned(), offset: self.at }
    }

    pub(super) fn expect(&mut self, expected: char) -> Result<(), PathSyntaxError> {
        self.skip_spaces();
        if self.take(expected) { Ok(()) } else { Err(self.error(&format!("Expected '{expected}'"))) }
    }

    /// Runs a part that may hold another of its kind.
    pub(super) fn nested<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, PathSyntaxError>,
    ) -> Result<T, PathSyntaxError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error(&format!("The path is nested deeper than {MAX_NESTING} levels")));
        }
        self.nesting += 1;
        let result = part(self);
        self.nesting -= 1;
        result
    }

    fn variable(&mut self) -> Result<Box<str>, PathSyntaxError> {
        let rest = self.rest();
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        let mut chars = name.chars();
        let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') {
            return Err(self.error("'$' must be followed by '.', '[', another '$', or the name of a variable"));
        }
        self.at += end;
        Ok(name.into())
    }

    /// The steps behind a root or an `@`, up to the first character that cannot continue them.
    pub(super) fn steps(&mut self, place: Place) -> Result<Steps, PathSyntaxError> {
        let mut list = Vec::new();
        let mut function = None;
        while function.is_none() {
            if list.len() > MAX_STEPS {
                return Err(self.error(&format!("The path has more than {MAX_STEPS} steps")));
            }
            if self.take('[') {
                list.push(self.bracket()?);
            } else if self.take('.') {
                if self.take('.') {
                    list.push(Step::Descend);
                }
                // Jayway lets a dot stand before a bracket.
                if self.take('[') {
                    list.push(self.bracket()?);
                    continue;
                }
                function = self.dotted(place, &mut list)?;
            } else {
                break;
            }
        }
        Ok(Steps::new(list, function))
    }

    /// `*`, a name or a function call behind a dot.
    fn dotted(&mut self, place: Place, list: &mut Vec<Step>) -> Result<Option<Function>, PathSyntaxError> {
        if self.take('*') {
            list.push(Step::All);
            return Ok(None);
        }
        let start = self.at;
        let name = self.name(place);
        if name.is_empty() {
            return Err(self.error("Expected a name or '*' after '.'"));
        }
        if self.peek() != Some('(') {
            list.push(Step::Name(Key::new(name)));
            return Ok(None);
        }
        let Some(name) = FunctionName::from_name(&name) else {
            self.at = start;
            return Err(self.error(&format!("There is no path function '{name}'")));
        };
        self.at += 1;
        let arguments = self.nested(Self::arguments)?;
        Ok(Some(Function { name, arguments }))
    }

    /// A name behind a dot; a backslash takes the next character as it is.
    fn name(&mut self, place: Place) -> String {
        let mut name = String::new();
        let mut chars = self.rest().char_indices();
        let mut end = self.rest().len();
        while let Some((at, c)) = chars.next() {
            let ends = match place {
                Place::Alone => matches!(c, '.' | '[' | ']' | '('),
                Place::Inside => {
                    c.is_whitespace()
                        || matches!(
                            c,
                            '.' | '[' | '(' | ')' | ']' | '=' | '!' | '<' | '>' | '&' | '|' | ',' | '~' | '\'' | '"'
                        )
                }
            };
            if ends {
                end = at;
                break;
            }
            match c {
                '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
                c => name.push(c),
            }
        }
        self.at += end;
        name
    }

    fn arguments(&mut self) -> Result<Box<[Operand]>, PathSyntaxError> {
        let mut arguments = Vec::new();
        self.skip_spaces();
        if self.take(')') {
            return Ok(arguments.into());
        }
        loop {
            arguments.push(self.operand()?);
            self.skip_spaces();
            if !self.take(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(arguments.into())
    }

    /// What stands in brackets; the opening one is read.
    fn bracket(&mut self) -> Result<Step, PathSyntaxError> {
        self.skip_spaces();
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::All
            }
            Some('\'' | '"') => self.quoted_names()?,
            Some('?') => {
                self.at += 1;
                self.expect('(')?;
                let filter = self.nested(Self::filter)?;
                self.expect(')')?;
                Step::Filter(Box::new(filter))
            }
            Some('-' | ':' | '0'..='9') => self.indexes()?,
            _ => return Err(self.error("'[' must be followed by a quoted name, a number, ':', '*' or '?'")),
        };
        self.expect(']')?;
        Ok(step)
    }

    fn quoted_names(&mut self) -> Result<Step, PathSyntaxError> {
        let mut names = vec![self.quoted()?];
        self.skip_spaces();
        while self.take(',') {
            self.skip_spaces();
            names.push(self.quoted()?);
            self.skip_spaces();
        }
        match <[Box<str>; 1]>::try_from(names) {
            Ok([name]) => Ok(Step::Name(Key::new(name))),
            Err(names) => Ok(Step::Names(names.into())),
        }
    }

    /// A text in quotes. A backslash escapes the quote that delimits it, and itself; anywhere else it is literal.
    pub(super) fn quoted(&mut self) -> Result<Box<str>, PathSyntaxError> {
        let Some(quote @ ('\'' | '"')) = self.peek() else { return Err(self.error("Expected a quoted text")) };
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 1;
                return Ok(text.into());
            }
            match chars.peek() {
                Some(&(_, next)) if c == '\\' && (next == quote || next == '\\') => {
                    chars.next();
                    text.push(next);
                }
                _ => text.push(c),
            }
        }
        Err(self.error("The closing quote is missing"))
    }

    /// `n`, `n,m` or `from:to:by`.
    fn indexes(&mut self) -> Result<Step, PathSyntaxError> {
        let first = self.integer()?;
        self.skip_spaces();
        match (first, self.peek()) {
            (from, Some(':')) => self.slice(from),
            (Some(first), Some(',')) => {
                let mut indexes = vec![first];
                while self.take(',') {
                    indexes.push(self.integer()?.ok_or_else(|| self.error("Expected an index after ','"))?);
                    self.skip_spaces();
                }
                Ok(Step::Indexes(indexes.into()))
            }
            (Some(index), _) => Ok(Step::Index(index)),
            (None, _) => Err(self.error("Expected an index")),
        }
    }

    fn slice(&mut self, from: Option<i64>) -> Result<Step, PathSyntaxError> {
        self.at += 1;
        let to = self.integer()?;
        self.skip_spaces();
        let by = if self.take(':') { self.integer()?.unwrap_or(1) } else { 1 };
        match usize::try_from(by) {
            Ok(by) if by > 0 => Ok(Step::Slice { from, to, by }),
            _ => Err(self.error("The step of a slice must be positive")),
        }
    }

    fn integer(&mut self) -> Result<Option<i64>, PathSyntaxError> {
        self.skip_spaces();
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if sign + digits == 0 {
            return Ok(None);
        }
        let number = rest[..sign + digits].parse().map_err(|_| self.error("Expected an integer"))?;
        self.at += sign + digits;
        Ok(Some(number))
    }
}
