//! The tokens of the reference implementation.

use super::super::error::SyntaxError;
use super::tree::Word;

/// A token, and the byte at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    Word(Word),
    Regex { pattern: String, flags: String },
    Operator(&'static str),
    End,
}

impl TokenKind {
    /// The value as JSON, as error texts show it.
    pub(super) fn json(&self) -> String {
        match self {
            TokenKind::Name(text) | TokenKind::Variable(text) | TokenKind::String(text) => json_string(text),
            TokenKind::Number(number) => number.to_string(),
            TokenKind::Word(word) => word.as_str().to_owned(),
            TokenKind::Regex { .. } => "{}".to_owned(),
            TokenKind::Operator(text) => format!("\"{text}\""),
            TokenKind::End => "\"(end)\"".to_owned(),
        }
    }

    /// As it stands in the signature of a function.
    pub(super) fn plain(&self) -> String {
        match self {
            TokenKind::Name(text) | TokenKind::Variable(text) | TokenKind::String(text) => text.clone(),
            TokenKind::Operator(text) => (*text).to_owned(),
            other => other.json(),
        }
    }

    pub(super) fn is(&self, operator: &str) -> bool {
        matches!(self, TokenKind::Operator(text) if *text == operator)
    }
}

/// Longer ones first.
const OPERATORS: [&str; 33] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+",
    "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];
/// Those of the list above that are one character: they end a name.
const PUNCTUATION: &str = ".[]{}(),@#;:?+-*/%|=<>^&!~";
const BLANKS: [char; 5] = [' ', '\t', '\n', '\r', '\u{b}'];

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

type Read = Result<TokenKind, SyntaxError>;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.at = self.text.len() - self.rest().trim_start_matches(BLANKS).len();
            let Some(comment) = self.rest().strip_prefix("/*") else { return Ok(()) };
            let Some(len) = comment.find("*/") else { return Err(self.error("S0106", "Comment has no closing tag")) };
            self.at += len + 4;
        }
    }

    /// The next token. `operand`: one is expected, so `/` begins a regular expression.
    pub(super) fn next(&mut self, operand: bool) -> Result<Token, SyntaxError> {
        self.skip_blanks()?;
        let position = self.at;
        Ok(Token { kind: self.kind(operand)?, position })
    }

    fn kind(&mut self, operand: bool) -> Read {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if operand && first == '/' {
            return self.regex();
        }
        if PUNCTUATION.contains(first) {
            let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)).unwrap_or("~");
            if matches!(operator, "!" | "~") {
                return Err(self.error("S0204", &format!("Unknown operator: \"{operator}\"")));
            }
            self.at += operator.len();
            return Ok(TokenKind::Operator(operator));
        }
        match first {
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => Ok(self.name()),
        }
    }

    fn error(&self, code: &str, message: &str) -> SyntaxError {
        error(code, message, self.at)
    }

    fn string(&mut self, quote: char) -> Read {
        // Escapes may write halves of characters beyond the basic plane.
        let mut units = Vec::new();
        let mut chars = self.rest()[1..].char_indices();
        while let Some((at, char)) = chars.next() {
            if char == quote {
                self.at += at + 2;
                return Ok(TokenKind::String(String::from_utf16_lossy(&units)));
            }
            if char != '\\' {
                units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
                continue;
            }
            let Some((_, escaped)) = chars.next() else { break };
            units.push(match escaped {
                '"' | '\\' | '/' => escaped as u16,
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, char)| char).collect();
                    let is_code = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                    match u16::from_str_radix(&digits, 16) {
                        Ok(code) if is_code => code,
                        _ => {
                            return Err(self.error("S0104", "The escape sequence \\u must be followed by 4 hex digits"));
                        }
                    }
                }
                other => {
                    let shown = json_string(&other.to_string());
                    return Err(self.error("S0103", &format!("Unsupported escape sequence: \\{shown}")));
                }
            });
        }
        Err(self.error("S0101", "String literal must be terminated by a matching quote"))
    }

    fn number(&mut self) -> Read {
        let rest = self.rest();
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let mut len = if rest.starts_with('0') { 1 } else { digits(0) };
        if rest[len..].starts_with('.') && digits(len + 1) > 0 {
            len += 1 + digits(len + 1);
        }
        if rest[len..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[len + 1..].starts_with(['+', '-']));
            let exponent = digits(len + 1 + sign);
            len += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let text = &rest[..len];
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += len;
                Ok(TokenKind::Number(number))
            }
            _ => Err(self.error("S0102", &format!("Number out of range: \"{text}\""))),
        }
    }

    fn quoted_name(&mut self) -> Read {
        let rest = &self.rest()[1..];
        let Some(len) = rest.find('`') else {
            return Err(self.error("S0105", "Quoted property name must be terminated with a backquote (`)"));
        };
        self.at += len + 2;
        Ok(TokenKind::Name(rest[..len].to_owned()))
    }

    fn name(&mut self) -> TokenKind {
        let rest = self.rest();
        let len = rest.find(|c: char| BLANKS.contains(&c) || PUNCTUATION.contains(c)).unwrap_or(rest.len());
        let name = &rest[..len];
        self.at += len;
        if let Some(variable) = name.strip_prefix('$') {
            return TokenKind::Variable(variable.to_owned());
        }
        match name {
            "and" => TokenKind::Operator("and"),
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "true" => TokenKind::Word(Word::True),
            "false" => TokenKind::Word(Word::False),
            "null" => TokenKind::Word(Word::Null),
            name => TokenKind::Name(name.to_owned()),
        }
    }

    fn regex(&mut self) -> Read {
        let mut depth = 0;
        let mut before = '/';
        let mut backslashes = 0;
        for (at, char) in self.rest().char_indices().skip(1) {
            match char {
                '/' if depth == 0 && backslashes % 2 == 0 => {
                    if at == 1 {
                        return Err(self.error("S0301", "Empty regular expressions are not allowed"));
                    }
                    let rest = self.rest();
                    let flags = rest[at + 1..].bytes().take_while(|flag| matches!(flag, b'i' | b'm')).count();
                    self.at += at + 1 + flags;
                    let (pattern, flags) = (rest[1..at].to_owned(), rest[at + 1..at + 1 + flags].to_owned());
                    return Ok(TokenKind::Regex { pattern, flags });
                }
                '(' | '[' | '{' if before != '\\' => depth += 1,
                ')' | ']' | '}' if before != '\\' => depth -= 1,
                _ => {}
            }
            backslashes = if char == '\\' { backslashes + 1 } else { 0 };
            before = char;
        }
        Err(self.error("S0302", "No terminating / in regular expression"))
    }
}

pub(super) fn error(code: &str, message: &str, position: usize) -> SyntaxError {
    SyntaxError { code: code.into(), message: message.into(), position }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
