use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use super::kafka;
use super::model::{
    ExecutionLogLevel, Kafka, LogTopic, OnOutOfRange, Order, Pipeline, PipelinePlaces, Place, ResultHeaders, StartFrom,
};
use super::overrides::variable_form;
use super::properties::Properties;
use super::read::{PIPELINE_OPTIONS, WorkflowFiles};
use super::report::Report;
use super::section::{Section, Text};
use super::tree::{Kind, Node, Origin, Table};
use crate::identity::Realm;
use crate::limits;

/// Kafka's own limit on the name of a topic.
const MAX_TOPIC_LENGTH: usize = 249;
/// Characters of a pipeline's name: it is part of execution names, of which AWS allows 80.
const MAX_NAME_LENGTH: usize = 40;

/// Reads one `[[pipeline]]`. What is missing is reported; the rest of the options is checked all the same.
pub(super) fn read(
    table: &Table,
    origin: &Origin,
    (file, workflow_files): (&Path, WorkflowFiles),
    (shared, realm): (&Kafka, &Realm),
    report: &mut Report,
) -> Option<Pipeline> {
    let section = Section::open("[[pipeline]]", table, origin.clone(), PIPELINE_OPTIONS, report);
    let name = name(&section, report);
    let workflow = workflow(&section, file, workflow_files, report);
    let (sources, source_places) = sources(&section, report);
    let outputs = Outputs::read(&section, &sources, report);
    let group = section.text("group", report).map(|text| text.value);
    let own = kafka::read("[pipeline.kafka]", section.node("kafka"), report);
    let bounds = Bounds::read(&section, report);
    let (start_from, on_out_of_range, order) = reading(&section, report);
    let seen = Seen::read(&section, &sources, report);
    let places = places(&section, source_places, report);

    let (name, (workflow, workflow_name)) = (name?, workflow?);
    let group = group.unwrap_or_else(|| format!("stepstream-{name}"));
    let consumer = kafka::consumer(&name, (shared, &own), &group, on_out_of_range);
    let producer = kafka::producer(&name, shared, &own);
    need_brokers(&name, [&consumer, &producer], origin, report);
    Some(Pipeline {
        log_topic: seen.log_topic.map(|topic| LogTopic { topic, producer: kafka::log_producer(&name, shared, &own) }),
        name: name.into(),
        sources,
        workflow_name,
        workflow,
        realm: realm.clone(),
        group,
        sink: outputs.sink,
        failures: outputs.failures,
        dead_letters: outputs.dead_letters,
        shards: bounds.shards,
        max_in_flight: bounds.max_in_flight,
        max_in_flight_bytes: bounds.max_in_flight_bytes,
        max_uncommitted: bounds.max_uncommitted,
        max_concurrent_tasks: bounds.max_concurrent_tasks,
        max_delivery_attempts: bounds.max_delivery_attempts,
        commit_interval: bounds.commit_interval,
        drain_timeout: bounds.drain_timeout,
        revoke_timeout: bounds.revoke_timeout,
        start_from,
        on_out_of_range,
        order,
        result_headers: seen.result_headers,
        forward_headers: seen.forward_headers,
        state_metrics: seen.state_metrics,
        log_executions: seen.log_executions,
        include_data: seen.include_data,
        log_history: seen.log_history,
        consumer,
        producer,
        place: report.place_of(origin),
        places,
    })
}

/// What others get to see of executions: headers, metrics, log.
struct Seen {
    result_headers: ResultHeaders,
    forward_headers: bool,
    state_metrics: bool,
    log_executions: ExecutionLogLevel,
    include_data: bool,
    log_history: bool,
    log_topic: Option<String>,
}

impl Seen {
    fn read(section: &Section<'_>, sources: &[String], report: &mut Report) -> Seen {
        let headers =
            [("none", ResultHeaders::None), ("version", ResultHeaders::Version), ("source", ResultHeaders::Source)];
        let levels = [
            ("OFF", ExecutionLogLevel::Off),
            ("FATAL", ExecutionLogLevel::Fatal),
            ("ERROR", ExecutionLogLevel::Error),
            ("ALL", ExecutionLogLevel::All),
        ];
        let log_executions = section.choice("log_executions", &levels, report).unwrap_or(ExecutionLogLevel::Fatal);
        Seen {
            result_headers: section.choice("result_headers", &headers, report).unwrap_or(ResultHeaders::Version),
            forward_headers: section.flag("forward_headers", false, report),
            state_metrics: section.flag("state_metrics", true, report),
            log_executions,
            include_data: section.flag("include_data", false, report),
            log_history: section.flag("log_history", false, report),
            log_topic: log_topic(section, sources, log_executions, report),
        }
    }
}

/// Where events of executions go instead of the log.
fn log_topic(
    section: &Section<'_>,
    sources: &[String],
    level: ExecutionLogLevel,
    report: &mut Report,
) -> Option<String> {
    let topic = topic(section, "log_topic", sources, report)?;
    if level == ExecutionLogLevel::Off {
        report.warning(section.origin("log_topic"), "`log_topic` gets nothing: `log_executions` is \"OFF\"");
    }
    Some(topic)
}

fn need_brokers(name: &str, sides: [&Properties; 2], origin: &Origin, report: &mut Report) {
    if !sides.iter().all(|side| kafka::names_brokers(side)) {
        let hint = "add to [kafka]: bootstrap.servers = \"localhost:9092\", or set STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS";
        report.mistake(origin, format!("pipeline `{name}` knows no broker"), Some(hint.to_owned()));
    }
}

/// Where a group begins, where it goes on when its next records are gone, and in what order it runs them.
fn reading(section: &Section<'_>, report: &mut Report) -> (StartFrom, OnOutOfRange, Order) {
    let starts = [("earliest", StartFrom::Earliest), ("latest", StartFrom::Latest)];
    let policies =
        [("earliest", OnOutOfRange::Earliest), ("latest", OnOutOfRange::Latest), ("stop", OnOutOfRange::Stop)];
    let orders = [("none", Order::None), ("key", Order::Key), ("partition", Order::Partition)];
    let start_from = section.choice("start_from", &starts, report).unwrap_or(StartFrom::Earliest);
    let policy = section.choice("on_out_of_range", &policies, report).unwrap_or(OnOutOfRange::Earliest);
    (start_from, policy, section.choice("order", &orders, report).unwrap_or_default())
}

/// Checks what only shows beside the pipelines that stand before it in the file.
pub(super) fn check_beside(others: &[Pipeline], pipeline: &Pipeline, origin: &Origin, report: &mut Report) {
    let form = variable_form(&pipeline.name);
    if let Some(other) = others.iter().find(|other| variable_form(&other.name) == form) {
        let message = format!("pipeline `{}` has the name of the one on line {}", pipeline.name, other.place.line);
        let hint = "names differ in more than case and punctuation, so that environment variables can tell them apart";
        report.mistake(origin, message, Some(hint.to_owned()));
    }
    let is_namesake =
        |other: &&Pipeline| other.workflow_name == pipeline.workflow_name && other.workflow != pipeline.workflow;
    if let Some(other) = others.iter().find(is_namesake) {
        let files = format!("{} and {}", other.workflow.display(), pipeline.workflow.display());
        let message = format!("two workflows would be called `{}`: {files}", pipeline.workflow_name);
        report.mistake(origin, message, Some("a workflow has the name of its file: rename one of them".to_owned()));
    }
    let shares_topic = |other: &Pipeline| other.sources.iter().any(|topic| pipeline.sources.contains(topic));
    if let Some(rival) = others.iter().find(|other| other.group == pipeline.group && shares_topic(other)) {
        let message = format!(
            "pipelines `{}` and `{}` read the same topic as group `{}`: each would see only a part of it",
            rival.name, pipeline.name, pipeline.group
        );
        report.mistake(origin, message, Some("give each pipeline a `group` of its own".to_owned()));
    }
}

/// The definition's file, resolved against the configuration file's folder, and the workflow's name.
fn workflow(
    section: &Section<'_>,
    file: &Path,
    workflow_files: WorkflowFiles,
    report: &mut Report,
) -> Option<(PathBuf, Arc<str>)> {
    let text = section.required("workflow", "give the file: workflow = \"workflows/order.asl.json\"", report)?;
    let path = without_dots(&file.parent().unwrap_or(Path::new("")).join(&text.value));
    if workflow_files == WorkflowFiles::MustExist && !path.is_file() {
        let message = format!("there is no file {}", path.display());
        report.mistake(&text.origin, message, Some("a relative path starts at the configuration's folder".to_owned()));
    }
    Some((path, workflow_name(&text.value)))
}

fn places(section: &Section<'_>, sources: Vec<Place>, report: &Report) -> PipelinePlaces {
    let place = |option| report.place_of(section.origin(option));
    PipelinePlaces {
        sources,
        workflow: place("workflow"),
        group: place("group"),
        sink: place("sink"),
        failures: place("failures"),
        dead_letters: place("dead_letters"),
        log_topic: place("log_topic"),
    }
}

struct Outputs {
    sink: Option<String>,
    failures: Option<String>,
    dead_letters: Option<String>,
}

impl Outputs {
    fn read(section: &Section<'_>, sources: &[String], report: &mut Report) -> Self {
        let read = |option| topic(section, option, sources, report);
        let [sink, failures, dead_letters] = ["sink", "failures", "dead_letters"].map(read);
        // One that is there and broken was reported already: hence the nodes.
        let at = section.origin("name");
        if section.node("dead_letters").is_none() {
            let fate = if sink.is_some() || failures.is_some() {
                "go to the topic of failures without their bytes"
            } else {
                "are counted, logged and skipped"
            };
            report.warning(at, &format!("no `dead_letters`: events that can't be run {fate}"));
        }
        if section.node("sink").is_none() {
            let what = if failures.is_some() { "outputs are" } else { "outputs and failures are" };
            report.warning(at, &format!("no `sink`: {what} thrown away"));
        }
        Self { sink, failures, dead_letters }
    }
}

struct Bounds {
    shards: usize,
    max_in_flight: usize,
    max_in_flight_bytes: usize,
    max_uncommitted: usize,
    max_concurrent_tasks: usize,
    max_delivery_attempts: u32,
    commit_interval: Duration,
    drain_timeout: Duration,
    revoke_timeout: Duration,
}

impl Bounds {
    fn read(section: &Section<'_>, report: &mut Report) -> Self {
        let cores = available_parallelism().map_or(1, |cores| cores.get()).min(limits::MAX_SHARDS);
        let ms = Duration::from_millis;
        let hour = Duration::from_secs(3600);
        Self {
            shards: section.count("shards", cores, 1..=limits::MAX_SHARDS, report),
            max_in_flight: section.count("max_in_flight", limits::MAX_IN_FLIGHT, 1..=1_000_000, report),
            max_in_flight_bytes: section.bytes(
                "max_in_flight_bytes",
                limits::MAX_IN_FLIGHT_BYTES,
                1024..=1 << 40,
                report,
            ),
            max_uncommitted: section.count("max_uncommitted", limits::MAX_UNCOMMITTED, 1..=100_000_000, report),
            max_concurrent_tasks: section.count(
                "max_concurrent_tasks",
                limits::MAX_CONCURRENT_TASKS,
                1..=1_000_000,
                report,
            ),
            max_delivery_attempts: {
                let attempts =
                    section.count("max_delivery_attempts", limits::MAX_DELIVERY_ATTEMPTS as usize, 3..=1000, report);
                u32::try_from(attempts).unwrap_or(u32::MAX)
            },
            commit_interval: section.duration("commit_interval", limits::COMMIT_INTERVAL, ms(1)..=hour, report),
            drain_timeout: section.duration("drain_timeout", limits::DRAIN_TIMEOUT, ms(0)..=hour, report),
            revoke_timeout: section.duration("revoke_timeout", limits::REVOKE_TIMEOUT, ms(0)..=hour, report),
        }
    }
}

fn name(section: &Section<'_>, report: &mut Report) -> Option<String> {
    let name = section.required("name", "give it one: name = \"orders\"", report)?;
    let fits = name.value.len() <= MAX_NAME_LENGTH && name.value.chars().all(is_topic_character);
    if !fits {
        let hint = format!("up to {MAX_NAME_LENGTH} of letters, digits, `.`, `_` and `-`");
        report.mistake(&name.origin, format!("a pipeline can't be called {}", name.shown()), Some(hint));
        return None;
    }
    Some(name.value)
}

/// The source topics, and where they stand.
fn sources(section: &Section<'_>, report: &mut Report) -> (Vec<String>, Vec<Place>) {
    let topics = section.texts("sources", report);
    let is_empty_list = |node: &Node| matches!(&node.kind, Kind::List(items) if items.is_empty());
    if section.node("sources").is_none_or(is_empty_list) {
        let hint = "name the topics to read: sources = [\"orders\"]";
        report.mistake(section.origin("sources"), "[[pipeline]] needs `sources`", Some(hint.to_owned()));
    }
    let mut names: Vec<String> = Vec::with_capacity(topics.len());
    let places = topics.iter().map(|topic| report.place_of(&topic.origin)).collect();
    for topic in topics {
        check_topic(&topic, report);
        if names.contains(&topic.value) {
            report.mistake(&topic.origin, format!("topic {} is named twice", topic.shown()), None);
        }
        names.push(topic.value);
    }
    (names, places)
}

fn topic(section: &Section<'_>, option: &str, sources: &[String], report: &mut Report) -> Option<String> {
    let topic = section.text(option, report)?;
    check_topic(&topic, report);
    if sources.contains(&topic.value) {
        let message = format!("topic {} is a source of the same pipeline: it would feed itself", topic.shown());
        report.mistake(&topic.origin, message, Some("name another topic".to_owned()));
    }
    Some(topic.value)
}

/// Reports a name that no topic can have.
pub(super) fn check_topic(topic: &Text, report: &mut Report) {
    let name = topic.value.as_str();
    let fits = name.len() <= MAX_TOPIC_LENGTH && name.chars().all(is_topic_character) && name != "." && name != "..";
    if !fits {
        let hint = format!("Kafka allows up to {MAX_TOPIC_LENGTH} of letters, digits, `.`, `_` and `-`");
        report.mistake(&topic.origin, format!("{} is no name of a topic", topic.shown()), Some(hint));
    }
}

fn is_topic_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The file's name without `.asl.json` or what else is behind its first dot.
fn workflow_name(path: &str) -> Arc<str> {
    let file_name = Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
    let stem = file_name.split('.').find(|part| !part.is_empty()).unwrap_or(&file_name);
    stem.into()
}

/// Takes `.` out of a path, so that one file has one spelling.
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}
