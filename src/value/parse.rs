//! One validating pass from JSON text to nodes. White space and needless escapes are dropped while the text is copied into
//! the heap, so every container's source span is its compact text.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::heap::{Header, Mark};
use super::{Form, Heap, MAX_DEPTH, ParseError, ParseErrorKind, Span, Str, Value, text};

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
        let (texts, nodes, stack) = (self.text.len(), self.nodes.len(), self.stack.len());
        let result = match std::str::from_utf8(json) {
            Ok(source) if self.text.len() + source.len() < u32::MAX as usize => match self.afford_reading(source) {
                Ok(()) => {
                    self.reserve_text(source.len());
                    Parser::new(self, source, max_depth.min(MAX_DEPTH)).document()
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
struct Open {
    is_object: bool,
    children: Mark,
    start: u32,
    depth: u16,
    /// [`Parser::keys`] of the container around.
    keys_around: u64,
    /// Where the fingerprints of the object's keys begin.
    prints: usize,
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
    /// Bits of the innermost object's keys so far, by their lengths and ends: a bit that is set already may mean a key
    /// that stands twice.
    keys: u64,
    max_depth: u16,
}

impl<'a> Parser<'a> {
    fn new(heap: &'a mut Heap, source: &'a str, max_depth: u16) -> Self {
        let shift = heap.text.len() as u32;
        let open = Vec::new();
        Parser { heap, source, bytes: source.as_bytes(), at: 0, copied: 0, shift, open, keys: 0, max_depth }
    }

    fn document(mut self) -> Result<Value, Box<ReadError>> {
        self.value()?;
        while let Some(&Open { is_object, .. }) = self.open.last() {
            // A value is complete: the next one of the innermost open container follows, or its end.
            match (self.peek(), is_object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.key()?;
                    self.value()?;
                }
                (Some(b','), false) => {
                    self.at += 1;
                    self.value()?;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    self.close();
                }
                _ => return Err(self.unexpected(if is_object { OBJECT_COMMA } else { ARRAY_COMMA })),
            }
        }
        if self.peek().is_some() {
            return Err(self.unexpected("expected the end of the text"));
        }
        self.copy_up_to(self.bytes.len());
        // The value that was complete without an open container.
        Ok(self.heap.stack.pop().unwrap_or(Value::Null))
    }

    /// Pushes a scalar, an empty container, or, after opening as many containers as begin here, the first scalar inside.
    fn value(&mut self) -> Result<(), Box<ReadError>> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    let string = self.string()?;
                    self.heap.stack.push(Value::String(string));
                    return Ok(());
                }
                Some(b'{') => {
                    self.begin(true)?;
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        self.close();
                        return Ok(());
                    }
                    self.key()?;
                }
                Some(b'[') => {
                    self.begin(false)?;
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        self.close();
                        return Ok(());
                    }
                }
                Some(b'-' | b'0'..=b'9') => return self.number(),
                _ => return self.word(),
            }
        }
    }

    fn begin(&mut self, is_object: bool) -> Result<(), Box<ReadError>> {
        if self.open.len() >= usize::from(self.max_depth) {
            return Err(self.fault(ParseErrorKind::TooDeep(self.max_depth)));
        }
        let start = self.text_offset(self.at);
        self.open.push(Open {
            is_object,
            children: self.heap.mark(),
            start,
            depth: 1,
            keys_around: self.keys,
            prints: self.heap.prints.len(),
            suspicious: false,
            changed: false,
        });
        self.keys = 0;
        self.at += 1;
        Ok(())
    }

    /// Closes the innermost container, whose last character was just read, and pushes it.
    #[inline]
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.keys = open.keys_around;
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

    /// Looks whether the innermost object may have this key already. Keys with escapes are not what their text says, so
    /// they are compared at the object's end; so are many keys, where a single pass costs less.
    #[cold]
    fn suspect(&mut self, escaped: bool, print: u32) {
        const FEW: usize = 64;
        if let Some(open) = self.open.last_mut() {
            let prints = &self.heap.prints[open.prints..];
            open.suspicious |= escaped || prints.len() > FEW || prints.contains(&print);
        }
    }

    /// Whether a key stands twice in the innermost object. Of such a key the last value stays, at the place of the first.
    #[cold]
    fn unite_keys(&mut self, first: usize) -> bool {
        let entries = self.heap.stack.split_off(first);
        let mut places: HashMap<Box<str>, usize> = HashMap::with_capacity(entries.len() / 2);
        for entry in entries.chunks_exact(2) {
            let Value::String(key) = entry[0] else { continue };
            match places.entry(self.heap.str(key).into()) {
                Entry::Occupied(place) => self.heap.stack[place.get() + 1] = entry[1],
                Entry::Vacant(place) => {
                    place.insert(self.heap.stack.len());
                    self.heap.stack.extend_from_slice(entry);
                }
            }
        }
        self.heap.stack.len() < first + entries.len()
    }

    #[inline(always)]
    fn key(&mut self) -> Result<(), Box<ReadError>> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(FIELD_NAME));
        }
        let start = self.at + 1;
        let key = self.string()?;
        let print = fingerprint(&self.bytes[start..self.at - 1]);
        let bit = 1 << (print >> 58);
        let escaped = key.form() == Form::Escaped || key.len() as usize != self.at - 1 - start;
        if self.keys & bit != 0 || escaped {
            self.suspect(escaped, print as u32);
        }
        self.keys |= bit;
        self.heap.prints.push(print as u32);
        self.heap.stack.push(Value::String(key));
        if self.peek() != Some(b':') {
            return Err(self.unexpected(COLON));
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Str, Box<ReadError>> {
        let start = self.at + 1;
        let mut form = Form::Quoted;
        let mut needless = false;
        let mut at = start;
        loop {
            at = text::find_special(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    form = Form::Escaped;
                    needless |= matches!(self.bytes.get(at + 1), Some(b'u' | b'/'));
                    at = self.escape(at)?;
                }
                Some(&control) => {
                    return Err(ReadError::new(ParseErrorKind::ControlCharacter(control), at));
                }
                None => {
                    let kind = ParseErrorKind::UnexpectedEnd(": was expecting closing quote for a string value");
                    return Err(ReadError::new(kind, at));
                }
            }
        }
        self.at = at + 1;
        if needless && let Some(string) = self.without_needless_escapes(start, at) {
            return Ok(string);
        }
        Ok(Str::new(Span::new(self.text_offset(start), (at - start) as u32), form))
    }

    /// Keeps of a string's escapes only those that it needs: the service writes no others. `None` for half a surrogate
    /// pair, which can stand only as an escape.
    #[cold]
    fn without_needless_escapes(&mut self, start: usize, end: usize) -> Option<Str> {
        let content = text::unescape(&self.source[start..end]);
        if content.contains(char::REPLACEMENT_CHARACTER) {
            return None;
        }
        self.copy_up_to(start);
        let from = self.heap.text.len();
        text::escape_onto(&mut self.heap.text, &content);
        let kept = self.heap.text.len();
        self.copied = end;
        self.shift = (kept as u32).wrapping_sub(end as u32);
        let form = if text::needs_escape(content.as_bytes()) { Form::Escaped } else { Form::Quoted };
        Some(Str::new(Span::new(from as u32, (kept - from) as u32), form))
    }

    /// Checks the escape at `at` and returns the offset behind it.
    fn escape(&self, at: usize) -> Result<usize, Box<ReadError>> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match self.bytes.get(at + 2..at + 6) {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
                _ => Err(ReadError::new(ParseErrorKind::InvalidEscape('u'), at + 1)),
            },
            Some(_) => {
                let found = self.source[at + 1..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                Err(ReadError::new(ParseErrorKind::InvalidEscape(found), at + 1))
            }
            None => Err(ReadError::new(ParseErrorKind::UnexpectedEnd(" in character escape sequence"), at + 1)),
        }
    }

    fn number(&mut self) -> Result<(), Box<ReadError>> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return Err(self.unexpected("expected digit (0-9) to follow minus sign, for valid numeric value")),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("Decimal point not followed by a digit")?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        if let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.') = self.bytes.get(self.at) {
            return Err(self.unexpected("Expected space separating root-level values or a structural character"));
        }
        let span = Span::new(self.text_offset(start), (self.at - start) as u32);
        self.heap.stack.push(Value::Number(span));
        Ok(())
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), Box<ReadError>> {
        if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.unexpected(expected));
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    /// `true`, `false` or `null`; anything else is an error.
    fn word(&mut self) -> Result<(), Box<ReadError>> {
        let rest = &self.source[self.at..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Value::True,
            "false" => Value::False,
            "null" => Value::Null,
            "" => return Err(self.unexpected(VALUE)),
            word => return Err(self.fault(ParseErrorKind::UnrecognizedToken(word.chars().take(256).collect()))),
        };
        self.at += length;
        self.heap.stack.push(value);
        Ok(())
    }

    /// The next byte that is no white space; `None` at the end.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => Some(byte),
            Some(_) => {
                self.skip_white_space();
                self.bytes.get(self.at).copied()
            }
            None => None,
        }
    }

    #[cold]
    fn skip_white_space(&mut self) {
        self.copy_up_to(self.at);
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.shift = self.shift.wrapping_sub((self.at - self.copied) as u32);
        self.copied = self.at;
    }

    /// Copies the source up to an offset, which is not inside a string, into the heap's text.
    fn copy_up_to(&mut self, end: usize) {
        self.heap.text.push_str(&self.source[self.copied..end]);
        self.copied = end;
    }

    fn text_offset(&self, source_offset: usize) -> u32 {
        (source_offset as u32).wrapping_add(self.shift)
    }

    #[cold]
    fn unexpected(&self, expected: &'static str) -> Box<ReadError> {
        match self.source.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.fault(ParseErrorKind::UnexpectedCharacter { found, expected }),
            None => self.fault(ParseErrorKind::UnexpectedEnd("")),
        }
    }

    #[cold]
    fn fault(&self, kind: ParseErrorKind) -> Box<ReadError> {
        ReadError::new(kind, self.at)
    }
}

/// A number that differs for most different texts.
#[inline]
fn fingerprint(text: &[u8]) -> u64 {
    const FACTORS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F];
    let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
            _ => (text.iter().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)), 0),
        },
    };
    let mixed = (first ^ text.len() as u64).wrapping_mul(FACTORS[0]) ^ last.wrapping_mul(FACTORS[1]);
    mixed ^ mixed >> 29
}
