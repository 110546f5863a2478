//! Where to begin reading a partition, and what to do when the records there are gone.

use super::monitor::Range;
use crate::config::{OnOutOfRange, StartFrom};

/// Where to begin reading a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Where the group has committed.
    Committed(i64),
    /// Nothing is committed: where the configuration says.
    Fresh(i64),
    /// The log no longer has, or not yet, what the group would read next.
    OutOfRange(OutOfRange),
}

/// A position that is outside of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange {
    /// The next offset that would have been read.
    pub position: i64,
    /// What the log has.
    pub range: Range,
    /// Where reading goes on; `None`: it stops.
    pub goes_on_at: Option<i64>,
}

impl Start {
    /// Decides by what the group has committed, what the log has, and the options of the pipeline.
    pub(super) fn of(committed: Option<i64>, range: Range, start_from: StartFrom, policy: OnOutOfRange) -> Self {
        let Some(position) = committed else {
            return Self::Fresh(match start_from {
                StartFrom::Earliest => range.low,
                StartFrom::Latest => range.end,
            });
        };
        OutOfRange::of(position, range, policy).map_or(Self::Committed(position), Self::OutOfRange)
    }
}

impl OutOfRange {
    /// `None`: the position is within its log, or at its end.
    pub(super) fn of(position: i64, range: Range, policy: OnOutOfRange) -> Option<Self> {
        let goes_on_at = match policy {
            OnOutOfRange::Earliest => Some(range.low),
            OnOutOfRange::Latest => Some(range.end),
            OnOutOfRange::Stop => None,
        };
        let is_within = (range.low..=range.end).contains(&position);
        (!is_within).then_some(Self { position, range, goes_on_at })
    }

    /// How many records are passed over unread, at most: offsets may have gaps. When the log ends before the position it was
    /// cut or made anew, and nobody can tell what was in it.
    pub(super) fn lost(&self) -> u64 {
        let next = self.goes_on_at.unwrap_or(self.range.low);
        u64::try_from(next.saturating_sub(self.position.min(self.range.end))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range = Range { low: 100, end: 150 };

    #[test]
    fn what_is_committed_counts_and_where_nothing_is_the_configuration_does() {
        let start = |committed, start_from| Start::of(committed, RANGE, start_from, OnOutOfRange::Earliest);
        for committed in [100, 120, 150] {
            assert_eq!(start(Some(committed), StartFrom::Latest), Start::Committed(committed));
        }
        assert_eq!(start(None, StartFrom::Earliest), Start::Fresh(100));
        assert_eq!(start(None, StartFrom::Latest), Start::Fresh(150));
    }

    #[test]
    fn a_position_outside_of_the_log_goes_on_where_the_policy_says_wherever_a_new_group_would_begin() {
        for (position, policy, goes_on_at, lost) in [
            (40, OnOutOfRange::Earliest, Some(100), 60),
            (40, OnOutOfRange::Latest, Some(150), 110),
            (40, OnOutOfRange::Stop, None, 60),
            (151, OnOutOfRange::Earliest, Some(100), 0),
            (151, OnOutOfRange::Latest, Some(150), 0),
            (151, OnOutOfRange::Stop, None, 0),
        ] {
            for start_from in [StartFrom::Earliest, StartFrom::Latest] {
                let Start::OutOfRange(found) = Start::of(Some(position), RANGE, start_from, policy) else {
                    panic!("{position} is within {RANGE:?}");
                };
                assert_eq!((found.goes_on_at, found.lost()), (goes_on_at, lost), "{position}, {policy:?}");
            }
        }
    }
}
