//! A workflow is replaced while events flow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::{Broker, Record, wait_until};
use crate::daemon::Pipeline;

const PARTITIONS: i32 = 4;

#[test]
fn a_swap_under_load_loses_nothing_and_every_event_runs_on_one_version() {
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "swap", PARTITIONS, &generation(1));
    let daemon = pipeline.start();
    let mut results = broker.reader(&pipeline.sink.name);
    let mut seen = Vec::new();

    let stop = AtomicBool::new(false);
    let sent = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| feed(&broker, &pipeline.source.name, &stop, &sent));
        let _stop = SetOnDrop(&stop);
        read_until_every_partition_has(&mut seen, 1, || results.next("results of the first version"));
        pipeline.write_workflow(&generation(2));
        read_until_every_partition_has(&mut seen, 2, || results.next("results of the second version"));
        // A broken file changes nothing.
        pipeline.write_workflow("{ \"StartAt\": \"Nowhere\", ");
        wait_until("the daemon says that the new file is bad", || {
            let page = daemon.get("/workflows").map(|(_, page)| serde_json::from_str::<Value>(&page).expect("JSON"));
            page.is_some_and(|page| page["workflows"][0]["last_error"]["why"].is_string())
        });
        seen.extend((0..2_000).map(|_| results.next("results after a bad file")));
    });
    let sent = sent.load(Ordering::Relaxed);
    while seen.len() < sent {
        seen.push(results.next(&format!("results, {} of {sent} so far", seen.len())));
    }
    assert!(daemon.terminate().success());
    seen.extend(results.rest());
    check(&seen, sent);
}

#[test]
fn sighup_says_what_it_did_and_what_it_did_not() {
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "sighup", 1, &generation(1));
    let daemon = pipeline.start();
    let logged = |what: &str| wait_until(what, || pipeline.log().contains(what));
    daemon.signal("HUP");
    logged("SIGHUP: workflow files read again swapped=0 refused=0 unchanged=1");
    assert!(!pipeline.log().contains("no effect until a restart"));

    pipeline.write_workflow("{ \"StartAt\": \"Nowhere\", ");
    daemon.signal("HUP");
    logged("SIGHUP: workflow files read again swapped=0 refused=1 unchanged=0");

    pipeline.write_workflow(&generation(1));
    pipeline.change_configuration("# a comment");
    daemon.signal("HUP");
    logged("the configuration file has changed: that has no effect until a restart");
    assert_eq!(pipeline.log().matches("unchanged=1").count(), 2);
    assert!(daemon.terminate().success());
}

#[test]
fn a_restart_goes_on_with_the_last_good_version_where_that_is_wanted() {
    let broker = Broker::connect();
    let workflows = "[workflows]\nstate_dir = \"state\"\non_invalid = \"last_good\"";
    let pipeline = Pipeline::with_definition(&broker, "last-good", 1, &generation(1)).tables(workflows);
    assert!(pipeline.start().terminate().success());
    pipeline.write_workflow("{ \"StartAt\": \"Nowhere\", ");

    let daemon = pipeline.start();
    let (_, page) = daemon.get("/workflows").expect("it answers");
    let page: Value = serde_json::from_str(&page).expect("JSON");
    let status = &page["workflows"][0];
    assert!(status["from_state_dir"] == true && status["last_error"]["why"].is_string(), "{page}");
    assert_eq!(daemon.metric("stepstream_workflow_refused"), 1.0);
    let feed = broker.producer();
    feed.send(&pipeline.source.name, "k", br#"{"event":1}"#);
    feed.flush();
    let mut results = broker.reader(&pipeline.sink.name);
    assert_eq!(results.next("the result of the last good version").json()["third"], 1);

    // Put right, it is no longer refused.
    pipeline.write_workflow(&generation(2));
    wait_until("the new version is taken", || daemon.metric("stepstream_workflow_refused") == 0.0);
    feed.send(&pipeline.source.name, "k", br#"{"event":2}"#);
    feed.flush();
    // The group may still be settling: the first event can come again.
    let of_the_second = loop {
        let result = results.next("the result of the new version").json();
        if result["event"] == 2 {
            break result;
        }
    };
    assert_eq!(of_the_second["third"], 2);
    assert!(daemon.terminate().success());
}

/// A workflow whose every state leaves its generation behind: a half-swapped program would mix them.
fn generation(number: u32) -> String {
    let pass = |path: &str| json!({"Type": "Pass", "Result": number, "ResultPath": path});
    let with = |mut state: Value, key: &str, value: Value| {
        state[key] = value;
        state
    };
    json!({
        "Comment": format!("generation {number}"),
        "StartAt": "First",
        "States": {
            "First": with(pass("$.first"), "Next", json!("Second")),
            "Second": with(pass("$.second"), "Next", json!("Third")),
            "Third": with(pass("$.third"), "End", json!(true)),
        }
    })
    .to_string()
}

/// Sends numbered events to each partition in turn until asked to stop.
fn feed(broker: &Broker, topic: &str, stop: &AtomicBool, sent: &AtomicUsize) {
    let feed = broker.producer();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..25 {
            for partition in 0..PARTITIONS {
                let event = json!({"partition": partition, "number": number});
                feed.send_to(topic, partition, &format!("p{partition}"), event.to_string().as_bytes());
                sent.fetch_add(1, Ordering::Relaxed);
            }
            number += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    feed.flush();
}

/// Lets the feeder end also when the test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn read_until_every_partition_has(seen: &mut Vec<Record>, generation: u64, mut next: impl FnMut() -> Record) {
    let mut partitions = BTreeSet::new();
    while partitions.len() < PARTITIONS as usize {
        let record = next();
        let result = record.json();
        if result["first"] == generation {
            partitions.insert(result["partition"].as_u64());
        }
        seen.push(record);
    }
}

/// No event lost or doubled, none mixed, and in the order of each partition the version changes once, for all alike.
fn check(records: &[Record], sent: usize) {
    let mut by_partition: BTreeMap<u64, BTreeMap<u64, (u64, String)>> = BTreeMap::new();
    for record in records {
        let result = record.json();
        let generation = result["first"].as_u64().expect("a generation");
        assert!(result["second"] == generation && result["third"] == generation, "one program ran it all: {result}");
        let version = record.header("stepstream-version").expect("the version is in a header").to_owned();
        let (partition, number) = (result["partition"].as_u64(), result["number"].as_u64());
        let events = by_partition.entry(partition.expect("a partition")).or_default();
        let before = events.insert(number.expect("a number"), (generation, version));
        assert!(before.is_none(), "no event has two results: {result}");
    }
    assert_eq!(by_partition.values().map(BTreeMap::len).sum::<usize>(), sent, "every event has a result");
    let mut sequences = BTreeSet::new();
    for events in by_partition.values() {
        let mut sequence: Vec<_> = events.values().cloned().collect();
        sequence.dedup();
        sequences.insert(sequence);
    }
    let sequence = sequences.pop_first().expect("there are partitions");
    assert!(sequences.is_empty(), "all partitions saw the same versions");
    let generations: Vec<_> = sequence.iter().map(|(generation, _)| *generation).collect();
    assert_eq!(generations, [1, 2], "the version changes once: {sequence:?}");
}
