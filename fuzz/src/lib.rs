//! What several fuzz targets check.

use serde::de::IgnoredAny;

/// Fails unless the text is JSON.
pub fn assert_json(text: &str) {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        // serde_json gives up at a depth of 128, which is no fault of the text.
        assert!(error.to_string().starts_with("recursion limit"), "{error}: {text}");
    }
}

/// Whether two texts are the same JSON, numbers by value.
pub fn same_json(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match (parse(one), parse(other)) {
        (Some(one), Some(other)) => same(&one, &other),
        // Too deep for serde_json.
        _ => true,
    }
}

fn same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (one, other) {
        (Number(one), Number(other)) => one.as_f64() == other.as_f64(),
        (Array(one), Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Object(one), Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((key, one), (own, other))| key == own && same(one, other))
        }
        (one, other) => one == other,
    }
}
