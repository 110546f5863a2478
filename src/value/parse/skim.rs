//! Containers that nobody is known to look into: checked to the last byte and measured, but not made into nodes. Writing the
//! nodes is half of what reading costs, and most programs look at a few places of their events.

use super::keys::fingerprint;
use super::{ARRAY_COMMA, COLON, FIELD_NAME, OBJECT_COMMA, ParseErrorKind, Parser, ReadError, Row, Value};
use crate::value::spans::{Reading, Skimmed};
use crate::value::text;

/// An open container inside of the one that is skimmed.
#[derive(Clone, Copy, Debug)]
pub(in crate::value) struct Level {
    is_object: bool,
    /// Children so far.
    len: u32,
    /// See [`Parser::keys`].
    keys: u64,
    /// Where the fingerprints of its keys begin that were not in order.
    prints: u32,
    /// See [`Parser::row`].
    row: Row,
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
    fn new(is_object: bool, prints: usize, row: Row) -> Level {
        Level { is_object, len: 0, keys: 0, prints: prints as u32, row }
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
        let mut level = Level::new(false, 0, self.row);
        loop {
            // A value begins here.
            match self.bytes.get(at) {
                Some(b'"') => at = self.end_of_string(at + 1)?,
                Some(bracket @ (b'{' | b'[')) => {
                    if self.open.len() + self.levels.len() >= usize::from(self.max_depth) {
                        return Err(ReadError::new(ParseErrorKind::TooDeep(self.max_depth), at));
                    }
                    self.levels.push(level);
                    skimmed.depth = skimmed.depth.max(self.levels.len() as u16);
                    let row = self.heap.order.inside(&level.row);
                    level = Level::new(*bracket == b'{', self.heap.prints.len(), row);
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
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    at = self.skip_white_space(at);
                    continue;
                }
                _ => (_, at) = self.word(at)?,
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
            match (self.bytes.get(at), level.is_object) {
                (Some(b','), true) => {
                    return Ok(self.skim_key(at + 1, level)?.map_or(Behind::Suspicious, Behind::Value));
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
                (Some(b' ' | b'\n' | b'\r' | b'\t'), _) => at = self.skip_white_space(at),
                (_, is_object) => {
                    return Err(self.unexpected(at, if is_object { OBJECT_COMMA } else { ARRAY_COMMA }));
                }
            }
        }
    }

    /// The offset behind the key that begins at `at`, and its colon; `None` if it may stand twice.
    #[inline(always)]
    fn skim_key(&mut self, at: usize, level: &mut Level) -> Result<Option<usize>, Box<ReadError>> {
        level.len += 1;
        match self.heap.order.expected(&level.row, self.bytes, at) {
            Some(known) => {
                level.row.step(known);
                Ok(Some(at + usize::from(known.len)))
            }
            None => self.skim_other_key(at, level),
        }
    }

    /// The same for a key that is not the expected one, or not where it is expected.
    #[inline(never)]
    fn skim_other_key(&mut self, at: usize, level: &mut Level) -> Result<Option<usize>, Box<ReadError>> {
        let at = self.solid(at);
        if let Some(known) = self.heap.order.expected(&level.row, self.bytes, at) {
            level.row.step(known);
            return Ok(Some(at + usize::from(known.len)));
        }
        if self.bytes.get(at) != Some(&b'"') {
            return Err(self.unexpected(at, FIELD_NAME));
        }
        let start = at + 1;
        let end = text::find_special(self.bytes, start);
        if self.bytes.get(end) != Some(&b'"') {
            // With escapes it is not what its text says; or it is invalid.
            self.end_of_string(start)?;
            return Ok(None);
        }
        let print = fingerprint(self.bytes, start, end);
        let Level { row, keys, prints, .. } = level;
        if self.may_stand_twice(row, keys, *prints as usize, (start, end), print) {
            return Ok(None);
        }
        let at = self.solid(end + 1);
        if self.bytes.get(at) != Some(&b':') {
            return Err(self.unexpected(at, COLON));
        }
        Ok(Some(at + 1))
    }
}
