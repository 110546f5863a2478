//! What several fuzz targets check.

use serde::de::IgnoredAny;

/// Fails unless the text is JSON.
pub fn assert_json(text: &str) {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        // serde_json gives up at a depth of 128, which is no fault of the text.
        assert!(error.to_string().starts_with("recursion limit"), "{error}: {text}");
    }
}
