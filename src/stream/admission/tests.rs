use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::identity::{ExecutionNames, Realm};
use crate::stream::partitions::Partitions;

/// Slots of that many partitions.
fn slots(count: i32) -> (Partitions, Vec<Slot>) {
    let mut partitions = Partitions::default();
    let names = |number| ExecutionNames::new(&Realm::default(), "p", "w", "t", number);
    let slots =
        (0..count).map(|number| partitions.assign("t", number, names(number)).expect("there is room")).collect();
    (partitions, slots)
}

/// An event of a made-up topic.
#[derive(Clone, Debug)]
struct Event {
    partition: usize,
    /// None: it has no key.
    key: Option<u8>,
    /// When it is read, in milliseconds after the one before.
    after: u64,
    /// How long its execution takes; nothing: it ends at once.
    takes: u64,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..3_usize, prop::option::weighted(0.8, 0..6_u8), 0..4_u64, prop_oneof![Just(0), 1..40_u64]);
    let event = event.prop_map(|(partition, key, after, takes)| Event { partition, key, after, takes });
    prop::collection::vec(event, 1..200)
}

/// A shard in virtual time: when each event began and ended, in milliseconds, by the number of the event.
struct Shard {
    admission: Admission<usize>,
    slots: Vec<Slot>,
    events: Vec<Event>,
    /// What runs, by when it ends.
    running: BTreeMap<(u64, usize), ()>,
    times: BTreeMap<usize, (u64, u64)>,
    /// Lanes that are full.
    full: usize,
}

impl Shard {
    fn run(order: Order, bound: usize, events: &[Event]) -> BTreeMap<usize, (u64, u64)> {
        let (_partitions, slots) = slots(3);
        let (admission, events) = (Admission::new(order, bound), events.to_vec());
        let (running, times) = (BTreeMap::new(), BTreeMap::new());
        let mut shard = Self { admission, slots, events, running, times, full: 0 };
        let mut now = 0;
        for number in 0..shard.events.len() {
            let until = now + shard.events[number].after;
            shard.until(until);
            now = until;
            shard.read(number, now);
        }
        shard.until(u64::MAX);
        assert!(shard.admission.waiting() == 0 && shard.admission.lanes.is_empty() && shard.full == 0);
        shard.times
    }

    fn key(&self, number: usize) -> (Slot, Option<[u8; 1]>) {
        (self.slots[self.events[number].partition], self.events[number].key.map(|key| [key]))
    }

    fn read(&mut self, number: usize, now: u64) {
        let (slot, key) = self.key(number);
        match self.admission.before(slot, key.as_ref().map(|key| &key[..])) {
            Some(lane) => self.full += usize::from(self.admission.wait(lane, number)),
            None => _ = self.begin(number, now),
        }
    }

    /// Whether it goes on.
    fn begin(&mut self, number: usize, now: u64) -> bool {
        let (ends, (slot, key)) = (now + self.events[number].takes, self.key(number));
        self.times.insert(number, (now, ends));
        if ends == now {
            return false;
        }
        self.running.insert((ends, number), ());
        if let Some(lane) = self.admission.lane(slot, key.as_ref().map(|key| &key[..])) {
            self.admission.begin(lane);
        }
        true
    }

    /// Lets time go by, and ends what ends.
    fn until(&mut self, time: u64) {
        while let Some((&(now, number), ())) = self.running.first_key_value().filter(|((ends, _), ())| *ends <= time) {
            self.running.remove(&(now, number));
            let (slot, key) = self.key(number);
            if let Some(lane) = self.admission.lane(slot, key.as_ref().map(|key| &key[..])) {
                self.admission.end(lane);
            }
            while let Some(admitted) = self.admission.next() {
                self.full -= usize::from(admitted.has_room);
                if !self.begin(admitted.event, now) {
                    self.admission.end(admitted.lane);
                }
            }
        }
    }
}

/// When each event begins if it waits for those before it that `are_ordered` says.
fn expected(events: &[Event], are_ordered: impl Fn(&Event, &Event) -> bool) -> BTreeMap<usize, (u64, u64)> {
    let (mut now, mut times) = (0, BTreeMap::<usize, (u64, u64)>::new());
    for (number, event) in events.iter().enumerate() {
        now += event.after;
        let before = (0..number).filter(|before| are_ordered(&events[*before], event));
        let begins = before.map(|before| times[&before].1).max().unwrap_or(0).max(now);
        times.insert(number, (begins, begins + event.takes));
    }
    times
}

proptest! {
    /// Each begins at the very moment at which the last one before it of its lane has ended, and no other holds it up.
    #[test]
    fn an_event_waits_for_those_before_it_in_its_lane_and_for_no_other(events in events(), bound in 1..20_usize) {
        prop_assert_eq!(Shard::run(Order::None, bound, &events), expected(&events, |_, _| false));
        prop_assert_eq!(
            Shard::run(Order::Partition, bound, &events),
            expected(&events, |before, event| before.partition == event.partition)
        );
        prop_assert_eq!(
            Shard::run(Order::Key, bound, &events),
            expected(&events, |before, event| {
                event.key.is_some() && (before.partition, before.key) == (event.partition, event.key)
            })
        );
    }
}

#[test]
fn a_lane_is_full_once_at_the_bound_and_has_room_once_below_half_of_it() {
    let (_partitions, slots) = slots(1);
    let mut admission = Admission::new(Order::Key, 4);
    let lane = admission.lane(slots[0], Some(b"k")).expect("it has a key");
    admission.begin(lane);
    let fills: Vec<bool> = (0..6).map(|number| admission.wait(lane, number)).collect();
    assert_eq!(fills, [false, false, false, true, false, false]);
    let rooms: Vec<bool> = (0..6)
        .map(|_| {
            admission.end(lane);
            admission.next().expect("one waits")
        })
        .map(|admitted| admitted.has_room)
        .collect();
    assert_eq!(rooms, [false, false, false, true, false, false]);
}

#[test]
fn what_waits_of_a_partition_that_is_let_go_is_dropped_and_the_rest_goes_on() {
    let (_partitions, slots) = slots(2);
    let mut admission = Admission::new(Order::Key, 4);
    for slot in &slots {
        let lane = admission.lane(*slot, Some(b"k")).expect("it has a key");
        admission.begin(lane);
        admission.wait(lane, *slot);
        admission.end(lane);
    }
    admission.release(slots[0]);
    assert_eq!(admission.waiting(), 1);
    assert_eq!(admission.next().map(|admitted| admitted.event), Some(slots[1]));
    assert!(admission.next().is_none());
}
