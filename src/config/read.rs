//! From the tree of the file to a checked [`Config`].

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::environment::Environment;
use super::model::{Http, Kafka, Limits, Log, LogFormat, OnInvalid, Pipeline, Workflows};
use super::redactor::Redactor;
use super::report::Report;
use super::section::Section;
use super::task::Task;
use super::tree::{self, Kind, Node, Origin, Table};
use super::{Config, Draft, api, aws, callbacks, kafka, overrides, pipeline};
use crate::identity::Realm;
use crate::limits;

const ROOT_OPTIONS: &[&str] =
    &["kafka", "http", "api", "log", "aws", "engine", "workflows", "callbacks", "pipeline", "task"];
pub(super) const API_OPTIONS: &[&str] = &["listen", "token", "access_key_id", "secret_access_key"];
pub(super) const CALLBACKS_OPTIONS: &[&str] = &["topic", "key", "node"];
pub(super) const HTTP_OPTIONS: &[&str] = &["listen"];
pub(super) const LOG_OPTIONS: &[&str] = &["level", "format"];
pub(super) const AWS_OPTIONS: &[&str] =
    &["region", "account_id", "profile", "endpoint", "access_key_id", "secret_access_key", "session_token"];
pub(super) const WORKFLOWS_OPTIONS: &[&str] = &["state_dir", "on_invalid"];
pub(super) const ENGINE_OPTIONS: &[&str] = &[
    "execution_timeout",
    "max_transitions",
    "work_per_turn",
    "max_work_per_state",
    "max_heap_bytes",
    "max_event_bytes",
    "max_depth",
    "max_dataset_bytes",
    "max_dataset_items",
];
/// Those that no environment variable overrides come first: see [`overrides`].
pub(super) const PIPELINE_OPTIONS: &[&str] = &[
    "name",
    "kafka",
    "sources",
    "workflow",
    "group",
    "sink",
    "failures",
    "dead_letters",
    "shards",
    "max_in_flight",
    "max_in_flight_bytes",
    "max_uncommitted",
    "max_delivery_attempts",
    "max_concurrent_tasks",
    "commit_interval",
    "drain_timeout",
    "revoke_timeout",
    "start_from",
    "on_out_of_range",
    "order",
    "result_headers",
    "forward_headers",
    "state_metrics",
    "log_executions",
    "include_data",
    "log_history",
    "log_topic",
];

/// Whether the files of workflows are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkflowFiles {
    MustExist,
    MayBeMissing,
}

/// Whether there has to be a pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipelines {
    Needed,
    Optional,
}

/// Reads a configuration: see [`Config::parse`].
pub(super) fn config(
    text: &str,
    file: &Path,
    environment: &Environment,
    (workflow_files, needed): (WorkflowFiles, Pipelines),
) -> Draft {
    let mut report = Report::new(file, text);
    let mut root = tree::read(text, environment, &mut report);
    overrides::apply(&mut root, environment, &mut report);

    let top = Section::open("the file", &root, Origin::File(0..0), ROOT_OPTIONS, &mut report);
    let kafka = kafka::read("[kafka]", top.node("kafka"), &mut report);
    let http = http(&top, &mut report);
    let api = open(&top, "api", API_OPTIONS, &mut report).and_then(|section| api::read(&section, &mut report));
    let log = log(&top, &mut report);
    let (realm, services) = match open(&top, "aws", AWS_OPTIONS, &mut report) {
        Some(section) => {
            let (realm, services) = aws::read(&section, &mut report);
            (realm, Some(services))
        }
        None => (Realm::default(), None),
    };
    let engine = engine(&top, &mut report);
    let workflows = workflows(&top, file, &mut report);
    let callbacks = open(&top, "callbacks", CALLBACKS_OPTIONS, &mut report)
        .and_then(|section| callbacks::read(&section, &kafka, &mut report));
    // After a fault of syntax or a misspelt name, it may well be there.
    if needed == Pipelines::Needed && top.node("pipeline").is_none() && report.is_clean() {
        let hint = "add one: [[pipeline]] with name, sources, workflow and sink";
        report.mistake(&Origin::File(0..0), "there is no [[pipeline]]", Some(hint.to_owned()));
    }
    let pipelines = pipelines(&top, file, (&kafka, &realm), workflow_files, &mut report);
    let so_far = report.count();
    tables(&top, "task", &mut report);
    let tasks_are_known = report.count() == so_far && !report.is_unreliable();
    let tasks = tasks(root, &report);

    let (warnings, errors) = report.finish();
    let config = Config {
        file: file.to_owned(),
        kafka,
        http,
        api,
        log,
        aws: realm,
        services,
        engine,
        workflows,
        callbacks,
        pipelines,
        tasks,
        warnings,
    };
    Draft { config, tasks_are_known, errors, redactor: Redactor::default() }
}

fn http(top: &Section<'_>, report: &mut Report) -> Http {
    // The default is a constant of this crate, checked by a test.
    let default = limits::HTTP_LISTEN.parse().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let Some(section) = open(top, "http", HTTP_OPTIONS, report) else { return Http { listen: default } };
    let Some(text) = section.text("listen", report) else { return Http { listen: default } };
    let address = match text.value.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse(),
        None => text.value.parse::<SocketAddr>(),
    };
    let Ok(listen) = address else {
        let hint = "write an address and a port: \"127.0.0.1:9600\", or \"0.0.0.0:9600\" for every interface";
        report.mistake(&text.origin, format!("`listen` can't be {}", text.shown()), Some(hint.to_owned()));
        return Http { listen: default };
    };
    if !listen.ip().is_loopback() {
        report.warning(&text.origin, "`listen` is reachable from other machines; the pages have no authentication");
    }
    Http { listen }
}

fn log(top: &Section<'_>, report: &mut Report) -> Log {
    let mut log = Log { level: "info".to_owned(), format: LogFormat::Text };
    let Some(section) = open(top, "log", LOG_OPTIONS, report) else { return log };
    if let Some(level) = section.text("level", report) {
        if is_log_filter(&level.value) {
            log.level = level.value;
        } else {
            let hint = "write error, warn, info, debug or trace; per module: \"info,rdkafka=warn\"";
            report.mistake(&level.origin, format!("`level` can't be {}", level.shown()), Some(hint.to_owned()));
        }
    }
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    log.format = section.choice("format", &formats, report).unwrap_or(log.format);
    log
}

/// A level, or directives with a level for each module; stricter than the filter's own reader, which takes a misspelt
/// level for the name of a module.
fn is_log_filter(text: &str) -> bool {
    let is_level = |word: &str| matches!(word, "off" | "error" | "warn" | "info" | "debug" | "trace");
    text.split(',').map(str::trim).all(|directive| match directive.split_once('=') {
        Some((module, level)) => !module.is_empty() && is_level(level),
        None => is_level(directive),
    })
}

fn engine(top: &Section<'_>, report: &mut Report) -> Limits {
    let empty = Table::default();
    let section = open(top, "engine", ENGINE_OPTIONS, report)
        .unwrap_or_else(|| Section::open("[engine]", &empty, Origin::File(0..0), ENGINE_OPTIONS, report));
    let second = Duration::from_secs(1);
    let year = Duration::from_secs(365 * 24 * 3600);
    Limits {
        execution_timeout: section.duration("execution_timeout", limits::EXECUTION_TIMEOUT, second..=year, report),
        max_transitions: section.integer("max_transitions", limits::MAX_TRANSITIONS, 1..=u64::MAX, report),
        work_per_turn: section.integer("work_per_turn", limits::WORK_PER_TURN, 1..=u64::MAX, report),
        max_work_per_state: section.integer("max_work_per_state", limits::MAX_WORK_PER_STATE, 1..=u64::MAX, report),
        max_heap_bytes: section.bytes(
            "max_heap_bytes",
            limits::MAX_HEAP_BYTES,
            1 << 16..=limits::MAX_HEAP_BYTES_CEILING,
            report,
        ),
        max_event_bytes: section.bytes("max_event_bytes", limits::MAX_EVENT_BYTES, 1..=1 << 30, report),
        max_depth: section.count(
            "max_depth",
            usize::from(limits::MAX_EVENT_DEPTH),
            1..=usize::from(limits::MAX_EVENT_DEPTH_CEILING),
            report,
        ),
        max_dataset_bytes: section.bytes("max_dataset_bytes", limits::MAX_DATASET_BYTES, 1..=1 << 30, report),
        max_dataset_items: section.count("max_dataset_items", limits::MAX_DATASET_ITEMS, 1..=10_000_000, report),
    }
}

fn workflows(top: &Section<'_>, file: &Path, report: &mut Report) -> Workflows {
    let mut workflows = Workflows::default();
    let Some(section) = open(top, "workflows", WORKFLOWS_OPTIONS, report) else { return workflows };
    if let Some(folder) = section.text("state_dir", report) {
        workflows.state_dir = Some(file.parent().unwrap_or(Path::new("")).join(&folder.value));
    }
    workflows.state_dir_place = Some(report.place_of(section.origin("state_dir")));
    let choices = [("stop", OnInvalid::Stop), ("last_good", OnInvalid::LastGood)];
    workflows.on_invalid = section.choice("on_invalid", &choices, report).unwrap_or_default();
    if workflows.on_invalid == OnInvalid::LastGood && section.node("state_dir").is_none() {
        let hint = "say where the last good versions are kept: state_dir = \"/var/lib/stepstream\"";
        report.mistake(
            section.origin("on_invalid"),
            "`on_invalid = \"last_good\"` needs `state_dir`",
            Some(hint.to_owned()),
        );
    }
    workflows
}

fn pipelines(
    top: &Section<'_>,
    file: &Path,
    shared: (&Kafka, &Realm),
    workflow_files: WorkflowFiles,
    report: &mut Report,
) -> Vec<Pipeline> {
    let tables = tables(top, "pipeline", report);
    let mut pipelines = Vec::with_capacity(tables.len());
    for (table, origin) in tables {
        if let Some(pipeline) = pipeline::read(table, origin, (file, workflow_files), shared, report) {
            pipeline::check_beside(&pipelines, &pipeline, origin, report);
            pipelines.push(pipeline);
        }
    }
    pipelines
}

/// The tables of `[[task]]`, to be read by those who know what stands in them.
fn tasks(root: Table, report: &Report) -> Vec<Task> {
    let node = root.entries.into_iter().find(|entry| entry.name == "task").map(|entry| entry.node.kind);
    let Some(Kind::List(items)) = node else { return Vec::new() };
    let task = |item: Node| match item.kind {
        Kind::Table(table) => Some(Task::new(table, item.origin, report.source())),
        _ => None,
    };
    items.into_iter().filter_map(task).collect()
}

/// Opens a `[name]` table, if it is there and is one.
fn open<'a>(top: &Section<'a>, name: &str, options: &[&str], report: &mut Report) -> Option<Section<'a>> {
    let node = top.node(name)?;
    match &node.kind {
        Kind::Table(table) => Some(Section::open(format!("[{name}]"), table, node.origin.clone(), options, report)),
        Kind::Broken => None,
        other => {
            let message = format!("`{name}` is {}, it must be a table", other.name());
            report.mistake(
                &node.origin,
                message,
                Some(format!("write [{name}] on a line of its own, its options below")),
            );
            None
        }
    }
}

/// The tables of `[[name]]`.
fn tables<'a>(top: &Section<'a>, name: &str, report: &mut Report) -> Vec<(&'a Table, &'a Origin)> {
    let Some(node) = top.node(name) else { return Vec::new() };
    let hint = || Some(format!("write [[{name}]], with two brackets: there may be several"));
    let table_of = |item: &'a Node, report: &mut Report| match &item.kind {
        Kind::Table(table) => Some((table, &item.origin)),
        Kind::Broken => None,
        other => {
            report.mistake(&item.origin, format!("`{name}` is {}, it must be tables", other.name()), hint());
            None
        }
    };
    match &node.kind {
        Kind::List(items) => items.iter().filter_map(|item| table_of(item, report)).collect(),
        Kind::Table(_) => {
            report.mistake(&node.origin, format!("`{name}` is a single table"), hint());
            Vec::new()
        }
        _ => {
            table_of(node, report);
            Vec::new()
        }
    }
}
