//! Which fields an object of a definition may have, by type and query language.

use super::model::QueryLanguage;

/// A field name and the only language it belongs to, if there is one.
pub(super) type Field = (&'static str, Option<QueryLanguage>);

const BOTH: Option<QueryLanguage> = None;
const PATH: Option<QueryLanguage> = Some(QueryLanguage::JSONPath);
const JSONATA: Option<QueryLanguage> = Some(QueryLanguage::JSONata);

/// The values of `Type`, in the order in which AWS lists them.
pub(super) const STATE_TYPES: [&str; 8] = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];

/// The top-level machine.
pub(super) const ROOT: &[Field] = &[
    ("Comment", BOTH),
    ("StartAt", BOTH),
    ("States", BOTH),
    ("Version", BOTH),
    ("TimeoutSeconds", BOTH),
    ("QueryLanguage", BOTH),
];

/// A branch.
pub(super) const BRANCH: &[Field] = &[("Comment", BOTH), ("StartAt", BOTH), ("States", BOTH)];

/// The machine of a Map.
pub(super) const ITEM_PROCESSOR: &[Field] =
    &[("Comment", BOTH), ("StartAt", BOTH), ("States", BOTH), ("ProcessorConfig", BOTH)];

/// `ProcessorConfig`.
pub(super) const PROCESSOR_CONFIG: &[Field] = &[("Mode", BOTH), ("ExecutionType", BOTH)];

/// `ItemReader`.
pub(super) const ITEM_READER: &[Field] =
    &[("Resource", BOTH), ("Parameters", PATH), ("Arguments", JSONATA), ("ReaderConfig", BOTH)];

/// `ReaderConfig`.
pub(super) const READER_CONFIG: &[Field] = &[
    ("InputType", BOTH),
    ("Transformation", BOTH),
    ("ManifestType", BOTH),
    ("CSVDelimiter", BOTH),
    ("CSVHeaderLocation", BOTH),
    ("CSVHeaders", BOTH),
    ("ItemsPointer", BOTH),
    ("MaxItems", BOTH),
    ("MaxItemsPath", PATH),
];

/// `ItemBatcher`.
pub(super) const ITEM_BATCHER: &[Field] = &[
    ("BatchInput", BOTH),
    ("MaxItemsPerBatch", BOTH),
    ("MaxItemsPerBatchPath", PATH),
    ("MaxInputBytesPerBatch", BOTH),
    ("MaxInputBytesPerBatchPath", PATH),
];

/// `ResultWriter`.
pub(super) const RESULT_WRITER: &[Field] =
    &[("Resource", BOTH), ("Parameters", PATH), ("Arguments", JSONATA), ("WriterConfig", BOTH)];

/// `WriterConfig`.
pub(super) const WRITER_CONFIG: &[Field] = &[("Transformation", BOTH), ("OutputType", BOTH)];

/// One element of `Retry`.
pub(super) const RETRIER: &[Field] = &[
    ("ErrorEquals", BOTH),
    ("IntervalSeconds", BOTH),
    ("MaxAttempts", BOTH),
    ("BackoffRate", BOTH),
    ("MaxDelaySeconds", BOTH),
    ("JitterStrategy", BOTH),
    ("Comment", BOTH),
];

/// One element of `Catch`.
pub(super) const CATCHER: &[Field] = &[
    ("ErrorEquals", BOTH),
    ("Next", BOTH),
    ("ResultPath", PATH),
    ("Output", JSONATA),
    ("Assign", BOTH),
    ("Comment", BOTH),
];

/// A state of that `Type`.
pub(super) fn of_state(state_type: &str) -> &'static [Field] {
    match state_type {
        "Task" => TASK,
        "Wait" => WAIT,
        "Pass" => PASS,
        "Succeed" => SUCCEED,
        "Fail" => FAIL,
        "Choice" => CHOICE,
        "Parallel" => PARALLEL,
        "Map" => MAP,
        _ => &[],
    }
}

/// The types of states that have a field of that name.
pub(super) fn types_with(name: &str) -> impl Iterator<Item = &'static str> {
    let has = move |state_type: &&str| of_state(state_type).iter().any(|(field, _)| *field == name);
    STATE_TYPES.into_iter().filter(has)
}

const PASS: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Next", BOTH),
    ("End", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("ResultPath", PATH),
    ("Parameters", PATH),
    ("Result", PATH),
];

const TASK: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Next", BOTH),
    ("End", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("Arguments", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("ResultPath", PATH),
    ("Parameters", PATH),
    ("ResultSelector", PATH),
    ("Resource", BOTH),
    ("TimeoutSeconds", BOTH),
    ("TimeoutSecondsPath", PATH),
    ("HeartbeatSeconds", BOTH),
    ("HeartbeatSecondsPath", PATH),
    ("Credentials", BOTH),
    ("Retry", BOTH),
    ("Catch", BOTH),
];

const CHOICE: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("Choices", BOTH),
    ("Default", BOTH),
];

const WAIT: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Next", BOTH),
    ("End", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("Seconds", BOTH),
    ("SecondsPath", PATH),
    ("Timestamp", BOTH),
    ("TimestampPath", PATH),
];

const SUCCEED: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Output", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
];

const FAIL: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Error", BOTH),
    ("ErrorPath", PATH),
    ("Cause", BOTH),
    ("CausePath", PATH),
];

const PARALLEL: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Next", BOTH),
    ("End", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("Arguments", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("ResultPath", PATH),
    ("Parameters", PATH),
    ("ResultSelector", PATH),
    ("Branches", BOTH),
    ("Retry", BOTH),
    ("Catch", BOTH),
];

const MAP: &[Field] = &[
    ("Type", BOTH),
    ("Comment", BOTH),
    ("QueryLanguage", BOTH),
    ("Next", BOTH),
    ("End", BOTH),
    ("Assign", BOTH),
    ("Output", JSONATA),
    ("InputPath", PATH),
    ("OutputPath", PATH),
    ("ResultPath", PATH),
    ("ResultSelector", PATH),
    ("ItemProcessor", BOTH),
    ("Iterator", BOTH),
    ("ItemSelector", BOTH),
    ("Parameters", PATH),
    ("ItemsPath", PATH),
    ("Items", JSONATA),
    ("MaxConcurrency", BOTH),
    ("MaxConcurrencyPath", PATH),
    ("ToleratedFailureCount", BOTH),
    ("ToleratedFailureCountPath", PATH),
    ("ToleratedFailurePercentage", BOTH),
    ("ToleratedFailurePercentagePath", PATH),
    ("ItemReader", BOTH),
    ("ItemBatcher", BOTH),
    ("ResultWriter", BOTH),
    ("Label", BOTH),
    ("Retry", BOTH),
    ("Catch", BOTH),
];
