//! Records of batches that the broker found too large: which of them are, and which were only in their company.
//!
//! A broker refuses a batch as a whole, and does not say which record made it too large, or whether they only were too many.
//! So the records of a refused batch are sent again by halves, until each is taken or was refused with nothing beside it:
//! some rounds per culprit, however many stood beside it. A round sends one group of every partition that has suspects;
//! partitions don't share batches.
//!
//! Order of calls: [`add`](Suspects::add) outside of rounds; [`begin`](Suspects::begin) when nothing else is in flight, and
//! send what it gives; [`came_back`](Suspects::came_back) for each record of it that was not taken; [`end`](Suspects::end)
//! when something has become of each.

use std::collections::VecDeque;

use super::outgoing::Outgoing;

/// A record that was in a refused batch.
pub(super) trait Suspect {
    /// Where it was meant for: its topic, and the partition if that is known. What differs in it shares no batch.
    fn destination(&self) -> (&str, Option<i32>);

    /// Bytes that it adds to a batch, about.
    fn bytes(&self) -> usize;
}

impl Suspect for Outgoing {
    fn destination(&self) -> (&str, Option<i32>) {
        (&self.topic, self.partition)
    }

    fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.payload.as_ref().map_or(0, Vec::len)
    }
}

/// Records of refused batches, by the partitions that they were meant for.
#[derive(Debug)]
pub(super) struct Suspects<R> {
    lanes: Vec<Lane<R>>,
    in_round: bool,
    /// Records that wait for a round.
    waiting: usize,
}

/// The suspects of one partition, in their order.
#[derive(Debug)]
struct Lane<R> {
    topic: String,
    partition: Option<i32>,
    /// What is sent together, one group after the other.
    groups: VecDeque<Vec<R>>,
    /// Records of refused batches that no round has seen.
    fresh: Vec<R>,
    /// Records of this partition in the present round.
    sent: usize,
    /// Those of them that were not taken, and whether because of their size.
    returned: Vec<(R, bool)>,
}

impl<R> Default for Suspects<R> {
    fn default() -> Self {
        Self { lanes: Vec::new(), in_round: false, waiting: 0 }
    }
}

impl<R: Suspect> Suspects<R> {
    /// Adds a record of a batch that was too large.
    pub(super) fn add(&mut self, record: R) {
        self.waiting += 1;
        self.lane_of(&record).fresh.push(record);
    }

    /// Whether there is no suspect, neither waiting nor on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0 && !self.in_round
    }

    /// Suspects that are not on their way.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The topic of one of them.
    pub(super) fn topic(&self) -> Option<&str> {
        self.lanes.first().map(|lane| &*lane.topic)
    }

    /// Whether a round has begun and not ended.
    pub(super) fn is_in_round(&self) -> bool {
        self.in_round
    }

    /// Begins a round: what is to be sent now, with nothing beside it, to the partitions that the records name.
    pub(super) fn begin(&mut self) -> Vec<R> {
        self.in_round = true;
        let mut round = Vec::new();
        for lane in &mut self.lanes {
            let fresh = std::mem::take(&mut lane.fresh);
            lane.groups.extend(halves(fresh));
            let group = lane.groups.pop_front().unwrap_or_default();
            lane.sent = group.len();
            round.extend(group);
        }
        self.waiting -= round.len();
        round
    }

    /// A record of this round was not taken: because it, or the batch it was in, is too large, or for another reason.
    pub(super) fn came_back(&mut self, record: R, too_large: bool) {
        self.waiting += 1;
        self.lane_of(&record).returned.push((record, too_large));
    }

    /// Ends the round: the records that were refused with nothing beside them.
    pub(super) fn end(&mut self) -> Vec<R> {
        self.in_round = false;
        let mut culprits = Vec::new();
        for lane in &mut self.lanes {
            culprits.extend(lane.end());
        }
        self.waiting -= culprits.len();
        self.lanes.retain(|lane| !lane.groups.is_empty() || !lane.fresh.is_empty());
        culprits
    }

    /// Drops those that wait and are not meant.
    pub(super) fn retain(&mut self, is_meant: impl Fn(&R) -> bool) {
        let mut waiting = 0;
        for lane in &mut self.lanes {
            lane.fresh.retain(&is_meant);
            lane.returned.retain(|(record, _)| is_meant(record));
            lane.groups.iter_mut().for_each(|group| group.retain(&is_meant));
            lane.groups.retain(|group| !group.is_empty());
            waiting += lane.fresh.len() + lane.returned.len() + lane.groups.iter().map(Vec::len).sum::<usize>();
        }
        self.waiting = waiting;
    }

    fn lane_of(&mut self, record: &R) -> &mut Lane<R> {
        let (topic, partition) = record.destination();
        let known = self.lanes.iter().position(|lane| lane.topic == topic && lane.partition == partition);
        let index = known.unwrap_or_else(|| {
            self.lanes.push(Lane {
                topic: topic.to_owned(),
                partition,
                groups: VecDeque::new(),
                fresh: Vec::new(),
                sent: 0,
                returned: Vec::new(),
            });
            self.lanes.len() - 1
        });
        &mut self.lanes[index]
    }
}

impl<R: Suspect> Lane<R> {
    fn end(&mut self) -> Option<R> {
        let sent = std::mem::take(&mut self.sent);
        let returned = std::mem::take(&mut self.returned);
        let by_size = returned.iter().all(|(_, too_large)| *too_large);
        let mut records: Vec<R> = returned.into_iter().map(|(record, _)| record).collect();
        if by_size && sent == 1 {
            return records.pop();
        }
        // One that came back for another reason says nothing about size: the same again.
        let again = if by_size { halves(records) } else { vec![records] };
        for group in again.into_iter().rev().filter(|group| !group.is_empty()) {
            self.groups.push_front(group);
        }
        None
    }
}

/// Records in their order, in two groups of about as many bytes each; fewer than two records stay together.
fn halves<R: Suspect>(mut records: Vec<R>) -> Vec<Vec<R>> {
    if records.len() < 2 {
        return if records.is_empty() { Vec::new() } else { vec![records] };
    }
    let half = records.iter().map(Suspect::bytes).sum::<usize>() / 2;
    let mut bytes = 0;
    let first = records.iter().take_while(|record| {
        bytes += record.bytes();
        bytes <= half
    });
    let at = first.count().clamp(1, records.len() - 1);
    let second = records.split_off(at);
    vec![records, second]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::stream::partitions::Ticket;

    fn record(number: usize, bytes: usize, partition: i32) -> Outgoing {
        Outgoing {
            topic: "t".to_owned(),
            partition: Some(partition),
            key: None,
            payload: Some(vec![0; bytes]),
            headers: None,
            ticket: Ticket::from_opaque(number),
        }
    }

    /// A broker that takes batches up to this size.
    struct Broker {
        limit: usize,
        taken: Vec<usize>,
    }

    impl Broker {
        /// Runs rounds to their end. How many there were, and the culprits.
        fn settle(&mut self, suspects: &mut Suspects<Outgoing>) -> (usize, Vec<usize>) {
            let (mut rounds, mut culprits) = (0, Vec::new());
            while !suspects.is_empty() {
                rounds += 1;
                let mut batches: BTreeMap<Option<i32>, Vec<Outgoing>> = BTreeMap::new();
                for record in suspects.begin() {
                    batches.entry(record.partition).or_default().push(record);
                }
                for batch in batches.into_values() {
                    if batch.iter().map(Outgoing::bytes).sum::<usize>() <= self.limit {
                        self.taken.extend(batch.iter().map(|record| record.ticket.opaque()));
                    } else {
                        batch.into_iter().for_each(|record| suspects.came_back(record, true));
                    }
                }
                culprits.extend(suspects.end().iter().map(|record| record.ticket.opaque()));
            }
            (rounds, culprits)
        }
    }

    #[test]
    fn two_culprits_among_thousands_are_found_in_some_rounds() {
        let mut suspects = Suspects::default();
        for number in 0..8192 {
            let bytes = if number == 100 || number == 8000 { 2_000_000 } else { 100 };
            suspects.add(record(number, bytes, 0));
        }
        let mut broker = Broker { limit: 1_000_000, taken: Vec::new() };
        let (rounds, culprits) = broker.settle(&mut suspects);
        assert_eq!((culprits, broker.taken.len()), (vec![100, 8000], 8190));
        assert!(rounds <= 2 * 2 * 13, "{rounds} rounds");
    }

    #[test]
    fn what_comes_back_for_another_reason_is_no_culprit() {
        let mut suspects = Suspects::default();
        suspects.add(record(1, 10, 0));
        for record in suspects.begin() {
            suspects.came_back(record, false);
        }
        assert!(suspects.end().is_empty());
        assert_eq!(suspects.waiting(), 1);
    }

    #[test]
    fn records_of_partitions_that_were_let_go_are_dropped() {
        let mut suspects = Suspects::default();
        (0..4).for_each(|number| suspects.add(record(number, 10, 0)));
        suspects.retain(|record| record.ticket.opaque() == 2);
        assert_eq!(suspects.waiting(), 1);
        assert_eq!(suspects.begin().len(), 1);
        assert!(suspects.end().is_empty() && suspects.is_empty());
    }

    proptest! {
        #[test]
        fn exactly_what_is_too_large_alone_is_a_culprit_and_the_rest_is_taken_in_order(
            records in prop::collection::vec((1..120_usize, 0..3_i32), 1..200),
            limit in 1..300_usize,
        ) {
            let mut suspects = Suspects::default();
            let numbered = || records.iter().enumerate().map(|(number, (bytes, partition))| (number, *bytes, *partition));
            numbered().for_each(|(number, bytes, partition)| suspects.add(record(number, bytes, partition)));
            let mut broker = Broker { limit, taken: Vec::new() };
            let (_, mut culprits) = broker.settle(&mut suspects);
            culprits.sort_unstable();
            let expected: Vec<usize> = numbered().filter(|(_, bytes, _)| *bytes > limit).map(|(number, ..)| number).collect();
            prop_assert_eq!(culprits, expected);
            for partition in 0..3 {
                let of = |number: &usize| records[*number].1 == partition;
                let taken: Vec<usize> = broker.taken.iter().copied().filter(of).collect();
                let fine: Vec<usize> = numbered().filter(|(_, bytes, of)| *bytes <= limit && *of == partition).map(|(number, ..)| number).collect();
                prop_assert_eq!(taken, fine);
            }
        }
    }
}
