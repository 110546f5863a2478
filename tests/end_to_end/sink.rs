//! A sink that can't take results: the pipeline waits or sets the result aside, keeps its membership, and drops nothing.

use std::time::Duration;

use crate::broker::{Broker, Record, Topic, wait_until};
use crate::daemon::{Daemon, Pipeline};
use crate::events::{Ledger, Orders, id};

#[test]
fn a_sink_topic_that_does_not_exist_yet_holds_the_pipeline_until_it_does() {
    const EVENTS: usize = 3_000;
    let broker = Broker::connect();
    let sink = broker.absent_topic("late-results");
    let definition = include_str!("../../config/workflows/router.asl.json");
    let pipeline = Pipeline::with_sink(&broker, "late", 2, definition, sink);
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();

    let daemon = pipeline.spawn();
    wait_until("both shards have joined the group", || broker.members(&pipeline.group).len() == 2);
    let members = broker.members(&pipeline.group);
    // Longer than the session timeout of 6 s: a member that had stopped to poll would be gone.
    std::thread::sleep(Duration::from_secs(10));
    daemon.assert_alive();
    assert_eq!(broker.members(&pipeline.group), members, "membership stays while the sink is missing");
    assert_eq!(
        broker.committed_total(&pipeline.group, &pipeline.source.name),
        0,
        "nothing is committed without a result"
    );

    broker.create(&pipeline.sink.name, 2, &[]);
    let mut ledger = Ledger::default();
    let mut results = broker.reader(&pipeline.sink.name);
    ledger.read(&mut results, EVENTS);
    assert!(daemon.terminate().success());
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64);
}

#[test]
fn results_that_the_sink_refuses_for_good_are_accounted_for_as_dead_letters() {
    const EVENTS: usize = 100;
    let broker = Broker::connect();
    // Some of the router's results are larger than this, some are not.
    let sink = bounded_topic(&broker, "narrow-results", 1, "1000");
    let definition = include_str!("../../config/workflows/router.asl.json");
    let pipeline = Pipeline::with_sink(&broker, "narrow", 1, definition, sink)
        // A batch of one, so that a record that is too large takes no other with it.
        .tables("[pipeline.kafka.producer]\n\"batch.num.messages\" = 1\n");
    let feed = broker.producer();
    let orders = Orders::new();
    orders.send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    let daemon = pipeline.start();
    let (results, letters) = outcomes(&broker, &pipeline, &daemon, EVENTS);
    let mut ledger = Ledger::default();
    results.iter().chain(&letters).for_each(|record| ledger.note(record));
    assert!(!results.is_empty() && !letters.is_empty(), "{} results, {} letters", results.len(), letters.len());
    assert_eq!(ledger.lost(EVENTS).len(), 0);
    for letter in &letters {
        let number: usize =
            letter.key.as_deref().and_then(|key| key.strip_prefix("ord-")?.parse().ok()).expect("an id");
        assert_eq!(letter.payload, Some(orders.event(number).to_string().into_bytes()), "the event, not its result");
        assert!(letter.header("stepstream-reason").is_some_and(|reason| !reason.is_empty()));
    }

    broker.configure(&pipeline.sink.name, &[("max.message.bytes", "1000000")]);
    feed.send(&pipeline.source.name, &id(EVENTS), orders.event(EVENTS).to_string().as_bytes());
    feed.flush();
    wait_until("the wider sink is used", || {
        broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64 + 1
    });
}

/// A broker refuses a batch as a whole: who is too large in it has to be found among many.
#[test]
fn a_few_oversize_results_in_a_backlog_hold_up_only_themselves() {
    const EVENTS: usize = 40_000;
    const OVERSIZE: [usize; 3] = [1_000, 1_001, 25_000];
    let broker = Broker::connect();
    let sink = bounded_topic(&broker, "bounded-results", 2, "200000");
    let definition = r#"{"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": true}}}"#;
    let pipeline = Pipeline::with_sink(&broker, "bounded", 2, definition, sink)
        // Batches of many records, so that each culprit has much company.
        .tables("max_in_flight = 50000\n[pipeline.kafka.producer]\n\"linger.ms\" = 20\n");
    let feed = broker.producer();
    let large = format!(r#"{{"filler":"{}"}}"#, "x".repeat(210_000));
    for number in 0..EVENTS {
        let event = if OVERSIZE.contains(&number) { large.as_bytes() } else { br#"{"n":1}"# };
        feed.send(&pipeline.source.name, &id(number), event);
    }
    feed.flush();
    let daemon = pipeline.start();
    let (results, letters) = outcomes(&broker, &pipeline, &daemon, EVENTS);
    let mut ledger = Ledger::default();
    results.iter().chain(&letters).for_each(|record| ledger.note(record));
    assert_eq!((ledger.lost(EVENTS).len(), ledger.duplicates()), (0, 0));
    let mut refused: Vec<_> = letters.iter().filter_map(|letter| letter.key.clone()).collect();
    refused.sort();
    assert_eq!(refused, OVERSIZE.map(id));
    assert_eq!(letters[0].header("stepstream-reason"), Some("record-refused"));
    assert!(daemon.terminate().success());
}

/// A topic that takes no larger record, nor batch.
fn bounded_topic(broker: &Broker, stem: &str, partitions: i32, max_message_bytes: &str) -> Topic {
    let topic = broker.absent_topic(stem);
    let bound = ("max.message.bytes", max_message_bytes);
    broker.create(&topic.name, partitions, &[bound, ("compression.type", "uncompressed")]);
    topic
}

/// Results and dead letters, when all events are done with.
fn outcomes(broker: &Broker, pipeline: &Pipeline, daemon: &Daemon, events: usize) -> (Vec<Record>, Vec<Record>) {
    wait_until("every event is done with", || {
        daemon.assert_alive();
        broker.committed_total(&pipeline.group, &pipeline.source.name) == events as i64
    });
    (broker.reader(&pipeline.sink.name).rest(), broker.reader(&pipeline.dead_letters.name).rest())
}
