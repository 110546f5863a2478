//! The one reader of expressions: the grammar, positions and error texts of the reference implementation (2.0.6).
//!
//! A text becomes operators and operands as they are written (`lexer`, `grammar`), and those the tree of what is meant
//! (`shape`, `ancestry`).

mod ancestry;
mod grammar;
mod lexer;
mod shape;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use tree::{Group, Kind, Label, Stage, Term, Tree, Word};

use super::error::SyntaxError;

/// The tree of a text.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) tree: Tree,
    /// For each `%`, by the number in its label, the label that it shares with others which mean the same step.
    pub(super) labels: Vec<Label>,
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    let (tree, labels) = shape::shape(grammar::read(text)?)?;
    Ok(Parsed { tree, labels })
}
