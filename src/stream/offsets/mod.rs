//! Which offsets of one partition are complete, and up to where it is safe to commit.
//!
//! One [`OffsetTracker`] belongs to one *assignment* of one partition: when the partition is revoked its tracker goes with
//! it, and the next assignment begins with a fresh one. So an acknowledgement from before a rebalance can never complete
//! an offset of the assignment after it.

use std::collections::VecDeque;
use std::ops::Range;

use super::deliveries::{Attempts, Deliveries};
use super::done::{Done, Writer};

/// Records of one assignment that are tracked at most: bounds the memory of a partition behind an event that does not end.
const MAX_TRACKED: usize = 1 << 20;

/// The number of a tracked record within its assignment, counting from zero without gaps and beginning again after
/// `u32::MAX`: far fewer records than that are ever in flight.
///
/// Offsets have gaps (transaction markers, compaction); sequence numbers don't, so finding a record is an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(pub u32);

/// The records of one assignment of one partition that were read and not yet passed by the watermark.
///
/// Order of calls: [`track`](Self::track) each record as it is read, [`complete`](Self::complete) it when its result is
/// acknowledged, in any order; [`commit`](Self::commit) gives what may be committed, `commit_succeeded`
/// or `commit_failed` says what became of it.
///
/// What is complete above the watermark goes along as the commit's metadata. The next assignment, here or elsewhere, takes it
/// by `skip_done`, and `skip` then says of each record whether it is among that.
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
    /// What was complete before this assignment, and is not read yet.
    done: Done,
    /// Records have completed above the watermark since the last commit.
    completed_above: bool,
    /// How many records a crash will not run again once the commit under way has succeeded.
    covered_at_commit: Option<u64>,
    /// How many it will not run again for sure: those that the watermark had passed, and those above it that are known to the
    /// group.
    covered: u64,
    in_flight: usize,
    in_flight_bytes: usize,
    deliveries: Deliveries,
    /// The watermark of the commit under way, and what it tells of deliveries.
    committing: Option<(i64, Attempts)>,
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
        } else {
            self.completed_above = true;
        }
        Some(bytes)
    }

    /// Takes what was complete above the committed offset when this assignment began.
    pub(super) fn skip_done(&mut self, done: Done) {
        self.done = done;
    }

    /// Notes a record that was read if it was complete before this assignment began; else it is to be [tracked](Self::track).
    pub(super) fn skip(&mut self, offset: i64) -> bool {
        if self.done.is_empty() || !self.done.take(offset) {
            return false;
        }
        self.window.push_back(Entry { offset, bytes: 0, complete: true });
        // The group has been told, and every commit tells it again.
        self.covered += 1;
        if let Some(covered) = &mut self.covered_at_commit {
            *covered += 1;
        }
        self.advance();
        true
    }

    /// Counts the deliveries of what is read from here on.
    pub(super) fn count_deliveries(&mut self, deliveries: Deliveries) {
        self.deliveries = deliveries;
    }

    pub(super) fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    pub(super) fn deliveries_mut(&mut self) -> &mut Deliveries {
        &mut self.deliveries
    }

    /// Whether a record may be read and begin: see [`Deliveries::may_begin`].
    pub(super) fn may_begin(&self) -> bool {
        self.watermark.is_none_or(|watermark| self.deliveries.may_begin(watermark, self.in_flight))
    }

    /// Says where reading begins, or goes on when nothing is in flight: everything before counts as complete.
    /// `is_committed`: the group has committed this position already.
    pub fn begin(&mut self, offset: i64, is_committed: bool) {
        self.watermark = Some(offset);
        self.committed = is_committed.then_some(offset);
        self.done = Done::default();
    }

    /// The offset after the last record that was read; before the first, where reading began.
    pub fn position(&self) -> Option<i64> {
        self.window.back().map(|entry| entry.offset + 1).or(self.watermark)
    }

    fn advance(&mut self) {
        let before = self.watermark;
        while self.window.front().is_some_and(|entry| entry.complete) {
            let entry = self.window.pop_front().expect("the loop's condition saw a front");
            self.front = self.front.wrapping_add(1);
            // Not a maximum: when the broker's log was truncated and reading began again further back, the position to
            // commit is further back too.
            self.watermark = Some(entry.offset + 1);
            self.passed += 1;
        }
        if let Some(watermark) = self.watermark.filter(|_| self.watermark != before) {
            self.deliveries.advanced(watermark);
        }
    }

    /// What to commit, if anything moved since the last commit: the next offset to read, and as the commit's metadata, in at most
    /// `limit` bytes, what is complete above it.
    pub fn commit(&mut self, limit: usize) -> Option<(i64, String)> {
        let watermark = self.uncommitted()?;
        let (metadata, above) = self.complete_above(watermark, limit);
        self.committed = Some(watermark);
        self.committing = Some((watermark, self.deliveries.attempts()));
        self.completed_above = false;
        self.covered_at_commit = Some(self.passed + above);
        Some((watermark, metadata))
    }

    /// Complete records above the watermark as metadata, and how many of those that were read here that covers.
    fn complete_above(&self, watermark: i64, limit: usize) -> (String, u64) {
        let mut writer = Writer::new(watermark, self.deliveries.attempts(), limit);
        let mut covered = 0;
        let mut run: Option<(Range<i64>, u64)> = None;
        for entry in &self.window {
            match &mut run {
                // Between the two was no record. After the log was cut, offsets may be lower than those before them.
                Some((run, records)) if entry.complete && entry.offset >= run.end => {
                    run.end = entry.offset + 1;
                    *records += 1;
                }
                Some((run, records)) if !entry.complete => {
                    if !writer.add(run) {
                        return (writer.finish(), covered);
                    }
                    covered += *records;
                }
                Some(_) => return (writer.finish(), covered),
                None => {}
            }
            if !entry.complete {
                run = None;
            } else if run.is_none() {
                run = Some((entry.offset..entry.offset + 1, 1));
            }
        }
        let mut last = run;
        for next in self.done.runs() {
            last = match last {
                Some((run, records)) if run.end == next.start => Some((run.start..next.end, records)),
                Some((run, _)) if !writer.add(&run) => return (writer.finish(), covered),
                Some((_, records)) => {
                    covered += records;
                    Some((next, 0))
                }
                None => Some((next, 0)),
            };
        }
        if let Some((run, records)) = last
            && writer.add(&run)
        {
            covered += records;
        }
        (writer.finish(), covered)
    }

    /// The offset to commit (the next one to read), if it moved since the last commit, or what is complete above it did.
    fn uncommitted(&self) -> Option<i64> {
        self.watermark.filter(|watermark| {
            self.watermark != self.committed
                || self.completed_above
                || self.deliveries.needs_commit(*watermark, self.in_flight)
        })
    }

    /// Notes that the commit under way succeeded.
    pub(super) fn commit_succeeded(&mut self) {
        if let Some(covered) = self.covered_at_commit.take() {
            self.covered = covered;
        }
        if let Some((watermark, attempts)) = self.committing.take() {
            self.deliveries.told(watermark, attempts);
        }
    }

    /// Notes that a commit failed, so that the same is offered again.
    pub(super) fn commit_failed(&mut self) {
        self.committed = None;
        self.covered_at_commit = None;
        self.committing = None;
    }

    /// Records that were read and that a crash would run again: they are not complete, or the group does not know it.
    pub fn beyond_commit(&self) -> usize {
        ((self.window.len() as u64 + self.passed) - self.covered) as usize
    }

    /// Whether so many records would run again, or more are tracked than there is room for.
    pub(super) fn is_full(&self, max_uncommitted: usize) -> bool {
        self.beyond_commit() >= max_uncommitted || self.window.len() >= MAX_TRACKED
    }

    /// Whether it is far enough from [full](Self::is_full) to read on.
    pub(super) fn has_room(&self, max_uncommitted: usize) -> bool {
        self.beyond_commit() * 2 <= max_uncommitted && self.window.len() * 2 <= MAX_TRACKED
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
mod tests;
