use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::engine::Timestamp;

/// A point in time, on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that only goes forward, at its own even pace: what waits and timeouts are measured by.
    pub monotonic: i64,
    /// What people's clocks say. They are put right now and then, backwards too.
    pub wall: Timestamp,
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    pub fn new() -> Clock {
        Clock { began: Instant::now() }
    }

    /// The time.
    pub fn now(&self) -> Now {
        self.at(Instant::now())
    }

    /// The time at an instant that was taken just now.
    pub fn at(&self, instant: Instant) -> Now {
        let elapsed = instant.saturating_duration_since(self.began).as_millis();
        // A clock before 1970 is as good as one at 1970.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Now {
            monotonic: i64::try_from(elapsed).unwrap_or(i64::MAX),
            wall: Timestamp(i64::try_from(since_epoch).unwrap_or(i64::MAX)),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}
