//! Consumer lag per partition, and how old it is. Kept here and not in the recorder, because a partition that moves to
//! another member has to disappear, and so has a lag that nobody knows any more.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::durations::render_labels;

const LAG: &str = "stepstream_consumer_lag";
const AGE: &str = "stepstream_consumer_lag_age_seconds";

/// A lag that is older is not shown: it would look like one that stands still. It is computed once a second.
const UNKNOWN_AFTER: Duration = Duration::from_secs(15);

/// Pipeline, topic and partition.
type Key = (String, String, i32);

struct Lag {
    records: Option<u64>,
    at: Instant,
}

static LAGS: Mutex<BTreeMap<Key, Lag>> = Mutex::new(BTreeMap::new());

/// When the pipeline last knew where its partitions end, were it of none.
static LOOKS: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

/// The pipeline knows where the partitions end that it reads, be it of none.
pub(super) fn looked(pipeline: &str) {
    looks().insert(pipeline.to_owned(), Instant::now());
}

/// A partition is read from now on; its lag is not known yet.
pub(super) fn expect(pipeline: &str, topic: &str, partition: i32) {
    insert(pipeline, topic, partition, Lag { records: None, at: Instant::now() });
}

pub(super) fn set(pipeline: &str, topic: &str, partition: i32, records: u64) {
    insert(pipeline, topic, partition, Lag { records: Some(records), at: Instant::now() });
}

pub(super) fn remove(pipeline: &str, topic: &str, partition: i32) {
    lags().remove(&(pipeline.to_owned(), topic.to_owned(), partition));
}

/// Appends every partition's lag, and every pipeline's age of them, in Prometheus' text format.
pub(super) fn render(out: &mut String) {
    render_at(out, Instant::now());
}

fn render_at(out: &mut String, now: Instant) {
    let (lags, looks) = (lags(), looks());
    if lags.is_empty() && looks.is_empty() {
        return;
    }
    let since = |at: &Instant| now.saturating_duration_since(*at);
    let mut ages: BTreeMap<&str, Duration> = looks.iter().map(|(name, at)| (name.as_str(), since(at))).collect();
    // Writing to a string can't fail.
    let _ = writeln!(
        out,
        "# HELP {LAG} Records between what is complete and the end of the partition; not shown while it is not known\n\
         # TYPE {LAG} gauge"
    );
    for ((pipeline, topic, partition), lag) in lags.iter() {
        let age = since(&lag.at);
        let oldest = ages.entry(pipeline).or_default();
        *oldest = age.max(*oldest);
        let Some(records) = lag.records.filter(|_| age <= UNKNOWN_AFTER) else { continue };
        let labels = render_labels(&[("pipeline", pipeline), ("topic", topic), ("partition", &partition.to_string())]);
        let _ = writeln!(out, "{LAG}{{{labels}}} {records}");
    }
    let _ = writeln!(
        out,
        "\n# HELP {AGE} Time since the lag of all of the pipeline's partitions was known\n# TYPE {AGE} gauge"
    );
    for (pipeline, age) in ages {
        let _ = writeln!(out, "{AGE}{{{}}} {:.3}", render_labels(&[("pipeline", pipeline)]), age.as_secs_f64());
    }
    out.push('\n');
}

fn insert(pipeline: &str, topic: &str, partition: i32, lag: Lag) {
    lags().insert((pipeline.to_owned(), topic.to_owned(), partition), lag);
}

fn looks() -> MutexGuard<'static, BTreeMap<String, Instant>> {
    LOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lags() -> MutexGuard<'static, BTreeMap<Key, Lag>> {
    LAGS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(after: Duration) -> String {
        let mut out = String::new();
        render_at(&mut out, Instant::now() + after);
        out
    }

    #[test]
    fn a_partition_that_moved_away_disappears() {
        set("lag-test", "orders", 0, 5);
        set("lag-test", "orders", 1, 7);
        assert!(rendered(Duration::ZERO).contains(r#"pipeline="lag-test",topic="orders",partition="0"} 5"#));
        remove("lag-test", "orders", 0);
        let out = rendered(Duration::ZERO);
        assert!(
            out.contains(r#"stepstream_consumer_lag{pipeline="lag-test",topic="orders",partition="1"} 7"#),
            "{out}"
        );
        assert!(!out.contains(r#"pipeline="lag-test",topic="orders",partition="0""#), "{out}");
    }

    #[test]
    fn a_lag_that_nobody_knows_is_not_shown_but_its_age_is() {
        set("age-test", "orders", 0, 5);
        expect("age-test", "orders", 1);
        let fresh = rendered(Duration::ZERO);
        assert!(fresh.contains(r#"stepstream_consumer_lag{pipeline="age-test",topic="orders",partition="0"} 5"#));
        assert!(!fresh.contains(r#"pipeline="age-test",topic="orders",partition="1""#), "{fresh}");
        let stale = rendered(Duration::from_secs(60));
        assert!(!stale.contains(r#"stepstream_consumer_lag{pipeline="age-test""#), "{stale}");
        assert!(stale.contains(r#"stepstream_consumer_lag_age_seconds{pipeline="age-test"} 6"#), "{stale}");
    }
}
