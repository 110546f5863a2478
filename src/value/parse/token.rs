//! Strings, numbers, words and white space: checked where they stand and copied into the heap's text.

use super::super::{Form, ParseErrorKind, Span, Str, Value, text};
use super::{Parser, ReadError, VALUE};

impl Parser<'_> {
    /// The string whose content begins at `start`; reading goes on behind its closing quote.
    #[inline(always)]
    pub(super) fn string(&mut self, start: usize) -> Result<Str, Box<ReadError>> {
        let end = text::find_special(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Str::new(Span::new(self.text_offset(start), (end - start) as u32), Form::Quoted));
        }
        self.unusual_string(start, end)
    }

    /// The offset behind the string whose content begins at `start`, and whether it has escapes.
    #[inline(always)]
    pub(super) fn end_of_string(&mut self, start: usize) -> Result<(usize, bool), Box<ReadError>> {
        let end = text::find_special(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            return Ok((end + 1, false));
        }
        self.unusual_string(start, end)?;
        Ok((self.at, true))
    }

    /// A string with escapes, or one that is invalid; before `at` there is nothing special.
    #[inline(never)]
    fn unusual_string(&mut self, start: usize, mut at: usize) -> Result<Str, Box<ReadError>> {
        let mut needless = false;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    needless |= matches!(self.bytes.get(at + 1), Some(b'u' | b'/'));
                    at = text::find_special(self.bytes, self.escape(at)?);
                }
                Some(&control) => return Err(ReadError::new(ParseErrorKind::ControlCharacter(control), at)),
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
        Ok(Str::new(Span::new(self.text_offset(start), (at - start) as u32), Form::Escaped))
    }

    /// Keeps of a string's escapes only those that it needs: the service writes no others. `None` for half a surrogate
    /// pair, which can stand only as an escape.
    fn without_needless_escapes(&mut self, start: usize, end: usize) -> Option<Str> {
        self.copy_up_to(start);
        let from = self.heap.text.len();
        let Some(form) = text::keep_needed_escapes(&self.source[start..end], &mut self.heap.text) else {
            self.heap.text.truncate(from);
            return None;
        };
        let kept = self.heap.text.len();
        self.copied = end;
        self.shift = (kept as u32).wrapping_sub(end as u32);
        Some(Str::new(Span::new(from as u32, (kept - from) as u32), form))
    }

    /// Checks the escape at `at` and returns the offset behind it.
    #[inline]
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

    #[inline]
    pub(super) fn number(&mut self) -> Result<Value, Box<ReadError>> {
        let start = self.at;
        self.at = self.end_of_number(start)?;
        Ok(Value::Number(Span::new(self.text_offset(start), (self.at - start) as u32)))
    }

    /// The offset behind the number that begins here.
    #[inline(always)]
    pub(super) fn end_of_number(&mut self, start: usize) -> Result<usize, Box<ReadError>> {
        let mut at = start;
        if self.bytes[at] == b'-' {
            at += 1;
        }
        match self.bytes.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = self.skip_digits(at),
            _ => {
                let expected = "expected digit (0-9) to follow minus sign, for valid numeric value";
                return Err(self.unexpected(at, expected));
            }
        }
        if self.bytes.get(at) == Some(&b'.') {
            at = self.digits(at + 1, "Decimal point not followed by a digit")?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(at) {
                at += 1;
            }
            at = self.digits(at, "Exponent indicator not followed by a digit")?;
        }
        if let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.') = self.bytes.get(at) {
            return Err(self.unexpected(at, "Expected space separating root-level values or a structural character"));
        }
        Ok(at)
    }

    #[inline(always)]
    fn digits(&mut self, at: usize, expected: &'static str) -> Result<usize, Box<ReadError>> {
        if !self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            return Err(self.unexpected(at, expected));
        }
        Ok(self.skip_digits(at))
    }

    #[inline(always)]
    fn skip_digits(&self, mut at: usize) -> usize {
        while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    }

    /// `true`, `false` or `null`; anything else is an error.
    #[inline]
    pub(super) fn word(&mut self) -> Result<Value, Box<ReadError>> {
        const WORDS: [(&[u8], Value); 3] = [(b"true", Value::True), (b"false", Value::False), (b"null", Value::Null)];
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for (word, value) in WORDS {
            // What may follow a value is ASCII; anything else is looked at by characters, for the error's sake.
            if rest.starts_with(word)
                && rest.get(word.len()).is_none_or(|next| next.is_ascii() && !is_part_of_word((*next).into()))
            {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.unusual_word()
    }

    #[cold]
    fn unusual_word(&mut self) -> Result<Value, Box<ReadError>> {
        let rest = &self.source[self.at..];
        let length = rest.find(|c: char| !is_part_of_word(c)).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Value::True,
            "false" => Value::False,
            "null" => Value::Null,
            "" => return Err(self.unexpected(self.at, VALUE)),
            word => {
                let kind = ParseErrorKind::UnrecognizedToken(word.chars().take(256).collect());
                return Err(ReadError::new(kind, self.at));
            }
        };
        self.at += length;
        Ok(value)
    }

    /// The next byte that is no white space; `None` at the end.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.at = self.solid(self.at);
        self.bytes.get(self.at).copied()
    }

    /// The offset of the next byte that is no white space.
    #[inline(always)]
    pub(super) fn solid(&mut self, at: usize) -> usize {
        match self.bytes.get(at) {
            Some(&byte) if byte <= b' ' => self.skip_white_space(at),
            _ => at,
        }
    }

    #[cold]
    #[inline(never)]
    fn skip_white_space(&mut self, mut at: usize) -> usize {
        self.copy_up_to(at);
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(at) {
            at += 1;
        }
        self.shift = self.shift.wrapping_sub((at - self.copied) as u32);
        self.copied = at;
        at
    }

    /// Copies the source up to an offset, which is not inside a string, into the heap's text.
    pub(super) fn copy_up_to(&mut self, end: usize) {
        self.heap.text.push_str(&self.source[self.copied..end]);
        self.copied = end;
    }

    pub(super) fn text_offset(&self, source_offset: usize) -> u32 {
        (source_offset as u32).wrapping_add(self.shift)
    }

    #[cold]
    pub(super) fn unexpected(&self, at: usize, expected: &'static str) -> Box<ReadError> {
        let kind = match self.source.get(at..).and_then(|rest| rest.chars().next()) {
            Some(found) => ParseErrorKind::UnexpectedCharacter { found, expected },
            None => ParseErrorKind::UnexpectedEnd(""),
        };
        ReadError::new(kind, at)
    }
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
