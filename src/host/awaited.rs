//! The tasks of a host that wait for a callback.

use std::collections::{BTreeMap, VecDeque};

use super::{Address, Now};
use crate::identity::TokenCall;

/// Fewer notes on waits than this are not worth a sweep.
const MIN_SWEEP: usize = 64;

/// The tasks that wait for a callback, by what their tokens name.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    tasks: BTreeMap<TokenCall, Address>,
    /// Since when each of them waits, in milliseconds of the monotonic clock, the longest first; those that wait no more go when
    /// they come to the front, or are the greater part.
    since: VecDeque<(i64, TokenCall)>,
}

impl Awaited {
    pub(super) fn begin(&mut self, call: TokenCall, to: Address, now: Now) {
        self.tasks.insert(call, to);
        if self.since.len() > MIN_SWEEP.max(2 * self.tasks.len()) {
            self.since.retain(|(_, call)| self.tasks.contains_key(call));
        }
        self.since.push_back((now.monotonic, call));
    }

    /// What waits for this callback.
    pub(super) fn find(&self, call: TokenCall) -> Option<Address> {
        self.tasks.get(&call).copied()
    }

    /// It waits no more. Nothing happens if it did not.
    pub(super) fn end(&mut self, call: TokenCall) {
        self.tasks.remove(&call);
    }

    /// Nor does anything of this execution.
    pub(super) fn end_all(&mut self, execution: u64) {
        let all = TokenCall { execution, call: 0 }..=TokenCall { execution, call: u64::MAX };
        while let Some(call) = self.tasks.range(all.clone()).next().map(|(call, _)| *call) {
            self.tasks.remove(&call);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Since when the one waits that waits longest, in milliseconds of the monotonic clock.
    pub(super) fn longest(&mut self) -> Option<i64> {
        while let Some((since, call)) = self.since.front() {
            if self.tasks.contains_key(call) {
                return Some(*since);
            }
            self.since.pop_front();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Timestamp;

    fn at(monotonic: i64) -> Now {
        Now { monotonic, wall: Timestamp(0) }
    }

    #[test]
    fn the_longest_wait_is_that_of_a_task_that_still_waits() {
        let (mut awaited, to) = (Awaited::default(), super::super::tests::some_address());
        let call = |execution, call| TokenCall { execution, call };
        for n in 0..10 {
            awaited.begin(call(n, n), to, at(n as i64));
        }
        awaited.begin(call(0, 11), to, at(11));
        assert_eq!((awaited.len(), awaited.longest()), (11, Some(0)));
        awaited.end(call(1, 1));
        awaited.end_all(0);
        assert_eq!((awaited.len(), awaited.longest(), awaited.find(call(0, 11))), (8, Some(2), None));
        for n in 0..10 {
            awaited.end_all(n);
        }
        assert_eq!((awaited.len(), awaited.longest()), (0, None));
    }

    #[test]
    fn what_waits_no_more_is_forgotten_though_an_old_one_still_does() {
        let (mut awaited, to) = (Awaited::default(), super::super::tests::some_address());
        awaited.begin(TokenCall { execution: 0, call: 0 }, to, at(0));
        for execution in 1..10_000 {
            awaited.begin(TokenCall { execution, call: 0 }, to, at(1));
            awaited.end_all(execution);
        }
        assert!(awaited.since.len() <= 2 * MIN_SWEEP, "{} notes", awaited.since.len());
        assert_eq!(awaited.longest(), Some(0));
    }
}
