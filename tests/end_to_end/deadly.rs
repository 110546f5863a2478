//! An event that ends the process each time that it runs.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::broker::{Broker, wait_until};
use crate::daemon::Pipeline;
use crate::events::{Orders, id};
use crate::service::{Reply, Service, profile_workflow};

const EVENTS: usize = 60;
const DEADLY: usize = 25;
const ATTEMPTS: usize = 3;

/// Whoever runs it is killed, by kill -9, while its task is called: as if the event had ended the process.
#[test]
fn an_event_that_ends_the_process_each_time_is_put_aside_and_all_others_run() {
    let broker = Broker::connect();
    let service = Service::start(|call, _| {
        let reply = Reply::ok(json!({"known": true}));
        if call.input["orderId"] == id(DEADLY) { reply.after(Duration::from_secs(600)) } else { reply }
    });
    let tasks = service.tasks(&["customer-profile"]).replace("\n\n", "\ntimeout = \"1h\"\n\n");
    let pipeline = Pipeline::with_definition(&broker, "deadly", 1, &profile_workflow())
        .option(&format!("max_delivery_attempts = {ATTEMPTS}"))
        .option("max_in_flight = 40")
        .tables(&tasks);
    let feed = broker.producer();
    let orders = Orders::new();
    orders.send(&feed, &pipeline.source.name, 0..EVENTS);
    feed.flush();
    for attempt in 1..=ATTEMPTS {
        let daemon = pipeline.spawn();
        wait_until("the deadly event runs", || service.calls_of("customer-profile", &id(DEADLY)).len() == attempt);
        daemon.kill();
    }

    let daemon = pipeline.spawn();
    let letter = broker.reader(&pipeline.dead_letters.name).next("the dead letter");
    assert_eq!(letter.key.as_deref(), Some(id(DEADLY).as_str()));
    assert_eq!(letter.header("stepstream-reason"), Some("delivery-attempts"));
    assert_eq!(letter.json(), orders.event(DEADLY), "as it came");
    let detail = letter.header("stepstream-detail").expect("a sentence");
    assert!(detail.starts_with("delivered 3 times"), "{detail}");

    let all = i64::try_from(EVENTS).expect("a small number");
    wait_until("everything is committed", || broker.committed_total(&pipeline.group, &pipeline.source.name) == all);
    let results = broker.reader(&pipeline.sink.name).rest();
    let keys: BTreeSet<_> = results.iter().filter_map(|record| record.key.clone()).collect();
    assert_eq!(keys, (0..EVENTS).filter(|number| *number != DEADLY).map(id).collect());
    assert_eq!(broker.reader(&pipeline.dead_letters.name).rest().len(), 1);
    assert_eq!(service.calls_of("customer-profile", &id(DEADLY)).len(), ATTEMPTS);
    let suspicions = || pipeline.log().matches("events are run one at a time").count();
    let before = suspicions();
    assert!(before >= 2, "{}", pipeline.log());
    assert!(daemon.terminate().success());

    // An orderly end leaves no suspicion behind.
    let daemon = pipeline.start();
    assert_eq!(suspicions(), before);
    assert!(daemon.terminate().success());
}
