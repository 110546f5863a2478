//! The tokens of the reference implementation.

use super::super::error::SyntaxError;

/// A token, with what error texts show of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    /// `true`, `false` or `null`
    Word(&'static str),
    Regex,
    Operator(&'static str),
    End,
}

impl Token {
    /// The value as JSON, as error texts show it.
    pub(super) fn json(&self) -> String {
        match self {
            Token::Name(text) | Token::Variable(text) | Token::String(text) => json_string(text),
            Token::Number(number) => number.to_string(),
            Token::Word(word) => (*word).to_owned(),
            Token::Regex => "{}".to_owned(),
            Token::Operator(text) => format!("\"{text}\""),
            Token::End => "\"(end)\"".to_owned(),
        }
    }

    pub(super) fn is(&self, operator: &str) -> bool {
        matches!(self, Token::Operator(text) if *text == operator)
    }
}

/// Longer ones first.
const OPERATORS: [&str; 35] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+",
    "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~", "and", "or",
];
/// Those of the list above that are punctuation, so that they end a name.
const PUNCTUATION: &str = ".[]{}(),@#;:?+-*/%|=<>^&!~";
const BLANKS: [char; 5] = [' ', '\t', '\n', '\r', '\u{b}'];

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Characters to put in for the library, and where.
    pub(super) insertions: Vec<(usize, char)>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0, insertions: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.at = self.text.len() - self.rest().trim_start_matches(BLANKS).len();
            let Some(comment) = self.rest().strip_prefix("/*") else { return Ok(()) };
            let Some(len) = comment.find("*/") else { return Err(error("S0106", "Comment has no closing tag")) };
            self.at += len + 4;
        }
    }

    /// The next token. `operand`: one is expected, so `/` begins a regular expression.
    pub(super) fn next(&mut self, operand: bool) -> Result<Token, SyntaxError> {
        self.skip_blanks()?;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if operand && first == '/' {
            return self.regex();
        }
        if PUNCTUATION.contains(first) {
            let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)).unwrap_or("~");
            self.at += operator.len();
            return match operator {
                "!" | "~" => Err(error("S0204", &format!("Unknown operator: \"{operator}\""))),
                operator => Ok(Token::Operator(operator)),
            };
        }
        match first {
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => Ok(self.name()),
        }
    }

    fn string(&mut self, quote: char) -> Result<Token, SyntaxError> {
        // Escapes may write halves of characters beyond the basic plane.
        let mut units = Vec::new();
        let mut chars = self.rest()[1..].char_indices();
        while let Some((at, char)) = chars.next() {
            if char == quote {
                self.at += at + 2;
                return Ok(Token::String(String::from_utf16_lossy(&units)));
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
                        _ => return Err(error("S0104", "The escape sequence \\u must be followed by 4 hex digits")),
                    }
                }
                other => {
                    let shown = json_string(&other.to_string());
                    return Err(error("S0103", &format!("Unsupported escape sequence: \\{shown}")));
                }
            });
        }
        Err(error("S0101", "String literal must be terminated by a matching quote"))
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
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
                Ok(Token::Number(number))
            }
            _ => Err(error("S0102", &format!("Number out of range: \"{text}\""))),
        }
    }

    fn quoted_name(&mut self) -> Result<Token, SyntaxError> {
        let rest = &self.rest()[1..];
        let Some(len) = rest.find('`') else {
            return Err(error("S0105", "Quoted property name must be terminated with a backquote (`)"));
        };
        self.at += len + 2;
        Ok(Token::Name(rest[..len].to_owned()))
    }

    fn name(&mut self) -> Token {
        let rest = self.rest();
        let len = rest.find(|c: char| BLANKS.contains(&c) || PUNCTUATION.contains(c)).unwrap_or(rest.len());
        let name = &rest[..len];
        let start = self.at;
        self.at += len;
        if let Some(variable) = name.strip_prefix('$') {
            return Token::Variable(variable.to_owned());
        }
        match name {
            "and" => Token::Operator("and"),
            "or" => Token::Operator("or"),
            "in" => Token::Operator("in"),
            "true" => Token::Word("true"),
            "false" => Token::Word("false"),
            "null" => Token::Word("null"),
            name => {
                let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') || name == "\u{3bb}";
                if (!is_plain || name == "undefined") && !name.contains('`') {
                    self.insertions.extend([(start, '`'), (self.at, '`')]);
                }
                Token::Name(name.to_owned())
            }
        }
    }

    fn regex(&mut self) -> Result<Token, SyntaxError> {
        let mut depth = 0;
        let mut escaped = false;
        let mut slashes = Vec::new();
        for (at, char) in self.rest().char_indices().skip(1) {
            match char {
                '/' if depth == 0 && !escaped => {
                    if at == 1 {
                        return Err(error("S0301", "Empty regular expressions are not allowed"));
                    }
                    let flags = self.rest()[at + 1..].bytes().take_while(|flag| matches!(flag, b'i' | b'm')).count();
                    self.insertions.extend(slashes);
                    self.at += at + 1 + flags;
                    return Ok(Token::Regex);
                }
                '/' if !escaped => slashes.push((self.at + at, '\\')),
                '(' | '[' | '{' if !escaped => depth += 1,
                ')' | ']' | '}' if !escaped => depth -= 1,
                _ => {}
            }
            escaped = char == '\\' && !escaped;
        }
        Err(error("S0302", "No terminating / in regular expression"))
    }
}

pub(super) fn error(code: &str, message: &str) -> SyntaxError {
    SyntaxError { code: code.into(), message: message.into() }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
