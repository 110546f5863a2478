//! Where a pipeline begins to read, how far behind it is, and what it says while brokers are gone.

use super::SOME;
use super::harness::{self, Cluster, calling_gate, echo, large};
use crate::telemetry::{Health, init_metrics, render_metrics};

fn metric(line: &str) -> Option<f64> {
    render_metrics().lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}

#[test]
fn the_lag_follows_the_end_while_partitions_are_paused() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("max_in_flight = 10");
    cluster.send((0..20).map(calling_gate));
    harness::eventually("reading pauses", || pipeline.snapshot().pauses > 0);
    cluster.send((20..SOME).map(calling_gate));
    harness::eventually("the lag is what waits", || pipeline.snapshot().lag == SOME as u64);
    cluster.open_gate();
    harness::eventually("nothing waits", || pipeline.snapshot().lag == 0);
    harness::end(pipeline);
}

#[test]
fn a_group_that_starts_at_the_latest_has_no_lag_and_keeps_its_place() {
    let cluster = Cluster::new(1);
    cluster.send((0..SOME).map(echo));
    let pipeline = cluster.start("start_from = \"latest\"");
    harness::eventually("its place is committed", || cluster.committed() == SOME as i64);
    assert_eq!((pipeline.snapshot().lag, pipeline.snapshot().events), (0, 0));
    harness::end(pipeline);
    // While nobody reads: the next member of the group does.
    cluster.send((SOME..SOME + 3).map(echo));
    let pipeline = cluster.start("start_from = \"latest\"");
    cluster.collect(3);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), SOME as i64 + 3);
}

#[test]
fn a_backlog_that_retention_cut_is_read_from_its_earliest_record_and_the_loss_is_counted() {
    init_metrics();
    let cluster = Cluster::new(1);
    cluster.send((0..50).map(large));
    let (low, end) = cluster.range();
    assert!(low > 1 && end == 50, "the cluster has dropped records: {low}, {end}");
    cluster.commit(1);
    let pipeline = cluster.start("name = \"cut\"\nstart_from = \"latest\"");
    harness::eventually("what is there has been read", || pipeline.snapshot().completed == (end - low) as u64);
    assert_eq!(metric("stepstream_out_of_range_total{pipeline=\"cut\"}"), Some(1.0));
    assert_eq!(metric("stepstream_records_lost_total{pipeline=\"cut\"}"), Some((low - 1) as f64));
    harness::end(pipeline);
    assert_eq!(cluster.committed(), end);
}

#[test]
fn a_committed_offset_past_the_end_goes_on_where_the_policy_says() {
    for (policy, events, committed) in [("earliest", 5, 5), ("latest", 0, 5)] {
        let cluster = Cluster::new(1);
        cluster.send((0..5).map(echo));
        cluster.commit(70);
        let pipeline = cluster.start(&format!("on_out_of_range = \"{policy}\""));
        harness::eventually("it goes on", || cluster.committed() == committed);
        assert_eq!(pipeline.snapshot().events, events, "{policy}");
        harness::end(pipeline);
    }
}

#[test]
fn by_the_policy_stop_a_partition_is_not_read_and_the_shard_says_so() {
    let cluster = Cluster::new(1);
    cluster.send((0..5).map(echo));
    cluster.commit(70);
    let health = Health::new();
    let pipeline = cluster.start_with("on_out_of_range = \"stop\"", &health);
    harness::eventually("it is not ready", || {
        health.not_ready().iter().any(|not| not.reason.starts_with("events-0 is not read"))
    });
    assert!(health.not_ready()[0].action.contains("group group"), "{:?}", health.not_ready());
    harness::end(pipeline);
    assert_eq!((cluster.committed(), health.not_ready()), (70, Vec::new()));
}

#[test]
fn while_no_broker_answers_the_pipeline_is_not_ready_and_its_lag_unknown() {
    init_metrics();
    let cluster = Cluster::new(1);
    let health = Health::new();
    let pipeline = cluster.start_with("name = \"brokerless\"", &health);
    let up = || metric("stepstream_broker_up{pipeline=\"brokerless\"}");
    harness::eventually("it is ready", || health.not_ready().is_empty() && up() == Some(1.0));
    cluster.stop_brokers();
    harness::eventually("it says that brokers are gone", || {
        health.not_ready().iter().any(|not| not.reason.starts_with("no broker of ")) && up() == Some(0.0)
    });
    let lag = "stepstream_consumer_lag{pipeline=\"brokerless\",topic=\"events\",partition=\"0\"}";
    harness::eventually("its lag is not shown", || metric(lag).is_none());
    let age = "stepstream_consumer_lag_age_seconds{pipeline=\"brokerless\"}";
    assert!(metric(age).is_some_and(|age| age > 5.0), "{:?}", metric(age));
    cluster.start_brokers();
    harness::eventually("it is ready again", || health.not_ready().is_empty() && up() == Some(1.0));
    harness::eventually("its lag is shown again", || metric(lag) == Some(0.0));
    harness::end(pipeline);
}
