use std::borrow::Cow;

use super::index::Index;
use super::meter::{Exceeded, Meter};
use super::parse::{Level, Open, Order};
use super::print::write_int;
use super::spans::{self, Spans};
use super::{Form, List, MAX_DEPTH, Span, Str, Value, text};

/// Bytes of text and of nodes that a heap keeps for the next execution; what is beyond goes back to the allocator.
const KEPT_BYTES: usize = 1 << 20;
/// Memory beyond what is used that is not worth giving back.
const TRIMMED_BYTES: usize = 64 << 10;

/// Keys that are looked at for a unit of work.
const KEYS_PER_UNIT: usize = 16;

/// The arena that the values of one execution live in.
///
/// It may begin with constants: a heap that was [seeded](Heap::seed_from) from another keeps the other's values, under
/// the same handles, across every [`reset`](Heap::reset).
#[derive(Debug, Default)]
pub struct Heap {
    pub(super) text: String,
    /// Children of containers. Each container's children are preceded by a header: see [`Header`].
    pub(super) nodes: Vec<Value>,
    /// Children of containers that are being built.
    pub(super) stack: Vec<Value>,
    /// Fingerprints of the keys of objects that are being read.
    pub(super) prints: Vec<u32>,
    /// Containers that are being read.
    pub(super) open: Vec<Open>,
    /// The same of one that is skimmed.
    pub(super) levels: Vec<Level>,
    /// Which keys are expected.
    pub(super) order: Order,
    /// What was skimmed.
    pub(super) spans: Spans,
    pub(super) index: Index,
    scratch: Vec<u8>,
    pub(super) base_text: usize,
    base_nodes: usize,
    pub(super) meter: Meter,
}

/// Where a string under construction begins. See [`Heap::begin_text`].
#[derive(Clone, Copy, Debug)]
pub struct TextMark(usize);

/// Where the children of a container under construction begin. See [`Heap::mark`].
#[derive(Clone, Copy, Debug)]
pub struct Mark(pub(super) usize);

/// What a container knows of itself: its serialized size, and where its source text is if it was parsed.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) source: Option<u32>,
    pub(super) size: u32,
}

impl Header {
    /// Of a container that was built: no text is so long that its source could be there. What is below it, down to the
    /// largest tag, is the [tag](Heap::tag).
    pub(super) const BUILT: u32 = u32::MAX;
    pub(super) const MAX_TAG: u32 = 15;

    pub(super) fn pack(self) -> Value {
        let source = self.source.unwrap_or(Self::BUILT);
        Value::Int(((u64::from(source) << 32) | u64::from(self.size)) as i64)
    }

    pub(super) fn unpack(node: Value) -> Header {
        let Value::Int(bits) = node else { return Header { source: None, size: 0 } };
        let source = (bits as u64 >> 32) as u32;
        Header { source: (source < Self::BUILT - Self::MAX_TAG).then_some(source), size: bits as u32 }
    }

    pub(super) fn tag(node: Value) -> u8 {
        let Value::Int(bits) = node else { return 0 };
        let tag = Self::BUILT - (bits as u64 >> 32) as u32;
        if tag > Self::MAX_TAG { 0 } else { tag as u8 }
    }
}

impl Heap {
    /// An empty heap.
    pub fn new() -> Heap {
        Heap::default()
    }

    /// Forgets everything and takes over the values of `constants` under the same handles.
    pub fn seed_from(&mut self, constants: &Heap) {
        self.text.clone_from(&constants.text);
        self.nodes.clone_from(&constants.nodes);
        self.stack.clear();
        self.meter.reset();
        self.index.clear();
        self.spans.forget();
        self.order.forget();
        self.base_text = self.text.len();
        self.base_nodes = self.nodes.len();
    }

    /// Takes back everything but the constants. Handles to anything else become invalid.
    pub fn reset(&mut self) {
        self.meter.reset();
        self.index.clear();
        self.text.truncate(self.base_text);
        self.nodes.truncate(self.base_nodes);
        self.stack.clear();
        self.spans.clear();
        if self.text.capacity() > self.base_text + KEPT_BYTES {
            self.text.shrink_to(self.base_text + KEPT_BYTES);
        }
        let nodes = self.base_nodes + KEPT_BYTES / size_of::<Value>();
        if self.nodes.capacity() > nodes {
            self.nodes.shrink_to(nodes);
        }
    }

    /// Bytes in use, with what is [held](Heap::hold) outside; constants are not counted. Containers that were not made into nodes
    /// [yet](Heap::parse_event) count as if they were: whether they are does not depend on the event alone.
    pub fn bytes_used(&self) -> usize {
        let values = self.nodes.len() - self.base_nodes + self.spans.nodes() + self.stack.len();
        self.text.len() - self.base_text + values * size_of::<Value>() + self.index.bytes() + self.meter.held()
    }

    /// Bytes of memory that the heap holds, used or kept for reuse.
    pub fn bytes_held(&self) -> usize {
        let values = self.nodes.capacity() + self.stack.capacity();
        let numbers = self.prints.capacity() * size_of::<u32>();
        let reading = self.open.capacity() * size_of::<Open>() + self.levels.capacity() * size_of::<Level>();
        let texts = self.text.capacity() + self.scratch.capacity() + self.order.bytes_held();
        texts + values * size_of::<Value>() + numbers + reading + self.spans.bytes_held() + self.index.bytes_held()
    }

    /// Gives back memory that is kept for reuse, where that is most of what the heap holds.
    pub fn trim(&mut self) {
        let used = self.text.len() + self.nodes.len() * size_of::<Value>();
        if self.bytes_held() > 2 * used + TRIMMED_BYTES {
            self.text.shrink_to(self.text.len() + TRIMMED_BYTES / 4);
            self.nodes.shrink_to(self.nodes.len() + TRIMMED_BYTES / 4 / size_of::<Value>());
            self.stack.shrink_to(self.stack.len());
            self.prints.shrink_to(self.prints.len());
            self.spans.shrink();
            self.index.shrink();
            self.scratch.shrink_to(self.scratch.len());
        }
    }

    /// The elements of an array.
    pub fn items(&self, array: List) -> &[Value] {
        self.children(array, array.len())
    }

    /// The entries of an object, in order.
    pub fn entries(&self, object: List) -> impl DoubleEndedIterator<Item = (Str, Value)> + ExactSizeIterator + '_ {
        self.children(object, 2 * object.len()).chunks_exact(2).map(|pair| (as_key(&pair[0]), pair[1]))
    }

    /// The nodes of a list, of which it has as many as this.
    #[inline(always)]
    pub(super) fn children(&self, list: List, count: usize) -> &[Value] {
        let start = list.start();
        if spans::is_skimmed(start) {
            return self.spans.children(&self.text, start, count);
        }
        &self.nodes[start..start + count]
    }

    /// Adds the nodes of a list to the container under construction.
    pub(super) fn push_children(&mut self, list: List, count: usize) {
        let start = list.start();
        let children = if spans::is_skimmed(start) {
            self.spans.children(&self.text, start, count)
        } else {
            &self.nodes[start..start + count]
        };
        self.stack.extend_from_slice(children);
    }

    /// The `index`-th entry of an object.
    pub fn entry(&self, object: List, index: usize) -> (Str, Value) {
        let pair = &self.children(object, 2 * object.len())[2 * index..2 * index + 2];
        (as_key(&pair[0]), pair[1])
    }

    /// The value of an object's key.
    pub fn field(&self, object: List, key: &str) -> Option<Value> {
        self.position(object, key).map(|index| self.children(object, 2 * object.len())[2 * index + 1])
    }

    pub(super) fn position(&self, object: List, key: &str) -> Option<usize> {
        self.count_scan(object);
        self.scan(object, key)
    }

    /// Counts the work of looking at an object's keys: comparing the length of one is the least of work.
    #[inline]
    pub(super) fn count_scan(&self, object: List) {
        if object.len() >= KEYS_PER_UNIT {
            self.count(object.len() / KEYS_PER_UNIT);
        }
    }

    /// As [`position`](Heap::position), for whoever has counted it.
    pub(super) fn scan(&self, object: List, key: &str) -> Option<usize> {
        let entries = self.children(object, 2 * object.len());
        let (len, last) = (key.len() as u32, key.as_bytes().last());
        let bytes = self.text.as_bytes();
        entries.chunks_exact(2).rposition(|pair| {
            let Value::String(name) = &pair[0] else { return false };
            match name.form() {
                Form::Escaped => self.str_equals(*name, key),
                _ if name.len() != len => false,
                // Keys that are as long mostly end otherwise: one byte tells most of them apart.
                _ => {
                    let name = &bytes[name.range()];
                    name.last() == last && text::equal(name, key.as_bytes())
                }
            }
        })
    }

    /// Whether a string has this text.
    pub fn str_equals(&self, string: Str, other: &str) -> bool {
        match string.form() {
            Form::Escaped => text::unescapes_to(&self.text[string.range()], other),
            _ => string.len() as usize == other.len() && &self.text.as_bytes()[string.range()] == other.as_bytes(),
        }
    }

    /// The decoded text of a string.
    pub fn str(&self, string: Str) -> Cow<'_, str> {
        let text = &self.text[string.range()];
        match string.form() {
            Form::Escaped => {
                self.count(text.len() / 8);
                Cow::Owned(text::unescape(text))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// The digits of a number as they were written.
    pub fn digits(&self, number: Span) -> &str {
        &self.text[number.range()]
    }

    /// A new string.
    pub fn string(&mut self, content: &str) -> Value {
        self.reserve_text(content.len());
        let start = self.text.len();
        self.text.push_str(content);
        self.string_since(start)
    }

    /// A new string to be used as a key. Behind its closing quote there is a colon, with which it is printed.
    pub fn key(&mut self, content: &str) -> Str {
        self.reserve_text(content.len() + 3);
        if text::needs_escape(content.as_bytes()) {
            let start = self.text.len();
            self.text.push_str(content);
            return self.str_since(start);
        }
        let start = self.text.len() + 1;
        self.text.push('"');
        self.text.push_str(content);
        let span = self.span_since(start);
        self.text.push_str("\":");
        Str::new(span, Form::Quoted)
    }

    /// The string that was appended to the text since `start`.
    pub(super) fn string_since(&mut self, start: usize) -> Value {
        Value::String(self.str_since(start))
    }

    fn str_since(&mut self, start: usize) -> Str {
        let form = if text::needs_escape(&self.text.as_bytes()[start..]) { Form::Raw } else { Form::Plain };
        Str::new(self.span_since(start), form)
    }

    /// Begins a string that is put together from parts: append them, then [finish](Heap::finish_text) it. One at a time.
    pub fn begin_text(&mut self) -> TextMark {
        TextMark(self.text.len())
    }

    /// Appends a part to the string under construction.
    pub fn append_text(&mut self, part: &str) {
        self.reserve_text(part.len());
        self.text.push_str(part);
    }

    /// At least the bytes that [`append_value`](Heap::append_value) appends.
    pub fn appended_size(&self, value: Value) -> usize {
        match value {
            Value::String(string) => string.len() as usize,
            other => self.size(other) as usize,
        }
    }

    /// Appends the content of a string, or the compact JSON of anything else, to the string under construction.
    pub fn append_value(&mut self, value: Value) {
        self.reserve_text(self.appended_size(value));
        match value {
            Value::String(string) if string.form() != Form::Escaped => self.text.extend_from_within(string.range()),
            Value::String(escaped) => {
                let decoded = self.str(escaped).into_owned();
                self.text.push_str(&decoded);
            }
            Value::Number(span) => self.text.extend_from_within(span.range()),
            Value::Int(int) => {
                write_int(int, |digits| self.text.extend(digits.iter().map(|digit| char::from(*digit))));
            }
            other => self.append_json(other),
        }
    }

    /// Appends the compact JSON of a value to the string under construction.
    pub fn append_json(&mut self, value: Value) {
        let mut json = std::mem::take(&mut self.scratch);
        json.clear();
        self.write(value, &mut json);
        self.reserve_text(json.len());
        // Only text of this heap and ASCII was written.
        self.text.push_str(std::str::from_utf8(&json).unwrap_or_default());
        json.shrink_to(KEPT_BYTES);
        self.scratch = json;
    }

    /// The string that was put together since the mark.
    pub fn finish_text(&mut self, mark: TextMark) -> Value {
        self.string_since(mark.0)
    }

    pub(super) fn span_since(&self, start: usize) -> Span {
        Span::new(start as u32, (self.text.len() - start) as u32)
    }

    /// Begins a container: what is [pushed](Heap::push) from now on belongs to it until it is closed by
    /// [`array_from`](Heap::array_from) or [`object_from`](Heap::object_from). Containers may be built inside others.
    pub fn mark(&self) -> Mark {
        Mark(self.stack.len())
    }

    /// Adds an element to the array under construction.
    pub fn push(&mut self, value: Value) {
        self.reserve_stack(1);
        self.stack.push(value);
    }

    /// Adds an entry to the object under construction. The caller sees to it that keys differ.
    pub fn push_entry(&mut self, key: Str, value: Value) {
        self.reserve_stack(2);
        self.stack.push(Value::String(key));
        self.stack.push(value);
    }

    /// Gives up what was pushed since the mark.
    pub fn abandon(&mut self, mark: Mark) {
        self.stack.truncate(mark.0);
    }

    /// Puts another value in the place of the `index`-th that was pushed since the mark.
    pub fn replace_pushed(&mut self, mark: Mark, index: usize, value: Value) {
        if let Some(pushed) = self.stack.get_mut(mark.0 + index) {
            *pushed = value;
        }
    }

    /// What was pushed since the mark.
    pub fn pushed(&self, mark: Mark) -> &[Value] {
        &self.stack[mark.0..]
    }

    /// Closes an array: its elements are what was pushed since the mark.
    ///
    /// # Errors
    /// [`Exceeded`] if an element has the greatest depth already, or a bound is passed; what was pushed is given up.
    pub fn array_from(&mut self, mark: Mark) -> Result<Value, Exceeded> {
        let len = self.stack.len() - mark.0;
        Ok(Value::Array(self.close(mark, len, len as u32)?))
    }

    /// Closes an object: its entries are what was pushed since the mark.
    ///
    /// # Errors
    /// [`Exceeded`] if a value has the greatest depth already, or a bound is passed; what was pushed is given up.
    pub fn object_from(&mut self, mark: Mark) -> Result<Value, Exceeded> {
        Ok(Value::Object(self.object_list_from(mark)?))
    }

    pub(super) fn object_list_from(&mut self, mark: Mark) -> Result<List, Exceeded> {
        let len = (self.stack.len() - mark.0) / 2;
        // Every entry has a colon, every entry but the first a comma.
        self.close(mark, len, 2 * len as u32)
    }

    /// `separators`: the characters between the children, and one more.
    fn close(&mut self, mark: Mark, len: usize, separators: u32) -> Result<List, Exceeded> {
        if let Err(exceeded) = self.work(self.stack.len() - mark.0 + 1) {
            self.abandon(mark);
            return Err(exceeded);
        }
        let mut size = 2 + separators.saturating_sub(1);
        let mut depth = 0;
        for child in &self.stack[mark.0..] {
            let (child_size, child_depth) = self.measure(child);
            size = size.saturating_add(child_size);
            depth = depth.max(child_depth);
        }
        if depth >= MAX_DEPTH || len > List::MAX_LEN {
            self.abandon(mark);
            return Err(Exceeded::Depth);
        }
        Ok(self.take_from_stack(mark, len, depth + 1, Header { source: None, size }))
    }

    /// Size and depth of a value. By reference: a copy of the handle would be written and read back before its tag is
    /// known.
    #[inline]
    pub(super) fn measure(&self, value: &Value) -> (u32, u16) {
        match value {
            Value::String(string) if string.form() != Form::Raw => (string.len() + 2, 0),
            Value::Number(span) => (span.len(), 0),
            Value::Array(list) | Value::Object(list) => (self.header(*list).size, list.depth()),
            other => (self.measured(*other), 0),
        }
    }

    pub(super) fn take_from_stack(&mut self, mark: Mark, len: usize, depth: u16, header: Header) -> List {
        let nodes = self.stack.len() - mark.0 + 1;
        self.reserve_nodes(nodes);
        self.nodes.push(header.pack());
        let start = self.nodes.len();
        self.nodes.extend_from_slice(&self.stack[mark.0..]);
        self.stack.truncate(mark.0);
        List::new(start, len, depth)
    }

    #[inline]
    pub(super) fn header(&self, list: List) -> Header {
        let start = list.start();
        if spans::is_skimmed(start) {
            return self.spans.header(&self.text, start);
        }
        Header::unpack(self.nodes[start - 1])
    }

    /// Whether a node is one of the constants.
    pub(super) fn is_constant(&self, node: usize) -> bool {
        node < self.base_nodes
    }

    /// An array of these elements, which live in this heap.
    ///
    /// # Errors
    /// As [`array_from`](Heap::array_from).
    pub fn array(&mut self, items: &[Value]) -> Result<Value, Exceeded> {
        let mark = self.mark();
        self.reserve_stack(items.len());
        self.stack.extend_from_slice(items);
        self.array_from(mark)
    }

    /// The `{}` value.
    pub fn empty_object(&mut self) -> Value {
        Value::Object(self.empty_list())
    }

    /// The children of an empty container.
    pub fn empty_list(&mut self) -> List {
        let mark = self.mark();
        self.take_from_stack(mark, 0, 1, Header { source: None, size: 2 })
    }
}

/// Keys are always strings: both the parser and [`Heap::push_entry`] see to it.
fn as_key(node: &Value) -> Str {
    match node {
        Value::String(key) => *key,
        _ => Str::new(Span::new(0, 0), Form::Plain),
    }
}
