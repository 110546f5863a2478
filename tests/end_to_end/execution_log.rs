//! What is logged of executions: events in a topic, or lines in the log.

use serde_json::{Value, json};

use crate::broker::{Broker, Record, wait_until};
use crate::daemon::Pipeline;

/// Fails unless there are pieces, after something that was caught.
const DEFINITION: &str = r#"{"StartAt": "Try", "States": {
    "Try": {"Type": "Parallel", "ResultPath": null, "Next": "Check",
        "Branches": [{"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Inner"}}}],
        "Catch": [{"ErrorEquals": ["Inner"], "ResultPath": null, "Next": "Check"}]},
    "Check": {"Type": "Choice", "Choices": [{"Variable": "$.qty", "NumericGreaterThan": 0, "Next": "Done"}], "Default": "Refuse"},
    "Done": {"Type": "Succeed"},
    "Refuse": {"Type": "Fail", "Error": "Order.Invalid", "Cause": "an order needs pieces"}}}"#;

/// Topic `executions` of a pipeline, with everything that two executions have written there.
fn written(options: &[&str], count: usize) -> (Vec<Record>, String) {
    let broker = Broker::connect();
    let topic = broker.topic("executions", 1);
    let mut pipeline =
        Pipeline::with_definition(&broker, "logged", 1, DEFINITION).option(&format!("log_topic = \"{}\"", topic.name));
    for option in options {
        pipeline = pipeline.option(option);
    }
    let daemon = pipeline.start();
    let feed = broker.producer();
    feed.send(&pipeline.source.name, "good", br#"{"qty": 1}"#);
    feed.send(&pipeline.source.name, "bad", br#"{"qty": 0}"#);
    feed.flush();
    let records = broker.reader(&topic.name).take(count, "events of executions");
    wait_until("both are done with", || broker.committed_total(&pipeline.group, &pipeline.source.name) == 2);
    assert!(daemon.terminate().success());
    assert_eq!(broker.reader(&topic.name).rest().len(), count, "no other event was written");
    (records, pipeline.log())
}

fn kinds(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.json()["type"].as_str().expect("a type").to_owned()).collect()
}

#[test]
fn the_topic_has_the_whole_history_of_what_failed_in_order_with_its_data() {
    let (records, log) = written(&["log_history = true", "include_data = true"], 10);
    let expected = [
        "ExecutionStarted",
        "ParallelStateEntered",
        "ParallelStateStarted",
        "FailStateEntered",
        "ParallelStateFailed",
        "ParallelStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ];
    assert_eq!(kinds(&records), expected);
    let first = records[0].json();
    assert_eq!(first["details"]["input"], json!(r#"{"qty": 0}"#));
    for record in &records {
        let event = record.json();
        assert_eq!(event["execution_arn"].as_str(), record.key.as_deref(), "events of an execution stay together");
        assert_eq!(record.header("stepstream-offset"), Some("1"));
    }
    let lines = log.lines().filter(|line| line.contains("execution failed")).count();
    assert_eq!((lines, log.contains("execution event")), (1, false), "{log}");
}

#[test]
fn the_topic_has_what_the_level_says_of_every_execution() {
    let (records, _) = written(&["log_executions = \"ERROR\""], 6);
    let caught = ["FailStateEntered", "ParallelStateFailed"];
    assert_eq!(kinds(&records), [&caught[..], &caught, &["FailStateEntered", "ExecutionFailed"]].concat());
    assert_eq!(records[0].json()["details"], json!({"name": "No"}), "no data, as nobody asked for it");
}

#[test]
fn a_topic_that_is_missing_loses_events_of_executions_and_nothing_else() {
    const EVENTS: usize = 500;
    let broker = Broker::connect();
    let missing = broker.absent_topic("missing");
    let pipeline = Pipeline::with_definition(&broker, "unlogged", 1, DEFINITION)
        .option(&format!("log_topic = \"{}\"", missing.name))
        // How long the client takes the topic for one that is being created.
        .tables("[pipeline.kafka.producer]\n\"topic.metadata.propagation.max.ms\" = 100\n");
    let daemon = pipeline.start();
    let feed = broker.producer();
    (0..EVENTS).for_each(|number| feed.send(&pipeline.source.name, &number.to_string(), br#"{"qty": 0}"#));
    feed.flush();
    wait_until("all are done with", || broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64);
    assert_eq!(broker.reader(&pipeline.failures.name).rest().len(), EVENTS);
    let lost = || daemon.metric("stepstream_execution_events_lost_total");
    wait_until("what was lost is counted", || lost() == EVENTS as f64);
    assert_eq!(daemon.get("/readyz").expect("it is served").0, 200);
    assert!(daemon.terminate().success());
    assert!(pipeline.log().contains("events of executions are not written"), "{}", pipeline.log());
}

#[test]
fn without_a_topic_lines_of_the_log_have_the_failure_and_its_history() {
    const EVENTS: usize = 30;
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "lines", 1, DEFINITION)
        .option("log_history = true")
        .tables("[log]\nformat = \"json\"\n");
    let daemon = pipeline.start();
    let feed = broker.producer();
    (0..EVENTS).for_each(|number| feed.send(&pipeline.source.name, &number.to_string(), br#"{"qty": 0}"#));
    feed.flush();
    wait_until("all are done with", || broker.committed_total(&pipeline.group, &pipeline.source.name) == EVENTS as i64);
    assert!(daemon.terminate().success());
    let log = pipeline.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of =
        |message: &str| -> Vec<&Value> { lines.iter().filter(|line| line.to_string().contains(message)).collect() };
    let failed = of("\"execution failed\"");
    let text = failed[0].to_string();
    for part in ["Order.Invalid", "an order needs pieces", "Refuse", &pipeline.source.name] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // The first ten, and how many more there were.
    assert_eq!((failed.len(), of("\"suppressed\":20").len()), (10, 1), "{log}");
    assert!(of("ExecutionStarted").len() == 10 && of("ExecutionFailed").len() == 10, "{log}");
}
