//! Asks the brokers what a shard must not wait for: whether they answer, which topics there are, where partitions begin and
//! end, and what the group has committed.
//!
//! One thread for each pipeline, with a client of its own, so that a call may block while the shards go on. It costs two
//! requests per second to each broker, however many partitions there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::access;
use super::client;
use super::partitions::for_each;
use super::pipeline::StartError;
use super::properties::sealed;
use super::topic_trouble::{TopicTrouble, refusal};
use crate::config::{self, Redactor};
use crate::telemetry::{PipelineMetrics, Reporter, events};
use crate::threads;

/// Time between two looks at the brokers: how old a lag can be.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two looks at which topics there are.
const TOPICS_INTERVAL: Duration = Duration::from_secs(5);
/// How long one call may take. Longer than a broker that works needs, short enough to notice soon that none does.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Brokers that don't answer for so long are reported as unreachable: a single slow answer isn't.
const LOST_AFTER: Duration = Duration::from_secs(5);
/// Time before what a shard asked for is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Callbacks that are served in a round: enough for what a client that is kept out tells between two.
const CALLBACKS: usize = 16;

/// Kinds of trouble: see [`Reporter::waits`].
const BROKERS: &str = "brokers";
const LEADERS: &str = "leaders";
const SOURCE: &str = "source";

/// A partition by topic and number.
pub(super) type Name = (String, i32);

/// First offset that a partition still has, and the one past the last that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub low: i64,
    pub end: i64,
}

/// Ranges by partition.
pub(super) type Ranges = HashMap<Name, Range>;

/// What the monitor tells a shard.
pub(super) enum Answer {
    /// Where the partitions stand that the shard asked about to begin with.
    Begin {
        /// The partitions, with what the group has committed of each.
        committed: TopicPartitionList,
        ranges: Ranges,
    },
    /// Where partitions stand now. Not only those of this shard.
    Ranges(Arc<Ranges>),
}

enum Request {
    /// Which partitions a shard reads from now on.
    Owned { shard: usize, partitions: Vec<Name>, answers: Sender<Answer> },
    /// Where to begin: answered when the brokers have told, however long that takes.
    Begin { partitions: TopicPartitionList, answers: Sender<Answer> },
}

/// The handle to a pipeline's monitor, which ends when no handle is left.
#[derive(Clone)]
pub(super) struct Monitor {
    requests: Sender<Request>,
    topics: Arc<Topics>,
}

/// A shard's own end of it.
pub(super) struct Correspondence {
    requests: Sender<Request>,
    shard: usize,
    answers: (Sender<Answer>, Receiver<Answer>),
}

/// The topics that results go to, where the brokers of the consumer are asked for them: of another cluster's they know nothing.
fn sinks(pipeline: &config::Pipeline) -> Vec<String> {
    let brokers = |properties: &config::Properties| {
        let names = ["bootstrap.servers", "metadata.broker.list"];
        names.map(|name| properties.value(name).map(str::to_owned))
    };
    if brokers(&pipeline.consumer) != brokers(&pipeline.producer) {
        return Vec::new();
    }
    [&pipeline.sink, &pipeline.failures, &pipeline.dead_letters].into_iter().flatten().cloned().collect()
}

/// What is wrong with topics of the pipeline, as far as the brokers tell.
#[derive(Default)]
struct Topics(Mutex<BTreeMap<String, RDKafkaErrorCode>>);

impl Monitor {
    /// Starts to look after a pipeline's brokers.
    pub(super) fn start(
        pipeline: &config::Pipeline,
        metrics: PipelineMetrics,
        reporter: Reporter,
    ) -> Result<Self, StartError> {
        let client_error = |source| StartError::Client { pipeline: pipeline.name.clone(), source };
        let thread_error = |source| StartError::Runtime { pipeline: pipeline.name.clone(), source };
        threads::can_have(client::threads(&pipeline.consumer) + 1).map_err(thread_error)?;
        let mut config = client::client_config(&pipeline.consumer);
        // Nobody reads its statistics.
        config.set("statistics.interval.ms", "0");
        let events = MonitorEvents { redactor: pipeline.consumer.redactor(), ..MonitorEvents::default() };
        let made = MonitorClient::from_config_and_context(&config, events);
        let client = sealed(made, &pipeline.consumer).map_err(client_error)?;
        let (requests, received) = channel();
        let topics = Arc::new(Topics::default());
        let thread = Thread {
            pipeline: pipeline.name.clone(),
            brokers: pipeline.consumer.shown("bootstrap.servers").unwrap_or("(unnamed)").to_owned(),
            sources: pipeline.sources.clone(),
            sinks: sinks(pipeline),
            client,
            metrics,
            reporter,
            topics: topics.clone(),
            connection: Connection::Unknown { since: Instant::now() },
            owned: HashMap::new(),
            begins: Vec::new(),
            leaders_since: None,
            next_topics: Instant::now(),
        };
        std::thread::Builder::new()
            .name(format!("{}-monitor", pipeline.name))
            .spawn(move || thread.run(&received))
            .map_err(thread_error)?;
        Ok(Self { requests, topics })
    }

    /// The end of one shard.
    pub(super) fn correspondence(&self, shard: usize) -> Correspondence {
        Correspondence { requests: self.requests.clone(), shard, answers: channel() }
    }

    /// What is wrong with this topic, as far as the brokers tell: that it does not exist, or may not be used.
    pub(super) fn trouble_with(&self, topic: &str) -> Option<RDKafkaErrorCode> {
        self.topics.0.lock().unwrap_or_else(PoisonError::into_inner).get(topic).copied()
    }
}

impl Correspondence {
    /// Says which partitions the shard reads: their ranges come from now on.
    pub(super) fn owns(&self, partitions: Vec<Name>) {
        let answers = self.answers.0.clone();
        // It fails only if the thread has panicked, which shows in its health.
        self.requests.send(Request::Owned { shard: self.shard, partitions, answers }).ok();
    }

    /// Asks where to begin reading these partitions.
    pub(super) fn begin(&self, partitions: TopicPartitionList) {
        let answers = self.answers.0.clone();
        self.requests.send(Request::Begin { partitions, answers }).ok();
    }

    /// The next answer, if one has come.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answers.1.try_recv().ok()
    }
}

type MonitorClient = BaseConsumer<MonitorEvents>;

/// Keeps the last error of the client, which says why no broker answers.
#[derive(Default)]
struct MonitorEvents {
    redactor: Redactor,
    last_error: Mutex<Option<String>>,
}

impl ClientContext for MonitorEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(&self.redactor, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That all brokers are down is no reason why.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(self.redactor.redact(reason).into_owned());
        }
    }
}

impl ConsumerContext for MonitorEvents {}

enum Connection {
    /// No broker has answered yet.
    Unknown {
        since: Instant,
    },
    Up,
    /// The last answer was longer ago; told from [`LOST_AFTER`] on.
    Failing {
        since: Instant,
        was_up: bool,
        told: bool,
    },
}

struct Thread {
    pipeline: Arc<str>,
    /// Where the client begins, for people.
    brokers: String,
    sources: Vec<String>,
    sinks: Vec<String>,
    client: MonitorClient,
    metrics: PipelineMetrics,
    reporter: Reporter,
    topics: Arc<Topics>,
    connection: Connection,
    owned: HashMap<usize, (Vec<Name>, Sender<Answer>)>,
    begins: Vec<(TopicPartitionList, Sender<Answer>)>,
    /// Since when brokers answer but don't tell where partitions end.
    leaders_since: Option<Instant>,
    next_topics: Instant,
}

impl Thread {
    fn run(mut self, requests: &Receiver<Request>) {
        self.reporter.ready();
        self.metrics.broker_up(false);
        self.metrics.looked_at_ends();
        let mut next_look = Instant::now();
        loop {
            let interval = if self.begins.is_empty() { LOOK_INTERVAL } else { RETRY_INTERVAL };
            let wait = next_look.saturating_duration_since(Instant::now()).min(interval);
            match requests.recv_timeout(wait) {
                Ok(request) => self.take(request),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(request) = requests.try_recv() {
                self.take(request);
            }
            // Serves its callbacks, of which a poll takes one. No record can come: it reads no partition.
            (0..CALLBACKS).for_each(|_| drop(self.client.poll(Duration::ZERO)));
            self.answer_begins();
            if Instant::now() >= next_look {
                self.look();
                next_look = Instant::now() + LOOK_INTERVAL;
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Begin { partitions, answers } => self.begins.push((partitions, answers)),
            Request::Owned { shard, partitions, .. } if partitions.is_empty() => {
                self.owned.remove(&shard);
            }
            Request::Owned { shard, partitions, answers } => {
                self.owned.insert(shard, (partitions, answers));
            }
        }
    }

    fn answer_begins(&mut self) {
        let client = &self.client;
        self.begins.retain(|(partitions, answers)| match begin(client, partitions) {
            Ok(answer) => {
                // A shard that has ended needs no answer.
                answers.send(answer).ok();
                false
            }
            Err(_) => true,
        });
    }

    fn look(&mut self) {
        let began = Instant::now();
        let ranges = self.ask_ranges();
        let answered = match &ranges {
            Some(Ok(_)) => Ok(()),
            _ => self.ask_topic(&self.sources[0]).map(drop),
        };
        self.note_connection(answered.is_ok(), began);
        if answered.is_ok() && !matches!(ranges, Some(Err(_))) {
            self.metrics.looked_at_ends();
        }
        match ranges {
            Some(Ok(ranges)) => {
                self.leaders_since = None;
                self.reporter.goes_on(LEADERS);
                let ranges = Arc::new(ranges);
                self.owned.retain(|_, (_, answers)| answers.send(Answer::Ranges(ranges.clone())).is_ok());
            }
            Some(Err(error)) if answered.is_ok() => self.note_leaders(&error, began),
            _ => {}
        }
        if answered.is_ok() && Instant::now() >= self.next_topics {
            self.look_at_topics();
            self.next_topics = Instant::now() + TOPICS_INTERVAL;
        }
    }

    /// Where the partitions of all shards stand; nothing if there are none.
    fn ask_ranges(&self) -> Option<KafkaResult<Ranges>> {
        let mut partitions = TopicPartitionList::new();
        for (topic, number) in self.owned.values().flat_map(|(partitions, _)| partitions) {
            partitions.add_partition(topic, *number);
        }
        (partitions.count() > 0).then(|| ranges(&self.client, &partitions))
    }

    /// What the brokers say is wrong with a topic; nothing if all is well.
    fn ask_topic(&self, topic: &str) -> KafkaResult<Option<RDKafkaErrorCode>> {
        let metadata = self.client.fetch_metadata(Some(topic), CALL_TIMEOUT)?;
        Ok(refusal(&metadata, topic))
    }

    fn look_at_topics(&mut self) {
        let mut found = BTreeMap::new();
        for topic in self.sources.iter().chain(&self.sinks) {
            match self.ask_topic(topic) {
                Ok(None) => {}
                Ok(Some(code)) => {
                    found.insert(topic.clone(), code);
                }
                Err(_) => return,
            }
        }
        let missing: Vec<&str> =
            self.sources.iter().filter(|topic| found.contains_key(*topic)).map(String::as_str).collect();
        if missing.is_empty() {
            if let Some(lasted) = self.reporter.goes_on(SOURCE) {
                events::source_is_back(&self.pipeline, lasted);
            }
        } else {
            let topics = missing.join(", ");
            let why = found.get(missing[0]).copied().map_or("", |code| TopicTrouble::of(code).clause());
            let reason = format!("source topic {topics} {why}: no event of it can be read");
            let action = "create it, or correct `sources` or its permissions; it is read as soon as it can be";
            if self.reporter.waits(SOURCE, reason, action) {
                events::source_missing(&self.pipeline, &topics, why, action);
            }
        }
        *self.topics.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    fn note_connection(&mut self, answered: bool, began: Instant) {
        let (since, was_up, told) = match self.connection {
            Connection::Unknown { since } => (since, false, false),
            Connection::Up => (began, true, false),
            Connection::Failing { since, was_up, told } => (since, was_up, told),
        };
        if answered {
            match (was_up, told) {
                (true, true) => events::brokers_back(&self.pipeline, &self.brokers, since.elapsed()),
                (true, false) => {}
                (false, _) => events::brokers_reached(&self.pipeline, &self.brokers, since.elapsed()),
            }
            self.reporter.goes_on(BROKERS);
            self.metrics.broker_up(true);
            self.connection = Connection::Up;
            return;
        }
        let tell = since.elapsed() >= LOST_AFTER;
        if tell {
            self.tell_unreachable(since, was_up, told);
        }
        self.connection = Connection::Failing { since, was_up, told: told || tell };
    }

    fn tell_unreachable(&self, since: Instant, was_up: bool, told: bool) {
        let last = self.client.context().last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let error = last.unwrap_or_else(|| "they do not answer in time".to_owned());
        self.metrics.broker_up(false);
        let reason = format!("no broker of {} answers: {error}", self.brokers);
        let kept_out = access::advice(&error);
        let action = match kept_out {
            Some(advice) => format!("{advice}; then start Stepstream again. Nothing is read or written meanwhile"),
            None => "start the brokers, or look at the network and at [kafka]; nothing is read or written meanwhile, \
                     and it goes on by itself when one answers"
                .to_owned(),
        };
        self.reporter.waits_since(BROKERS, since.elapsed(), reason, action);
        if !told {
            let lasts = since.elapsed();
            events::brokers_unreachable(&self.pipeline, &self.brokers, was_up, lasts, &error, kept_out);
        }
    }

    fn note_leaders(&mut self, error: &KafkaError, began: Instant) {
        let since = *self.leaders_since.get_or_insert(began);
        if since.elapsed() >= LOST_AFTER {
            let reason = format!("brokers answer, but not for every partition of the source topics: {error}");
            let action = "look for partitions without a leader; they are read again when they have one";
            self.reporter.waits_since(LEADERS, since.elapsed(), reason, action);
        }
    }
}

fn begin(client: &MonitorClient, partitions: &TopicPartitionList) -> KafkaResult<Answer> {
    let committed = client.committed_offsets(partitions.clone(), CALL_TIMEOUT)?;
    for element in committed.elements() {
        element.error()?;
    }
    let ranges = ranges(client, partitions)?;
    Ok(Answer::Begin { committed, ranges })
}

/// Asks for the beginnings and the ends: one request each to every broker that leads a partition. Not for an empty list.
fn ranges(client: &MonitorClient, partitions: &TopicPartitionList) -> KafkaResult<Ranges> {
    let ask = |place: Offset| {
        let mut list = partitions.clone();
        // In place of a time, these stand for the beginning and the end.
        list.set_all_offsets(place)?;
        let told = client.offsets_for_times(list, CALL_TIMEOUT)?;
        let mut offsets = HashMap::new();
        for element in told.elements() {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() {
                offsets.insert((element.topic().to_owned(), element.partition()), offset);
            }
        }
        KafkaResult::Ok(offsets)
    };
    // The beginning first: it only grows, so it can't be past the end.
    let (lows, ends) = (ask(Offset::Beginning)?, ask(Offset::End)?);
    let mut ranges = Ranges::with_capacity(ends.len());
    for_each(partitions, |topic, number| {
        let name = (topic.to_owned(), number);
        if let (Some(low), Some(end)) = (lows.get(&name), ends.get(&name)) {
            ranges.insert(name, Range { low: *low, end: *end });
        }
    });
    if ranges.len() < partitions.count() {
        return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn brokers_are_asked_only_for_topics_of_their_own_cluster() {
        let of = |table: &str| {
            let text = format!(
                "[kafka]\nbootstrap.servers = \"one:9092\"\n[[pipeline]]\nname = \"p\"\nsources = [\"in\"]\nsink = \"out\"\n\
                 dead_letters = \"dead\"\nworkflow = \"w.asl.json\"\n{table}"
            );
            let config = Config::parse(&text, Path::new("test.toml"), &Environment::default()).expect("it is valid");
            sinks(&config.pipelines[0])
        };
        assert_eq!(of(""), ["out", "dead"]);
        assert_eq!(of("[pipeline.kafka.producer]\nbootstrap.servers = \"two:9092\""), [""; 0]);
    }
}
