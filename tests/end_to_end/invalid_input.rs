//! Events that can't be run go to the dead-letter topic as they came, with the reason; the others are not held up.

use std::collections::BTreeMap;

use crate::broker::Broker;
use crate::daemon::Pipeline;
use crate::events::{Orders, id};

const MAX_EVENT_BYTES: usize = 4096;

#[test]
fn invalid_input_goes_to_the_dead_letters_with_bytes_key_headers_and_reason() {
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "invalid-input", 1, "router")
        .tables(&format!("[engine]\nmax_event_bytes = {MAX_EVENT_BYTES}\nmax_depth = 64\n"));
    let _daemon = pipeline.start();
    let feed = broker.producer();
    let orders = Orders::new();
    let invalid = invalid_input();
    for (number, (name, payload)) in invalid.iter().enumerate() {
        feed.send(&pipeline.source.name, &id(number), orders.placed(number).to_string().as_bytes());
        feed.send_with_header(&pipeline.source.name, name, payload.as_deref(), ("traceparent", &format!("00-{name}")));
    }
    feed.flush();

    let letters = broker.reader(&pipeline.dead_letters.name).take(invalid.len(), "dead letters");
    let letters: BTreeMap<_, _> =
        letters.into_iter().map(|letter| (letter.key.clone().unwrap_or_default(), letter)).collect();
    for (number, (name, payload)) in invalid.iter().enumerate() {
        let letter = letters.get(*name).unwrap_or_else(|| panic!("{name} is a dead letter with its key"));
        assert_eq!(letter.payload, *payload, "{name}: the bytes as they came");
        assert_eq!(letter.header("traceparent"), Some(&*format!("00-{name}")), "{name}: the event's own header");
        assert!(letter.header("stepstream-reason").is_some_and(|reason| !reason.is_empty()), "{name}: the reason");
        assert_eq!(letter.header("stepstream-topic"), Some(&*pipeline.source.name));
        assert_eq!(letter.header("stepstream-partition"), Some("0"));
        assert_eq!(letter.header("stepstream-offset"), Some(&*(2 * number + 1).to_string()), "{name}");
    }
    let results = broker.reader(&pipeline.sink.name).take(invalid.len(), "results of the events between");
    assert!(results.iter().all(|record| record.json()["route"]["queue"].is_string()));
}

fn invalid_input() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let too_deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    let too_large = format!("{{\"id\":\"x\",\"note\":\"{}\"}}", "x".repeat(MAX_EVENT_BYTES));
    vec![
        ("words", Some(b"this is no JSON".to_vec())),
        ("cut-off", Some(b"{\"id\":\"ord-1\",\"lines\":[".to_vec())),
        ("two-values", Some(b"{\"id\":1} {\"id\":2}".to_vec())),
        ("not-utf-8", Some(b"{\"id\":\"\xff\xfe\"}".to_vec())),
        ("control-character", Some(b"{\"id\":\"a\nb\"}".to_vec())),
        ("too-deep", Some(too_deep.into_bytes())),
        ("too-large", Some(too_large.into_bytes())),
        ("blanks", Some(b"  \n".to_vec())),
        ("tombstone", None),
    ]
}
