//! Order events in, results out.

use crate::broker::{Broker, wait_until};
use crate::daemon::Pipeline;
use crate::events::{Ledger, Orders, id};

#[test]
fn every_order_has_one_result_with_its_key_and_the_workflows_version() {
    const EVENTS: usize = 5_000;
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "orders", 4, "order");
    let daemon = pipeline.start();
    let feed = broker.producer();
    let orders = Orders::new();
    orders.send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();

    let results = broker.reader(&pipeline.sink.name).take(EVENTS, "results");
    let mut ledger = Ledger::default();
    for record in &results {
        ledger.note(record);
        assert_eq!(record.json()["orderId"].as_str(), record.key.as_deref(), "result and key belong together");
        let version = record.header("stepstream-version").expect("the version is in a header");
        assert!(version.starts_with("1-"), "the first version ran, not {version}");
    }
    assert_eq!((ledger.distinct(), ledger.duplicates()), (EVENTS, 0));
    for metric in ["events_consumed", "executions", "results_acknowledged"] {
        let name = format!("stepstream_{metric}_total");
        wait_until(&format!("{name} counts every event"), || daemon.metric(&name) == EVENTS as f64);
    }

    assert!(daemon.terminate().success(), "SIGTERM ends the daemon in peace");
    assert_eq!(broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64);
    assert!(broker.reader(&pipeline.sink.name).rest().len() == EVENTS, "nothing came after the last result");
    assert!(broker.reader(&pipeline.failures.name).rest().is_empty(), "no execution failed");
    assert!(broker.reader(&pipeline.dead_letters.name).rest().is_empty(), "every event could be run");
}

#[test]
fn each_order_takes_the_branch_that_it_should_in_both_languages() {
    let broker = Broker::connect();
    for workflow in ["order", "order-jsonata"] {
        each_order_takes_its_branch(&broker, workflow);
    }
}

fn each_order_takes_its_branch(broker: &Broker, workflow: &str) {
    let pipeline = Pipeline::new(broker, &format!("branches-{workflow}"), 2, workflow);
    let _daemon = pipeline.start();
    let feed = broker.producer();
    let orders = Orders::new();
    let samples = 50;
    orders.send(&feed, &pipeline.source.name, 0..samples);
    feed.flush();

    for record in broker.reader(&pipeline.sink.name).take(samples, "results") {
        let number: usize =
            record.key.as_deref().and_then(|key| key.strip_prefix("ord-")?.parse().ok()).expect("an id");
        let event = orders.event(number);
        let result = record.json();
        assert_eq!(result["status"], expected_status(&event), "{}", id(number));
        if result["status"] == "ACCEPTED" {
            let lines = result["invoice"]["lines"].as_array().expect("the invoice has lines");
            let ordered = event["lines"].as_array().expect("the event has lines");
            assert_eq!(lines.len(), ordered.len());
            for (index, (line, ordered)) in lines.iter().zip(ordered).enumerate() {
                assert_eq!(line["lineId"], format!("{}-{index}", id(number)));
                assert_eq!((&line["sku"], &line["price"]), (&ordered["sku"], &ordered["price"]));
                assert_eq!(line["tax"]["class"], expected_tax_class(&ordered["category"]));
            }
            assert_eq!(result["shipment"]["to"], event["shipping"]);
        }
    }
}

fn expected_status(event: &serde_json::Value) -> &'static str {
    let total = event["total"].as_f64().expect("a total");
    if event["type"] == "order.cancelled" {
        "CANCELLED"
    } else if event["flags"]["suspicious"] == true
        || (event["tier"] == "standard" && total > 2500.0)
        || event["lines"].as_array().is_none_or(Vec::is_empty)
    {
        "ON_HOLD"
    } else {
        "ACCEPTED"
    }
}

fn expected_tax_class(category: &serde_json::Value) -> &'static str {
    match category.as_str() {
        Some("books" | "food") => "reduced",
        Some("giftcard") => "exempt",
        _ => "full",
    }
}
