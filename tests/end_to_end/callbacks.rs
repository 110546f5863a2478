//! Tasks that wait for a callback: whoever was given the token answers by the topic of callbacks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::{Broker, Feed, Topic, wait_until};
use crate::daemon::{Daemon, Pipeline};
use crate::service::{Reply, Service};

/// Asks a function for an approval, and takes what it is told.
fn approval() -> Value {
    json!({
        "StartAt": "Approve",
        "States": {"Approve": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {
                "FunctionName": "approve",
                "Payload": {"orderId.$": "$.id", "token.$": "$$.Task.Token"}
            },
            "HeartbeatSeconds": 3,
            "TimeoutSeconds": 60,
            "End": true
        }}
    })
}

/// A pipeline of approvals, the function that is asked, and the topic that its answers come by.
struct Approvals {
    broker: Broker,
    service: Service,
    answers: Topic,
    pipeline: Pipeline,
    feed: Feed,
}

impl Approvals {
    fn new(
        definition: &Value,
        behaviour: impl Fn(&crate::service::Call, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let broker = Broker::connect();
        let service = Service::start(behaviour);
        let answers = broker.topic("callbacks", 2);
        let tables = format!(
            "[callbacks]\ntopic = \"{}\"\nnode = \"n1\"\n[workflows]\nstate_dir = \"state\"\n\
             [[task]]\nresource = \"arn:aws:states:::lambda:invoke*\"\nconnector = \"lambda\"\nendpoint = \"http://{}\"\n",
            answers.name, service.address
        );
        let pipeline = Pipeline::with_definition(&broker, "approvals", 1, &definition.to_string()).tables(&tables);
        let feed = broker.producer();
        Approvals { broker, service, answers, pipeline, feed }
    }

    fn ask(&self, order: &str) {
        self.feed.send(&self.pipeline.source.name, order, json!({"id": order}).to_string().as_bytes());
        self.feed.flush();
    }

    /// The token that the function was given for this order, in its last call.
    fn token(&self, order: &str, calls: usize) -> String {
        wait_until("the function is asked", || self.service.calls_of("approve", order).len() == calls);
        let calls = self.service.calls_of("approve", order);
        calls.last().and_then(|call| call.input["token"].as_str()).expect("it is given a token").to_owned()
    }

    fn answer(&self, answer: &Value) {
        self.feed.send(&self.answers.name, "any", answer.to_string().as_bytes());
        self.feed.flush();
    }
}

/// Callbacks that came so far and had this outcome.
fn outcomes(daemon: &Daemon, action: &str, outcome: &str) -> f64 {
    let (_, page) = daemon.get("/metrics").expect("metrics are served");
    let labels = [format!("action=\"{action}\""), format!("outcome=\"{outcome}\"")];
    let is_meant = |line: &&str| {
        line.starts_with("stepstream_callbacks_total{") && labels.iter().all(|label| line.contains(label.as_str()))
    };
    page.lines().filter(is_meant).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn an_order_is_approved_or_rejected_by_who_was_given_its_token() {
    // One function has not answered when the callback comes.
    let approvals = Approvals::new(&approval(), |call, _| {
        let reply = Reply::ok(json!({"asked": true}));
        if call.input["orderId"] == "early" { reply.after(Duration::from_secs(600)) } else { reply }
    });
    let daemon = approvals.pipeline.start();
    let mut results = approvals.broker.reader(&approvals.pipeline.sink.name);

    approvals.ask("approved");
    let token = approvals.token("approved", 1);
    wait_until("the task is seen to wait", || daemon.metric("stepstream_callbacks_awaited") == 1.0);
    let yes = json!({"action": "SendTaskSuccess", "taskToken": token, "output": {"by": "Ada"}});
    approvals.answer(&yes);
    assert_eq!(results.next("the approval").json(), json!({"by": "Ada"}));
    wait_until("none waits", || daemon.metric("stepstream_callbacks_awaited") == 0.0);

    approvals.answer(&yes);
    wait_until("a second one is refused", || outcomes(&daemon, "SendTaskSuccess", "TaskTimedOut") == 1.0);
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": "made up", "output": "1"}));
    wait_until("a forged one is refused", || outcomes(&daemon, "SendTaskSuccess", "InvalidToken") == 1.0);
    approvals.answer(&json!("yes"));
    wait_until("what is none is counted", || outcomes(&daemon, "unreadable", "unreadable") == 1.0);

    approvals.ask("early");
    let token = approvals.token("early", 1);
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": token, "output": "\"at once\""}));
    assert_eq!(results.next("the early approval").json(), json!("at once"));

    approvals.ask("rejected");
    let token = approvals.token("rejected", 1);
    approvals.answer(&json!({"action": "SendTaskFailure", "taskToken": token, "error": "Rejected", "cause": "by Ada"}));
    let rejected = approvals.broker.reader(&approvals.pipeline.failures.name).next("the rejection");
    assert_eq!(rejected.header("stepstream-error"), Some("Rejected"));
    assert_eq!(outcomes(&daemon, "SendTaskSuccess", "ok"), 2.0);
    assert!(daemon.terminate().success());
}

#[test]
fn a_task_that_shows_signs_of_life_lives_longer_than_one_that_is_silent() {
    let approvals = Approvals::new(&approval(), |_, _| Reply::ok(json!({})));
    let daemon = approvals.pipeline.start();
    let mut failures = approvals.broker.reader(&approvals.pipeline.failures.name);
    for order in ["silent", "busy"] {
        approvals.ask(order);
    }
    let (silent, busy) = (approvals.token("silent", 1), approvals.token("busy", 1));
    // Until the silent one has ended, the busy one has had its heartbeats.
    let failed = loop {
        approvals.answer(&json!({"action": "SendTaskHeartbeat", "taskToken": busy}));
        if let Some(failed) = failures.poll(Duration::from_millis(500)) {
            break failed;
        }
    };
    let header = |name| failed.header(name);
    assert_eq!((failed.key.as_deref(), header("stepstream-error")), (Some("silent"), Some("States.Timeout")));
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": silent, "output": "1"}));
    wait_until("it is too late", || outcomes(&daemon, "SendTaskSuccess", "TaskTimedOut") == 1.0);
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": busy, "output": "\"well\""}));
    let result = approvals.broker.reader(&approvals.pipeline.sink.name).next("the result");
    assert_eq!((result.key.as_deref(), result.json()), (Some("busy"), json!("well")));
}

#[test]
fn after_a_crash_the_question_is_asked_again_and_the_old_token_has_timed_out() {
    let mut definition = approval();
    definition["States"]["Approve"].as_object_mut().expect("a state").remove("HeartbeatSeconds");
    let approvals = Approvals::new(&definition, |_, _| Reply::ok(json!({})));
    let daemon = approvals.pipeline.start();
    approvals.ask("order");
    let old = approvals.token("order", 1);
    daemon.kill();
    let daemon = approvals.pipeline.start();
    let new = approvals.token("order", 2);
    assert_ne!(old, new);
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": old, "output": "\"old\""}));
    wait_until("the old token has timed out", || outcomes(&daemon, "SendTaskSuccess", "TaskTimedOut") == 1.0);
    approvals.answer(&json!({"action": "SendTaskSuccess", "taskToken": new, "output": "\"new\""}));
    let mut results = approvals.broker.reader(&approvals.pipeline.sink.name);
    assert_eq!(results.next("the result").json(), json!("new"));
    assert!(daemon.terminate().success());
    assert_eq!(results.rest().len(), 0, "there is one result");
}

#[test]
fn ten_thousand_wait_at_a_time_and_each_gets_its_answer() {
    const EVENTS: usize = 10_000;
    let mut definition = approval();
    let ask = definition["States"]["Approve"].as_object_mut().expect("a state");
    ask.remove("HeartbeatSeconds");
    ask.insert("TimeoutSeconds".to_owned(), json!(250));
    let mut approvals = Approvals::new(&definition, |_, _| Reply::ok(json!({})));
    approvals.pipeline = approvals.pipeline.option("max_in_flight = 20000");
    let daemon = approvals.pipeline.start();
    for number in 0..EVENTS {
        let event = json!({"id": number.to_string()}).to_string();
        approvals.feed.send(&approvals.pipeline.source.name, &number.to_string(), event.as_bytes());
    }
    approvals.feed.flush();
    wait_until("all wait", || daemon.metric("stepstream_callbacks_awaited") == EVENTS as f64);
    wait_until("all are asked", || approvals.service.count() == EVENTS);
    for call in approvals.service.calls() {
        let (order, token) = (&call.input["orderId"], &call.input["token"]);
        let answer = json!({"action": "SendTaskSuccess", "taskToken": token, "output": {"answer": order}});
        approvals.feed.send(&approvals.answers.name, "any", answer.to_string().as_bytes());
    }
    approvals.feed.flush();
    let results = approvals.broker.reader(&approvals.pipeline.sink.name).take(EVENTS, "results");
    for result in &results {
        assert_eq!(result.json()["answer"].as_str(), result.key.as_deref(), "an answer reaches who asked");
    }
    let keys: BTreeSet<_> = results.into_iter().map(|result| result.key).collect();
    assert_eq!(keys.len(), EVENTS);
    wait_until("none waits", || daemon.metric("stepstream_callbacks_awaited") == 0.0);
}
