//! How often events of a partition were delivered without coming to their end, and what is done about one that ends the process
//! each time, or makes it hang until it is killed.
//!
//! Who is killed can't say which event it was at. So it is said before: each assignment of a partition commits, before it reads
//! anything, how many in a row have not [ended in order](Deliveries::end), itself included. That lies in the commit's metadata (see
//! [`Done`](super::done)), since it belongs to the offset, goes with it to whoever reads on, and is gone with it: a header would have to
//! be written into the source topic, and a topic of our own would have to be created, read and cleaned up.
//!
//! When all deliveries but the last [`ALONE`] have been used up, events begin *alone*: one at a time in the whole process, and only when
//! the group knows that it is about to. An event that was about to begin alone so often, and never ended, is the one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Deliveries for which an event is run alone before it is given up. One may be by chance: somebody killed the process.
const ALONE: u32 = 2;
/// The fewest deliveries that can be allowed: the first, and those alone.
pub(super) const MIN_DELIVERIES: u32 = 1 + ALONE;
/// An assignment that has lasted so long was not ended by the events that it began with.
const SURVIVED: Duration = Duration::from_secs(60);

/// What a commit tells of the deliveries of what is behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    /// Assignments in a row, up to the one that commits, that have not ended in order.
    pub unended: u32,
    /// In how many of them the first event that is not done was run alone.
    pub alone: u32,
}

/// The deliveries of one assignment of a partition. `Default`: they are not counted.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    attempts: Attempts,
    phase: Phase,
    /// The watermark of the last commit that told the group what now holds.
    told_at: Option<i64>,
    /// The next event is the one.
    is_blamed: bool,
    /// Something happened since somebody looked.
    has_stirred: bool,
    calm_since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is counted; or the assignment ends in order.
    #[default]
    Off,
    /// Events begin as they come.
    Free,
    /// They begin alone: so many, and none from this offset on.
    Alone { left: usize, until: i64 },
}

impl Deliveries {
    /// For an assignment that begins with what the last commit told. Behind `end` the partition had nothing when that was written, and
    /// at most `in_flight` events were under way then: only those may be to blame.
    pub(super) fn begin(before: Attempts, max_attempts: u32, in_flight: usize, end: i64) -> Self {
        let unended = before.unended.saturating_add(1);
        let is_alone = unended > max_attempts.max(MIN_DELIVERIES) - ALONE;
        let is_blamed = before.alone >= ALONE;
        let alone = if !is_alone || is_blamed { 0 } else { before.alone + 1 };
        let phase = if is_alone { Phase::Alone { left: in_flight.max(1), until: end } } else { Phase::Free };
        let attempts = Attempts { unended, alone };
        Self { attempts, phase, told_at: None, is_blamed, has_stirred: true, calm_since: None }
    }

    /// What a commit is to tell.
    pub(super) fn attempts(&self) -> Attempts {
        match self.phase {
            Phase::Off => Attempts::default(),
            Phase::Free => Attempts { alone: 0, ..self.attempts },
            Phase::Alone { .. } => self.attempts,
        }
    }

    /// Whether the group has to be told before anything may begin.
    pub(super) fn needs_commit(&self, watermark: i64, in_flight: usize) -> bool {
        match self.phase {
            Phase::Off | Phase::Free => self.told_at.is_none() && self.attempts.unended > 0,
            Phase::Alone { .. } => in_flight == 0 && self.told_at != Some(watermark),
        }
    }

    /// A commit at this watermark has told the group this.
    pub(super) fn told(&mut self, watermark: i64, told: Attempts) {
        if told == self.attempts() {
            self.told_at = Some(watermark);
        }
    }

    /// Whether an event may begin.
    pub(super) fn may_begin(&self, watermark: i64, in_flight: usize) -> bool {
        match self.phase {
            Phase::Off => true,
            Phase::Free => self.told_at.is_some(),
            Phase::Alone { .. } => in_flight == 0 && self.told_at == Some(watermark),
        }
    }

    /// Whether events are run one at a time.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.phase, Phase::Alone { .. })
    }

    /// An event begins. How often it was delivered, if it is the one.
    pub(super) fn begins(&mut self) -> Option<u32> {
        self.has_stirred = true;
        if let Phase::Alone { left, .. } = &mut self.phase {
            *left = left.saturating_sub(1);
        }
        std::mem::take(&mut self.is_blamed).then(|| self.attempts.unended - 1)
    }

    /// The watermark has moved: what is next was not run alone yet.
    pub(super) fn advanced(&mut self, watermark: i64) {
        let Phase::Alone { left, until } = self.phase else { return };
        self.has_stirred = true;
        self.attempts.alone = 1;
        if left == 0 || watermark >= until {
            self.free();
        }
    }

    /// Looks whether the assignment has lasted so long that those before it say nothing of what it runs now.
    pub(super) fn look(&mut self, in_flight: usize, now: Instant) {
        let since = *self.calm_since.get_or_insert(now);
        if std::mem::take(&mut self.has_stirred) && self.is_alone() {
            self.calm_since = Some(now);
            return;
        }
        let is_new = self.attempts.unended <= 1 && self.phase == Phase::Free;
        let waits = self.is_alone() && in_flight > 0;
        if self.phase != Phase::Off && !is_new && !waits && now.saturating_duration_since(since) >= SURVIVED {
            self.attempts.unended = 1;
            self.free();
        }
    }

    /// The assignment ends in order: whatever is still in flight has ended nothing.
    pub(super) fn end(&mut self) {
        if self.phase != Phase::Off {
            (self.phase, self.told_at) = (Phase::Off, None);
        }
    }

    fn free(&mut self) {
        self.attempts.alone = 0;
        self.is_blamed = false;
        (self.phase, self.told_at, self.calm_since) = (Phase::Free, None, None);
    }
}

/// The right to run an event alone: one of the process has it at a time, for as long as it lives.
#[derive(Debug)]
pub(super) struct Turn(());

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

impl Turn {
    /// Takes it, if nobody has it.
    pub(super) fn take() -> Option<Turn> {
        (!IS_TAKEN.swap(true, Ordering::AcqRel)).then_some(Turn(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u32 = 5;

    fn begin(before: Attempts) -> Deliveries {
        Deliveries::begin(before, MAX, 100, 1000)
    }

    fn attempts(unended: u32, alone: u32) -> Attempts {
        Attempts { unended, alone }
    }

    #[test]
    fn nothing_begins_before_the_group_knows() {
        let mut deliveries = begin(Attempts::default());
        assert!(deliveries.needs_commit(7, 0) && !deliveries.may_begin(7, 0));
        assert_eq!(deliveries.attempts(), attempts(1, 0));
        deliveries.told(7, deliveries.attempts());
        assert!(!deliveries.needs_commit(9, 3) && deliveries.may_begin(9, 3));
        assert_eq!(deliveries.begins(), None);
        deliveries.end();
        assert!(deliveries.needs_commit(9, 3));
        assert_eq!(deliveries.attempts(), Attempts::default());
    }

    #[test]
    fn an_event_that_ends_each_delivery_is_the_one_after_as_many_as_may_be() {
        let mut before = Attempts::default();
        for delivery in 1..=MAX {
            let mut deliveries = begin(before);
            assert_eq!(deliveries.is_alone(), delivery > MAX - ALONE, "delivery {delivery}");
            deliveries.told(7, deliveries.attempts());
            assert!(deliveries.may_begin(7, 0));
            assert_eq!(deliveries.begins(), None, "delivery {delivery}");
            before = deliveries.attempts();
        }
        assert_eq!(before, attempts(MAX, ALONE));
        let mut deliveries = begin(before);
        deliveries.told(7, deliveries.attempts());
        assert_eq!((deliveries.begins(), deliveries.begins()), (Some(MAX), None));
    }

    #[test]
    fn what_others_end_is_not_blamed_on_an_event_that_ended_itself() {
        let mut deliveries = begin(attempts(MAX, 1));
        deliveries.told(7, deliveries.attempts());
        deliveries.begins();
        assert_eq!(deliveries.attempts(), attempts(MAX + 1, 2));
        assert!(!deliveries.may_begin(7, 1), "one at a time");
        deliveries.advanced(8);
        assert!(!deliveries.may_begin(8, 0) && deliveries.needs_commit(8, 0));
        assert_eq!(deliveries.attempts(), attempts(MAX + 1, 1));
        deliveries.told(8, deliveries.attempts());
        assert!(deliveries.may_begin(8, 0));
    }

    #[test]
    fn what_cannot_have_been_in_flight_is_not_run_alone() {
        let mut by_end = Deliveries::begin(attempts(MAX, 0), MAX, 100, 8);
        by_end.advanced(8);
        let mut by_number = Deliveries::begin(attempts(MAX, 0), MAX, 1, 1000);
        by_number.begins();
        by_number.advanced(8);
        for deliveries in [by_end, by_number] {
            assert!(!deliveries.is_alone() && deliveries.needs_commit(8, 0));
            assert_eq!(deliveries.attempts(), attempts(MAX + 1, 0));
        }
    }

    #[test]
    fn an_assignment_that_lasts_is_as_the_first() {
        let start = Instant::now();
        let mut deliveries = begin(attempts(2, 0));
        deliveries.told(7, deliveries.attempts());
        deliveries.look(9, start);
        deliveries.look(9, start + SURVIVED / 2);
        assert_eq!(deliveries.attempts(), attempts(3, 0));
        deliveries.look(9, start + SURVIVED);
        assert_eq!(deliveries.attempts(), attempts(1, 0));
        assert!(deliveries.needs_commit(7, 9));
        // One that is run alone for long has not survived: it may be the one.
        let mut alone = begin(attempts(MAX, 0));
        alone.told(7, alone.attempts());
        alone.begins();
        alone.look(1, start);
        alone.look(1, start + 10 * SURVIVED);
        assert!(alone.is_alone());
        // But nothing is to be run alone where nothing came.
        let mut idle = begin(attempts(MAX, 0));
        idle.told(7, idle.attempts());
        idle.look(0, start);
        idle.look(0, start + SURVIVED);
        assert!(!idle.is_alone());
    }

    proptest! {
        /// Events at drawn places each end the process when they begin; kills at drawn moments come on top. Every poisonous event
        /// ends as a dead letter, and everything else runs; and none runs alone beside another.
        #[test]
        fn every_poison_is_found_and_no_partition_stands_still(
            poisons in prop::collection::btree_set(0..60_i64, 0..4),
            window in 1..20_usize, kills in prop::collection::vec(1..200_u32, 0..6),
        ) {
            let (mut before, mut watermark, mut done, mut blamed) = (Attempts::default(), 0_i64, Vec::new(), Vec::new());
            let mut kills = kills.into_iter();
            let mut until_kill = kills.next();
            let mut lives = 0;
            while watermark < 60 {
                lives += 1;
                prop_assert!(lives < 200, "it stands still at {}", watermark);
                let mut deliveries = Deliveries::begin(before, MAX, window, 60);
                before = deliveries.attempts();
                deliveries.told(watermark, deliveries.attempts());
                let mut open = std::collections::VecDeque::new();
                let mut next = watermark;
                'life: loop {
                    while open.len() < window && next < 60 && deliveries.may_begin(watermark, open.len()) {
                        let found = deliveries.begins();
                        if found.is_some() {
                            blamed.push(next);
                        } else if poisons.contains(&next) {
                            break 'life;
                        }
                        open.push_back(next);
                        next += 1;
                    }
                    if let Some(left) = &mut until_kill {
                        *left -= 1;
                        if *left == 0 {
                            until_kill = kills.next();
                            break 'life;
                        }
                    }
                    let Some(ended) = open.pop_front() else { break };
                    done.push(ended);
                    watermark = ended + 1;
                    deliveries.advanced(watermark);
                    before = deliveries.attempts();
                    deliveries.told(watermark, deliveries.attempts());
                }
            }
            blamed.sort_unstable();
            prop_assert!(poisons.iter().all(|poison| blamed.contains(poison)), "{:?} of {:?}", blamed, poisons);
            done.sort_unstable();
            done.dedup();
            prop_assert_eq!(done, (0..60).collect::<Vec<_>>());
            // Kills from outside hit an innocent event only where it is run alone at each of them.
            let innocent = blamed.iter().filter(|blamed| !poisons.contains(blamed)).count();
            prop_assert!(innocent <= 3, "{} innocent events", innocent);
        }
    }
}
