//! `stepstream failures` and `stepstream dead-letters`: what could not be done is found, and done again once its cause is gone.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::broker::{Broker, Record};
use crate::daemon::{Pipeline, binary};

const INVALID: &str = " {\"id\": \"a\", \"qty\": 0}\n";

#[test]
fn failures_are_counted_shown_and_replayed_once() {
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "letters", 1, &workflow("Order.Invalid"));
    let feed = broker.producer();
    feed.send_with_header(&pipeline.source.name, "a", Some(INVALID.as_bytes()), ("tenant", "t-1"));
    feed.send(&pipeline.source.name, "b", br#"{"id": "b", "qty": 0}"#);
    feed.send(&pipeline.source.name, "c", br#"{"id": "c", "qty": 2}"#);
    feed.flush();
    let daemon = pipeline.start();
    broker.reader(&pipeline.failures.name).take(2, "failures");
    broker.reader(&pipeline.sink.name).next("the result");
    assert!(daemon.terminate().success());

    let config = pipeline.write_config();
    let failures = |arguments: &[&str]| done(&run("failures", &config, arguments));
    let count = json_lines(&failures(&["count", "--by", "error,state,workflow", "--json"]));
    let kind = json!({"error": "Order.Invalid", "state": "Refuse", "workflow": "workflow", "count": 2, "replayed": 0});
    assert_eq!(count, [kind]);
    let list = json_lines(&failures(&["list", "--key", "a", "--json"]));
    assert_eq!((list.len(), &list[0]["key"], &list[0]["replayed"]), (1, &json!("a"), &json!(false)));
    let place = list[0]["place"].as_str().expect("a place");
    let shown = failures(&["show", place]);
    assert!(shown.contains("stepstream-error: Order.Invalid") && shown.contains("\"qty\": 0"), "{shown}");
    assert!(failures(&["list", "--error", "Other.*"]).is_empty());

    // The workflow is put right; a dry run writes nothing.
    pipeline.write_workflow(&workflow("Other.Error").replace("NumericEquals", "NumericLessThan"));
    let replayed = |arguments: &[&str]| {
        let of_a = ["replay", "--json", "--key", "a", "--error", "Order.*", "--state", "Refuse", "--since", "1h"];
        json_lines(&failures(&[&of_a[..], arguments].concat())).pop().expect("the counts")
    };
    let dry = replayed(&["--dry-run"]);
    assert_eq!((&dry["replayed"], &dry["dry_run"]), (&json!(1), &json!(true)));
    assert_eq!(broker.reader(&pipeline.source.name).rest().len(), 3);
    let first = replayed(&["--rate", "50"]);
    assert_eq!((&first["replayed"], &first["from_failure"], &first["skipped"]), (&json!(1), &json!(0), &json!(0)));
    let second = replayed(&[]);
    assert_eq!((&second["replayed"], &second["skipped"]), (&json!(0), &json!(1)));
    assert_eq!(json_lines(&failures(&["count", "--json"]))[0]["replayed"], 1);

    let events = broker.reader(&pipeline.source.name).rest();
    assert_eq!(events.len(), 4, "one event was written again, once");
    let again = events.last().expect("an event");
    assert_eq!((again.key.as_deref(), again.payload.as_deref()), (Some("a"), Some(INVALID.as_bytes())));
    assert_eq!((again.header("tenant"), again.header("stepstream-error")), (Some("t-1"), None));
    let daemon = pipeline.start();
    broker.reader(&pipeline.sink.name).take(2, "the result of what was replayed");
    assert!(daemon.terminate().success());
    assert_eq!(keys(&broker.reader(&pipeline.sink.name).rest()), ["a", "c"]);
}

#[test]
fn dead_letters_are_replayed_also_when_their_events_are_gone() {
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "dead", 1, &workflow("Order.Invalid"));
    let feed = broker.producer();
    feed.send_with_header(&pipeline.source.name, "a", Some(b"{\"cut"), ("tenant", "t-1"));
    feed.send_with_header(&pipeline.source.name, "b", None, ("tenant", "t-2"));
    feed.flush();
    let daemon = pipeline.start();
    broker.reader(&pipeline.dead_letters.name).take(2, "dead letters");
    assert!(daemon.terminate().success());
    broker.delete_before(&pipeline.source.name, 0, 2);

    let config = pipeline.write_config();
    let counted = done(&run("dead-letters", &config, &["count"]));
    assert!(counted.contains("1  not-json") && counted.contains("1  no-value"), "{counted}");
    let counts = json_lines(&done(&run("dead-letters", &config, &["replay", "--json"]))).pop().expect("the counts");
    assert_eq!((&counts["replayed"], &counts["gone"]), (&json!(1), &json!(1)), "a value that is gone is nowhere");
    let events = broker.reader(&pipeline.source.name).rest();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].key.as_deref(), events[0].payload.as_deref()), (Some("a"), Some(&b"{\"cut"[..])));
    assert_eq!((events[0].header("tenant"), events[0].header("stepstream-reason")), (Some("t-1"), None));
}

/// Refuses orders without pieces.
fn workflow(error: &str) -> String {
    json!({
        "StartAt": "Check",
        "States": {
            "Check": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.qty", "NumericEquals": 0, "Next": "Refuse"}],
                "Default": "Take"
            },
            "Refuse": {"Type": "Fail", "Error": error, "Cause": "an order needs pieces"},
            "Take": {"Type": "Pass", "End": true}
        }
    })
    .to_string()
}

fn run(command: &str, config: &Path, arguments: &[&str]) -> Output {
    let (action, rest) = arguments.split_first().expect("an action");
    let mut stepstream = Command::new(binary());
    stepstream.args([command, action]).arg("--config").arg(config).args(rest);
    stepstream.output().expect("the command can be run")
}

fn done(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn keys(records: &[Record]) -> Vec<&str> {
    let mut keys: Vec<_> = records.iter().map(|record| record.key.as_deref().unwrap_or_default()).collect();
    keys.sort_unstable();
    keys
}
