//! Values as Java prints and orders them: where the real service lets an object into a text, or sorts strings, this is what
//! shows.

use std::cmp::Ordering;

use crate::value::{Heap, Value};

/// `{name=text, list=[1, 2]}`: no quotes, `=` and `, `.
pub(super) fn text(heap: &Heap, value: Value) -> String {
    let mut out = String::new();
    write(heap, value, &mut out);
    out
}

fn write(heap: &Heap, value: Value, out: &mut String) {
    match value {
        Value::String(string) => out.push_str(&heap.str(string)),
        Value::Array(list) => {
            out.push('[');
            for (index, item) in heap.items(list).iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(heap, *item, out);
            }
            out.push(']');
        }
        Value::Object(list) => {
            out.push('{');
            for (index, (key, item)) in heap.entries(list).enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&heap.str(key));
                out.push('=');
                write(heap, item, out);
            }
            out.push('}');
        }
        Value::Float(double) => out.push_str(&double_text(double.get())),
        Value::Number(span) => write_digits(heap.digits(span), out),
        scalar => out.push_str(&heap.to_json(scalar)),
    }
}

/// Whole numbers keep their digits; others are doubles.
fn write_digits(digits: &str, out: &mut String) {
    match digits.parse::<f64>() {
        _ if digits == "-0" => out.push('0'),
        Ok(double) if digits.contains(['.', 'e', 'E']) => out.push_str(&double_text(double)),
        _ => out.push_str(digits),
    }
}

/// A double as `Double.toString` has it: `1.0E10`, `0.001`, `100.0`.
fn double_text(double: f64) -> String {
    const PLAIN: std::ops::Range<f64> = 1e-3..1e7;
    if double.is_infinite() {
        return String::from(if double > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if double == 0.0 || PLAIN.contains(&double.abs()) {
        return format!("{double:?}");
    }
    let text = format!("{double:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

/// The order of two texts by UTF-16 code units, as Java compares strings.
///
/// It is the order of the UTF-8 bytes, but that characters above U+FFFF come before those from U+E000 to U+FFFF.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    const FIRST_LEAD_OF_FOUR: u8 = 0xF0;
    const LEAD_OF_E000: u8 = 0xEE;
    let differing = std::iter::zip(a.bytes(), b.bytes()).find(|(a, b)| a != b);
    match differing {
        Some((a, b)) if a.min(b) >= LEAD_OF_E000 && (a < FIRST_LEAD_OF_FOUR) != (b < FIRST_LEAD_OF_FOUR) => b.cmp(&a),
        Some((a, b)) => a.cmp(&b),
        None => a.len().cmp(&b.len()),
    }
}
