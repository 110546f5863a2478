//! The Step Functions API, as AWS's own client for Python uses it: `api.py` says what it does.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::broker::{Broker, unique};
use crate::daemon::Pipeline;

fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("this test needs moto and boto3, and {name} isn't set: run scripts/test, or scripts/moto start and export what scripts/moto env prints")
    })
}

/// Runs the script; what it prints.
fn script(action: &str, endpoint: &str, queue: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/api.py");
    let output = Command::new(told("MOTO_PYTHON"))
        .args([script, action, endpoint, &told("MOTO_OPEN_ENDPOINT"), queue])
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// An activity.
const PACK: &str = "arn:aws:states:us-east-1:000000000000:activity:pack";

#[test]
fn boto3_starts_watches_stops_tests_and_answers() {
    let broker = Broker::connect();
    let choices: Vec<_> = [("ask", "Ask"), ("wait", "Wait"), ("fail", "Fail"), ("pack", "Pack"), ("late", "Late")]
        .map(|(wish, next)| {
            json!({
                "And": [{"Variable": "$.do", "IsPresent": true}, {"Variable": "$.do", "StringEquals": wish}],
                "Next": next
            })
        })
        .into();
    let definition = json!({
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": choices,
                "Default": "Echo"
            },
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {
                    "QueueUrl.$": "$.queue",
                    "MessageBody": {"id.$": "$.id", "token.$": "$$.Task.Token"}
                },
                "HeartbeatSeconds": 120,
                "End": true
            },
            "Pack": {"Type": "Task", "Resource": PACK, "TimeoutSeconds": 60, "End": true},
            "Late": {"Type": "Task", "Resource": PACK, "TimeoutSeconds": 1, "End": true},
            "Wait": {"Type": "Wait", "Seconds": 600, "Next": "Echo"},
            "Fail": {"Type": "Fail", "Error": "Oops", "Cause": "on purpose"},
            "Echo": {"Type": "Pass", "End": true}
        }
    });
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let tables = format!(
        "[api]\nlisten = \"{address}\"\naccess_key_id = \"AKIDSTEPSTREAM\"\nsecret_access_key = \"a-secret-of-the-test\"\n\
         [aws]\nregion = \"us-east-1\"\nendpoint = \"{}\"\naccess_key_id = \"any\"\nsecret_access_key = \"thing\"\n",
        told("MOTO_OPEN_ENDPOINT")
    );
    let pipeline = Pipeline::with_definition(&broker, "api", 1, &definition.to_string()).tables(&tables);
    let name = unique("api");
    let queue = script("create", "none", &name);
    let daemon = pipeline.start();
    let feed = broker.producer();
    let event = json!({"do": "ask", "id": "kafka", "queue": queue});
    feed.send(&pipeline.source.name, "k", event.to_string().as_bytes());
    feed.flush();
    script("run", &format!("http://{address}"), &name);
    let result = broker.reader(&pipeline.sink.name).next("the result of the event");
    assert_eq!(result.json(), json!("over the API"));
    let (_, page) = daemon.get("/metrics").expect("metrics are served");
    let counted = |line: &&str| line.starts_with("stepstream_executions_total{pipeline=\"api\"");
    assert!(page.lines().any(|line| counted(&line)), "executions of the API are counted: {page}");
    assert!(daemon.terminate().success());
}
