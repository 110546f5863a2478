//! Records that the broker deleted before they were read: reading goes on at the earliest, and the loss is counted.

use crate::broker::{Broker, wait_until};
use crate::daemon::Pipeline;
use crate::events::Orders;

const EVENTS: usize = 2_000;
/// Records of the one partition that are deleted.
const DELETED: usize = 500;

#[test]
fn a_backlog_that_was_cut_while_nobody_read_is_read_from_its_earliest_record() {
    let broker = Broker::connect();
    let definition = include_str!("../../config/workflows/router.asl.json");
    let pipeline = Pipeline::with_definition(&broker, "cut", 1, definition);
    let (feed, orders) = (broker.producer(), Orders::new());
    let daemon = pipeline.start();
    wait_until("its place is committed", || {
        daemon.metric("stepstream_commits_total") > 0.0 || daemon.metric("stepstream_assigned_partitions") > 0.0
    });
    orders.send(&feed, &pipeline.source.name, 0..1);
    feed.flush();
    wait_until("one event is done with", || broker.committed_total(&pipeline.group, &pipeline.source.name) == 1);
    assert!(daemon.terminate().success());

    orders.send(&feed, &pipeline.source.name, 1..EVENTS);
    feed.flush();
    broker.delete_before(&pipeline.source.name, 0, DELETED);
    // A group that starts again would begin at the end: this one has begun.
    let pipeline = pipeline.option("start_from = \"latest\"");
    let daemon = pipeline.start();
    wait_until("what is left has been read", || {
        daemon.assert_alive();
        broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64
    });
    assert_eq!(daemon.metric("stepstream_events_consumed_total"), (EVENTS - DELETED) as f64);
    assert_eq!(daemon.metric("stepstream_records_lost_total"), (DELETED - 1) as f64);
    assert!(daemon.terminate().success());
}

#[test]
fn records_deleted_under_a_pipeline_that_is_paused_are_counted_when_it_reads_on() {
    let broker = Broker::connect();
    let sink = broker.absent_topic("cut-paused-results");
    let definition = include_str!("../../config/workflows/router.asl.json");
    // Small enough for what the client fetches ahead to be thrown away by the pause, and nothing else.
    let pipeline = Pipeline::with_sink(&broker, "cut-paused", 1, definition, sink).option("max_in_flight = 10");
    let (feed, orders) = (broker.producer(), Orders::new());
    orders.send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    let daemon = pipeline.spawn();
    wait_until("the sink is told as missing", || {
        daemon.assert_alive();
        daemon.get("/readyz").is_some_and(|(status, page)| status == 503 && page.contains("\"kind\": \"sink\""))
    });
    assert_eq!(daemon.metric("stepstream_paused_partitions"), 1.0);
    broker.delete_before(&pipeline.source.name, 0, DELETED);
    broker.create(&pipeline.sink.name, 1, &[]);
    wait_until("what is left has been read", || {
        daemon.assert_alive();
        broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64
    });
    wait_until("the loss is counted", || daemon.metric("stepstream_out_of_range_total") == 1.0);
    let read = daemon.metric("stepstream_events_consumed_total");
    assert_eq!(daemon.metric("stepstream_records_lost_total") + read, EVENTS as f64);
    wait_until("it is ready", || daemon.get("/readyz").is_some_and(|(status, _)| status == 200));
    assert!(daemon.terminate().success());
}
