//! Executions that were started over the API and can be asked about: those that run, and those that ended not long ago.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::engine::Timestamp;

/// Executions that may run at a time.
pub(super) const MAX_RUNNING: usize = 10_000;
/// Executions that have ended and can be asked about; the oldest goes first.
const MAX_ENDED: usize = 1_000;
/// Bytes that these may hold: inputs, outputs and histories.
const MAX_ENDED_BYTES: usize = 64 << 20;

/// An execution that can be asked about.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) arn: Arc<str>,
    pub(super) name: String,
    pub(super) machine: Arc<str>,
    pub(super) input: String,
    pub(super) started_at: Timestamp,
    end: watch::Sender<Option<Arc<End>>>,
}

/// How an execution ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) status: &'static str,
    pub(super) output: Option<String>,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) at: Timestamp,
    /// Its events, as the API has them.
    pub(super) history: Vec<Value>,
    /// Bytes that it takes, about.
    pub(super) bytes: usize,
}

/// All of them. Cheap to ask.
#[derive(Debug, Default)]
pub(super) struct Executions(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    by_arn: HashMap<Arc<str>, Arc<Held>>,
    /// Those that run or ended, in the order of their start.
    begun: VecDeque<Arc<str>>,
    ended: VecDeque<Arc<str>>,
    ended_bytes: usize,
    running: usize,
}

/// What came of the wish to begin one.
pub(super) enum Begun {
    New(Arc<Held>),
    /// There is one of that name.
    Known(Arc<Held>),
    TooMany,
}

impl Held {
    pub(super) fn new(arn: Arc<str>, name: String, machine: Arc<str>, input: String, started_at: Timestamp) -> Self {
        Held { arn, name, machine, input, started_at, end: watch::Sender::new(None) }
    }

    /// How it ended; `None`: it runs.
    pub(super) fn end(&self) -> Option<Arc<End>> {
        self.end.borrow().clone()
    }

    /// Waits for its end; `None`: nobody will ever say.
    pub(super) async fn wait(&self) -> Option<Arc<End>> {
        let mut end = self.end.subscribe();
        end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone())
    }
}

impl Executions {
    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, held: Held) -> Begun {
        let mut all = self.all();
        if let Some(known) = all.by_arn.get(&held.arn) {
            return Begun::Known(known.clone());
        }
        if all.running >= MAX_RUNNING {
            return Begun::TooMany;
        }
        let held = Arc::new(held);
        all.running += 1;
        all.by_arn.insert(held.arn.clone(), held.clone());
        all.begun.push_back(held.arn.clone());
        Begun::New(held)
    }

    /// It could not be started at all.
    pub(super) fn forget(&self, arn: &str) {
        let mut all = self.all();
        if all.by_arn.remove(arn).is_some() {
            all.running -= 1;
            all.begun.retain(|begun| **begun != *arn);
        }
    }

    /// An execution has ended. Those that ended first go, where there are too many.
    pub(super) fn end(&self, held: &Held, end: End) {
        let mut all = self.all();
        all.running -= 1;
        all.ended_bytes += end.bytes;
        all.ended.push_back(held.arn.clone());
        held.end.send_replace(Some(Arc::new(end)));
        while all.ended.len() > MAX_ENDED || (all.ended_bytes > MAX_ENDED_BYTES && all.ended.len() > 1) {
            let Some(oldest) = all.ended.pop_front() else { break };
            if let Some(gone) = all.by_arn.remove(&oldest) {
                all.ended_bytes -= gone.end().map_or(0, |end| end.bytes);
            }
            all.begun.retain(|begun| *begun != oldest);
        }
    }

    pub(super) fn find(&self, arn: &str) -> Option<Arc<Held>> {
        self.all().by_arn.get(arn).cloned()
    }

    /// Those of a state machine, the last that was started first.
    pub(super) fn of(&self, machine: &str) -> Vec<Arc<Held>> {
        let all = self.all();
        let held = all.begun.iter().rev().filter_map(|arn| all.by_arn.get(arn));
        held.filter(|held| *held.machine == *machine).cloned().collect()
    }
}
