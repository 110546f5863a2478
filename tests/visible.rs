//! Nothing that a terminal would act on comes from a definition, an input or a cause to people, and JSON stays exact.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// Runs of the binary that are drawn.
const CASES: u32 = 24;

fn run(folder: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.args(arguments).stdin(Stdio::null()).env("TMPDIR", folder).output().expect("the command starts")
}

/// What acts on a terminal, among characters that don't.
fn text() -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        Just("\u{1b}]0;title\u{7}".to_owned()),
        Just("\u{1b}[2J".to_owned()),
        Just("\nSUCCEEDED".to_owned()),
        Just("\r".to_owned()),
        Just("\u{9b}31m".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{7f}\u{2028}".to_owned()),
        "[a-zü ]{1,5}".prop_map(|plain| plain),
    ];
    proptest::collection::vec(hostile, 1..4).prop_map(|parts| parts.concat())
}

fn assert_harmless(what: &str, output: &Output) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let shown = std::str::from_utf8(bytes).expect("UTF-8");
        let acts = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!shown.contains(acts), "{what}, {stream}: {shown:?}");
        assert!(!shown.lines().any(|line| line == "SUCCEEDED"), "{what}, {stream}: {shown:?}");
    }
}

#[test]
fn no_text_for_people_holds_what_a_terminal_acts_on() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("visible");
    fs::create_dir_all(&folder).expect("the build folder can be written");
    let path = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let (definition, refused, request) = (path("d.asl.json"), path("refused.asl.json"), path("request.json"));
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let drawn = (text(), text(), text(), text());
    let outcome = runner.run(&drawn, |(name, error, cause, input)| {
        let end = json!({ "Type": "Fail", "Error": error, "Cause": cause });
        let machine =
            json!({ "StartAt": name, "States": { (name.clone()): { "Type": "Pass", "Next": "End" }, "End": end } });
        fs::write(&definition, machine.to_string()).expect("the build folder can be written");
        // Raw where JSON allows it, and a fault in it that quotes the name.
        let fault = json!({ "StartAt": name, "States": { (name.clone()): { "Type": "Pass", "Next": cause, "X": 1 } } });
        fs::write(&refused, fault.to_string()).expect("as above");
        let request_text = json!({ "definition": end, "input": { "a": input }, "inspectionLevel": "DEBUG" });
        fs::write(&request, request_text.to_string()).expect("as above");
        let root = folder.to_str().expect("UTF-8");
        let data = json!({ "a": input }).to_string();
        for arguments in [
            &["exec", &definition, "-i", &data, "--history"][..],
            &["exec", &definition, "-i", &format!("{{{input}")],
            &["exec", &definition, "-i", &format!("no{input}")],
            &["exec", &refused],
            &["validate", &definition, &refused],
            &["validate", &format!("no{input}")],
            &["graph", &definition, "--format", "mermaid"],
            &["graph", &definition, "--format", "dot"],
            &["graph", &refused],
            &["graph", &format!("no{input}")],
            &["exec", &format!("no{input}")],
            &["pipe", &format!("no{input}")],
            &["test-state", &format!("no{input}")],
            &["pipe", &refused],
            &["test-state", &request],
        ] {
            assert_harmless(&arguments.join(" "), &run(root, arguments));
        }
        let answer = run(root, &["exec", &definition, "-i", &data, "--json"]);
        let answer: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        prop_assert_eq!(&answer["cause"], &Value::from(cause));
        prop_assert_eq!(&answer["error"], &Value::from(error));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
