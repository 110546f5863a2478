//! The result of an execution, for people and for programs.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::history;
use crate::asl::{self, Diagnostic, Lines};
use crate::cli::diagnostic::DiagnosticAnswer;
use crate::cli::print::{in_colour, print, say};
use crate::cli::source;
use crate::engine::{Event, Execution, Status};
use crate::value::read_document;
use crate::visible::{visible, visible_lines};

/// The result as one object, with the history in the service's shape if it was recorded.
pub(super) fn json(execution: &Execution, history: bool) -> Value {
    let mut result = Map::new();
    let status = execution.status();
    result.insert("status".to_owned(), status.map_or(Value::Null, |status| status.to_string().into()));
    if status == Some(Status::Succeeded) {
        result.insert("output".to_owned(), output(execution));
    }
    if let Some(failure) = execution.failure() {
        result.insert("error".to_owned(), json!(failure.error));
        result.insert("cause".to_owned(), json!(failure.cause));
        result.insert("state".to_owned(), json!(&*failure.state));
    }
    if history {
        result.insert("history".to_owned(), execution.history().iter().map(event).collect());
    }
    Value::Object(result)
}

fn output(execution: &Execution) -> Value {
    let mut output = Vec::new();
    execution.write_output(&mut output);
    // What the engine prints is JSON.
    read_document(&output).unwrap_or(Value::Null)
}

/// An event as the service's execution history has it. `name` stands at the top as well, where there is one.
fn event(event: &Event) -> Value {
    let mut shown = Map::new();
    let time = event.timestamp.0;
    shown.insert("timestamp".to_owned(), json!(time as f64 / 1000.0));
    shown.insert("type".to_owned(), event.kind.into());
    shown.insert("id".to_owned(), event.id.into());
    shown.insert("previousEventId".to_owned(), event.previous_id.into());
    let details = event.details_object(true);
    if let Some(name) = details.get("name") {
        shown.insert("name".to_owned(), name.clone());
    }
    if let Some(key) = event.details_key() {
        shown.insert(key, Value::Object(details));
    }
    Value::Object(shown)
}

/// The result for people.
pub(super) fn text(execution: &Execution, history: bool) -> String {
    let mut shown = String::new();
    if history {
        shown.push_str(&history::text(execution.history()));
        shown.push('\n');
    }
    if let Some(status) = execution.status() {
        shown.push_str(&format!("{status}\n"));
    }
    match execution.failure() {
        Some(failure) => {
            let (error, cause) = (failure.error.as_deref(), failure.cause.as_deref());
            let (error, cause) = (error.unwrap_or("none given"), cause.unwrap_or("none given"));
            let (error, cause, state) = (visible(error), visible(cause), visible(&failure.state));
            shown.push_str(&format!("error: {error}\ncause: {cause}\nstate: {state}\n"));
        }
        None => shown.push_str(&visible_lines(&format!("{:#}\n", output(execution)))),
    }
    shown
}

/// Shows why a definition is invalid.
pub(super) fn invalid(file: &Path, text: &str, diagnostics: &[Diagnostic], as_json: bool) -> Result<(), String> {
    if as_json {
        let lines = Lines::new(text);
        let diagnostics: Vec<_> =
            diagnostics.iter().map(|diagnostic| DiagnosticAnswer::new(diagnostic, &lines)).collect();
        let answer = json!({"status": "INVALID_DEFINITION", "diagnostics": diagnostics});
        return print(&format!("{answer}\n"));
    }
    let errors: Vec<Diagnostic> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
    let colour = in_colour(&io::stderr());
    say(asl::render(&errors, &file.display().to_string(), text, colour));
    say(format_args!("stepstream exec: {} is invalid", source::shown(file)));
    Ok(())
}
