//! Results, failures and dead letters are those that `docs/records.md` shows: its examples are read and run.

use crate::broker::{Broker, Record};
use crate::daemon::Pipeline;

const PAGE: &str = include_str!("../../docs/records.md");

#[test]
fn records_are_as_documented() {
    let broker = Broker::connect();
    let [workflow] = &blocks("json workflow")[..] else { panic!("one workflow") };
    let log = broker.topic("records-executions", 1);
    let pipeline =
        Pipeline::with_definition(&broker, "records", 1, workflow).option(&format!("log_topic = \"{}\"", log.name));
    let _daemon = pipeline.start();
    let feed = broker.producer();
    let events = blocks("json event").into_iter().chain(blocks("text event"));
    for (number, event) in (1..).zip(events) {
        feed.send(&pipeline.source.name, &format!("ord-{number}"), event.as_bytes());
    }
    feed.flush();
    for (kind, topic) in [
        ("result", &pipeline.sink),
        ("failure", &pipeline.failures),
        ("dead letter", &pipeline.dead_letters),
        ("execution event", &log),
    ] {
        let record = broker.reader(&topic.name).next(kind);
        assert_eq!([shown(&record, &pipeline)].as_slice(), blocks(&format!("text {kind}")), "{kind}");
    }
}

/// The contents of the page's blocks of a kind.
fn blocks(kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("\n```").next().expect("it has an end").to_owned()).collect()
}

/// A record as the page writes it, with the page's words for what is different in each run.
fn shown(record: &Record, pipeline: &Pipeline) -> String {
    // The tests' pipelines are called so.
    let named = |text: &str| text.replacen("e2e-", "PIPELINE-", 1).replace(&pipeline.source.name, "EVENTS");
    let mut lines = vec![format!("key: {}", named(record.key.as_deref().unwrap_or_default()))];
    for (name, value) in &record.headers {
        let value = String::from_utf8_lossy(value);
        lines.push(match name.as_str() {
            "stepstream-version" => {
                assert!(value.starts_with("1-") && value.len() == 10, "{value}");
                format!("{name}: VERSION")
            }
            "stepstream-detail" => {
                assert!(value.starts_with("the event is not valid JSON: "), "{value}");
                format!("{name}: DETAIL")
            }
            "stepstream-execution" => format!("{name}: {}", named(&value)),
            _ => format!("{name}: {}", value.replace(&pipeline.source.name, "EVENTS")),
        });
    }
    let value = String::from_utf8_lossy(record.payload.as_deref().unwrap_or_default());
    format!("{}\n\n{}", lines.join("\n"), timeless(&named(&value)))
}

/// The text without the time of an event of an execution.
fn timeless(text: &str) -> String {
    const TIME: &str = r#""event_timestamp":""#;
    let Some((before, behind)) = text.split_once(TIME) else { return text.to_owned() };
    format!("{before}{TIME}MILLISECONDS{}", behind.trim_start_matches(|c: char| c.is_ascii_digit()))
}
