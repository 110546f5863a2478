//! Keys, and those that stand twice in an object: of such a key the last value counts, at the place of the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::{Span, Str};
use super::order::Place;
use super::{COLON, FIELD_NAME, Form, Parser, ReadError, Row, Value};

/// Keys of an object out of order that are compared one by one, by their fingerprints; more are looked up in a table at its
/// end, where a single pass costs less.
pub(super) const FEW: usize = 64;

impl Parser<'_> {
    /// Pushes the key that begins at `at`, or behind white space there; the offset behind it and its colon.
    #[inline(always)]
    pub(super) fn key(&mut self, at: usize) -> Result<usize, Box<ReadError>> {
        let Some(known) = self.heap.order.expected(&self.row, self.bytes, at) else { return self.other_key(at) };
        let len = usize::from(known.len);
        self.row.step(known);
        let text = Span::new(self.text_offset(at + 1), (len - 3) as u32);
        self.heap.stack.push(Value::String(Str::new(text, Form::Quoted)));
        Ok(at + len)
    }

    /// The same for a key that is not the expected one, or not where it is expected.
    #[inline(never)]
    fn other_key(&mut self, at: usize) -> Result<usize, Box<ReadError>> {
        let at = self.solid(at);
        if self.heap.order.expected(&self.row, self.bytes, at).is_some() {
            return self.key(at);
        }
        if self.bytes.get(at) != Some(&b'"') {
            return Err(self.unexpected(at, FIELD_NAME));
        }
        let start = at + 1;
        let (key, behind) = self.string(start)?;
        let end = behind - 1;
        let print = fingerprint(self.bytes, start, end);
        if is_rewritten(key, end - start) {
            // It is not what its text says, so it is not learnt, and the object's keys are compared at its end.
            self.row.unknown();
            self.heap.prints.push(print);
            self.suspect();
        } else {
            let (mut row, mut keys) = (self.row, self.keys);
            let first = self.open.last().map_or(0, |open| open.prints);
            if self.may_stand_twice(&mut row, &mut keys, first, (start, end), print) {
                self.suspect();
            }
            (self.row, self.keys) = (row, keys);
        }
        self.heap.stack.push(Value::String(key));
        let at = self.solid(behind);
        if self.bytes.get(at) != Some(&b':') {
            return Err(self.unexpected(at, COLON));
        }
        Ok(at + 1)
    }

    /// Whether an object that is read may have this key already. `prints`: where the fingerprints of those of its keys begin
    /// that were not in order, of which `keys` has the bits.
    #[inline]
    pub(super) fn may_stand_twice(
        &mut self,
        row: &mut Row,
        keys: &mut u64,
        prints: usize,
        key: (usize, usize),
        print: u32,
    ) -> bool {
        let place = self.heap.order.learn(row, &self.bytes[key.0..key.1], print);
        let prints = &self.heap.prints[prints..];
        let among_others = *keys & bit(print) != 0 && (prints.len() > FEW || prints.contains(&print));
        if place != Place::InOrder {
            *keys |= bit(print);
            self.heap.prints.push(print);
        }
        among_others || place == Place::Twice
    }

    #[cold]
    fn suspect(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.suspicious = true;
        }
    }

    /// Whether a key stands twice in the innermost object. Of such a key the last value stays, at the place of the first.
    #[cold]
    pub(super) fn unite_keys(&mut self, first: usize) -> bool {
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
}

/// Whether the text of a key in the heap is not the one in the source: it has or had an escape.
#[inline(always)]
fn is_rewritten(key: Str, source_len: usize) -> bool {
    key.form() == Form::Escaped || key.len() as usize != source_len
}

/// The bit of a key in the set of an object's keys.
#[inline(always)]
pub(super) fn bit(print: u32) -> u64 {
    1 << (print >> 26)
}

/// A number that differs for most different texts: of their lengths, and up to eight bytes of each end. Texts are read
/// eight bytes at a time, and what is behind a short one is masked: a loop or a case for each length costs more.
#[inline(always)]
pub(in crate::value) fn fingerprint(bytes: &[u8], start: usize, end: usize) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let len = end - start;
    let word =
        |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()).map(|bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match (len, word(start)) {
        (0, _) => (0, 0),
        (1..8, Some(first)) => (first & (u64::MAX >> (64 - 8 * len)), 0),
        (1..8, None) => (bytes[start..end].iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        (_, first) => (first.unwrap_or(0), word(end - 8).unwrap_or(0)),
    };
    let mixed = (first ^ last.rotate_left(29) ^ len as u64).wrapping_mul(FACTOR);
    (mixed >> 32) as u32
}
