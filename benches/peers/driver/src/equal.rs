//! Whether outputs say the same: order of fields and spelling of numbers and strings are free.

use serde_json::Value;

use super::Result;

/// An error names the first line that differs.
pub fn lines(expected: &str, actual: &str) -> Result<()> {
    let (wanted, given) = (expected.lines().count(), actual.lines().count());
    if wanted != given {
        return Err(format!("{given} outputs instead of {wanted}").into());
    }
    for (number, (expected, actual)) in (1..).zip(expected.lines().zip(actual.lines())) {
        if !values(&serde_json::from_str(expected)?, &serde_json::from_str(actual)?) {
            return Err(format!("output {number} differs\n  expected {expected}\n  was      {actual}").into());
        }
    }
    Ok(())
}

fn values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| values(a, b)))
        }
        _ => a == b,
    }
}
