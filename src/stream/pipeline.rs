//! A pipeline: its shards, started, watched and stopped together.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::error::KafkaError;

use super::execution_log::LogTopic;
use super::monitor::Monitor;
use super::stats::{Snapshot, Stats, new_histogram};
use super::supervise::Supervisor;
use crate::config;
use crate::engine::Limits;
use crate::host::{Callbacks, Permits};
use crate::program::Program;
use crate::registry::Workflow;
use crate::task::Connectors;
use crate::telemetry::{Health, PipelineMetrics};
use crate::threads::MORE_THREADS;

/// A pipeline could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// librdkafka refused the properties.
    #[error(
        "pipeline {pipeline}: the Kafka client can't be made: {source}. Check the properties in [kafka] and the pipeline's own"
    )]
    Client {
        /// The pipeline.
        pipeline: Arc<str>,
        /// What librdkafka says.
        source: KafkaError,
    },
    /// The operating system gave no thread or no runtime.
    #[error(
        "pipeline {pipeline}: the operating system gives no threads or no event queue for it: {source}; {MORE_THREADS}; for \
         event queues: that on open files"
    )]
    Runtime {
        /// The pipeline.
        pipeline: Arc<str>,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Shards of a pipeline did not end in time. Their events will be delivered again.
#[derive(Debug, thiserror::Error)]
#[error(
    "pipeline {pipeline}: {shards} of its shards did not end within {waited:?}, with {left} events in flight; these will be \
     delivered again. A shard that hangs is a bug in Stepstream: report it with the log"
)]
pub struct ShardsHang {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// How many shards.
    pub shards: usize,
    /// How long they were waited for.
    pub waited: Duration,
    /// Events that were in flight when the pipeline's shards were last heard of.
    pub left: usize,
}

/// What the shards of a pipeline share.
pub(super) struct Spec {
    pub pipeline: config::Pipeline,
    pub workflow: Arc<Workflow<Program>>,
    pub limits: Limits,
    pub permits: Arc<Permits>,
    pub stop: Stop,
    pub monitor: Monitor,
    /// How callbacks find the tasks that wait for them; none: no task can wait for one.
    pub callbacks: Option<Callbacks>,
    /// Where events of executions go instead of the log.
    pub log_topic: Option<Arc<LogTopic>>,
}

fn log_topic(pipeline: &config::Pipeline) -> Result<Option<Arc<LogTopic>>, StartError> {
    let Some(topic) = &pipeline.log_topic else { return Ok(None) };
    let made = LogTopic::new(&pipeline.name, topic, PipelineMetrics::new(&pipeline.name));
    let made = made.map_err(|source| StartError::Client { pipeline: pipeline.name.clone(), source })?;
    Ok(Some(Arc::new(made)))
}

/// How far shards are asked to stop.
#[derive(Default)]
pub(super) struct Stop(AtomicU8);

const STOPPING: u8 = 1;
const ABORTED: u8 = 2;

impl Stop {
    pub(super) fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= STOPPING
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= ABORTED
    }

    pub(super) fn stop(&self) {
        self.0.fetch_max(STOPPING, Ordering::Relaxed);
    }

    pub(super) fn abort(&self) {
        self.0.fetch_max(ABORTED, Ordering::Relaxed);
    }
}

/// Beyond the pipeline's drain timeout: time for the last commit, for leaving the group and for closing the clients.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(15);
/// How often it is looked whether the shards have ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// A running pipeline. A shard that panics is made anew by itself, after a pause.
///
/// Dropping it does not stop the shards: call [`stop`](Self::stop), then [`join`](Self::join).
pub struct Pipeline {
    spec: Arc<Spec>,
    stats: Vec<Arc<Stats>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts the shards. They join the consumer group, and wait for brokers and topics that aren't there yet. `connectors` is
    /// the table that the workflow's versions are resolved by; its tasks get tokens for these callbacks.
    pub fn start(
        pipeline: config::Pipeline,
        workflow: Arc<Workflow<Program>>,
        connectors: &Connectors,
        callbacks: Option<Callbacks>,
        limits: Limits,
        health: &Health,
    ) -> Result<Self, StartError> {
        let shards = pipeline.shards;
        let reporter = health.register(format!("pipeline {}", pipeline.name));
        let monitor = Monitor::start(&pipeline, PipelineMetrics::new(&pipeline.name), reporter)?;
        let log_topic = log_topic(&pipeline)?;
        let spec = Arc::new(Spec {
            callbacks,
            log_topic,
            permits: Arc::new(
                Permits::new(pipeline.max_concurrent_tasks, connectors).pausing(&pipeline.name, connectors),
            ),
            pipeline,
            workflow,
            limits,
            stop: Stop::default(),
            monitor,
        });
        let mut running = Self { spec: spec.clone(), stats: Vec::new(), threads: Vec::new() };
        for number in 0..shards {
            if let Err(error) = running.start_shard(number, health) {
                running.stop();
                running.join().ok();
                return Err(error);
            }
        }
        Ok(running)
    }

    fn start_shard(&mut self, number: usize, health: &Health) -> Result<(), StartError> {
        let stats = Arc::new(Stats::default());
        let supervisor = Supervisor { spec: self.spec.clone(), number, stats: stats.clone(), health: health.clone() };
        // The shard is made on its own thread because its runtime stays there; whether that went well comes back.
        let (made, outcome) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name(format!("{}-{number}", self.spec.pipeline.name))
            .spawn(move || supervisor.run(&made))
            .map_err(|source| StartError::Runtime { pipeline: self.spec.pipeline.name.clone(), source })?;
        self.threads.push(thread);
        self.stats.push(stats);
        outcome.recv().unwrap_or_else(|_| {
            let source = io::Error::other("the shard's thread ended before it began");
            Err(StartError::Runtime { pipeline: self.spec.pipeline.name.clone(), source })
        })
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

    /// Whether every shard has taken its place in the group.
    pub fn is_ready(&self) -> bool {
        self.stats.iter().all(|stats| stats.ready.value() > 0)
    }

    /// Whether no shard has failed so far. One that did is made anew by itself.
    pub fn is_sound(&self) -> bool {
        self.snapshot().restarts == 0
    }

    /// Tells the shards to finish what is in flight, within the pipeline's drain timeout, and to leave.
    pub fn stop(&self) {
        self.spec.stop.stop();
    }

    /// Tells the shards to leave without finishing what is in flight; it will be delivered again.
    pub fn abort(&self) {
        self.spec.stop.abort();
    }

    /// Waits for the shards to end; call [`stop`](Self::stop) before. How many events were left in flight, to be delivered
    /// again.
    ///
    /// # Errors
    /// [`ShardsHang`]: some did not end within the pipeline's drain timeout and the time that their clients get.
    pub fn join(self) -> Result<usize, ShardsHang> {
        let since = Instant::now();
        loop {
            if let Some(ended) = self.poll_ended(since, Instant::now()) {
                return ended;
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// The same for a pipeline that was told to stop at that time, on an async runtime.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn ended(self, since: Instant) -> Result<usize, ShardsHang> {
        loop {
            if let Some(ended) = self.poll_ended(since, Instant::now()) {
                return ended;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// How the shards ended, if they have or the time is over.
    pub(super) fn poll_ended(&self, since: Instant, now: Instant) -> Option<Result<usize, ShardsHang>> {
        let shards = self.threads.iter().filter(|thread| !thread.is_finished()).count();
        let longest = self.spec.pipeline.drain_timeout.saturating_add(CLOSE_TIMEOUT);
        let waited = now.saturating_duration_since(since);
        if shards > 0 && waited < longest {
            return None;
        }
        let left: u64 = self.stats.iter().map(|stats| stats.in_flight.value()).sum();
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        Some(match shards {
            0 => Ok(left),
            _ => Err(ShardsHang { pipeline: self.spec.pipeline.name.clone(), shards, waited, left }),
        })
    }
}
