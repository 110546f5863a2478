use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Different messages that are distinguished; when there are more, all are forgotten and logged again.
const MAX_KEYS: usize = 256;

/// Lets a repeated message through once per interval, with the number of those it held back.
///
/// A broker that is down makes every client report the same error many times a second.
#[derive(Debug)]
pub struct Quiet {
    interval: Duration,
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    told: Instant,
    held_back: u64,
}

impl Quiet {
    /// Lets each message through once per `interval`.
    pub fn new(interval: Duration) -> Self {
        Self { interval, seen: Mutex::default() }
    }

    /// Whether the message `key` may be logged now, and how many like it were held back since it was logged last.
    pub fn admit(&self, key: &str, now: Instant) -> Option<u64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.get_mut(key) {
            if now.saturating_duration_since(seen.told) < self.interval {
                seen.held_back += 1;
                return None;
            }
            seen.told = now;
            return Some(std::mem::take(&mut seen.held_back));
        }
        if seen.len() >= MAX_KEYS {
            seen.clear();
        }
        seen.insert(key.to_owned(), Seen { told: now, held_back: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_logged_once_per_interval_with_its_size() {
        let quiet = Quiet::new(Duration::from_secs(10));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (key, seconds, admitted) in [
            ("down", 0, Some(0)),
            ("down", 1, None),
            ("other", 1, Some(0)),
            ("down", 9, None),
            ("down", 10, Some(2)),
            ("down", 11, None),
            ("down", 30, Some(1)),
        ] {
            assert_eq!(quiet.admit(key, at(seconds)), admitted, "{key} after {seconds} s");
        }
    }

    #[test]
    fn the_number_of_different_messages_is_bounded() {
        let quiet = Quiet::new(Duration::from_secs(10));
        for key in 0..10 * MAX_KEYS {
            quiet.admit(&key.to_string(), Instant::now());
        }
        assert!(quiet.seen.lock().unwrap().len() <= MAX_KEYS);
    }
}
