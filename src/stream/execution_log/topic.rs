//! The topic that gets the events of executions, if a pipeline has one for them.
//!
//! It never stands in the way of the events that the pipeline is for: a producer of its own, shared by the shards, whose queue
//! is bounded. What that has no room for, or the brokers don't take in time, is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig};

use super::Subject;
use crate::config::{self, Redactor};
use crate::stream::properties::sealed;
use crate::stream::sink::error_code;
use crate::stream::{client, headers};
use crate::telemetry::{PipelineMetrics, events};

/// A topic for events of executions.
pub(in crate::stream) struct LogTopic {
    topic: Arc<str>,
    producer: BaseProducer<Losses>,
}

impl LogTopic {
    /// Makes the producer; brokers that can't be reached and a topic that is missing are no error.
    pub(in crate::stream) fn new(
        pipeline: &Arc<str>,
        topic: &config::LogTopic,
        metrics: PipelineMetrics,
    ) -> KafkaResult<Self> {
        let name: Arc<str> = topic.topic.as_str().into();
        let losses =
            Losses { pipeline: pipeline.clone(), topic: name.clone(), redactor: topic.producer.redactor(), metrics };
        client::has_threads(&topic.producer)?;
        let made = BaseProducer::from_config_and_context(&client::client_config(&topic.producer), losses);
        Ok(Self { topic: name, producer: sealed(made, &topic.producer)? })
    }

    /// Writes events of one execution, under its ARN, so that they stay together and in order.
    pub(super) fn write(&self, subject: &Subject<'_>, events: impl Iterator<Item = String>) {
        let source = headers::Source {
            topic: subject.topic,
            partition: subject.partition,
            offset: subject.offset,
            workflow: subject.workflow,
            execution: subject.name,
        };
        let headers = headers::with_source(headers::with_version(None, subject.version), source);
        for event in events {
            let record = BaseRecord::to(&self.topic).key(subject.arn).payload(&event).headers(headers.clone());
            if let Err((error, _)) = self.producer.send(record) {
                self.producer.context().lost(&error);
            }
        }
    }

    /// Takes up what came of records.
    pub(super) fn serve(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// Gives records that time to arrive; what has not is dropped.
    pub(super) fn flush(&self, time: Duration) {
        if self.producer.flush(time).is_err() {
            self.producer.purge(PurgeConfig::default().queue().inflight());
            self.serve();
        }
    }
}

/// Callbacks of the producer: what was not taken is counted.
struct Losses {
    pipeline: Arc<str>,
    topic: Arc<str>,
    redactor: Redactor,
    metrics: PipelineMetrics,
}

impl Losses {
    fn lost(&self, error: &KafkaError) {
        events::execution_event_lost(&self.metrics, &self.pipeline, &self.topic, &error_code(error));
    }
}

impl ClientContext for Losses {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(&self.redactor, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::report(&self.metrics, &self.pipeline, &error, &self.redactor.redact(reason));
    }
}

impl ProducerContext for Losses {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.lost(error);
        }
    }
}
