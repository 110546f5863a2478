use crate::expr::path::Path;
use crate::value::{Heap, Value};

use super::format::Template;
use super::function::Function;
use super::{Argument, IntrinsicSyntaxError, Invocation};

/// Levels of calls inside calls, the outermost counted. The documented limit of the real service.
const MAX_NESTING: usize = 10;

/// Reads a whole text as a call.
pub(super) fn call(text: &str, constants: &mut Heap) -> Result<Invocation, IntrinsicSyntaxError> {
    let mut parser = Parser { text, at: 0, nesting: 0, constants };
    let invocation = parser.call()?;
    parser.skip_spaces();
    if parser.at < text.len() {
        return Err(parser.error("Unexpected text after the closing ')'"));
    }
    Ok(invocation)
}

/// Every function begins at `at` and leaves it behind what it has read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    nesting: usize,
    constants: &'a mut Heap,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: &str) -> IntrinsicSyntaxError {
        IntrinsicSyntaxError { message: message.to_owned(), offset: self.at }
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// `Name(argument, …)`
    fn call(&mut self) -> Result<Invocation, IntrinsicSyntaxError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error(&format!("Calls are nested deeper than {MAX_NESTING} levels")));
        }
        let rest = self.rest();
        let name = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len())];
        let Some(function) = Function::from_name(name) else {
            return Err(self.error(&format!("There is no intrinsic function '{name}'")));
        };
        self.at += name.len();
        if !self.take('(') {
            return Err(self.error("Expected '(' after the name of the function"));
        }
        self.nesting += 1;
        let mut invocation = Invocation { function, template: None, arguments: Box::default() };
        self.arguments(&mut invocation)?;
        self.nesting -= 1;
        Ok(invocation)
    }

    /// The arguments and the closing parenthesis.
    fn arguments(&mut self, invocation: &mut Invocation) -> Result<(), IntrinsicSyntaxError> {
        let mut arguments = Vec::new();
        self.skip_spaces();
        if self.take(')') {
            return Ok(());
        }
        loop {
            self.skip_spaces();
            let is_first = arguments.is_empty() && invocation.template.is_none();
            if is_first && invocation.function.takes_template() && self.rest().starts_with('\'') {
                invocation.template = Some(Template::new(&self.string()?.template));
            } else {
                arguments.push(self.argument()?);
            }
            self.skip_spaces();
            if self.take(')') {
                invocation.arguments = arguments.into();
                return Ok(());
            }
            if !self.take(',') {
                return Err(self.error("Expected ',' or ')' after an argument"));
            }
        }
    }

    fn argument(&mut self) -> Result<Argument, IntrinsicSyntaxError> {
        match self.rest().bytes().next() {
            Some(b'\'') => {
                let text = self.string()?.text;
                Ok(Argument::Constant(self.constants.string(&text)))
            }
            Some(b'$') => self.path().map(Argument::Path),
            Some(b'-' | b'0'..=b'9') => self.number().map(Argument::Constant),
            _ => self.word_or_call(),
        }
    }

    fn word_or_call(&mut self) -> Result<Argument, IntrinsicSyntaxError> {
        let words = [("true", Value::True), ("false", Value::False), ("null", Value::Null)];
        let rest = self.rest();
        let word = &rest[..rest.bytes().take_while(u8::is_ascii_alphanumeric).count()];
        match words.into_iter().find(|(name, _)| *name == word) {
            Some((_, value)) => {
                self.at += word.len();
                Ok(Argument::Constant(value))
            }
            None if word.is_empty() => Err(self.error("Expected an argument")),
            None => self.call().map(Argument::Call),
        }
    }

    fn number(&mut self) -> Result<Value, IntrinsicSyntaxError> {
        let rest = self.rest();
        let is_digit = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let digits = &rest[..rest.bytes().take_while(is_digit).count()];
        let number = self.constants.parse(digits.as_bytes()).map_err(|_| self.error("This is no number"))?;
        self.at += digits.len();
        Ok(number)
    }

    /// A path ends at the comma or parenthesis that is not inside of its own brackets.
    fn path(&mut self) -> Result<Path, IntrinsicSyntaxError> {
        let rest = self.rest();
        let mut depth = 0usize;
        let mut quote = None;
        let mut escaped = false;
        let end = rest.find(|c: char| {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if let Some(open) = quote {
                if c == open {
                    quote = None;
                }
            } else {
                match c {
                    '\'' | '"' if depth > 0 => quote = Some(c),
                    '[' | '(' => depth += 1,
                    ')' | ',' if depth == 0 => return true,
                    ']' | ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            false
        });
        let text = &rest[..end.unwrap_or(rest.len())];
        let path = Path::parse(text.trim_end())
            .map_err(|error| IntrinsicSyntaxError { message: error.message, offset: self.at + error.offset })?;
        self.at += text.len();
        Ok(path)
    }

    /// A text in single quotes.
    fn string(&mut self) -> Result<Literal, IntrinsicSyntaxError> {
        let mut literal = Literal::default();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += at + 1;
                    return Ok(literal);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\'' | '{' | '}' | '\\'))) => {
                        literal.text.push(escaped);
                        if escaped != '\'' {
                            literal.template.push('\\');
                        }
                        literal.template.push(escaped);
                    }
                    _ => {
                        self.at += at;
                        return Err(self.error(r"'\' may stand only before ', {, } and \"));
                    }
                },
                c => {
                    literal.text.push(c);
                    literal.template.push(c);
                }
            }
        }
        Err(self.error("The closing ' is missing"))
    }
}

/// A literal string.
#[derive(Default)]
struct Literal {
    /// Decoded.
    text: String,
    /// With the escapes that matter to `States.Format`.
    template: String,
}
