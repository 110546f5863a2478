//! Containers that nobody is known to look into: checked to the last byte and measured, but not made into nodes. Writing the
//! nodes is half of what reading costs, and most programs look at a few places of their events.

use super::keys::{FEW, bit, fingerprint};
use super::{ARRAY_COMMA, COLON, FIELD_NAME, OBJECT_COMMA, ParseErrorKind, Parser, ReadError, Value};
use crate::value::spans::{Reading, Skimmed};

/// An open container inside of the one that is skimmed.
#[derive(Clone, Copy, Debug)]
pub(in crate::value) struct Level {
    is_object: bool,
    /// Children so far.
    len: u32,
    /// See [`Parser::keys`].
    keys: u64,
    /// Where the fingerprints of its keys begin.
    prints: u32,
}

/// What stands behind a value.
enum Behind {
    /// The next value, at this offset.
    Value(usize),
    /// The end of the container that is skimmed, before this offset.
    End(usize),
    /// A key that may stand twice.
    Suspicious,
}

impl Level {
    fn new(is_object: bool, prints: usize) -> Level {
        Level { is_object, len: 0, keys: 0, prints: prints as u32 }
    }
}

impl Parser<'_> {
    /// Reads the container that begins here and pushes it, and tells whether that could be done: where a key may stand
    /// twice, it has to be made into nodes, and reading goes on where it was.
    pub(super) fn skim(&mut self, reading: Reading) -> Result<bool, Box<ReadError>> {
        let before = (self.at, self.copied, self.shift, self.heap.text.len());
        let prints = self.heap.prints.len();
        let start = self.text_offset(self.at);
        let skimmed = self.skim_container(start)?;
        self.heap.prints.truncate(prints);
        let end = self.text_offset(self.at);
        if let Some((is_object, skimmed)) = skimmed
            && let Some(list) = self.heap.spans.push(Skimmed { size: end.wrapping_sub(start), ..skimmed }, reading)
        {
            self.heap.stack.push(if is_object { Value::Object(list) } else { Value::Array(list) });
            if let Some(around) = self.open.last_mut() {
                around.depth = around.depth.max(1 + skimmed.depth);
            }
            return Ok(true);
        }
        let text;
        (self.at, self.copied, self.shift, text) = before;
        self.heap.text.truncate(text);
        self.levels.clear();
        // One that lies inside would be read twice again, and one inside of that: the rest is not skimmed.
        self.lazy = false;
        Ok(false)
    }

    /// What the container has in it, and whether it is an object; `None` where a key may stand twice.
    fn skim_container(&mut self, source: u32) -> Result<Option<(bool, Skimmed)>, Box<ReadError>> {
        // Each container has a node of its own besides its children.
        let mut skimmed = Skimmed { source, size: 0, len: 0, nodes: 0, depth: 0 };
        let mut at = self.at;
        // The innermost open container; those around it are in `levels`.
        let mut level = Level::new(false, 0);
        loop {
            // A value begins here.
            at = self.solid(at);
            match self.bytes.get(at) {
                Some(b'"') => (at, _) = self.end_of_string(at + 1)?,
                Some(bracket @ (b'{' | b'[')) => {
                    if self.open.len() + self.levels.len() >= usize::from(self.max_depth) {
                        return Err(ReadError::new(ParseErrorKind::TooDeep(self.max_depth), at));
                    }
                    self.levels.push(level);
                    skimmed.depth = skimmed.depth.max(self.levels.len() as u16);
                    level = Level::new(*bracket == b'{', self.heap.prints.len());
                    at = self.solid(at + 1);
                    match (self.bytes.get(at), level.is_object) {
                        (Some(b'}'), true) | (Some(b']'), false) => {}
                        (_, true) => {
                            let Some(next) = self.skim_key(at, &mut level)? else { return Ok(None) };
                            at = next;
                            continue;
                        }
                        (_, false) => {
                            level.len = 1;
                            continue;
                        }
                    }
                }
                Some(b'-' | b'0'..=b'9') => at = self.end_of_number(at)?,
                _ => {
                    self.at = at;
                    self.word()?;
                    at = self.at;
                }
            }
            match self.behind_value(at, &mut level, &mut skimmed)? {
                Behind::Value(next) => at = next,
                Behind::End(end) => {
                    self.at = end;
                    skimmed.len = level.len;
                    return Ok(Some((level.is_object, skimmed)));
                }
                Behind::Suspicious => return Ok(None),
            }
        }
    }

    /// A value is complete, or a container is empty: the next one of the innermost open container follows, or its end.
    #[inline(always)]
    fn behind_value(
        &mut self,
        mut at: usize,
        level: &mut Level,
        skimmed: &mut Skimmed,
    ) -> Result<Behind, Box<ReadError>> {
        loop {
            at = self.solid(at);
            match (self.bytes.get(at), level.is_object) {
                (Some(b','), true) => {
                    at = self.solid(at + 1);
                    return Ok(self.skim_key(at, level)?.map_or(Behind::Suspicious, Behind::Value));
                }
                (Some(b','), false) => {
                    level.len += 1;
                    return Ok(Behind::Value(at + 1));
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    skimmed.nodes += 1 + if level.is_object { 2 * level.len } else { level.len };
                    self.heap.prints.truncate(level.prints as usize);
                    let around = self.levels.pop();
                    match around.filter(|_| !self.levels.is_empty()) {
                        Some(around) => *level = around,
                        None => return Ok(Behind::End(at)),
                    }
                }
                (_, is_object) => {
                    return Err(self.unexpected(at, if is_object { OBJECT_COMMA } else { ARRAY_COMMA }));
                }
            }
        }
    }

    /// The offset behind the key that begins at `at`, and its colon; `None` if it may stand twice.
    #[inline(always)]
    fn skim_key(&mut self, at: usize, level: &mut Level) -> Result<Option<usize>, Box<ReadError>> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(self.unexpected(at, FIELD_NAME));
        }
        let start = at + 1;
        let (behind, escaped) = self.end_of_string(start)?;
        let print = fingerprint(self.bytes, start, behind - 1);
        let bit = bit(print);
        if escaped || level.keys & bit != 0 && self.may_stand_twice(level, print) {
            return Ok(None);
        }
        level.keys |= bit;
        level.len += 1;
        self.heap.prints.push(print);
        let at = self.solid(behind);
        if self.bytes.get(at) != Some(&b':') {
            return Err(self.unexpected(at, COLON));
        }
        Ok(Some(at + 1))
    }

    #[inline]
    fn may_stand_twice(&self, level: &Level, print: u32) -> bool {
        let prints = &self.heap.prints[level.prints as usize..];
        prints.len() > FEW || prints.contains(&print)
    }
}
