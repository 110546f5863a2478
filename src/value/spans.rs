//! Containers of an event that were checked but not made into nodes: see [`Heap::parse_event`](super::Heap::parse_event).
//!
//! Their lists begin where no node is: the first of such places stand for the containers themselves, in order, the others for
//! the nodes of what was looked into later. Who looks gets nodes in either case; only a clock shows the difference.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::heap::Header;
use super::{Form, List, Span, Str, Value, text};

/// Where the lists of skimmed containers begin. Half of what a handle can name: more nodes than a heap's limit allows.
const ROOTS: usize = 1 << 29;
/// Where the nodes of skimmed containers begin.
const NODES: usize = ROOTS + (1 << 27);
/// One more than the greatest place that a handle can name.
const END: usize = 1 << 30;

/// The skimmed containers of a heap.
#[derive(Debug, Default)]
pub(super) struct Spans {
    list: Vec<Container>,
    /// Nodes that they would have.
    nodes: usize,
    read: Keys,
    elements: Keys,
}

/// Where the skimmed containers of a text begin.
#[derive(Clone, Copy)]
pub(super) struct SpansMark(usize);

/// What skimming a container tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skimmed {
    /// Its text in the heap's.
    pub(super) source: u32,
    pub(super) size: u32,
    /// Its children.
    pub(super) len: u32,
    /// Nodes that it would have, with all that is in it.
    pub(super) nodes: u32,
    pub(super) depth: u16,
}

#[derive(Debug)]
struct Container {
    skimmed: Skimmed,
    /// The place of its first node.
    base: usize,
    reading: Reading,
    /// Once somebody has looked into it. Its own children are the last of them.
    nodes: OnceLock<Box<[Value]>>,
}

/// How a container is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Whether it is made into nodes.
    pub(super) nodes: bool,
    /// Whether containers in it are, if it is an array.
    elements: bool,
    /// The place of its key, or that of the array around it, in [`Keys`].
    key: u8,
    /// Whether it is an element of an array.
    is_element: bool,
}

impl Reading {
    /// Everything is made into nodes.
    pub(super) const WHOLE: Reading = Reading { nodes: true, elements: true, key: 0, is_element: false };

    pub(super) fn of_elements(self) -> Reading {
        Reading { nodes: self.elements, is_element: true, ..self }
    }
}

/// A set of keys, by a byte of their fingerprints. One that is in it by mistake costs time only.
#[derive(Debug, Default)]
struct Keys([AtomicU64; 4]);

impl Keys {
    #[inline]
    fn contains(&self, key: u8) -> bool {
        self.0[usize::from(key >> 6)].load(Ordering::Relaxed) & 1 << (key & 63) != 0
    }

    fn insert(&self, key: u8) {
        self.0[usize::from(key >> 6)].fetch_or(1 << (key & 63), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, Ordering::Relaxed));
    }
}

/// Whether the list of a container begins at a place without a node.
#[inline(always)]
pub(super) fn is_skimmed(start: usize) -> bool {
    start >= ROOTS
}

impl Spans {
    /// How the container under a key with this fingerprint is read.
    #[inline]
    pub(super) fn reading(&self, print: u32) -> Reading {
        let key = print as u8;
        Reading { nodes: self.read.contains(key), elements: self.elements.contains(key), key, is_element: false }
    }

    /// Adds a container; `None` if a handle can't name it.
    #[inline]
    pub(super) fn push(&mut self, skimmed: Skimmed, reading: Reading) -> Option<List> {
        let (root, base) = (ROOTS + self.list.len(), NODES + self.nodes);
        if root >= NODES || base + skimmed.nodes as usize > END {
            return None;
        }
        self.nodes += skimmed.nodes as usize;
        self.list.push(Container { skimmed, base, reading, nodes: OnceLock::new() });
        Some(List::new(root, skimmed.len as usize, skimmed.depth))
    }

    /// Nodes that the containers would have.
    #[inline]
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Bytes of memory that they hold.
    pub(super) fn bytes_held(&self) -> usize {
        let made: usize = self.list.iter().filter_map(|container| container.nodes.get()).map(|nodes| nodes.len()).sum();
        self.list.capacity() * size_of::<Container>() + made * size_of::<Value>()
    }

    pub(super) fn mark(&self) -> SpansMark {
        SpansMark(self.list.len())
    }

    /// Gives up the containers since the mark.
    pub(super) fn truncate(&mut self, mark: SpansMark) {
        let given_up: usize = self.list[mark.0..].iter().map(|container| container.skimmed.nodes as usize).sum();
        self.nodes -= given_up;
        self.list.truncate(mark.0);
    }

    /// Gives up all containers, but not what is known of their keys.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.nodes = 0;
    }

    /// The texts that are read next are those of another program.
    pub(super) fn forget(&mut self) {
        self.clear();
        self.read.clear();
        self.elements.clear();
    }

    pub(super) fn shrink(&mut self) {
        self.list.shrink_to_fit();
    }

    /// What a container knows of itself.
    #[inline(never)]
    pub(super) fn header(&self, text: &str, start: usize) -> Header {
        match self.list.get(start - ROOTS) {
            Some(container) => Header { source: Some(container.skimmed.source), size: container.skimmed.size },
            None => Header::unpack(self.children(text, start - 1, 1).first().copied().unwrap_or(Value::Null)),
        }
    }

    /// The nodes of a list that begins at a place without a node; nodes are made if there are none yet.
    #[cold]
    #[inline(never)]
    pub(super) fn children(&self, text: &str, start: usize, count: usize) -> &[Value] {
        let nodes = match self.list.get(start - ROOTS) {
            Some(container) => {
                let nodes = container.made(text, self);
                &nodes[nodes.len() - count..]
            }
            None => {
                let index = self.list.partition_point(|container| container.base <= start) - 1;
                let container = &self.list[index];
                &container.made(text, self)[start - container.base..]
            }
        };
        &nodes[..count]
    }
}

impl Container {
    fn made(&self, text: &str, spans: &Spans) -> &[Value] {
        self.nodes.get_or_init(|| {
            // Next time its like is made into nodes while it is read, which costs less than reading twice.
            spans.read.insert(self.reading.key);
            if self.reading.is_element {
                spans.elements.insert(self.reading.key);
            }
            Builder::new(text, self).build()
        })
    }
}

/// Makes nodes of compact JSON that is known to be valid, and whose keys are known to differ.
struct Builder<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    base: usize,
    nodes: Vec<Value>,
    /// Children of containers that are open.
    stack: Vec<Value>,
    open: Vec<Open>,
}

struct Open {
    is_object: bool,
    children: usize,
    start: usize,
    depth: u16,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, container: &Container) -> Builder<'a> {
        let skimmed = &container.skimmed;
        let at = skimmed.source as usize;
        Builder {
            bytes: text.as_bytes(),
            at,
            end: at + skimmed.size as usize,
            base: container.base,
            nodes: Vec::with_capacity(skimmed.nodes as usize),
            stack: Vec::new(),
            open: Vec::new(),
        }
    }

    fn build(mut self) -> Box<[Value]> {
        while self.at < self.end {
            let start = self.at;
            match self.bytes[start] {
                b',' | b':' => self.at += 1,
                b'"' => {
                    let string = self.string(start + 1);
                    self.stack.push(Value::String(string));
                }
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    self.open.push(Open { is_object: bracket == b'{', children: self.stack.len(), start, depth: 1 });
                }
                b'}' | b']' => {
                    self.at += 1;
                    self.close();
                }
                b't' => self.word(Value::True, 4),
                b'f' => self.word(Value::False, 5),
                b'n' => self.word(Value::Null, 4),
                _ => {
                    while !matches!(self.bytes[self.at], b',' | b'}' | b']') {
                        self.at += 1;
                    }
                    self.stack.push(Value::Number(Span::new(start as u32, (self.at - start) as u32)));
                }
            }
        }
        self.nodes.into_boxed_slice()
    }

    fn word(&mut self, value: Value, len: usize) {
        self.at += len;
        self.stack.push(value);
    }

    fn string(&mut self, start: usize) -> Str {
        let mut form = Form::Quoted;
        let mut end = text::find_special(self.bytes, start);
        while self.bytes[end] == b'\\' {
            form = Form::Escaped;
            end = text::find_special(self.bytes, end + 2);
        }
        self.at = end + 1;
        Str::new(Span::new(start as u32, (end - start) as u32), form)
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if let Some(around) = self.open.last_mut() {
            around.depth = around.depth.max(1 + open.depth);
        }
        self.nodes.push(Header { source: Some(open.start as u32), size: (self.at - open.start) as u32 }.pack());
        let start = self.base + self.nodes.len();
        self.nodes.extend_from_slice(&self.stack[open.children..]);
        let children = self.stack.len() - open.children;
        self.stack.truncate(open.children);
        let len = if open.is_object { children / 2 } else { children };
        let list = List::new(start, len, open.depth);
        self.stack.push(if open.is_object { Value::Object(list) } else { Value::Array(list) });
    }
}
