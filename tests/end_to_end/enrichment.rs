//! Tasks over HTTP: results, retries, catches, timeouts and compensation.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::daemon::Pipeline;
use crate::events::{Orders, id};
use crate::service::{Call, Reply, Service};

/// What the services do to an order, by its number.
const CASES: [&str; 5] = ["all well", "busy twice", "unknown customer", "no score", "slow profile"];

#[test]
fn enrichment_survives_busy_slow_and_failing_services() {
    const EVENTS: usize = 50;
    let broker = Broker::connect();
    let service = Service::start(enrichment_services);
    let pipeline = Pipeline::new(&broker, "enrichment", 2, "enrichment")
        .tables(&service.tasks(&["customer-profile", "risk-score"]));
    let _daemon = pipeline.start();
    let feed = broker.producer();
    Orders::new().send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();

    let results = broker.reader(&pipeline.sink.name).take(EVENTS, "results");
    let keys: BTreeSet<_> = results.iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys.len(), EVENTS, "a result for each event");
    for record in &results {
        let key = record.key.as_deref().expect("the key is kept");
        let case = case_of(key);
        let result = record.json();
        let (segment, decision, profile_calls) = match case {
            "all well" => ("regular", "RELEASE", 1),
            "busy twice" => ("regular", "RELEASE", 3),
            "unknown customer" => ("guest", "RELEASE", 1),
            "no score" => ("regular", "REVIEW", 1),
            _ => ("unknown", "RELEASE", 3),
        };
        assert_eq!(result["customer"]["profile"]["segment"], segment, "{case}: {result}");
        assert_eq!(result["decision"], decision, "{case}: {result}");
        assert_eq!(service.calls_of("customer-profile", key).len(), profile_calls, "{case}");
        check_errors(case, &result);
    }
    let mut keys = BTreeSet::new();
    for call in service.calls() {
        assert!(!call.idempotency_key.is_empty(), "{} has an Idempotency-Key", call.function);
        keys.insert((call.function, call.idempotency_key));
    }
    assert!(keys.len() >= 2 * EVENTS, "every order and task has a key of its own");
}

fn check_errors(case: &str, result: &Value) {
    let (profile, risk) = (&result["customer"]["profileError"], &result["riskError"]);
    match case {
        "unknown customer" => {
            assert_eq!(profile["Error"], "CustomerNotFound");
            assert!(profile["Cause"].as_str().is_some_and(|cause| cause.contains("nobody")), "{profile}");
        }
        "no score" => assert_eq!(risk["Error"], "Http.StatusCode.500"),
        "slow profile" => assert_eq!(profile["Error"], "States.Timeout"),
        _ => assert_eq!((profile, risk), (&Value::Null, &Value::Null)),
    }
}

fn enrichment_services(call: &Call, before: usize) -> Reply {
    let order = call.input["orderId"].as_str().expect("tasks send the order's id");
    match (call.function.as_str(), case_of(order)) {
        ("customer-profile", "busy twice") if before < 2 => Reply::status(503, json!("busy")),
        ("customer-profile", "unknown customer") => {
            Reply::status(404, json!({"errorType": "CustomerNotFound", "errorMessage": "nobody of that id"}))
        }
        ("customer-profile", "slow profile") => Reply::ok(json!({})).after(Duration::from_secs(20)),
        ("customer-profile", _) => Reply::ok(json!({"segment": "regular", "known": true})),
        (_, "no score") => Reply::status(500, json!("out of order")),
        _ => Reply::ok(json!({"score": 12, "model": "2026-10"})),
    }
}

fn case_of(order: &str) -> &'static str {
    let number: usize = order.strip_prefix("ord-").and_then(|digits| digits.parse().ok()).expect("an order's id");
    CASES[number % CASES.len()]
}

#[test]
fn a_saga_undoes_what_was_done_and_its_failure_says_what_where_and_whence() {
    const EVENTS: usize = 10;
    let broker = Broker::connect();
    // Even orders can't be paid, odd ones are placed.
    let service = Service::start(|call, _| {
        let order = call.input["orderId"].as_str().expect("tasks send the order's id");
        let even = order.ends_with(['0', '2', '4', '6', '8']);
        match call.function.as_str() {
            "take-payment" if even => {
                Reply::status(402, json!({"errorType": "PaymentDeclined", "errorMessage": "no cover"}))
            }
            function => Reply::ok(json!({"done": function})),
        }
    });
    let functions = ["reserve-stock", "take-payment", "book-parcel", "refund-payment", "release-stock"];
    let pipeline = Pipeline::new(&broker, "saga", 1, "saga").tables(&service.tasks(&functions));
    let _daemon = pipeline.start();
    let feed = broker.producer();
    let orders = Orders::new();
    for number in 0..EVENTS {
        feed.send(&pipeline.source.name, &id(number), orders.placed(number).to_string().as_bytes());
    }
    feed.flush();

    for record in broker.reader(&pipeline.sink.name).take(EVENTS / 2, "placed orders") {
        assert_eq!(record.json()["status"], "PLACED");
        assert!(service.calls_of("release-stock", record.key.as_deref().expect("a key")).is_empty());
    }
    for record in broker.reader(&pipeline.failures.name).take(EVENTS / 2, "orders not placed") {
        let key = record.key.as_deref().expect("the key is kept");
        assert_eq!(service.calls_of("release-stock", key).len(), 1, "the stock went back");
        assert!(service.calls_of("refund-payment", key).is_empty(), "no money had moved");
        assert_eq!(record.header("stepstream-error"), Some("OrderNotPlaced"));
        assert!(record.header("stepstream-cause").is_some_and(|cause| cause.starts_with("PaymentDeclined: ")));
        assert_eq!(record.header("stepstream-state"), Some("Not placed"));
        assert_eq!(record.header("stepstream-workflow"), Some("workflow"));
        assert!(record.header("stepstream-version").is_some_and(|version| version.starts_with("1-")));
        assert_eq!(record.header("stepstream-topic"), Some(&*pipeline.source.name));
        assert_eq!(record.header("stepstream-partition"), Some("0"));
        let number: usize = key.strip_prefix("ord-").and_then(|digits| digits.parse().ok()).expect("an id");
        assert_eq!(record.header("stepstream-offset"), Some(&*number.to_string()));
    }
}
