//! Sends events at a rate, and never more than the mock cluster can hold until they have come out.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::cli::feed::{Ledger, Orders, key_of};

/// Events that may be on their way. The mock cluster keeps 5 MiB per partition and drops the oldest: so many events of a
/// kilobyte, with results twice as large, stay below even if all fall into one partition.
const MOST_ON_THEIR_WAY: u64 = 2_000;
/// One turn of an idle generator.
const PAUSE: Duration = Duration::from_millis(2);
/// Events sent in one turn at most, so that the table is drawn in time.
const TURN: u64 = 1_000;
/// How long the last events may take to be delivered to the cluster, per call.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);

/// Sends events.
pub(super) struct Generator {
    producer: BaseProducer,
    topics: Vec<String>,
    orders: Orders,
    rate: u64,
    events: Option<u64>,
    next: u64,
    began: Option<Instant>,
    event: Vec<u8>,
}

impl Generator {
    /// `rate` is in events per second, 0 for as many as go through. `events`: none for no end.
    pub(super) fn new(
        config: &ClientConfig,
        topics: &[String],
        orders: Orders,
        rate: u64,
        events: Option<u64>,
    ) -> KafkaResult<Self> {
        let mut config = config.clone();
        config.set("linger.ms", "2");
        let producer = config.create()?;
        Ok(Self { producer, topics: topics.to_vec(), orders, rate, events, next: 0, began: None, event: Vec::new() })
    }

    /// Whether all events are sent.
    pub(super) fn is_done(&self) -> bool {
        self.events.is_some_and(|events| self.next >= events)
    }

    /// Sends what is due, or waits a little.
    pub(super) fn turn(&mut self, ledger: &Ledger) {
        let began = *self.began.get_or_insert_with(Instant::now);
        let due = match self.rate {
            0 => u64::MAX,
            rate => (began.elapsed().as_micros() * u128::from(rate) / 1_000_000) as u64 + 1,
        };
        let room = MOST_ON_THEIR_WAY.saturating_sub(ledger.summary().missing());
        let until = due.min(self.events.unwrap_or(u64::MAX)).min(self.next.saturating_add(room.min(TURN)));
        if self.next >= until {
            std::thread::sleep(PAUSE);
        }
        while self.next < until && self.send(ledger) {}
        self.producer.poll(Duration::ZERO);
    }

    fn send(&mut self, ledger: &Ledger) -> bool {
        let number = self.next;
        // A second generator of the same seed would be needed to write an event again, so a refused one waits here.
        if self.event.is_empty() {
            self.orders.write(number, &mut self.event);
        }
        let topic = &self.topics[number as usize % self.topics.len()];
        let key = key_of(number);
        ledger.sent(number, Instant::now());
        match self.producer.send(BaseRecord::to(topic).key(&key).payload(&self.event)) {
            Ok(()) => {
                self.event.clear();
                self.next += 1;
                true
            }
            Err((KafkaError::MessageProduction(_), _)) => {
                std::thread::sleep(PAUSE);
                false
            }
            Err(_) => false,
        }
    }

    /// Has the last events delivered to the cluster.
    pub(super) fn flush(&self) {
        // What is not delivered in time is asked for again: the caller repeats.
        self.producer.flush(FLUSH_TIMEOUT).ok();
    }
}
