use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};

use super::durations::{DurationTally, Durations};
use super::{lag, recorder};

/// Handles to a pipeline's metrics, resolved once. Cheap to clone; every shard has one.
#[derive(Clone)]
pub struct PipelineMetrics {
    pipeline: Arc<str>,
    consumed: Counter,
    consumed_bytes: Counter,
    skipped: Counter,
    acknowledged: Counter,
    retries: Counter,
    commits: Counter,
    commit_errors: Counter,
    produce_errors: Counter,
    kafka_errors: Counter,
    shard_failures: Counter,
    execution_events_lost: Counter,
    in_flight: Gauge,
    uncommitted: Gauge,
    waiting_for_order: Gauge,
    paused: Gauge,
    assigned: Gauge,
    refusing: Gauge,
    broker_up: Gauge,
    out_of_range: Counter,
    records_lost: Counter,
}

/// Handles to the metrics of one version of a workflow in one pipeline.
#[derive(Clone)]
pub struct VersionMetrics {
    succeeded: Counter,
    failed: Counter,
    timed_out: Counter,
    durations: Arc<Durations>,
}

/// What a shard has counted since it last published. Plain numbers: counting costs an addition.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events taken.
    pub consumed: u64,
    /// Payload bytes of those events.
    pub consumed_bytes: u64,
    /// Events that were read again and not run again, because they were done.
    pub skipped: u64,
    /// Results and failures that the sink has acknowledged.
    pub acknowledged: u64,
    /// Retries of states.
    pub retries: u64,
    /// What holds now: set it, it is not a difference.
    pub levels: Levels,
    published: Levels,
}

/// How things stand in a shard. All shards of a pipeline add up in its gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Events in flight.
    pub in_flight: usize,
    /// Partitions that it reads.
    pub assigned: usize,
    /// Those of them that are not read for now.
    pub paused: usize,
    /// Events that were read and whose offsets are not committed.
    pub uncommitted: usize,
    /// Events that wait for others of their key or their partition.
    pub waiting_for_order: usize,
    /// Whether a topic that it writes to takes no records.
    pub refusing: bool,
}

/// What a shard has counted for one version since it last published.
#[derive(Debug, Default)]
pub struct VersionTally {
    /// Executions that succeeded.
    pub succeeded: u64,
    /// Executions that failed.
    pub failed: u64,
    /// Executions that timed out.
    pub timed_out: u64,
    durations: DurationTally,
}

impl PipelineMetrics {
    /// Resolves the handles of a pipeline. After [`super::init_metrics`]: handles from before count nothing.
    pub fn new(pipeline: &str) -> Self {
        let name = pipeline.to_owned();
        let counter = |metric: &'static str| counter!(metric, "pipeline" => name.clone());
        let gauge = |metric: &'static str| gauge!(metric, "pipeline" => name.clone());
        Self {
            pipeline: pipeline.into(),
            consumed: counter(recorder::CONSUMED),
            consumed_bytes: counter(recorder::CONSUMED_BYTES),
            skipped: counter(recorder::SKIPPED),
            acknowledged: counter(recorder::PRODUCED),
            retries: counter(recorder::RETRIES),
            commits: counter(recorder::COMMITS),
            commit_errors: counter(recorder::COMMIT_ERRORS),
            produce_errors: counter(recorder::PRODUCE_ERRORS),
            kafka_errors: counter(recorder::KAFKA_ERRORS),
            shard_failures: counter(recorder::SHARD_FAILURES),
            execution_events_lost: counter(recorder::EXECUTION_EVENTS_LOST),
            in_flight: gauge(recorder::IN_FLIGHT),
            uncommitted: gauge(recorder::UNCOMMITTED),
            waiting_for_order: gauge(recorder::WAITING_FOR_ORDER),
            paused: gauge(recorder::PAUSED),
            assigned: gauge(recorder::ASSIGNED),
            refusing: gauge(recorder::SINK_REFUSING),
            broker_up: gauge(recorder::BROKER_UP),
            out_of_range: counter(recorder::OUT_OF_RANGE),
            records_lost: counter(recorder::RECORDS_LOST),
        }
    }

    /// Resolves the handles of a version: once per swap and shard.
    pub fn version(&self, workflow: &str, version: &str) -> VersionMetrics {
        let counter = |status: &'static str| {
            counter!(
                recorder::EXECUTIONS,
                "pipeline" => self.pipeline.to_string(),
                "workflow" => workflow.to_owned(),
                "version" => version.to_owned(),
                "status" => status
            )
        };
        let labels = [("pipeline", &*self.pipeline), ("workflow", workflow)];
        VersionMetrics {
            succeeded: counter("succeeded"),
            failed: counter("failed"),
            timed_out: counter("timed_out"),
            durations: Durations::registered(recorder::EXECUTION_DURATION, &labels),
        }
    }

    /// Adds a shard's tally and resets it.
    pub fn publish(&self, tally: &mut Tally) {
        add(&self.consumed, &mut tally.consumed);
        add(&self.consumed_bytes, &mut tally.consumed_bytes);
        add(&self.skipped, &mut tally.skipped);
        add(&self.acknowledged, &mut tally.acknowledged);
        add(&self.retries, &mut tally.retries);
        let (now, before) = (tally.levels, tally.published);
        if now != before {
            // All shards share the gauges, so each adds its difference.
            for (gauge, now, before) in [
                (&self.in_flight, now.in_flight, before.in_flight),
                (&self.uncommitted, now.uncommitted, before.uncommitted),
                (&self.waiting_for_order, now.waiting_for_order, before.waiting_for_order),
                (&self.assigned, now.assigned, before.assigned),
                (&self.paused, now.paused, before.paused),
                (&self.refusing, now.refusing.into(), before.refusing.into()),
            ] {
                gauge.increment(now as f64 - before as f64);
            }
            tally.published = now;
        }
    }

    /// Counts an event that could not be run; `reason` is one of few fixed words.
    pub fn dead_letter(&self, reason: &'static str) {
        counter!(recorder::DEAD_LETTERS, "pipeline" => self.pipeline.to_string(), "reason" => reason).increment(1);
    }

    /// Counts a commit that succeeded.
    pub fn committed(&self) {
        self.commits.increment(1);
    }

    /// Counts a commit that failed.
    pub fn commit_failed(&self) {
        self.commit_errors.increment(1);
    }

    /// Counts a record that a sink refused.
    pub fn produce_failed(&self) {
        self.produce_errors.increment(1);
    }

    /// Counts a shard that failed.
    pub fn shard_failed(&self) {
        self.shard_failures.increment(1);
    }

    /// Counts an event of an execution that its topic did not take.
    pub fn execution_event_lost(&self) {
        self.execution_events_lost.increment(1);
    }

    /// Counts an error that a Kafka client reported.
    pub fn kafka_error(&self) {
        self.kafka_errors.increment(1);
    }

    /// Sets whether brokers answer.
    pub fn broker_up(&self, is_up: bool) {
        self.broker_up.set(u8::from(is_up));
    }

    /// Counts a position that was outside of its log, and the records that were passed over for it.
    pub fn out_of_range(&self, lost: u64) {
        self.out_of_range.increment(1);
        self.records_lost.increment(lost);
    }

    /// Notes that the ends of all partitions are known now.
    pub fn looked_at_ends(&self) {
        lag::looked(&self.pipeline);
    }

    /// A partition is read from now on: its lag is not known yet.
    pub fn lag_expected(&self, topic: &str, partition: i32) {
        lag::expect(&self.pipeline, topic, partition);
    }

    /// Sets how many records a partition is behind.
    pub fn lag(&self, topic: &str, partition: i32, records: u64) {
        lag::set(&self.pipeline, topic, partition, records);
    }

    /// Forgets the lag of a partition that was revoked.
    pub fn lag_gone(&self, topic: &str, partition: i32) {
        lag::remove(&self.pipeline, topic, partition);
    }
}

impl VersionTally {
    /// Counts how long an execution took, from taking its event to its end.
    #[inline]
    pub fn took(&mut self, duration: Duration) {
        self.durations.record(duration);
    }

    /// Adds everything to the version's metrics and starts again from zero.
    pub fn publish(&mut self, metrics: &VersionMetrics) {
        add(&metrics.succeeded, &mut self.succeeded);
        add(&metrics.failed, &mut self.failed);
        add(&metrics.timed_out, &mut self.timed_out);
        self.durations.publish(&metrics.durations);
    }
}

fn add(counter: &Counter, count: &mut u64) {
    if *count > 0 {
        counter.increment(*count);
        *count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{init_metrics, render_metrics};
    use super::*;

    #[test]
    fn tallies_of_shards_add_up_under_their_labels() {
        init_metrics();
        let metrics = PipelineMetrics::new("tally-test");
        let version = metrics.version("order", "1-abcd");
        let mut tallies = [Tally::default(), Tally::default()];
        for (consumed, tally) in (1..).zip(&mut tallies) {
            tally.consumed = consumed;
            tally.levels =
                Levels { in_flight: 4, uncommitted: 5, waiting_for_order: 3, assigned: 2, paused: 2, refusing: true };
            metrics.publish(tally);
        }
        tallies[0].levels = Levels { in_flight: 1, assigned: 1, ..Levels::default() };
        metrics.publish(&mut tallies[0]);
        metrics.publish(&mut tallies[0]);
        let mut ended = VersionTally { succeeded: 2, timed_out: 1, ..VersionTally::default() };
        ended.took(Duration::from_millis(2));
        ended.publish(&version);
        metrics.dead_letter("not_json");

        let text = render_metrics();
        for line in [
            r#"stepstream_events_consumed_total{pipeline="tally-test"} 3"#,
            r#"stepstream_in_flight{pipeline="tally-test"} 5"#,
            r#"stepstream_assigned_partitions{pipeline="tally-test"} 3"#,
            r#"stepstream_paused_partitions{pipeline="tally-test"} 2"#,
            r#"stepstream_sink_refusing{pipeline="tally-test"} 1"#,
            r#"stepstream_executions_total{pipeline="tally-test",workflow="order",version="1-abcd",status="succeeded"} 2"#,
            r#"stepstream_executions_total{pipeline="tally-test",workflow="order",version="1-abcd",status="failed"} 0"#,
            r#"stepstream_executions_total{pipeline="tally-test",workflow="order",version="1-abcd",status="timed_out"} 1"#,
            r#"stepstream_dead_letters_total{pipeline="tally-test",reason="not_json"} 1"#,
            r#"stepstream_execution_duration_seconds_count{pipeline="tally-test",workflow="order"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("process_start_time_seconds "), "{text}");
    }
}
