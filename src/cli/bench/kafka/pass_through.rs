//! The yardstick: records from topic to topic as they are, at least once, by the client settings of the pipeline.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::Throughput;
use crate::cli::bench::machine;
use crate::config::Pipeline;
use crate::stream::{OffsetTracker, Sequence, headers};
use crate::threads::MORE_THREADS;

/// Records read before acknowledgements are looked at.
const BATCH: usize = 256;
/// No record for so long, and no rebalance: the run is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// What threads of one run share.
struct Copying {
    events: u64,
    done: AtomicU64,
    began: Mutex<Option<(Instant, Option<Duration>)>>,
}

/// Carries `events` records from the pipeline's sources to its sink, on as many threads as it has shards.
pub(super) fn run(pipeline: &Pipeline, events: u64) -> Result<Throughput, String> {
    let run = Arc::new(Copying { events, done: AtomicU64::new(0), began: Mutex::new(None) });
    let threads = (0..pipeline.shards)
        .map(|_| {
            let (run, pipeline) = (run.clone(), pipeline.clone());
            let carry = move || carry(&run, &pipeline).map_err(|error| format!("pass-through: {error}"));
            let thread = std::thread::Builder::new().name("pass-through".to_owned()).spawn(carry);
            thread.map_err(|error| format!("pass-through: no thread can be made: {error}; {MORE_THREADS}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for thread in threads {
        thread.join().map_err(|_| "pass-through: a thread panicked".to_owned())??;
    }
    let began = *run.began.lock().unwrap_or_else(PoisonError::into_inner);
    let (began, cpu) = began.ok_or("pass-through: no record was read")?;
    let done = run.done.load(Ordering::Relaxed);
    if done < events {
        return Err(format!(
            "pass-through: only {done} of {events} records within {} s of silence",
            PATIENCE.as_secs()
        ));
    }
    let spent = machine::process_cpu_time().zip(cpu).map(|(now, before)| now.saturating_sub(before));
    Ok(Throughput { events, took: began.elapsed(), cpu: spent })
}

#[derive(Default)]
struct Acknowledged(Mutex<Vec<usize>>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        if result.is_ok() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(opaque);
        }
    }
}

fn carry(run: &Copying, pipeline: &Pipeline) -> KafkaResult<()> {
    let (Some(source), Some(sink)) = (pipeline.sources.first(), &pipeline.sink) else { return Ok(()) };
    let consumer: BaseConsumer = config(&pipeline.consumer).create()?;
    let producer = BaseProducer::from_config_and_context(&config(&pipeline.producer), Acknowledged::default())?;
    consumer.subscribe(&[source])?;
    let mut trackers: HashMap<i32, OffsetTracker> = HashMap::new();
    let (mut last, mut commit) = (Instant::now(), Instant::now());
    while run.done.load(Ordering::Relaxed) < run.events && last.elapsed() < PATIENCE {
        let in_flight: usize = trackers.values().map(OffsetTracker::in_flight).sum();
        let mut read = 0;
        while read < BATCH && in_flight + read < pipeline.max_in_flight {
            let Some(message) = consumer.poll(Duration::ZERO) else { break };
            let Ok(message) = message else { continue };
            begin(run);
            let tracker = trackers.entry(message.partition()).or_default();
            let Sequence(sequence) = tracker.track(message.offset(), 0);
            let opaque = (message.partition() as usize) << 32 | sequence as usize;
            send(&producer, sink, &message, opaque)?;
            read += 1;
        }
        producer.poll(Duration::ZERO);
        let acknowledged = std::mem::take(&mut *producer.context().0.lock().unwrap_or_else(PoisonError::into_inner));
        for opaque in &acknowledged {
            let tracker = trackers.entry((opaque >> 32) as i32).or_default();
            tracker.complete(Sequence(*opaque as u32));
        }
        if !acknowledged.is_empty() {
            last = Instant::now();
            run.done.fetch_add(acknowledged.len() as u64, Ordering::Relaxed);
        }
        if commit.elapsed() >= pipeline.commit_interval {
            commit = Instant::now();
            commit_watermarks(&consumer, source, &mut trackers, CommitMode::Async)?;
        }
        if read == 0 && acknowledged.is_empty() {
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    commit_watermarks(&consumer, source, &mut trackers, CommitMode::Sync)
}

fn begin(run: &Copying) {
    // Only the first record of a run finds it empty; a lock that nobody else wants costs some nanoseconds.
    let mut began = run.began.lock().unwrap_or_else(PoisonError::into_inner);
    if began.is_none() {
        *began = Some((Instant::now(), machine::process_cpu_time()));
    }
}

fn send(producer: &BaseProducer<Acknowledged>, sink: &str, message: &impl Message, opaque: usize) -> KafkaResult<()> {
    let mut record = BaseRecord::with_opaque_to(sink, opaque).headers(headers::of_result(None, "order", "1-00000000"));
    record.key = message.key();
    record.payload = message.payload();
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error),
        }
    }
}

fn commit_watermarks(
    consumer: &BaseConsumer,
    topic: &str,
    trackers: &mut HashMap<i32, OffsetTracker>,
    mode: CommitMode,
) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    for (partition, tracker) in trackers {
        if let Some((offset, _)) = tracker.commit(0) {
            list.add_partition_offset(topic, *partition, Offset::Offset(offset))?;
        }
    }
    if list.count() == 0 { Ok(()) } else { consumer.commit(&list, mode) }
}

fn config(properties: &crate::config::Properties) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in properties.iter() {
        config.set(name, value);
    }
    config
}
