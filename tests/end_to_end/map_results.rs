//! Results of a distributed Map as records of a topic.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::broker::{Broker, Reader, Record, unique};
use crate::daemon::{Pipeline, binary};

/// Doubles each number of the event; fails those that are no numbers, up to half of them.
const DEFINITION: &str = r#"{
  "StartAt": "Each",
  "States": {
    "Each": {
      "Type": "Map",
      "ItemsPath": "$.items",
      "ToleratedFailurePercentage": 50,
      "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "Look",
        "States": {
          "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "IsNumeric": true, "Next": "Keep"}],
            "Default": "Refuse"
          },
          "Keep": {"Type": "Pass", "Parameters": {"number.$": "$"}, "End": true},
          "Refuse": {"Type": "Fail", "Error": "NoNumber", "Cause": "not a number"}
        }
      },
      "ResultWriter": {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "out", "Prefix": "runs"},
        "WriterConfig": {"OutputType": "OUTPUT_TYPE", "Transformation": "TRANSFORMATION"}
      },
      "End": true
    }
  }
}"#;

fn definition(transformation: &str, output_type: &str) -> String {
    DEFINITION.replace("TRANSFORMATION", transformation).replace("OUTPUT_TYPE", output_type)
}

fn task(topic: &str) -> String {
    format!("[[task]]\nresource = \"arn:aws:states:::s3:putObject\"\nconnector = \"topic\"\ntopic = \"{topic}\"\n")
}

#[test]
fn results_failures_and_manifest_of_a_distributed_map_are_records_of_the_topic() {
    let broker = Broker::connect();
    let results = broker.topic("map-results", 3);
    let definition = definition("COMPACT", "JSON");
    let pipeline = Pipeline::with_definition(&broker, "map", 1, &definition).tables(&task(&results.name));
    let daemon = pipeline.start();
    let feed = broker.producer();
    feed.send(&pipeline.source.name, "k", br#"{"items": [1.50, "x", 12345678901234567890, 3]}"#);
    feed.flush();

    let output = broker.reader(&pipeline.sink.name).next("the execution's output").json();
    let manifest_key = output["ResultWriterDetails"]["Key"].as_str().expect("a key").to_owned();
    assert_eq!(output["ResultWriterDetails"]["Bucket"], "out");
    let run = manifest_key.strip_suffix("/manifest.json").expect("a manifest").to_owned();
    assert!(run.starts_with("runs/"), "{run}");

    let records = broker.reader(&results.name).rest();
    let texts = |file: &str| texts(&records, &format!("{run}/{file}"));
    assert_eq!(
        texts("SUCCEEDED_0.json"),
        [r#"{"number":1.50}"#, r#"{"number":12345678901234567890}"#, r#"{"number":3}"#]
    );
    let failed: Value = serde_json::from_str(&texts("FAILED_0.json")[0]).expect("JSON");
    assert_eq!(
        (&failed["Status"], &failed["Error"], &failed["Input"]),
        (&json!("FAILED"), &json!("NoNumber"), &json!("\"x\""))
    );
    let manifest: Value = serde_json::from_str(&texts("manifest.json")[0]).expect("JSON");
    assert_eq!(manifest["DestinationBucket"], "out");
    assert_eq!(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"], format!("{run}/SUCCEEDED_0.json"));
    assert_eq!(records.len(), 5);
    for record in &records {
        assert_eq!(record.header("stepstream-workflow"), Some("workflow"));
        assert_eq!(record.header("stepstream-state"), Some("Each"));
        let key = record.key.as_deref().expect("a key");
        assert_eq!(record.header("stepstream-file"), key.rsplit('/').next());
        assert!(record.header("stepstream-execution").is_some_and(|name| name.ends_with("-0-0")), "{record:?}");
    }
    assert!(daemon.terminate().success());
}

#[test]
fn a_topic_that_takes_no_result_of_that_size_fails_the_state() {
    let broker = Broker::connect();
    let results = broker.absent_topic("map-narrow");
    broker.create(&results.name, 1, &[("max.message.bytes", "1000"), ("compression.type", "uncompressed")]);
    let definition = definition("COMPACT", "JSONL");
    let pipeline = Pipeline::with_definition(&broker, "narrow-map", 1, &definition).tables(&task(&results.name));
    let daemon = pipeline.start();
    let feed = broker.producer();
    // Each of these results fits, all of them in one batch don't.
    let numbers: Vec<usize> = (0..200).collect();
    feed.send(&pipeline.source.name, "fits", json!({ "items": numbers }).to_string().as_bytes());
    feed.send(&pipeline.source.name, "too large", json!({"items": [1, "x".repeat(2000)]}).to_string().as_bytes());
    feed.flush();

    let output = broker.reader(&pipeline.sink.name).next("the output of the one that fits");
    assert_eq!(output.key.as_deref(), Some("fits"));
    let failure = broker.reader(&pipeline.failures.name).next("the failure of the other");
    assert_eq!(failure.header("stepstream-error"), Some("States.ResultWriterFailed"));
    let cause = failure.json()["Cause"].as_str().expect("a cause").to_owned();
    assert!(cause.contains(&results.name) && cause.contains("FAILED_0.jsonl"), "{cause}");
    let manifest = |record: &Record| record.header("stepstream-file") == Some("manifest.json");
    let records = broker.reader(&results.name).rest();
    assert_eq!(records.iter().filter(|record| manifest(record)).count(), 1, "none for the run that was not written");
    assert_eq!(
        records.iter().filter(|record| record.header("stepstream-file") == Some("SUCCEEDED_0.jsonl")).count() % 200,
        0
    );
    assert!(daemon.terminate().success());
}

#[test]
fn exec_writes_the_results_of_one_execution_to_the_topic_of_its_configuration() {
    let broker = Broker::connect();
    let results = broker.topic("map-exec", 1);
    let pipeline =
        Pipeline::with_definition(&broker, "map-exec", 1, &definition("NONE", "JSONL")).tables(&task(&results.name));
    let config = pipeline.write_config();
    let folder = config.parent().expect("a folder").to_owned();
    let input = folder.join("input.json");
    fs::write(&input, r#"{"items": [1, "x"]}"#).expect("an input");
    let name = unique("exec");
    let output = Command::new(binary())
        .args(["exec", "--json", "--execution-name", &name, "--config"])
        .arg(&config)
        .arg("--input")
        .arg(&input)
        .arg(folder.join("workflow.asl.json"))
        .output()
        .expect("stepstream runs");
    assert!(output.status.success(), "{output:?}");

    let mut reader: Reader = broker.reader(&results.name);
    let records = reader.rest();
    let files: Vec<_> = records.iter().map(|record| record.header("stepstream-file").expect("a file")).collect();
    assert_eq!(files, ["FAILED_0.jsonl", "SUCCEEDED_0.jsonl", "manifest.json"]);
    assert_eq!(records[1].json()["Status"], "SUCCEEDED");
    assert_eq!(records[1].header("stepstream-execution"), Some(name.as_str()));
}

/// The values of the records with this key, in their order.
fn texts(records: &[Record], key: &str) -> Vec<String> {
    let of_key = records.iter().filter(|record| record.key.as_deref() == Some(key));
    of_key.map(|record| String::from_utf8(record.payload.clone().expect("a value")).expect("UTF-8")).collect()
}
