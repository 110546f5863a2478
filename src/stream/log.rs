//! What the stream says to its operator: one function per event. What can repeat with every record or poll is limited to
//! one line per [`QUIET`] and kind.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::RDKafkaErrorCode;

/// Least time between two lines of one kind that can repeat without end.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// A line of librdkafka's own log.
pub(super) fn client(pipeline: &str, level: RDKafkaLogLevel, facility: &str, message: &str) {
    if allowed(facility) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(pipeline, facility, "Kafka client: {message}");
            }
            _ => tracing::info!(pipeline, facility, "Kafka client: {message}"),
        }
    }
}

/// A client reports an error; it goes on by itself.
pub(super) fn client_error(pipeline: &str, error: &impl Display, reason: &str) {
    if allowed(reason) {
        tracing::warn!(pipeline, "Kafka client: {error}: {reason}");
    }
}

/// Reading from a topic failed; the client tries again.
pub(super) fn consume_error(pipeline: &str, error: &impl Display) {
    let error = error.to_string();
    if allowed(&error) {
        tracing::warn!(pipeline, "reading events: {error}");
    }
}

/// The shard's partitions changed.
pub(super) fn assigned(pipeline: &str, shard: usize, partitions: &[String]) {
    tracing::info!(pipeline, shard, partitions = partitions.join(" "), "partitions assigned");
}

/// The shard lets partitions go.
pub(super) fn revoked(pipeline: &str, shard: usize, partitions: &[String], unfinished: usize, lost: bool) {
    let partitions = partitions.join(" ");
    tracing::info!(pipeline, shard, partitions, unfinished, lost, "partitions let go");
}

/// librdkafka refused to assign or unassign.
pub(super) fn rebalance_failed(pipeline: &str, error: &impl Display) {
    tracing::error!(pipeline, "rebalance: {error}");
}

/// Records that the cluster refuses; they are kept and sent again.
pub(super) fn sink_refuses(pipeline: &str, topic: &str, code: RDKafkaErrorCode, delay: Duration) {
    if allowed(topic) {
        tracing::warn!(
            pipeline,
            topic,
            delay_ms = delay.as_millis() as u64,
            "records refused: {code}. Nothing is dropped: reading waits, and they are sent again"
        );
    }
}

/// The producer met a fatal error and was replaced.
pub(super) fn producer_replaced(pipeline: &str) {
    tracing::warn!(pipeline, "producer replaced after a fatal error; its unacknowledged records are sent again");
}

/// An event that can't be run, and there is nowhere to put it.
pub(super) fn event_skipped(pipeline: &str, topic: &str, partition: i32, offset: i64, reason: &str) {
    if allowed(pipeline) {
        tracing::error!(
            pipeline,
            topic,
            partition,
            offset,
            "event skipped: {reason}. Configure `dead_letters` to keep such events"
        );
    }
}

/// A failed execution, and there is no topic to tell it.
pub(super) fn failure_untold(pipeline: &str, execution: &str, error: Option<&str>, cause: Option<&str>) {
    if allowed(pipeline) {
        tracing::warn!(
            pipeline,
            execution,
            error,
            cause,
            "execution failed. Configure `failures` or `sink` to keep failures"
        );
    }
}

/// A commit failed; its offsets are committed again later.
pub(super) fn commit_failed(pipeline: &str, error: &impl Display) {
    if allowed("commit") {
        tracing::warn!(pipeline, "commit failed, will be repeated: {error}");
    }
}

/// A source topic does not exist yet.
pub(super) fn topic_missing(pipeline: &str, topic: &str) {
    if allowed(topic) {
        tracing::warn!(
            pipeline,
            topic,
            "topic does not exist. Create it, or correct `sources`; the pipeline waits for it"
        );
    }
}

/// The shard stops reading for a while, or reads again.
pub(super) fn paused(pipeline: &str, shard: usize, in_flight: usize, refusing: bool) {
    tracing::info!(pipeline, shard, in_flight, refusing, "reading paused until results are acknowledged");
}

/// Reading goes on.
pub(super) fn resumed(pipeline: &str, shard: usize) {
    tracing::info!(pipeline, shard, "reading resumed");
}

/// A shard's orderly end.
pub(super) fn drained(pipeline: &str, shard: usize, unfinished: usize) {
    if unfinished == 0 {
        tracing::info!(pipeline, shard, "shard drained");
    } else {
        tracing::warn!(
            pipeline,
            shard,
            unfinished,
            "drain timeout: unfinished events will be delivered again to the next member of the group"
        );
    }
}

/// Whether a line of this kind may be written now.
fn allowed(kind: &str) -> bool {
    static LAST: Mutex<Option<HashMap<String, Instant>>> = Mutex::new(None);
    /// Kinds remembered; past it the memory is cleared, and at worst a line is written too often.
    const KINDS: usize = 1024;
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let last = last.get_or_insert_with(HashMap::new);
    let now = Instant::now();
    if last.get(kind).is_some_and(|then| now.duration_since(*then) < QUIET) {
        return false;
    }
    if last.len() >= KINDS {
        last.clear();
    }
    last.insert(kind.to_owned(), now);
    true
}
