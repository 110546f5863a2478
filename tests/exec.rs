//! `stepstream exec` as people see it: what is wrong, where, and what to do.

use std::path::PathBuf;
use std::process::{Command, Output};

const SUCCEEDS: &str = r#"{ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }"#;
const FAILS: &str = r#"{ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "Bad", "Cause": "because" } } }"#;
const INVALID: &str = "{\n  \"StartAt\": \"S\",\n  \"States\": { \"S\": { \"Type\": \"Pass\", \"Next\": \"T\" } }\n}\n";
const CALLS: &str = r#"{ "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": "arn:aws:lambda:::function:f", "End": true } } }"#;

#[test]
fn the_exit_status_and_standard_output_tell_the_outcome() {
    for (name, definition, status, shown) in [
        ("succeeds", SUCCEEDS, 0, "SUCCEEDED\n{}\n"),
        ("fails", FAILS, 1, "FAILED\nerror: Bad\ncause: because\nstate: F\n"),
    ] {
        let output = exec(&[&file(&format!("{name}.asl.json"), definition)]);
        assert_eq!(output.status.code(), Some(status), "{name}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "{name}");
    }
}

#[test]
fn what_can_t_be_run_is_explained() {
    let not_json = file("not-json.json", "not json");
    let succeeds = file("explained-succeeds.asl.json", SUCCEEDS);
    let invalid = file("explained-invalid.asl.json", INVALID);
    let calls = file("explained-calls.asl.json", CALLS);
    for (args, parts) in [
        (vec![&*invalid], vec!["Missing 'Next' target: T", "exec-explained-invalid.asl.json:3:", "───", "is invalid"]),
        (vec![&*succeeds, "--input", &*not_json], vec!["the input", "not-json.json", "not valid JSON"]),
        (vec![&*succeeds, "--input", "/no/such/input"], vec!["cannot read the input /no/such/input"]),
        (vec!["/no/such/definition"], vec!["cannot read /no/such/definition"]),
        (vec![&*calls], vec!["\"T\"", "arn:aws:lambda:::function:f", "--mocks", "[[task]]"]),
    ] {
        let output = exec(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{args:?}: no {part:?} in: {said}");
        }
    }
}

#[test]
fn the_record_of_the_context_object_is_what_is_given() {
    let path = r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "InputPath": "$$.Kafka.Headers.trace", "End": true } } }"#;
    let query = r#"{ "QueryLanguage": "JSONata", "StartAt": "P", "States": { "P": { "Type": "Pass", "Output": "{% $states.context.Kafka.Headers.trace %}", "End": true } } }"#;
    for (name, definition, status) in [("record-path", path, "FAILED"), ("record-query", query, "FAILED")] {
        let definition = file(&format!("{name}.asl.json"), definition);
        let given = exec(&[&definition, "--kafka", r#"{"Headers": {"trace": "on"}}"#]);
        assert_eq!(String::from_utf8_lossy(&given.stdout), "SUCCEEDED\n\"on\"\n", "{name}");
        let without = exec(&[&definition]);
        assert!(String::from_utf8_lossy(&without.stdout).starts_with(status), "{name}: {without:?}");
    }
    let refused = exec(&[&file("record-refused.asl.json", path), "--kafka", "[1]"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && said.contains("--kafka [1]") && said.contains("no JSON object"),
        "{said}"
    );
}

#[test]
fn what_is_nested_deeply_comes_out_whole() {
    let passes = file("deep.asl.json", r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }"#);
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    // 128 levels are the default, as for pipelines.
    let config = format!(
        "kafka = {{ bootstrap.servers = \"localhost:1\" }}\nengine.max_depth = 512\n[[pipeline]]\nname = \"p\"\n\
         sources = [\"s\"]\nsink = \"r\"\nworkflow = '{passes}'\n"
    );
    let config = file("deep.toml", &config);
    let output = exec(&[&passes, "--input", &file("deep.json", &deep), "--json", "--config", &config]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{{\"status\":\"SUCCEEDED\",\"output\":{deep}}}\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_fault_that_is_reported() {
    let definition = file("full.asl.json", SUCCEEDS);
    let request = file("full.request.json", r#"{ "definition": { "Type": "Succeed" } }"#);
    for (args, status) in [
        (&["exec", &definition][..], 2),
        (&["exec", &definition, "--json"], 2),
        (&["validate", &definition], 2),
        (&["graph", &definition], 1),
        (&["test-state", &request], 2),
        (&["test-state", &request, "--json"], 2),
        (&["bench", "engine", "--workflow", &definition, "--seconds", "0.05"], 1),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("there is such a device");
        let output = Command::new(env!("CARGO_BIN_EXE_stepstream")).args(args).stdout(full).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("cannot write to standard output"), "{args:?}: {said}");
        assert_eq!(output.status.code(), Some(status), "{args:?}");
    }
}

const MAPS: &str = r#"{ "StartAt": "M", "States": { "M": { "Type": "Map", "End": true, "ResultPath": "$.written",
    "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "in", "Key.$": "$.key" },
        "ReaderConfig": { "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" } },
    "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
        "StartAt": "P", "States": { "P": { "Type": "Pass", "Parameters": { "who.$": "$.name" }, "End": true } } } WRITER } } }"#;
const WRITER: &str = r#", "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "out", "Prefix": "p" },
    "WriterConfig": { "Transformation": "COMPACT", "OutputType": "JSON" } }"#;

#[test]
fn the_data_of_a_distributed_map_lies_in_a_folder() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("exec-data");
    // What an earlier run has left.
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(data.join("in")).expect("the folder can be made");
    std::fs::write(data.join("in/people.csv"), "id,name\n1,Ann\n2,Bob\n").expect("the file can be written");
    let definition = file("maps.asl.json", &MAPS.replace("WRITER", WRITER));
    let input = file("maps-input.json", r#"{"key": "people.csv"}"#);

    let output = exec(&[&definition, "--input", &input, "--data", data.to_str().expect("UTF-8"), "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(said["status"], "SUCCEEDED", "{said}");
    let details = &said["output"]["written"]["ResultWriterDetails"];
    assert_eq!(details["Bucket"], "out", "{said}");
    let read = |key: &serde_json::Value| -> serde_json::Value {
        let path = data.join("out").join(key.as_str().expect("a text"));
        serde_json::from_slice(&std::fs::read(path).expect("it was written")).expect("it is JSON")
    };
    let manifest = read(&details["Key"]);
    let results = read(&manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]);
    assert_eq!(results.to_string(), r#"[{"who":"Ann"},{"who":"Bob"}]"#);
}

#[test]
fn a_mock_file_can_hold_a_data_set_under_the_maps_name() {
    let definition = file("mocked-maps.asl.json", &MAPS.replace("WRITER", ""));
    let mocks = r#"{ "StateMachines": { "m": { "TestCases": { "two": { "M": "people" } } } },
        "MockedResponses": { "people": { "0": { "Return": "id,name\n7,Zoe" } } } }"#;
    let mocks = file("mocked-maps.json", mocks);
    let input = file("mocked-maps-input.json", r#"{"key": "k"}"#);
    let args = [&*definition, "--input", &*input, "--name", "m", "--mocks", &*mocks, "--test-case", "two"];
    let output = exec(&args);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("\"who\": \"Zoe\""), "{said}");
}

#[test]
fn definitions_in_yaml_run_too() {
    let text = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Parameters:\n      text.$: States.Format('{} €', $.price)\n    End: true\n";
    let input = file("yaml-input.json", "{\"price\":5}");
    for name in ["yaml.asl.yaml", "yaml.yml", "yaml.asl"] {
        let output = exec(&[&file(name, text), "--input", &input]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "SUCCEEDED\n{\n  \"text\": \"5 €\"\n}\n", "{name}: {said}");
    }
}

#[test]
fn the_history_shows_the_input_as_it_came() {
    let input = file("verbatim-input.json", "{ \"a\" : [1,\n  2] }");
    let output = exec(&[&file("verbatim.asl.json", SUCCEEDS), "--input", &input, "--history", "--json"]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let events = &result["history"];
    assert_eq!(events[0]["executionStartedEventDetails"]["input"], "{ \"a\" : [1,\n  2] }");
    assert_eq!(events[1]["stateEnteredEventDetails"]["input"], "{\"a\":[1,2]}");
}

/// Texts are those of the data, not of how its sender wrote them: what hashes and keys are made of must agree with the service.
#[test]
fn escapes_that_need_not_be_are_gone_with_the_first_state() {
    let definition = file(
        "escapes.asl.json",
        r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true,
            "Parameters": { "text.$": "States.JsonToString($)", "hash.$": "States.Hash($, 'MD5')", "in.$": "$" } } } }"#,
    );
    let exited = |name: &str, input: &str| {
        let output = exec(&[&definition, "--input", &file(name, input), "--history", "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        result["history"][2]["stateExitedEventDetails"]["output"].clone()
    };
    let plain = exited("plain.json", "{\"é\":\"a/b😀\\n\"}");
    assert_eq!(plain, exited("escaped.json", r#"{ "\u00e9" : "\u0061\/b\ud83d\ude00\u000a" }"#));
    assert!(
        plain.as_str().is_some_and(|text| text.starts_with(r#"{"text":"{\"é\":\"a/b😀\\n\"}","hash":"#)),
        "{plain}"
    );
}

/// As tutorials show it: notes, trailing commas, and names to fill in.
#[test]
fn placeholders_of_a_tutorial_find_their_connectors() {
    let definition = file(
        "tutorial.asl.json",
        r#"// Send, then store.
        {
          "StartAt": "Send", /* put your own functions here */
          "States": {
            "Send": { "Type": "Task", "Resource": "arn:aws:lambda:...:send-email", "Next": "Score", },
            "Score": { "Type": "Task", "Resource": "arn:aws:lambda:REGION:ACCOUNT_ID:function:FUNCTION_NAME", "Next": "Store", },
            "Store": { "Type": "Task", "Resource": "${StoreFunctionArn}", "End": true, },
          },
        }"#,
    );
    let task =
        |pattern: &str| format!("[[task]]\nresource = \"{pattern}\"\nconnector = \"builtin\"\nbuiltin = \"echo\"\n");
    let tasks = [task("*:send-email"), task("*:FUNCTION_NAME"), task("$${StoreFunctionArn}")].concat();
    let pipeline =
        "[[pipeline]]\nname = \"p\"\nworkflow = \"exec-tutorial.asl.json\"\nsources = [\"in\"]\nsink = \"out\"\n";
    let config = file("tutorial.toml", &format!("[kafka]\nbootstrap.servers = \"127.0.0.1:1\"\n{pipeline}{tasks}"));
    let input = file("tutorial-input.json", "{\"a\":1}");
    let output = exec(&[&definition, "--config", &config, "--input", &input]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "SUCCEEDED\n{\n  \"a\": 1\n}\n", "{said}");
}

fn exec(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepstream")).arg("exec").args(args).output().expect("the command starts")
}

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("exec-{name}"));
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("the path is UTF-8").to_owned()
}

#[test]
fn the_input_is_json_or_a_file_by_how_it_begins() {
    let passes =
        file("input-passes.asl.json", r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }"#);
    for (input, output) in [("{\"a\":1}", "{\"a\":1}"), (" [1]", "[1]"), ("\"text\"", "\"text\"")] {
        let shown = exec(&[&passes, "-i", input, "--json"]);
        let expected = format!("{{\"status\":\"SUCCEEDED\",\"output\":{output}}}\n");
        assert_eq!(String::from_utf8_lossy(&shown.stdout), expected, "{input}");
    }
    for (input, parts) in [
        ("{\"a\":", ["the input {\"a\":", "not valid JSON"]),
        ("no-such-file", ["cannot read the input no-such-file", "begins with {, [ or \""]),
        ("5", ["cannot read the input 5", "begins with {, [ or \""]),
    ] {
        let output = exec(&[&passes, "--input", input]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
}

#[test]
fn the_history_names_the_configured_region() {
    let definition = file(
        "region.asl.json",
        r#"{ "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "End": true } } }"#,
    );
    let config = format!(
        "aws.region = \"eu-central-1\"\nkafka = {{ bootstrap.servers = \"localhost:1\" }}\n[[pipeline]]\nname = \"p\"\n\
         sources = [\"s\"]\nworkflow = '{definition}'\n[[task]]\nresource = \"*\"\nconnector = \"builtin\"\nbuiltin = \"echo\"\n"
    );
    let output = exec(&[&definition, "--history", "--json", "--config", &file("region.toml", &config)]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let events = result["history"].as_array().expect("it is shown");
    let scheduled: Vec<_> = events.iter().filter_map(|event| event.get("taskScheduledEventDetails")).collect();
    assert_eq!(scheduled.iter().map(|details| &details["region"]).collect::<Vec<_>>(), ["eu-central-1"], "{result}");
}

#[test]
fn the_history_for_people_has_times_data_and_errors() {
    let definition = file(
        "people.asl.json",
        r#"{ "StartAt": "P", "States": {
            "P": { "Type": "Pass", "Result": 7, "ResultPath": "$.b", "Next": "W" },
            "W": { "Type": "Wait", "Seconds": 60, "Next": "F" },
            "F": { "Type": "Fail", "Error": "Bad", "Cause": "because" } } }"#,
    );
    let output = exec(&[&definition, "-i", "{\"a\":1}", "--history", "--fast-forward"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "2 0.000 s PassStateEntered P",
        "input {\"a\":1}",
        "output {\"a\":1,\"b\":7}",
        "5 60.000 s WaitStateExited W",
        "error Bad",
        "cause because",
    ] {
        let is_there = lines.iter().any(|shown| shown == line || (line.contains("60.000") && shown.contains(" 60.0")));
        assert!(is_there, "{line}: {shown}");
    }
}
