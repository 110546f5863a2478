//! The partitions that a shard owns, and the tickets that tie what is in flight to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rdkafka::{Offset, TopicPartitionList};

use super::client::Position;
use super::deliveries::{Deliveries, Turn};
use super::done::{Done, MAX_METADATA_BYTES};
use super::offsets::OffsetTracker;
use crate::identity::ExecutionNames;
use ticket::GENERATION_BITS;
pub(super) use ticket::{MAX_SLOTS, Slot, Ticket};

#[cfg(test)]
mod tests;
mod ticket;

/// A partition that the shard owns.
pub(super) struct Partition {
    pub topic: Arc<str>,
    pub number: i32,
    pub names: ExecutionNames,
    pub state: State,
    /// Its log no longer has what would be read next, and it is not read for that.
    pub is_out_of_range: bool,
    /// It is not read because too much of it is not committed, or waits for others of its key.
    is_held: bool,
    /// Keys of it for which no more events may wait.
    full_lanes: usize,
    /// The right to run an event alone, where its events are run so.
    turn: Option<Turn>,
    tracker: OffsetTracker,
}

/// What the shard does with a partition that it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its records are read and run.
    Reading,
    /// It was revoked: nothing more is read; what is in flight may end until the deadline.
    Draining {
        /// When it is let go, whatever is still in flight.
        deadline: Instant,
    },
}

/// The shard's partitions, and what is in flight over all of them.
pub(super) struct Partitions {
    /// Records of one partition that a crash may run again.
    max_uncommitted: usize,
    /// Bytes of metadata that the brokers take with a commit, as far as is known.
    max_metadata: usize,
    /// Records that were read and are not committed.
    uncommitted: usize,
    /// Partitions that have reached that bound since somebody looked.
    full: Vec<Slot>,
    /// Partitions that are not read because they had reached it.
    held: usize,
    slots: Vec<Entry>,
    by_name: HashMap<(Arc<str>, i32), Slot>,
    /// Messages come in runs of one partition: the last one found, by the address of librdkafka's topic.
    last: Option<(usize, i32, Slot)>,
    in_flight: usize,
    in_flight_bytes: usize,
    /// Records passed by the watermarks of partitions that were let go.
    passed_before: u64,
}

struct Entry {
    generation: u32,
    partition: Option<Partition>,
}

impl Default for Partitions {
    fn default() -> Self {
        Self::bounded(usize::MAX)
    }
}

impl Partitions {
    /// No partitions yet. `max_uncommitted` bounds the records of each that are read and that a crash would run again.
    pub(super) fn bounded(max_uncommitted: usize) -> Self {
        Self {
            max_uncommitted,
            max_metadata: MAX_METADATA_BYTES,
            uncommitted: 0,
            full: Vec::new(),
            held: 0,
            slots: Vec::new(),
            by_name: HashMap::new(),
            last: None,
            in_flight: 0,
            in_flight_bytes: 0,
            passed_before: 0,
        }
    }

    /// Takes over a partition. `None`: more partitions than a shard can own.
    pub(super) fn assign(&mut self, topic: &str, number: i32, names: ExecutionNames) -> Option<Slot> {
        self.last = None;
        let free = self.slots.iter().position(|entry| entry.partition.is_none());
        let index = free.unwrap_or(self.slots.len());
        if index == MAX_SLOTS {
            return None;
        }
        if index == self.slots.len() {
            self.slots.push(Entry { generation: 0, partition: None });
        }
        let topic: Arc<str> = topic.into();
        let entry = &mut self.slots[index];
        let slot = Slot { index: index as u16, generation: entry.generation };
        self.by_name.insert((topic.clone(), number), slot);
        entry.partition = Some(Partition {
            topic,
            number,
            names,
            state: State::Reading,
            is_out_of_range: false,
            is_held: false,
            full_lanes: 0,
            turn: None,
            tracker: OffsetTracker::default(),
        });
        Some(slot)
    }

    /// Lets a partition go: what is still in flight of it no longer counts.
    pub(super) fn release(&mut self, slot: Slot) {
        self.last = None;
        if self.partition(slot).is_none() {
            return;
        }
        let entry = &mut self.slots[slot.index as usize];
        entry.generation = (entry.generation + 1) & ((1 << GENERATION_BITS) - 1);
        if let Some(partition) = entry.partition.take() {
            self.held -= usize::from(partition.is_held);
            self.uncommitted -= partition.tracker.beyond_commit();
            self.passed_before += partition.tracker.passed();
            self.in_flight -= partition.tracker.in_flight();
            self.in_flight_bytes -= partition.tracker.in_flight_bytes();
            self.by_name.remove(&(partition.topic, partition.number));
        }
    }

    /// The slot of a partition by its name.
    pub(super) fn find(&self, topic: &str, number: i32) -> Option<Slot> {
        self.by_name.get(&(Arc::from(topic), number)).copied()
    }

    /// The slot of a message's partition. `address` is that of librdkafka's topic, which stays the same while assigned.
    pub(super) fn find_message<'a>(
        &mut self,
        address: usize,
        topic: impl FnOnce() -> &'a str,
        number: i32,
    ) -> Option<Slot> {
        match self.last {
            Some((last_address, last_number, slot)) if last_address == address && last_number == number => Some(slot),
            _ => {
                let slot = self.find(topic(), number)?;
                self.last = Some((address, number, slot));
                Some(slot)
            }
        }
    }

    /// The partition of an assignment, if it still lasts.
    pub(super) fn partition(&self, slot: Slot) -> Option<&Partition> {
        let entry = self.slots.get(slot.index as usize)?;
        entry.partition.as_ref().filter(|_| entry.generation == slot.generation)
    }

    /// The same, to change it.
    pub(super) fn partition_mut(&mut self, slot: Slot) -> Option<&mut Partition> {
        let entry = self.slots.get_mut(slot.index as usize)?;
        entry.partition.as_mut().filter(|_| entry.generation == slot.generation)
    }

    /// Notes a record that was read. `None`: its assignment is over.
    pub(super) fn track(&mut self, slot: Slot, offset: i64, bytes: usize) -> Option<Ticket> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let max_uncommitted = self.max_uncommitted;
        let partition = self.partition_mut(slot)?;
        let sequence = partition.tracker.track(offset, bytes);
        let is_full = partition.tracker.is_full(max_uncommitted) || partition.tracker.deliveries().is_alone();
        if is_full && !partition.is_held {
            self.full.push(slot);
        }
        self.uncommitted += 1;
        self.in_flight += 1;
        self.in_flight_bytes += bytes as usize;
        Some(Ticket::new(slot, sequence))
    }

    /// Passes over a record that was complete before this assignment. `false`: it was not.
    pub(super) fn skip(&mut self, slot: Slot, offset: i64) -> bool {
        self.partition_mut(slot).is_some_and(|partition| partition.tracker.skip(offset))
    }

    /// Completes a record. A ticket of an assignment that is over, or one that completed before, is ignored.
    pub(super) fn complete(&mut self, ticket: Ticket) -> bool {
        let completed = self.partition_mut(ticket.slot()).and_then(|partition| {
            partition.turn = None;
            partition.tracker.complete(ticket.sequence())
        });
        if let Some(bytes) = completed {
            self.in_flight -= 1;
            self.in_flight_bytes -= bytes as usize;
        }
        completed.is_some()
    }

    /// The offset of a record in flight, while its assignment lasts.
    pub(super) fn offset(&self, ticket: Ticket) -> Option<i64> {
        self.partition(ticket.slot())?.tracker.offset(ticket.sequence())
    }

    /// Records that are not complete.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Bytes of the records that are not complete.
    pub(super) fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }

    /// All assignments.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Partition)> {
        self.slots.iter().enumerate().filter_map(|(index, entry)| {
            let partition = entry.partition.as_ref()?;
            Some((Slot { index: index as u16, generation: entry.generation }, partition))
        })
    }

    /// How many partitions the shard owns.
    pub(super) fn count(&self) -> usize {
        self.by_name.len()
    }

    /// Topic and number of every partition, for calls to the consumer; `None` if there is none.
    pub(super) fn list(&self) -> Option<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(self.count());
        for (_, partition) in self.iter() {
            list.add_partition(&partition.topic, partition.number);
        }
        (list.count() > 0).then_some(list)
    }

    /// What may be committed, and notes it as committed; `None` if nothing moved.
    pub(super) fn take_uncommitted(&mut self) -> Option<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for partition in self.slots.iter_mut().filter_map(|entry| entry.partition.as_mut()) {
            if let Some((offset, metadata)) = partition.tracker.commit(self.max_metadata) {
                let mut element = list.add_partition(&partition.topic, partition.number);
                element.set_offset(Offset::Offset(offset)).expect("a watermark is a valid offset");
                if !metadata.is_empty() {
                    element.set_metadata(metadata);
                }
            }
        }
        (list.count() > 0).then_some(list)
    }

    /// Records that the watermarks have passed so far.
    pub(super) fn passed(&self) -> u64 {
        self.passed_before + self.iter().map(|(_, partition)| partition.tracker.passed()).sum::<u64>()
    }

    /// Notes that a commit of these partitions succeeded.
    pub(super) fn commit_succeeded(&mut self, list: &TopicPartitionList) {
        for_each(list, |topic, number| {
            let Some(slot) = self.find(topic, number) else { return };
            if let Some(partition) = self.partition_mut(slot) {
                let before = partition.tracker.beyond_commit();
                partition.tracker.commit_succeeded();
                let after = partition.tracker.beyond_commit();
                self.uncommitted = self.uncommitted + after - before;
            }
        });
    }

    /// Records that were read and are not known to be committed.
    pub(super) fn uncommitted(&self) -> usize {
        self.uncommitted
    }

    /// How many partitions are held.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether partitions have reached a bound since they were last [held](Self::hold_full).
    pub(super) fn has_full(&self) -> bool {
        !self.full.is_empty()
    }

    /// Notes that as many events as may be wait for others of one key: the partition is to be [held](Self::hold_full).
    pub(super) fn lane_is_full(&mut self, slot: Slot) {
        let Some(partition) = self.partition_mut(slot) else { return };
        partition.full_lanes += 1;
        if !partition.is_held {
            self.full.push(slot);
        }
    }

    /// Notes that events of that key have begun.
    pub(super) fn lane_has_room(&mut self, slot: Slot) {
        if let Some(partition) = self.partition_mut(slot) {
            partition.full_lanes -= 1;
        }
    }

    /// Holds the partitions that have reached a bound: those that are to be paused.
    pub(super) fn hold_full(&mut self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for slot in std::mem::take(&mut self.full) {
            if let Some(partition) = self.partition_mut(slot).filter(|partition| !partition.is_held) {
                partition.is_held = true;
                list.add_partition(&partition.topic, partition.number);
                self.held += 1;
            }
        }
        list
    }

    /// Holds a partition until the group knows how often what it reads was delivered.
    pub(super) fn count_deliveries(&mut self, slot: Slot, deliveries: Deliveries) {
        let Some(partition) = self.partition_mut(slot) else { return };
        partition.tracker.count_deliveries(deliveries);
        if !partition.is_held {
            self.full.push(slot);
        }
    }

    /// Says of these assignments that they end in order, as the next commit tells.
    pub(super) fn end_in_order(&mut self, is_meant: impl Fn(Slot) -> bool) {
        for (index, entry) in self.slots.iter_mut().enumerate() {
            let slot = Slot { index: index as u16, generation: entry.generation };
            if let Some(partition) = entry.partition.as_mut().filter(|_| is_meant(slot)) {
                partition.tracker.deliveries_mut().end();
            }
        }
    }

    /// Looks which assignments have lasted long enough: see [`Deliveries::look`].
    pub(super) fn look_at_deliveries(&mut self, now: Instant) {
        for partition in self.slots.iter_mut().filter_map(|entry| entry.partition.as_mut()) {
            let in_flight = partition.tracker.in_flight();
            partition.tracker.deliveries_mut().look(in_flight, now);
            if !partition.tracker.deliveries().is_alone() {
                partition.turn = None;
            }
        }
    }

    /// How often an event that is about to begin was delivered, if it is not to be run any more.
    pub(super) fn begins(&mut self, slot: Slot) -> Option<u32> {
        self.partition_mut(slot)?.tracker.deliveries_mut().begins()
    }

    /// Lets the held partitions go on that are below half of the bound: those that are to be resumed.
    pub(super) fn unhold(&mut self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in self.slots.iter_mut().filter_map(|entry| entry.partition.as_mut()) {
            let has_room = partition.full_lanes == 0 && partition.tracker.has_room(self.max_uncommitted);
            if partition.is_held && has_room && partition.may_begin() {
                partition.is_held = false;
                list.add_partition(&partition.topic, partition.number);
                self.held -= 1;
            }
        }
        list
    }

    /// Topic and number of every partition that is not held; `None` if there is none.
    pub(super) fn list_not_held(&self) -> Option<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(self.count());
        for (_, partition) in self.iter().filter(|(_, partition)| !partition.is_held) {
            list.add_partition(&partition.topic, partition.number);
        }
        (list.count() > 0).then_some(list)
    }

    /// Brokers take less metadata with a commit than they were given: they get half as much from now on, and in the end none.
    pub(super) fn shorten_metadata(&mut self) -> usize {
        self.max_metadata /= 2;
        self.max_metadata
    }

    /// Notes that a commit of these partitions failed, so that they are offered again.
    pub(super) fn commit_failed(&mut self, list: &TopicPartitionList) {
        for_each(list, |topic, number| {
            if let Some(partition) = self.find(topic, number).and_then(|slot| self.partition_mut(slot)) {
                partition.tracker.commit_failed();
            }
        });
    }
}

impl Partition {
    /// Records of this partition that are not complete.
    pub(super) fn in_flight(&self) -> usize {
        self.tracker.in_flight()
    }

    /// Whether an event may begin; where events are run alone, it takes its turn.
    fn may_begin(&mut self) -> bool {
        if !self.tracker.may_begin() {
            return false;
        }
        if self.tracker.deliveries().is_alone() && self.turn.is_none() {
            self.turn = Turn::take();
            return self.turn.is_some();
        }
        true
    }

    /// Whether it is held only until the group knows how often its events were delivered, or the one that is run alone has ended.
    pub(super) fn waits_to_begin(&self) -> bool {
        self.tracker.deliveries().is_alone() || !self.tracker.may_begin()
    }

    /// Says where reading begins, or goes on when nothing is in flight: see [`OffsetTracker::begin`].
    pub(super) fn begin(&mut self, offset: i64, is_committed: bool) {
        self.tracker.begin(offset, is_committed);
    }

    /// Takes what was complete above the committed offset when this assignment began.
    pub(super) fn skip_done(&mut self, done: Done) {
        self.tracker.skip_done(done);
    }

    /// The offset after the last record that was read, or where reading began.
    pub(super) fn position(&self) -> Option<i64> {
        self.tracker.position()
    }

    /// Records between what is complete and the end of the log. `client`: how far the client has read, as it told before
    /// the end was asked for.
    pub(super) fn lag(&self, end: i64, client: Option<&Position>) -> u64 {
        // Behind the last record there may be transaction markers: when the client has read past them there is no lag.
        let has_all = client.is_some_and(|client| client.next >= end && client.queued == 0);
        if has_all && self.in_flight() == 0 {
            return 0;
        }
        let done = self.tracker.watermark().unwrap_or(end);
        u64::try_from(end.saturating_sub(done)).unwrap_or(0)
    }
}

/// Calls `each` for every partition of a list. `TopicPartitionList::elements` panics on an empty one.
pub(super) fn for_each(list: &TopicPartitionList, mut each: impl FnMut(&str, i32)) {
    if list.count() > 0 {
        for element in list.elements() {
            each(element.topic(), element.partition());
        }
    }
}
