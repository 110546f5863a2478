//! Executions that did not end at once: they wait for a task or a time, or used up their turn.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::task::AbortHandle;

use super::partitions::{Slot, Ticket};
use crate::engine::{CallId, Execution, Timestamp};
use crate::program::Program;
use crate::registry::Version;

/// Idle executions that are kept for reuse. More are only needed while many wait at a time, and each holds a heap.
const MAX_IDLE: usize = 64;

/// Names one waiting execution; after it ended the key finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    index: u32,
    generation: u32,
}

/// An execution with what its result will need.
pub(super) struct Running {
    pub execution: Box<Execution>,
    pub version: Arc<Version<Program>>,
    pub event: Event,
    pub calls: Vec<(CallId, AbortHandle)>,
    /// The time that its entry in the timers is for.
    wake_at: Option<Timestamp>,
}

/// What is kept of an event while its execution waits. The consumer's memory is not held for so long: a held message
/// pins its whole fetch buffer.
pub(super) struct Event {
    pub ticket: Ticket,
    pub offset: i64,
    pub read_at: Instant,
    pub name: Arc<str>,
    pub id: Arc<str>,
    pub key: Option<Box<[u8]>>,
    pub payload: Box<[u8]>,
    pub headers: Option<rdkafka::message::OwnedHeaders>,
}

/// Waiting executions, their timers, and idle ones for reuse.
#[derive(Default)]
pub(super) struct Executions {
    slots: Vec<(u32, Option<Running>)>,
    free: Vec<u32>,
    waiting: usize,
    ready: VecDeque<Key>,
    timers: BinaryHeap<Reverse<(Timestamp, Key)>>,
    #[allow(clippy::vec_box)] // executions are large and go back and forth: a pointer moves, not the execution
    idle: Vec<Box<Execution>>,
}

impl Executions {
    /// An execution to start with: an idle one, else `make`.
    pub fn fetch(&mut self, make: impl FnOnce() -> Execution) -> Box<Execution> {
        self.idle.pop().unwrap_or_else(|| Box::new(make()))
    }

    /// Gives an execution back for reuse.
    pub fn give_back(&mut self, execution: Box<Execution>) {
        if self.idle.len() < MAX_IDLE {
            self.idle.push(execution);
        }
    }

    /// Keeps an execution that did not end at once.
    pub fn insert(&mut self, execution: Box<Execution>, version: Arc<Version<Program>>, event: Event) -> Key {
        let running = Running { execution, version, event, calls: Vec::new(), wake_at: None };
        self.waiting += 1;
        if let Some(index) = self.free.pop() {
            let (generation, slot) = &mut self.slots[index as usize];
            *slot = Some(running);
            return Key { index, generation: *generation };
        }
        self.slots.push((0, Some(running)));
        Key { index: (self.slots.len() - 1) as u32, generation: 0 }
    }

    /// The execution of a key, if it has not ended.
    pub fn running_mut(&mut self, key: Key) -> Option<&mut Running> {
        let (generation, running) = self.slots.get_mut(key.index as usize)?;
        running.as_mut().filter(|_| *generation == key.generation)
    }

    /// Takes an execution out; its calls that are still open are aborted.
    pub fn remove(&mut self, key: Key) -> Option<Running> {
        self.running_mut(key)?;
        let (generation, slot) = &mut self.slots[key.index as usize];
        let running = slot.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.index);
        self.waiting -= 1;
        for (_, call) in &running.calls {
            call.abort();
        }
        Some(running)
    }

    /// Takes out all executions of an assignment that is over.
    pub fn remove_all_of(&mut self, slot: Slot) {
        let keys: Vec<Key> =
            self.keys().filter(|(_, running)| running.event.ticket.slot() == slot).map(|(key, _)| key).collect();
        for key in keys {
            if let Some(running) = self.remove(key) {
                self.give_back(running.execution);
            }
        }
    }

    fn keys(&self) -> impl Iterator<Item = (Key, &Running)> {
        self.slots.iter().enumerate().filter_map(|(index, (generation, running))| {
            Some((Key { index: index as u32, generation: *generation }, running.as_ref()?))
        })
    }

    /// Executions that have not ended.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Lines an execution up for its next turn.
    pub fn make_ready(&mut self, key: Key) {
        self.ready.push_back(key);
    }

    /// The next execution whose turn it is.
    pub fn take_ready(&mut self) -> Option<Key> {
        self.ready.pop_front()
    }

    /// Executions whose turn it is.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Sets when an execution wants to be run again at the latest.
    pub fn set_timer(&mut self, key: Key, at: Option<Timestamp>) {
        let Some(running) = self.running_mut(key) else { return };
        if running.wake_at == at {
            return;
        }
        running.wake_at = at;
        if let Some(at) = at {
            self.timers.push(Reverse((at, key)));
        }
    }

    /// Lines up the executions whose time has come.
    pub fn fire_timers(&mut self, now: Timestamp) {
        while let Some(Reverse((at, key))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            // An entry that no longer is the execution's time was replaced by another one.
            if let Some(running) = self.running_mut(key).filter(|running| running.wake_at == Some(at)) {
                running.wake_at = None;
                self.ready.push_back(key);
            }
        }
    }

    /// The earliest time that a timer may fire.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }
}
