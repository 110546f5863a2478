//! What is seen of callbacks: tasks that wait for one, and those that come.

use std::fmt::Display;
use std::time::Duration;

use metrics::{Gauge, counter, gauge};
use tracing::{debug, info, warn};

use super::recorder;

/// A shard's tasks that wait for a callback. Dropped, it has none.
#[derive(Debug)]
pub struct CallbackMetrics {
    waiting: Gauge,
    longest: Gauge,
}

impl CallbackMetrics {
    /// Resolves the handles of a shard. After [`super::init_metrics`]: handles from before count nothing.
    pub fn new(pipeline: &str, shard: usize) -> Self {
        let gauge =
            |metric: &'static str| gauge!(metric, "pipeline" => pipeline.to_owned(), "shard" => shard.to_string());
        CallbackMetrics { waiting: gauge(recorder::CALLBACKS_AWAITED), longest: gauge(recorder::CALLBACKS_LONGEST) }
    }

    /// So many tasks wait, the first of them for so long.
    pub fn publish(&self, waiting: usize, longest: Duration) {
        self.waiting.set(waiting as f64);
        self.longest.set(longest.as_secs_f64());
    }
}

impl Drop for CallbackMetrics {
    fn drop(&mut self) {
        self.publish(0, Duration::ZERO);
    }
}

/// A record of the topic of callbacks was read: what came of it, or the name of the error and its message. `place` is its
/// partition and offset.
pub fn callback(action: &'static str, place: (i32, i64), outcome: &Result<(), (&'static str, String)>) {
    let name = outcome.as_ref().map_or_else(|(name, _)| *name, |()| "ok");
    counter!(recorder::CALLBACKS, "action" => action, "outcome" => name).increment(1);
    let (partition, offset) = place;
    match outcome {
        Ok(()) => debug!(action, partition, offset, "callback delivered"),
        // Every node reads those of all others.
        Err(("TaskDoesNotExist", error)) => debug!(action, partition, offset, error, "callback for another node"),
        Err((name, error)) => super::events::told(&format!("callback {action} {name}"), |held_back| {
            warn!(action, partition, offset, error, held_back, "a callback does not count");
        }),
    }
}

/// The topic of callbacks can't be read.
pub fn callbacks_unreadable(topic: &str, reason: &dyn Display) {
    warn!(topic, %reason, "callbacks can't be read; tasks that wait for them go on waiting");
}

/// It can be read again.
pub fn callbacks_are_read(topic: &str, lasted: Duration) {
    info!(topic, lasted_ms = super::events::millis(lasted), "callbacks are read again");
}
