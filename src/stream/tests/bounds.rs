//! Bounds that single events could break.

use std::time::Duration;

use super::harness::{self, Cluster, echo};

#[test]
fn a_partition_is_read_up_to_max_uncommitted_that_are_not_done_and_others_go_on() {
    const BOUND: usize = 50;
    const EACH: usize = 150;
    let cluster = Cluster::new(2);
    let pipeline = cluster.start("max_uncommitted = 50");
    cluster.send_to(0, (0..EACH).map(harness::calling_gate));
    cluster.send_to(1, (EACH..2 * EACH).map(echo));
    harness::eventually("the other partition is done", || cluster.committed() == EACH as i64);
    harness::eventually("the bound is reached", || pipeline.snapshot().events == (BOUND + EACH) as u64);
    // Time for more to be read.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(pipeline.snapshot().events, (BOUND + EACH) as u64);
    assert_eq!(cluster.collect(EACH).results.len(), EACH);

    // As after a crash: nothing of the partition was done.
    pipeline.abort();
    assert_eq!(pipeline.join().expect("it ends"), BOUND);
    let pipeline = cluster.start("max_uncommitted = 50");
    harness::eventually("the bound is reached again", || pipeline.snapshot().events == BOUND as u64);
    cluster.open_gate();
    cluster.collect_all(2 * EACH);
    harness::eventually("everything is committed", || cluster.committed() == 2 * EACH as i64);
    assert_eq!(pipeline.snapshot().events, EACH as u64);
    harness::end(pipeline);
}

#[test]
fn what_waiting_executions_hold_counts_against_max_in_flight_bytes() {
    const EVENTS: usize = 400;
    const BOUND: u64 = 256 * 1024;
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("max_in_flight_bytes = \"256KiB\"");
    // Their texts alone are far below the bound.
    cluster.send((0..EVENTS).map(harness::calling_gate));
    harness::eventually("reading pauses", || pipeline.snapshot().pauses > 0);
    let snapshot = pipeline.snapshot();
    assert!(snapshot.waiting < EVENTS as u64, "{snapshot:?}");
    let one = snapshot.in_flight_bytes / snapshot.in_flight.max(1);
    assert!((BOUND..BOUND + 2 * one).contains(&snapshot.in_flight_bytes), "{snapshot:?}");
    cluster.open_gate();
    cluster.collect_all(EVENTS);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), EVENTS as i64);
}
