use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::durations::render_labels;

const READY: &str = "stepstream_ready";
const SINCE: &str = "stepstream_not_ready_seconds";

/// A part that has not given a sign of life for so long is not ready: far above any pause of a healthy shard.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// After so long without a sign of life the process is not healthy: whoever supervises it should restart it. Later than
/// it is not ready, because that throws away what is in flight.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// What [`Health::drain`] says to do.
const NOTHING_TO_DO: &str = "nothing: it was asked to stop";
const REPORT_A_BUG: &str = "a supervisor restarts it by /healthz; else restart it yourself, and report it with the log: it is a bug in Stepstream";

/// Whether the process can do its work, as the sum of its parts. Cheap to clone.
///
/// Parts register themselves ([`Health::register`]) and keep their [`Reporter`]; `/readyz` asks [`Health::not_ready`],
/// `/healthz` [`Health::stuck`].
#[derive(Clone, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

/// Why a part is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// A fixed word for what is wrong, such as `brokers`, `sink` or `stuck`.
    pub kind: &'static str,
    /// The part, such as `pipeline orders, shard 0`.
    pub part: String,
    /// What is wrong, or waited for.
    pub reason: String,
    /// Since when, by the wall clock.
    pub since: SystemTime,
    /// For how long.
    pub lasts: Duration,
    /// What a person can do about it, and what happens by itself.
    pub action: String,
}

/// A part's own end: it says what it is up to. Dropping it takes the part out, unless its thread panics.
#[derive(Debug)]
pub struct Reporter {
    id: u64,
    part: Arc<Part>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    epoch: Instant,
    silent_after: Duration,
    stuck_after: Duration,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<Part>>,
    draining: Option<Moment>,
}

#[derive(Debug)]
struct Part {
    name: String,
    /// What it waits for, by the name of its kind; empty: ready.
    troubles: Mutex<BTreeMap<&'static str, Trouble>>,
    /// One more than the milliseconds from the epoch of [`Shared`] to the last sign of life; 0: it gives none, and need not.
    last_beat: AtomicU64,
}

#[derive(Debug)]
struct Trouble {
    reason: String,
    action: String,
    began: Moment,
}

/// A time by both clocks: durations by the one that never jumps, the date for people.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Instant,
    date: SystemTime,
}

/// The kind of trouble of a part that has not begun.
const STARTING: &str = "starting";
/// The kind of trouble of a part that gives no sign of life.
const STUCK: &str = "stuck";
/// The kind of trouble of a process that stops.
const STOPPING: &str = "stopping";
/// The kind of trouble of a part whose thread has panicked.
const PANICKED: &str = "panicked";

impl Health {
    /// A process without parts: ready.
    pub fn new() -> Self {
        Self::with_patience(SILENT_AFTER, STUCK_AFTER)
    }

    /// The same, but a part without a sign of life is not ready after one time and stuck after the other.
    pub fn with_patience(silent_after: Duration, stuck_after: Duration) -> Self {
        let parts = Mutex::default();
        Self { shared: Arc::new(Shared { epoch: Instant::now(), silent_after, stuck_after, parts }) }
    }

    /// Adds a part. It is not ready until its reporter says so. It replaces one of its name that has panicked.
    pub fn register(&self, name: impl Into<String>) -> Reporter {
        let name = name.into();
        let part = Arc::new(Part { name, troubles: Mutex::default(), last_beat: AtomicU64::new(0) });
        let mut parts = self.shared.parts();
        parts.by_id.retain(|_, known| known.name != part.name || !known.troubles().contains_key(PANICKED));
        let id = parts.next_id;
        parts.next_id += 1;
        parts.by_id.insert(id, Arc::clone(&part));
        drop(parts);
        let reporter = Reporter { id, part, shared: Arc::clone(&self.shared) };
        reporter.waits(STARTING, "starting", "nothing yet: give it a moment");
        reporter
    }

    /// Says that the process is about to stop: it is not ready from here on.
    pub fn drain(&self) {
        self.shared.parts().draining.get_or_insert_with(Moment::now);
    }

    /// Every part that is not ready, with each of its reasons; empty: the process is.
    pub fn not_ready(&self) -> Vec<NotReady> {
        self.not_ready_at(Instant::now())
    }

    /// Every part that has shown no sign of life for so long that only a restart helps; empty: the process is alive.
    pub fn stuck(&self) -> Vec<NotReady> {
        self.stuck_at(Instant::now())
    }

    /// Every part that has shown no sign of life for so long that it is not ready.
    pub fn silent(&self, now: Instant) -> Vec<NotReady> {
        self.silent_for(self.shared.silent_after, now)
    }

    /// The same as metrics, in Prometheus' text format.
    pub fn render_metrics(&self) -> String {
        let not_ready = self.not_ready();
        // Writing to a string can't fail.
        let mut out = format!(
            "# HELP {READY} Whether every part of the process can do its work: 1 or 0\n# TYPE {READY} gauge\n{READY} {}\n\n",
            u8::from(not_ready.is_empty())
        );
        if !not_ready.is_empty() {
            let _ =
                writeln!(out, "# HELP {SINCE} For how long a part has not been ready, by kind\n# TYPE {SINCE} gauge");
        }
        for not in not_ready {
            let labels = render_labels(&[("part", &not.part), ("kind", not.kind)]);
            let _ = writeln!(out, "{SINCE}{{{labels}}} {}", not.lasts.as_secs());
        }
        out
    }

    fn not_ready_at(&self, now: Instant) -> Vec<NotReady> {
        let mut reasons = self.silent(now);
        let parts = self.shared.parts();
        for part in parts.by_id.values() {
            for (kind, trouble) in part.troubles().iter() {
                reasons.push(trouble.told_of(kind, &part.name, now));
            }
        }
        if let Some(began) = parts.draining {
            let trouble = Trouble { reason: "shutting down".to_owned(), action: NOTHING_TO_DO.to_owned(), began };
            reasons.push(trouble.told_of(STOPPING, "process", now));
        }
        reasons
    }

    fn stuck_at(&self, now: Instant) -> Vec<NotReady> {
        self.silent_for(self.shared.stuck_after, now)
    }

    fn silent_for(&self, longest: Duration, now: Instant) -> Vec<NotReady> {
        let parts = self.shared.parts();
        let silent = parts.by_id.values().filter_map(|part| {
            let began = self.shared.last_beat(part, now)?;
            let silent = now.saturating_duration_since(began.at);
            let reason = format!("stuck: no sign of life for {} s", silent.as_secs());
            let trouble = Trouble { reason, action: REPORT_A_BUG.to_owned(), began };
            (silent > longest).then(|| trouble.told_of(STUCK, &part.name, now))
        });
        silent.collect()
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Reporter {
    /// The part has begun: it can do its work, unless it [waits](Self::waits) for something.
    pub fn ready(&self) {
        self.goes_on(STARTING);
    }

    /// The part can't do its work because of this kind of trouble, named by a fixed word; `reason` says what it is in this
    /// case, `action` what a person can do. Told again, the trouble keeps the time of its beginning. Whether it is new.
    pub fn waits(&self, kind: &'static str, reason: impl Into<String>, action: impl Into<String>) -> bool {
        self.waits_since(kind, Duration::ZERO, reason, action)
    }

    /// The same for a trouble that has lasted so long already when it is told.
    pub fn waits_since(
        &self,
        kind: &'static str,
        lasts: Duration,
        reason: impl Into<String>,
        action: impl Into<String>,
    ) -> bool {
        let (reason, action) = (reason.into(), action.into());
        let mut troubles = self.part.troubles();
        match troubles.get_mut(kind) {
            Some(trouble) => {
                (trouble.reason, trouble.action) = (reason, action);
                false
            }
            None => troubles.insert(kind, Trouble { reason, action, began: Moment::now().before(lasts) }).is_none(),
        }
    }

    /// This kind of trouble is over; for how long it lasted, if there was any.
    pub fn goes_on(&self, kind: &'static str) -> Option<Duration> {
        self.part.troubles().remove(kind).map(|trouble| trouble.began.at.elapsed())
    }

    /// A sign of life. After the first, a part that gives none for half a minute counts as stuck. Costs a look at the
    /// clock: a few times a second, not per event.
    pub fn beat(&self) {
        self.beat_at(Instant::now());
    }

    fn beat_at(&self, now: Instant) {
        self.part.last_beat.store(self.shared.millis(now) + 1, Ordering::Relaxed);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.part.last_beat.store(0, Ordering::Relaxed);
            let action =
                "the log shows the panic: report it, it is a bug in Stepstream; its events are delivered again";
            self.waits(PANICKED, "its thread ended by a panic", action);
        } else {
            self.shared.parts().by_id.remove(&self.id);
        }
    }
}

impl Part {
    fn troubles(&self) -> MutexGuard<'_, BTreeMap<&'static str, Trouble>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trouble {
    fn told_of(&self, kind: &'static str, part: &str, now: Instant) -> NotReady {
        NotReady {
            kind,
            part: part.to_owned(),
            reason: self.reason.clone(),
            since: self.began.date,
            lasts: now.saturating_duration_since(self.began.at),
            action: self.action.clone(),
        }
    }
}

impl Moment {
    fn now() -> Self {
        Self { at: Instant::now(), date: SystemTime::now() }
    }

    fn before(self, ago: Duration) -> Self {
        Self { at: self.at.checked_sub(ago).unwrap_or(self.at), date: self.date.checked_sub(ago).unwrap_or(self.date) }
    }
}

impl Shared {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }

    /// When the part gave its last sign of life, if it gives any.
    fn last_beat(&self, part: &Part, now: Instant) -> Option<Moment> {
        let millis = part.last_beat.load(Ordering::Relaxed).checked_sub(1)?;
        let ago = Duration::from_millis(self.millis(now).saturating_sub(millis));
        Some(Moment { at: now.checked_sub(ago)?, date: SystemTime::now().checked_sub(ago)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(not_ready: Vec<NotReady>) -> Vec<String> {
        not_ready.into_iter().map(|not| format!("{}: {}", not.part, not.reason)).collect()
    }

    fn not_ready(health: &Health, now: Instant) -> Vec<String> {
        reasons(health.not_ready_at(now))
    }

    #[test]
    fn ready_is_when_every_part_has_begun_and_waits_for_nothing() {
        let health = Health::new();
        let now = Instant::now();
        assert!(not_ready(&health, now).is_empty());

        let (a, b) = (health.register("a"), health.register("b"));
        assert_eq!(not_ready(&health, now), ["a: starting", "b: starting"]);
        a.ready();
        b.ready();
        assert!(b.waits("sink", "results takes no records", "create it"));
        assert!(b.waits("brokers", "no broker answers", "look there"), "a second kind");
        assert_eq!(not_ready(&health, now), ["b: no broker answers", "b: results takes no records"]);
        assert!(b.goes_on("sink").is_some());
        assert!(b.goes_on("sink").is_none(), "it was over");
        assert_eq!(not_ready(&health, now), ["b: no broker answers"]);
        drop(b);
        assert!(not_ready(&health, now).is_empty());

        health.drain();
        assert_eq!(not_ready(&health, now), ["process: shutting down"]);
    }

    #[test]
    fn metrics_say_what_not_ready_says() {
        let health = Health::new();
        assert!(health.render_metrics().contains("\nstepstream_ready 1\n"), "{}", health.render_metrics());
        let part = health.register("pipeline orders, shard 0");
        part.ready();
        part.waits("sink", "results takes no records", "create it");
        let page = health.render_metrics();
        assert!(page.contains("\nstepstream_ready 0\n"), "{page}");
        let line = r#"stepstream_not_ready_seconds{part="pipeline orders, shard 0",kind="sink"} 0"#;
        assert!(page.lines().any(|found| found == line), "{page}");
    }

    #[test]
    fn a_trouble_told_again_keeps_the_time_of_its_beginning() {
        let health = Health::new();
        let part = health.register("a");
        part.ready();
        part.waits("sink", "1 record waits", "create it");
        let first = health.not_ready();
        assert!(!part.waits("sink", "2 records wait", "create it"));
        let again = health.not_ready_at(Instant::now() + Duration::from_secs(9));
        assert_eq!(again[0].since, first[0].since);
        assert_eq!(again[0].reason, "2 records wait");
        assert!(again[0].lasts >= Duration::from_secs(9), "{:?}", again[0].lasts);
        part.goes_on("sink");
        part.waits_since("sink", Duration::from_secs(30), "it was noticed late", "create it");
        assert!(health.not_ready()[0].lasts >= Duration::from_secs(30), "{:?}", health.not_ready());
    }

    #[test]
    fn a_part_without_signs_of_life_is_first_not_ready_and_then_stuck() {
        let health = Health::new();
        let now = Instant::now();
        let a = health.register("a");
        a.ready();
        let later = now + 2 * STUCK_AFTER;
        assert!(not_ready(&health, later).is_empty(), "a part that gives no signs need not");
        a.beat_at(now);
        let after = |seconds| now + Duration::from_secs(seconds);
        for (seconds, is_ready, is_stuck) in [(29, true, false), (31, false, false), (61, false, true)] {
            assert_eq!(not_ready(&health, after(seconds)).is_empty(), is_ready, "ready after {seconds} s");
            assert_eq!(!health.stuck_at(after(seconds)).is_empty(), is_stuck, "stuck after {seconds} s");
        }
        assert_eq!(reasons(health.stuck_at(after(75))), ["a: stuck: no sign of life for 75 s"]);
        a.beat_at(later);
        assert!(not_ready(&health, later).is_empty() && health.stuck_at(later).is_empty());
    }

    #[test]
    fn a_part_whose_thread_panicked_stays_until_its_successor_is_there() {
        let health = Health::new();
        let part = health.register("shard 0");
        part.ready();
        let thread = std::thread::spawn(move || {
            let _part = part;
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(thread.join().is_err());
        assert_eq!(not_ready(&health, Instant::now()), ["shard 0: its thread ended by a panic"]);
        health.register("shard 0").ready();
        assert!(not_ready(&health, Instant::now()).is_empty());
    }
}
