//! `stepstream pipe` as a user runs it.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const FAIL: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}}"#;
const TASK: &str =
    r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "TimeoutSeconds": 5, "End": true}}}"#;

/// A folder of this test's own.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pipe").join(test);
    fs::create_dir_all(&folder).expect("the build folder can be written");
    folder
}

fn file(test: &str, name: &str, text: &str) -> PathBuf {
    let path = folder(test).join(name);
    fs::write(&path, text).expect("the build folder can be written");
    path
}

fn pipe(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.arg("pipe").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = pipe(arguments).spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // A command that ends early closes the pipe.
    let feeder = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("the command ends");
    feeder.join().expect("no panic");
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn the_order_workflow_in_jsonata_gives_what_its_twin_in_jsonpath_gives() {
    let outputs = ["order", "order-jsonata"].map(|workflow| {
        let root = env!("CARGO_MANIFEST_DIR");
        let events = fs::read_to_string(format!("{root}/config/events/orders.jsonl")).expect("the events are there");
        let output = run(&[&format!("{root}/config/workflows/{workflow}.asl.json")], &events);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    });
    assert!(outputs[0].lines().count() > 40);
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn results_keep_the_order_of_the_input_whatever_the_number_of_threads() {
    let workflow = file("order", "pass.asl.json", PASS);
    let input: String = (0..20_000).map(|n| format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat(n % 200))).collect();
    for threads in ["1", "4"] {
        let output = run(&[workflow.to_str().expect("text"), "--threads", threads], &input);
        assert!(text(&output.stdout) == input, "{threads} threads: the outputs differ from the inputs");
        let summary = "events in: 20000, succeeded: 20000, failed: 0, timed out: 0, unreadable lines: 0; ";
        assert!(text(&output.stderr).starts_with(summary), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn every_line_is_accounted_for() {
    let workflow = file("accounts", "pass.asl.json", PASS);
    let failures = folder("accounts").join("failures.jsonl");
    let arguments = [workflow.to_str().expect("text"), "--failures", failures.to_str().expect("text")];
    let long = "x".repeat(3_000_000);
    let output = run(&arguments, &format!("1\r\n\r\nnonsense\n{long}\n[2]"));
    assert_eq!(text(&output.stdout), "1\n[2]\n");
    let summary = "events in: 4, succeeded: 2, failed: 0, timed out: 0, unreadable lines: 2; ";
    assert!(text(&output.stderr).starts_with(summary), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    let records = fs::read_to_string(failures).expect("written");
    let records: Vec<serde_json::Value> =
        records.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let places: Vec<_> = records.iter().map(|record| (record["line"].as_u64(), record["error"].as_str())).collect();
    assert_eq!(places, [(Some(3), Some("not-json")), (Some(4), Some("too-large"))]);
}

#[test]
fn failures_go_to_standard_error_when_asked() {
    let workflow = file("stderr", "fail.asl.json", FAIL);
    let output = run(&[workflow.to_str().expect("text"), "--failures", "-"], "{}\n");
    assert!(output.stdout.is_empty());
    let record = r#"{"line":1,"status":"FAILED","error":"E","cause":"C","state":"F","input":{}}"#;
    assert!(text(&output.stderr).starts_with(&format!("{record}\nevents in: 1, ")), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn tasks_run_by_the_entries_of_a_configuration() {
    let workflow = file("tasks", "task.asl.json", TASK);
    let config = file(
        "tasks",
        "stepstream.toml",
        "[kafka]\n\"bootstrap.servers\" = \"localhost:9092\"\n\
         [[pipeline]]\nname = \"p\"\nsources = [\"in\"]\nworkflow = \"task.asl.json\"\n\
         [[task]]\nresource = \"urn:*\"\nconnector = \"builtin\"\nbuiltin = \"echo\"\n",
    );
    let input: String = (0..500).map(|n| format!("{n}\n")).collect();
    let arguments = [workflow.to_str().expect("text"), "--config", config.to_str().expect("text")];
    let output = run(&arguments, &input);
    assert_eq!(text(&output.stdout), input, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_task_without_connector_is_refused_with_the_entry_to_add() {
    let workflow = file("unmatched", "task.asl.json", TASK);
    let output = run(&[workflow.to_str().expect("text")], "1\n");
    assert!(text(&output.stderr).contains("[[task]]\nresource = \"urn:x\"\n"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_invalid_definition_is_shown_with_its_place() {
    let text_of_it = PASS.replace("\"End\": true", "\n \"Next\": \"Nowhere\"");
    let workflow = file("invalid", "bad.asl.json", &text_of_it);
    let output = run(&[workflow.to_str().expect("text")], "1\n");
    assert!(text(&output.stderr).contains("bad.asl.json:2:"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
    let missing = run(&["no/such/file.asl.json"], "1\n");
    assert!(text(&missing.stderr).contains("no/such/file.asl.json"));
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    let workflow = file("quiet", "pass.asl.json", PASS);
    let mut child = pipe(&[workflow.to_str().expect("text")]).spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Input without end, until the command has gone.
    let feeder = thread::spawn(move || while stdin.write_all(b"{\"n\":1}\n").is_ok() {});
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut first = [0; 8];
    stdout.read_exact(&mut first).expect("some output");
    drop(stdout);
    let output = child.wait_with_output().expect("the command ends");
    feeder.join().expect("no panic");
    assert_eq!((text(&first), text(&output.stderr), output.status.code()), ("{\"n\":1}\n", "", Some(0)));
}

#[test]
fn results_come_while_the_input_is_still_open() {
    let workflow = file("stream", "pass.asl.json", PASS);
    let mut child = pipe(&[workflow.to_str().expect("text")]).spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    for line in [b"1\n", b"2\n"] {
        stdin.write_all(line).expect("the command reads");
        let mut result = [0; 2];
        stdout.read_exact(&mut result).expect("a result");
        assert_eq!(&result, line);
    }
    drop(stdin);
    assert_eq!(child.wait().expect("the command ends").code(), Some(0));
}
