use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{durations, lag, versions};

pub(super) const SKIPPED: &str = "stepstream_events_skipped_total";
pub(super) const CONSUMED: &str = "stepstream_events_consumed_total";
pub(super) const CONSUMED_BYTES: &str = "stepstream_events_consumed_bytes_total";
pub(super) const EXECUTIONS: &str = "stepstream_executions_total";
pub(super) const EXECUTION_DURATION: &str = "stepstream_execution_duration_seconds";
pub(super) const EXECUTION_FAILURES: &str = "stepstream_execution_failures_total";
pub(super) const STATES_ENTERED: &str = "stepstream_states_entered_total";
pub(super) const STATES_SUCCEEDED: &str = "stepstream_states_succeeded_total";
pub(super) const STATES_FAILED: &str = "stepstream_states_failed_total";
pub(super) const STATES_RETRIED: &str = "stepstream_states_retried_total";
pub(super) const STATES_CAUGHT: &str = "stepstream_states_caught_total";
pub(super) const STATE_DURATION: &str = "stepstream_state_duration_seconds";
pub(super) const PRODUCED: &str = "stepstream_results_acknowledged_total";
pub(super) const DEAD_LETTERS: &str = "stepstream_dead_letters_total";
pub(super) const RETRIES: &str = "stepstream_retries_total";
pub(super) const IN_FLIGHT: &str = "stepstream_in_flight";
pub(super) const COMMITS: &str = "stepstream_commits_total";
pub(super) const COMMIT_ERRORS: &str = "stepstream_commit_errors_total";
pub(super) const PRODUCE_ERRORS: &str = "stepstream_produce_errors_total";
pub(super) const KAFKA_ERRORS: &str = "stepstream_kafka_errors_total";
pub(super) const SHARD_FAILURES: &str = "stepstream_shard_failures_total";
pub(super) const EXECUTION_EVENTS_LOST: &str = "stepstream_execution_events_lost_total";
pub(super) const WAITING_FOR_ORDER: &str = "stepstream_events_waiting_for_order";
pub(super) const CALLBACKS: &str = "stepstream_callbacks_total";
pub(super) const CALLBACKS_AWAITED: &str = "stepstream_callbacks_awaited";
pub(super) const CALLBACKS_LONGEST: &str = "stepstream_callbacks_longest_wait_seconds";
pub(super) const UNCOMMITTED: &str = "stepstream_uncommitted";
pub(super) const PAUSED: &str = "stepstream_paused_partitions";
pub(super) const ASSIGNED: &str = "stepstream_assigned_partitions";
pub(super) const SINK_REFUSING: &str = "stepstream_sink_refusing";
pub(super) const BROKER_UP: &str = "stepstream_broker_up";
pub(super) const OUT_OF_RANGE: &str = "stepstream_out_of_range_total";
pub(super) const RECORDS_LOST: &str = "stepstream_records_lost_total";
pub(super) const TASK_CALLS: &str = "stepstream_task_calls_total";
pub(super) const TASKS_IN_FLIGHT: &str = "stepstream_task_calls_in_flight";
pub(super) const TASK_DURATION: &str = "stepstream_task_call_duration_seconds";
pub(super) const TASKS_WAITING: &str = "stepstream_task_calls_waiting";
pub(super) const TASKS_HELD: &str = "stepstream_task_calls_held";
pub(super) const TASK_UNAVAILABLE: &str = "stepstream_task_unavailable";
pub(super) const TASK_PERMIT_WAIT: &str = "stepstream_task_permit_wait_seconds";
pub(super) const TASK_ERRORS: &str = "stepstream_task_errors_total";
const BUILD_INFO: &str = "stepstream_build_info";
pub(super) const SWAPS: &str = "stepstream_workflow_swaps_total";
pub(super) const LOG_LINES_DROPPED: &str = "stepstream_log_lines_dropped_total";

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting for the whole process; before it, counters count nothing. A second call changes nothing.
pub fn init_metrics() {
    HANDLE.get_or_init(|| {
        // Somebody who embeds this crate may have a recorder already, and keeps it.
        let handle = PrometheusBuilder::new().install_recorder().ok()?;
        describe();
        gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge!("process_start_time_seconds").set(now.as_secs_f64());
        Some(handle)
    });
}

/// All metrics in Prometheus' text format; empty before [`init_metrics`].
pub fn render_metrics() -> String {
    let Some(handle) = HANDLE.get().and_then(Option::as_ref) else { return String::new() };
    let mut out = handle.render();
    durations::render(&mut out, |name| match name {
        EXECUTION_DURATION => "Time from taking an event to the end of its execution",
        STATE_DURATION => "Time from entering a state to leaving it, retries included, of states that take any",
        TASK_DURATION => "Time from a task call to its outcome",
        TASK_PERMIT_WAIT => "Time that task calls waited because as many as may be were under way",
        _ => "Durations",
    });
    lag::render(&mut out);
    versions::render(&mut out);
    out
}

/// Every counter, and what it counts.
const COUNTERS: &[(&str, &str)] = &[
    (CONSUMED, "Events taken from source topics"),
    (CONSUMED_BYTES, "Payload bytes of events taken from source topics"),
    (SKIPPED, "Events that were read again and not run again, because the group knew that they were done"),
    (EXECUTIONS, "Executions that ended, by workflow, version and status"),
    (EXECUTION_FAILURES, "Executions that failed or timed out, by error"),
    (STATES_ENTERED, "Times that a state was entered"),
    (STATES_SUCCEEDED, "Times that a state was left with an output of its own"),
    (STATES_FAILED, "Failures of attempts of a state, by error; each is retried, caught, or fails what is around"),
    (STATES_RETRIED, "Failures of a state that were retried"),
    (STATES_CAUGHT, "Failures of a state that were caught"),
    (PRODUCED, "Results and failures that the sink has acknowledged"),
    (DEAD_LETTERS, "Events that could not be run, by reason"),
    (RETRIES, "Retries of states"),
    (COMMITS, "Commits of offsets"),
    (COMMIT_ERRORS, "Commits of offsets that failed"),
    (PRODUCE_ERRORS, "Records that a sink refused; they are produced again"),
    (SHARD_FAILURES, "Shards that panicked or could not be made anew; they are tried again"),
    (EXECUTION_EVENTS_LOST, "Events of executions that log_topic did not take"),
    (KAFKA_ERRORS, "Errors that Kafka clients reported"),
    (OUT_OF_RANGE, "Times that a log no longer had what would have been read next"),
    (
        RECORDS_LOST,
        "Records that were never read, because the log no longer had them or on_out_of_range passed them over",
    ),
    (TASK_CALLS, "Task calls that ended, by connector, Resource and outcome"),
    (CALLBACKS, "Callbacks that came, by action and outcome; those of other nodes are TaskDoesNotExist"),
    (TASK_ERRORS, "Task calls that failed, by connector, Resource and error"),
    (LOG_LINES_DROPPED, "Log lines that could not be written to standard error"),
    (SWAPS, "New versions of workflow files, by outcome: ok or refused"),
];

/// Every gauge, and what it shows. Those that are rendered elsewhere describe themselves.
const GAUGES: &[(&str, &str)] = &[
    (
        UNCOMMITTED,
        "Events that were read and that a crash would run again: they are not done, or the group does not know it",
    ),
    (WAITING_FOR_ORDER, "Events that wait until others of their key, or their partition, have ended"),
    (CALLBACKS_AWAITED, "Tasks that wait for a callback"),
    (CALLBACKS_LONGEST, "How long the task has waited that waits longest for a callback"),
    (IN_FLIGHT, "Events taken whose offset is not complete yet"),
    (PAUSED, "Partitions that are not read for now, because something downstream is slow"),
    (ASSIGNED, "Partitions that this process reads"),
    (BROKER_UP, "Whether any broker answers: 1 or 0"),
    (SINK_REFUSING, "Shards that write to a topic which takes no records; they wait"),
    (TASKS_IN_FLIGHT, "Task calls under way, with those that wait for others to end"),
    (TASKS_WAITING, "Task calls that wait because as many as may be are under way"),
    (TASKS_HELD, "Task calls that wait for a service which is not available"),
    (TASK_UNAVAILABLE, "Whether a service behind tasks is not available, so that its calls wait: 1 or 0"),
    (BUILD_INFO, "Version of this process; always 1"),
    ("process_start_time_seconds", "When this process started, in seconds since the Unix epoch"),
];

fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(*name, *help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(*name, *help);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    /// The metrics that the files of this room define a name for.
    fn known() -> BTreeSet<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/telemetry");
        let files = fs::read_dir(folder).expect("the folder of this room").map(|entry| entry.expect("an entry").path());
        let texts = files.map(|file| fs::read_to_string(file).expect("a source file"));
        let names = texts.flat_map(|text| {
            let values = text.lines().filter_map(|line| line.split_once(": &str = \"")?.1.strip_suffix("\";"));
            values.map(str::to_owned).collect::<Vec<_>>()
        });
        names.filter(|name| name.starts_with("stepstream_")).collect()
    }

    fn named_in(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
        words.filter(|word| word.starts_with("stepstream_")).map(str::to_owned).collect()
    }

    #[test]
    fn alerts_and_the_page_on_operations_name_the_metrics_that_there_are() {
        let known = known();
        let alerts = named_in(include_str!("../../config/alerts.yml"));
        assert!(alerts.is_subset(&known), "{:?}", alerts.difference(&known).collect::<Vec<_>>());
        assert_eq!(named_in(include_str!("../../docs/operations.md")), known);
    }
}
