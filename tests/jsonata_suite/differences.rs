//! What the service refuses or does differently, so that a case of the reference implementation can't pass.

/// The case, or the folder of cases, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("function-eval", "the service has no $eval: calling it is T1006"),
    ("function-encodeUrl/case002", "half a surrogate pair is read as U+FFFD, which can be encoded"),
    ("function-encodeUrlComponent/case002", "half a surrogate pair is read as U+FFFD, which can be encoded"),
    ("range-operator/case021", "ten million numbers are more than the memory of an evaluation"),
];

/// Why a case may differ.
pub(crate) fn reason(id: &str) -> Option<&'static str> {
    let is_in = |known: &str| id == known || id.strip_prefix(known).is_some_and(|rest| rest.starts_with('/'));
    DIFFERENCES.iter().find(|(known, _)| is_in(known)).map(|(_, reason)| *reason)
}
