//! Environments: what names are bound to. A block, a call and an item with bindings have one each, inside another.
//!
//! They are kept in one place and end in the order in which they were made, unless a function still needs them.

use crate::jsonata::compile::Symbol;
use crate::value::Value;

/// An environment by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Environment(u32);

impl Environment {
    /// That of the expression as a whole.
    pub(super) const ROOT: Environment = Environment(0);
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    outer: u32,
    /// The last binding.
    last: u32,
}

#[derive(Debug)]
struct Binding {
    symbol: Symbol,
    before: u32,
    value: Option<Value>,
}

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Environments {
    /// That of the expression as a whole, which most expressions do with.
    root: Frame,
    frames: Vec<Frame>,
    bindings: Vec<Binding>,
}

/// What there was at a time.
#[derive(Clone, Copy)]
pub(super) struct EnvironmentMark {
    frames: usize,
    bindings: usize,
}

impl Default for Environments {
    fn default() -> Environments {
        Environments { root: Frame { outer: NONE, last: NONE }, frames: Vec::new(), bindings: Vec::new() }
    }
}

impl Environments {
    pub(super) fn bytes(&self) -> usize {
        self.frames.len() * size_of::<Frame>() + self.bindings.len() * size_of::<Binding>()
    }

    pub(super) fn mark(&self) -> EnvironmentMark {
        EnvironmentMark { frames: self.frames.len(), bindings: self.bindings.len() }
    }

    /// Gives up what was made since the mark.
    pub(super) fn release(&mut self, mark: EnvironmentMark) {
        self.frames.truncate(mark.frames);
        self.bindings.truncate(mark.bindings);
    }

    /// A new environment inside another.
    pub(super) fn enter(&mut self, outer: Environment) -> Environment {
        self.frames.push(Frame { outer: outer.0, last: NONE });
        Environment(self.frames.len() as u32)
    }

    pub(super) fn bind(&mut self, environment: Environment, symbol: Symbol, value: Option<Value>) {
        let frame = match environment.0 {
            0 => &mut self.root,
            number => &mut self.frames[number as usize - 1],
        };
        let mut at = frame.last;
        while at != NONE {
            let binding = &mut self.bindings[at as usize];
            if binding.symbol == symbol {
                binding.value = value;
                return;
            }
            at = binding.before;
        }
        self.bindings.push(Binding { symbol, before: frame.last, value });
        frame.last = self.bindings.len() as u32 - 1;
    }

    /// What the symbol is bound to; `None` if it is not.
    pub(super) fn find(&self, environment: Environment, symbol: Symbol) -> Option<Option<Value>> {
        let mut frame = environment.0;
        while frame != NONE {
            let Frame { outer, last } = match frame {
                0 => self.root,
                number => self.frames[number as usize - 1],
            };
            let mut at = last;
            while at != NONE {
                let binding = &self.bindings[at as usize];
                if binding.symbol == symbol {
                    return Some(binding.value);
                }
                at = binding.before;
            }
            frame = outer;
        }
        None
    }
}
