//! What a shard counts: into its own statistics, and by the batch into the metrics of its pipeline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::stats::Stats;
use crate::engine::{Execution, StateTally, Status};
use crate::program::Program;
use crate::registry::Version;
use crate::telemetry::{Levels, PipelineMetrics, StateSample, Tally, VersionMetrics, VersionTally, WorkflowMetrics};

/// Least time between two publications: metrics are looked at by people and scrapers.
const INTERVAL: Duration = Duration::from_millis(50);

/// Counts of a shard. Counting an event costs some additions and touches nothing that is shared between shards.
pub(super) struct Counts {
    pub stats: Arc<Stats>,
    pub metrics: PipelineMetrics,
    tally: Tally,
    versions: Vec<PerVersion>,
    workflow: WorkflowMetrics,
    durations: Vec<u64>,
    next: Instant,
}

struct PerVersion {
    label: Arc<str>,
    metrics: VersionMetrics,
    tally: VersionTally,
}

impl Counts {
    pub(super) fn new(stats: Arc<Stats>, metrics: PipelineMetrics, workflow: WorkflowMetrics) -> Self {
        let (tally, next) = (Tally::default(), Instant::now());
        Self { stats, metrics, tally, versions: Vec::new(), workflow, durations: Vec::new(), next }
    }

    /// An event was read.
    pub(super) fn read(&mut self, bytes: usize) {
        self.stats.events.add(1);
        self.stats.event_bytes.add(bytes as u64);
        self.tally.consumed += 1;
        self.tally.consumed_bytes += bytes as u64;
    }

    /// An event was read that was done before this assignment: it is not run again.
    pub(super) fn skipped(&mut self) {
        self.tally.skipped += 1;
    }

    /// An execution ended; `took` counts from reading its event.
    pub(super) fn ended(&mut self, version: &Version<Program>, execution: &Execution, status: Status, took: Duration) {
        let retries = execution.retries();
        self.stats.retries.add(retries);
        self.tally.retries += retries;
        self.tally_of(version).took(took);
        if status != Status::Succeeded {
            let error = execution.failure().and_then(|failure| failure.error.as_deref());
            self.workflow.execution_failed(error);
        }
        let tally = self.tally_of(version);
        match status {
            Status::Succeeded => tally.succeeded += 1,
            Status::Failed => tally.failed += 1,
            Status::TimedOut => tally.timed_out += 1,
        }
        match status {
            Status::Succeeded => self.stats.succeeded.add(1),
            Status::Failed => self.stats.failed.add(1),
            Status::TimedOut => self.stats.timed_out.add(1),
        }
        self.durations.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn tally_of(&mut self, version: &Version<Program>) -> &mut VersionTally {
        // The current version is the last; older ones only end what they began.
        let known = self.versions.iter().rposition(|known| Arc::ptr_eq(&known.label, &version.label));
        let index = known.unwrap_or_else(|| {
            let metrics = self.metrics.version(&version.workflow, &version.label);
            self.versions.push(PerVersion { label: version.label.clone(), metrics, tally: VersionTally::default() });
            self.versions.len() - 1
        });
        &mut self.versions[index].tally
    }

    /// The brokers acknowledged a record.
    pub(super) fn acknowledged(&mut self) {
        self.stats.produced.add(1);
        self.tally.acknowledged += 1;
    }

    /// Whether it is time again to publish.
    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.next;
        if due {
            self.next = now + INTERVAL;
        }
        due
    }

    /// Adds what a state has done to its metrics.
    pub(super) fn state(&mut self, state: &str, tally: &StateTally) {
        let StateTally { entered, succeeded, failed, retried, caught, durations, instant } = tally;
        let (entered, succeeded, retried, caught, instant) = (*entered, *succeeded, *retried, *caught, *instant);
        self.workflow.state(state, &StateSample { entered, succeeded, failed, retried, caught, durations, instant });
    }

    /// Makes the counts visible.
    pub(super) fn publish(&mut self, levels: Levels) {
        self.stats.in_flight.set(levels.in_flight as u64);
        self.stats.partitions.set(levels.assigned as u64);
        self.stats.refusing.set(levels.refusing.into());
        self.stats.add_durations(&mut self.durations);
        self.tally.levels = levels;
        self.metrics.publish(&mut self.tally);
        for version in &mut self.versions {
            version.tally.publish(&version.metrics);
        }
        // What ended on an older version from here on is counted under handles resolved anew.
        let outdated = self.versions.len().saturating_sub(1);
        self.versions.drain(..outdated);
    }
}

impl Drop for Counts {
    /// Takes the shard out of the gauges, however it ends.
    fn drop(&mut self) {
        self.tally.levels = Levels::default();
        self.metrics.publish(&mut self.tally);
    }
}
