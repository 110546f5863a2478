use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets in microseconds: from an execution without tasks to the five minutes of Express.
const BOUNDS_MICROS: [u64; 20] = [
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    60_000_000,
    300_000_000,
];
/// One more than the bounds: what is above the last.
const BUCKETS: usize = BOUNDS_MICROS.len() + 1;

/// A histogram of durations that shards add to in batches.
///
/// The recorder's own histograms keep every sample until the next scrape, which at a million events per second is more
/// memory than all events in flight.
#[derive(Debug, Default)]
pub struct Durations {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

/// What one thread has measured since it last published.
#[derive(Clone, Debug, Default)]
pub struct DurationTally {
    buckets: [u64; BUCKETS],
    sum_micros: u64,
    count: u64,
}

impl DurationTally {
    /// Counts a duration.
    #[inline]
    pub fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.buckets[bucket] += 1;
        self.sum_micros = self.sum_micros.saturating_add(micros);
        self.count += 1;
    }

    /// Counts a duration that was measured so many times.
    pub(super) fn record_times(&mut self, duration: Duration, times: u64) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.buckets[BOUNDS_MICROS.partition_point(|bound| *bound < micros)] += times;
        self.sum_micros = self.sum_micros.saturating_add(micros.saturating_mul(times));
        self.count += times;
    }

    /// Adds everything to a shared histogram and starts again from zero.
    pub fn publish(&mut self, into: &Durations) {
        if self.count == 0 {
            return;
        }
        for (shared, own) in into.buckets.iter().zip(&self.buckets).filter(|(_, own)| **own > 0) {
            shared.fetch_add(*own, Ordering::Relaxed);
        }
        into.sum_micros.fetch_add(self.sum_micros, Ordering::Relaxed);
        *self = Self::default();
    }
}

impl Durations {
    /// Counts one duration at once: for what happens rarely.
    pub fn record(&self, duration: Duration) {
        let mut tally = DurationTally::default();
        tally.record(duration);
        tally.publish(self);
    }

    /// The histogram of that name and labels, made where there is none.
    pub(super) fn registered(name: &'static str, labels: &[(&str, &str)]) -> Arc<Self> {
        let labels = render_labels(labels);
        // A poisoned map is still a map: nothing is left half done under the lock.
        let mut families = FAMILIES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(families.entry((name, labels)).or_default())
    }
}

type Families = BTreeMap<(&'static str, String), Arc<Durations>>;

static FAMILIES: Mutex<Families> = Mutex::new(BTreeMap::new());

/// Appends all histograms in Prometheus' text format.
pub(super) fn render(out: &mut String, help: impl Fn(&str) -> &'static str) {
    let families = FAMILIES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut last = "";
    for ((name, labels), durations) in families.iter() {
        if *name != last {
            // Writing to a string can't fail.
            let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} histogram", help(name));
            last = name;
        }
        render_one(out, name, labels, durations);
    }
}

fn render_one(out: &mut String, name: &str, labels: &str, durations: &Durations) {
    let mut count = 0;
    for (index, bucket) in durations.buckets.iter().enumerate() {
        count += bucket.load(Ordering::Relaxed);
        let bound = match BOUNDS_MICROS.get(index) {
            Some(micros) => (*micros as f64 / 1e6).to_string(),
            None => "+Inf".to_owned(),
        };
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
    }
    let sum = durations.sum_micros.load(Ordering::Relaxed) as f64 / 1e6;
    let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}\n");
}

/// Labels as they stand between braces.
pub(super) fn render_labels(labels: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_published_once_and_buckets_add_up() {
        let durations = Durations::registered("test_duration_seconds", &[("pipeline", "a\"b")]);
        let mut tally = DurationTally::default();
        for micros in [10, 11, 999_999, 400_000_000] {
            tally.record(Duration::from_micros(micros));
        }
        tally.publish(&durations);
        tally.publish(&durations);
        let mut out = String::new();
        render(&mut out, |_| "help");
        for line in [
            "# TYPE test_duration_seconds histogram",
            r#"test_duration_seconds_bucket{pipeline="a\"b",le="0.00001"} 1"#,
            r#"test_duration_seconds_bucket{pipeline="a\"b",le="0.000025"} 2"#,
            r#"test_duration_seconds_bucket{pipeline="a\"b",le="1"} 3"#,
            r#"test_duration_seconds_bucket{pipeline="a\"b",le="+Inf"} 4"#,
            r#"test_duration_seconds_sum{pipeline="a\"b"} 401.00002"#,
            r#"test_duration_seconds_count{pipeline="a\"b"} 4"#,
        ] {
            assert!(out.lines().any(|found| found == line), "{line} is not in\n{out}");
        }
    }
}
