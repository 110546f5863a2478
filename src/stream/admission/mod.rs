//! Which events may begin, where events are run in order: one of a lane at a time, the others wait in the order they came in.
//!
//! A lane is what has an order: a key within its partition, or a partition. An event whose execution ends at once holds no
//! lane, so workflows without tasks and waits never wait here.
//!
//! Order of calls: [`before`](Admission::before) for each event as it is read: it has to [`wait`](Admission::wait), or it runs,
//! and if it does not end at once it [`begin`](Admission::begin)s. [`end`](Admission::end) when it has ended; then run what
//! [`next`](Admission::next) gives, which holds its lane already, to its [`end`](Admission::end) as well. No clock is read.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::partitions::Slot;
use crate::config::Order;

/// What events are kept in order by. Two keys that hash alike share one, which costs them time and no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    slot: Slot,
    hash: u64,
}

impl Lane {
    /// The assignment that it belongs to.
    pub(super) fn slot(self) -> Slot {
        self.slot
    }
}

/// The lanes of a shard that are held, and what waits in them. `T` is what is kept of an event that waits.
pub(super) struct Admission<T> {
    order: Order,
    /// Events of one lane that may wait.
    bound: usize,
    hasher: RandomState,
    lanes: HashMap<Lane, Waiting<T>>,
    /// Lanes whose first waiting event may begin.
    open: VecDeque<Lane>,
    waiting: usize,
}

struct Waiting<T> {
    events: VecDeque<T>,
    /// It has reached the bound, and not been below half of it since.
    is_full: bool,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { events: VecDeque::new(), is_full: false }
    }
}

/// An event that may begin.
pub(super) struct Admitted<T> {
    pub event: T,
    pub lane: Lane,
    /// The lane was full and has room again.
    pub has_room: bool,
}

impl<T> Admission<T> {
    /// No lanes yet. `bound`: events that may wait in one before its partition is read no further.
    pub(super) fn new(order: Order, bound: usize) -> Self {
        let (hasher, lanes) = (RandomState::new(), HashMap::new());
        Self { order, bound: bound.max(1), hasher, lanes, open: VecDeque::new(), waiting: 0 }
    }

    /// The lane of an event; `None`: it has no order.
    pub(super) fn lane(&self, slot: Slot, key: Option<&[u8]>) -> Option<Lane> {
        match self.order {
            Order::None => None,
            Order::Key => key.map(|key| Lane { slot, hash: self.hasher.hash_one(key) }),
            Order::Partition => Some(Lane { slot, hash: 0 }),
        }
    }

    /// The lane in which an event has to wait, because one before it is under way or waits; `None`: it may begin.
    pub(super) fn before(&self, slot: Slot, key: Option<&[u8]>) -> Option<Lane> {
        // Nothing is hashed where nothing is held.
        if self.lanes.is_empty() { None } else { self.lane(slot, key).filter(|lane| self.lanes.contains_key(lane)) }
    }

    /// Holds the lane of an event that has begun and not ended.
    pub(super) fn begin(&mut self, lane: Lane) {
        self.lanes.entry(lane).or_default();
    }

    /// Makes an event wait that may not begin. Whether its lane is full by it.
    pub(super) fn wait(&mut self, lane: Lane, event: T) -> bool {
        let waiting = self.lanes.entry(lane).or_default();
        waiting.events.push_back(event);
        self.waiting += 1;
        let fills = waiting.events.len() >= self.bound && !waiting.is_full;
        waiting.is_full |= fills;
        fills
    }

    /// Lets go of the lane of an event that has ended. What waits in it may begin, one after the other.
    pub(super) fn end(&mut self, lane: Lane) {
        match self.lanes.get(&lane) {
            Some(waiting) if waiting.events.is_empty() => {
                self.lanes.remove(&lane);
            }
            Some(_) => self.open.push_back(lane),
            None => {}
        }
    }

    /// The next event that may begin. It holds its lane.
    pub(super) fn next(&mut self) -> Option<Admitted<T>> {
        while let Some(lane) = self.open.pop_front() {
            // A lane may have been let go with its partition.
            let Some(waiting) = self.lanes.get_mut(&lane) else { continue };
            let Some(event) = waiting.events.pop_front() else { continue };
            self.waiting -= 1;
            let has_room = waiting.is_full && waiting.events.len() * 2 <= self.bound;
            waiting.is_full &= !has_room;
            return Some(Admitted { event, lane, has_room });
        }
        None
    }

    /// Whether an event may begin.
    pub(super) fn has_next(&self) -> bool {
        !self.open.is_empty()
    }

    /// Events that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Drops the lanes of an assignment that is over.
    pub(super) fn release(&mut self, slot: Slot) {
        self.lanes.retain(|lane, waiting| {
            let stays = lane.slot != slot;
            self.waiting -= if stays { 0 } else { waiting.events.len() };
            stays
        });
        self.open.retain(|lane| lane.slot != slot);
    }
}

#[cfg(test)]
mod tests;
