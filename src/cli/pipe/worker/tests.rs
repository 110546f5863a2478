use std::path::Path;
use std::time::Duration;

use super::super::results::Counts;
use super::*;
use crate::task::{BuiltinConnector, BuiltinOptions, Connectors, Pattern};

fn worker(definition: &str, options: BuiltinOptions) -> EventWorker {
    let program = Program::from_text(definition).expect("a valid definition");
    let mut connectors = Connectors::new();
    connectors.push(Pattern::new("*"), Arc::new(BuiltinConnector::new(options).expect("valid options")));
    let limits = Limits { max_event_bytes: 1000, ..Limits::default() };
    let permits = Permits::new(16, &connectors);
    let connectors = connectors.resolve(program.resources());
    let job = Job {
        program: Arc::new(program),
        connectors,
        limits,
        realm: Realm::default(),
        permits: Arc::new(permits),
        workflow: "w".to_owned(),
        run_id: "run".to_owned(),
        concurrency: 3,
        keep_failures: true,
    };
    EventWorker::new(Arc::new(job)).expect("a runtime starts")
}

fn lines(text: &str) -> Chunk {
    Chunk { first_line: 11, input_bytes: text.len() as u64, content: Content::Lines(text.as_bytes().to_vec()) }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const TASK: &str =
    r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "TimeoutSeconds": 5, "End": true}}}"#;
const NAME: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"n.$": "$$.Execution.Name",
    "i.$": "$$.Execution.Id"}, "End": true}}}"#;
const FAIL: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "a \"b\""}}}"#;
const WAIT: &str =
    r#"{"TimeoutSeconds": 1, "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
const BRANCHES: &str = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": {"StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "urn:x", "TimeoutSeconds": 5, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}], "End": true}}}, "End": true}}}"#;

#[test]
fn outputs_come_in_order_with_and_without_tasks() {
    for definition in [PASS, TASK] {
        let results = worker(definition, BuiltinOptions::echo()).work(lines("{\"a\":1}\n\n[2.50]\r\n\"x\"\n4\n5\n6\n"));
        assert_eq!(text(&results.outputs), "{\"a\":1}\n[2.50]\n\"x\"\n4\n5\n6\n", "{definition}");
        assert_eq!(results.counts, Counts { succeeded: 6, ..Counts::default() });
        assert!(results.failures.is_empty());
    }
}

#[test]
fn executions_wait_side_by_side() {
    // Three may wait at a time: one after another, the calls would be over their timeout of 5 s in the engine.
    let mut worker = worker(TASK, BuiltinOptions::sleep(Duration::from_millis(5)));
    let results = worker.work(lines("1\n2\n3\n4\n5\n6\n7\n"));
    assert_eq!(text(&results.outputs), "1\n2\n3\n4\n5\n6\n7\n");
}

#[test]
fn executions_are_named_by_run_and_line() {
    let results = worker(NAME, BuiltinOptions::echo()).work(lines("1\n\n2\n"));
    let id = "arn:aws:states:us-east-1:000000000000:express:w";
    let expected =
        format!("{{\"n\":\"run-11\",\"i\":\"{id}:run-11:1\"}}\n{{\"n\":\"run-13\",\"i\":\"{id}:run-13:1\"}}\n");
    assert_eq!(text(&results.outputs), expected);
}

#[test]
fn failures_are_recorded_with_their_input() {
    let results = worker(FAIL, BuiltinOptions::echo()).work(lines("{\"a\": 1.0} \r\n"));
    let expected = r#"{"line":11,"status":"FAILED","error":"E","cause":"a \"b\"","state":"F","input":{"a": 1.0}}"#;
    assert_eq!(text(&results.failures), format!("{expected}\n"));
    assert_eq!(results.counts, Counts { failed: 1, ..Counts::default() });
}

#[test]
fn the_definitions_timeout_ends_a_wait() {
    let results = worker(WAIT, BuiltinOptions::echo()).work(lines("1\n"));
    assert_eq!(results.counts, Counts { timed_out: 1, ..Counts::default() });
    assert!(text(&results.failures).contains(r#""status":"TIMED_OUT","error":"States.Timeout""#));
}

#[test]
fn failing_tasks_of_a_map_fail_the_event_once_retries_are_used_up() {
    let results = worker(BRANCHES, BuiltinOptions::fail(1.0)).work(lines("[1,2]\n[]\n"));
    assert_eq!(results.counts, Counts { failed: 1, succeeded: 1, ..Counts::default() });
    assert_eq!(text(&results.outputs), "[]\n");
    assert!(text(&results.failures).contains(r#""error":"Builtin.Fail""#));
}

#[test]
fn lines_that_are_no_events_are_counted_and_shown() {
    for definition in [PASS, TASK] {
        let large = format!("\"{}\"", "x".repeat(1000));
        let results = worker(definition, BuiltinOptions::echo()).work(lines(&format!("nonsense\n1\n{large}\n")));
        assert_eq!(results.counts, Counts { succeeded: 1, unreadable: 2, ..Counts::default() });
        let records: Vec<serde_json::Value> =
            text(&results.failures).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((&records[0]["line"], &records[0]["error"]), (&11.into(), &"not-json".into()));
        assert_eq!(records[0]["text"], "nonsense");
        assert_eq!((&records[1]["line"], &records[1]["error"]), (&13.into(), &"too-large".into()));
    }
}

#[test]
fn a_line_that_was_too_long_to_keep_is_unreadable() {
    let chunk = Chunk { first_line: 7, input_bytes: 5000, content: Content::TooLong(5000) };
    let results = worker(PASS, BuiltinOptions::echo()).work(chunk);
    assert_eq!(results.counts, Counts { unreadable: 1, ..Counts::default() });
    assert!(text(&results.failures).starts_with(r#"{"line":7,"status":"UNREADABLE","error":"too-large""#));
}

#[test]
fn workflow_names_come_from_file_names() {
    for (path, name) in
        [("a/order.asl.json", "order"), ("order.json", "order"), ("order", "order"), (".json", "workflow")]
    {
        assert_eq!(crate::cli::source::workflow_name(Path::new(path)), name, "{path}");
    }
}
