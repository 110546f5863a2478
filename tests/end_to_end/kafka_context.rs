//! A workflow sees the record that its event comes from.

use serde_json::json;

use crate::broker::Broker;
use crate::daemon::Pipeline;

/// The record is looked at by both languages, and after a wait: then the client's copy of it is gone.
const WORKFLOW: &str = r#"{
  "StartAt": "Now",
  "States": {
    "Now": { "Type": "Pass", "Parameters": { "now.$": "$$.Kafka" }, "Next": "Pause" },
    "Pause": { "Type": "Wait", "Seconds": 1, "Next": "Later" },
    "Later": {
      "Type": "Pass",
      "QueryLanguage": "JSONata",
      "Output": { "now": "{% $states.input.now %}", "later": "{% $states.context.Kafka %}", "trace": "{% $states.context.Kafka.Headers.trace %}" },
      "End": true
    }
  }
}"#;

#[test]
fn the_context_object_has_the_record_with_its_key_and_headers() {
    let broker = Broker::connect();
    let pipeline = Pipeline::with_definition(&broker, "kafka-context", 1, WORKFLOW);
    let _daemon = pipeline.start();
    let feed = broker.producer();
    feed.send_with_header(&pipeline.source.name, "before", Some(b"{}"), ("trace", "off"));
    feed.send_with_header(&pipeline.source.name, "k \"1\"", Some(b"{}"), ("trace", "on"));
    feed.flush();
    let results = broker.reader(&pipeline.sink.name).take(2, "results");
    let result = results.iter().find(|record| record.key.as_deref() == Some("k \"1\"")).expect("each has a result");
    let result = result.json();
    let sent = result["now"]["Timestamp"].as_i64().expect("milliseconds");
    assert!(sent > 1_700_000_000_000, "{result}");
    let record = json!({
        "Topic": pipeline.source.name, "Partition": 0, "Offset": 1, "Key": "k \"1\"", "Timestamp": sent,
        "Headers": {"trace": "on"},
    });
    assert_eq!(result, json!({"now": record, "later": record, "trace": "on"}));
}
