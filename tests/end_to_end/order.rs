//! Results come in the order of their events where the pipeline says so, whatever retries, waits and crashes there are.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::{Broker, Reader, Record, wait_until};
use crate::daemon::Pipeline;
use crate::service::{Reply, Service};

const KEYS: usize = 12;
const EVENTS: usize = 360;

/// Some events end at once, some wait, some are answered late, some are retried. Which, is drawn by the number of the event.
fn event(number: usize) -> Value {
    let draw = number.wrapping_mul(2_654_435_761) >> 7;
    let kind = match draw % 40 {
        0 => "wait",
        1..30 => "call",
        _ => "at-once",
    };
    json!({
        "id": number.to_string(),
        "kind": kind,
        "delay": draw % 60,
        "fails": draw.is_multiple_of(11),
    })
}

fn workflow() -> String {
    let definition = json!({
        "StartAt": "Kind",
        "States": {
            "Kind": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.kind", "StringEquals": "call", "Next": "Call"},
                    {"Variable": "$.kind", "StringEquals": "wait", "Next": "Wait"}
                ],
                "Default": "Done"
            },
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:123456789012:function:slow",
                "Parameters": {"orderId.$": "$.id", "delay.$": "$.delay", "fails.$": "$.fails"},
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}],
                "ResultPath": null,
                "Next": "Done"
            },
            "Done": {"Type": "Pass", "End": true}
        }
    });
    definition.to_string()
}

fn service() -> Service {
    Service::start(|call, before| {
        let delay = Duration::from_millis(call.input["delay"].as_u64().expect("a delay"));
        let fails = before == 0 && call.input["fails"] == true;
        let reply = if fails { Reply::status(500, json!({"error": "not now"})) } else { Reply::ok(json!({})) };
        reply.after(delay)
    })
}

/// Feeds all events, kills the daemon in the middle if it is to, and gives key and number of each result's event, in the order
/// of the results; over several partitions only those of a key have one.
fn run(order: &str, partitions: i32, crashes: bool) -> Vec<(String, usize)> {
    let (broker, service) = (Broker::connect(), service());
    let pipeline = Pipeline::with_definition(&broker, "order", partitions, &workflow())
        .option(&format!("order = \"{order}\""))
        .tables(&service.tasks(&["slow"]));
    let feed = broker.producer();
    for number in 0..EVENTS {
        feed.send(&pipeline.source.name, &format!("key-{}", number % KEYS), event(number).to_string().as_bytes());
    }
    feed.flush();
    let mut results = broker.reader(&pipeline.sink.name);
    let mut seen = Vec::new();
    let mut daemon = pipeline.start();
    if crashes {
        read(&mut results, &mut seen, EVENTS / 3);
        daemon.kill();
        daemon = pipeline.start();
    }
    read(&mut results, &mut seen, EVENTS);
    wait_until("everything is committed", || {
        broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64
    });
    assert_eq!(daemon.metric("stepstream_events_waiting_for_order"), 0.0);
    assert!(daemon.terminate().success());
    seen.extend(results.rest().iter().map(key_and_number));
    seen
}

/// Reads until so many events have a result.
fn read(results: &mut Reader, seen: &mut Vec<(String, usize)>, events: usize) {
    let mut distinct: HashSet<usize> = seen.iter().map(|(_, number)| *number).collect();
    while distinct.len() < events {
        let (key, number) = key_and_number(&results.next(&format!("results of {} events so far", distinct.len())));
        distinct.insert(number);
        seen.push((key, number));
    }
}

fn key_and_number(record: &Record) -> (String, usize) {
    let number = record.json()["id"].as_str().expect("the event's id").parse().expect("a number");
    (record.key.clone().expect("the event's key"), number)
}

/// The numbers of each key, in the order of the results.
fn by_key(seen: &[(String, usize)]) -> HashMap<&str, Vec<usize>> {
    let mut keys: HashMap<&str, Vec<usize>> = HashMap::new();
    for (key, number) in seen {
        keys.entry(key).or_default().push(*number);
    }
    keys
}

fn numbers(seen: &[(String, usize)]) -> Vec<usize> {
    seen.iter().map(|(_, number)| *number).collect()
}

fn is_ordered(numbers: &[usize]) -> bool {
    numbers.is_sorted_by(|one, next| one < next)
}

#[test]
fn results_of_a_key_come_in_the_order_of_its_events_and_keys_do_not_wait_for_each_other() {
    // All in one partition: only the key makes the difference.
    let seen = run("key", 1, false);
    for (key, numbers) in by_key(&seen) {
        assert!(is_ordered(&numbers) && numbers.len() == EVENTS / KEYS, "{key}: {numbers:?}");
    }
    assert!(!is_ordered(&numbers(&seen)), "no key has overtaken another");
}

#[test]
fn order_of_a_key_outlasts_a_crash() {
    let seen = run("key", 3, true);
    for (key, numbers) in by_key(&seen) {
        let mut known = HashSet::new();
        let firsts: Vec<usize> = numbers.iter().copied().filter(|number| known.insert(*number)).collect();
        assert!(is_ordered(&firsts) && firsts.len() == EVENTS / KEYS, "{key}: {numbers:?}");
        // What ran again ran in order, too: from some event on, once more; and again if the partition moved while shards joined.
        let goes_back = numbers.windows(2).filter(|pair| pair[1] <= pair[0]).count();
        assert!(goes_back <= 2, "{key}: {numbers:?}");
    }
}

#[test]
fn results_of_a_partition_come_in_the_order_of_its_events() {
    let seen = run("partition", 1, false);
    assert!(is_ordered(&numbers(&seen)) && seen.len() == EVENTS, "{seen:?}");
}

#[test]
fn without_order_the_events_of_these_tests_overtake_each_other() {
    let seen = run("none", 1, false);
    assert!(by_key(&seen).values().any(|numbers| !is_ordered(numbers)), "{seen:?}");
}
