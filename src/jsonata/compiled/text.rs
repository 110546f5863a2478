//! Values as texts: `$string` and `&`.

use std::fmt::Write;

use crate::jsonata::number;
use crate::value::{Heap, Value};

/// Appends what `$string` makes of a value to the string under construction.
pub(super) fn append(heap: &mut Heap, value: Value) {
    match value {
        Value::String(_) | Value::Null | Value::True | Value::False => heap.append_value(value),
        Value::Number(span) if is_short(heap.digits(span)) => heap.append_value(value),
        Value::Int(int) if int.unsigned_abs() < 1 << 53 => heap.append_value(value),
        other => {
            let mut text = String::new();
            write(heap, other, &Style { indent: None, number: number::short_text }, 0, &mut text);
            heap.append_text(&text);
        }
    }
}

/// The text of a value, on lines of its own with two blanks for a level if `pretty`.
pub(super) fn string(heap: &Heap, value: Value, pretty: bool) -> String {
    let mut text = String::new();
    match value {
        Value::String(string) => text.push_str(&heap.str(string)),
        other => write(heap, other, &Style { indent: pretty.then_some(2), number: number::short_text }, 0, &mut text),
    }
    text
}

/// The JSON of a value as error texts show it.
pub(super) fn json(heap: &Heap, value: Value) -> String {
    let mut text = String::new();
    write(heap, value, &Style { indent: None, number: number::text }, 0, &mut text);
    text
}

struct Style {
    /// Blanks for a level; `None`: everything on one line.
    indent: Option<usize>,
    number: fn(f64) -> String,
}

/// Whole numbers that look the same when they are printed again.
fn is_short(digits: &str) -> bool {
    digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn write(heap: &Heap, value: Value, style: &Style, depth: usize, out: &mut String) {
    let indent = style.indent;
    match value {
        Value::Array(list) if list.is_empty() => out.push_str("[]"),
        Value::Object(list) if list.is_empty() => out.push_str("{}"),
        Value::Array(list) => {
            out.push('[');
            for (index, item) in heap.items(list).iter().enumerate() {
                begin_line(index > 0, indent, depth + 1, out);
                write(heap, *item, style, depth + 1, out);
            }
            begin_line(false, indent, depth, out);
            out.push(']');
        }
        Value::Object(list) => {
            out.push('{');
            for (index, (key, item)) in heap.entries(list).enumerate() {
                begin_line(index > 0, indent, depth + 1, out);
                out.push_str(&json_string(&heap.str(key)));
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(heap, item, style, depth + 1, out);
            }
            begin_line(false, indent, depth, out);
            out.push('}');
        }
        Value::Int(_) | Value::Float(_) | Value::Number(_) => match heap.number(value) {
            Some(number) => out.push_str(&(style.number)(number.as_f64())),
            None => out.push_str("null"),
        },
        // An escape may be written in more than one way; the reference has one.
        Value::String(string) => out.push_str(&json_string(&heap.str(string))),
        scalar => out.push_str(&heap.to_json(scalar)),
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn begin_line(comma: bool, indent: Option<usize>, depth: usize, out: &mut String) {
    if comma {
        out.push(',');
    }
    if let Some(width) = indent {
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{:1$}", "", width * depth);
    }
}
