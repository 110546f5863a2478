//! Where an execution comes from: what is kept of an event while its execution waits.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::message::Headers;

use super::admission::Lane;
use super::outcome::EventRef;
use super::partitions::Ticket;
use crate::engine::{TaskCall, TaskFailure};
use crate::host::Origin;
use crate::identity::ExecutionName;
use crate::program::Program;
use crate::registry::Version;
use crate::task::Entry;

/// The header of W3C Trace Context.
const TRACE_PARENT: &str = "traceparent";

/// A record of a source topic. The consumer's memory is not held for so long: a held message pins its whole fetch buffer.
pub(super) struct EventOrigin {
    pub ticket: Ticket,
    pub offset: i64,
    pub read_at: Instant,
    pub name: Box<str>,
    arn: Arc<str>,
    pub key: Option<Box<[u8]>>,
    /// None: a tombstone, which waits for others of its key.
    pub payload: Option<Box<[u8]>>,
    pub headers: Option<rdkafka::message::OwnedHeaders>,
    pub version: Arc<Version<Program>>,
    /// Its `$$.Kafka`, while it waits for others of its key; else nothing.
    pub record: Vec<u8>,
    /// What it holds until it has ended, where events are run in order.
    pub lane: Option<Lane>,
}

impl EventOrigin {
    pub(super) fn of(
        event: &EventRef<'_>,
        name: &ExecutionName,
        version: Arc<Version<Program>>,
        lane: Option<Lane>,
    ) -> Self {
        Self {
            ticket: event.ticket,
            offset: event.offset,
            read_at: event.read_at,
            name: name.as_str().into(),
            arn: name.arn(),
            key: event.key.map(Into::into),
            payload: event.payload.map(Into::into),
            headers: event.headers.owned(),
            version,
            record: Vec::new(),
            lane,
        }
    }
}

impl Origin for EventOrigin {
    fn name(&self) -> &str {
        &self.name
    }

    fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    fn trace_context(&self) -> Option<String> {
        let headers = self.headers.as_ref()?;
        let header = headers.iter().find(|header| header.key.eq_ignore_ascii_case(TRACE_PARENT))?;
        Some(String::from_utf8_lossy(header.value?).into_owned())
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.version.connectors.entry(call)
    }
}
