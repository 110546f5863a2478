//! The shape of what is written for an event: result, failure, dead letter.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::message::{BorrowedMessage, Message, OwnedHeaders};

use super::headers;
use super::origin::EventOrigin;
use super::outgoing::Record;
use super::partitions::{Partitions, Ticket};
use super::pipeline::Spec;
use crate::config::ResultHeaders;
use crate::program::Program;
use crate::registry::Version;

/// Error name of a failure that stands for an event that could not be run, where no dead-letter topic is configured.
pub const EVENT_REJECTED: &str = "Stepstream.EventRejected";

/// An event whose outcome is to be written.
pub(super) struct EventRef<'a> {
    pub ticket: Ticket,
    pub offset: i64,
    pub read_at: Instant,
    /// Name of its execution.
    pub name: &'a str,
    pub key: Option<&'a [u8]>,
    /// Its value; none for a tombstone.
    pub payload: Option<&'a [u8]>,
    pub headers: EventHeaders<'a>,
}

impl<'a> EventRef<'a> {
    /// A record that tells what came of it, under its key.
    pub(super) fn record<'b>(
        &self,
        topic: &'b str,
        payload: Option<&'b [u8]>,
        headers: Option<OwnedHeaders>,
    ) -> Record<'b>
    where
        'a: 'b,
    {
        Record { topic, key: self.key, payload, headers, ticket: self.ticket }
    }
}

/// Headers of an event; reading them costs, so only where they are needed.
pub(super) enum EventHeaders<'a> {
    Message(&'a BorrowedMessage<'a>),
    Owned(Option<&'a OwnedHeaders>),
}

impl EventHeaders<'_> {
    /// A copy of them, as far as an event's headers are taken over.
    pub(super) fn owned(&self) -> Option<OwnedHeaders> {
        match self {
            Self::Message(message) => message.headers().map(|event| headers::of_event(event, || event.detach())),
            Self::Owned(event) => event.map(|event| headers::of_event(event, || event.clone())),
        }
    }
}

impl<'a> From<&'a EventOrigin> for EventRef<'a> {
    fn from(event: &'a EventOrigin) -> Self {
        Self {
            ticket: event.ticket,
            offset: event.offset,
            read_at: event.read_at,
            name: &event.name,
            key: event.key.as_deref(),
            payload: event.payload.as_deref(),
            headers: EventHeaders::Owned(event.headers.as_ref()),
        }
    }
}

/// Where an event came from, on its own.
pub(super) struct Source {
    pub topic: Arc<str>,
    pub partition: i32,
    offset: i64,
    workflow: Arc<str>,
    pub execution: String,
}

impl Source {
    fn view(&self) -> headers::Source<'_> {
        headers::Source {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            workflow: &self.workflow,
            execution: &self.execution,
        }
    }
}

/// Where an event came from; `None` once its assignment is over.
pub(super) fn source(spec: &Spec, partitions: &Partitions, event: &EventRef<'_>) -> Option<Source> {
    let partition = partitions.partition(event.ticket.slot())?;
    Some(Source {
        topic: partition.topic.clone(),
        partition: partition.number,
        offset: event.offset,
        workflow: spec.pipeline.workflow_name.clone(),
        execution: event.name.to_owned(),
    })
}

/// How an execution failed.
pub(super) struct Failed<'a> {
    pub status: &'static str,
    pub version: &'a str,
    pub error: Option<&'a str>,
    pub cause: Option<&'a str>,
    pub state: &'a str,
}

impl<'a> Failed<'a> {
    /// An event that could not be run.
    pub(super) fn rejected(reason: &'a str, version: &'a str) -> Self {
        Self { status: "FAILED", version, error: Some(EVENT_REJECTED), cause: Some(reason), state: "" }
    }
}

/// Headers of a result, as the pipeline is configured.
pub(super) fn result_headers(
    spec: &Spec,
    partitions: &Partitions,
    version: &Version<Program>,
    event: &EventRef<'_>,
) -> Option<OwnedHeaders> {
    let forwarded = if spec.pipeline.forward_headers { event.headers.owned() } else { None };
    match spec.pipeline.result_headers {
        ResultHeaders::None => forwarded,
        ResultHeaders::Version => Some(headers::of_result(forwarded, &spec.pipeline.workflow_name, &version.label)),
        ResultHeaders::Source => {
            let headers = headers::with_version(forwarded, &version.label);
            Some(match source(spec, partitions, event) {
                Some(source) => headers::with_source(headers, source.view()),
                None => headers,
            })
        }
    }
}

/// Headers of a failure.
pub(super) fn failure_headers(spec: &Spec, source: &Source, failed: &Failed<'_>, event: &EventRef<'_>) -> OwnedHeaders {
    let forwarded = if spec.pipeline.forward_headers { event.headers.owned() } else { None };
    let Failed { status, version, error, cause, state } = *failed;
    headers::of_failure(forwarded, source.view(), headers::Failed { version, status, error, cause, state })
}

/// Headers of a dead letter: the event's own come first.
pub(super) fn dead_letter_headers(source: &Source, reason: &str, detail: &str, event: &EventRef<'_>) -> OwnedHeaders {
    headers::of_dead_letter(event.headers.owned(), source.view(), reason, detail)
}

/// Appends the value of a failure record: a JSON object with `Error` and `Cause` as Catch gives them, the failing `State`,
/// and the event as `Input`, byte for byte.
pub(super) fn write_failure(out: &mut Vec<u8>, failed: &Failed<'_>, input: Option<&[u8]>) {
    out.push(b'{');
    let state = Some(failed.state).filter(|state| !state.is_empty());
    for (name, value) in [("Error", failed.error), ("Cause", failed.cause), ("State", state)] {
        let Some(value) = value else { continue };
        member(out, name);
        serde_json::to_writer(&mut *out, value).expect("a str is JSON, and writing to a Vec can't fail");
    }
    if let Some(input) = input {
        member(out, "Input");
        out.extend_from_slice(input.trim_ascii());
    }
    out.push(b'}');
}

fn member(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(failed: &Failed<'_>, input: Option<&[u8]>) -> String {
        let mut out = Vec::new();
        write_failure(&mut out, failed, input);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn failure_holds_error_cause_state_and_the_event_byte_for_byte() {
        let failed =
            Failed { status: "FAILED", version: "1", error: Some("E"), cause: Some("it \"broke\""), state: "Check" };
        assert_eq!(
            written(&failed, Some(b" {\"n\": 1.0}\n")),
            r#"{"Error":"E","Cause":"it \"broke\"","State":"Check","Input":{"n": 1.0}}"#
        );
    }

    #[test]
    fn failure_leaves_out_what_is_not_known() {
        let failed = Failed { status: "FAILED", version: "1", error: None, cause: None, state: "" };
        assert_eq!(written(&failed, None), "{}");
        assert_eq!(written(&failed, Some(b"1")), r#"{"Input":1}"#);
    }
}
