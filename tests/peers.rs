//! The workflows that `benches/peers/rust` has by hand give what the engine gives: otherwise the two would not be compared.
//! `scripts/peers check` says the same of the peers in other languages, for which it needs their tools.

#![allow(unreachable_pub, reason = "these files are parts of other crates")]

#[path = "../benches/peers/driver/src/equal.rs"]
mod equal;
#[path = "../benches/peers/driver/src/events.rs"]
mod events;
#[path = "../benches/peers/rust/src/order.rs"]
mod order;
#[path = "../benches/peers/rust/src/router.rs"]
mod router;

use std::sync::Arc;

use stepstream::engine::{Execution, Identity, Limits, Progress, Status, Timestamp};
use stepstream::program::Program;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// As many as `scripts/peers check` takes.
const EVENTS: usize = 300;

#[test]
fn the_router_by_hand_gives_what_the_workflow_gives() {
    compare(include_str!("../config/workflows/router.asl.json"), router::run);
}

#[test]
fn the_order_by_hand_gives_what_the_workflow_gives() {
    compare(include_str!("../config/workflows/order.asl.json"), order::run);
}

fn compare(workflow: &str, by_hand: fn(&[u8], &mut Vec<u8>) -> serde_json::Result<()>) {
    let program = Arc::new(Program::from_text(workflow).expect("the example is valid"));
    let (mut expected, mut actual) = (String::new(), Vec::new());
    for event in events::varied(EVENTS) {
        expected += &run(&program, &event);
        expected.push('\n');
        by_hand(event.as_bytes(), &mut actual).expect("an event has the form of an order");
        actual.push(b'\n');
    }
    let actual = String::from_utf8(actual).expect("JSON is UTF-8");
    equal::lines(&expected, &actual).unwrap_or_else(|difference| panic!("{difference}"));
}

fn run(program: &Arc<Program>, event: &str) -> String {
    let identity = Identity {
        name: "orders-0-1",
        id: "arn:aws:states:us-east-1:000000000000:express:peers:orders-0-1",
        state_machine_name: "peers",
        state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:peers",
        role_arn: "arn:aws:iam::000000000000:role/stepstream",
        seed: 7,
        kafka: None,
    };
    let now = Timestamp(1_700_000_000_000);
    let mut execution = Execution::new(Limits::default());
    execution.start(program, event.as_bytes(), &identity, now).expect("an event is JSON");
    while execution.run(now) == Progress::Yielded {}
    assert_eq!(execution.status(), Some(Status::Succeeded), "{event}");
    let mut output = Vec::new();
    execution.write_output(&mut output);
    String::from_utf8(output).expect("JSON is UTF-8")
}

#[test]
fn a_difference_is_found() {
    assert!(equal::lines("{\"a\":[1.0,\"x\"],\"b\":null}\n", "{\"b\":null,\"a\":[1,\"\\u0078\"]}\n").is_ok());
    for other in ["{\"a\":[1,\"x\"]}", "{\"a\":[1,\"y\"],\"b\":null}", "{\"a\":[1],\"b\":null}", "{}\n{}"] {
        assert!(equal::lines("{\"a\":[1.0,\"x\"],\"b\":null}", other).is_err(), "{other}");
    }
}
