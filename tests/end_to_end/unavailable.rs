//! Services behind tasks that are not there: events wait for them and don't fail.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::json;

use crate::broker::{Broker, wait_until};
use crate::daemon::{Daemon, Pipeline, free_address};
use crate::events::{Orders, id};
use crate::service::{Reply, Service, profile_workflow};

const EVENTS: usize = 300;

/// A pipeline whose only task is served at this address, if anybody is there.
fn pipeline(broker: &Broker, address: SocketAddr) -> Pipeline {
    let task = format!(
        "[[task]]\nresource = \"arn:aws:lambda:*:function:customer-profile\"\nconnector = \"http\"\n\
         url = \"http://{address}/customer-profile\"\non_unavailable = \"pause\"\nunavailable_after = 3\n\
         probe_interval = \"100ms\"\n"
    );
    Pipeline::with_definition(broker, "unavailable", 2, &profile_workflow()).tables(&task)
}

fn is_told(daemon: &Daemon) -> bool {
    let (status, body) = daemon.get("/readyz").expect("readiness is served");
    status == 503 && body.contains("\"unavailable\"") && body.contains("customer-profile is not available")
}

#[test]
fn events_wait_for_a_service_that_is_down_and_none_fails() {
    let broker = Broker::connect();
    let address = free_address();
    // At a bound of its own: what waits for the service holds what it has read, and no more is read.
    let pipeline = pipeline(&broker, address).option("max_in_flight = 50");
    let daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    wait_until("the outage is told", || is_told(&daemon));
    wait_until("it shows in metrics", || daemon.metric("stepstream_task_unavailable") > 0.0);
    wait_until("reading is paused", || daemon.metric("stepstream_paused_partitions") > 0.0);
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), 0);

    let service = Service::start_at(address, |_, _| Reply::ok(json!({"known": true})));
    let results = broker.reader(&pipeline.sink.name).take(EVENTS, "results");
    let keys: BTreeSet<_> = results.iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys.len(), EVENTS, "a result for each event");
    wait_until("it is ready again", || daemon.get("/readyz").is_some_and(|(status, _)| status == 200));
    assert_eq!(daemon.metric("stepstream_task_unavailable"), 0.0);
    assert_eq!(daemon.metric("stepstream_task_calls_held"), 0.0);
    assert!(broker.reader(&pipeline.failures.name).rest().is_empty(), "no event failed");
    assert!(service.calls_of("customer-profile", &id(0)).len() == 1, "the service saw one call");
}

#[test]
fn a_daemon_stops_while_events_wait_for_a_service_and_the_next_one_runs_them() {
    let broker = Broker::connect();
    let address = free_address();
    // Far longer than the test waits for an end.
    let pipeline = pipeline(&broker, address).option("drain_timeout = \"1h\"");
    let daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    wait_until("the outage is told", || is_told(&daemon));
    assert_eq!(daemon.terminate().code(), Some(1), "events are left");
    assert!(
        pipeline.log().contains("still in flight and waited for a service that is not available"),
        "{}",
        pipeline.log()
    );

    let _service = Service::start_at(address, |_, _| Reply::ok(json!({"known": true})));
    let _next = pipeline.start();
    let results = broker.reader(&pipeline.sink.name).take(EVENTS, "results");
    let keys: BTreeSet<_> = results.iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys.len(), EVENTS, "a result for each event");
}
