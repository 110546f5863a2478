//! A pattern as a tree.

use std::ops::Range;

use super::set::Set;

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    Unit(u16),
    Set(Set),
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, `\B`
    Boundary {
        negated: bool,
    },
    /// `(…)`, numbered from 1.
    Group(usize, Box<Node>),
    /// `\1`, `\k<name>`
    BackReference(usize),
    Look(Box<Look>),
    Repeat(Box<Repeat>),
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
}

/// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`
#[derive(Debug)]
pub(super) struct Look {
    pub(super) behind: bool,
    pub(super) negated: bool,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) node: Node,
    pub(super) min: u32,
    /// `u32::MAX`: without end.
    pub(super) max: u32,
    pub(super) greedy: bool,
    /// The groups inside, which each iteration forgets first.
    pub(super) groups: Range<usize>,
}

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) node: Node,
    /// Groups, without that of the whole match.
    pub(super) groups: usize,
    pub(super) ignores_case: bool,
    pub(super) multiline: bool,
}

impl Node {
    /// Whether it can match without taking anything.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Node::Unit(_) | Node::Set(_) => false,
            Node::Group(_, node) => node.is_nullable(),
            Node::Repeat(repeat) => repeat.min == 0 || repeat.node.is_nullable(),
            Node::Sequence(nodes) => nodes.iter().all(Node::is_nullable),
            Node::Alternatives(nodes) => nodes.iter().any(Node::is_nullable),
            Node::Empty | Node::Start | Node::End | Node::Boundary { .. } | Node::BackReference(_) | Node::Look(_) => {
                true
            }
        }
    }
}
