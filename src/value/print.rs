use std::io::Write;
use std::ops::Range;

use super::number::short_decimal;
use super::{Form, Heap, List, Str, UNIT_BYTES, Value, text};

/// Longer texts are cut in errors: more than the 32,768 characters of a cause.
const EXCERPT_BYTES: usize = 128 << 10;

/// Appends a text as a JSON string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    text::escape_into(out, text);
    out.push(b'"');
}

impl Heap {
    /// Appends the value as compact JSON. What was parsed and not changed is copied from its source text.
    pub fn write(&self, value: Value, out: &mut Vec<u8>) {
        // Room for all of it, and for what `put` copies too much.
        out.reserve(self.size(value) as usize + PUT_BYTES);
        self.print(&value, out);
    }

    fn print(&self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::String(string) => self.write_str(string, out),
            Value::Number(span) => put(self.text.as_bytes(), span.range(), out),
            Value::Array(list) => self.write_array(*list, out),
            Value::Object(list) => self.write_object(*list, out),
            Value::Null | Value::Foreign(_) => out.extend_from_slice(b"null"),
            Value::True => out.extend_from_slice(b"true"),
            Value::False => out.extend_from_slice(b"false"),
            Value::Int(int) => write_int(*int, |digits| out.extend_from_slice(digits)),
            Value::Float(float) => write_float(out, float.get()),
        }
    }

    #[inline]
    fn write_str(&self, string: &Str, out: &mut Vec<u8>) {
        let range = string.range();
        match string.form() {
            Form::Quoted | Form::Escaped => put(self.text.as_bytes(), range.start - 1..range.end + 1, out),
            Form::Plain => {
                out.push(b'"');
                put(self.text.as_bytes(), range, out);
                out.push(b'"');
            }
            Form::Raw => {
                out.push(b'"');
                text::escape_into(out, &self.text[range]);
                out.push(b'"');
            }
        }
    }

    fn write_array(&self, list: List, out: &mut Vec<u8>) {
        if self.copy_source(list, out) {
            return;
        }
        let mut separator = b'[';
        for item in self.items(list) {
            out.push(separator);
            self.print(item, out);
            separator = b',';
        }
        close_with(b"[]", list, out);
    }

    fn write_object(&self, list: List, out: &mut Vec<u8>) {
        if self.copy_source(list, out) {
            return;
        }
        let text = self.text.as_bytes();
        // Entries that stand behind each other in the heap's text are copied at once: an object to which a field was added
        // is printed nearly as fast as one that was not touched.
        let mut run = 0..0;
        let mut separator = b'{';
        for pair in self.children(list, 2 * list.len()).chunks_exact(2) {
            let entry = self.entry_in_text(&pair[0], &pair[1]);
            if let Some(entry) = &entry
                && entry.start == run.end + 1
                && text.get(run.end) == Some(&b',')
                && !run.is_empty()
            {
                run.end = entry.end;
                continue;
            }
            if !run.is_empty() {
                put(text, run, out);
            }
            out.push(separator);
            separator = b',';
            run = entry.unwrap_or_else(|| {
                self.print_entry(&pair[0], &pair[1], out);
                0..0
            });
        }
        put(text, run, out);
        close_with(b"{}", list, out);
    }

    /// Where the heap's text has this entry as it is printed.
    #[inline]
    fn entry_in_text(&self, key: &Value, value: &Value) -> Option<Range<usize>> {
        let key = match key {
            // The key of a template has its value elsewhere.
            Value::String(key) if key.range().start < self.base_text => return None,
            key => self.in_text(key, 0)?,
        };
        let value = self.in_text(value, key.end + 1)?;
        (value.start == key.end + 1 && self.text.as_bytes()[key.end] == b':').then_some(key.start..value.end)
    }

    #[inline]
    fn print_entry(&self, key: &Value, value: &Value, out: &mut Vec<u8>) {
        let text = self.text.as_bytes();
        match key {
            // Behind most keys there is a colon in the heap's text.
            Value::String(key) if key.form() == Form::Quoted && text.get(key.range().end + 1) == Some(&b':') => {
                put(text, key.range().start - 1..key.range().end + 2, out);
            }
            key => {
                self.print(key, out);
                out.push(b':');
            }
        }
        match value {
            // Without a call for the most frequent ones.
            Value::String(string) => self.write_str(string, out),
            Value::Number(span) => put(text, span.range(), out),
            value => self.print(value, out),
        }
    }

    /// Where the heap's text has this value as it is printed; one of `true`, `false` and `null` is looked for at `at`.
    #[inline]
    fn in_text(&self, value: &Value, at: usize) -> Option<Range<usize>> {
        let word = |word: &[u8]| {
            self.text.as_bytes().get(at..).filter(|rest| rest.starts_with(word)).map(|_| at..at + word.len())
        };
        match value {
            Value::String(string) if matches!(string.form(), Form::Quoted | Form::Escaped) => {
                let range = string.range();
                Some(range.start - 1..range.end + 1)
            }
            Value::Number(span) => Some(span.range()),
            Value::Array(list) | Value::Object(list) => {
                let header = self.header(*list);
                header.source.map(|start| start as usize..start as usize + header.size as usize)
            }
            Value::True => word(b"true"),
            Value::False => word(b"false"),
            Value::Null => word(b"null"),
            _ => None,
        }
    }

    fn copy_source(&self, list: List, out: &mut Vec<u8>) -> bool {
        let header = self.header(list);
        let Some(start) = header.source else { return false };
        let start = start as usize;
        out.extend_from_slice(&self.text.as_bytes()[start..start + header.size as usize]);
        true
    }

    /// The length in bytes of the value's compact JSON text, without printing it.
    #[inline]
    pub fn size(&self, value: Value) -> u32 {
        self.measure(&value).0
    }

    /// As [`size`](Heap::size), of a value that does not know it.
    #[inline(never)]
    pub(super) fn measured(&self, value: Value) -> u32 {
        match value {
            Value::Null | Value::True | Value::Foreign(_) => 4,
            Value::False => 5,
            Value::Int(int) => int_len(int),
            Value::Float(float) => float_len(float.get()),
            Value::Number(span) => span.len(),
            Value::String(string) => match string.form() {
                Form::Raw => {
                    // It is read whole each time that it is put somewhere.
                    self.count(string.len() as usize / UNIT_BYTES);
                    2 + text::escaped_len(&self.text[string.range()]) as u32
                }
                Form::Plain | Form::Quoted | Form::Escaped => 2 + string.len(),
            },
            Value::Array(list) | Value::Object(list) => self.header(list).size,
        }
    }

    /// The value as compact JSON text.
    pub fn to_json(&self, value: Value) -> String {
        let mut out = Vec::with_capacity(self.size(value) as usize);
        self.write(value, &mut out);
        // Only text of this heap and ASCII was written.
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Heap {
    /// The value as compact JSON text for people to read: of a long one, only as much as the longest of the service's texts
    /// shows. The text of a value may be far larger than the heap, since parts are shared.
    pub fn excerpt(&self, value: Value) -> String {
        if self.size(value) as usize <= EXCERPT_BYTES {
            return self.to_json(value);
        }
        let mut out = Vec::new();
        self.print_some(value, &mut out);
        out.truncate(EXCERPT_BYTES);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Prints until that is enough.
    fn print_some(&self, value: Value, out: &mut Vec<u8>) {
        let nodes = match value {
            Value::Array(list) => self.items(list),
            Value::Object(list) => self.children(list, 2 * list.len()),
            scalar => return self.write(scalar, out),
        };
        let keyed = matches!(value, Value::Object(_));
        out.push(if keyed { b'{' } else { b'[' });
        for (at, node) in nodes.iter().enumerate() {
            if out.len() > EXCERPT_BYTES {
                return;
            }
            if at > 0 {
                out.push(if keyed && at % 2 == 1 { b':' } else { b',' });
            }
            self.print_some(*node, out);
        }
        out.push(if keyed { b'}' } else { b']' });
    }
}

/// The closing bracket, after the opening one if there was no child to write it.
fn close_with(brackets: &[u8; 2], list: List, out: &mut Vec<u8>) {
    out.extend_from_slice(if list.is_empty() { brackets } else { &brackets[1..] });
}

/// Bytes that are copied without a call.
const PUT_BYTES: usize = 32;

/// Appends a part of the text. Most parts are short, and a call of `memcpy` for one takes thirty instructions; so so many bytes
/// are copied whatever is needed, in two moves, and those that are too many are taken back.
#[inline(always)]
fn put(text: &[u8], part: Range<usize>, out: &mut Vec<u8>) {
    let len = part.len();
    match text.get(part.start..).and_then(|rest| rest.first_chunk::<PUT_BYTES>()) {
        Some(chunk) if len <= PUT_BYTES => {
            let end = out.len() + len;
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&text[part]),
    }
}

/// Gives the digits of a number: the formatter of the standard library takes a hundred instructions for one digit.
#[inline]
pub(super) fn write_int(int: i64, write: impl FnOnce(&[u8])) {
    const DIGITS: usize = 20;
    let mut text = [0; DIGITS];
    let (mut at, mut rest) = (DIGITS, int.unsigned_abs());
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if int < 0 {
        at -= 1;
        text[at] = b'-';
    }
    write(&text[at..]);
}

/// Shortest digits that read back as the same double, with an exponent where JavaScript writes one.
fn write_float(out: &mut Vec<u8>, float: f64) {
    let magnitude = float.abs();
    if let Some((whole, decimals)) = short_decimal(magnitude) {
        return write_decimal(out, float < 0.0, whole, decimals);
    }
    // Writing to a vector cannot fail.
    let _ = if magnitude >= 1e21 {
        let digits = format!("{float:e}");
        write!(out, "{}", digits.replace('e', "e+"))
    } else if magnitude < 1e-6 && magnitude > 0.0 {
        write!(out, "{float:e}")
    } else if magnitude >= 1e16 || (magnitude < 1e-4 && magnitude > 0.0) {
        write!(out, "{float}")
    } else {
        write!(out, "{float:?}")
    };
}

/// A whole number with so many of its digits behind the point, of which there are a few.
fn write_decimal(out: &mut Vec<u8>, is_negative: bool, whole: u64, decimals: usize) {
    let mut digits = [b'0'; 24];
    let (mut at, mut rest, mut written) = (digits.len(), whole, 0);
    while rest > 0 || written <= decimals {
        if written == decimals {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if is_negative {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

fn float_len(float: f64) -> u32 {
    if let Some((whole, decimals)) = short_decimal(float.abs()) {
        let digits = whole.checked_ilog10().unwrap_or(0).max(decimals as u32) + 1;
        return u32::from(float < 0.0) + digits + 1;
    }
    let mut digits = Vec::new();
    write_float(&mut digits, float);
    digits.len() as u32
}

fn int_len(int: i64) -> u32 {
    let magnitude = int.unsigned_abs();
    u32::from(int < 0) + magnitude.checked_ilog10().unwrap_or(0) + 1
}
