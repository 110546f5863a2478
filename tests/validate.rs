//! `stepstream validate` as scripts see it: exit status and JSON.

use std::path::PathBuf;
use std::process::{Command, Output};

const VALID: &str = r#"{ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }"#;
const INVALID: &str = "{\n  \"StartAt\": \"S\",\n  \"States\": { \"S\": { \"Type\": \"Pass\", \"Next\": \"T\" }, \"U\": { \"Type\": \"Succeed\" } }\n}\n";
const DOUBTFUL: &str = r#"{ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 900, "End": true } } }"#;

#[test]
fn the_exit_status_tells_valid_from_invalid() {
    let valid = file("status-valid", VALID);
    let invalid = file("status-invalid", INVALID);
    let missing = valid.with_file_name("no-such-file");
    for (files, status, last_line) in [
        (vec![&valid], 0, "is valid: 0 errors, 0 warnings"),
        (vec![&invalid], 2, "is invalid: 2 errors, 0 warnings"),
        (vec![&valid, &valid], 0, "All 2 definitions are valid: 0 errors, 0 warnings"),
        (vec![&valid, &invalid], 2, "1 of 2 definitions are invalid: 2 errors, 0 warnings"),
        (vec![&valid, &missing], 2, "0 of 2 definitions are invalid, 1 could not be read: 0 errors, 0 warnings"),
    ] {
        let files: Vec<&str> = files.iter().map(|file| file.to_str().expect("the path is UTF-8")).collect();
        let output = validate(&files);
        assert_eq!(output.status.code(), Some(status), "{files:?}");
        let shown = String::from_utf8(output.stdout).expect("it is UTF-8");
        assert!(shown.trim_end().ends_with(last_line), "{shown}");
    }
}

#[test]
fn many_faults_in_one_long_line_are_all_shown() {
    let fields: Vec<String> =
        (0..4_000).map(|number| format!("\"Unknown{number}\": {number}, \"Version\": \"1\"")).collect();
    let definition =
        format!("{{\"StartAt\": \"S\", \"States\": {{\"S\": {{\"Type\": \"Succeed\"}}}}, {}}}", fields.join(", "));
    let output = validate(&[file("long-line", &definition).to_str().expect("the path is UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    let shown = String::from_utf8(output.stdout).expect("it is UTF-8");
    assert!(shown.contains("is invalid: 4001 errors, 3999 warnings"), "{}", &shown[shown.len() - 200..]);
    assert!(shown.len() < 4_000_000, "{}", shown.len());
}

#[test]
fn the_json_answer_has_the_shape_of_the_api() {
    let invalid = file("shape-invalid", INVALID);
    let answer = json(&validate(&["--json", invalid.to_str().expect("the path is UTF-8")]));
    assert_eq!(answer["result"], "FAIL");
    assert_eq!(answer["truncated"], false);
    assert_eq!(
        answer["diagnostics"][0],
        serde_json::json!({
            "severity": "ERROR", "code": "MISSING_TRANSITION_TARGET", "message": "Missing 'Next' target: T",
            "location": "/States/S/Next", "line": 3, "column": 46, "hint": answer["diagnostics"][0]["hint"],
        })
    );
    assert_eq!(answer["diagnostics"][1]["location"], "/States/U");
}

#[test]
fn several_files_make_a_list_with_names() {
    let valid = file("list-valid", VALID);
    let valid = valid.to_str().expect("the path is UTF-8");
    let output = validate(&["--json", valid, "/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    let answer = json(&output);
    assert_eq!((&answer[0]["file"], &answer[0]["result"]), (&valid.into(), &"OK".into()));
    assert_eq!(answer[1]["result"], "FAIL");
    assert_eq!(answer[1]["diagnostics"][0]["code"], "UNREADABLE_FILE");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = validate(&["/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert!(shown.starts_with("error: /no/such/file: cannot read the definition"), "{shown}");
}

#[test]
fn advice_can_be_left_out_and_refuses_nothing() {
    let doubtful = file("advice", DOUBTFUL);
    let path = doubtful.to_str().expect("the path is UTF-8");
    let all = json(&validate(&["--json", path]));
    assert_eq!((&all["result"], &all["diagnostics"][0]["code"]), (&"OK".into(), &"WAIT_EXCEEDS_EXECUTION".into()));
    let errors = json(&validate(&["--json", "--severity", "error", path]));
    assert_eq!((&errors["result"], &errors["diagnostics"]), (&"OK".into(), &serde_json::json!([])));
}

#[test]
fn what_cannot_be_run_yet_is_valid_with_a_warning() {
    let text = r#"{ "StartAt": "M", "States": { "M": { "Type": "Map", "End": true,
        "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": { "InputType": "PARQUET" }, "Parameters": { "Bucket": "b", "Key": "k" } },
        "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } } } } }"#;
    let output = validate(&["--json", file("parquet", text).to_str().expect("the path is UTF-8")]);
    let answer = json(&output);
    assert_eq!((output.status.code(), &answer["result"]), (Some(0), &"OK".into()));
    let diagnostics = answer["diagnostics"].as_array().expect("a list");
    let refusal = diagnostics.iter().find(|diagnostic| diagnostic["code"] == "NOT_SUPPORTED");
    assert_eq!(refusal.map(|diagnostic| &diagnostic["severity"]), Some(&"WARNING".into()));
}

fn validate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepstream")).arg("validate").args(args).output().expect("the command starts")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("validate-{name}.asl.json"));
    std::fs::write(&path, content).expect("the folder for tests is writable");
    path
}
