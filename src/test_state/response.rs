//! The answer, as the API has it.

use serde::Serialize;

use super::request::Level;
use crate::asl::{QueryLanguage, State, StateKind};
use crate::engine::{Execution, Handling, Stage, Status};

/// A TestState answer. Payloads are JSON texts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The state's output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The error, also one that would be retried or was caught.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The explanation of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The way of the data, from level `DEBUG` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection_data: Option<InspectionData>,
    /// Where the machine would go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_state: Option<String>,
    /// `SUCCEEDED`, `FAILED`, `RETRIABLE` or `CAUGHT_ERROR`.
    pub status: &'static str,
}

/// The way of the data through the state, in its order. What does not concern the state is absent.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are those of the language's fields")]
pub struct InspectionData {
    pub input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_input_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_arguments: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_item_selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_item_batcher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_path: Option<String>,
    /// The variables after the state, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorDetails>,
}

/// Who takes the state's error.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetails {
    /// Place of the catcher that caught it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_index: Option<usize>,
    /// Place of the retrier that matches it, also if that is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_index: Option<usize>,
    /// Whole seconds until the retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff_interval_seconds: Option<u64>,
}

impl Response {
    /// What a state that has run by itself came to.
    pub(super) fn of(execution: &Execution, state: &State, input: &str, level: Level) -> Response {
        let handling = execution.handling().cloned().unwrap_or_default();
        let succeeded = execution.status() == Some(Status::Succeeded);
        let status = match (succeeded, &handling) {
            (true, Handling { catcher: Some(_), .. }) => "CAUGHT_ERROR",
            (true, _) => "SUCCEEDED",
            (false, Handling { backoff: Some(_), .. }) => "RETRIABLE",
            (false, _) => "FAILED",
        };
        let failure = execution.failure().or(handling.failure.as_ref());
        let mut output = Vec::new();
        execution.write_output(&mut output);
        Response {
            output: succeeded.then(|| String::from_utf8_lossy(&output).into_owned()),
            error: failure.and_then(|failure| failure.error.clone()),
            cause: failure.and_then(|failure| failure.cause.clone()),
            inspection_data: (level != Level::Info).then(|| InspectionData::of(execution, state, input, &handling)),
            next_state: execution.next_state().map(str::to_owned),
            status,
        }
    }
}

impl InspectionData {
    fn of(execution: &Execution, state: &State, input: &str, handling: &Handling) -> InspectionData {
        let at =
            |stage| Some(stage).filter(|stage| is_shown(*stage, state)).and_then(|stage| execution.at_stage(stage));
        let jsonata = state.query_language == QueryLanguage::JSONata;
        let bounds = execution.map_bounds();
        let variables = execution.variables();
        InspectionData {
            input: input.to_owned(),
            after_input_path: at(Stage::InputPath),
            after_parameters: at(Stage::Parameters).filter(|_| !jsonata),
            after_arguments: at(Stage::Parameters).filter(|_| jsonata),
            after_items_path: at(Stage::ItemsPath),
            after_items_pointer: at(Stage::ItemsPointer),
            after_item_selector: at(Stage::ItemSelector),
            after_item_batcher: at(Stage::ItemBatcher),
            max_concurrency: bounds.map(|bounds| bounds.max_concurrency),
            tolerated_failure_count: bounds.and_then(|bounds| bounds.tolerated_failure_count),
            tolerated_failure_percentage: bounds.and_then(|bounds| bounds.tolerated_failure_percentage),
            result: at(Stage::Result),
            after_result_selector: at(Stage::ResultSelector),
            after_result_path: at(Stage::ResultPath),
            variables: (!variables.is_empty()).then(|| serde_json::Value::Object(variables).to_string()),
            error_details: ErrorDetails::of(handling),
        }
    }
}

/// Recorded (test_state_scenarios): the service leaves out some points that the data passes.
fn is_shown(stage: Stage, state: &State) -> bool {
    let jsonata = state.query_language == QueryLanguage::JSONata;
    // Not populated in JSONata, as the API's reference says.
    let of_paths = [Stage::InputPath, Stage::ItemsPath, Stage::ResultSelector, Stage::ResultPath];
    if jsonata && of_paths.contains(&stage) {
        return false;
    }
    match &state.kind {
        StateKind::Pass(_) if jsonata => false,
        // A literal result makes the input's way pointless.
        StateKind::Pass(pass) => pass.result.is_none() || !matches!(stage, Stage::InputPath | Stage::Parameters),
        StateKind::Parallel(_) => !matches!(stage, Stage::InputPath | Stage::Parameters | Stage::Result),
        StateKind::Map(_) => !matches!(stage, Stage::Parameters | Stage::Result),
        _ => true,
    }
}

impl ErrorDetails {
    fn of(handling: &Handling) -> Option<ErrorDetails> {
        let details = ErrorDetails {
            catch_index: handling.catcher,
            retry_index: handling.retrier,
            retry_backoff_interval_seconds: handling.backoff.map(|backoff| backoff.as_secs()),
        };
        (details != ErrorDetails::default()).then_some(details)
    }
}
