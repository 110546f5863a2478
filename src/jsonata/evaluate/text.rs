//! Values as texts: `$string` and `&`, and how errors show them.

use std::fmt::Write;

use super::Evaluation;
use super::foreign::{self, Foreign};
use crate::jsonata::error::Throw;
use crate::jsonata::number;
use crate::value::Value;

impl Evaluation<'_> {
    /// Appends what `$string` makes of a value to the string under construction.
    pub(super) fn append_text(&mut self, value: Value) -> Result<(), Throw> {
        match value {
            Value::String(_) | Value::Null | Value::True | Value::False => self.heap.append_value(value),
            Value::Number(span) if is_short(self.heap.digits(span)) => self.heap.append_value(value),
            Value::Int(int) if int.unsigned_abs() < 1 << 53 => self.heap.append_value(value),
            other => {
                let text = self.string(other, false)?;
                self.heap.append_text(&text);
            }
        }
        Ok(())
    }

    /// The text of a value, on lines of its own with two blanks for a level if `pretty`.
    ///
    /// # Errors
    /// A number in it is not finite.
    pub(in crate::jsonata) fn string(&mut self, value: Value, pretty: bool) -> Result<String, Throw> {
        match value {
            Value::String(string) => return Ok(self.heap.str(string).into_owned()),
            Value::Foreign(_) => {
                return match foreign::read(value) {
                    Some(Foreign::Number(_)) => {
                        Err(Throw::new("D3001", "Attempting to invoke string function on Infinity or NaN"))
                    }
                    _ => Ok(String::new()),
                };
            }
            _ => {}
        }
        let room = self.heap.size(value) as usize;
        self.work(room / 4)?;
        self.afford(room)?;
        let mut text = String::new();
        let indent = pretty.then_some(2);
        Writer { own: self, indent, number: number::short_text, strict: true }.write(value, 0, &mut text)?;
        Ok(text)
    }
}

/// The JSON of a value as error texts show it.
pub(in crate::jsonata) fn json(own: &Evaluation<'_>, value: Value) -> String {
    let mut text = String::new();
    // Only a strict writer fails.
    let _ = Writer { own, indent: None, number: number::text, strict: false }.write(value, 0, &mut text);
    text
}

/// Whole numbers that look the same when they are printed again.
fn is_short(digits: &str) -> bool {
    digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

struct Writer<'a, 'e> {
    own: &'a Evaluation<'e>,
    /// Blanks for a level; `None`: everything on one line.
    indent: Option<usize>,
    number: fn(f64) -> String,
    /// Numbers that are not finite fail.
    strict: bool,
}

impl Writer<'_, '_> {
    fn write(&self, value: Value, depth: usize, out: &mut String) -> Result<(), Throw> {
        let heap = &*self.own.heap;
        match value {
            Value::Array(list) if list.is_empty() => out.push_str("[]"),
            Value::Object(list) if list.is_empty() => out.push_str("{}"),
            Value::Array(list) => {
                out.push('[');
                for (index, item) in heap.items(list).iter().enumerate() {
                    self.begin_line(index > 0, depth + 1, out);
                    self.write(*item, depth + 1, out)?;
                }
                self.begin_line(false, depth, out);
                out.push(']');
            }
            Value::Object(list) => {
                out.push('{');
                for (index, (key, item)) in heap.entries(list).enumerate() {
                    self.begin_line(index > 0, depth + 1, out);
                    out.push_str(&json_string(&heap.str(key)));
                    out.push_str(if self.indent.is_some() { ": " } else { ":" });
                    self.write(item, depth + 1, out)?;
                }
                self.begin_line(false, depth, out);
                out.push('}');
            }
            Value::Int(_) | Value::Float(_) | Value::Number(_) => match heap.number(value) {
                Some(number) => out.push_str(&(self.number)(number.as_f64())),
                None => out.push_str("null"),
            },
            // An escape may be written in more than one way; the reference has one.
            Value::String(string) => out.push_str(&json_string(&heap.str(string))),
            Value::Foreign(_) => match foreign::read(value) {
                Some(Foreign::Number(number)) if self.strict && number.is_infinite() => {
                    return Err(Throw::new("D1001", "Number out of range: null"));
                }
                Some(Foreign::Function(_)) if self.strict => out.push_str("\"\""),
                Some(Foreign::Function(_)) => out.push_str("{}"),
                _ => out.push_str("null"),
            },
            scalar => out.push_str(&heap.to_json(scalar)),
        }
        Ok(())
    }

    fn begin_line(&self, comma: bool, depth: usize, out: &mut String) {
        if comma {
            out.push(',');
        }
        if let Some(width) = self.indent {
            // Writing to a string cannot fail.
            let _ = write!(out, "\n{:1$}", "", width * depth);
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
