//! Taking over partitions and letting them go.
//!
//! librdkafka tells a rebalance and waits, all partitions held back, until the shard answers. So a revocation is answered
//! only when what is in flight has ended or its time is over, and its offsets are committed; the shard goes on meanwhile.

use std::time::Instant;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;

use super::client::{self, Rebalance};
use super::partitions::{MAX_SLOTS, Slot, State, for_each};
use super::shard::{JOINING, PATIENCE, Shard};
use crate::identity::ExecutionNames;
use crate::telemetry::events;

/// Partitions that are being let go.
pub(super) struct Revocation {
    partitions: TopicPartitionList,
    slots: Vec<Slot>,
    deadline: Instant,
}

impl Shard {
    /// Begins to carry out a rebalance. librdkafka tells the next one only when this one is answered.
    pub(super) fn rebalance(&mut self, rebalance: Rebalance) {
        match rebalance {
            Rebalance::Assign(partitions) => self.assign(partitions),
            Rebalance::Revoke { partitions, lost } => self.revoke(partitions, lost),
        }
    }

    /// Asks where to begin; the assignment is answered when the monitor has found out. No partitions need no answer, and a
    /// shard that leaves reads none.
    fn assign(&mut self, partitions: TopicPartitionList) {
        if partitions.count() == 0 || self.is_closing {
            return self.take_over(&partitions);
        }
        self.correspondence.begin(partitions.clone());
        self.assigning = Some(partitions);
    }

    /// Takes the partitions over, each from the offset that the list gives it.
    pub(super) fn take_over(&mut self, partitions: &TopicPartitionList) {
        let spec = self.processor.spec.clone();
        let mut names = Vec::new();
        for_each(partitions, |topic, number| {
            names.push(format!("{topic}-{number}"));
            if let Some(slot) = self.processor.partitions.find(topic, number) {
                self.processor.release(slot);
            }
            let pipeline = &spec.pipeline;
            let execution_names =
                ExecutionNames::new(&pipeline.realm, &pipeline.name, &pipeline.workflow_name, topic, number);
            if self.processor.partitions.assign(topic, number, execution_names).is_some() {
                self.processor.counts.metrics.lag_expected(topic, number);
            } else {
                let why = format!("{topic}-{number} is not read: a shard has room for {MAX_SLOTS} partitions");
                events::rebalance_failed(&spec.pipeline.name, &why);
            }
        });
        if let Err(error) = client::assign_to(&self.consumer, partitions) {
            events::rebalance_failed(&spec.pipeline.name, &error);
        }
        if partitions.count() > 0 {
            // A pause outlives the assignment it was made in.
            let set = if self.intake.is_paused() {
                self.consumer.pause(partitions)
            } else {
                self.consumer.resume(partitions)
            };
            if let Err(error) = set {
                events::rebalance_failed(&spec.pipeline.name, &error);
            }
        }
        events::partitions_assigned(&spec.pipeline.name, self.number, &names.join(" "));
        self.owns();
        self.processor.counts.stats.ready.set(1);
        self.reporter.goes_on(JOINING);
    }

    fn revoke(&mut self, partitions: TopicPartitionList, lost: bool) {
        let deadline = Instant::now() + self.processor.spec.pipeline.revoke_timeout;
        let mut slots = Vec::new();
        for_each(&partitions, |topic, number| slots.extend(self.processor.partitions.find(topic, number)));
        for slot in &slots {
            if let Some(partition) = self.processor.partitions.partition_mut(*slot) {
                partition.state = State::Draining { deadline };
            }
        }
        let revocation = Revocation { partitions, slots, deadline };
        if lost {
            // It is no member any more: until it is one again it reads nothing.
            self.reporter.waits(JOINING, "joining its consumer group again: its membership was lost", PATIENCE);
            self.processor.counts.stats.ready.set(0);
            self.finish_revocation(revocation);
        } else {
            self.revocation = Some(revocation);
        }
    }

    /// Lets go of revoked partitions as soon as they are done, or out of time.
    pub(super) fn continue_revocation(&mut self) {
        let Some(revocation) = &self.revocation else { return };
        let lost = self.consumer.assignment_lost();
        let in_flight = self.in_flight_of(&revocation.slots);
        let goes_on = in_flight > 0 && self.processor.can_go_on(|slot| revocation.slots.contains(&slot));
        if goes_on && Instant::now() < revocation.deadline && !lost {
            return;
        }
        if !lost {
            let slots = revocation.slots.clone();
            self.processor.partitions.end_in_order(|slot| slots.contains(&slot));
            self.commit_and_wait();
        }
        if let Some(revocation) = self.revocation.take() {
            self.finish_revocation(revocation);
        }
    }

    /// Lets go at once. What has not ended is delivered to the next owner.
    pub(super) fn finish_revocation(&mut self, revocation: Revocation) {
        let pipeline = self.processor.spec.pipeline.name.clone();
        let mut names = Vec::new();
        for_each(&revocation.partitions, |topic, number| names.push(format!("{topic}-{number}")));
        let unfinished = self.in_flight_of(&revocation.slots);
        events::partitions_revoked(&pipeline, self.number, &names.join(" "), unfinished);
        for slot in revocation.slots {
            self.processor.release(slot);
        }
        if let Err(error) = client::unassign_from(&self.consumer, &revocation.partitions) {
            events::rebalance_failed(&pipeline, &error);
        }
        self.owns();
    }

    fn owns(&self) {
        self.tell_monitor();
        self.report_out_of_range();
        self.processor.counts.stats.partitions.set(self.processor.partitions.count() as u64);
    }

    fn in_flight_of(&self, slots: &[Slot]) -> usize {
        slots
            .iter()
            .filter_map(|slot| self.processor.partitions.partition(*slot))
            .map(|partition| partition.in_flight())
            .sum()
    }
}
