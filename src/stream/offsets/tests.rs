use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::stream::done::MAX_METADATA_BYTES as LIMIT;

/// An assignment after that of `before`, which was let go right after it had committed.
fn next(before: &mut OffsetTracker) -> OffsetTracker {
    let (offset, metadata) = before.commit(LIMIT).expect("something moved");
    let mut tracker = OffsetTracker::default();
    tracker.begin(offset, true);
    tracker.skip_done(Done::read(offset, &metadata));
    tracker
}

#[test]
fn what_is_complete_above_the_watermark_is_skipped_by_the_next_assignment() {
    let mut tracker = OffsetTracker::default();
    tracker.begin(10, true);
    // 13 is a transaction marker.
    let [_, b, c, _, e] = [10, 11, 12, 14, 16].map(|offset| tracker.track(offset, 1));
    for sequence in [b, c, e] {
        tracker.complete(sequence);
    }
    let mut after = next(&mut tracker);
    assert_eq!([10, 11, 12, 14, 16, 17].map(|offset| after.skip(offset)), [false, true, true, false, true, false]);
}

#[test]
fn a_commit_is_offered_when_only_what_is_above_the_watermark_has_moved() {
    let mut tracker = OffsetTracker::default();
    tracker.begin(10, true);
    let [a, b] = [10, 11].map(|offset| tracker.track(offset, 1));
    assert_eq!(tracker.commit(LIMIT), None);
    tracker.complete(b);
    let (offset, metadata) = tracker.commit(LIMIT).expect("something moved");
    assert!(offset == 10 && !metadata.is_empty());
    assert_eq!(tracker.commit(LIMIT), None);
    tracker.commit_failed();
    assert_eq!(tracker.commit(LIMIT), Some((10, metadata)));
    tracker.complete(a);
    assert_eq!(tracker.commit(LIMIT), Some((12, String::new())));
}

#[test]
fn what_the_group_knows_above_the_watermark_counts_as_committed_and_stays_so_when_it_is_passed() {
    let mut tracker = OffsetTracker::default();
    tracker.begin(0, true);
    let [a, b, c] = [0, 1, 2].map(|offset| tracker.track(offset, 1));
    tracker.complete(b);
    tracker.commit(LIMIT);
    tracker.complete(c);
    tracker.commit_succeeded();
    assert_eq!(tracker.beyond_commit(), 2, "the first and the last");
    tracker.complete(a);
    assert_eq!(tracker.beyond_commit(), 2);
    tracker.commit(LIMIT);
    tracker.commit_succeeded();
    assert_eq!(tracker.beyond_commit(), 0);
}

#[test]
fn where_reading_goes_on_elsewhere_nothing_is_known_to_be_done() {
    let mut tracker = OffsetTracker::default();
    tracker.begin(0, true);
    tracker.skip_done(Done::read(0, "stepstream-done-1:AQE"));
    tracker.begin(1, false);
    assert!(!tracker.skip(1));
}

#[test]
fn nothing_to_commit_before_the_first_record_is_complete() {
    let mut tracker = OffsetTracker::default();
    tracker.track(7, 1);
    assert_eq!(tracker.commit(LIMIT), None);
}

#[test]
fn watermark_waits_for_the_first_incomplete_record() {
    let mut tracker = OffsetTracker::default();
    let [a, b, c] = [10, 11, 15].map(|offset| tracker.track(offset, 1));
    tracker.complete(b);
    assert_eq!(tracker.watermark(), None, "before anything is complete nobody knows where reading began");
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
    assert_eq!(tracker.commit(LIMIT), Some((6, String::new())));
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
    assert_eq!(tracker.commit(LIMIT), Some((5, String::new())));
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
    (1..200_usize)
        .prop_flat_map(|n| (prop::collection::vec(1..5_i64, n), prop::collection::vec(any::<prop::sample::Index>(), n)))
}

/// What an assignment does between two crashes: reads a record, completes one in flight, or commits in so many bytes.
#[derive(Clone, Debug)]
enum Step {
    Read,
    Complete(prop::sample::Index),
    Commit(usize),
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Read),
        6 => any::<prop::sample::Index>().prop_map(Step::Complete),
        2 => prop_oneof![Just(LIMIT), 0..40_usize].prop_map(Step::Commit),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Over crashes: no offset is skipped that was not complete, and none runs again that a commit had room to tell of.
    #[test]
    fn exactly_what_a_commit_told_of_is_skipped_after_a_crash(
        gaps in prop::collection::vec(1..4_i64, 400), steps in steps(),
    ) {
        let log: Vec<i64> = gaps.iter().scan(0, |offset, gap| { *offset += gap; Some(*offset) }).collect();
        let mut tracker = OffsetTracker::default();
        tracker.begin(0, true);
        let (mut position, mut open) = (0, Vec::new());
        // What has ever been complete, what this assignment knows to be, and that at the last commit, if it had room for it.
        let (mut ever, mut complete) = (BTreeSet::new(), BTreeSet::new());
        let (mut at_commit, mut commit) = (Some(complete.clone()), (0, String::new()));
        for step in steps {
            match step {
                Step::Read if position < log.len() => {
                    let offset = log[position];
                    position += 1;
                    if tracker.skip(offset) {
                        prop_assert!(ever.contains(&offset), "{} was never complete", offset);
                    } else {
                        prop_assert!(!complete.contains(&offset), "{} runs again", offset);
                        open.push((offset, tracker.track(offset, 1)));
                    }
                }
                Step::Complete(index) if !open.is_empty() => {
                    let (offset, sequence) = open.remove(index.index(open.len()));
                    prop_assert_eq!(tracker.complete(sequence), Some(1));
                    ever.insert(offset);
                    complete.insert(offset);
                }
                Step::Commit(limit) => {
                    if let Some(next) = tracker.commit(limit) {
                        prop_assert!(log.iter().filter(|offset| **offset < next.0).all(|offset| ever.contains(offset)));
                        prop_assert!(next.1.len() <= limit);
                        commit = next;
                        tracker.commit_succeeded();
                        at_commit = (limit == LIMIT).then(|| complete.clone());
                    }
                }
                Step::Crash => {
                    tracker = OffsetTracker::default();
                    tracker.begin(commit.0, true);
                    tracker.skip_done(Done::read(commit.0, &commit.1));
                    position = log.iter().take_while(|offset| **offset < commit.0).count();
                    open.clear();
                    let mut told = Done::read(commit.0, &commit.1);
                    let known = log.iter().filter(|offset| **offset < commit.0 || told.take(**offset));
                    complete = at_commit.clone().unwrap_or_else(|| known.copied().collect());
                }
                Step::Read | Step::Complete(_) => {}
            }
        }
    }

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
