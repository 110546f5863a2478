//! `stepstream exec`: one execution, its result and its history.

mod drive;
mod history;
mod render;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::deployment;
use super::print::{print, say};
use super::source;
use crate::asl::Format;
use crate::engine::{Limits, Status};
use crate::program::Program;
use crate::task::{Connectors, FilesConnector, FilesOptions, MockCase, MockFile, Pattern};
use crate::visible::visible;
use drive::{OwnedIdentity, Setup, Tasks};

/// Exit status when the execution failed or timed out.
const FAILED: u8 = 1;
/// Exit status when the definition, or the call itself, is invalid.
const INVALID: u8 = 2;

/// Time that one file of `--data` may take.
const DATA_TIMEOUT: Duration = Duration::from_secs(30);

/// Arguments of `stepstream exec`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the execution succeeded, 1 it failed or timed out, 2 it could not be run: the definition, \
    the input or another file is invalid."
)]
pub(super) struct Args {
    /// The definition: JSON, comments and trailing commas allowed, or YAML; - is standard input
    #[arg(value_name = "DEFINITION")]
    definition: PathBuf,
    /// The execution's input: JSON that begins with {, [ or ", or a file with one JSON value; - is standard input
    /// [default: {}]
    #[arg(long, short, value_name = "JSON|FILE", allow_hyphen_values = true)]
    input: Option<String>,
    /// What $$.Kafka is: a JSON object, or a file with one; - is standard input
    #[arg(long, value_name = "JSON|FILE")]
    kafka: Option<String>,
    /// The state machine's name, in the context object and in the mock file [default: the definition's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The execution's name [default: random]
    #[arg(long, value_name = "NAME")]
    execution_name: Option<String>,
    /// Waits, retry delays and timeouts elapse at once, on the engine's own clock
    #[arg(long)]
    fast_forward: bool,
    /// Show the events of the execution
    #[arg(long)]
    history: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Tasks answer from this mock file, in the format of Step Functions Local
    #[arg(long, value_name = "FILE", requires = "test_case")]
    mocks: Option<PathBuf>,
    /// The test case of the mock file
    #[arg(long, value_name = "NAME", requires = "mocks")]
    test_case: Option<String>,
    /// A configuration whose [[task]] entries and [engine] limits apply
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder whose folders are the buckets that ItemReader and ResultWriter name
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Seed of States.MathRandom, States.UUID and jitter [default: random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
    match execute(&args) {
        Ok(status) => ExitCode::from(if status == Status::Succeeded { 0 } else { FAILED }),
        Err(Trouble::Definition) => ExitCode::from(INVALID),
        Err(Trouble::Message(message)) => {
            say(format_args!("stepstream exec: {message}"));
            ExitCode::from(INVALID)
        }
    }
}

/// Why there is no result.
enum Trouble {
    /// The definition is invalid; its diagnostics have been shown.
    Definition,
    Message(String),
}

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Message(error.to_string())
    }
}

fn execute(args: &Args) -> Result<Status, Trouble> {
    let text = source::read_definition(&args.definition)
        .map_err(|fault| Trouble::Message(format!("cannot read {}: {fault}", source::shown(&args.definition))))?;
    let program = match Program::from_text_as(Format::of_file(&args.definition), &text) {
        Ok(program) => Arc::new(program),
        Err(diagnostics) => {
            render::invalid(&args.definition, &text, &diagnostics, args.json).map_err(Trouble::Message)?;
            return Err(Trouble::Definition);
        }
    };
    let input = match &args.input {
        Some(given) => Input::read("input", given)?,
        None => Input { json: b"{}".to_vec(), name: String::new() },
    };
    let kafka = args.kafka.as_deref().map(kafka).transpose()?;
    let name = args.name.clone().unwrap_or_else(|| {
        let stem = args.definition.file_name().unwrap_or_default().to_string_lossy().into_owned();
        stem.split('.').next().unwrap_or_default().to_owned()
    });
    let (config, connectors) = match &args.config {
        Some(file) => deployment::load(file).map(|(config, connectors)| (Some(config), connectors))?,
        None => (None, Connectors::of_kinds(deployment::KINDS)),
    };
    let realm = config.as_ref().map(|config| config.aws.clone()).unwrap_or_default();
    let mut identity = OwnedIdentity::new(&realm, &name, args.execution_name.as_deref(), args.seed);
    identity.kafka = kafka;
    let setup = Setup {
        limits: config.as_ref().map_or_else(Limits::default, |config| config.engine.into()),
        record_history: args.history,
        fast_forward: args.fast_forward,
        identity,
        input_name: input.name,
    };
    let execution = drive::to_the_end(&program, &input.json, setup, tasks(args, &name, connectors)?)?;
    let status = execution.status().ok_or_else(|| Trouble::Message("the execution has no end".to_owned()))?;
    let answer = match args.json {
        true => format!("{}\n", render::json(&execution, args.history)),
        false => render::text(&execution, args.history),
    };
    print(&answer).map_err(Trouble::Message)?;
    Ok(status)
}

/// The input, and what messages call it.
struct Input {
    json: Vec<u8>,
    name: String,
}

impl Input {
    /// Reads what an option gives. What begins like JSON is JSON, whether there is a file of that name or not: `./` before it
    /// names the file.
    fn read(option: &str, given: &str) -> Result<Input, Trouble> {
        if given.trim_start().starts_with(['{', '[', '"']) {
            let name = format!(" {} (JSON by how it begins; ./ before it would name a file)", excerpt(given));
            return Ok(Input { json: given.as_bytes().to_vec(), name });
        }
        if given == "-" {
            let mut json = Vec::new();
            let read = std::io::stdin().read_to_end(&mut json);
            read.map_err(|error| Trouble::Message(format!("cannot read the {option} from standard input: {error}")))?;
            return Ok(Input { json, name: " from standard input".to_owned() });
        }
        let name = format!(" {}", excerpt(given));
        let json = std::fs::read(given).map_err(|error| {
            let why = "it is taken as the name of a file, because JSON here begins with {, [ or \"";
            Trouble::Message(format!("cannot read the {option}{name}: {error}; {why}"))
        })?;
        Ok(Input { json, name })
    }
}

/// `$$.Kafka`, checked: the engine takes what the stream writes.
fn kafka(given: &str) -> Result<Vec<u8>, Trouble> {
    let Input { json, name } = Input::read("record", given)?;
    match serde_json::from_slice(&json) {
        Ok(serde_json::Value::Object(_)) => Ok(json),
        Ok(_) => Err(Trouble::Message(format!("--kafka{name} is no JSON object"))),
        Err(error) => Err(Trouble::Message(format!("--kafka{name} is no JSON object: {error}"))),
    }
}

/// The beginning of what was given, on one line.
fn excerpt(given: &str) -> String {
    const SHOWN: usize = 200;
    let shown = visible(given);
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

fn tasks(args: &Args, machine: &str, mut connectors: Connectors) -> Result<Tasks, Trouble> {
    let mocks: Option<MockCase> = match (&args.mocks, &args.test_case) {
        (Some(file), Some(case)) => Some(MockFile::load(file)?.test_case(machine, case)?),
        _ => None,
    };
    if let Some(root) = &args.data {
        let files = FilesConnector::new(FilesOptions { root: root.clone(), timeout: DATA_TIMEOUT })?;
        connectors.push(Pattern::new("arn:aws*:states:::s3:*"), Arc::new(files));
    }
    Ok(Tasks { mocks, connectors })
}
