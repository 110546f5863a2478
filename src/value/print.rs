use std::io::Write;
use std::ops::Range;

use super::{Form, Heap, List, Str, Value, text};

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
        self.print(&value, out);
    }

    fn print(&self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::String(string) => self.write_str(string, out),
            Value::Number(span) => out.extend_from_slice(&self.text.as_bytes()[span.range()]),
            Value::Array(list) => self.write_array(*list, out),
            Value::Object(list) => self.write_object(*list, out),
            Value::Null | Value::Foreign(_) => out.extend_from_slice(b"null"),
            Value::True => out.extend_from_slice(b"true"),
            Value::False => out.extend_from_slice(b"false"),
            Value::Int(int) => write_display(out, int),
            Value::Float(float) => write_float(out, float.get()),
        }
    }

    #[inline]
    fn write_str(&self, string: &Str, out: &mut Vec<u8>) {
        let range = string.range();
        match string.form() {
            Form::Quoted | Form::Escaped => {
                out.extend_from_slice(&self.text.as_bytes()[range.start - 1..range.end + 1]);
            }
            Form::Plain => {
                out.push(b'"');
                out.extend_from_slice(&self.text.as_bytes()[range]);
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
            out.extend_from_slice(&text[run]);
            out.push(separator);
            separator = b',';
            run = entry.unwrap_or_else(|| {
                self.print(&pair[0], out);
                out.push(b':');
                self.print(&pair[1], out);
                0..0
            });
        }
        out.extend_from_slice(&text[run]);
        close_with(b"{}", list, out);
    }

    /// Where the heap's text has this entry as it is printed.
    #[inline]
    fn entry_in_text(&self, key: &Value, value: &Value) -> Option<Range<usize>> {
        let text = self.text.as_bytes();
        let key = self.in_text(key, 0)?;
        if key.start < self.base_text {
            // The key of a template: the value stands elsewhere.
            return None;
        }
        let value = self.in_text(value, key.end + 1)?;
        (value.start == key.end + 1 && text[key.end] == b':').then_some(key.start..value.end)
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
    pub fn size(&self, value: Value) -> u32 {
        match value {
            Value::Null | Value::True | Value::Foreign(_) => 4,
            Value::False => 5,
            Value::Int(int) => int_len(int),
            Value::Float(float) => {
                let mut digits = Vec::new();
                write_float(&mut digits, float.get());
                digits.len() as u32
            }
            Value::Number(span) => span.len(),
            Value::String(string) => match string.form() {
                Form::Raw => 2 + text::escaped_len(&self.text[string.range()]) as u32,
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

fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}

/// Shortest digits that read back as the same double, with an exponent where JavaScript writes one.
fn write_float(out: &mut Vec<u8>, float: f64) {
    let magnitude = float.abs();
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

fn int_len(int: i64) -> u32 {
    let magnitude = int.unsigned_abs();
    u32::from(int < 0) + magnitude.checked_ilog10().unwrap_or(0) + 1
}
