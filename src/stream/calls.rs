//! Task calls of a shard: futures on the shard's own thread.
//!
//! The shard's loop is synchronous. It lends its thread to the calls by [`Calls::turn`] between batches, and by
//! [`Calls::wait`] when it has nothing else to do. A pipeline's shards share one bound on open calls.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, LocalSet};

use super::executions::Key;
use crate::engine::{CallId, TaskFailure};
use crate::task::{Answer, Connector, Request};
use crate::telemetry::{TaskMetrics, TaskOutcome};

/// What a task answered, and to whom.
pub(super) struct Outcome {
    pub execution: Key,
    pub call: CallId,
    pub answer: Answer,
}

/// Task calls of a shard.
pub(super) struct Calls {
    runtime: Runtime,
    local: LocalSet,
    permits: Arc<Semaphore>,
    pipeline: Arc<str>,
    metrics: HashMap<&'static str, TaskMetrics>,
    shared: Rc<Shared>,
    /// Rung from other threads: there are records to read.
    bell: Arc<Notify>,
}

#[derive(Default)]
struct Shared {
    outcomes: RefCell<VecDeque<Outcome>>,
    arrived: Notify,
    open: Cell<usize>,
}

/// Counts a call as open for as long as its future exists, also when it is aborted.
struct Open {
    shared: Rc<Shared>,
    metrics: TaskMetrics,
    since: Instant,
    outcome: TaskOutcome,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.open.set(self.shared.open.get() - 1);
        self.metrics.ended(self.outcome, self.since.elapsed());
    }
}

impl Calls {
    /// `permits` bounds the open calls of all shards of the pipeline; `bell` wakes [`wait`](Self::wait).
    pub fn new(pipeline: Arc<str>, permits: Arc<Semaphore>, bell: Arc<Notify>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            local: LocalSet::new(),
            permits,
            pipeline,
            metrics: HashMap::new(),
            shared: Rc::default(),
            bell,
        })
    }

    /// Begins a call as soon as the pipeline's bound allows. Aborting the handle cancels it without an outcome.
    pub fn start(
        &mut self,
        execution: Key,
        call: CallId,
        connector: &Arc<dyn Connector>,
        request: Request,
    ) -> AbortHandle {
        let (permits, connector) = (self.permits.clone(), connector.clone());
        let mut open = self.count(connector.kind());
        let future = async move {
            // The semaphore is never closed, so an error can't happen; without a permit the call would only be unbounded.
            let _permit = permits.acquire_owned().await;
            let answer = connector.call(request).await;
            open.outcome = match &answer {
                Ok(_) => TaskOutcome::Succeeded,
                Err(failure) if failure.timed_out => TaskOutcome::TimedOut,
                Err(_) => TaskOutcome::Failed,
            };
            open.shared.outcomes.borrow_mut().push_back(Outcome { execution, call, answer });
            open.shared.arrived.notify_one();
        };
        self.local.spawn_local(future).abort_handle()
    }

    fn count(&mut self, kind: &'static str) -> Open {
        self.shared.open.set(self.shared.open.get() + 1);
        let metrics = self.metrics.entry(kind).or_insert_with(|| TaskMetrics::new(&self.pipeline, kind)).clone();
        metrics.started();
        Open { shared: self.shared.clone(), metrics, since: Instant::now(), outcome: TaskOutcome::Cancelled }
    }

    /// Answers a call at once with a failure.
    pub fn fail(&self, execution: Key, call: CallId, failure: TaskFailure) {
        self.shared.outcomes.borrow_mut().push_back(Outcome { execution, call, answer: Err(failure) });
    }

    /// Calls that are open or wait for a permit.
    pub fn open(&self) -> usize {
        self.shared.open.get()
    }

    /// The next outcome that has arrived.
    pub fn take(&self) -> Option<Outcome> {
        self.shared.outcomes.borrow_mut().pop_front()
    }

    /// Lets the calls go on as far as they can without waiting.
    pub fn turn(&self) {
        self.local.block_on(&self.runtime, tokio::task::yield_now());
    }

    /// Lends the thread to the calls until an outcome arrives, the bell rings, or the time is over.
    pub fn wait(&self, timeout: Duration) {
        if !self.shared.outcomes.borrow().is_empty() {
            return;
        }
        self.local.block_on(&self.runtime, async {
            tokio::select! {
                () = self.shared.arrived.notified() => {}
                () = self.bell.notified() => {}
                () = tokio::time::sleep(timeout) => {}
            }
        });
    }
}
