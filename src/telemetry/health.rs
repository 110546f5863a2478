use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A part that has not given a sign of life for so long is stuck: far above any pause of a healthy shard.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// Whether the process can do its work, as the sum of its parts. Cheap to clone.
///
/// Parts register themselves ([`Health::register`]) and keep their [`Reporter`]; `/readyz` asks [`Health::not_ready`].
#[derive(Clone, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

/// Why a part is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The part, such as `pipeline orders, shard 0`.
    pub part: String,
    /// What it waits for.
    pub reason: String,
}

/// A part's own end: it says what it is up to. Dropping it takes the part out.
#[derive(Debug)]
pub struct Reporter {
    id: u64,
    part: Arc<Part>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    epoch: Instant,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<Part>>,
    draining: bool,
}

#[derive(Debug)]
struct Part {
    name: String,
    /// What it waits for; none: ready.
    waits_for: Mutex<Option<String>>,
    /// One more than the milliseconds from the epoch of [`Shared`] to the last sign of life; 0: it gives none, and need not.
    last_beat: AtomicU64,
}

impl Health {
    /// A process without parts: ready.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { epoch: Instant::now(), parts: Mutex::default() }) }
    }

    /// Adds a part. It is not ready until its reporter says so.
    pub fn register(&self, name: impl Into<String>) -> Reporter {
        let waits_for = Mutex::new(Some("starting".to_owned()));
        let part = Arc::new(Part { name: name.into(), waits_for, last_beat: AtomicU64::new(0) });
        let mut parts = self.shared.parts();
        let id = parts.next_id;
        parts.next_id += 1;
        parts.by_id.insert(id, Arc::clone(&part));
        Reporter { id, part, shared: Arc::clone(&self.shared) }
    }

    /// Says that the process is about to stop: it is not ready from here on.
    pub fn drain(&self) {
        self.shared.parts().draining = true;
    }

    /// Every part that is not ready; empty: the process is.
    pub fn not_ready(&self) -> Vec<NotReady> {
        self.not_ready_at(Instant::now())
    }

    fn not_ready_at(&self, now: Instant) -> Vec<NotReady> {
        let parts = self.shared.parts();
        let mut reasons: Vec<NotReady> = parts
            .by_id
            .values()
            .filter_map(|part| Some(NotReady { part: part.name.clone(), reason: self.shared.reason(part, now)? }))
            .collect();
        if parts.draining {
            reasons.push(NotReady { part: "process".to_owned(), reason: "shutting down".to_owned() });
        }
        reasons
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Reporter {
    /// The part can do its work.
    pub fn ready(&self) {
        *self.waits_for() = None;
    }

    /// The part can't do its work for now.
    pub fn not_ready(&self, reason: impl Into<String>) {
        *self.waits_for() = Some(reason.into());
    }

    /// A sign of life. After the first, a part that gives none for half a minute counts as stuck. Costs a look at the
    /// clock: once per batch, not per event.
    pub fn beat(&self) {
        self.beat_at(Instant::now());
    }

    fn beat_at(&self, now: Instant) {
        self.part.last_beat.store(self.shared.millis(now) + 1, Ordering::Relaxed);
    }

    fn waits_for(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.part.waits_for.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.shared.parts().by_id.remove(&self.id);
    }
}

impl Shared {
    fn parts(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }

    fn reason(&self, part: &Part, now: Instant) -> Option<String> {
        let last_beat = part.last_beat.load(Ordering::Relaxed);
        let silent = Duration::from_millis(self.millis(now).saturating_sub(last_beat.saturating_sub(1)));
        if last_beat > 0 && silent > STUCK_AFTER {
            return Some(format!("stuck: no sign of life for {} s", silent.as_secs()));
        }
        part.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(health: &Health, now: Instant) -> Vec<String> {
        health.not_ready_at(now).into_iter().map(|not| format!("{}: {}", not.part, not.reason)).collect()
    }

    #[test]
    fn ready_is_when_every_part_is_alive_and_waits_for_nothing() {
        let health = Health::new();
        let now = Instant::now();
        assert!(reasons(&health, now).is_empty());

        let (a, b) = (health.register("a"), health.register("b"));
        assert_eq!(reasons(&health, now), ["a: starting", "b: starting"]);
        a.ready();
        b.not_ready("no partitions yet");
        assert_eq!(reasons(&health, now), ["b: no partitions yet"]);
        drop(b);
        assert!(reasons(&health, now).is_empty());

        let later = now + 2 * STUCK_AFTER;
        assert!(reasons(&health, later).is_empty(), "a part that gives no signs need not");
        a.beat_at(now);
        assert_eq!(reasons(&health, later), ["a: stuck: no sign of life for 60 s"]);
        a.beat_at(later);
        assert!(reasons(&health, later).is_empty());

        health.drain();
        assert_eq!(reasons(&health, later), ["process: shutting down"]);
    }
}
