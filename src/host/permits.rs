use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::gate::{Gate, Outage};
use crate::task::{Connectors, Entry};

/// The bounds on open task calls: over all, and for each `[[task]]` entry, so that one service that hangs does not take all
/// calls from the others. Whoever has to keep them together shares them.
#[derive(Debug)]
pub struct Permits {
    all: Arc<Semaphore>,
    /// By the entry's index.
    entries: Vec<Arc<Semaphore>>,
    /// By the entry's index; those whose calls wait while the other side is not there.
    gates: Vec<Option<Arc<Gate>>>,
}

/// Permission for one call, while it lives.
#[derive(Debug)]
pub(super) struct Permit {
    _entry: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// At most `max_concurrent_tasks` calls at a time through these connectors.
    pub fn new(max_concurrent_tasks: usize, connectors: &Connectors) -> Permits {
        let bound = max_concurrent_tasks.clamp(1, Semaphore::MAX_PERMITS);
        let entries = connectors.entries();
        let of_entry = |entry: &Entry| Arc::new(Semaphore::new(entry.max_concurrent(bound, entries.len())));
        let all = Arc::new(Semaphore::new(bound));
        Permits { all, entries: entries.iter().map(of_entry).collect(), gates: Vec::new() }
    }

    /// The same, and what the entries say of a service that is not there holds for the calls of this pipeline.
    #[must_use]
    pub fn pausing(mut self, pipeline: &Arc<str>, connectors: &Connectors) -> Permits {
        self.gates = connectors.entries().iter().map(|entry| Gate::of(entry, pipeline)).collect();
        self
    }

    pub(super) fn gate(&self, entry: &Entry) -> Option<Arc<Gate>> {
        self.gates.get(entry.index)?.clone()
    }

    /// The services that are not there, and that calls wait for.
    pub fn outages(&self, now: Instant) -> impl Iterator<Item = Outage> {
        self.gates.iter().flatten().filter_map(move |gate| gate.outage(now))
    }

    /// Whether no more events are to be run for now, because their calls would only wait. Costs next to nothing where all is well.
    pub fn pauses(&self) -> bool {
        self.gates.iter().flatten().any(|gate| gate.is_open())
            && self.outages(Instant::now()).any(|outage| outage.pauses())
    }

    /// Waits for the entry's turn first, so that its calls that wait hold nothing that others could use.
    pub(super) fn acquire(&self, entry: &Entry) -> impl Future<Output = Permit> + use<> {
        let (all, entry) = (self.all.clone(), self.entries.get(entry.index).cloned());
        async move {
            // A semaphore is never closed, so an error can't happen; without a permit the call would only be unbounded.
            let entry = match entry {
                Some(entry) => entry.acquire_owned().await.ok(),
                None => None,
            };
            Permit { _entry: entry, _all: all.acquire_owned().await.ok() }
        }
    }
}
