//! Offsets that are complete above what is committed: how a commit carries them, so that whoever reads on there skips them.
//!
//! Kafka keeps one offset per partition and group, and beside it a text of the client's own, the commit's *metadata*. Ours is
//! [`MARK`], then base64 of pairs of numbers in LEB128: how many offsets until a run of complete ones, and how many it has,
//! beginning at the committed offset. Offsets between two complete records that stand for none (transaction markers,
//! compaction) count as complete: nobody will ever be given them.

use std::collections::VecDeque;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use super::deliveries::Attempts;

/// Bytes of metadata that brokers take unless told otherwise: `offset.metadata.max.bytes`.
pub(super) const MAX_METADATA_BYTES: usize = 4096;
/// What ours begins with. The number is that of the form.
const MARK: &str = "stepstream-done-1:";
/// What it begins with where [`Attempts`] are told: two numbers with a dot between them, a colon, and the pairs as above.
const OPEN_MARK: &str = "stepstream-open-1:";

/// Runs of complete offsets, ascending and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    runs: VecDeque<Range<i64>>,
}

impl Done {
    /// Reads what a commit of this offset carried. What is not of ours says nothing.
    pub(super) fn read(committed: i64, metadata: &str) -> Self {
        Self::parse(committed, metadata).unwrap_or_default()
    }

    fn parse(committed: i64, metadata: &str) -> Option<Self> {
        let text =
            metadata.strip_prefix(MARK).or_else(|| Some(metadata.strip_prefix(OPEN_MARK)?.split_once(':')?.1))?;
        let bytes = BASE64.decode(text).ok()?;
        let (mut rest, mut end, mut runs) = (&*bytes, committed, VecDeque::new());
        while !rest.is_empty() {
            let gap = i64::try_from(read_number(&mut rest)?).ok()?;
            let length = i64::try_from(read_number(&mut rest)?).ok()?;
            if length == 0 || gap == 0 && !runs.is_empty() {
                return None;
            }
            let start = end.checked_add(gap)?;
            end = start.checked_add(length)?;
            runs.push_back(start..end);
        }
        Some(Self { runs })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether this offset is complete. It and those before it are forgotten: offsets are read in their order.
    pub(super) fn take(&mut self, offset: i64) -> bool {
        while self.runs.front().is_some_and(|run| run.end <= offset) {
            self.runs.pop_front();
        }
        let Some(run) = self.runs.front_mut().filter(|run| run.start <= offset) else { return false };
        run.start = offset + 1;
        if run.is_empty() {
            self.runs.pop_front();
        }
        true
    }

    /// What is left.
    pub(super) fn runs(&self) -> impl Iterator<Item = Range<i64>> {
        self.runs.iter().cloned()
    }
}

impl Attempts {
    /// Reads what a commit told of deliveries. What is not of ours says nothing.
    pub(super) fn read(metadata: &str) -> Self {
        let numbers = || metadata.strip_prefix(OPEN_MARK)?.split_once(':')?.0.split_once('.');
        let read = || {
            let (unended, alone) = numbers()?;
            Some(Self { unended: unended.parse().ok()?, alone: alone.parse().ok()? })
        };
        read().unwrap_or_default()
    }
}

/// Writes the metadata of a commit, as far as it fits: the lowest offsets first, which are those known for longest.
pub(super) struct Writer {
    head: String,
    bytes: Vec<u8>,
    limit: usize,
    end: i64,
}

impl Writer {
    /// For a commit of this offset, in at most `limit` bytes.
    pub(super) fn new(committed: i64, attempts: Attempts, limit: usize) -> Self {
        let mut head = MARK.to_owned();
        if attempts != Attempts::default() {
            head = format!("{OPEN_MARK}{}.{}:", attempts.unended, attempts.alone);
        }
        // Four characters of base64 are three bytes.
        let room = limit.saturating_sub(head.len()) / 4 * 3;
        if head.len() > limit {
            head.clear();
        }
        Self { head, bytes: Vec::new(), limit: room, end: committed }
    }

    /// Adds a run behind those before it. `false`: there is no room for it, or it does not lie behind them.
    pub(super) fn add(&mut self, run: &Range<i64>) -> bool {
        let (Some(gap), Some(length)) = (distance(self.end, run.start), distance(run.start, run.end)) else {
            return false;
        };
        let before = self.bytes.len();
        write_number(gap, &mut self.bytes);
        write_number(length, &mut self.bytes);
        let fits = self.bytes.len() <= self.limit && length > 0 && (gap > 0 || before == 0);
        if fits {
            self.end = run.end;
        } else {
            self.bytes.truncate(before);
        }
        fits
    }

    /// The metadata; empty if there is nothing to tell.
    pub(super) fn finish(self) -> String {
        if self.bytes.is_empty() && !self.head.starts_with(OPEN_MARK) {
            return String::new();
        }
        self.head + &BASE64.encode(self.bytes)
    }
}

fn distance(from: i64, to: i64) -> Option<u64> {
    u64::try_from(to.checked_sub(from)?).ok()
}

/// LEB128: seven bits per byte, the lowest first; the highest bit says that more follow.
fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// `None`: it has no end, or more than 64 bits.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn written(committed: i64, limit: usize, runs: &[Range<i64>]) -> (String, usize) {
        let mut writer = Writer::new(committed, Attempts::default(), limit);
        let fitting = runs.iter().take_while(|run| writer.add(run)).count();
        (writer.finish(), fitting)
    }

    #[test]
    fn nothing_complete_is_no_metadata() {
        assert_eq!(written(5, MAX_METADATA_BYTES, &[]).0, "");
        assert!(Done::read(5, "").is_empty());
    }

    #[test]
    fn attempts_are_told_with_and_without_runs_and_where_there_is_no_room_nothing_is() {
        let told = Attempts { unended: 4, alone: 1 };
        for runs in [vec![], vec![7..9, 20..21]] {
            let mut writer = Writer::new(5, told, MAX_METADATA_BYTES);
            assert!(runs.iter().all(|run| writer.add(run)));
            let metadata = writer.finish();
            assert_eq!(Attempts::read(&metadata), told, "{metadata}");
            assert_eq!(Done::read(5, &metadata).runs().collect::<Vec<_>>(), runs, "{metadata}");
        }
        for limit in 0..40 {
            let metadata = Writer::new(5, told, limit).finish();
            assert!(
                metadata.len() <= limit && (metadata.is_empty() || Attempts::read(&metadata) == told),
                "{metadata}"
            );
        }
        for foreign in
            ["", "stepstream-done-1:AQE", "stepstream-open-1:", "stepstream-open-1:4:", "stepstream-open-1:4.x:"]
        {
            assert_eq!(Attempts::read(foreign), Attempts::default(), "{foreign}");
        }
    }

    #[test]
    fn an_hour_of_others_behind_one_that_waits_is_a_few_bytes() {
        let (metadata, _) = written(40, MAX_METADATA_BYTES, std::slice::from_ref(&(41..360_000_000)));
        assert!(metadata.len() < MARK.len() + 10, "{metadata}");
        let mut done = Done::read(40, &metadata);
        assert!(!done.take(40) && done.take(41) && done.take(359_999_999) && !done.take(360_000_000));
        assert!(done.is_empty());
    }

    #[test]
    fn what_others_wrote_or_what_was_cut_says_nothing() {
        for metadata in
            ["consumer-1", "stepstream-done-1", "stepstream-done-1:!", "stepstream-done-2:AQE", "stepstream-done-1:AQ"]
        {
            assert!(Done::read(5, metadata).is_empty(), "{metadata}");
        }
        // A run without offsets, runs that touch, numbers beyond what there is.
        for bytes in
            [&[1, 0][..], &[1, 1, 0, 1], &[0xff; 12], &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]
        {
            assert!(Done::read(5, &(MARK.to_owned() + &BASE64.encode(bytes))).is_empty(), "{bytes:?}");
        }
        assert!(Done::read(i64::MAX, &(MARK.to_owned() + &BASE64.encode([1, 1]))).is_empty());
    }

    /// Gap before a run, and its length.
    fn gaps() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((1..5_000_i64, prop_oneof![1..4_i64, 1..1_000_000_i64]), 0..1500)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written_and_what_does_not_fit_is_the_highest(
            committed in 0..1_000_000_000_i64, gaps in gaps(), limit in 0..5000_usize,
        ) {
            let mut end = committed;
            let runs: Vec<Range<i64>> = gaps.iter().map(|(gap, length)| {
                let start = end + gap;
                end = start + length;
                start..end
            }).collect();
            let (metadata, fitting) = written(committed, limit, &runs);
            prop_assert!(metadata.len() <= limit);
            // What was left out had no room: a run takes at most 20 bytes, and base64 adds a third.
            prop_assert!(fitting == runs.len() || metadata.len() + MARK.len() + 32 > limit);
            let read: Vec<_> = Done::read(committed, &metadata).runs().collect();
            prop_assert_eq!(&read[..], &runs[..fitting]);
        }

        #[test]
        fn any_text_is_read_without_a_panic_and_its_runs_are_ascending(
            bytes in prop::collection::vec(any::<u8>(), 0..64), committed in 0..i64::MAX,
        ) {
            let done = Done::read(committed, &(MARK.to_owned() + &BASE64.encode(bytes)));
            let mut end = committed;
            for run in done.runs() {
                prop_assert!(run.start >= end && run.end > run.start);
                end = run.end;
            }
        }

        #[test]
        fn exactly_what_is_complete_is_taken(
            complete in prop::collection::btree_set(0..300_i64, 0..200), read in prop::collection::btree_set(0..300_i64, 0..300),
        ) {
            let mut writer = Writer::new(0, Attempts::default(), MAX_METADATA_BYTES);
            for run in runs_of(&complete) {
                prop_assert!(writer.add(&run));
            }
            let mut done = Done::read(0, &writer.finish());
            for offset in read {
                prop_assert_eq!(done.take(offset), complete.contains(&offset));
            }
        }
    }

    fn runs_of(offsets: &BTreeSet<i64>) -> Vec<Range<i64>> {
        let mut runs: Vec<Range<i64>> = Vec::new();
        for offset in offsets {
            match runs.last_mut().filter(|run| run.end == *offset) {
                Some(run) => run.end += 1,
                None => runs.push(*offset..offset + 1),
            }
        }
        runs
    }
}
