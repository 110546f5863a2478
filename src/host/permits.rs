use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::task::{Connectors, Entry};

/// The bounds on open task calls: over all, and for each `[[task]]` entry, so that one service that hangs does not take all
/// calls from the others. Whoever has to keep them together shares them.
#[derive(Debug)]
pub struct Permits {
    all: Arc<Semaphore>,
    /// By the entry's index.
    entries: Vec<Arc<Semaphore>>,
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
        Permits { all: Arc::new(Semaphore::new(bound)), entries: entries.iter().map(of_entry).collect() }
    }

    /// Waits for the entry's turn first, so that its calls that wait hold nothing that others could use.
    pub(super) fn acquire(&self, entry: &Entry) -> impl Future<Output = Permit> + 'static {
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
