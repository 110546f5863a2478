use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::properties::Properties;
use crate::identity::Realm;

/// librdkafka properties that all pipelines share, as the file gives them.
///
/// Clients are made from [`Pipeline::consumer`] and [`Pipeline::producer`], where defaults, these and the pipeline's own
/// are already put together.
#[derive(Clone, Debug, Default)]
pub struct Kafka {
    /// `[kafka]`: for consumers and producers.
    pub shared: Properties,
    /// `[kafka.consumer]`: for consumers only.
    pub consumer: Properties,
    /// `[kafka.producer]`: for producers only.
    pub producer: Properties,
}

impl Kafka {
    /// Where its first property stands; none: there is no property.
    pub fn place(&self) -> Option<&Place> {
        [&self.shared, &self.consumer, &self.producer].into_iter().find_map(Properties::first_place)
    }
}

/// The HTTP side.
#[derive(Clone, Debug)]
pub struct Http {
    /// Address and port of health, metrics and workflows.
    pub listen: SocketAddr,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// A level (`info`) or directives per module (`info,rdkafka=warn`).
    pub level: String,
    /// The shape of a line.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// `[engine]`: bounds on one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time an execution may take, waits and tasks included.
    pub execution_timeout: Duration,
    /// State transitions an execution may make in all.
    pub max_transitions: u64,
    /// Units of work that an execution does before it yields its shard.
    pub work_per_turn: u64,
    /// Units of work that one attempt of a state may take.
    pub max_work_per_state: u64,
    /// Bytes that the values of an execution may take.
    pub max_heap_bytes: usize,
    /// Bytes of an event, and of a state's input and output.
    pub max_event_bytes: usize,
    /// Nesting of arrays and objects.
    pub max_depth: usize,
    /// Bytes of an object that an ItemReader reads.
    pub max_dataset_bytes: usize,
    /// Items that an ItemReader reads.
    pub max_dataset_items: usize,
}

impl From<Limits> for crate::engine::Limits {
    fn from(limits: Limits) -> Self {
        crate::engine::Limits {
            timeout: limits.execution_timeout,
            max_event_bytes: limits.max_event_bytes,
            max_data_bytes: u32::try_from(limits.max_event_bytes).unwrap_or(u32::MAX),
            max_depth: u16::try_from(limits.max_depth).unwrap_or(u16::MAX),
            max_dataset_bytes: limits.max_dataset_bytes,
            max_dataset_items: limits.max_dataset_items,
            max_transitions: limits.max_transitions,
            work_per_run: limits.work_per_turn,
            max_work_per_state: limits.max_work_per_state,
            max_heap_bytes: limits.max_heap_bytes,
            ..Self::default()
        }
    }
}

/// `[workflows]`: what a restart does about a definition that is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflows {
    /// Folder in which the last good version of each definition is kept, resolved against the configuration file's; none:
    /// nothing is kept.
    pub state_dir: Option<PathBuf>,
    /// What happens when a definition is refused at the start.
    pub on_invalid: OnInvalid,
    /// Where `state_dir` stands; none: there is no `[workflows]`.
    pub state_dir_place: Option<Place>,
}

/// What happens when a definition is refused at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInvalid {
    /// The process ends, and says why: a mistake is noticed when it is deployed.
    #[default]
    Stop,
    /// The last good version goes on, and the refusal is shown for as long as it lasts.
    LastGood,
}

/// `[[pipeline]]`: source topics, workflow, sink topic, and the bounds of what is between.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Unique; a label of metrics and part of execution names.
    pub name: Arc<str>,
    /// Topics to read.
    pub sources: Vec<String>,
    /// The definition's file, resolved against the configuration file's folder.
    pub workflow: PathBuf,
    /// The workflow's name: its file's name without `.asl.json` or another extension.
    pub workflow_name: Arc<str>,
    /// Region and account in the ARNs of its executions.
    pub realm: Realm,
    /// Consumer group.
    pub group: String,
    /// Topic for outputs of executions that succeeded; none: outputs are thrown away.
    pub sink: Option<String>,
    /// Topic for executions that failed; see [`Pipeline::failure_topic`].
    pub failures: Option<String>,
    /// Topic for events that can't be run; none: they go to [`Pipeline::failure_topic`] as failures, and if there is none
    /// either, they are counted, logged and skipped.
    pub dead_letters: Option<String>,
    /// Worker threads.
    pub shards: usize,
    /// Records a shard may hold between reading them and completing their offsets.
    pub max_in_flight: usize,
    /// Bytes a shard may hold in that time: of the records, and of what their executions hold while they wait.
    pub max_in_flight_bytes: usize,
    /// Records of one partition that may be read and not committed.
    pub max_uncommitted: usize,
    /// Task calls that may be open at a time, over all shards of this pipeline.
    pub max_concurrent_tasks: usize,
    /// Deliveries of an event that ends the process each time, until it is put aside.
    pub max_delivery_attempts: u32,
    /// Time between commits of offsets.
    pub commit_interval: Duration,
    /// Time that executions in flight get to finish on shutdown.
    pub drain_timeout: Duration,
    /// Time that executions in flight get to finish when a partition is revoked.
    pub revoke_timeout: Duration,
    /// Where a group without committed offsets begins.
    pub start_from: StartFrom,
    /// Where a group goes on whose next record the log no longer has.
    pub on_out_of_range: OnOutOfRange,
    /// What order events are run in, and their results written.
    pub order: Order,
    /// Headers that are written on results.
    pub result_headers: ResultHeaders,
    /// Whether the input's headers are copied to results and failures.
    pub forward_headers: bool,
    /// Whether states are counted one by one.
    pub state_metrics: bool,
    /// Which executions are logged, and which of their events.
    pub log_executions: ExecutionLogLevel,
    /// Whether logged events show inputs, outputs, parameters and variables.
    pub include_data: bool,
    /// Whether a failed execution that is logged is logged with its whole history.
    pub log_history: bool,
    /// Where logged events go instead of the log; what it does not take is dropped and counted.
    pub log_topic: Option<LogTopic>,
    /// Properties of this pipeline's consumers, complete: defaults, `[kafka]`, `[pipeline.kafka]`, and those that
    /// Stepstream owns (`group.id`, `auto.offset.reset`, …).
    pub consumer: Properties,
    /// Properties of this pipeline's producers, complete in the same way.
    pub producer: Properties,
    /// Where the pipeline stands in the file.
    pub place: Place,
    /// Where its options stand.
    pub places: PipelinePlaces,
}

/// Where options of a pipeline stand in the file; the pipeline's own place for those that are not given.
#[derive(Clone, Debug)]
pub struct PipelinePlaces {
    /// Those of the source topics, in their order.
    pub sources: Vec<Place>,
    /// That of `workflow`.
    pub workflow: Place,
    /// That of `group`.
    pub group: Place,
    /// That of `sink`.
    pub sink: Place,
    /// That of `failures`.
    pub failures: Place,
    /// That of `dead_letters`.
    pub dead_letters: Place,
    /// That of `log_topic`.
    pub log_topic: Place,
}

impl Pipeline {
    /// The topic for failed executions: `failures`, else the sink.
    pub fn failure_topic(&self) -> Option<&str> {
        self.failures.as_deref().or(self.sink.as_deref())
    }
}

/// What is logged of executions: the levels of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExecutionLogLevel {
    /// Nothing.
    Off,
    /// That an execution failed.
    Fatal,
    /// Also what failed inside of executions, caught or not.
    Error,
    /// All events of all executions.
    All,
}

/// Where a consumer group without committed offsets begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// The oldest record that the topic still has.
    Earliest,
    /// Records that arrive from now on.
    Latest,
}

/// Where a consumer group goes on when the log no longer has what it would read next: retention was faster, or the topic was
/// made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOutOfRange {
    /// At the oldest record that the topic still has: the fewest are lost.
    Earliest,
    /// At the end: what the topic has now is passed over.
    Latest,
    /// Nowhere: the partition is not read until a person decides.
    Stop,
}

/// What order events are run in, and their results written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Events begin in the order of their partition; those that wait are overtaken.
    #[default]
    None,
    /// An event begins when those before it with its key have ended. One without a key waits for none.
    Key,
    /// An event begins when all before it in its partition have ended.
    Partition,
}

/// Headers that Stepstream writes on results. Failures and dead letters always carry all of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultHeaders {
    /// No header: the cheapest.
    None,
    /// Workflow and version.
    Version,
    /// Workflow, version, and source topic, partition and offset.
    Source,
}

/// Where events of executions go instead of the log.
#[derive(Clone, Debug)]
pub struct LogTopic {
    /// The topic to write to.
    pub topic: String,
    /// Properties of its producer, complete: defaults, `[kafka]`, `[pipeline.kafka]`, and those that Stepstream owns.
    pub producer: Properties,
}

/// A place in the configuration; `Display` gives `file:line:column`, or the environment variable that overrides the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The configuration file.
    pub file: Arc<Path>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What messages need besides.
    pub(super) exact: Arc<Exact>,
}

/// Where exactly a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    /// The environment variable that gives the option instead of the file.
    pub variable: Option<String>,
    /// Bytes of the file.
    pub span: Range<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.exact.variable {
            Some(name) => write!(f, "environment variable {name}"),
            None => write!(f, "{}:{}:{}", self.file.display(), self.line, self.column),
        }
    }
}
