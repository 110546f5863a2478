//! A pattern as the instructions of the backtracking machine.

use super::set::Set;
use super::tree::{Node, Pattern, Repeat};

/// A place among the instructions.
pub(super) type Address = usize;

#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Op>,
    /// Loops that keep count.
    pub(super) loops: usize,
    pub(super) groups: usize,
    pub(super) ignores_case: bool,
    pub(super) multiline: bool,
}

/// What takes one unit.
#[derive(Clone, Debug)]
pub(super) enum Single {
    Unit(u16),
    Set(Set),
}

impl Single {
    pub(super) fn takes(&self, unit: u16) -> bool {
        match self {
            Single::Unit(own) => *own == unit,
            Single::Set(set) => set.contains(unit),
        }
    }
}

#[derive(Debug)]
pub(super) enum Op {
    Single {
        single: Single,
        backward: bool,
    },
    /// As many as possible (or as few) of one unit each, without a note for each.
    Run {
        single: Single,
        backward: bool,
        min: u32,
        max: u32,
        greedy: bool,
    },
    Start,
    End,
    Boundary {
        negated: bool,
    },
    /// Notes the position: `2 * group`, and one more for the end.
    Save(usize),
    BackReference {
        group: usize,
        backward: bool,
    },
    /// Goes on behind it, and if that fails at the address.
    Try(Address),
    Jump(Address),
    /// Begins to count.
    Enter(usize),
    /// Begins an iteration, or goes to the end.
    Loop(Box<Loop>),
    /// Ends an iteration of the loop at the address.
    Again(Address),
    /// The body follows; where it matches, [`Op::Looked`] ends it.
    Look {
        negated: bool,
        end: Address,
    },
    Looked,
    Match,
}

#[derive(Debug)]
pub(super) struct Loop {
    pub(super) counter: usize,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) greedy: bool,
    pub(super) end: Address,
    /// Slots that each iteration forgets first.
    pub(super) forgotten: std::ops::Range<usize>,
}

pub(super) fn compile(pattern: &Pattern) -> Program {
    let mut compiler = Compiler { code: Vec::new(), loops: 0 };
    compiler.node(&pattern.node, false);
    compiler.code.push(Op::Match);
    let Compiler { code, loops } = compiler;
    let Pattern { groups, ignores_case, multiline, .. } = *pattern;
    Program { code, loops, groups, ignores_case, multiline }
}

struct Compiler {
    code: Vec<Op>,
    loops: usize,
}

impl Compiler {
    /// `backward`: inside of what looks behind, everything is read from its end.
    fn node(&mut self, node: &Node, backward: bool) {
        match node {
            Node::Empty => {}
            Node::Unit(unit) => self.code.push(Op::Single { single: Single::Unit(*unit), backward }),
            Node::Set(set) => self.code.push(Op::Single { single: Single::Set(set.clone()), backward }),
            Node::Start => self.code.push(Op::Start),
            Node::End => self.code.push(Op::End),
            Node::Boundary { negated } => self.code.push(Op::Boundary { negated: *negated }),
            Node::Group(number, node) => {
                let (first, second) = (2 * number + usize::from(backward), 2 * number + usize::from(!backward));
                self.code.push(Op::Save(first));
                self.node(node, backward);
                self.code.push(Op::Save(second));
            }
            Node::BackReference(group) => self.code.push(Op::BackReference { group: *group, backward }),
            Node::Look(look) => {
                let at = self.code.len();
                self.code.push(Op::Match);
                self.node(&look.node, look.behind);
                self.code.push(Op::Looked);
                self.code[at] = Op::Look { negated: look.negated, end: self.code.len() };
            }
            Node::Repeat(repeat) => self.repeat(repeat, backward),
            Node::Sequence(nodes) if backward => nodes.iter().rev().for_each(|node| self.node(node, backward)),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node, backward)),
            Node::Alternatives(nodes) => self.alternatives(nodes, backward),
        }
    }

    fn alternatives(&mut self, nodes: &[Node], backward: bool) {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node, backward);
                break;
            }
            let at = self.code.len();
            self.code.push(Op::Match);
            self.node(node, backward);
            jumps.push(self.code.len());
            self.code.push(Op::Match);
            self.code[at] = Op::Try(self.code.len());
        }
        let end = self.code.len();
        jumps.into_iter().for_each(|at| self.code[at] = Op::Jump(end));
    }

    fn repeat(&mut self, repeat: &Repeat, backward: bool) {
        let Repeat { node, min, max, greedy, groups } = repeat;
        let (min, max, greedy) = (*min, *max, *greedy);
        let single = match node {
            Node::Unit(unit) => Some(Single::Unit(*unit)),
            Node::Set(set) => Some(Single::Set(set.clone())),
            _ => None,
        };
        if let Some(single) = single {
            self.code.push(Op::Run { single, backward, min, max, greedy });
            return;
        }
        let counter = self.loops;
        self.loops += 1;
        self.code.push(Op::Enter(counter));
        let at = self.code.len();
        self.code.push(Op::Match);
        self.node(node, backward);
        self.code.push(Op::Again(at));
        let (end, forgotten) = (self.code.len(), 2 * groups.start..2 * groups.end);
        self.code[at] = Op::Loop(Box::new(Loop { counter, min, max, greedy, end, forgotten }));
    }
}
