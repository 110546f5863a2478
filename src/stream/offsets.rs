//! Which offsets of one partition are complete, and up to where it is safe to commit.
//!
//! One [`OffsetTracker`] belongs to one *assignment* of one partition: when the partition is revoked its tracker goes with
//! it, and the next assignment begins with a fresh one. So an acknowledgement from before a rebalance can never complete
//! an offset of the assignment after it.

use std::collections::VecDeque;

/// The number of a tracked record within its assignment, counting from zero without gaps and beginning again after
/// `u32::MAX`: far fewer records than that are ever in flight.
///
/// Offsets have gaps (transaction markers, compaction); sequence numbers don't, so finding a record is an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(pub u32);

/// The records of one assignment of one partition that were read and not yet passed by the watermark.
///
/// Order of calls: [`track`](Self::track) each record as it is read, [`complete`](Self::complete) it when its result is
/// acknowledged, in any order; [`uncommitted`](Self::uncommitted) tells what may be committed,
/// [`committed`](Self::committed) that it was.
///
/// Invariant: the watermark never passes a record that is tracked and not complete.
#[derive(Debug, Default)]
pub struct OffsetTracker {
    /// Tracked records from the first incomplete one on.
    window: VecDeque<Entry>,
    /// Sequence number of the window's front.
    front: u32,
    /// One past the last record of the complete prefix.
    watermark: Option<i64>,
    committed: Option<i64>,
    passed: u64,
    /// How many records the watermark had passed when the commit under way was begun.
    passed_at_commit: Option<u64>,
    /// How many of them the group has committed for sure.
    passed_committed: u64,
    in_flight: usize,
    in_flight_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    bytes: u32,
    complete: bool,
}

impl OffsetTracker {
    /// Notes a record that was read. `bytes` is what it counts against the bound of bytes in flight.
    pub fn track(&mut self, offset: i64, bytes: u32) -> Sequence {
        let sequence = Sequence(self.front.wrapping_add(self.window.len() as u32));
        self.window.push_back(Entry { offset, bytes, complete: false });
        self.in_flight += 1;
        self.in_flight_bytes += bytes as usize;
        sequence
    }

    /// Marks a record complete and returns its bytes. `None`: it was complete already, or never tracked here.
    pub fn complete(&mut self, sequence: Sequence) -> Option<u32> {
        let index = self.index(sequence);
        let entry = self.window.get_mut(index)?;
        if entry.complete {
            return None;
        }
        entry.complete = true;
        let bytes = entry.bytes;
        self.in_flight -= 1;
        self.in_flight_bytes -= bytes as usize;
        if index == 0 {
            self.advance();
        }
        Some(bytes)
    }

    /// Says where reading begins, or goes on when nothing is in flight: everything before counts as complete.
    /// `is_committed`: the group has committed this position already.
    pub fn begin(&mut self, offset: i64, is_committed: bool) {
        self.watermark = Some(offset);
        self.committed = is_committed.then_some(offset);
    }

    /// The offset after the last record that was read; before the first, where reading began.
    pub fn position(&self) -> Option<i64> {
        self.window.back().map(|entry| entry.offset + 1).or(self.watermark)
    }

    fn advance(&mut self) {
        while self.window.front().is_some_and(|entry| entry.complete) {
            let entry = self.window.pop_front().expect("the loop's condition saw a front");
            self.front = self.front.wrapping_add(1);
            // Not a maximum: when the broker's log was truncated and reading began again further back, the position to
            // commit is further back too.
            self.watermark = Some(entry.offset + 1);
            self.passed += 1;
        }
    }

    /// The offset to commit (the next one to read), if it moved since the last commit.
    pub fn uncommitted(&self) -> Option<i64> {
        self.watermark.filter(|_| self.watermark != self.committed)
    }

    /// Notes that `offset` was handed to a commit.
    pub fn committed(&mut self, offset: i64) {
        self.committed = Some(offset);
        self.passed_at_commit = Some(self.passed);
    }

    /// Notes that the commit succeeded which was handed an offset last.
    pub fn commit_succeeded(&mut self) {
        if let Some(passed) = self.passed_at_commit.take() {
            self.passed_committed = passed;
        }
    }

    /// Records that were read and are not known to be committed: a crash would deliver them again.
    pub fn beyond_commit(&self) -> usize {
        self.window.len() + (self.passed - self.passed_committed) as usize
    }

    /// Notes that a commit failed, so that the watermark is offered again.
    pub fn commit_failed(&mut self) {
        self.committed = None;
    }

    /// One past the last record of the complete prefix; `None` until the first record is complete.
    pub fn watermark(&self) -> Option<i64> {
        self.watermark
    }

    /// Records that the watermark has passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The offset a record was tracked with, while the watermark has not passed it.
    pub fn offset(&self, sequence: Sequence) -> Option<i64> {
        self.window.get(self.index(sequence)).map(|entry| entry.offset)
    }

    /// Where a sequence number stands in the window; past its end for one that the watermark passed.
    fn index(&self, sequence: Sequence) -> usize {
        sequence.0.wrapping_sub(self.front) as usize
    }

    /// Tracked records that are not complete.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Bytes of the tracked records that are not complete.
    pub fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_to_commit_before_the_first_record_is_complete() {
        let mut tracker = OffsetTracker::default();
        tracker.track(7, 1);
        assert_eq!(tracker.uncommitted(), None);
    }

    #[test]
    fn watermark_waits_for_the_first_incomplete_record() {
        let mut tracker = OffsetTracker::default();
        let [a, b, c] = [10, 11, 15].map(|offset| tracker.track(offset, 1));
        tracker.complete(b);
        assert_eq!(tracker.uncommitted(), None);
        tracker.complete(a);
        assert_eq!(tracker.uncommitted(), Some(12));
        tracker.complete(c);
        assert_eq!(tracker.uncommitted(), Some(16));
    }

    #[test]
    fn where_reading_begins_is_offered_unless_it_is_committed() {
        let mut tracker = OffsetTracker::default();
        tracker.begin(40, true);
        assert_eq!((tracker.uncommitted(), tracker.position()), (None, Some(40)));
        tracker.begin(40, false);
        assert_eq!(tracker.uncommitted(), Some(40));
        tracker.track(50, 1);
        assert_eq!((tracker.uncommitted(), tracker.position()), (Some(40), Some(51)));
    }

    #[test]
    fn a_record_completes_once() {
        let mut tracker = OffsetTracker::default();
        let [a, b] = [0, 1].map(|offset| tracker.track(offset, 3));
        assert_eq!(tracker.complete(b), Some(3));
        assert_eq!(tracker.complete(b), None, "still in the window");
        assert_eq!(tracker.complete(a), Some(3));
        assert_eq!(tracker.complete(a), None, "passed by the watermark");
        assert_eq!(tracker.in_flight(), 0);
    }

    #[test]
    fn records_are_beyond_the_commit_until_one_that_covers_them_has_succeeded() {
        let mut tracker = OffsetTracker::default();
        let [a, b, _] = [4, 5, 6].map(|offset| tracker.track(offset, 1));
        tracker.complete(b);
        tracker.complete(a);
        assert_eq!(tracker.beyond_commit(), 3);
        tracker.committed(6);
        tracker.track(7, 1);
        assert_eq!(tracker.beyond_commit(), 4, "it is under way");
        tracker.commit_succeeded();
        assert_eq!(tracker.beyond_commit(), 2);
        tracker.commit_succeeded();
        assert_eq!(tracker.beyond_commit(), 2, "none was under way");
    }

    #[test]
    fn an_unknown_sequence_is_ignored() {
        let mut tracker = OffsetTracker::default();
        tracker.track(0, 1);
        assert_eq!(tracker.complete(Sequence(1)), None);
        assert_eq!(tracker.complete(Sequence(u32::MAX)), None);
        assert_eq!(tracker.in_flight(), 1);
    }

    #[test]
    fn a_commit_is_offered_once_and_again_after_it_failed() {
        let mut tracker = OffsetTracker::default();
        let a = tracker.track(4, 1);
        tracker.complete(a);
        tracker.committed(5);
        assert_eq!(tracker.uncommitted(), None);
        tracker.commit_failed();
        assert_eq!(tracker.uncommitted(), Some(5));
    }

    #[test]
    fn sequence_numbers_begin_again() {
        let mut tracker = OffsetTracker { front: u32::MAX, ..OffsetTracker::default() };
        let [a, b, c] = [0, 1, 2].map(|offset| tracker.track(offset, 1));
        assert_eq!((a, b), (Sequence(u32::MAX), Sequence(0)));
        for sequence in [b, a, c] {
            assert_eq!(tracker.complete(sequence), Some(1));
        }
        assert_eq!(tracker.watermark(), Some(3));
        assert_eq!(tracker.complete(a), None);
    }

    #[test]
    fn a_truncated_log_moves_the_watermark_back() {
        let mut tracker = OffsetTracker::default();
        let a = tracker.track(100, 1);
        let b = tracker.track(40, 1);
        tracker.complete(a);
        tracker.complete(b);
        assert_eq!(tracker.uncommitted(), Some(41));
    }

    /// Gaps between offsets, and an order of completion as indices into what is still incomplete.
    fn histories() -> impl Strategy<Value = (Vec<i64>, Vec<prop::sample::Index>)> {
        (1..200_usize).prop_flat_map(|n| {
            (prop::collection::vec(1..5_i64, n), prop::collection::vec(any::<prop::sample::Index>(), n))
        })
    }

    proptest! {
        #[test]
        fn watermark_is_the_first_incomplete_offset_in_every_order((gaps, order) in histories()) {
            let mut tracker = OffsetTracker::default();
            let mut offset = 0;
            let mut incomplete: Vec<(i64, Sequence)> = gaps
                .iter()
                .map(|gap| {
                    offset += gap;
                    (offset, tracker.track(offset, 2))
                })
                .collect();
            let last = offset;
            for index in order {
                let (_, sequence) = incomplete.remove(index.index(incomplete.len()));
                prop_assert_eq!(tracker.complete(sequence), Some(2));
                let first_incomplete = incomplete.iter().map(|(offset, _)| *offset).min();
                if let Some(watermark) = tracker.watermark() {
                    prop_assert!(first_incomplete.is_none_or(|first| watermark <= first));
                }
                prop_assert_eq!(tracker.in_flight(), incomplete.len());
                prop_assert_eq!(tracker.in_flight_bytes(), 2 * incomplete.len());
            }
            prop_assert_eq!(tracker.watermark(), Some(last + 1));
        }

        #[test]
        fn reading_between_completions_changes_nothing(steps in prop::collection::vec(any::<(bool, prop::sample::Index)>(), 1..300)) {
            let mut tracker = OffsetTracker::default();
            let (mut next, mut complete) = (0_i64, Vec::new());
            let mut open: Vec<(i64, Sequence)> = Vec::new();
            for (read, index) in steps {
                if read || open.is_empty() {
                    open.push((next, tracker.track(next, 1)));
                    next += 1;
                } else {
                    let (offset, sequence) = open.remove(index.index(open.len()));
                    tracker.complete(sequence);
                    complete.push(offset);
                }
                // The model: the longest run of complete offsets from zero.
                let prefix = (0..next).take_while(|offset| complete.contains(offset)).count() as i64;
                prop_assert_eq!(tracker.watermark().unwrap_or(0), prefix);
                prop_assert_eq!(tracker.passed(), prefix as u64);
            }
        }
    }
}
