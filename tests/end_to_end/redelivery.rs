//! A crash loses nothing, and what is run again says so.

use std::time::Duration;

use serde_json::json;

use crate::broker::{Broker, wait_until};
use crate::daemon::Pipeline;
use crate::events::{Ledger, Orders, id};
use crate::service::{Reply, Service, profile_workflow};

#[test]
fn kill_9_in_mid_stream_loses_no_event() {
    const EVENTS: usize = 30_000;
    const CHUNK: usize = 500;
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "kill", 4, "order");
    let feed = broker.producer();
    let orders = Orders::new();
    let mut results = broker.reader(&pipeline.sink.name);
    let mut ledger = Ledger::default();

    let mut daemon = Some(pipeline.start());
    let mut restarts = 0;
    for start in (0..EVENTS).step_by(CHUNK) {
        orders.send(&feed, &pipeline.source.name, start..start + CHUNK);
        feed.flush();
        // Events keep coming while the daemon dies: twice, a third and two thirds of the way.
        if start == EVENTS / 3 || start == EVENTS * 2 / 3 {
            ledger.note(&results.next("a result before the crash"));
            let fed = i64::try_from(start + CHUNK).expect("a small number");
            daemon.take().expect("it runs").kill();
            assert!(broker.committed_total(&pipeline.group, &pipeline.source.name) <= fed);
            daemon = Some(pipeline.spawn());
            restarts += 1;
        }
    }
    ledger.read(&mut results, EVENTS);
    assert_eq!((restarts, ledger.lost(EVENTS).len()), (2, 0));

    let status = daemon.expect("it runs").terminate();
    assert!(status.success());
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64);
}

#[test]
fn a_call_that_a_crash_cut_off_is_made_again_with_the_same_idempotency_key() {
    let broker = Broker::connect();
    // The first call of an order hangs until the daemon is dead.
    let service = Service::start(|_, before| {
        let reply = Reply::ok(json!({"segment": "regular"}));
        if before == 0 { reply.after(Duration::from_secs(600)) } else { reply }
    });
    let pipeline = Pipeline::with_definition(&broker, "again", 1, &profile_workflow())
        .tables(&service.tasks(&["customer-profile"]).replace("\n\n", "\ntimeout = \"1h\"\n\n"));
    let feed = broker.producer();
    let daemon = pipeline.start();
    feed.send(&pipeline.source.name, &id(0), Orders::new().event(0).to_string().as_bytes());
    feed.flush();
    wait_until("the service is called", || service.calls().len() == 1);
    daemon.kill();

    let _daemon = pipeline.spawn();
    let result = broker.reader(&pipeline.sink.name).next("the result");
    assert_eq!(result.json(), json!({"segment": "regular"}));
    let keys: Vec<_> = service.calls().into_iter().map(|call| call.idempotency_key).collect();
    assert_eq!(keys.len(), 2);
    assert!(!keys[0].is_empty() && keys[0] == keys[1], "both calls have the same key: {keys:?}");
}

/// One event waits, all behind it in its partition are done and committed as such.
#[test]
fn what_is_done_behind_an_event_that_waits_is_not_run_again_after_a_crash() {
    const EVENTS: usize = 20_000;
    let broker = Broker::connect();
    let definition = json!({
        "StartAt": "IsSlow",
        "States": {
            "IsSlow": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.wait", "IsPresent": true, "Next": "Wait"}],
                "Default": "Echo"
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Echo"},
            "Echo": {"Type": "Pass", "End": true}
        }
    });
    // Far fewer than there are: what the group knows to be done does not count.
    let pipeline =
        Pipeline::with_definition(&broker, "slow", 2, &definition.to_string()).option("max_uncommitted = 8000");
    let feed = broker.producer();
    feed.send_to(&pipeline.source.name, 0, &id(0), br#"{"wait": 30}"#);
    for number in 1..EVENTS {
        feed.send_to(&pipeline.source.name, i32::from(number % 2 == 1), &id(number), br#"{"n": 1}"#);
    }
    feed.flush();
    let daemon = pipeline.start();
    let mut ledger = Ledger::default();
    let mut results = broker.reader(&pipeline.sink.name);
    ledger.read(&mut results, EVENTS - 1);
    wait_until("all but the slow event is committed", || daemon.metric("stepstream_uncommitted") == 1.0);
    assert_eq!(broker.committed(&pipeline.group, &pipeline.source.name)[&0], 0, "the slow event is the first");
    daemon.kill();

    let daemon = pipeline.start();
    let skipped = EVENTS as f64 / 2.0 - 1.0;
    wait_until("what was done is skipped", || daemon.metric("stepstream_events_skipped_total") >= skipped);
    // A second crash finds the same knowledge.
    wait_until("one event is in flight", || daemon.metric("stepstream_in_flight") == 1.0);
    daemon.kill();
    let daemon = pipeline.start();
    ledger.read(&mut results, EVENTS);
    wait_until("everything is committed", || {
        broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64
    });
    assert!(daemon.terminate().success());
    results.rest().iter().for_each(|record| ledger.note(record));
    assert_eq!((ledger.lost(EVENTS).len(), ledger.duplicates()), (0, 0));
}
