//! Texts that stand in filters, and the numbers that they may be.

use std::cmp::Ordering;

use super::decimal::Decimal;

/// A text of a filter. Numbers, booleans and `null` are written like other texts: what a text is compared with decides what
/// it means.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) text: Box<str>,
    /// The text as a number of 64 bits, so that most comparisons need no digits.
    int: Option<i64>,
}

impl Literal {
    pub(super) fn new(text: &str) -> Literal {
        Literal { text: text.into(), int: text.parse().ok() }
    }

    /// The order of the number that this text is, and another; `None` if the text is no number.
    pub(super) fn compare_to_int(&self, other: i64) -> Option<Ordering> {
        match self.int {
            Some(int) => Some(int.cmp(&other)),
            None => Some(Decimal::parse(&self.text)?.compare(&Decimal::parse(&other.to_string())?)),
        }
    }
}
