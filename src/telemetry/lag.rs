//! Consumer lag per partition. Kept here and not in the recorder, because a partition that moves to another member has to
//! disappear.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use super::durations::render_labels;

const NAME: &str = "stepstream_consumer_lag";

/// Pipeline, topic and partition.
type Key = (String, String, i32);

static LAGS: Mutex<BTreeMap<Key, u64>> = Mutex::new(BTreeMap::new());

pub(super) fn set(pipeline: &str, topic: &str, partition: i32, records: u64) {
    let mut lags = LAGS.lock().unwrap_or_else(PoisonError::into_inner);
    lags.insert((pipeline.to_owned(), topic.to_owned(), partition), records);
}

pub(super) fn remove(pipeline: &str, topic: &str, partition: i32) {
    let mut lags = LAGS.lock().unwrap_or_else(PoisonError::into_inner);
    lags.remove(&(pipeline.to_owned(), topic.to_owned(), partition));
}

/// Appends every partition's lag in Prometheus' text format.
pub(super) fn render(out: &mut String) {
    let lags = LAGS.lock().unwrap_or_else(PoisonError::into_inner);
    if lags.is_empty() {
        return;
    }
    // Writing to a string can't fail.
    let _ = writeln!(
        out,
        "# HELP {NAME} Records between the committed offset and the end of the partition\n# TYPE {NAME} gauge"
    );
    for ((pipeline, topic, partition), records) in lags.iter() {
        let labels = render_labels(&[("pipeline", pipeline), ("topic", topic), ("partition", &partition.to_string())]);
        let _ = writeln!(out, "{NAME}{{{labels}}} {records}");
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_moved_away_disappears() {
        set("lag-test", "orders", 0, 5);
        set("lag-test", "orders", 1, 7);
        let rendered = || {
            let mut out = String::new();
            render(&mut out);
            out
        };
        assert!(rendered().contains(r#"pipeline="lag-test",topic="orders",partition="0"} 5"#), "{}", rendered());
        remove("lag-test", "orders", 0);
        let out = rendered();
        assert!(
            out.contains(r#"stepstream_consumer_lag{pipeline="lag-test",topic="orders",partition="1"} 7"#),
            "{out}"
        );
        assert!(!out.contains(r#"pipeline="lag-test",topic="orders",partition="0""#), "{out}");
    }
}
