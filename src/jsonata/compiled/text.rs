//! Values as text: `&` and `$string`.

use super::evaluate::Evaluation;
use super::{Answer, GiveUp, Node};
use crate::jsonata::scope::Scope;
use crate::value::{Heap, Value};

/// The largest magnitude below which every whole number is a double of its own.
const MAX_SAFE: i64 = 1 << 53;

impl<S: Scope> Evaluation<'_, S> {
    pub(super) fn concat(&mut self, parts: &[Node], input: Option<Value>) -> Answer<Value> {
        // All of them before the first is written: a part may build a text of its own.
        let mark = self.heap.mark();
        for part in parts {
            if let Some(value) = self.value(part, input)? {
                self.heap.push(value);
            }
        }
        let text = self.heap.begin_text();
        for index in 0..self.heap.pushed(mark).len() {
            let value = self.heap.pushed(mark)[index];
            append(self.heap, value)?;
        }
        self.heap.abandon(mark);
        Ok(self.heap.finish_text(text))
    }

    /// `$string`
    pub(super) fn text_of(&mut self, value: Value) -> Answer<Value> {
        if let Value::String(_) = value {
            return Ok(value);
        }
        let text = self.heap.begin_text();
        append(self.heap, value)?;
        Ok(self.heap.finish_text(text))
    }
}

fn append(heap: &mut Heap, value: Value) -> Answer<()> {
    match value {
        Value::String(_) => heap.append_value(value),
        Value::Null | Value::True | Value::False => heap.append_json(value),
        Value::Int(int) if int.abs() < MAX_SAFE => heap.append_json(value),
        Value::Number(span) if is_plain(heap.digits(span)) => heap.append_value(value),
        Value::Number(_) | Value::Float(_) | Value::Int(_) => {
            let double = heap.number(value).map(|number| number.as_f64()).ok_or(GiveUp)?;
            let digits = decimal(double)?;
            heap.append_text(&digits);
        }
        // Their numbers are rounded one by one.
        Value::Array(_) | Value::Object(_) => return Err(GiveUp),
    }
    Ok(())
}

/// A whole number in its only notation.
fn is_plain(digits: &str) -> bool {
    digits.len() < 16 && digits != "-0" && !digits.contains(['.', 'e', 'E'])
}

/// A number with at most 15 digits, as JavaScript writes it.
fn decimal(double: f64) -> Answer<String> {
    let rounded: f64 = format!("{double:.14e}").parse().map_err(|_| GiveUp)?;
    // Others have an exponent.
    let plain = rounded == 0.0 || (1e-6..1e15).contains(&rounded.abs());
    if plain { Ok(format!("{}", rounded + 0.0)) } else { Err(GiveUp) }
}
