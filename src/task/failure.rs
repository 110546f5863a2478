//! Failures of task calls, and the names and bounds the service gives them.

pub use crate::engine::TaskFailure;

/// Longest error name, in characters (a quota of the service).
pub const MAX_ERROR_CHARS: usize = 256;

/// Longest cause, in characters (a quota of the service).
pub const MAX_CAUSE_CHARS: usize = 32_768;

/// A failure with name and cause, each cut to the service's bounds.
pub(super) fn failed(error: impl Into<String>, cause: impl Into<String>) -> TaskFailure {
    TaskFailure {
        error: Some(cut(error.into(), MAX_ERROR_CHARS)),
        cause: Some(cut(cause.into(), MAX_CAUSE_CHARS)),
        timed_out: false,
    }
}

/// The state's `TimeoutSeconds` passed while the call was under way. The service gives no cause.
pub(super) fn state_timeout() -> TaskFailure {
    TaskFailure { error: Some("States.Timeout".to_owned()), cause: None, timed_out: true }
}

/// The result is larger than allowed. `what` is the service's name (`lambda`) or the function's ARN or the resource.
pub(super) fn result_too_large(what: &str) -> TaskFailure {
    failed(
        "States.DataLimitExceeded",
        format!(
            "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

fn cut(mut text: String, max_chars: usize) -> String {
    // A text of so few bytes can't have more characters: the common case costs one comparison.
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_cut_by_characters_not_bytes() {
        let failure = failed("E", "ä".repeat(MAX_CAUSE_CHARS + 5));
        assert_eq!(failure.cause.map(|cause| cause.chars().count()), Some(MAX_CAUSE_CHARS));
    }

    #[test]
    fn what_fits_stays_whole() {
        let failure = failed("E".repeat(MAX_ERROR_CHARS), "ä".repeat(MAX_CAUSE_CHARS));
        assert_eq!(failure.error.map(|error| error.len()), Some(MAX_ERROR_CHARS));
        assert_eq!(failure.cause.map(|cause| cause.chars().count()), Some(MAX_CAUSE_CHARS));
    }
}
