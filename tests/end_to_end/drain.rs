//! SIGTERM: what is under way ends, is committed, and is not run again.

use std::time::Duration;

use serde_json::json;

use crate::broker::{Broker, wait_until};
use crate::daemon::Pipeline;
use crate::events::{Ledger, Orders, id};
use crate::service::{Reply, Service, profile_workflow};

#[test]
fn a_restart_in_mid_stream_runs_no_event_twice() {
    const EVENTS: usize = 20_000;
    const CHUNK: usize = 500;
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "drain", 4, "order");
    let feed = broker.producer();
    let orders = Orders::new();

    let mut daemon = Some(pipeline.start());
    for start in (0..EVENTS).step_by(CHUNK) {
        orders.send(&feed, &pipeline.source.name, start..start + CHUNK);
        if start == EVENTS / 2 {
            let status = daemon.take().expect("it runs").terminate();
            assert!(status.success(), "it ended in peace: {status}");
            daemon = Some(pipeline.spawn());
        }
    }
    feed.flush();
    let mut ledger = Ledger::default();
    let mut results = broker.reader(&pipeline.sink.name);
    ledger.read(&mut results, EVENTS);
    assert!(daemon.expect("it runs").terminate().success());
    results.rest().iter().for_each(|record| ledger.note(record));
    assert_eq!(ledger.duplicates(), 0);
    assert!(broker.members(&pipeline.group).is_empty(), "the daemon left the group");
}

#[test]
fn instances_that_come_and_go_share_the_events_and_run_none_twice() {
    const EVENTS: usize = 20_000;
    const CHUNK: usize = 500;
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "share", 4, "order");
    let feed = broker.producer();
    let orders = Orders::new();
    let first = pipeline.start();
    let mut second = None;
    for start in (0..EVENTS).step_by(CHUNK) {
        orders.send(&feed, &pipeline.source.name, start..start + CHUNK);
        feed.flush();
        match start / CHUNK {
            10 => second = Some(pipeline.start()),
            30 => assert!(second.take().expect("it runs").terminate().success()),
            _ => {}
        }
    }
    let mut ledger = Ledger::default();
    let mut results = broker.reader(&pipeline.sink.name);
    ledger.read(&mut results, EVENTS);
    assert!(first.terminate().success());
    results.rest().iter().for_each(|record| ledger.note(record));
    assert_eq!(ledger.duplicates(), 0);
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64);
}

#[test]
fn sigterm_lets_open_task_calls_end_and_commits_them() {
    const EVENTS: usize = 20;
    let broker = Broker::connect();
    let service = Service::start(|_, _| Reply::ok(json!({"segment": "regular"})).after(Duration::from_secs(2)));
    let pipeline = Pipeline::with_definition(&broker, "open-calls", 1, &profile_workflow())
        .tables(&service.tasks(&["customer-profile"]));
    let daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    wait_until("the calls are open", || service.calls().len() == EVENTS);
    assert!(daemon.terminate().success());

    let mut results = broker.reader(&pipeline.sink.name);
    assert_eq!(results.rest().len(), EVENTS, "every open call gave its result");
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64);
    let called_once = (0..EVENTS).all(|number| service.calls_of("customer-profile", &id(number)).len() == 1);
    assert!(called_once);
}

#[test]
fn sigint_drains_as_sigterm_does() {
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "interrupt", 1, "router");
    let daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..100);
    feed.flush();
    broker.reader(&pipeline.sink.name).take(100, "results");
    daemon.signal("INT");
    assert!(daemon.wait().success());
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), 100);
}

#[test]
fn what_is_left_in_flight_at_drain_timeout_is_told_by_the_exit_status_and_delivered_again() {
    const EVENTS: usize = 3;
    let broker = Broker::connect();
    let service = Service::start(|_, before| {
        let reply = Reply::ok(json!({"segment": "regular"}));
        if before == 0 { reply.after(Duration::from_secs(600)) } else { reply }
    });
    let pipeline = Pipeline::with_definition(&broker, "left", 1, &profile_workflow())
        .tables("drain_timeout = \"1s\"")
        .tables(&service.tasks(&["customer-profile"]));
    let daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    wait_until("the calls are open", || service.calls().len() == EVENTS);
    assert_eq!(daemon.terminate().code(), Some(1));
    let told = "stepstream run: pipeline e2e: 3 events were still in flight after its drain_timeout of 1s; \
                they will be delivered again";
    assert!(pipeline.log().lines().any(|line| line == told), "{}", pipeline.log());
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), 0);

    let daemon = pipeline.start();
    broker.reader(&pipeline.sink.name).take(EVENTS, "results of the second delivery");
    assert!(daemon.terminate().success());
}
