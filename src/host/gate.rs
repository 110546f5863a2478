//! Calls that wait for a service which is not there, and are made again: what `on_unavailable = "pause"` of a `[[task]]` means.
//!
//! The gates of a pipeline are shared by its shards. A call passes the gate of its entry before it takes a permit, so that what waits
//! holds nothing that other calls could use. When it is made is the [`Breaker`]'s business.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::breaker::{Breaker, Probe, Verdict};
use super::{Address, Mailbox};
use crate::task::{Answer, Contact, Entry, OnUnavailable, TaskFailure};
use crate::telemetry::{GateMetrics, events};

/// The gate before the calls of one entry.
#[derive(Debug)]
pub(super) struct Gate {
    pipeline: Arc<str>,
    resource: String,
    breaker: Mutex<Breaker>,
    /// Calls that fail without an answer before one of them is given up: see [`Caller::is_final`].
    patience: u32,
    probe_interval: Duration,
    /// Whether the breaker is open, to be seen at once.
    is_open: AtomicBool,
    /// The breaker has changed.
    changed: Notify,
    held: AtomicUsize,
    trouble: Mutex<String>,
    metrics: GateMetrics,
}

/// A service that is not there.
#[derive(Clone, Debug)]
pub struct Outage {
    /// The Resources of its entry, as the configuration has them.
    pub resource: String,
    /// What the last call that tried it came to.
    pub trouble: String,
    /// Since when.
    pub since: Instant,
    /// Calls that wait for it.
    pub held: usize,
    /// How often it is tried.
    pub probe_interval: Duration,
    /// It is to be tried, but no call waits that could do it: one has to come.
    wants_call: bool,
}

impl Gate {
    /// The gate of an entry; `None`: its calls fail.
    pub(super) fn of(entry: &Entry, pipeline: &Arc<str>) -> Option<Arc<Gate>> {
        let OnUnavailable::Pause { after, probe_interval } = entry.on_unavailable else { return None };
        Some(Arc::new(Gate {
            pipeline: pipeline.clone(),
            resource: entry.resource().to_owned(),
            breaker: Mutex::new(Breaker::new(after, probe_interval)),
            patience: after,
            probe_interval,
            is_open: AtomicBool::new(false),
            changed: Notify::new(),
            held: AtomicUsize::new(0),
            trouble: Mutex::default(),
            metrics: GateMetrics::new(pipeline, entry.connector.kind(), entry.resource()),
        }))
    }

    /// What is wrong, if the service is not there.
    pub(super) fn outage(&self, now: Instant) -> Option<Outage> {
        if !self.is_open() {
            return None;
        }
        let breaker = self.breaker();
        let (since, held) = (breaker.open_since()?, self.held.load(Ordering::Relaxed));
        Some(Outage {
            resource: self.resource.clone(),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            since,
            held,
            probe_interval: self.probe_interval,
            wants_call: held == 0 && breaker.wants_probe(now),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_answer(&self) {
        let Some(since) = self.breaker().answered() else { return };
        self.is_open.store(false, Ordering::Relaxed);
        self.metrics.available();
        events::service_is_back(&self.pipeline, &self.resource, since.elapsed());
        self.changed.notify_waiters();
    }

    fn note_failure(&self, failure: &TaskFailure, probe: Option<Probe>) {
        let trouble = failure.cause.as_deref().or(failure.error.as_deref()).unwrap_or_default();
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble.to_owned();
        if self.breaker().failed(probe, Instant::now()) {
            self.is_open.store(true, Ordering::Relaxed);
            self.metrics.unavailable();
            events::service_unavailable(&self.pipeline, &self.resource, trouble, self.probe_interval);
        }
        // Who waits for the probe has to know when the next one is due.
        self.changed.notify_waiters();
    }
}

impl Outage {
    /// Whether nothing is to be read because of it.
    pub fn pauses(&self) -> bool {
        !self.wants_call
    }
}

/// One call on its way through a gate, for as long as it takes.
pub(super) struct Caller {
    gate: Arc<Gate>,
    call: Address,
    mailbox: Mailbox,
    is_held: bool,
    probe: Option<Probe>,
    /// Attempts that did not reach the service, and those among them that it may have taken.
    failed: u32,
    broken: u32,
}

impl Caller {
    pub(super) fn new(gate: Arc<Gate>, call: Address, mailbox: Mailbox) -> Self {
        Self { gate, call, mailbox, is_held: false, probe: None, failed: 0, broken: 0 }
    }

    /// Waits until the call may be made.
    pub(super) async fn pass(&mut self) {
        loop {
            let gate = Arc::clone(&self.gate);
            let changed = gate.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let verdict = gate.breaker().ask(Instant::now());
            match verdict {
                Verdict::Go => return,
                Verdict::Probe(probe) => {
                    self.probe = Some(probe);
                    return;
                }
                Verdict::Wait(until) => {
                    self.hold();
                    match until {
                        Some(until) => drop(tokio::time::timeout_at(until.into(), changed).await),
                        None => changed.await,
                    }
                }
            }
        }
    }

    /// Whether it still may be made, after a wait for a permit: others may have found out meanwhile that the service is not there.
    pub(super) fn may_go(&self) -> bool {
        self.probe.is_some() || !self.gate.is_open()
    }

    /// Waits a little after an attempt that failed, if the service does not count as unavailable yet.
    pub(super) async fn pause(&self) {
        if self.may_go() {
            let pause = self.gate.breaker().pause_after(self.failed);
            tokio::time::sleep(pause).await;
        }
    }

    /// Notes what came of an attempt. Whether the call is over.
    ///
    /// A service that takes one call and never answers it is not down: others get their answers, or would. Such a call is given up
    /// after some attempts, so that it does not stop the pipeline for ever.
    pub(super) fn is_final(&mut self, answer: &Answer) -> bool {
        let failure = match answer {
            Err(failure) if failure.contact != Contact::Answered => failure,
            _ => {
                self.probe = None;
                self.gate.note_answer();
                return true;
            }
        };
        self.gate.note_failure(failure, self.probe.take());
        self.failed += 1;
        self.broken += u32::from(failure.contact == Contact::Broken);
        if self.broken > self.gate.patience {
            return true;
        }
        self.hold();
        false
    }

    fn hold(&mut self) {
        if !self.is_held {
            self.is_held = true;
            self.gate.held.fetch_add(1, Ordering::Relaxed);
            self.gate.metrics.held();
            self.mailbox.hold(self.call, true);
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(probe) = self.probe.take() {
            self.gate.breaker().probe_given_up(probe, Instant::now());
            self.gate.changed.notify_waiters();
        }
        if self.is_held {
            self.gate.held.fetch_sub(1, Ordering::Relaxed);
            self.gate.metrics.released();
            self.mailbox.hold(self.call, false);
        }
    }
}
