//! Writes events again that failed, and marks what was written.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::{Letter, LettersError};
use crate::config::Properties;
use crate::stream::client::{client_config, has_threads};
use crate::stream::headers;
use crate::stream::properties::sealed;
use crate::stream::reread::Reread;

/// How long a batch may take to be acknowledged.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);
/// Letters that are written before they are marked: what a crash would replay twice.
const BATCH: usize = 500;

/// How the event was had that is written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Key, bytes and headers as they came: from its place in the source topic, or from the dead letter, which has them all.
    Original,
    /// From the failure, because the source topic no longer has it: without the blanks around its value, and without the event's
    /// headers unless the pipeline forwards them.
    Failure,
    /// Neither has its value.
    Gone,
}

/// A record of which the brokers' answer is wanted.
type Record<'a> = BaseRecord<'a, [u8], [u8], usize>;

/// Writes events of letters into the topics that they came from.
pub struct Replayer {
    producer: BaseProducer<Outcome>,
    originals: Reread,
    topic: String,
    /// Written, and not marked yet: partition and offset.
    unmarked: Vec<(i32, i64)>,
}

/// What the brokers answered.
#[derive(Default)]
struct Outcome {
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    /// Numbers of the events that they took.
    taken: Vec<usize>,
    /// The first record that they refused: its topic, and why.
    refused: Option<(String, KafkaError)>,
}

/// The number of a record that is no event, but a mark.
const MARK: usize = usize::MAX;

impl Outcome {
    fn take(&self) -> Answers {
        std::mem::take(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Outcome {}

impl ProducerContext for Outcome {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) if number == MARK => {}
            Ok(_) => answers.taken.push(number),
            Err((error, record)) => {
                answers.refused.get_or_insert_with(|| (record.topic().to_owned(), error.clone()));
            }
        }
    }
}

/// An event that is to be written.
struct Event {
    topic: String,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: OwnedHeaders,
}

impl Replayer {
    /// `topic` is that of the letters, where they are marked.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(consumer: &Properties, producer: &Properties, topic: &str) -> Result<Self, LettersError> {
        let make = || {
            has_threads(producer)?;
            let mut config = client_config(producer);
            // Somebody waits for it.
            config.set("message.timeout.ms", "30000").set("statistics.interval.ms", "0");
            let made: Result<BaseProducer<Outcome>, KafkaError> = config.create_with_context(Outcome::default());
            sealed(made, producer)
        };
        let originals = Reread::new(consumer.clone());
        Ok(Self {
            producer: make().map_err(LettersError::Client)?,
            originals,
            topic: topic.to_owned(),
            unmarked: Vec::new(),
        })
    }

    /// How the event of this letter would be written.
    pub fn way(&mut self, letter: &Letter) -> Way {
        self.event(letter).map_or(Way::Gone, |(way, _)| way)
    }

    /// Writes the event of this letter again. It is marked with the others of its batch.
    ///
    /// # Errors
    /// A topic does not take a record.
    pub fn replay(&mut self, letter: &Letter) -> Result<Way, LettersError> {
        let Some((way, event)) = self.event(letter) else { return Ok(Way::Gone) };
        let number = self.unmarked.len();
        let mut record: Record<'_> = BaseRecord::with_opaque_to(&event.topic, number).headers(event.headers);
        record.key = event.key.as_deref();
        record.payload = event.value.as_deref();
        self.send(record)?;
        self.unmarked.push((letter.partition, letter.offset));
        if self.unmarked.len() >= BATCH {
            self.finish()?;
        }
        Ok(way)
    }

    /// Waits until the brokers have answered for what was written, and marks what they took.
    ///
    /// # Errors
    /// A topic does not take a record. What the brokers took all the same is marked.
    pub fn finish(&mut self) -> Result<(), LettersError> {
        let (taken, written) = self.flush();
        let unmarked = std::mem::take(&mut self.unmarked);
        let topic = self.topic.clone();
        for (partition, offset) in taken.into_iter().filter_map(|number| unmarked.get(number)) {
            let text = offset.to_string();
            // A key and a value of its own: in a compacted topic it neither takes a letter away nor goes before it does.
            let key = format!("{}-{offset}", headers::REPLAYED);
            let mark = OwnedHeaders::new().insert(Header { key: headers::REPLAYED, value: Some(text.as_str()) });
            let record: Record<'_> = BaseRecord::with_opaque_to(&topic, MARK).partition(*partition).headers(mark);
            self.send(record.key(key.as_bytes()).payload(text.as_bytes()))?;
        }
        let (_, marked) = self.flush();
        written.and(marked)
    }

    fn event(&mut self, letter: &Letter) -> Option<(Way, Event)> {
        let source = letter.source()?;
        // A dead letter with a value has all that its event had.
        if !(letter.is_dead_letter() && letter.value.is_some()) {
            let original = self.originals.event(&source.topic, source.partition, source.offset);
            if let Some(original) = original.filter(|original| letter.is_about(original.key(), original.payload())) {
                let headers = original.headers().map(|all| headers::of_event(all, || all.clone()));
                let (key, value) = (original.key().map(<[u8]>::to_vec), original.payload().map(<[u8]>::to_vec));
                let headers = headers.unwrap_or_default();
                return Some((Way::Original, Event { topic: source.topic, key, value, headers }));
            }
        }
        let way = if letter.is_dead_letter() { Way::Original } else { Way::Failure };
        let value = letter.event()?.to_vec();
        let headers = letter
            .event_headers()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value }));
        Some((way, Event { topic: source.topic, key: letter.key.clone(), value: Some(value), headers }))
    }

    fn send(&self, mut record: Record<'_>) -> Result<(), LettersError> {
        loop {
            let topic = record.topic.to_owned();
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    self.producer.poll(Duration::from_millis(10));
                    record = returned;
                }
                Err((source, _)) => return Err(LettersError::Refused { topic, source }),
            }
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    /// The numbers of the events that the brokers took, and whether they refused any record.
    fn flush(&self) -> (Vec<usize>, Result<(), LettersError>) {
        let flushed = self.producer.flush(FLUSH_TIMEOUT);
        let Answers { taken, refused } = self.producer.context().take();
        let refused = refused.or_else(|| flushed.err().map(|error| (self.topic.clone(), error)));
        (taken, refused.map_or(Ok(()), |(topic, source)| Err(LettersError::Refused { topic, source })))
    }
}
