//! A shard: one thread that is a member of the consumer group and does everything for its events.
//!
//! One round of the loop: read a batch and run it, give waiting executions their turns, serve the producer, commit, carry out
//! a rebalance. Only a round in which nothing happened waits, and then for whatever can happen next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::Notify;

use super::client::{self, ConsumerEvents, Positions, ShardConsumer};
use super::committer::Committer;
use super::counts::Counts;
use super::intake::Intake;
use super::monitor::Correspondence;
use super::pipeline::{Spec, StartError};
use super::positions::PendingReset;
use super::processor::Processor;
use super::readiness::Readiness;
use super::rebalance::Revocation;
use super::sink::Sink;
use super::stats::Stats;
use crate::host::{LocalCalls, Mailbox};
use crate::program::Program;
use crate::registry::Version;
use crate::telemetry::{CallbackMetrics, PipelineMetrics, Reporter, WorkflowMetrics, events};
use crate::threads;

/// Records read before executions in flight, the producer and the group get their turn.
const READ_BATCH: usize = 256;
/// Longest wait of an idle shard: bounds how late it sees a signal to stop.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait while acknowledgements are due. The producer can't wake the shard.
const ACKNOWLEDGEMENT_WAIT: Duration = Duration::from_millis(1);
/// How long a closing shard waits for the answer to its last commit.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a closing shard waits for events of executions to get into their topic.
const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// Threads that a [`Committer`] makes.
const COMMITTER_THREADS: usize = 1;

/// Time for the broker to hear that this member leaves.
const LEAVE_TIME: Duration = Duration::from_millis(150);

/// A shard that is not yet a member of its group waits for that: see [`Reporter::waits`].
pub(super) const JOINING: &str = "joining";
/// What to do about that.
pub(super) const PATIENCE: &str = "nothing, if it takes less than a minute";

/// One worker of a pipeline.
pub(super) struct Shard {
    pub(super) number: usize,
    pub(super) consumer: Arc<ShardConsumer>,
    pub(super) processor: Processor,
    pub(super) intake: Intake,
    pub(super) revocation: Option<Revocation>,
    pub(super) reporter: Reporter,
    pub(super) correspondence: Correspondence,
    /// Partitions that were assigned, while the monitor finds out where to begin.
    pub(super) assigning: Option<TopicPartitionList>,
    /// How far the client has read.
    pub(super) positions: Positions,
    pub(super) resets: Vec<PendingReset>,
    /// Rebalances are answered at once, nothing is read any more.
    pub(super) is_closing: bool,
    pub(super) readiness: Readiness,
    committer: Committer,
    next_commit: Instant,
    callbacks: CallbackMetrics,
}

impl Shard {
    /// Makes the clients and joins the group. Brokers that can't be reached are waited for; settings that librdkafka
    /// refuses are an error.
    pub(super) fn new(
        spec: Arc<Spec>,
        number: usize,
        stats: Arc<Stats>,
        reporter: Reporter,
    ) -> Result<Self, StartError> {
        let pipeline = &spec.pipeline;
        let name = pipeline.name.clone();
        let client_error = |source| StartError::Client { pipeline: name.clone(), source };
        let thread_error = |source| StartError::Runtime { pipeline: name.clone(), source };
        let threads = client::threads(&pipeline.consumer) + client::threads(&pipeline.producer) + COMMITTER_THREADS;
        threads::can_have(threads).map_err(thread_error)?;
        let metrics = PipelineMetrics::new(&pipeline.name);
        let consumer_events = ConsumerEvents::new(pipeline.name.clone(), &pipeline.consumer, metrics.clone());
        let mut consumer = client::consumer(&pipeline.consumer, consumer_events).map_err(client_error)?;
        let bell = Arc::new(Notify::new());
        let ring = bell.clone();
        consumer.set_nonempty_callback(move || ring.notify_one());
        let topics: Vec<&str> = pipeline.sources.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(client_error)?;
        let sink =
            Sink::new(pipeline.name.clone(), pipeline.producer.clone(), metrics.clone()).map_err(client_error)?;
        let mailbox = Mailbox::new(bell);
        let calls =
            LocalCalls::new(pipeline.name.clone(), spec.permits.clone(), mailbox.clone()).map_err(thread_error)?;
        let next_commit = Instant::now() + pipeline.commit_interval;
        let correspondence = spec.monitor.correspondence(number);
        let workflow = WorkflowMetrics::new(&pipeline.name, &pipeline.workflow_name);
        let callbacks = CallbackMetrics::new(&pipeline.name, number);
        let processor = Processor::new(spec, mailbox, calls, sink, Counts::new(stats, metrics, workflow));
        let consumer = Arc::new(consumer);
        let committer = Committer::start(consumer.clone()).map_err(thread_error)?;
        reporter.ready();
        reporter.beat();
        reporter.waits(JOINING, "joining its consumer group", PATIENCE);
        Ok(Self {
            number,
            consumer,
            processor,
            intake: Intake::default(),
            revocation: None,
            reporter,
            correspondence,
            assigning: None,
            positions: Positions::default(),
            resets: Vec::new(),
            is_closing: false,
            readiness: Readiness::new(Instant::now()),
            committer,
            next_commit,
            callbacks,
        })
    }

    /// Runs until the pipeline is asked to stop, and then until what is in flight has ended or its time is over. What is left
    /// is to [`close`](Self::close) it.
    pub(super) fn run(&mut self) {
        while !self.processor.spec.stop.is_stopping() {
            self.round();
        }
        self.drain();
    }

    fn round(&mut self) {
        let mut worked = self.intake.may_read() && self.read();
        worked |= self.processor.drive();
        if worked && self.processor.host.calls().open() > 0 {
            self.processor.host.calls().turn();
        }
        worked |= self.processor.serve_sink();
        self.drain_consumer();
        self.poll_monitor();
        self.commit_if_due();
        self.continue_revocation();
        self.control_intake();
        self.look_after();
        self.publish();
        if !worked {
            self.wait();
        }
    }

    fn read(&mut self) -> bool {
        let mut read = 0;
        // Once per batch: to take the version counts on memory that all shards share.
        let version = self.processor.spec.workflow.current();
        // Others than the events that are read wait, too: for their turns, and for the clock to be looked at.
        let enough = self.processor.host.enough_work();
        while read < READ_BATCH
            && self.processor.host.work_done() < enough
            && self.intake.has_room(&self.processor)
            && self.poll_for(Some(&version), Duration::ZERO)
        {
            read += 1;
        }
        read > 0
    }

    /// Polls the consumer, which also serves its callbacks, and runs the event that comes. Whether anything came.
    fn poll(&mut self, timeout: Duration) -> bool {
        self.poll_for(None, timeout)
    }

    /// The same, for an event that this version is to run; without one, the version that is current when the event is there:
    /// an idle shard that waits must not run an event by a version that was swapped meanwhile.
    fn poll_for(&mut self, version: Option<&Arc<Version<Program>>>, timeout: Duration) -> bool {
        let Self { consumer, processor, intake, .. } = self;
        match consumer.poll(timeout) {
            None => return false,
            // It is not tracked, and nothing behind it will be: the next owner reads it again.
            Some(Ok(_)) if intake.is_stopped() => {}
            Some(Ok(message)) => match version {
                Some(version) => processor.event(&message, version),
                None => processor.event(&message, &processor.spec.workflow.current()),
            },
            Some(Err(error)) => consume_error(consumer, processor, &error),
        }
        if self.processor.partitions.has_full() {
            self.hold_full();
        }
        true
    }

    /// Waits for whatever can happen next: a record, an outcome, an acknowledgement, a time.
    fn wait(&mut self) {
        let timeout = self.time_to_wait();
        if timeout.is_zero() {
            return;
        }
        // A callback rings the bell as the answer to a call does.
        if self.processor.host.calls().open() > 0 || self.processor.host.awaits_callbacks() {
            self.processor.host.calls().wait(timeout);
        } else if self.intake.is_holding() {
            std::thread::sleep(timeout.min(ACKNOWLEDGEMENT_WAIT));
        } else {
            self.poll(timeout);
        }
    }

    fn time_to_wait(&self) -> Duration {
        let mut timeout = LONGEST_WAIT;
        // The thread that commits can't wake the shard either.
        let waits_for_commit = self.committer.is_busy() && self.processor.partitions.held() > 0;
        if self.processor.sink.waiting() > 0 || waits_for_commit {
            timeout = ACKNOWLEDGEMENT_WAIT;
        }
        if let Some(time) = self.processor.host.time_to_next_turn(self.processor.clock.now()) {
            timeout = timeout.min(time);
        }
        timeout
    }

    /// Acts on what the consumer told through its callbacks.
    pub(super) fn drain_consumer(&mut self) {
        let Some(news) = self.consumer.context().take() else { return };
        if let Some(positions) = news.positions {
            self.positions = positions;
        }
        self.note_resets(news.resets);
        if news.stopped {
            self.note_stopped();
        }
        for rebalance in news.rebalances {
            self.rebalance(rebalance);
        }
    }

    fn commit_if_due(&mut self) {
        let now = Instant::now();
        // Where a partition waits for a commit, the next one begins as soon as one has ended.
        if now >= self.next_commit || self.processor.partitions.held() > 0 {
            self.next_commit = now + self.processor.spec.pipeline.commit_interval;
            self.processor.partitions.look_at_deliveries(now);
            self.poll_committer();
            self.begin_commit();
        }
    }

    /// Begins a commit of what is complete, if none is under way and anything moved.
    fn begin_commit(&mut self) {
        if !self.committer.is_busy()
            && let Some(offsets) = self.processor.partitions.take_uncommitted()
        {
            self.committer.commit(offsets, self.processor.partitions.passed());
        }
    }

    /// Takes the outcome of the commit under way, if it has come. Whether another one may succeed.
    fn poll_committer(&mut self) -> bool {
        let Some(committed) = self.committer.outcome() else { return true };
        let is_member = !committed.is_fenced();
        let is_postponed = committed.is_postponed();
        let is_too_large = committed.is_metadata_too_large();
        let Processor { partitions, counts, spec, .. } = &mut self.processor;
        match committed.result {
            Ok(()) => {
                counts.stats.commits.add(1);
                counts.stats.committed.set(committed.events);
                counts.metrics.committed();
                partitions.commit_succeeded(&committed.offsets);
            }
            Err(error) => {
                // Nothing is wrong.
                if is_postponed {
                    events::commit_postponed(&spec.pipeline.name);
                } else if is_too_large {
                    events::metadata_shortened(&spec.pipeline.name, partitions.shorten_metadata());
                } else {
                    events::commit_failed(&counts.metrics, &spec.pipeline.name, &error);
                }
                partitions.commit_failed(&committed.offsets);
            }
        }
        is_member
    }

    /// Commits and waits for the broker's answer: the last thing before partitions are let go.
    pub(super) fn commit_and_wait(&mut self) {
        let deadline = Instant::now() + COMMIT_TIMEOUT;
        while self.poll_committer() {
            // One that was under way may be from before the last events were complete.
            self.begin_commit();
            if !self.committer.is_busy() || Instant::now() >= deadline {
                return;
            }
            // librdkafka holds records back during a rebalance. Should one come of a partition that stays, it must be run: a
            // later one would be committed past it.
            self.poll(ACKNOWLEDGEMENT_WAIT);
            self.drain_consumer();
        }
    }

    fn publish(&mut self) {
        let processor = &mut self.processor;
        let stats = &processor.counts.stats;
        stats.in_flight_bytes.set(processor.in_flight_bytes() as u64);
        stats.waiting.set(processor.host.waiting() as u64);
        let calls = processor.host.calls();
        stats.open_calls.set(calls.open() as u64);
        stats.task_calls.set(calls.begun());
        stats.task_failures.set(calls.failed());
        if processor.counts.is_due() {
            let levels = self.readiness.levels(&self.intake, processor);
            processor.publish(levels);
            let (awaited, longest) = processor.host.awaited_callbacks(processor.clock.now());
            self.callbacks.publish(awaited, longest);
        }
    }

    /// Nothing more is read; what is in flight may end within the pipeline's bound.
    fn drain(&mut self) {
        let deadline = Instant::now() + self.processor.spec.pipeline.drain_timeout;
        self.intake.stop();
        if let Some(all) = self.processor.partitions.list() {
            // Should it fail, records are dropped unread below: the next owner reads them.
            self.consumer.pause(&all).ok();
        }
        while self.processor.partitions.in_flight() > 0
            && self.processor.can_go_on(|_| true)
            && Instant::now() < deadline
            && !self.processor.spec.stop.is_aborted()
        {
            let mut worked = self.processor.drive();
            worked |= self.processor.serve_sink();
            self.drain_consumer();
            self.poll_monitor();
            self.commit_if_due();
            self.continue_revocation();
            self.look_after();
            self.publish();
            if !worked {
                self.processor.host.calls().wait(self.time_to_wait().min(ACKNOWLEDGEMENT_WAIT));
            }
            // Membership and rebalances need it.
            self.poll(Duration::ZERO);
        }
    }

    /// The orderly end: offsets are committed, and the group learns that this member leaves.
    pub(super) fn close(mut self) {
        self.processor.partitions.end_in_order(|_| true);
        self.commit_and_wait();
        let levels = self.readiness.levels(&self.intake, &self.processor);
        self.processor.publish(levels);
        self.consumer.context().close();
        self.is_closing = true;
        if let Some(partitions) = self.assigning.take() {
            self.take_over(&partitions);
        }
        // A rebalance that the last poll reported has no other answer.
        self.drain_consumer();
        if let Some(revocation) = self.revocation.take() {
            self.finish_revocation(revocation);
        }
        leave(&self.consumer);
        self.correspondence.owns(Vec::new());
        self.committer.close();
        let is_aborted = self.processor.spec.stop.is_aborted();
        self.processor.log.flush(if is_aborted { Duration::ZERO } else { LOG_FLUSH_TIMEOUT });
        // Dropping the producer throws away what was not acknowledged in time.
    }
}

/// Leaves the group. Closing the consumer alone does not always tell the broker: a member without partitions went
/// silently, and the group then waited for its session to time out.
pub(super) fn leave(consumer: &ShardConsumer) {
    consumer.unsubscribe();
    let deadline = Instant::now() + LEAVE_TIME;
    while Instant::now() < deadline {
        // Serves the last revocation. Records that still come are not ours any more.
        consumer.poll(ACKNOWLEDGEMENT_WAIT);
    }
}

fn consume_error(consumer: &ShardConsumer, processor: &Processor, error: &KafkaError) {
    match error.rdkafka_error_code() {
        // The monitor tells.
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {}
        Some(RDKafkaErrorCode::AutoOffsetReset) => consumer.context().note(|news| news.stopped = true),
        _ => client::report(&processor.counts.metrics, &processor.spec.pipeline.name, error, "while reading"),
    }
}
