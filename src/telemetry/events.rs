//! Log lines. One function per event: its name says what happened, its arguments what a reader needs to know.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use metrics::counter;
use tracing::{debug, error, info, warn};

pub use super::outages::{delivered_again, service_is_back, service_unavailable};
use super::{PipelineMetrics, Quiet, recorder};

/// Characters of a cause in a log line: causes may show whole inputs.
const MAX_CAUSE_CHARS: usize = 1_000;
/// How often the same problem is logged.
const REPEAT_INTERVAL: Duration = Duration::from_secs(10);

static QUIET: LazyLock<Quiet> = LazyLock::new(|| Quiet::new(REPEAT_INTERVAL));

/// How much a line from librdkafka matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientLogLevel {
    /// Something is broken.
    Error,
    /// Something may break.
    Warning,
    /// Good to know.
    Info,
    /// For finding bugs.
    Debug,
}

/// The process begins its work.
pub fn starting(config: &Path, pipelines: usize) {
    info!(version = env!("CARGO_PKG_VERSION"), config = %config.display(), pipelines, "starting");
}

/// Something in the configuration is valid, but probably not what was meant.
pub fn config_warning(warning: &str) {
    warn!("{warning}");
}

/// A pipeline begins its work.
pub fn pipeline_started(pipeline: &str, workflow: &str, version: &str, shards: usize, sources: &[String]) {
    info!(pipeline, workflow, version, shards, sources = sources.join(","), "pipeline started");
}

/// The process was asked to stop.
pub fn stopping(signal: &str) {
    info!(signal, "stopping: no more events are taken, those in flight get time to finish");
}

/// A pipeline has stopped; `left` events were still in flight and will be delivered again.
pub fn pipeline_stopped(pipeline: &str, took: Duration, left: usize) {
    let took_ms = millis(took);
    match left {
        0 => info!(pipeline, took_ms, "pipeline stopped, nothing left in flight"),
        _ => warn!(pipeline, took_ms, left, "pipeline stopped with events in flight: they will be delivered again"),
    }
}

/// A pipeline can't go on.
pub fn pipeline_failed(pipeline: &str, error: &dyn Display) {
    error!(pipeline, %error, "pipeline failed");
}

/// A shard ended where it should not, by a panic or because it could not be made; it is made anew after the delay.
pub fn shard_failed(metrics: &PipelineMetrics, pipeline: &str, shard: usize, failure: &str, delay: Duration) {
    metrics.shard_failed();
    let again_in_ms = millis(delay);
    error!(
        pipeline,
        shard, failure, again_in_ms, "a shard failed: it is made anew, its events are delivered again; others go on"
    );
}

/// Partitions came to this member of the group.
pub fn partitions_assigned(pipeline: &str, shard: usize, partitions: &dyn Display) {
    info!(pipeline, shard, %partitions, "partitions assigned");
}

/// Partitions went from this member of the group; what was unfinished will be redelivered to their next owner.
pub fn partitions_revoked(pipeline: &str, shard: usize, partitions: &dyn Display, unfinished: usize) {
    info!(pipeline, shard, %partitions, unfinished, "partitions revoked");
}

/// Partitions are not read for now.
pub fn partitions_paused(pipeline: &str, shard: usize, why: &str) {
    told(&format!("pause {pipeline} {shard}"), |held_back| info!(pipeline, shard, why, held_back, "partitions paused"));
}

/// A partition is not read for now, because as much of it as may be would run again after a crash, or waits for others of one
/// key.
pub fn partition_held(pipeline: &str, shard: usize, topic: &str, partition: i32, max_uncommitted: usize) {
    told(&format!("hold {pipeline} {topic} {partition}"), |held_back| {
        info!(
            pipeline,
            shard,
            topic,
            partition,
            max_uncommitted,
            held_back,
            "partition paused: an event before has not ended, and max_uncommitted or, with `order`, an eighth of max_in_flight is reached behind it; or nothing can be committed"
        );
    });
}

/// Partitions are read again.
pub fn partitions_resumed(pipeline: &str, shard: usize) {
    told(&format!("resume {pipeline} {shard}"), |held_back| info!(pipeline, shard, held_back, "partitions resumed"));
}

/// A Kafka client lost a connection, or did not get one. Whether brokers answer at all is logged elsewhere, once.
pub fn connection_error(metrics: &PipelineMetrics, pipeline: &str, error: &dyn Display) {
    metrics.kafka_error();
    debug!(pipeline, %error, "connection to a broker");
}

/// A Kafka client reported an error that it will get over by itself.
pub fn kafka_error(metrics: &PipelineMetrics, pipeline: &str, error: &dyn Display) {
    metrics.kafka_error();
    let text = error.to_string();
    told(&format!("kafka {pipeline} {text}"), |held_back| {
        warn!(pipeline, error = text, held_back, "Kafka client error");
    });
}

/// The Kafka client of a `topic` connector reported an error that it will get over by itself.
pub fn topic_client_error(topic: &str, error: &dyn Display) {
    let text = error.to_string();
    told(&format!("topic {topic} {text}"), |held_back| {
        warn!(topic, error = text, held_back, "Kafka client error of the connector \"topic\"");
    });
}

/// A line of librdkafka's own log.
pub fn kafka_client_log(level: ClientLogLevel, facility: &str, message: &str) {
    // Lines carry a time-dependent tail ("after 3ms in state CONNECT"): the facility and the beginning tell them apart.
    let beginning: String = message.chars().take_while(|c| !c.is_ascii_digit()).take(80).collect();
    let key = format!("rdkafka {facility} {beginning}");
    match level {
        ClientLogLevel::Error => told(&key, |held_back| error!(facility, message, held_back, "librdkafka")),
        ClientLogLevel::Warning => told(&key, |held_back| warn!(facility, message, held_back, "librdkafka")),
        ClientLogLevel::Info => told(&key, |held_back| info!(facility, message, held_back, "librdkafka")),
        ClientLogLevel::Debug => debug!(facility, message, "librdkafka"),
    }
}

/// A sink did not take a record; it is produced again.
pub fn produce_failed(metrics: &PipelineMetrics, pipeline: &str, topic: &str, error: &dyn Display) {
    metrics.produce_failed();
    let text = error.to_string();
    told(&format!("produce {pipeline} {topic} {text}"), |held_back| {
        warn!(pipeline, topic, error = text, held_back, "a record was not taken, it is produced again");
    });
}

/// A broker refused a batch for its size.
pub fn batch_too_large(pipeline: &str, topic: &str) {
    told(&format!("batch {pipeline} {topic}"), |held_back| {
        warn!(
            pipeline,
            topic,
            held_back,
            "a batch is too large for the topic, its records are sent again in smaller ones; where that happens often, set \
             the producer's `batch.size` below the topic's max.message.bytes"
        );
    });
}

/// Offsets could not be committed; the next commit includes them.
pub fn commit_failed(metrics: &PipelineMetrics, pipeline: &str, error: &dyn Display) {
    metrics.commit_failed();
    let text = error.to_string();
    told(&format!("commit {pipeline} {text}"), |held_back| {
        warn!(pipeline, error = text, held_back, "commit failed, the next one includes these offsets");
    });
}

/// The group rebalances and takes no commits meanwhile; the next commit includes these offsets.
pub fn commit_postponed(pipeline: &str) {
    debug!(pipeline, "commit postponed until the group has rebalanced");
}

/// An event can't be run. `reason` is one of few fixed words, `detail` says what is wrong with it.
pub fn dead_letter(
    metrics: &PipelineMetrics,
    pipeline: &str,
    (topic, partition, offset): (&str, i32, i64),
    reason: &'static str,
    detail: &dyn Display,
) {
    metrics.dead_letter(reason);
    told(&format!("dead letter {pipeline} {reason}"), |held_back| {
        warn!(pipeline, topic, partition, offset, reason, %detail, held_back, "an event can't be run");
    });
}

/// librdkafka refused to assign partitions or to let them go.
pub fn rebalance_failed(pipeline: &str, error: &dyn Display) {
    error!(pipeline, %error, "rebalance failed");
}

/// A source topic can't be read: the pipeline waits for it. `why` is a clause.
pub fn source_missing(pipeline: &str, topics: &str, why: &str, action: &str) {
    warn!(pipeline, topics, action, "source topic {why}: it is waited for");
}

/// All source topics can be read again.
pub fn source_is_back(pipeline: &str, lasted: Duration) {
    info!(pipeline, lasted_ms = millis(lasted), "source topics can be read again");
}

/// A broker has answered for the first time.
pub fn brokers_reached(pipeline: &str, brokers: &str, took: Duration) {
    info!(pipeline, brokers, took_ms = millis(took), "brokers reached");
}

/// No broker answers, whether one ever did or not. Told once, however many clients notice.
pub fn brokers_unreachable(
    pipeline: &str,
    brokers: &str,
    was_up: bool,
    lasts: Duration,
    error: &str,
    advice: Option<&str>,
) {
    let lasts_ms = millis(lasts);
    let what = if was_up { "brokers lost" } else { "brokers not reached yet" };
    let then = advice.unwrap_or("it goes on by itself");
    warn!(pipeline, brokers, lasts_ms, error, "{what}: nothing is read, results wait; {then}");
}

/// A broker answers again.
pub fn brokers_back(pipeline: &str, brokers: &str, lasted: Duration) {
    info!(pipeline, brokers, lasted_ms = millis(lasted), "brokers are back");
}

/// The brokers take less metadata with a commit than they were given; now they are given at most `bytes`.
pub fn metadata_shortened(pipeline: &str, bytes: usize) {
    info!(
        pipeline,
        bytes, "brokers take less with a commit: a crash may run more again; offset.metadata.max.bytes is their limit"
    );
}

/// The log of a partition no longer has what the group would have read next. `range` is what it has, `goes_on_at` where
/// reading goes on; none: the partition is not read.
pub fn out_of_range(
    metrics: &PipelineMetrics,
    pipeline: &str,
    (topic, partition): (&str, i32),
    position: i64,
    (earliest, end): (i64, i64),
    goes_on_at: Option<i64>,
    lost: u64,
) {
    metrics.out_of_range(if goes_on_at.is_some() { lost } else { 0 });
    let why = if position > end { "the log was cut, or the topic made anew" } else { "retention deleted them" };
    let then = match goes_on_at {
        Some(_) => "reading goes on by `on_out_of_range`, up to `lost` records were never read",
        None => "the partition is not read, as `on_out_of_range` is \"stop\"",
    };
    error!(
        pipeline,
        topic, partition, position, earliest, end, goes_on_at, lost, why, "the next records are gone: {then}"
    );
}

/// No topic has acknowledged anything for a while, though records wait.
pub fn sink_silent(pipeline: &str, shard: usize, reason: &str, action: &str) {
    warn!(pipeline, shard, reason, action, "results are not taken, they wait");
}

/// Records are acknowledged again.
pub fn sink_is_back(pipeline: &str, shard: usize, lasted: Duration) {
    info!(pipeline, shard, lasted_ms = millis(lasted), "results are taken again");
}

/// Partitions are paused, and no event has come to its end for a while.
pub fn reading_stalled(pipeline: &str, shard: usize, reason: &str, action: &str) {
    warn!(pipeline, shard, reason, action, "nothing is read, and no event ends");
}

/// A part of the process shows no sign of life.
pub fn part_silent(part: &str, lasts: Duration, action: &str) {
    error!(part, lasts_ms = millis(lasts), action, "a part shows no sign of life");
}

/// A part of the process shows signs of life again, or has come to its end.
pub fn part_is_back(part: &str, lasted: Duration) {
    info!(part, lasted_ms = millis(lasted), "the silence of a part has ended");
}

/// A producer met an error that it can't go on after.
pub fn producer_replaced(pipeline: &str) {
    warn!(pipeline, "producer replaced after a fatal error, what it had not delivered is produced again");
}

/// An execution failed, and no topic takes failures.
pub fn failure_untold(pipeline: &str, execution: &str, error: Option<&str>, cause: Option<&str>) {
    told(&format!("failure {pipeline} {error:?}"), |held_back| {
        warn!(
            pipeline,
            execution, error, cause, held_back, "execution failed; set `failures` or `sink` to keep failures"
        );
    });
}

/// An execution that failed or timed out, for its log line.
pub struct FailedExecution<'a> {
    /// Its pipeline.
    pub pipeline: &'a str,
    /// Its workflow.
    pub workflow: &'a str,
    /// The workflow's version.
    pub version: &'a str,
    /// Where its event is.
    pub topic: &'a str,
    /// Where its event is.
    pub partition: i32,
    /// Where its event is.
    pub offset: i64,
    /// Its ARN.
    pub execution: &'a str,
    /// How it ended.
    pub status: &'a dyn Display,
    /// The state that failed.
    pub state: &'a str,
    /// The error name, if there is one.
    pub error: Option<&'a str>,
    /// The explanation, if there is one.
    pub cause: Option<&'a str>,
}

/// An execution failed or timed out.
pub fn execution_failed(failed: &FailedExecution<'_>) {
    let FailedExecution { pipeline, workflow, version, topic, partition, offset, execution, status, .. } = *failed;
    let FailedExecution { state, error, .. } = *failed;
    let cause = failed.cause.map(|cause| cause.chars().take(MAX_CAUSE_CHARS).collect::<String>());
    warn!(
        pipeline, workflow, version, topic, partition, offset, execution, %status, state, error, cause, "execution failed"
    );
}

/// An event of an execution, in the service's shape.
pub fn execution_event(pipeline: &str, event: &str) {
    info!(pipeline, event, "execution event");
}

/// An event of an execution did not get into the topic for them.
pub fn execution_event_lost(metrics: &PipelineMetrics, pipeline: &str, topic: &str, error: &dyn Display) {
    metrics.execution_event_lost();
    told(&format!("log_topic {pipeline}"), |held_back| {
        warn!(
            pipeline,
            topic, %error, held_back,
            "events of executions are not written: stepstream_execution_events_lost_total counts them; look at `log_topic`"
        );
    });
}

/// An execution has more events than are logged.
pub fn execution_events_left_out(pipeline: &str, execution: &str, left_out: usize) {
    info!(pipeline, execution, left_out, "more events of this execution are not logged");
}

/// More executions have failed than are logged, since this was last said.
pub fn failed_executions_suppressed(pipeline: &str, suppressed: u64) {
    warn!(
        pipeline,
        suppressed, "more executions failed than are logged; stepstream_execution_failures_total counts them by error"
    );
}

/// More executions have ended than are logged, since this was last said.
pub fn executions_suppressed(pipeline: &str, suppressed: u64) {
    info!(pipeline, suppressed, "more executions ended than are logged");
}

/// An event could not be run or its outcome not be written, and no topic takes it.
pub fn event_skipped(pipeline: &str, (topic, partition, offset): (&str, i32, i64)) {
    told(&format!("skipped {pipeline}"), |held_back| {
        error!(pipeline, topic, partition, offset, held_back, "event skipped; set `dead_letters` to keep such events");
    });
}

/// A workflow got its first version.
pub fn workflow_loaded(workflow: &str, file: &Path, version: &str) {
    info!(workflow, file = %file.display(), version, "workflow loaded");
}

/// Something in a definition is valid, but probably not what was meant.
pub fn workflow_warnings(workflow: &str, file: &Path, warnings: &str) {
    let warnings = first_paragraph(warnings);
    warn!(workflow, file = %file.display(), warnings, "the definition is valid, but probably not what was meant");
}

/// A workflow got a new version; executions under way finish on the one they began with.
pub fn workflow_swapped(workflow: &str, from: &str, to: &str) {
    counter!(recorder::SWAPS, "workflow" => workflow.to_owned(), "outcome" => "ok").increment(1);
    info!(workflow, from, to, "workflow swapped");
}

/// A new version of a workflow was refused; the current one stays.
pub fn workflow_refused(workflow: &str, file: &Path, stays: &str, why: &str) {
    counter!(recorder::SWAPS, "workflow" => workflow.to_owned(), "outcome" => "refused").increment(1);
    let why = first_paragraph(why);
    error!(
        workflow,
        file = %file.display(),
        stays, why, "new version refused, the current one stays; /workflows shows the lines that are wrong"
    );
}

/// A workflow's file was refused when the process started; its last good version, from `state_dir`, runs.
pub fn workflow_resumed(workflow: &str, file: &Path, version: &str, why: &str) {
    counter!(recorder::SWAPS, "workflow" => workflow.to_owned(), "outcome" => "refused").increment(1);
    let why = first_paragraph(why);
    error!(workflow, file = %file.display(), version, why, "definition refused, the last good version runs: correct the file");
}

/// A workflow's file was refused, and its last good version can't take its place.
pub fn workflow_last_good_unusable(workflow: &str, error: &dyn Display) {
    let error = first_paragraph(&error.to_string());
    error!(workflow, error, "the last good version can't be used");
}

/// A version runs, but was not kept: a restart can't go on with it when the file has been broken.
pub fn workflow_not_kept(workflow: &str, error: &dyn Display) {
    warn!(workflow, %error, "version not kept in `state_dir`: make room or correct its permissions");
}

/// A file that was refused is accepted again.
pub fn workflow_put_right(workflow: &str, file: &Path, version: &str) {
    info!(workflow, file = %file.display(), version, "the refused definition has been put right");
}

/// The configuration file has changed since the process started: that is only read at the start.
pub fn config_change_ignored(config: &Path) {
    warn!(config = %config.display(), "the configuration file has changed: that has no effect until a restart");
}

/// Somebody asked for all workflow files to be read again (SIGHUP), and this came of it.
pub fn workflows_reloaded(swapped: usize, refused: usize, unchanged: usize) {
    info!(swapped, refused, unchanged, "SIGHUP: workflow files read again");
}

/// Workflow files could not be read again, for want of a thread.
pub fn reload_failed(error: &dyn Display) {
    error!(%error, "SIGHUP: the operating system gives no thread to read workflow files again; send it again later");
}

/// The folder of a workflow file can't be watched: changes are noticed later.
pub fn watch_failed(folder: &Path, error: &dyn Display) {
    warn!(folder = %folder.display(), %error, "can't watch for changes: they are noticed within ten seconds, or at once with SIGHUP");
}

/// Health, metrics and workflows are served.
pub fn http_listening(address: SocketAddr) {
    info!(%address, "serving /healthz, /readyz, /metrics and /workflows");
}

/// The Step Functions API is served.
pub fn api_listening(address: SocketAddr) {
    info!(%address, "serving the Step Functions API");
}

/// The HTTP side ended with an error.
pub fn http_failed(error: &dyn Display) {
    error!(%error, "HTTP server ended");
}

/// The lines before the first empty one, on one line: what is below is for more room than a log has.
fn first_paragraph(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    lines.join("; ")
}

/// Tells a repeated message once per interval.
pub(super) fn told(key: &str, tell: impl FnOnce(u64)) {
    if let Some(held_back) = QUIET.admit(key, Instant::now()) {
        tell(held_back);
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
