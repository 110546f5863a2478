//! Whether a shard reads: the bound on what is in flight, with hysteresis; and for each partition, the bound on what is not
//! committed.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use super::partitions::for_each;
use super::processor::Processor;
use super::shard::Shard;
use crate::telemetry::events;

/// How long the shard only doesn't read before it pauses its partitions. A pause throws away what the client has fetched
/// ahead, so a short wait for acknowledgements is cheaper without; while nothing is read no rebalance is noticed either.
const HOLD: Duration = Duration::from_millis(200);

/// Whether a shard reads.
#[derive(Debug, Default)]
pub(super) enum Intake {
    /// Records are read.
    #[default]
    Reading,
    /// At the bound: the consumer is left alone for a short time.
    Holding {
        /// Since when.
        since: Instant,
    },
    /// At the bound for longer: the partitions are paused, and the consumer is polled so that membership stays.
    Paused,
    /// Nothing is read any more.
    Stopped,
}

impl Intake {
    /// Whether the shard should look for records.
    pub(super) fn may_read(&self) -> bool {
        matches!(self, Self::Reading | Self::Paused)
    }

    /// Whether the consumer is left alone.
    pub(super) fn is_holding(&self) -> bool {
        matches!(self, Self::Holding { .. })
    }

    /// Whether partitions are paused.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self, Self::Paused | Self::Stopped)
    }

    /// Whether nothing will be read any more.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    /// Reads no more.
    pub(super) fn stop(&mut self) {
        *self = Self::Stopped;
    }

    /// Whether one more record may be read. While paused the consumer is polled in any case: no record comes.
    pub(super) fn has_room(&self, processor: &Processor) -> bool {
        matches!(self, Self::Paused) || below(processor, 1, 1)
    }
}

impl Shard {
    /// Stops and restarts reading by what is in flight.
    pub(super) fn control_intake(&mut self) {
        match self.intake {
            Intake::Reading if !below(&self.processor, 1, 1) => self.intake = Intake::Holding { since: Instant::now() },
            Intake::Holding { .. } if below(&self.processor, 3, 4) => self.intake = Intake::Reading,
            Intake::Holding { since } if since.elapsed() >= HOLD => self.pause(),
            Intake::Paused if below(&self.processor, 1, 2) => self.resume(),
            _ => {}
        }
        if self.processor.partitions.held() > 0 {
            self.resume_held();
        }
    }

    /// Pauses the partitions of which as much is uncommitted as may be; the others are read on.
    pub(super) fn hold_full(&mut self) {
        let list = self.processor.partitions.hold_full();
        let processor = &self.processor;
        let pipeline = &processor.spec.pipeline;
        for_each(&list, |topic, partition| {
            // Events that are run alone, and a partition that has only begun, are no trouble.
            let slot = processor.partitions.find(topic, partition);
            let holder = slot.and_then(|slot| processor.partitions.partition(slot));
            if holder.is_some_and(|partition| partition.waits_to_begin()) {
                return;
            }
            events::partition_held(&pipeline.name, self.number, topic, partition, pipeline.max_uncommitted);
        });
        if let Err(error) = self.consumer.pause(&list) {
            events::kafka_error(&processor.counts.metrics, &pipeline.name, &error);
        }
    }

    fn resume_held(&mut self) {
        let list = self.processor.partitions.unhold();
        if list.count() == 0 || self.intake.is_paused() {
            return;
        }
        let processor = &self.processor;
        if let Err(error) = self.consumer.resume(&list) {
            events::kafka_error(&processor.counts.metrics, &processor.spec.pipeline.name, &error);
        }
    }

    fn pause(&mut self) {
        self.intake = Intake::Paused;
        let Some(all) = self.processor.partitions.list() else { return };
        let processor = &self.processor;
        let why = if processor.sink.is_refusing() {
            "a topic takes no records"
        } else if processor.spec.permits.pauses() {
            "a service behind a task is not available"
        } else {
            "max_in_flight is reached"
        };
        processor.counts.stats.pauses.add(1);
        events::partitions_paused(&processor.spec.pipeline.name, self.number, why);
        if let Err(error) = self.consumer.pause(&all) {
            events::kafka_error(&processor.counts.metrics, &processor.spec.pipeline.name, &error);
        }
    }

    fn resume(&mut self) {
        self.intake = Intake::Reading;
        let Some(list) = self.processor.partitions.list_not_held() else { return };
        let processor = &self.processor;
        events::partitions_resumed(&processor.spec.pipeline.name, self.number);
        if let Err(error) = self.consumer.resume(&list) {
            events::kafka_error(&processor.counts.metrics, &processor.spec.pipeline.name, &error);
        }
    }
}

/// Whether less than this part of the bounds is in flight, the cluster takes records, and tasks can be called.
fn below(processor: &Processor, numerator: usize, denominator: usize) -> bool {
    let pipeline = &processor.spec.pipeline;
    !processor.sink.is_refusing()
        && processor.sink.refusal().is_none()
        && !processor.spec.permits.pauses()
        // Without rounding: a part of a small bound that were no less than the bound would end every pause at once.
        && processor.partitions.in_flight() * denominator < pipeline.max_in_flight * numerator
        && processor.in_flight_bytes() * denominator < pipeline.max_in_flight_bytes * numerator
}
