//! What TestState answers, from the sheets in `test_state/`, and the command around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use stepstream::engine::{Limits, Timestamp};
use stepstream::identity::Realm;
use stepstream::test_state::{Request, Surroundings, test_state};

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    /// What the cases show, for whoever reads the file.
    #[serde(rename = "about")]
    _about: String,
    /// What the requests of all cases have, unless they say otherwise.
    #[serde(default)]
    request: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    request: Map<String, Value>,
    /// The whole answer, payloads as JSON. Where `output` is left out of an answer that has one, it is not compared.
    expect: Value,
}

#[test]
fn answers_are_those_of_the_sheets() {
    let mut faults = Vec::new();
    for path in sheets() {
        let text = fs::read_to_string(&path).expect("a sheet can be read");
        let sheet: Sheet = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &sheet.cases {
            let mut request = sheet.request.clone();
            request.extend(case.request.clone());
            let mut found = answer(Value::Object(request));
            if case.expect.get("output").is_none() {
                found.as_object_mut().expect("an answer is an object").remove("output");
            }
            if found != case.expect {
                faults.push(format!(
                    "{} / {}\n  expected {}\n  found    {found}",
                    path.display(),
                    case.name,
                    case.expect
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn sheets() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/test_state");
    let mut sheets: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder of sheets").map(|entry| entry.expect("an entry").path()).collect();
    sheets.sort();
    assert!(!sheets.is_empty(), "no sheets");
    sheets
}

/// The answer, or the exception, with payloads as JSON.
fn answer(request: Value) -> Value {
    let request: Request = serde_json::from_value(request).expect("a request");
    let mut surroundings = Surroundings {
        now: Timestamp(0),
        seed: 7,
        realm: Realm::default(),
        limits: Limits::default(),
        call: &mut |_, _| None,
    };
    match test_state(&request, &mut surroundings) {
        Ok(response) => unpack(json!(response)),
        Err(exception) => json!({ "exception": exception }),
    }
}

fn unpack(mut answer: Value) -> Value {
    let unpacked = |value: &mut Value| {
        if let Some(parsed) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
            *value = parsed;
        }
    };
    if let Some(output) = answer.get_mut("output") {
        unpacked(output);
    }
    if let Some(data) = answer.get_mut("inspectionData").and_then(Value::as_object_mut) {
        data.values_mut().for_each(unpacked);
    }
    answer
}

#[test]
fn the_exit_status_tells_success_failure_and_refusal() {
    for (request, status) in [
        (r#"{"definition": {"Type": "Succeed"}}"#, 0),
        (r#"{"definition": {"Type": "Fail", "Error": "E"}}"#, 1),
        (r#"{"definition": {"Type": "Succeed"}, "mock": {"result": "1"}}"#, 2),
        ("no request", 2),
    ] {
        assert_eq!(command("status", request, &[]).status.code(), Some(status), "{request}");
    }
}

#[test]
fn what_is_no_request_is_refused_with_what_to_do() {
    for (request, fault) in [
        ("", "EOF while parsing"),
        ("[]", "is an array; a request is an object"),
        (
            r#"{"definition": {"Type": "Succeed"}, "inputs": {}}"#,
            "unknown field `inputs`, expected one of `definition`",
        ),
        (r#"{"definition": {"Type": "Succeed"}, "mock": {"results": {}}}"#, "unknown field `results`"),
        (r#"{"definition": {"Type": "Succeed"}, "stateConfiguration": {"retries": 1}}"#, "unknown field `retries`"),
    ] {
        let output = command("no-request", request, &[]);
        let shown = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() == Some(2) && shown.contains(fault), "{request}: {shown}");
    }
}

#[test]
fn the_json_answer_has_the_shape_of_the_api() {
    let request = r#"{"definition": {"Type": "Pass", "Next": "N"}, "input": {"a": 1.0}, "inspectionLevel": "DEBUG"}"#;
    let output = command("json", request, &["--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["output"], r#"{"a":1.0}"#);
    assert_eq!(answer["nextState"], "N");
    assert_eq!(answer["inspectionData"]["afterInputPath"], r#"{"a":1.0}"#);
}

#[test]
fn people_see_the_steps_by_name() {
    let request = r#"{"definition": {"Type": "Pass", "Result": [1], "ResultPath": "$.r", "Next": "N"},
        "input": "{\"a\": 2}", "inspectionLevel": "DEBUG"}"#;
    let shown = String::from_utf8(command("people", request, &[]).stdout).expect("UTF-8");
    for line in [
        "SUCCEEDED",
        "next state:                 N",
        r#"output:                     {"a":2,"r":[1]}"#,
        "result:                     [1]",
        r#"afterResultPath:            {"a":2,"r":[1]}"#,
    ] {
        assert!(shown.lines().any(|found| found == line), "{line} is not in\n{shown}");
    }
}

#[test]
fn a_task_without_a_mock_is_carried_out_as_the_configuration_says() {
    let config = r#"
        [kafka]
        bootstrap.servers = "localhost:9092"
        [[pipeline]]
        name = "p"
        sources = ["s"]
        workflow = "w.asl.json"
        sink = "t"
        [[task]]
        resource = "urn:echo"
        connector = "builtin"
        builtin = "echo"
    "#;
    file("w.asl.json", r#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#);
    let config = file("config.toml", config);
    let request = r#"{"definition": {"Type": "Task", "Resource": "urn:echo", "End": true}, "input": {"a": 1},
        "roleArn": "arn:aws:iam::000000000000:role/r"}"#;
    let without = command("without", request, &[]);
    assert_eq!(without.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(complaint.contains("Nothing here can call urn:echo"), "{complaint}");
    let with = command("with", request, &["--config", config.to_str().expect("UTF-8")]);
    assert_eq!(with.status.code(), Some(0), "{}", String::from_utf8_lossy(&with.stderr));
}

fn file(name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("test_state");
    fs::create_dir_all(&folder).expect("the build folder can be written");
    let path = folder.join(name);
    fs::write(&path, text).expect("the build folder can be written");
    path
}

fn command(name: &str, request: &str, arguments: &[&str]) -> Output {
    let request = file(&format!("{name}-{}.json", request.len()), request);
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.arg("test-state").arg(request).args(arguments).output().expect("the command runs")
}
