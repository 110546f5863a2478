//! What an evaluator knows of containers besides their values: which is which, which are new, and a note on what it built.

use super::heap::Header;
use super::{Heap, List, Str, Value, spans};

/// How much of a heap there was at a time.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    nodes: usize,
    text: usize,
}

impl Heap {
    /// What whoever built the container has noted of it: see [`set_tag`](Heap::set_tag).
    pub fn tag(&self, list: List) -> u8 {
        // What was read has none, and may have no node.
        self.nodes.get(list.start() - 1).map_or(0, |header| Header::tag(*header))
    }

    /// Leaves a note of four bits on a container that was built. It is no part of the value: nothing else looks at it.
    pub fn set_tag(&mut self, list: List, tag: u8) {
        if let Some(header) = self.nodes.get_mut(list.start() - 1)
            && let Value::Int(bits) = header
            && Header::unpack(Value::Int(*bits)).source.is_none()
        {
            let source = Header::BUILT - u32::from(tag).min(Header::MAX_TAG);
            *bits = ((u64::from(source) << 32) | u64::from(*bits as u32)) as i64;
        }
    }

    /// Where the container is: two with the same place are one and the same.
    pub fn place(&self, list: List) -> usize {
        list.start()
    }

    /// Whether two containers are one and the same.
    pub fn is_same_list(&self, a: List, b: List) -> bool {
        a.start() == b.start()
    }

    /// The length of a string's text, escapes included.
    pub fn str_len(&self, string: Str) -> usize {
        string.len() as usize
    }

    /// How much of the heap there is: see [`is_since`](Heap::is_since).
    pub fn age(&self) -> Age {
        Age { nodes: self.nodes.len(), text: self.text.len() }
    }

    /// Whether a container was made after that.
    pub fn is_since(&self, list: List, age: Age) -> bool {
        let start = list.start();
        // A container without nodes was read, and nobody evaluates before that.
        !spans::is_skimmed(start) && start > age.nodes
    }

    /// Takes back everything that was made since then, for whoever knows that nothing refers to it.
    pub fn take_back(&mut self, age: Age) {
        self.nodes.truncate(age.nodes);
        self.index.clear();
        self.text.truncate(age.text);
    }
}
