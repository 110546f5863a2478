//! From the parser's places, which count characters, to bytes.

use saphyr_parser::{Marker, Span as Range};

use super::super::node::Span;

/// Where the characters of a text stand.
pub(super) struct Offsets {
    /// The byte of each character, if they differ.
    bytes: Option<Vec<usize>>,
    length: usize,
}

impl Offsets {
    pub(super) fn new(text: &str) -> Offsets {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Offsets { bytes, length: text.len() }
    }

    /// The byte of a place; the end of the text at most.
    pub(super) fn byte(&self, marker: &Marker) -> usize {
        let byte = match &self.bytes {
            None => marker.index(),
            Some(bytes) => bytes.get(marker.index()).copied().unwrap_or(self.length),
        };
        byte.min(self.length)
    }

    pub(super) fn span(&self, range: &Range) -> Span {
        let start = self.byte(&range.start);
        start..self.byte(&range.end).max(start)
    }
}
