//! `bench kafka` measures what it is given, and doesn't pass failures off as results.

use std::process::{Command, Output};

use crate::daemon::binary;

/// Takes events that have a `mine`, and fails for any other.
const WORKFLOW: &str = r#"{
  "StartAt": "Mine",
  "States": {
    "Mine": { "Type": "Choice", "Choices": [{ "Variable": "$.mine", "IsPresent": true, "Next": "Done" }], "Default": "No" },
    "Done": { "Type": "Succeed" },
    "No": { "Type": "Fail", "Error": "NotMine", "Cause": "an event of somebody else" }
  }
}"#;

fn bench(name: &str, event: Option<&str>) -> Output {
    let folder = std::env::temp_dir().join(format!("stepstream-test-bench-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("temporary files can be written");
    let workflow = folder.join("mine.asl.json");
    std::fs::write(&workflow, WORKFLOW).expect("temporary files can be written");
    let mut command = Command::new(binary());
    command.args(["bench", "kafka", "--json", "--events", "500", "--rate", "200", "--latency-seconds", "1"]);
    command.arg("--workflow").arg(&workflow);
    if let Some(event) = event {
        let file = folder.join("event.jsonl");
        std::fs::write(&file, event).expect("temporary files can be written");
        command.arg("--event").arg(file);
    }
    let output = command.output().expect("the binary starts");
    std::fs::remove_dir_all(&folder).expect("it was made above");
    output
}

#[test]
fn both_phases_send_the_given_event() {
    let output = bench("given", Some("{\"mine\": 1}\n"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((report["not_succeeded"].as_u64(), report["lost"].as_u64()), (Some(0), Some(0)), "{report}");
}

#[test]
fn failures_are_an_error_that_says_why() {
    let output = bench("orders", None);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("latency: 200 times NotMine in the state \"No\": an event of somebody else"), "{said}");
}
