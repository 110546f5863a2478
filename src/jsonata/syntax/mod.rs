//! What is wrong with a text that is not an expression, in the words of the reference implementation.
//!
//! The library reads a later version of the language, stops at other places and names its own tokens. So the text is read
//! here first, by the reference's grammar; what passes is the library's to build a tree from.

mod grammar;
mod lexer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::error::SyntaxError;

/// The text for the library, which takes some names for something else unless they are in backquotes, and ends a regular
/// expression at the first `/`.
pub(super) fn check(text: &str) -> Result<Cow<'_, str>, SyntaxError> {
    let insertions = grammar::read(text)?;
    if insertions.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut adapted = String::with_capacity(text.len() + insertions.len());
    let mut done = 0;
    for (at, inserted) in insertions {
        adapted.push_str(&text[done..at]);
        adapted.push(inserted);
        done = at;
    }
    adapted.push_str(&text[done..]);
    Ok(Cow::Owned(adapted))
}
