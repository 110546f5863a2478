//! Topics of one run on the broker.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::runtime::Runtime;

use crate::cli::print::say;

/// How long the broker may take to make or to delete topics.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long the broker may take to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The broker, with the topics that this run made.
pub(super) struct Cluster {
    pub brokers: String,
    admin: AdminClient<DefaultClientContext>,
    runtime: Runtime,
    run: String,
    made: RefCell<Vec<String>>,
}

impl Cluster {
    /// Connects; an error if no broker answers.
    pub(super) fn new(brokers: &str) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("no async runtime: {error}"))?;
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new()
                .set("bootstrap.servers", brokers)
                .create()
                .map_err(|error| format!("no Kafka client for {brokers}: {error}"))?;
        admin
            .inner()
            .fetch_metadata(None, CONNECT_TIMEOUT)
            .map_err(|error| format!("no broker answers at {brokers}: {error}; scripts/kafka starts one"))?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let run = format!("bench-{seconds}-{}", std::process::id());
        Ok(Self { brokers: brokers.to_owned(), admin, runtime, run, made: RefCell::default() })
    }

    /// A name that no other run has.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.run)
    }

    /// Makes a topic of this run; its name.
    pub(super) fn create(&self, what: &str, partitions: i32) -> Result<String, String> {
        let name = self.name(what);
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
        let made = self
            .runtime
            .block_on(self.admin.create_topics([&topic], &options))
            .map_err(|error| format!("{}: no topic {name} could be made: {error}", self.brokers))?;
        for result in made {
            result.map_err(|(name, code)| format!("{}: topic {name} could not be made: {code}", self.brokers))?;
        }
        self.made.borrow_mut().push(name.clone());
        Ok(name)
    }

    /// Deletes the topics of this run.
    pub(super) fn delete_topics(&self) {
        let made = self.made.borrow();
        if made.is_empty() {
            return;
        }
        let names: Vec<&str> = made.iter().map(String::as_str).collect();
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
        if let Err(error) = self.runtime.block_on(self.admin.delete_topics(&names, &options)) {
            say(format_args!("stepstream bench: topics {}* are left on the broker: {error}", self.run));
        }
    }
}
