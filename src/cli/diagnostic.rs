//! A diagnostic as the API's ValidateStateMachineDefinition gives it, with line, column and hint besides.

use serde::Serialize;

use crate::asl::{Diagnostic, Lines};

/// The JSON of a diagnostic.
#[derive(Serialize)]
pub(super) struct DiagnosticAnswer<'a> {
    pub severity: &'static str,
    pub code: &'static str,
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

impl<'a> DiagnosticAnswer<'a> {
    /// `lines` are those of the definition that it is about.
    pub(super) fn new(diagnostic: &'a Diagnostic, lines: &Lines<'_>) -> Self {
        let place = diagnostic.span.as_ref().map(|span| lines.place(span.start));
        Self {
            severity: diagnostic.severity.as_str(),
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            location: diagnostic.location.as_deref(),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            hint: diagnostic.hint.as_deref(),
        }
    }
}
