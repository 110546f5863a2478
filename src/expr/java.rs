//! Values as Java prints its maps and lists: where the real service lets an object into a text, this is what shows.

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
        scalar => out.push_str(&heap.to_json(scalar)),
    }
}
