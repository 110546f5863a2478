//! The topic that callbacks come by.
//!
//! Every node reads all of it, since any partition may hold a callback for any node: without a group, from shortly before this
//! process started. Nobody can have had one of its tokens earlier. A callback for a task of another node is that node's.

mod positions;
mod record;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::client;
use super::properties::sealed;
use crate::config::{self, Redactor};
use crate::host::Callbacks;
use crate::telemetry::{Health, Reporter, callbacks as seen, events};
use crate::threads::MORE_THREADS;
use positions::Positions;
use record::Named;

/// Callbacks that may be on their way to their tasks at a time: they are held in memory.
const MAX_UNDER_WAY: usize = 1_000;
/// Longest wait for a record: bounds how late the reader sees that it is to stop.
const POLL: Duration = Duration::from_millis(100);
/// Longest that callbacks under way keep the reader from the next records.
const TURN: Duration = Duration::from_millis(5);
/// How often it is looked for partitions that are new, or could not be asked for.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// The same while there are none.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// Trouble with the topic: see [`Reporter::waits`].
const UNREADABLE: &str = "callbacks";

/// Callbacks can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CallbacksError {
    /// librdkafka refused the properties.
    #[error("the Kafka client of [callbacks] can't be made: {0}. Check the properties in [kafka]")]
    Client(#[from] KafkaError),
    /// The operating system gave no thread or no runtime.
    #[error("the operating system gives no thread or no event queue to read callbacks: {0}; {MORE_THREADS}")]
    Runtime(#[from] io::Error),
}

/// Reads callbacks from their topic, on a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct CallbackReader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl CallbackReader {
    /// Begins to read. Brokers that can't be reached and a topic that is missing are waited for.
    ///
    /// # Errors
    /// librdkafka refuses the properties, or there is no thread.
    pub fn start(options: &config::Callbacks, callbacks: Callbacks, health: &Health) -> Result<Self, CallbacksError> {
        client::has_threads(&options.consumer)?;
        let context = Context { topic: options.topic.clone(), redactor: options.consumer.redactor() };
        let made = BaseConsumer::from_config_and_context(&client::client_config(&options.consumer), context);
        let consumer = sealed(made, &options.consumer)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let reporter = health.register("callbacks");
        reporter.ready();
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            positions: Positions::new(options.topic.clone()),
            consumer,
            callbacks,
            reporter,
            under_way: JoinSet::new(),
            next_look: Instant::now(),
            stop: stop.clone(),
        };
        let thread = std::thread::Builder::new().name("callbacks".to_owned()).spawn(move || reader.run(&runtime))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for CallbackReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has panicked: that is logged.
            thread.join().ok();
        }
    }
}

struct Reader {
    positions: Positions,
    consumer: BaseConsumer<Context>,
    callbacks: Callbacks,
    reporter: Reporter,
    under_way: JoinSet<()>,
    next_look: Instant,
    stop: Arc<AtomicBool>,
}

impl Reader {
    fn run(mut self, runtime: &Runtime) {
        while !self.stop.load(Ordering::Relaxed) {
            self.reporter.beat();
            if Instant::now() >= self.next_look {
                self.look();
            }
            if self.under_way.len() < MAX_UNDER_WAY {
                let timeout = if self.under_way.is_empty() { POLL } else { Duration::ZERO };
                self.read(runtime, timeout);
            }
            let under_way = &mut self.under_way;
            runtime.block_on(async {
                let all = async { while under_way.join_next().await.is_some() {} };
                tokio::time::timeout(TURN, all).await.ok();
            });
        }
    }

    /// Looks for partitions that are not read yet.
    fn look(&mut self) {
        let found = self.positions.look(&self.consumer);
        self.next_look = Instant::now() + if found.is_ok() { LOOK_INTERVAL } else { RETRY_INTERVAL };
        match found {
            Ok(()) => {
                if let Some(lasted) = self.reporter.goes_on(UNREADABLE) {
                    seen::callbacks_are_read(self.positions.topic(), lasted);
                }
            }
            Err(reason) => {
                let action = "see that the brokers of [kafka] answer and that the topic exists; tasks wait meanwhile";
                if self.reporter.waits(UNREADABLE, reason.as_str(), action) {
                    seen::callbacks_unreadable(self.positions.topic(), &reason);
                }
            }
        }
    }

    /// Takes the records that are there, and waits so long for the first.
    fn read(&mut self, runtime: &Runtime, mut timeout: Duration) {
        while self.under_way.len() < MAX_UNDER_WAY
            && let Some(polled) = self.consumer.poll(timeout)
        {
            timeout = Duration::ZERO;
            match polled {
                Ok(message) => {
                    self.positions.note(message.partition(), message.offset());
                    begin(&self.callbacks, &mut self.under_way, &message, runtime);
                }
                Err(error) => events::topic_client_error(self.positions.topic(), &error),
            }
        }
    }
}

/// Begins to deliver what a record holds. Callbacks of one partition reach a task in their order.
fn begin(callbacks: &Callbacks, under_way: &mut JoinSet<()>, message: &BorrowedMessage<'_>, runtime: &Runtime) {
    let place = (message.partition(), message.offset());
    match record::read(message.payload().unwrap_or_default()) {
        Ok(Named { action, token, callback }) => {
            let callbacks = callbacks.clone();
            let deliver = async move {
                let delivered = callbacks.deliver(&token, callback).await;
                seen::callback(action.name(), place, &delivered.map_err(|error| (error.name(), error.to_string())));
            };
            under_way.spawn_on(deliver, runtime.handle());
        }
        Err(why) => seen::callback("unreadable", place, &Err(("unreadable", why))),
    }
}

/// Callbacks of the client itself.
struct Context {
    topic: String,
    redactor: Redactor,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(&self.redactor, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        events::topic_client_error(&self.topic, &format_args!("{error}: {}", self.redactor.redact(reason)));
    }
}

impl ConsumerContext for Context {}
