//! Reads what a pipeline wrote and enters it in the books.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Kind, Ledger, number_of};
use crate::config::{self, StartFrom};
use crate::threads::MORE_THREADS;

/// One wait for a record: bounds how late the collector sees that it should stop.
const POLL: Duration = Duration::from_millis(50);
/// How long the cluster may take to tell a topic's partitions.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// The topics that a pipeline writes, and what a record in each stands for.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Topics(Vec<(String, Kind)>);

impl Topics {
    /// Those of a pipeline. Where failures share the sink they count as results: only their headers differ.
    pub(crate) fn of(pipeline: &config::Pipeline) -> Self {
        let mut topics = Vec::new();
        let all = [
            (&pipeline.sink, Kind::Result),
            (&pipeline.failures, Kind::Failure),
            (&pipeline.dead_letters, Kind::DeadLetter),
        ];
        for (topic, kind) in all {
            if let Some(topic) = topic
                && !topics.iter().any(|(known, _)| known == topic)
            {
                topics.push((topic.clone(), kind));
            }
        }
        Self(topics)
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(topic, _)| topic.as_str())
    }

    fn kind(&self, topic: &str) -> Option<Kind> {
        self.0.iter().find(|(known, _)| known == topic).map(|(_, kind)| *kind)
    }
}

/// Why outcomes can't be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum CollectorError {
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("no thread can be made that reads the results: {0}; {MORE_THREADS}")]
    Thread(std::io::Error),
}

/// A thread that reads the topics.
pub(in crate::cli) struct Collector {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Collector {
    /// Starts to read. The topics must exist.
    pub(crate) fn start(
        config: &ClientConfig,
        topics: Topics,
        from: StartFrom,
        ledger: Arc<Ledger>,
    ) -> Result<Self, CollectorError> {
        let mut config = config.clone();
        config.set("group.id", "stepstream-collector").set("enable.auto.commit", "false");
        config.set("fetch.wait.max.ms", "10").set("fetch.queue.backoff.ms", "2");
        let consumer: BaseConsumer = config.create()?;
        let mut all = TopicPartitionList::new();
        for topic in topics.names() {
            let metadata = consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT)?;
            for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
                let offset = match from {
                    StartFrom::Earliest => Offset::Beginning,
                    // Not `Offset::End`, which is looked up later: what is written until then would be missed.
                    StartFrom::Latest => {
                        Offset::Offset(consumer.fetch_watermarks(topic, partition.id(), METADATA_TIMEOUT)?.1)
                    }
                };
                all.add_partition_offset(topic, partition.id(), offset)?;
            }
        }
        consumer.assign(&all)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        // Then the records' headers say what they are. Reading them costs, so only then.
        let shares_sink = !topics.0.iter().any(|(_, kind)| *kind == Kind::Failure);
        let read = move || {
            while !stopped.load(Ordering::Relaxed) {
                // Errors are those of connections; the client tries again.
                if let Some(Ok(message)) = consumer.poll(POLL)
                    && let (Some(number), Some(kind)) =
                        (message.key().and_then(number_of), topics.kind(message.topic()))
                {
                    if let Some(headers) = message.headers().filter(|_| kind != Kind::Result || shares_sink) {
                        ledger.failed(headers);
                    }
                    ledger.outcome(number, kind);
                }
            }
        };
        let thread = Builder::new().name("collector".to_owned()).spawn(read).map_err(CollectorError::Thread)?;
        Ok(Self { stop, thread })
    }

    /// Stops to read.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic of the thread was reported when it happened; its outcomes are missing in the books.
        self.thread.join().ok();
    }
}
