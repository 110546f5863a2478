use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

/// A text that patterns are matched against. Positions in it are those of code units, as everywhere in the language.
pub(in crate::jsonata) struct Subject<'t> {
    text: &'t str,
    kind: Kind,
    units: OnceCell<Vec<u16>>,
    /// A byte, and the unit that begins there: places are looked up near the last one.
    known: Cell<(usize, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ascii,
    /// Every scalar value is one code unit.
    Basic,
    Astral,
}

impl<'t> Subject<'t> {
    pub(in crate::jsonata) fn new(text: &'t str) -> Subject<'t> {
        let kind = match text.bytes().max() {
            Some(0xf0..) => Kind::Astral,
            Some(0x80..) => Kind::Basic,
            _ => Kind::Ascii,
        };
        Subject { text, kind, units: OnceCell::new(), known: Cell::new((0, 0)) }
    }

    /// The length in code units.
    pub(in crate::jsonata) fn len(&self) -> usize {
        match self.kind {
            Kind::Ascii => self.text.len(),
            _ => self.units().len(),
        }
    }

    /// The part between two positions. Half a surrogate pair becomes U+FFFD.
    pub(in crate::jsonata) fn slice(&self, start: usize, end: usize) -> Cow<'t, str> {
        match self.kind {
            Kind::Ascii => Cow::Borrowed(&self.text[start..end]),
            Kind::Basic => Cow::Borrowed(&self.text[self.byte(start)..self.byte(end)]),
            Kind::Astral => Cow::Owned(String::from_utf16_lossy(&self.units()[start..end])),
        }
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    pub(super) fn is_astral(&self) -> bool {
        self.kind == Kind::Astral
    }

    pub(super) fn units(&self) -> &[u16] {
        self.units.get_or_init(|| self.text.encode_utf16().collect())
    }

    /// The byte at a unit of a text without astral characters.
    pub(super) fn byte(&self, unit: usize) -> usize {
        if self.kind == Kind::Ascii {
            return unit;
        }
        let (byte, known) = self.known.get();
        let byte = if unit >= known {
            let rest = &self.text[byte..];
            byte + rest.char_indices().nth(unit - known).map_or(rest.len(), |(at, _)| at)
        } else {
            let before = &self.text[..byte];
            before.char_indices().rev().nth(known - unit - 1).map_or(0, |(at, _)| at)
        };
        self.known.set((byte, unit));
        byte
    }

    /// The unit at a byte of a text without astral characters.
    pub(super) fn unit(&self, byte: usize) -> usize {
        if self.kind == Kind::Ascii {
            return byte;
        }
        let (known, unit) = self.known.get();
        let unit = if byte >= known {
            unit + self.text[known..byte].chars().count()
        } else {
            unit - self.text[byte..known].chars().count()
        };
        self.known.set((byte, unit));
        unit
    }
}
