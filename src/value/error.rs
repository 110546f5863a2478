use std::fmt;

use super::Exceeded;

/// Why a text is not a value, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Byte offset into the text.
    pub offset: usize,
    /// Line of the text, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What is wrong with a text that should be JSON. The messages are those of the real service's JSON reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// A character that cannot stand here.
    #[error("Unexpected character ({}): {expected}", CharName(*found))]
    UnexpectedCharacter {
        /// The character.
        found: char,
        /// What could stand here.
        expected: &'static str,
    },
    /// A word that is no literal of JSON.
    #[error(
        "Unrecognized token '{0}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )]
    UnrecognizedToken(String),
    /// The text ends too early.
    #[error("Unexpected end-of-input{0}")]
    UnexpectedEnd(&'static str),
    /// A control character inside a string.
    #[error(
        "Illegal unquoted character ((CTRL-CHAR, code {0})): has to be escaped using backslash to be included in string value"
    )]
    ControlCharacter(u8),
    /// A backslash before something that is not an escape.
    #[error("Unrecognized character escape {}", CharName(*.0))]
    InvalidEscape(char),
    /// Nested deeper than allowed.
    #[error("Document nesting depth exceeds the maximum allowed ({0})")]
    TooDeep(u16),
    /// Not UTF-8.
    #[error("Invalid UTF-8")]
    InvalidUtf8,
    /// More text than a heap can address.
    #[error("The text is too large: {0} bytes")]
    TooLarge(usize),
    /// The heap has no room for what is in the text, or reading it takes more work than is allowed.
    #[error("{0}")]
    Exceeded(Exceeded),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.kind, self.line, self.column)
    }
}

impl std::error::Error for ParseError {}

/// A character as the service's JSON reader names it: `'b' (code 98)`.
struct CharName(char);

impl fmt::Display for CharName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.0);
        match self.0 {
            c if c.is_control() => write!(f, "(CTRL-CHAR, code {code})"),
            c if code > 255 => write!(f, "'{c}' (code {code} / 0x{code:x})"),
            c => write!(f, "'{c}' (code {code})"),
        }
    }
}
