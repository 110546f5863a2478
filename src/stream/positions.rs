//! What a shard makes of the monitor's answers: it begins to read the partitions that it was assigned, says how far behind
//! they are, and finds out which records were gone before it could read them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::deliveries::{Attempts, Deliveries};
use super::done::Done;
use super::monitor::{Answer, Name, Range, Ranges};
use super::partitions::{Partition, Slot};
use super::shard::Shard;
use super::start::{OutOfRange, Start};
use crate::telemetry::events;

/// Looks at the brokers that a reset waits for to show in them.
const LOOKS_AT_A_RESET: u32 = 5;
/// The trouble of a shard with partitions that it doesn't read: see [`crate::telemetry::Reporter::waits`].
const OUT_OF_RANGE: &str = "out-of-range";

/// The client went on elsewhere, because the log no longer has what it would have read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reset {
    pub partition: Name,
    pub position: i64,
}

impl Reset {
    /// Reads it from the line that librdkafka logs: it has no other way to tell.
    pub(super) fn from_log(facility: &str, message: &str) -> Option<Self> {
        if facility != "OFFSET" {
            return None;
        }
        let (place, rest) = message.split_once(": offset reset (at offset ")?;
        let mut words = place.rsplit(' ');
        let number = words.next()?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
        let topic = words.next()?.to_owned();
        let position = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { partition: (topic, number), position })
    }
}

/// A reset, and how often the ranges have been looked at since.
pub(super) struct PendingReset {
    reset: Reset,
    looks: u32,
}

impl Shard {
    /// Acts on what the monitor has found out.
    pub(super) fn poll_monitor(&mut self) {
        while let Some(answer) = self.correspondence.answer() {
            match answer {
                Answer::Begin { committed, ranges } => self.begin(committed, &ranges),
                Answer::Ranges(ranges) => {
                    self.settle_resets(&ranges);
                    self.publish_lag(&ranges);
                }
            }
        }
    }

    /// Takes the partitions over whose assignment waits for this answer.
    fn begin(&mut self, mut committed: TopicPartitionList, ranges: &Ranges) {
        // An answer that the shard no longer waits for.
        if self.assigning.take().is_none() {
            return;
        }
        let mut starts = Vec::new();
        for element in committed.elements() {
            let name = (element.topic().to_owned(), element.partition());
            let Some(range) = ranges.get(&name) else { continue };
            let offset = if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None };
            let pipeline = &self.processor.spec.pipeline;
            let start = Start::of(offset, *range, pipeline.start_from, pipeline.on_out_of_range);
            let told =
                if let Start::Committed(offset) = start { told_above(&element, offset) } else { Told::default() };
            starts.push((name, *range, start, told));
        }
        for ((topic, number), range, start, _) in &starts {
            // What is committed keeps the leader's epoch that was committed with it.
            let offset = match start {
                Start::Committed(_) => continue,
                Start::Fresh(offset) => *offset,
                Start::OutOfRange(found) => found.goes_on_at.unwrap_or(found.position),
            };
            debug_assert!(offset >= 0, "{topic}-{number} begins at {offset} in {range:?}");
            // It fails only for a partition that is not in the list.
            committed.set_partition_offset(topic, *number, Offset::Offset(offset)).ok();
        }
        self.take_over(&committed);
        for ((topic, number), range, start, (done, attempts)) in starts {
            let Some(slot) = self.processor.partitions.find(&topic, number) else { continue };
            let is_read = match start {
                Start::Committed(offset) => self.begin_at(slot, offset, true, done),
                Start::Fresh(offset) => self.begin_at(slot, offset, false, done),
                Start::OutOfRange(found) => {
                    self.out_of_range(slot, &found);
                    found.goes_on_at.is_some()
                }
            };
            if is_read {
                self.count_deliveries(slot, attempts, range.end);
            }
        }
        self.hold_full();
    }

    fn begin_at(&mut self, slot: Slot, offset: i64, is_committed: bool, done: Done) -> bool {
        let Some(partition) = self.processor.partitions.partition_mut(slot) else { return false };
        partition.begin(offset, is_committed);
        partition.skip_done(done);
        true
    }

    /// Counts this delivery of what the partition has, and says so where those before it did not end in order.
    fn count_deliveries(&mut self, slot: Slot, before: Attempts, end: i64) {
        let pipeline = &self.processor.spec.pipeline;
        let deliveries = Deliveries::begin(before, pipeline.max_delivery_attempts, pipeline.max_in_flight, end);
        if let Some(partition) = self.processor.partitions.partition(slot).filter(|_| before.unended > 0) {
            let place = (&*partition.topic, partition.number);
            events::delivered_again(&pipeline.name, place, before.unended, deliveries.is_alone());
        }
        self.processor.partitions.count_deliveries(slot, deliveries);
    }

    /// Notes that records were gone before they could be read: in the log, in metrics, and where reading goes on.
    fn out_of_range(&mut self, slot: Slot, found: &OutOfRange) {
        let pipeline = &self.processor.spec.pipeline;
        let Some(partition) = self.processor.partitions.partition_mut(slot) else { return };
        events::out_of_range(
            &self.processor.counts.metrics,
            &pipeline.name,
            (&partition.topic, partition.number),
            found.position,
            (found.range.low, found.range.end),
            found.goes_on_at,
            found.lost(),
        );
        match found.goes_on_at {
            Some(offset) if partition.in_flight() == 0 => partition.begin(offset, false),
            Some(_) => {}
            None => {
                partition.begin(found.position, true);
                partition.is_out_of_range = true;
            }
        }
        self.report_out_of_range();
    }

    /// Says which partitions are not read by the policy `stop`.
    pub(super) fn report_out_of_range(&self) {
        let names: Vec<String> = self
            .processor
            .partitions
            .iter()
            .filter(|(_, partition)| partition.is_out_of_range)
            .map(|(_, partition)| format!("{}-{}", partition.topic, partition.number))
            .collect();
        if names.is_empty() {
            self.reporter.goes_on(OUT_OF_RANGE);
            return;
        }
        let reason = format!(
            "{} is not read: the log no longer has what the group would read next, and `on_out_of_range` is \"stop\"",
            names.join(", ")
        );
        let action = format!(
            "stop Stepstream, set the offsets of group {} (kafka-consumer-groups --reset-offsets), start it again; \
             or set `on_out_of_range` to \"earliest\" or \"latest\"",
            self.processor.spec.pipeline.group
        );
        self.reporter.waits(OUT_OF_RANGE, reason, action);
    }

    /// The client told that it went on elsewhere.
    pub(super) fn note_resets(&mut self, resets: Vec<Reset>) {
        self.resets.extend(resets.into_iter().map(|reset| PendingReset { reset, looks: 0 }));
    }

    /// The client stopped to read some partition, and doesn't tell which: those whose position is outside of their log.
    pub(super) fn note_stopped(&mut self) {
        let positions = self.processor.partitions.iter().filter(|(_, partition)| !partition.is_out_of_range);
        let resets: Vec<Reset> = positions
            .filter_map(|(_, partition)| Some(Reset { partition: name(partition), position: partition.position()? }))
            .collect();
        self.note_resets(resets);
    }

    fn settle_resets(&mut self, ranges: &Ranges) {
        let policy = self.processor.spec.pipeline.on_out_of_range;
        for mut pending in std::mem::take(&mut self.resets) {
            let (topic, number) = &pending.reset.partition;
            let (Some(slot), Some(range)) =
                (self.processor.partitions.find(topic, *number), ranges.get(&pending.reset.partition))
            else {
                continue;
            };
            // What the monitor has found may be from before the reset.
            if let Some(found) = OutOfRange::of(pending.reset.position, *range, policy) {
                self.out_of_range(slot, &found);
            } else if pending.looks < LOOKS_AT_A_RESET {
                pending.looks += 1;
                self.resets.push(pending);
            }
        }
    }

    fn publish_lag(&mut self, ranges: &Arc<Ranges>) {
        let mut total = 0;
        for (_, partition) in self.processor.partitions.iter() {
            let name = name(partition);
            let Some(Range { end, .. }) = ranges.get(&name) else { continue };
            let lag = partition.lag(*end, self.positions.get(&name));
            self.processor.counts.metrics.lag(&partition.topic, partition.number, lag);
            total += lag;
        }
        self.processor.counts.stats.lag.set(total);
    }

    /// Tells the monitor which partitions the shard reads.
    pub(super) fn tell_monitor(&self) {
        let names = self.processor.partitions.iter().map(|(_, partition)| name(partition));
        self.correspondence.owns(names.collect());
    }
}

/// What a commit tells beside its offset.
type Told = (Done, Attempts);

/// What the commit of this offset told of offsets from it on.
fn told_above(element: &TopicPartitionListElem<'_>, committed: i64) -> Told {
    // Any client of the group may have written it, and the library panics on bytes that are no text.
    let metadata = catch_unwind(AssertUnwindSafe(|| element.metadata().to_owned()));
    metadata.map_or_else(|_| Told::default(), |text| (Done::read(committed, &text), Attempts::read(&text)))
}

fn name(partition: &Partition) -> Name {
    (partition.topic.to_string(), partition.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_read_from_the_clients_log() {
        let message = "[thrd:main]: orders.eu [12]: offset reset (at offset 4711 (leader epoch 3), broker 1) to \
                       offset BEGINNING (leader epoch -1): fetch failed due to requested offset not available on the \
                       broker: Broker: Offset out of range";
        let reset = Reset { partition: ("orders.eu".to_owned(), 12), position: 4711 };
        assert_eq!(Reset::from_log("OFFSET", message), Some(reset.clone()));
        let without_thread = message.strip_prefix("[thrd:main]: ").unwrap();
        assert_eq!(Reset::from_log("OFFSET", without_thread), Some(reset));
        assert_eq!(Reset::from_log("FAIL", message), None);
        assert_eq!(Reset::from_log("OFFSET", "something else"), None);
    }
}
