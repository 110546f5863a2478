//! Pictures: how numbers and times are written and read, as `$formatNumber`, `$formatInteger`, `$parseInteger`,
//! `$fromMillis` and `$toMillis` take them.
//!
//! They follow XPath's functions as far as the reference implementation does, with its liberties: what it makes of odd
//! pictures is part of the behaviour.

mod date;
mod decimal;
mod integer;
#[cfg(test)]
mod tests;
mod words;

pub(super) use date::{from_millis, to_millis};
pub(super) use decimal::{Options, format_number};
pub(super) use integer::{format_integer, parse_integer};

/// Why a picture cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PictureError {
    /// A code of the reference implementation, and its text.
    Thrown(&'static str, String),
    /// The reference implementation fails without a code, by an exception of its language.
    Internal,
    /// The reference implementation would not come to an end.
    Endless,
    /// The text would be longer than a text may be.
    TooLong,
}

/// Letters that a number in letters may have.
const MAX_LETTERS: f64 = 1_000_000.0;

fn thrown(code: &'static str, text: impl Into<String>) -> PictureError {
    PictureError::Thrown(code, text.into())
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number as JavaScript prints it.
pub(super) fn plain(number: f64) -> String {
    if number.is_finite() {
        super::number::text(number)
    } else if number.is_nan() {
        "NaN".to_owned()
    } else if number > 0.0 {
        "Infinity".to_owned()
    } else {
        "-Infinity".to_owned()
    }
}

/// The number that a text begins with, as JavaScript's `parseInt` reads it; not a number if it begins with none.
fn leading_integer(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(rest) => (16, rest),
        None => (10, digits),
    };
    let len = digits.chars().take_while(|char| char.is_digit(radix)).count();
    match (len, radix) {
        (0, _) => f64::NAN,
        (_, 10) => sign * digits[..len].parse().unwrap_or(f64::NAN),
        _ => {
            let value = |char: char| f64::from(char.to_digit(radix).unwrap_or(0));
            sign * digits[..len].chars().fold(0.0, |number, char| number * f64::from(radix) + value(char))
        }
    }
}

/// Whether JavaScript takes a character for white space.
fn is_space(char: char) -> bool {
    char.is_whitespace() && char != '\u{85}' || char == '\u{feff}'
}
