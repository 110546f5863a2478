use crate::expr::error::CallFault;
use crate::value::{Heap, Mark, ParseError, ParseErrorKind, Value};

use super::{Refusal, arguments};

/// `JsonMerge(first, second, deep)`: a deep merge is not supported, by the real service neither.
pub(super) fn merge(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    match arguments(heap, mark)? {
        [_, _, Value::True] => Err(Refusal::Arguments),
        [Value::Object(first), Value::Object(second), _] => Ok(heap.merge(first, second)?),
        _ => Err(Refusal::Arguments),
    }
}

/// `StringToJson(text)`
pub(super) fn parse(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::String(text)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    heap.afford(heap.appended_size(Value::String(text)))?;
    let text = heap.str(text).into_owned();
    if text.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    match heap.parse(text.as_bytes()) {
        // The real service reads integers as such, and they have no negative zero.
        Ok(Value::Number(digits)) if heap.digits(digits) == "-0" => Ok(Value::Int(0)),
        Ok(value) => Ok(value),
        Err(ParseError { kind: ParseErrorKind::Exceeded(exceeded), .. }) => Err(exceeded.into()),
        Err(error) => Err(Refusal::Fault(CallFault::NotJson {
            message: error.kind.to_string().into(),
            line: error.line,
            column: error.column,
        })),
    }
}

/// `JsonToString(value)`
pub(super) fn print(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [value] = arguments(heap, mark)?;
    Ok(heap.json_string(value)?)
}
