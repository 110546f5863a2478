//! One validating pass from JSON text to nodes. White space and needless escapes are dropped while the text is copied into
//! the heap, so every container's source span is its compact text.
//!
//! | file | what lives there |
//! |---|---|
//! | [`token`] | strings, numbers, words, white space: checked and copied |
//! | [`keys`] | keys, and those that stand twice |
//! | [`order`] | which key is expected |
//! | [`skim`] | containers that are checked but not made into nodes |

mod keys;
mod order;
mod skim;
mod token;

use super::heap::{Header, Mark};
use super::spans::Reading;
use super::{Form, Heap, MAX_DEPTH, ParseError, ParseErrorKind, Span, Value};

pub(super) use keys::fingerprint;
pub(super) use order::Order;
use order::Row;
pub(super) use skim::Level;

impl Heap {
    /// Reads a JSON text that is nested at most [`MAX_DEPTH`] levels.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and where. The heap is as it was.
    pub fn parse(&mut self, json: &[u8]) -> Result<Value, ParseError> {
        self.parse_limited(json, MAX_DEPTH)
    }

    /// Reads a JSON text that is nested at most `max_depth` levels (never more than [`MAX_DEPTH`]).
    ///
    /// # Errors
    /// As [`parse`](Heap::parse).
    pub fn parse_limited(&mut self, json: &[u8], max_depth: u16) -> Result<Value, ParseError> {
        self.read(json, max_depth, false)
    }

    /// The same for one of many texts of which only parts will be looked into. All of it is checked, and all of it counts as
    /// [used](Heap::bytes_used); but a container becomes nodes only when somebody looks into it, or now if that has happened
    /// to a container of the same key since the heap was [seeded](Heap::seed_from).
    ///
    /// # Errors
    /// As [`parse`](Heap::parse).
    pub fn parse_event(&mut self, json: &[u8], max_depth: u16) -> Result<Value, ParseError> {
        self.read(json, max_depth, true)
    }

    fn read(&mut self, json: &[u8], max_depth: u16, lazy: bool) -> Result<Value, ParseError> {
        let (texts, nodes, stack, spans) = (self.text.len(), self.nodes.len(), self.stack.len(), self.spans.mark());
        let result = match std::str::from_utf8(json) {
            Ok(source) if self.text.len() + source.len() < u32::MAX as usize => match self.afford_reading(source) {
                Ok(()) => {
                    self.reserve_text(source.len());
                    Parser::run(self, source, max_depth.min(MAX_DEPTH), lazy)
                }
                Err(exceeded) => Err(ReadError::new(ParseErrorKind::Exceeded(exceeded), 0)),
            },
            Ok(source) => Err(ReadError::new(ParseErrorKind::TooLarge(source.len()), 0)),
            Err(error) => Err(ReadError::new(ParseErrorKind::InvalidUtf8, error.valid_up_to())),
        };
        result.map_err(|fault| {
            self.text.truncate(texts);
            self.nodes.truncate(nodes);
            self.stack.truncate(stack);
            self.spans.truncate(spans);
            self.prints.clear();
            fault.locate(json)
        })
    }
}

/// An error whose line and column are not yet known.
struct ReadError {
    kind: ParseErrorKind,
    offset: usize,
}

impl ReadError {
    #[cold]
    fn new(kind: ParseErrorKind, offset: usize) -> Box<ReadError> {
        Box::new(ReadError { kind, offset })
    }

    fn locate(self, json: &[u8]) -> ParseError {
        let before = &json[..self.offset.min(json.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
        ParseError { kind: self.kind, offset: self.offset, line, column }
    }
}

const VALUE: &str = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const FIELD_NAME: &str = "was expecting double-quote to start field name";
const COLON: &str = "was expecting a colon to separate field name and value";
const OBJECT_COMMA: &str = "was expecting comma to separate Object entries";
const ARRAY_COMMA: &str = "was expecting comma to separate Array entries";

/// A container whose end has not been seen.
#[derive(Debug)]
pub(super) struct Open {
    is_object: bool,
    children: Mark,
    start: u32,
    depth: u16,
    /// [`Parser::keys`] of the container around.
    keys_around: u64,
    /// [`Parser::row`] of the container around.
    row_around: Row,
    /// Where the fingerprints of the object's keys begin that were not in order.
    prints: usize,
    /// How containers in an array are read: as those under the key of the array.
    elements: Reading,
    /// Whether a key of the object may stand twice.
    suspicious: bool,
    /// Whether the value is not what its source text says, since a key stands twice in it.
    changed: bool,
}

struct Parser<'a> {
    heap: &'a mut Heap,
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Source before this offset is in the heap's text, without white space and needless escapes.
    copied: usize,
    /// What to add to a source offset for the offset in the heap's text. Wraps.
    shift: u32,
    open: Vec<Open>,
    /// Containers that are open in the one that is skimmed.
    levels: Vec<Level>,
    /// Bits of those of the innermost object's keys that were not in order, by their lengths and ends: a bit that is set
    /// already may mean a key that stands twice.
    keys: u64,
    /// Which of the innermost object's keys is expected.
    row: Row,
    max_depth: u16,
    /// Whether containers may be skimmed.
    lazy: bool,
}

impl<'a> Parser<'a> {
    fn new(heap: &'a mut Heap, source: &'a str, max_depth: u16, lazy: bool) -> Self {
        let shift = heap.text.len() as u32;
        // They belong to the heap, so that an event allocates nothing for them.
        let (open, levels) = (std::mem::take(&mut heap.open), std::mem::take(&mut heap.levels));
        let (bytes, row) = (source.as_bytes(), heap.order.begin(lazy));
        Parser { heap, source, bytes, at: 0, copied: 0, shift, open, levels, keys: 0, row, max_depth, lazy }
    }

    fn run(heap: &'a mut Heap, source: &'a str, max_depth: u16, lazy: bool) -> Result<Value, Box<ReadError>> {
        let mut parser = Parser::new(heap, source, max_depth, lazy);
        let result = parser.document();
        let Parser { heap, mut open, mut levels, .. } = parser;
        open.clear();
        levels.clear();
        (heap.open, heap.levels) = (open, levels);
        result
    }

    /// Reads all of the text. Where it reads is known to the loop alone, and to the rest only where that is asked for: in a
    /// register it costs a third less.
    fn document(&mut self) -> Result<Value, Box<ReadError>> {
        let mut at = 0;
        loop {
            // A value begins here.
            match self.bytes.get(at) {
                Some(b'"') => {
                    let (string, end) = self.string(at + 1)?;
                    self.heap.stack.push(Value::String(string));
                    at = end;
                }
                Some(bracket @ (b'{' | b'[')) => {
                    let is_object = *bracket == b'{';
                    self.at = at;
                    let reading = if self.lazy { self.reading() } else { Reading::WHOLE };
                    if !reading.nodes && self.skim(reading)? {
                        at = self.at;
                    } else {
                        self.begin(is_object, reading)?;
                        at = self.solid(at + 1);
                        match (self.bytes.get(at), is_object) {
                            // What is behind a value closes it.
                            (Some(b'}'), true) | (Some(b']'), false) => {}
                            (_, true) => {
                                at = self.key(at)?;
                                continue;
                            }
                            (_, false) => continue,
                        }
                    }
                }
                Some(b'-' | b'0'..=b'9') => {
                    let end = self.end_of_number(at)?;
                    let span = Span::new(self.text_offset(at), (end - at) as u32);
                    self.heap.stack.push(Value::Number(span));
                    at = end;
                }
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    at = self.skip_white_space(at);
                    continue;
                }
                _ => {
                    let (value, end) = self.word(at)?;
                    self.heap.stack.push(value);
                    at = end;
                }
            }
            match self.next_value(at)? {
                Some(next) => at = next,
                None => break,
            }
        }
        self.copy_up_to(self.bytes.len());
        // The value that was complete without an open container.
        Ok(self.heap.stack.pop().unwrap_or(Value::Null))
    }

    /// A value is complete, or a container is empty: where the next one begins, behind its key; `None` at the end of the text.
    #[inline(always)]
    fn next_value(&mut self, mut at: usize) -> Result<Option<usize>, Box<ReadError>> {
        while let Some(&Open { is_object, .. }) = self.open.last() {
            match (self.bytes.get(at), is_object) {
                (Some(b','), true) => return self.key(at + 1).map(Some),
                (Some(b','), false) => return Ok(Some(at + 1)),
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    self.at = at;
                    self.close();
                }
                (Some(b' ' | b'\n' | b'\r' | b'\t'), _) => at = self.skip_white_space(at),
                _ => return Err(self.unexpected(at, if is_object { OBJECT_COMMA } else { ARRAY_COMMA })),
            }
        }
        at = self.solid(at);
        if at < self.bytes.len() {
            return Err(self.unexpected(at, "expected the end of the text"));
        }
        Ok(None)
    }

    /// How the container that begins here is read.
    fn reading(&self) -> Reading {
        match self.open.last() {
            // The event itself: most programs look into it.
            None => Reading::WHOLE,
            Some(open) if open.is_object => {
                let print = self.heap.order.print(&self.row).or_else(|| self.heap.prints.last().copied());
                self.heap.spans.reading(print.unwrap_or(0))
            }
            Some(open) => open.elements,
        }
    }

    fn begin(&mut self, is_object: bool, reading: Reading) -> Result<(), Box<ReadError>> {
        if self.open.len() >= usize::from(self.max_depth) {
            return Err(ReadError::new(ParseErrorKind::TooDeep(self.max_depth), self.at));
        }
        let start = self.text_offset(self.at);
        self.open.push(Open {
            is_object,
            children: self.heap.mark(),
            start,
            depth: 1,
            keys_around: self.keys,
            row_around: self.row,
            prints: self.heap.prints.len(),
            elements: reading.of_elements(),
            suspicious: false,
            changed: false,
        });
        self.keys = 0;
        self.row = self.heap.order.inside(&self.row);
        Ok(())
    }

    /// Closes the innermost container, whose last character was just read, and pushes it.
    #[inline]
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.keys = open.keys_around;
        self.row = open.row_around;
        self.heap.prints.truncate(open.prints);
        if let Some(around) = self.open.last_mut() {
            around.depth = around.depth.max(1 + open.depth);
        }
        if open.changed || open.suspicious {
            return self.close_changed(open);
        }
        self.push_container(&open);
    }

    #[inline]
    fn push_container(&mut self, open: &Open) {
        let end = self.text_offset(self.at);
        let nodes = self.heap.stack.len() - open.children.0;
        let header = Header { source: Some(open.start), size: end.wrapping_sub(open.start) };
        let len = if open.is_object { nodes / 2 } else { nodes };
        let list = self.heap.take_from_stack(open.children, len, open.depth, header);
        self.heap.stack.push(if open.is_object { Value::Object(list) } else { Value::Array(list) });
    }

    /// Closes a container that cannot be printed by copying its source text.
    #[cold]
    fn close_changed(&mut self, mut open: Open) {
        // Keys are compared by their text, which has to be in the heap.
        self.copy_up_to(self.at);
        open.changed |= open.is_object && self.unite_keys(open.children.0);
        if !open.changed {
            open.suspicious = false;
            return self.push_container(&open);
        }
        if let Some(around) = self.open.last_mut() {
            around.changed = true;
        }
        let built =
            if open.is_object { self.heap.object_from(open.children) } else { self.heap.array_from(open.children) };
        // Its depth was checked when it was opened.
        self.heap.stack.push(built.unwrap_or(Value::Null));
    }
}
