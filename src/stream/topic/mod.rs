//! The `topic` connector: results of distributed Maps as records of a Kafka topic.
//!
//! Each result of a ResultWriter's files is a record of its own, byte for byte, under the key of its file; the manifest comes
//! last, when the brokers have acknowledged everything else. A call succeeds when they have acknowledged that too.
//!
//! A producer is made by the first call and shared by all. It has a thread of its own, so that calls go on whatever the
//! shards are doing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer};
use tokio::sync::{Notify, RwLock};

use super::ask::ask_output;
use super::properties::{Side, check_properties, sealed};
use super::sink::{error_code, is_too_large};
use super::suspects::{Suspect, Suspects};
use super::topic_trouble::TopicTrouble;
use super::{client, headers};
use crate::config::{Findings, Options, Place, Properties, Redactor};
use crate::identity;
use crate::task::{
    Answer, BoxFuture, Connector, ConnectorKind, DataObject, Purpose, Request, Resource, Role, TaskFailure,
};
use crate::telemetry::events;

#[cfg(test)]
mod tests;

/// Pause before a record is handed over again to a client whose queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);
/// Records that are handed over at a stretch: then the shard's other calls get their turn.
const RECORDS_PER_TURN: usize = 256;

/// The kind `topic`.
pub static TOPIC: ConnectorKind = ConnectorKind {
    name: "topic",
    options: &["topic", "kafka"],
    can_pause: false,
    make,
    address: Some("topic"),
    suggestion: |_, _| None,
    implied: ConnectorKind::nothing_implied,
};

fn make(options: &mut Options<'_>, timeout: Duration) -> Option<Arc<dyn Connector>> {
    let topic = options.topic("topic", "name the topic to write to: topic = \"map-results\"");
    let properties = options.producer("kafka", topic.as_deref().unwrap_or(TOPIC.name), timeout);
    let errors = check_properties(&properties, Side::Producer);
    for error in &errors {
        let place = error.property().and_then(|name| properties.place(name)).cloned();
        options.mistake_at(&place.unwrap_or_else(|| options.place("kafka")), error.to_string(), error.hint());
    }
    let destination = Destination {
        topic: topic.filter(|_| errors.is_empty())?.into(),
        properties,
        timeout,
        client: tokio::sync::Mutex::default(),
        batches: RwLock::default(),
        trouble: Arc::default(),
    };
    Some(Arc::new(TopicConnector { destination: Arc::new(destination) }))
}

struct TopicConnector {
    destination: Arc<Destination>,
}

impl Connector for TopicConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let destination = Arc::clone(&self.destination);
        Box::pin(async move {
            let Purpose::WriteObjects(objects) = &request.purpose else { return Err(writes_only(&request)) };
            let timeout = request.timeout.map_or(destination.timeout, |timeout| timeout.min(destination.timeout));
            let began = Instant::now();
            let silence = || destination.silence(timeout, began);
            match tokio::time::timeout(timeout, destination.write(&request, objects, silence)).await {
                Ok(Ok(())) => Ok(b"null".to_vec()),
                Ok(Err(cause)) => Err(failure(cause)),
                Err(_) => Err(failure(silence())),
            }
        })
    }

    fn refuses(&self, _: &Resource, role: Role) -> Option<String> {
        (role != Role::ResultWriter).then(|| format!("serves no {role}, only ResultWriter"))
    }

    fn kind(&self) -> &'static str {
        TOPIC.name
    }

    fn ask(&self, place: &Place, patience: Duration) -> BoxFuture<'static, Findings> {
        let (destination, place) = (Arc::clone(&self.destination), place.clone());
        let ask = move || ask_output(&destination.properties, &destination.topic, &place, patience);
        Box::pin(async move { tokio::task::spawn_blocking(ask).await.unwrap_or_default() })
    }
}

fn writes_only(request: &Request) -> TaskFailure {
    let cause = format!(
        "The topic connector serves only the ResultWriter of Map states: give {} a [[task]] entry with another connector.",
        request.resource
    );
    TaskFailure::new("States.Runtime", cause)
}

/// Of a writer's failure only the cause is shown.
fn failure(cause: String) -> TaskFailure {
    TaskFailure::new("States.TaskFailed", cause)
}

/// A topic, and the way to it.
struct Destination {
    topic: Arc<str>,
    properties: Properties,
    timeout: Duration,
    client: tokio::sync::Mutex<Option<Arc<Client>>>,
    /// Shared by those who send in batches, exclusive to who has to find the records that are too large.
    batches: RwLock<()>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What the client told last, and when.
struct Trouble {
    at: Instant,
    text: String,
}

/// A result on its way.
struct Record<'a> {
    object: &'a DataObject,
    number: usize,
    text: &'a [u8],
}

/// A record that was not taken.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// Its place among the records of its call.
    index: usize,
    code: RDKafkaErrorCode,
    /// Where the client had put it.
    partition: Option<i32>,
}

/// A record that was in a batch which is too large.
struct Returned<'a> {
    refusal: Refusal,
    record: &'a Record<'a>,
    topic: &'a str,
}

impl Suspect for Returned<'_> {
    fn destination(&self) -> (&str, Option<i32>) {
        (self.topic, self.refusal.partition)
    }

    fn bytes(&self) -> usize {
        self.record.text.len() + self.record.object.key.len()
    }
}

impl Destination {
    /// Writes all records; what can't be written is the cause of a failure. `silence` is that of records whose time is over.
    async fn write(
        &self,
        request: &Request,
        objects: &[DataObject],
        silence: impl Fn() -> String,
    ) -> Result<(), String> {
        let client = self.client().await?;
        let Some((manifest, files)) = objects.split_last() else { return Ok(()) };
        for objects in [files, std::slice::from_ref(manifest)] {
            let records: Vec<Record<'_>> = objects.iter().flat_map(records).collect();
            if let Some(Refusal { index, code, .. }) = self.refusal(&client, request, &records).await {
                if code == RDKafkaErrorCode::Fatal || TopicTrouble::of(code).keeps_out() {
                    self.give_up(&client).await;
                }
                // The client's time for them is that of the call: either may notice first.
                let is_over = code == RDKafkaErrorCode::MessageTimedOut;
                return Err(if is_over { silence() } else { self.refused(records.get(index), code) });
            }
        }
        Ok(())
    }

    /// Sends the records, and says which one is not taken for good.
    async fn refusal(&self, client: &Client, request: &Request, records: &[Record<'_>]) -> Option<Refusal> {
        let mut refused = {
            let _beside_others = self.batches.read().await;
            client
                .send(&self.topic, request, records.iter().enumerate().map(|(index, record)| (index, None, record)))
                .await
        };
        refused.sort_unstable_by_key(|refusal| refusal.index);
        let mut suspects = Suspects::default();
        loop {
            for refusal in refused {
                let Some(record) = records.get(refusal.index).filter(|_| is_too_large(refusal.code)) else {
                    return Some(refusal);
                };
                let returned = Returned { refusal, record, topic: &self.topic };
                match suspects.is_in_round() {
                    true => suspects.came_back(returned, true),
                    false => suspects.add(returned),
                }
            }
            if suspects.is_in_round()
                && let Some(culprit) = suspects.end().into_iter().min_by_key(|culprit| culprit.refusal.index)
            {
                return Some(culprit.refusal);
            }
            if suspects.is_empty() {
                return None;
            }
            let _alone = self.batches.write().await;
            let round = suspects.begin();
            let again =
                round.iter().map(|Returned { refusal, record, .. }| (refusal.index, refusal.partition, *record));
            refused = client.send(&self.topic, request, again).await;
        }
    }

    async fn client(&self) -> Result<Arc<Client>, String> {
        let mut current = self.client.lock().await;
        if let Some(client) = &*current {
            return Ok(Arc::clone(client));
        }
        let properties = self.properties.clone();
        let events = Events {
            topic: Arc::clone(&self.topic),
            redactor: self.properties.redactor(),
            trouble: Arc::clone(&self.trouble),
        };
        let made = tokio::task::spawn_blocking(move || Client::new(&properties, events)).await;
        let client = match made {
            Ok(Ok(client)) => Arc::new(client),
            Ok(Err(error)) => {
                return Err(format!("No Kafka client for the topic {} can be made: {error}.", self.topic));
            }
            Err(error) => return Err(format!("No Kafka client for the topic {} can be made: {error}.", self.topic)),
        };
        *current = Some(Arc::clone(&client));
        Ok(client)
    }

    /// The next call makes a new client: one that failed fatally takes nothing any more, and one that did not find the topic
    /// does not look again for long.
    async fn give_up(&self, client: &Arc<Client>) {
        let mut current = self.client.lock().await;
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, client)) {
            *current = None;
        }
    }

    fn refused(&self, record: Option<&Record<'_>>, code: RDKafkaErrorCode) -> String {
        let topic = &self.topic;
        let what = record.map_or("a record".to_owned(), |record| {
            format!("record {} of {} ({} bytes)", record.number, record.object.key, record.text.len())
        });
        let hint = if is_too_large(code) {
            ". The topic's max.message.bytes and the producer's message.max.bytes bound its size"
        } else if TopicTrouble::of(code).keeps_out() {
            ". Create the topic, or allow this client to write to it"
        } else {
            ""
        };
        format!("The topic {topic} did not take {what}: {code}{hint}.")
    }

    fn silence(&self, timeout: Duration, began: Instant) -> String {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = match &*trouble {
            Some(trouble) if trouble.at >= began => format!(" The Kafka client says: {}.", trouble.text),
            _ => String::new(),
        };
        format!("The topic {} has not acknowledged all results within {timeout:?}.{reason}", self.topic)
    }
}

fn records(object: &DataObject) -> impl Iterator<Item = Record<'_>> {
    object.records().enumerate().map(move |(number, text)| Record { object, number, text })
}

/// A producer.
struct Client {
    /// Taken only to be dropped.
    producer: Option<ThreadedProducer<Events>>,
}

impl Client {
    fn new(properties: &Properties, events: Events) -> KafkaResult<Client> {
        client::has_threads(properties)?;
        let made = ThreadedProducer::from_config_and_context(&client::client_config(properties), events);
        let producer = sealed(made, properties)?;
        Ok(Client { producer: Some(producer) })
    }

    /// Hands the records over and waits until something has become of each; gives those that were not taken.
    async fn send<'a>(
        &self,
        topic: &str,
        request: &Request,
        records: impl Iterator<Item = (usize, Option<i32>, &'a Record<'a>)>,
    ) -> Vec<Refusal> {
        let Some(producer) = &self.producer else { return Vec::new() };
        let wave = Arc::new(Wave { open: AtomicUsize::new(1), refused: Mutex::default(), over: Notify::new() });
        for (sent, (index, partition, record)) in records.enumerate() {
            if sent % RECORDS_PER_TURN == RECORDS_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
            wave.open.fetch_add(1, Ordering::AcqRel);
            let ticket = Box::new(Ticket { wave: Arc::clone(&wave), index });
            let mut message = BaseRecord::with_opaque_to(topic, ticket)
                .key(record.object.key.as_str())
                .payload(record.text)
                .headers(headers_of(request, record));
            message.partition = partition;
            while let Err((error, back)) = producer.send(message) {
                let code = error_code(&error);
                if code != RDKafkaErrorCode::QueueFull {
                    wave.ended(Some(Refusal { index, code, partition }));
                    break;
                }
                message = back;
                tokio::time::sleep(QUEUE_PAUSE).await;
            }
        }
        wave.end().await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let producer = self.producer.take();
        // It ends a thread and waits for reports, which a shard has no time for. Where no thread is to be had, it does so here.
        std::thread::Builder::new().name("topic-end".to_owned()).spawn(move || drop(producer)).ok();
    }
}

fn headers_of(request: &Request, record: &Record<'_>) -> rdkafka::message::OwnedHeaders {
    let (workflow, execution) = identity::workflow_and_name(&request.execution).unwrap_or_default();
    let key = record.object.key.as_str();
    headers::of_map_result(headers::MapResult {
        workflow,
        execution,
        state: &request.state,
        file: key.rsplit('/').next().unwrap_or(key),
        record: record.number,
    })
}

/// Records that are sent together.
struct Wave {
    /// Records that nothing has become of yet, and one more while they are being handed over.
    open: AtomicUsize,
    refused: Mutex<Vec<Refusal>>,
    over: Notify,
}

impl Wave {
    fn ended(&self, refusal: Option<Refusal>) {
        if let Some(refusal) = refusal {
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(refusal);
        }
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.over.notify_one();
        }
    }

    async fn end(&self) -> Vec<Refusal> {
        self.ended(None);
        while self.open.load(Ordering::Acquire) > 0 {
            self.over.notified().await;
        }
        std::mem::take(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Goes with a record, to tell what became of it.
struct Ticket {
    wave: Arc<Wave>,
    index: usize,
}

/// Callbacks of the producer.
struct Events {
    topic: Arc<str>,
    redactor: Redactor,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(&self.redactor, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let text = format!("{error}: {}", self.redactor.redact(reason));
        events::topic_client_error(&self.topic, &text);
        // It only sums up what was reported before.
        if error_code(&error) == RDKafkaErrorCode::AllBrokersDown {
            return;
        }
        let trouble = Trouble { at: Instant::now(), text };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }
}

impl ProducerContext for Events {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let refusal = result.as_ref().err().map(|(error, message)| Refusal {
            index: ticket.index,
            code: error_code(error),
            partition: Some(message.partition()).filter(|partition| *partition >= 0),
        });
        ticket.wave.ended(refusal);
    }
}
