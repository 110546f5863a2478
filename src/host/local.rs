//! Calls as futures on the host's own thread.
//!
//! The host's owner is synchronous. It lends its thread to the calls by [`LocalCalls::turn`] between batches, and by
//! [`LocalCalls::wait`] when it has nothing else to do.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, LocalSet};

use super::calls::{Address, Calls, Origin, request};
use super::gate::Caller;
use super::mailbox::Mailbox;
use super::permits::Permits;
use crate::engine::{TaskCall, TaskFailure};
use crate::task::{Answer, Entry, Request};
use crate::telemetry::{TaskMetrics, TaskOutcome};

/// Task calls of a host, carried out by connectors.
#[derive(Debug)]
pub struct LocalCalls {
    runtime: Runtime,
    local: LocalSet,
    permits: Arc<Permits>,
    /// A label of the metrics.
    pipeline: Arc<str>,
    /// By kind of connector and Resource.
    metrics: HashMap<&'static str, HashMap<Box<str>, TaskMetrics>>,
    mailbox: Mailbox,
    begun: u64,
    shared: Rc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    open: Cell<usize>,
    failed: Cell<u64>,
}

/// Counts a call as open for as long as its future exists, also when it is aborted; answers for one that panics.
struct Open {
    shared: Rc<Shared>,
    metrics: TaskMetrics,
    since: Instant,
    /// Since when it waits for a permit.
    asked: Instant,
    has_permit: bool,
    outcome: TaskOutcome,
    to: Address,
    mailbox: Mailbox,
    state: Arc<str>,
}

impl Open {
    /// Its wait for a permit is over.
    fn permitted(&mut self) {
        if !self.has_permit {
            self.has_permit = true;
            self.metrics.permitted(self.asked.elapsed());
        }
    }

    /// `is_submission`: a callback is to follow.
    fn answer(&mut self, answer: Answer, is_submission: bool) {
        self.outcome = match &answer {
            Ok(_) => TaskOutcome::Succeeded,
            Err(failure) if failure.timed_out => TaskOutcome::TimedOut,
            Err(_) => TaskOutcome::Failed,
        };
        self.attempt_failed(&answer);
        match is_submission {
            true => self.mailbox.post_submitted(self.to, answer),
            false => self.mailbox.post(self.to, answer),
        }
    }

    /// Counts a failure, also one that the execution does not see because the call is made again.
    fn attempt_failed(&self, answer: &Answer) {
        if let Err(failure) = answer {
            self.shared.failed.set(self.shared.failed.get() + 1);
            self.metrics.failed(failure.error.as_deref().unwrap_or_default());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The runtime catches the panic; the execution must not wait for ever.
            let cause = format!("a bug in Stepstream: the connector of state {} panicked", self.state);
            self.answer(Err(TaskFailure::new("States.Runtime", cause)), false);
        }
        self.permitted();
        self.shared.open.set(self.shared.open.get() - 1);
        self.metrics.ended(self.outcome, self.since.elapsed());
    }
}

impl LocalCalls {
    /// `permits` bounds the open calls, together with those of all others that share them.
    ///
    /// # Errors
    /// The operating system gives no event queue.
    pub fn new(pipeline: Arc<str>, permits: Arc<Permits>, mailbox: Mailbox) -> io::Result<Self> {
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            local: LocalSet::new(),
            permits,
            pipeline,
            metrics: HashMap::new(),
            mailbox,
            begun: 0,
            shared: Rc::default(),
        })
    }

    fn count(&mut self, kind: &'static str, to: Address, call: &TaskCall) -> Open {
        self.shared.open.set(self.shared.open.get() + 1);
        let (metrics, resource) = (self.metrics.entry(kind).or_default(), call.resource.as_str());
        let metrics = metrics.get(resource).cloned().unwrap_or_else(|| {
            let new = TaskMetrics::new(&self.pipeline, kind, resource);
            metrics.insert(resource.into(), new.clone());
            new
        });
        metrics.started();
        let now = Instant::now();
        Open {
            shared: self.shared.clone(),
            metrics,
            since: now,
            asked: now,
            has_permit: false,
            outcome: TaskOutcome::Cancelled,
            to,
            mailbox: self.mailbox.clone(),
            state: call.state.clone(),
        }
    }

    /// Begins a call as soon as the bounds allow, and the other side is there.
    fn spawn(&mut self, entry: &Entry, mut open: Open, request: Request) -> AbortHandle {
        let (permits, entry) = (self.permits.clone(), entry.clone());
        let caller = permits.gate(&entry).map(|gate| Caller::new(gate, open.to, self.mailbox.clone()));
        let future = async move {
            let is_submission = entry.connector.awaits_callback(&request.resource);
            let answer = match caller {
                None => {
                    let _permit = permits.acquire(&entry).await;
                    open.permitted();
                    entry.connector.call(request).await
                }
                Some(caller) => patient_call(caller, &permits, &entry, request, &mut open).await,
            };
            open.answer(answer, is_submission);
        };
        self.local.spawn_local(future).abort_handle()
    }

    /// Calls that are open or wait for a permit.
    pub fn open(&self) -> usize {
        self.shared.open.get()
    }

    /// Calls begun so far.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Calls that failed so far.
    pub fn failed(&self) -> u64 {
        self.shared.failed.get()
    }

    /// Lets the calls go on as far as they can without waiting.
    pub fn turn(&self) {
        self.local.block_on(&self.runtime, tokio::task::yield_now());
    }

    /// Lends the thread to the calls until an answer arrives, the mailbox's bell rings, or the time is over.
    pub fn wait(&self, timeout: Duration) {
        if !self.mailbox.is_empty() {
            return;
        }
        self.local.block_on(&self.runtime, async {
            tokio::select! {
                () = self.mailbox.bell().notified() => {}
                () = tokio::time::sleep(timeout) => {}
            }
        });
    }
}

/// Makes a call again and again until the other side has answered. While it waits for that it holds no permit.
async fn patient_call(
    mut caller: Caller,
    permits: &Permits,
    entry: &Entry,
    request: Request,
    open: &mut Open,
) -> Answer {
    loop {
        caller.pass().await;
        open.asked = Instant::now();
        let permit = permits.acquire(entry).await;
        if !caller.may_go() {
            continue;
        }
        open.permitted();
        let answer = entry.connector.call(request.clone()).await;
        drop(permit);
        if caller.is_final(&answer) {
            return answer;
        }
        open.attempt_failed(&answer);
        caller.pause().await;
    }
}

impl<O: Origin> Calls<O> for LocalCalls {
    /// `None`: it was answered at once.
    type Handle = Option<AbortHandle>;

    fn begin(&mut self, to: Address, origin: &O, call: TaskCall) -> Option<AbortHandle> {
        self.begun += 1;
        let entry = match origin.entry(&call) {
            Ok(entry) => entry,
            Err(failure) => {
                self.shared.failed.set(self.shared.failed.get() + 1);
                self.mailbox.post(to, Err(failure));
                return None;
            }
        };
        let open = self.count(entry.connector.kind(), to, &call);
        Some(self.spawn(entry, open, request(origin, call)))
    }

    fn cancel(&mut self, handle: Option<AbortHandle>) {
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}
