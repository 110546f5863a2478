//! Log events of what ends by itself when its cause is gone: services that are down, and processes that did not end in order.

use std::time::Duration;

use tracing::{info, warn};

use super::events::millis;

/// A partition is read whose last assignments did not end in order. `alone`: its events are run one at a time.
pub fn delivered_again(pipeline: &str, (topic, partition): (&str, i32), unended: u32, alone: bool) {
    if alone {
        warn!(
            pipeline,
            topic,
            partition,
            unended,
            "events are run one at a time: the process did not end in order each time that it read them"
        );
    } else {
        info!(pipeline, topic, partition, unended, "events are delivered again: the process did not end in order");
    }
}

/// A service behind tasks does not answer: its calls wait, and nothing is read. `resource` is that of its `[[task]]`.
pub fn service_unavailable(pipeline: &str, resource: &str, trouble: &str, probe_interval: Duration) {
    let every_ms = millis(probe_interval);
    warn!(
        pipeline,
        resource, trouble, every_ms, "a service is not available: its calls wait and it is tried by one of them"
    );
}

/// A service behind tasks answers again.
pub fn service_is_back(pipeline: &str, resource: &str, lasted: Duration) {
    info!(pipeline, resource, lasted_ms = millis(lasted), "a service is available again: calls that waited are made");
}
