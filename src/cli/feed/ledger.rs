//! The books: which events were sent, and what came of each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::message::Headers;

use super::Reasons;
use crate::stream::new_histogram;

/// Events whose time of sending is remembered, for latencies: more than are ever on their way.
const REMEMBERED: usize = 1 << 18;

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Kind {
    Result,
    Failure,
    DeadLetter,
}

/// What came of the events so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Summary {
    pub sent: u64,
    pub results: u64,
    pub failures: u64,
    pub dead_letters: u64,
    /// Outcomes of events that had one already: delivery is at least once.
    pub duplicates: u64,
}

impl Summary {
    /// Events that have an outcome.
    pub(crate) fn accounted(&self) -> u64 {
        self.results + self.failures + self.dead_letters
    }

    /// Events that have none.
    pub(crate) fn missing(&self) -> u64 {
        self.sent.saturating_sub(self.accounted())
    }
}

/// The books. Shared by the thread that sends events, the one that reads outcomes, and the one that shows them.
pub(in crate::cli) struct Ledger {
    began: Instant,
    sent: AtomicU64,
    /// Microseconds from the beginning to when an event was sent, by its number modulo the length.
    sent_at: Box<[AtomicU64]>,
    outcomes: Mutex<Outcomes>,
}

struct Outcomes {
    summary: Summary,
    seen: Vec<u64>,
    reasons: Reasons,
    all: Histogram<u64>,
    recent: Histogram<u64>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let outcomes = Outcomes {
            summary: Summary::default(),
            seen: Vec::new(),
            reasons: Reasons::default(),
            all: new_histogram(),
            recent: new_histogram(),
        };
        Self {
            began: Instant::now(),
            sent: AtomicU64::new(0),
            sent_at: (0..REMEMBERED).map(|_| AtomicU64::new(0)).collect(),
            outcomes: Mutex::new(outcomes),
        }
    }

    /// Notes that the event of this number was sent, or was due to be, at this time. Numbers count from zero, in order.
    pub(crate) fn sent(&self, number: u64, at: Instant) {
        let micros = at.saturating_duration_since(self.began).as_micros();
        self.sent_at[number as usize % REMEMBERED].store(micros as u64, Ordering::Relaxed);
        self.sent.store(number + 1, Ordering::Release);
    }

    /// Notes what came of an event.
    pub(super) fn outcome(&self, number: u64, kind: Kind) {
        let now = self.began.elapsed().as_micros() as u64;
        let mut outcomes = self.outcomes();
        if !outcomes.note(number) {
            outcomes.summary.duplicates += 1;
            return;
        }
        match kind {
            Kind::Result => outcomes.summary.results += 1,
            Kind::Failure => outcomes.summary.failures += 1,
            Kind::DeadLetter => outcomes.summary.dead_letters += 1,
        }
        let sent = self.sent.load(Ordering::Acquire);
        if sent.saturating_sub(number) < REMEMBERED as u64 {
            let latency = now.saturating_sub(self.sent_at[number as usize % REMEMBERED].load(Ordering::Relaxed)).max(1);
            outcomes.all.saturating_record(latency);
            outcomes.recent.saturating_record(latency);
        }
    }

    /// Notes why an event did not succeed, from its record's headers.
    pub(super) fn failed(&self, headers: &impl Headers) {
        self.outcomes().reasons.note(headers);
    }

    /// Why events did not succeed.
    pub(crate) fn reasons(&self) -> Reasons {
        self.outcomes().reasons.clone()
    }

    /// The books so far.
    pub(crate) fn summary(&self) -> Summary {
        Summary { sent: self.sent.load(Ordering::Acquire), ..self.outcomes().summary }
    }

    /// Time since the books were opened.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Latencies in microseconds, from sending an event to reading its outcome.
    pub(crate) fn latencies(&self) -> Histogram<u64> {
        self.outcomes().all.clone()
    }

    /// Latencies since the last call.
    pub(crate) fn recent_latencies(&self) -> Histogram<u64> {
        std::mem::replace(&mut self.outcomes().recent, new_histogram())
    }

    /// The first events without an outcome, for messages.
    pub(crate) fn first_missing(&self, count: usize) -> Vec<u64> {
        let sent = self.sent.load(Ordering::Acquire);
        let outcomes = self.outcomes();
        (0..sent).filter(|number| !outcomes.has(*number)).take(count).collect()
    }

    fn outcomes(&self) -> std::sync::MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcomes {
    /// Notes an outcome; whether it is the event's first.
    fn note(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1_u64 << (number % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        let first = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        first
    }

    fn has(&self, number: u64) -> bool {
        self.seen.get((number / 64) as usize).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_accounted_for_once() {
        let ledger = Ledger::new();
        for number in 0..100 {
            ledger.sent(number, Instant::now());
        }
        for number in (0..100).filter(|number| *number != 63 && *number != 64) {
            let kind = [Kind::Result, Kind::Failure, Kind::DeadLetter][number as usize % 3];
            ledger.outcome(number, kind);
            ledger.outcome(number, Kind::Result);
        }
        let summary = ledger.summary();
        assert_eq!((summary.sent, summary.accounted(), summary.missing(), summary.duplicates), (100, 98, 2, 98));
        assert_eq!(ledger.first_missing(5), [63, 64]);
        assert_eq!(ledger.latencies().len(), 98);
        assert_eq!(ledger.recent_latencies().len(), 98);
        assert_eq!(ledger.recent_latencies().len(), 0);
    }
}
