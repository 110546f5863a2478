//! Values as `serde_json` has them, for those who build or lay out documents.

use serde_json::Value as Document;

use super::{Heap, ParseError, Value};

/// Reads a JSON text as deep as a heap does; the reader of `serde_json` stops at 127 levels.
///
/// # Errors
/// [`ParseError`]: it is not JSON, or nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
pub fn read_document(text: &[u8]) -> Result<Document, ParseError> {
    let mut heap = Heap::new();
    let value = heap.parse(text)?;
    Ok(heap.to_document(value))
}

impl Heap {
    /// The value as a document.
    pub fn to_document(&self, value: Value) -> Document {
        match value {
            Value::Null | Value::Foreign(_) => Document::Null,
            Value::True => Document::Bool(true),
            Value::False => Document::Bool(false),
            Value::String(text) => Document::String(self.str(text).into_owned()),
            // What is printed of a number is one.
            Value::Int(_) | Value::Float(_) | Value::Number(_) => {
                self.to_json(value).parse().map_or(Document::Null, Document::Number)
            }
            Value::Array(list) => self.items(list).iter().map(|item| self.to_document(*item)).collect(),
            Value::Object(list) => {
                self.entries(list).map(|(key, value)| (self.str(key).into_owned(), self.to_document(value))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_as_deep_and_exact_as_values() {
        let deep = format!("{}1{}", "[".repeat(900), "]".repeat(900));
        for text in [&*deep, r#"{"b":[true,null,"ä\n"],"a":12345678901234567890123,"c":1.10}"#, "-0"] {
            assert_eq!(read_document(text.as_bytes()).expect("it is JSON").to_string(), text);
        }
        assert!(read_document(b"{").is_err());
    }
}
