//! Order events for tests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::broker::{Feed, Reader, Record};

/// The sample events of `config/events/orders.jsonl`, each under new ids.
pub struct Orders {
    samples: Vec<Value>,
}

impl Orders {
    pub fn new() -> Self {
        let text = include_str!("../../config/events/orders.jsonl");
        Self { samples: text.lines().map(|line| serde_json::from_str(line).expect("sample events are JSON")).collect() }
    }

    /// Event number `number`: a sample with an id of its own.
    pub fn event(&self, number: usize) -> Value {
        let mut event = self.samples[number % self.samples.len()].clone();
        event["id"] = id(number).into();
        event
    }

    /// Events that are placed orders with lines, which the order workflow accepts or holds.
    pub fn placed(&self, number: usize) -> Value {
        let placed: Vec<_> = self.samples.iter().filter(|event| event["type"] == "order.placed").collect();
        let mut event = placed[number % placed.len()].clone();
        event["id"] = id(number).into();
        event
    }

    /// Sends events of these numbers, keyed by their id.
    pub fn send(&self, feed: &Feed, topic: &str, numbers: std::ops::Range<usize>) {
        for number in numbers {
            feed.send(topic, &id(number), self.event(number).to_string().as_bytes());
        }
    }
}

/// The id of event `number`.
pub fn id(number: usize) -> String {
    format!("ord-{number:07}")
}

/// Which events have an outcome, and how often.
#[derive(Default)]
pub struct Ledger {
    outcomes: BTreeMap<String, u32>,
}

impl Ledger {
    /// Notes an outcome. Every record of these tests is keyed by its event's id.
    pub fn note(&mut self, record: &Record) {
        let id = record.key.clone().expect("the key is kept");
        *self.outcomes.entry(id).or_default() += 1;
    }

    /// Notes outcomes until so many events have one.
    pub fn read(&mut self, outcomes: &mut Reader, events: usize) {
        while self.distinct() < events {
            self.note(&outcomes.next(&format!("outcomes of {} events so far", self.distinct())));
        }
    }

    pub fn distinct(&self) -> usize {
        self.outcomes.len()
    }

    /// Outcomes beyond the first of each event.
    pub fn duplicates(&self) -> u32 {
        self.outcomes.values().map(|count| count - 1).sum()
    }

    /// Ids of events in 0..total that have no outcome.
    pub fn lost(&self, total: usize) -> BTreeSet<String> {
        (0..total).map(id).filter(|id| !self.outcomes.contains_key(id)).collect()
    }
}
