//! Values that are written as text: in headers, queries, forms and XML.

use serde_json::{Number, Value};

use crate::task::aws::model::{Shape, TimestampFormat};

const RFC_822: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// A scalar as text; `format` is that of moments whose shape has none.
pub(super) fn write(value: &Value, shape: &Shape, format: TimestampFormat) -> String {
    match (shape, value) {
        (Shape::Timestamp { format: own }, value) => moment(value, own.unwrap_or(format)),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// A moment as text.
pub(super) fn moment(value: &Value, format: TimestampFormat) -> String {
    let milliseconds = value.as_i64().unwrap_or_default();
    let moment = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    let whole = milliseconds % 1000 == 0;
    match format {
        TimestampFormat::Iso8601 if whole => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimestampFormat::Iso8601 => moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        TimestampFormat::UnixTimestamp if whole => (milliseconds / 1000).to_string(),
        TimestampFormat::UnixTimestamp => format!("{:.3}", milliseconds as f64 / 1e3),
        TimestampFormat::Rfc822 => moment.strftime(RFC_822).to_string(),
    }
}

/// A scalar from text; `None`: it is no such value.
pub(super) fn read(text: &str, shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Boolean => Some(Value::Bool(text.trim().eq_ignore_ascii_case("true"))),
        Shape::Whole | Shape::Fraction => text.trim().parse::<Number>().ok().map(Value::Number),
        Shape::Timestamp { .. } => milliseconds(text.trim()).map(Value::from),
        Shape::String | Shape::Blob | Shape::Document => Some(Value::String(text.to_owned())),
        Shape::Structure(_) | Shape::List { .. } | Shape::Map { .. } => None,
    }
}

/// A moment in any of the three formats.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some((seconds * 1e3).round() as i64);
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let moment = jiff::fmt::strtime::parse(RFC_822, text).and_then(|parsed| parsed.to_datetime()).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(moment).ok().map(|moment| moment.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read_in_each_format() {
        for (instant, format, text) in [
            (1_795_888_800_250, TimestampFormat::Iso8601, "2026-11-28T18:00:00.250Z"),
            (1_795_888_800_000, TimestampFormat::Iso8601, "2026-11-28T18:00:00Z"),
            (1_795_888_800_250, TimestampFormat::UnixTimestamp, "1795888800.250"),
            (1_795_888_800_000, TimestampFormat::UnixTimestamp, "1795888800"),
            (1_795_888_800_000, TimestampFormat::Rfc822, "Sat, 28 Nov 2026 18:00:00 GMT"),
        ] {
            assert_eq!(moment(&Value::from(instant), format), text);
            assert_eq!(milliseconds(text), Some(instant), "{text}");
        }
        assert_eq!(milliseconds("yesterday"), None);
    }
}
