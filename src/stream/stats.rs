//! What a shard counts. Written by the shard's thread alone, read by anyone at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest duration that the histogram can hold; longer ones count as this.
const LONGEST: Duration = Duration::from_secs(600);
/// Significant decimal digits of durations.
const PRECISION: u8 = 2;

/// A number with one writer. Cheaper than an atomic addition: the writer's core keeps the line.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it. For its one writer only.
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    /// Sets it: for numbers that go up and down.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Its value.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters and levels of one shard.
        #[derive(Debug, Default)]
        pub struct Stats {
            $($(#[$doc])* pub $name: Counter,)*
            durations: Durations,
        }

        /// Counters and levels at one moment, of one shard or summed over several.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Stats {
            /// The numbers now.
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.value(),)* }
            }
        }

        impl std::ops::AddAssign for Snapshot {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

numbers! {
    /// Events read.
    events,
    /// Bytes of the events read.
    event_bytes,
    /// Executions that succeeded.
    succeeded,
    /// Executions that failed.
    failed,
    /// Executions that timed out.
    timed_out,
    /// Events that could not be run, or whose result could not be written.
    dead_letters,
    /// Events whose outcome is acknowledged, or needed no acknowledgement.
    completed,
    /// Records acknowledged by the brokers: results, failures and dead letters.
    produced,
    /// Task calls begun.
    task_calls,
    /// Task calls that failed.
    task_failures,
    /// Retries of states.
    retries,
    /// Commits that the broker took.
    commits,
    /// Events whose offsets are committed.
    committed,
    /// Times that reading was paused.
    pauses,
    /// Level: events between being read and being complete.
    in_flight,
    /// Level: bytes of those events.
    in_flight_bytes,
    /// Level: executions that wait for a task or a time.
    waiting,
    /// Level: task calls that are open or wait for the pipeline's bound.
    open_calls,
    /// Level: events between what is complete and the ends of the partitions.
    lag,
    /// Level: partitions owned.
    partitions,
    /// Level: 1 while the cluster refuses records.
    refusing,
    /// Times that a shard failed and was made anew.
    restarts,
    /// Level: 1 from the first assignment on, be it of no partition.
    ready,
}

/// Time from reading an event to the end of its execution.
#[derive(Debug)]
struct Durations(Mutex<Histogram<u64>>);

impl Default for Durations {
    fn default() -> Self {
        Self(Mutex::new(new_histogram()))
    }
}

impl Stats {
    /// Adds durations of executions, in microseconds, and forgets them from `batch`.
    pub(super) fn add_durations(&self, batch: &mut Vec<u64>) {
        let mut histogram = self.durations.0.lock().unwrap_or_else(PoisonError::into_inner);
        for micros in batch.drain(..) {
            histogram.saturating_record(micros.max(1));
        }
    }

    /// The shard failed: what it held is delivered again, to its successor or to other members.
    pub(super) fn shard_is_gone(&self) {
        self.restarts.add(1);
        let levels = [
            &self.in_flight,
            &self.in_flight_bytes,
            &self.waiting,
            &self.open_calls,
            &self.lag,
            &self.partitions,
            &self.refusing,
            &self.ready,
        ];
        levels.into_iter().for_each(|level| level.set(0));
    }

    /// Adds the durations of executions so far, in microseconds, to `sum`.
    pub fn durations_into(&self, sum: &mut Histogram<u64>) {
        let histogram = self.durations.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Same bounds and precision: an addition between them can't fail.
        sum.add(&*histogram).ok();
    }
}

/// A histogram of microseconds with the bounds that all of ours have.
pub fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, PRECISION)
        .expect("the bounds are constants that it takes")
}
