use std::time::Duration;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This much later. Fractions of a millisecond count as a whole one.
    pub fn after(self, duration: Duration) -> Timestamp {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        Timestamp(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// How long from `now` until then; zero if it has passed.
    pub fn until(self, now: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}

/// A point in time as the service writes it.
pub(super) fn time_text(time: Timestamp) -> String {
    let mut text = String::new();
    crate::expr::timestamp::write_millis(time.0, &mut text);
    text
}
