//! `stepstream failures` and `stepstream dead-letters`: what lies in these topics, and how it is run again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::print::{in_colour, print, say};
use crate::config::{Config, ConfigErrors, Draft, Environment, Pipeline};
use crate::stream::{Letter, LetterReader, LettersError};
use crate::visible::{visible, visible_lines};
use filter::Filter;

mod filter;
mod replay;

/// Letters that `list` shows unless told otherwise.
const SHOWN: usize = 100;

/// Arguments of `stepstream failures` and `stepstream dead-letters`.
#[derive(clap::Args)]
#[command(
    after_help = "A topic is read from its beginning to the end that it has now; nothing is committed, and no group is joined.\n\
    Exit status: 0 done, 1 the topic can't be read or written, 2 the configuration or an argument is wrong."
)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// One line for each
    List {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        filter: Filter,
        /// How many to show at most
        #[arg(long, value_name = "N", default_value_t = SHOWN)]
        limit: usize,
    },
    /// One as it lies in the topic: headers and value
    Show {
        #[command(flatten)]
        common: Common,
        /// Which one: its partition and offset, as `list` shows them
        #[arg(value_name = "PARTITION:OFFSET")]
        place: filter::Place,
    },
    /// How many there are of each kind
    Count {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        filter: Filter,
        /// What makes a kind, in this order
        #[arg(long, value_name = "FIELDS", value_delimiter = ',', default_value = "error")]
        by: Vec<Field>,
    },
    /// Write their events into the source topic again, and mark them
    Replay {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        options: replay::Options,
    },
}

#[derive(clap::Args)]
struct Common {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pipeline, where the file has several
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// What `count` counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Field {
    /// The error of a failure, the reason of a dead letter
    Error,
    /// The state that failed
    State,
    /// The workflow
    Workflow,
    /// The version of the workflow
    Version,
    /// The topic of the event
    Topic,
}

/// Which of the two commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `failures`
    Failures,
    /// `dead-letters`
    DeadLetters,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{}", .0.render(in_colour(&std::io::stderr())))]
    Config(ConfigErrors),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Letters(#[from] LettersError),
    #[error("{0}")]
    Print(String),
}

/// Runs one of the subcommands.
pub(super) fn main(kind: Kind, args: &Args) -> ExitCode {
    match run(kind, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("stepstream {}: {error}", kind.command()));
            match error {
                Failed::Config(_) | Failed::Usage(_) => ExitCode::from(2),
                Failed::Letters(_) | Failed::Print(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn run(kind: Kind, args: &Args) -> Result<(), Failed> {
    let common = match &args.action {
        Action::List { common, .. }
        | Action::Show { common, .. }
        | Action::Count { common, .. }
        | Action::Replay { common, .. } => common,
    };
    let draft = Draft::load(&common.config, &Environment::process()).map_err(Failed::Config)?;
    let config = draft.finish().map_err(Failed::Config)?;
    let pipeline = pipeline(&config, common.pipeline.as_deref())?;
    let topic = kind.topic(pipeline)?;
    match &args.action {
        Action::List { filter, limit, .. } => list(pipeline, topic, (common, filter), *limit),
        Action::Show { place, .. } => show(pipeline, topic, common, *place),
        Action::Count { filter, by, .. } => count(pipeline, topic, (common, filter), by),
        Action::Replay { filter, options, .. } => {
            let is_shared = kind == Kind::Failures && pipeline.failures.is_none();
            if is_shared {
                let why = format!(
                    "failures of pipeline {} go to its sink {topic}, where marks of what was replayed would be taken for results; \
                     give it a topic of its own: failures = \"NAME\"",
                    pipeline.name
                );
                return Err(Failed::Usage(why));
            }
            replay::replay(pipeline, topic, filter, common.json, options)
        }
    }
}

impl Kind {
    fn command(self) -> &'static str {
        match self {
            Kind::Failures => "failures",
            Kind::DeadLetters => "dead-letters",
        }
    }

    fn topic(self, pipeline: &Pipeline) -> Result<&str, Failed> {
        let (topic, option) = match self {
            Kind::Failures => (pipeline.failure_topic(), "failures"),
            Kind::DeadLetters => (pipeline.dead_letters.as_deref(), "dead_letters"),
        };
        topic.ok_or_else(|| Failed::Usage(format!("pipeline {} has no `{option}`", pipeline.name)))
    }
}

fn pipeline<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Pipeline, Failed> {
    let names: Vec<&str> = config.pipelines.iter().map(|pipeline| &*pipeline.name).collect();
    let found = match name {
        Some(name) => config.pipelines.iter().find(|pipeline| &*pipeline.name == name),
        None if names.len() == 1 => config.pipelines.first(),
        None => None,
    };
    found.ok_or_else(|| {
        Failed::Usage(format!("say which pipeline is meant: --pipeline {}", names.join(" or --pipeline ")))
    })
}

fn list(pipeline: &Pipeline, topic: &str, (common, filter): (&Common, &Filter), limit: usize) -> Result<(), Failed> {
    let reader = LetterReader::new(&pipeline.consumer, topic)?;
    let (mut out, mut shown, mut more) = (String::new(), 0, 0_usize);
    reader.read(|reader, letter| {
        if !filter.takes(&letter) {
            return true;
        }
        if shown < limit {
            shown += 1;
            line(&mut out, &letter, reader.is_replayed(&letter), common.json);
        } else {
            more += 1;
        }
        true
    })?;
    print(&out).map_err(Failed::Print)?;
    if more > 0 {
        say(format_args!("{more} more are not shown: --limit {}", shown + more));
    }
    Ok(())
}

fn line(out: &mut String, letter: &Letter, is_replayed: bool, as_json: bool) {
    let time = time(letter);
    let key = letter.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned());
    let source = letter.source().map(|source| format!("{}-{}@{}", source.topic, source.partition, source.offset));
    // Writing to a String can't fail.
    if as_json {
        let line = json!({
            "place": format!("{}:{}", letter.partition, letter.offset), "time": time, "error": letter.error(),
            "cause": letter.cause(), "state": letter.state(), "workflow": letter.workflow(), "key": key, "event": source,
            "replayed": is_replayed,
        });
        let _ = writeln!(out, "{line}");
        return;
    }
    let _ = write!(out, "{}:{}  {}  {}", letter.partition, letter.offset, time, visible(letter.error()));
    let source = source.unwrap_or_default();
    for (name, value) in [
        ("state", letter.state()),
        ("workflow", letter.workflow()),
        ("key", key.as_deref().unwrap_or_default()),
        ("event", &source),
    ] {
        if !value.is_empty() {
            let _ = write!(out, "  {name}={}", visible(value));
        }
    }
    out.push_str(if is_replayed { "  replayed\n" } else { "\n" });
}

/// When it was written, in RFC 3339.
fn time(letter: &Letter) -> String {
    let time = letter.timestamp.and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn show(pipeline: &Pipeline, topic: &str, common: &Common, place: filter::Place) -> Result<(), Failed> {
    let reader = LetterReader::new(&pipeline.consumer, topic)?;
    let mut out = String::new();
    reader.read(|reader, letter| {
        if !place.is_of(&letter) {
            return true;
        }
        whole(&mut out, &letter, reader.is_replayed(&letter), common.json);
        false
    })?;
    if out.is_empty() {
        return Err(Failed::Usage(format!("topic {topic} has none at {place}")));
    }
    print(&out).map_err(Failed::Print)
}

fn whole(out: &mut String, letter: &Letter, is_replayed: bool, as_json: bool) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if as_json {
        let headers: Vec<_> =
            letter.headers.iter().map(|(name, value)| json!([name, value.as_deref().map(text)])).collect();
        let whole = json!({
            "place": format!("{}:{}", letter.partition, letter.offset), "time": time(letter), "replayed": is_replayed,
            "key": letter.key.as_deref().map(text), "headers": headers, "value": letter.value.as_deref().map(text),
        });
        let _ = writeln!(out, "{whole}");
        return;
    }
    let _ = writeln!(out, "time: {}", time(letter));
    if is_replayed {
        out.push_str("replayed: yes\n");
    }
    if let Some(key) = &letter.key {
        let _ = writeln!(out, "key: {}", visible(&text(key)));
    }
    for (name, value) in &letter.headers {
        let value = value.as_deref().map(text).unwrap_or_default();
        let _ = writeln!(out, "{}: {}", visible(name), visible(&value));
    }
    if let Some(value) = &letter.value {
        let _ = writeln!(out, "\n{}", visible_lines(&text(value)));
    }
}

fn count(pipeline: &Pipeline, topic: &str, (common, filter): (&Common, &Filter), by: &[Field]) -> Result<(), Failed> {
    let reader = LetterReader::new(&pipeline.consumer, topic)?;
    // How many there are, and how many of them were replayed.
    let mut counts: BTreeMap<Vec<String>, (u64, u64)> = BTreeMap::new();
    reader.read(|reader, letter| {
        if filter.takes(&letter) {
            let kind = by.iter().map(|field| field.of(&letter).to_owned()).collect();
            let (all, replayed) = counts.entry(kind).or_default();
            *all += 1;
            *replayed += u64::from(reader.is_replayed(&letter));
        }
        true
    })?;
    let mut counts: Vec<_> = counts.into_iter().collect();
    // The most frequent first; the same number as the names sort.
    counts.sort_by(|(_, a), (_, b)| b.cmp(a));
    print(&table(&counts, by, common.json)).map_err(Failed::Print)
}

fn table(counts: &[(Vec<String>, (u64, u64))], by: &[Field], as_json: bool) -> String {
    let mut out = String::new();
    for (kind, (all, replayed)) in counts {
        if as_json {
            let mut object = serde_json::Map::new();
            for (field, value) in by.iter().zip(kind) {
                object.insert(field.name().to_owned(), value.as_str().into());
            }
            object.insert("count".to_owned(), (*all).into());
            object.insert("replayed".to_owned(), (*replayed).into());
            let _ = writeln!(out, "{}", serde_json::Value::Object(object));
            continue;
        }
        let names: Vec<_> = kind.iter().map(|name| if name.is_empty() { "-".into() } else { visible(name) }).collect();
        let _ = write!(out, "{all:>8}  {}", names.join("  "));
        let _ = if *replayed > 0 { writeln!(out, "  ({replayed} replayed)") } else { writeln!(out) };
    }
    out
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Error => "error",
            Field::State => "state",
            Field::Workflow => "workflow",
            Field::Version => "version",
            Field::Topic => "topic",
        }
    }

    fn of(self, letter: &Letter) -> &str {
        match self {
            Field::Error => letter.error(),
            Field::State => letter.state(),
            Field::Workflow => letter.workflow(),
            Field::Version => letter.header(crate::stream::headers::VERSION).unwrap_or_default(),
            Field::Topic => letter.header(crate::stream::headers::TOPIC).unwrap_or_default(),
        }
    }
}
