//! The headers that Stepstream writes on its records: every name in one place.
//!
//! Records of `log_topic`, events of executions, carry [`VERSION`], [`WORKFLOW`], [`EXECUTION`], [`TOPIC`], [`PARTITION`] and
//! [`OFFSET`]. The others:
//!
//! | header | on results | on failures | on dead letters |
//! |---|---|---|---|
//! | [`VERSION`] | unless `result_headers` is none | yes | |
//! | [`WORKFLOW`] | unless `result_headers` is none | yes | yes |
//! | [`EXECUTION`], [`TOPIC`], [`PARTITION`], [`OFFSET`] | if `result_headers` is source | yes | yes |
//! | [`ERROR`], [`CAUSE`], [`STATE`], [`STATUS`] | | yes | |
//! | [`REASON`], [`DETAIL`] | | | yes |
//!
//! Records of the `topic` connector, results of distributed Maps, carry [`WORKFLOW`], [`EXECUTION`], [`STATE`], [`FILE`] and
//! [`RECORD`].
//!
//! Marks of what was replayed, behind it in the same topic, carry [`REPLAYED`] alone.
//!
//! A dead letter keeps the headers of its event in front of these; results and failures do if the pipeline forwards headers.
//! Names that begin with [`RESERVED`] are never taken over from an event: they would say of one record what was true of
//! another. Values are UTF-8 text.

use rdkafka::message::{Header, Headers, OwnedHeaders};

/// What the names of all headers of ours begin with, in whatever case: no header of an event that does is taken over.
pub const RESERVED: &str = "stepstream-";

/// Version of the workflow that ran, e.g. `3-1a2b3c4d`.
pub const VERSION: &str = "stepstream-version";
/// Name of the workflow.
pub const WORKFLOW: &str = "stepstream-workflow";
/// Name of the execution; the same when the event is delivered again.
pub const EXECUTION: &str = "stepstream-execution";
/// How the execution ended: `FAILED` or `TIMED_OUT`.
pub const STATUS: &str = "stepstream-status";
/// Error name of a failed execution, e.g. `States.TaskFailed`.
pub const ERROR: &str = "stepstream-error";
/// Cause of a failed execution, cut to [`MAX_TEXT_BYTES`]; the record's value has it whole.
pub const CAUSE: &str = "stepstream-cause";
/// The state that failed; on a result of a distributed Map, the Map.
pub const STATE: &str = "stepstream-state";
/// Why an event could not be run, or its outcome not be written: one of few fixed words, such as `not-json`.
pub const REASON: &str = "stepstream-reason";
/// The same in a sentence.
pub const DETAIL: &str = "stepstream-detail";
/// Topic that the event came from.
pub const TOPIC: &str = "stepstream-topic";
/// Partition that the event came from.
pub const PARTITION: &str = "stepstream-partition";
/// Offset of the event in its partition.
pub const OFFSET: &str = "stepstream-offset";

/// Offset of the failure or dead letter before it in this partition whose event was replayed. Only on the marks that `replay` writes.
pub const REPLAYED: &str = "stepstream-replayed";

/// Name of the file that a result of a distributed Map would stand in, e.g. `SUCCEEDED_0.json` or `manifest.json`.
pub const FILE: &str = "stepstream-file";
/// Number of the result within that file, from 0. With the record's key it names a result; the same on redelivery.
pub const RECORD: &str = "stepstream-record";

/// Longest text in a header, in bytes. Headers count against the broker's largest record, and a cause may be 32 KiB.
pub const MAX_TEXT_BYTES: usize = 1024;

/// Where an event came from and what ran it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Topic of the event.
    pub topic: &'a str,
    /// Partition of the event.
    pub partition: i32,
    /// Offset of the event.
    pub offset: i64,
    /// Name of the workflow.
    pub workflow: &'a str,
    /// Name of the execution.
    pub execution: &'a str,
}

/// A result of a distributed Map.
#[derive(Clone, Copy, Debug)]
pub struct MapResult<'a> {
    /// Name of the workflow.
    pub workflow: &'a str,
    /// Name of the execution that the Map is a state of.
    pub execution: &'a str,
    /// The Map.
    pub state: &'a str,
    /// Name of the file.
    pub file: &'a str,
    /// Number of the result in the file, from 0.
    pub record: usize,
}

/// How an execution failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Version of the workflow.
    pub version: &'a str,
    /// `FAILED` or `TIMED_OUT`.
    pub status: &'a str,
    /// Error name.
    pub error: Option<&'a str>,
    /// Cause.
    pub cause: Option<&'a str>,
    /// The state that failed.
    pub state: &'a str,
}

/// A copy of an event's headers without those whose names are [`RESERVED`], in their order.
pub fn of_event(event: &impl Headers, copy: impl FnOnce() -> OwnedHeaders) -> OwnedHeaders {
    if event.iter().all(|header| !is_reserved(header.key)) {
        return copy();
    }
    let taken = event.iter().filter(|header| !is_reserved(header.key));
    taken.fold(OwnedHeaders::new_with_capacity(event.count()), |headers, header| headers.insert(header))
}

/// Whether a header of this name is Stepstream's to write.
pub(super) fn is_reserved(name: &str) -> bool {
    name.get(..RESERVED.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(RESERVED))
}

/// Headers of a result: what ran.
pub fn of_result(forwarded: Option<OwnedHeaders>, workflow: &str, version: &str) -> OwnedHeaders {
    text(with_version(forwarded, version), WORKFLOW, workflow)
}

/// The version of the workflow, behind forwarded headers.
pub fn with_version(forwarded: Option<OwnedHeaders>, version: &str) -> OwnedHeaders {
    text(forwarded.unwrap_or_else(|| OwnedHeaders::new_with_capacity(2)), VERSION, version)
}

/// Headers of a failure.
pub fn of_failure(forwarded: Option<OwnedHeaders>, source: Source<'_>, failed: Failed<'_>) -> OwnedHeaders {
    let mut headers = forwarded.unwrap_or_else(|| OwnedHeaders::new_with_capacity(10));
    for (name, value) in [(ERROR, failed.error), (CAUSE, failed.cause)] {
        if let Some(value) = value {
            headers = text(headers, name, value);
        }
    }
    headers = text(headers, STATE, failed.state);
    headers = text(headers, STATUS, failed.status);
    headers = text(headers, VERSION, failed.version);
    with_source(headers, source)
}

/// Headers of a result of a distributed Map.
pub fn of_map_result(result: MapResult<'_>) -> OwnedHeaders {
    let headers = text(OwnedHeaders::new_with_capacity(5), WORKFLOW, result.workflow);
    let headers = text(headers, EXECUTION, result.execution);
    let headers = text(headers, STATE, result.state);
    let headers = text(headers, FILE, result.file);
    text(headers, RECORD, &result.record.to_string())
}

/// Headers of a dead letter: the event's own, then the reason and where it came from.
pub fn of_dead_letter(event: Option<OwnedHeaders>, source: Source<'_>, reason: &str, detail: &str) -> OwnedHeaders {
    let headers = event.unwrap_or_else(|| OwnedHeaders::new_with_capacity(7));
    with_source(text(text(headers, REASON, reason), DETAIL, detail), source)
}

/// The text of a header, if it is there and UTF-8; the last one of that name.
pub fn find<'a>(headers: &'a impl Headers, name: &str) -> Option<&'a str> {
    (0..headers.count())
        .rev()
        .filter_map(|index| headers.try_get(index))
        .find(|header| header.key == name)
        .and_then(|header| std::str::from_utf8(header.value?).ok())
}

/// Where the event came from and what ran it, behind other headers.
pub fn with_source(headers: OwnedHeaders, source: Source<'_>) -> OwnedHeaders {
    let headers = text(headers, WORKFLOW, source.workflow);
    let headers = text(headers, EXECUTION, source.execution);
    let headers = text(headers, TOPIC, source.topic);
    let headers = text(headers, PARTITION, &source.partition.to_string());
    text(headers, OFFSET, &source.offset.to_string())
}

fn text(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(cut(value)) })
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source<'_> =
        Source { topic: "orders", partition: 3, offset: 42, workflow: "order", execution: "orders-3-42" };

    fn names(headers: &OwnedHeaders) -> Vec<String> {
        headers.iter().map(|header| header.key.to_owned()).collect()
    }

    #[test]
    fn a_failure_tells_what_failed_where() {
        let failed = Failed {
            version: "1-ab",
            status: "FAILED",
            error: Some("Order.Invalid"),
            cause: Some("no lines"),
            state: "Check",
        };
        let headers = of_failure(None, SOURCE, failed);
        let expected = [
            (ERROR, "Order.Invalid"),
            (CAUSE, "no lines"),
            (STATE, "Check"),
            (STATUS, "FAILED"),
            (VERSION, "1-ab"),
            (WORKFLOW, "order"),
            (EXECUTION, "orders-3-42"),
            (TOPIC, "orders"),
            (PARTITION, "3"),
            (OFFSET, "42"),
        ];
        for (name, value) in expected {
            assert_eq!(find(&headers, name), Some(value), "{name}");
        }
        assert_eq!(headers.count(), expected.len());
    }

    #[test]
    fn a_failure_without_error_and_cause_has_no_such_headers() {
        let failed = Failed { version: "1", status: "FAILED", error: None, cause: None, state: "S" };
        let headers = of_failure(None, SOURCE, failed);
        assert!(!names(&headers).iter().any(|name| name == ERROR || name == CAUSE));
    }

    #[test]
    fn a_dead_letter_keeps_the_events_headers_in_front() {
        let event = text(OwnedHeaders::new(), "traceparent", "00-1");
        let headers = of_dead_letter(Some(event), SOURCE, "not-json", "no JSON");
        assert_eq!(names(&headers)[..2], ["traceparent", REASON]);
        assert_eq!(find(&headers, OFFSET), Some("42"));
    }

    #[test]
    fn reserved_names_are_not_taken_over_from_an_event_whatever_their_case() {
        let others = text(text(OwnedHeaders::new(), "stepstreamer", "1"), "x-stepstream-error", "2");
        let names_of = |event: &OwnedHeaders| names(&of_event(event, || event.clone()));
        assert_eq!(names_of(&others), ["stepstreamer", "x-stepstream-error"]);
        let forged = text(text(others, ERROR, "E"), "StepStream-Anything", "3");
        let without_value = forged.insert(Header { key: "empty", value: None::<&[u8]> });
        assert_eq!(names_of(&without_value), ["stepstreamer", "x-stepstream-error", "empty"]);
    }

    #[test]
    fn a_long_cause_is_cut_at_a_character() {
        let cause = "ü".repeat(MAX_TEXT_BYTES);
        let failed = Failed { version: "1", status: "FAILED", error: None, cause: Some(&cause), state: "S" };
        let headers = of_failure(None, SOURCE, failed);
        let value = find(&headers, CAUSE).expect("the cause is there");
        assert!(value.len() <= MAX_TEXT_BYTES && value.chars().all(|c| c == 'ü'));
    }

    #[test]
    fn the_last_header_of_a_name_counts() {
        let headers = text(text(OwnedHeaders::new(), REASON, "old"), REASON, "new");
        assert_eq!(find(&headers, REASON), Some("new"));
    }
}
