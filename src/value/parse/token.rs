//! Strings, numbers, words and white space: checked where they stand and copied into the heap's text.

use super::super::{Form, ParseErrorKind, Span, Str, Value, text};
use super::{Parser, ReadError, VALUE};

impl Parser<'_> {
    /// The string whose content begins at `start`, and the offset behind it.
    #[inline(always)]
    pub(super) fn string(&mut self, start: usize) -> Result<(Str, usize), Box<ReadError>> {
        let end = text::find_special(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            let span = Span::new(self.text_offset(start), (end - start) as u32);
            return Ok((Str::new(span, Form::Quoted), end + 1));
        }
        self.unusual_string(start, end)
    }

    /// The offset behind the string whose content begins at `start`.
    #[inline(always)]
    pub(super) fn end_of_string(&mut self, start: usize) -> Result<usize, Box<ReadError>> {
        let end = text::find_special(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            return Ok(end + 1);
        }
        Ok(self.unusual_string(start, end)?.1)
    }

    /// A string with escapes, or one that is invalid; before `at` there is nothing special. Of its escapes only those that it
    /// needs are kept: the service writes no others.
    #[inline(never)]
    fn unusual_string(&mut self, start: usize, mut at: usize) -> Result<(Str, usize), Box<ReadError>> {
        let before = (self.copied, self.shift, self.heap.text.len());
        let from = self.text_offset(start);
        let (mut form, mut keeps_all) = (Form::Quoted, false);
        loop {
            let needless;
            (at, needless) = self.skip_needed_escapes(at, &mut form)?;
            if !needless {
                break;
            }
            let behind = self.escape(at)?;
            if keeps_all {
                at = behind;
                continue;
            }
            match text::needless_escape(&self.bytes[at..]) {
                Some((character, used)) => {
                    self.copy_up_to(at);
                    if text::push_char(&mut self.heap.text, character) {
                        form = Form::Escaped;
                    }
                    at += used;
                    self.copied = at;
                    self.shift = (self.heap.text.len() as u32).wrapping_sub(at as u32);
                }
                // Half a surrogate pair, which can stand only as an escape: the string is left as it is.
                None => {
                    (form, keeps_all) = (Form::Escaped, true);
                    let text;
                    (self.copied, self.shift, text) = before;
                    self.heap.text.truncate(text);
                    at = behind;
                }
            }
        }
        Ok((Str::new(Span::new(from, self.text_offset(at).wrapping_sub(from)), form), at + 1))
    }

    /// The offset of the next escape that may not be needed, or else of the quote that ends the string. The escapes in sixteen
    /// bytes are found by the bits of a word: to search again behind each of them, where they are many, takes twice the time.
    #[inline(always)]
    fn skip_needed_escapes(&self, mut at: usize, form: &mut Form) -> Result<(usize, bool), Box<ReadError>> {
        'chunks: while let Some(chunk) = text::chunk(self.bytes, at) {
            let mut specials = text::special_bits(chunk);
            while specials != 0 {
                let place = specials.trailing_zeros() as usize;
                let is_escape = match (self.bytes.get(at + place), self.bytes.get(at + place + 1)) {
                    (Some(b'"'), _) => return Ok((at + place, false)),
                    (Some(b'\\'), Some(b'/' | b'u')) => return Ok((at + place, true)),
                    (Some(b'\\'), Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't')) => true,
                    _ => false,
                };
                if !is_escape {
                    return self.invalid_in_string(at + place);
                }
                *form = Form::Escaped;
                if place == 15 {
                    at += 17;
                    continue 'chunks;
                }
                specials &= !(3 << place);
            }
            at += 16;
        }
        self.skip_needed_escapes_at_end(at, form)
    }

    /// The same near the end of the text.
    #[inline(never)]
    fn skip_needed_escapes_at_end(&self, mut at: usize, form: &mut Form) -> Result<(usize, bool), Box<ReadError>> {
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (Some(b'"'), _) => return Ok((at, false)),
                (Some(b'\\'), Some(b'/' | b'u')) => return Ok((at, true)),
                (Some(b'\\'), _) => {
                    *form = Form::Escaped;
                    at = self.escape(at)?;
                }
                (Some(b' '..), _) => at += 1,
                _ => return self.invalid_in_string(at),
            }
        }
    }

    /// What stands here can't stand in a string.
    #[cold]
    fn invalid_in_string(&self, at: usize) -> Result<(usize, bool), Box<ReadError>> {
        let kind = match self.bytes.get(at) {
            Some(b'\\') => return self.escape(at).map(|behind| (behind, true)),
            Some(&control) => ParseErrorKind::ControlCharacter(control),
            None => ParseErrorKind::UnexpectedEnd(": was expecting closing quote for a string value"),
        };
        Err(ReadError::new(kind, at))
    }

    /// Checks the escape at `at` and returns the offset behind it.
    #[inline(never)]
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

    /// The offset behind the number that begins here.
    #[inline(always)]
    pub(super) fn end_of_number(&mut self, start: usize) -> Result<usize, Box<ReadError>> {
        match text::chunk(self.bytes, start).and_then(|word| text::short_number(u64::from_le_bytes(*word))) {
            Some(len) => Ok(start + len),
            None => self.end_of_long_number(start),
        }
    }

    #[inline(never)]
    fn end_of_long_number(&mut self, start: usize) -> Result<usize, Box<ReadError>> {
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

    /// `true`, `false` or `null`, and the offset behind it; anything else is an error.
    #[inline(always)]
    pub(super) fn word(&self, at: usize) -> Result<(Value, usize), Box<ReadError>> {
        if let Some(word) = text::chunk(self.bytes, at) {
            let (value, len) = match u64::from_le_bytes(*word) {
                word if word as u32 == u32::from_le_bytes(*b"true") => (Value::True, 4),
                word if word as u32 == u32::from_le_bytes(*b"null") => (Value::Null, 4),
                _ => (Value::False, 5),
            };
            let known = len == 4 || word.starts_with(b"false");
            if known && matches!(word[len], b',' | b'}' | b']') {
                return Ok((value, at + len));
            }
        }
        self.other_word(at)
    }

    #[inline(never)]
    fn other_word(&self, at: usize) -> Result<(Value, usize), Box<ReadError>> {
        let rest = &self.source[at..];
        let length = rest.find(|c: char| !is_part_of_word(c)).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Value::True,
            "false" => Value::False,
            "null" => Value::Null,
            "" => return Err(self.unexpected(at, VALUE)),
            word => {
                let kind = ParseErrorKind::UnrecognizedToken(word.chars().take(256).collect());
                return Err(ReadError::new(kind, at));
            }
        };
        Ok((value, at + length))
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
    pub(super) fn skip_white_space(&mut self, mut at: usize) -> usize {
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
