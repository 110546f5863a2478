//! Parts of the process that show no sign of life: each is logged once, and so is its return.

use std::collections::BTreeMap;
use std::time::Instant;

use super::events;
use super::health::{Health, NotReady};

/// The parts that are known to be silent, each with the time from which on it was.
#[derive(Debug, Default)]
pub struct Silences(BTreeMap<String, Instant>);

impl Silences {
    /// Looks for parts that have fallen silent since the last look, and for those that are back, and logs them.
    pub fn look(&mut self, health: &Health, now: Instant) {
        let (fallen, back) = self.changes(health.silent(now), now);
        for part in fallen {
            events::part_silent(&part.part, part.lasts, &part.action);
        }
        for (part, since) in back {
            events::part_is_back(&part, now.saturating_duration_since(since));
        }
    }

    fn changes(&mut self, silent: Vec<NotReady>, now: Instant) -> (Vec<NotReady>, Vec<(String, Instant)>) {
        let back = self.0.extract_if(.., |part, _| !silent.iter().any(|silent| silent.part == *part)).collect();
        let fallen = silent.into_iter().filter(|silent| {
            let is_new = !self.0.contains_key(&silent.part);
            if is_new {
                self.0.insert(silent.part.clone(), now.checked_sub(silent.lasts).unwrap_or(now));
            }
            is_new
        });
        (fallen.collect(), back)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_silent_part_is_told_once_and_its_return_once() {
        let health = Health::with_patience(Duration::from_secs(30), Duration::from_secs(60));
        let shard = health.register("a shard");
        shard.ready();
        shard.beat();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut silences = Silences::default();
        let mut changes = |now| {
            let (fallen, back) = silences.changes(health.silent(now), now);
            (fallen.into_iter().map(|part| part.part).collect::<Vec<_>>(), back.len())
        };
        assert_eq!(changes(at(20)), (vec![], 0));
        assert_eq!(changes(at(40)), (vec!["a shard".to_owned()], 0));
        assert_eq!(changes(at(45)), (vec![], 0));
        // Seen from a time at which it had not been silent for long.
        assert_eq!(changes(at(10)), (vec![], 1));
        assert_eq!(changes(at(11)), (vec![], 0));
    }
}
