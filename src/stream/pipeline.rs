//! A pipeline: its shards, started, watched and stopped together.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use hdrhistogram::Histogram;
use rdkafka::error::KafkaError;
use tokio::sync::Semaphore;

use super::shard::Shard;
use super::stats::{Snapshot, Stats, new_histogram};
use crate::config;
use crate::engine::Limits;
use crate::registry::Workflow;
use crate::task::{Connectors, UnmatchedResources};

/// A pipeline could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// librdkafka refused the properties.
    #[error("pipeline {pipeline}: the Kafka client can't be made: {source}. Check the properties in [kafka] and the pipeline's own")]
    Client {
        /// The pipeline.
        pipeline: Arc<str>,
        /// What librdkafka says.
        source: KafkaError,
    },
    /// The workflow calls what no `[[task]]` entry carries out.
    #[error("pipeline {pipeline}, workflow {workflow}: {source}")]
    Connectors {
        /// The pipeline.
        pipeline: Arc<str>,
        /// Its workflow.
        workflow: Arc<str>,
        /// Which Resources, and the entries to add.
        source: UnmatchedResources,
    },
    /// The operating system gave no thread or no runtime.
    #[error("pipeline {pipeline}: no thread or runtime for a shard: {source}")]
    Runtime {
        /// The pipeline.
        pipeline: Arc<str>,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A shard's thread ended by a panic: a fault of ours. Its events are delivered again to the rest of the group.
#[derive(Debug, thiserror::Error)]
#[error("pipeline {pipeline}: a shard panicked; its events will be delivered again")]
pub struct ShardPanicked {
    /// The pipeline.
    pub pipeline: Arc<str>,
}

/// How a shard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It waits for its group, or for its topics to exist.
    Joining,
    /// It has its partitions.
    Ready,
    /// It has ended.
    Stopped,
}

/// What the shards of a pipeline share.
pub(super) struct Spec {
    pub pipeline: config::Pipeline,
    pub workflow: Arc<Workflow>,
    pub connectors: Arc<Connectors>,
    pub limits: Limits,
    pub permits: Arc<Semaphore>,
    pub stop: Stop,
    health: Mutex<Vec<Health>>,
}

impl Spec {
    pub fn set_health(&self, shard: usize, health: Health) {
        if let Some(place) = self.health.lock().unwrap_or_else(PoisonError::into_inner).get_mut(shard) {
            *place = health;
        }
    }
}

/// How far shards are told to stop.
#[derive(Default)]
pub(super) struct Stop(AtomicU8);

const STOPPING: u8 = 1;
const ABORTED: u8 = 2;

impl Stop {
    pub fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= STOPPING
    }

    pub fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= ABORTED
    }
}

/// A running pipeline.
///
/// Dropping it does not stop the shards: call [`stop`](Self::stop), then [`join`](Self::join).
pub struct Pipeline {
    spec: Arc<Spec>,
    stats: Vec<Arc<Stats>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts the shards. They join the consumer group, and wait for brokers and topics that aren't there yet.
    pub fn start(
        pipeline: config::Pipeline,
        workflow: Arc<Workflow>,
        connectors: Arc<Connectors>,
        limits: Limits,
    ) -> Result<Self, StartError> {
        connectors.check(workflow.current().program.resources()).map_err(|source| StartError::Connectors {
            pipeline: pipeline.name.clone(),
            workflow: pipeline.workflow_name.clone(),
            source,
        })?;
        let shards = pipeline.shards;
        let spec = Arc::new(Spec {
            permits: Arc::new(Semaphore::new(pipeline.max_concurrent_tasks.min(Semaphore::MAX_PERMITS))),
            pipeline,
            workflow,
            connectors,
            limits,
            stop: Stop::default(),
            health: Mutex::new(vec![Health::Joining; shards]),
        });
        let mut running = Self { spec: spec.clone(), stats: Vec::new(), threads: Vec::new() };
        for number in 0..shards {
            if let Err(error) = running.start_shard(number) {
                running.stop();
                running.join().ok();
                return Err(error);
            }
        }
        Ok(running)
    }

    fn start_shard(&mut self, number: usize) -> Result<(), StartError> {
        let stats = Arc::new(Stats::default());
        let (spec, shard_stats) = (self.spec.clone(), stats.clone());
        // The shard is made on its own thread because its runtime stays there; whether that went well comes back.
        let (made, outcome) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name(format!("{}-{number}", self.spec.pipeline.name))
            .spawn(move || match Shard::new(spec, number, shard_stats) {
                Ok(shard) => {
                    made.send(Ok(())).ok();
                    shard.run();
                }
                Err(error) => {
                    made.send(Err(error)).ok();
                }
            })
            .map_err(|source| StartError::Runtime { pipeline: self.spec.pipeline.name.clone(), source })?;
        self.threads.push(thread);
        self.stats.push(stats);
        // A thread that panicked before it answered is found by `join`.
        outcome.recv().unwrap_or(Ok(()))
    }

    /// The pipeline's name.
    pub fn name(&self) -> &Arc<str> {
        &self.spec.pipeline.name
    }

    /// Its configuration.
    pub fn config(&self) -> &config::Pipeline {
        &self.spec.pipeline
    }

    /// What the pipeline counted and holds, over its shards.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = Snapshot::default();
        for stats in &self.stats {
            sum += stats.snapshot();
        }
        sum
    }

    /// The counters of each shard, to be read at any time.
    pub fn stats(&self) -> &[Arc<Stats>] {
        &self.stats
    }

    /// Durations of executions so far, in microseconds, from reading the event to its execution's end.
    pub fn durations(&self) -> Histogram<u64> {
        let mut sum = new_histogram();
        for stats in &self.stats {
            stats.durations_into(&mut sum);
        }
        sum
    }

    /// How each shard is.
    pub fn health(&self) -> Vec<Health> {
        self.spec.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether every shard has taken its place in the group.
    pub fn is_ready(&self) -> bool {
        self.health().iter().all(|health| *health == Health::Ready)
    }

    /// Whether every shard's thread is alive.
    pub fn is_alive(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }

    /// Tells the shards to finish what is in flight, within the pipeline's drain timeout, and to leave.
    pub fn stop(&self) {
        self.spec.stop.0.fetch_max(STOPPING, Ordering::Relaxed);
    }

    /// Tells the shards to leave without finishing what is in flight; it will be delivered again.
    pub fn abort(&self) {
        self.spec.stop.0.fetch_max(ABORTED, Ordering::Relaxed);
    }

    /// Waits for the shards to end; call [`stop`](Self::stop) before.
    pub fn join(self) -> Result<(), ShardPanicked> {
        let mut panicked = false;
        for thread in self.threads {
            panicked |= thread.join().is_err();
        }
        if panicked { Err(ShardPanicked { pipeline: self.spec.pipeline.name.clone() }) } else { Ok(()) }
    }
}
