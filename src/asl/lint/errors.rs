//! Names in `ErrorEquals` that no error has.

use super::super::diagnostic::{Code, Diagnostic};
use super::super::node::Spanned;
use crate::suggest;

/// The names that the language reserves.
const RESERVED: [&str; 17] = [
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "States.Permissions",
    "States.ResultPathMatchFailure",
    "States.ParameterPathFailure",
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
    "States.BranchFailed",
    "States.QueryEvaluationError",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.ItemReaderFailed",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.Http.Socket",
];

/// What the specification names, but the service reports as `States.Runtime`.
const REPORTED_AS_RUNTIME: [&str; 4] = [
    "States.ParameterPathFailure",
    "States.ResultPathMatchFailure",
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
];

/// Advice on a name of `ErrorEquals`; `location` is that of the retrier or catcher.
pub(super) fn advice(name: &Spanned<String>, location: &str) -> Option<Diagnostic> {
    let text = name.value.as_str();
    let (code, message, hint) = if text == "States.Runtime" {
        let message = "States.Runtime is never retried and never caught".to_owned();
        (Code::UncatchableError, message, "Prevent it: test the data with a Choice, or with IsPresent.".to_owned())
    } else if REPORTED_AS_RUNTIME.contains(&text) {
        let message = format!("The service reports {text} as States.Runtime, which is never retried and never caught");
        (Code::UncatchableError, message, "Prevent it: test the data with a Choice, or with IsPresent.".to_owned())
    } else {
        let known = RESERVED.contains(&text) || text.starts_with("States.Http.StatusCode.");
        let prefix = text.split('.').next().unwrap_or_default();
        if known || !matches!(&*prefix.to_lowercase(), "states" | "state") || prefix.len() == text.len() {
            return None;
        }
        let hint = match suggest::closest(text, RESERVED) {
            Some(name) => format!("Did you mean '{name}'?"),
            None => "Names that begin with 'States.' are reserved; errors of your own have other names.".to_owned(),
        };
        (Code::UnknownErrorName, format!("'{text}' is not the name of an error; it never matches"), hint)
    };
    Some(Diagnostic::warning(code, message).at(format!("{location}/ErrorEquals"), name.span.clone()).with_hint(hint))
}
