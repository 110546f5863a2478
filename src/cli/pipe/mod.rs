//! `stepstream pipe`: a workflow as a filter, JSON lines in, JSON lines out.

mod flow;
mod lines;
mod output;
mod results;
mod worker;

use std::fs;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use super::print::{in_colour, say};
use super::{deployment, source};
use crate::asl;
use crate::engine::Limits;
use crate::host::Permits;
use crate::identity::Realm;
use crate::limits::MAX_CONCURRENT_TASKS;
use crate::program::Program;
use crate::task::Connectors;
use flow::FlowError;
use output::Output;
use worker::{EventWorker, Job};

/// The command could not begin: an invalid definition or configuration, or a file that can't be read.
const EXIT_NOT_BEGUN: u8 = 2;

/// Executions that wait for tasks or time side by side, per thread: enough to hide a service's latency, few enough not
/// to flood it.
const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// Arguments of `stepstream pipe`.
#[derive(clap::Args)]
#[command(
    after_help = "Reads one event per line from standard input and writes one output per line, in the same order, to \
    standard output.\nExit status: 0 all events succeeded, 1 some did not, 2 the definition or configuration is invalid."
)]
pub(super) struct Args {
    /// The workflow's definition
    #[arg(value_name = "WORKFLOW")]
    workflow: PathBuf,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Where to write a JSON line for each event that did not succeed; - is standard error
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// A configuration whose [[task]] entries and [engine] limits apply
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Executions per thread that may wait for tasks or time side by side
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CONCURRENCY)]
    concurrency: NonZeroUsize,
    /// Names executions ID-1, ID-2 and so on, by line. Give the same to repeat a run with the same idempotency keys
    /// [default: random]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
    match run(&args) {
        Ok(all_succeeded) => ExitCode::from(u8::from(!all_succeeded)),
        Err(error) => {
            say(format_args!("stepstream pipe: {error}"));
            match error {
                PipeError::Flow(_) => ExitCode::FAILURE,
                _ => ExitCode::from(EXIT_NOT_BEGUN),
            }
        }
    }
}

/// Why not all of the input was run.
#[derive(Debug, thiserror::Error)]
enum PipeError {
    #[error("can't read the definition {}: {source}", source::shown(path))]
    Definition { path: PathBuf, source: io::Error },
    /// With rendered diagnostics, which say what and where.
    #[error("{} is invalid:\n{diagnostics}", source::shown(path))]
    Invalid { path: PathBuf, diagnostics: String },
    #[error("the configuration is wrong:\n{0}")]
    Config(String),
    #[error("{path}: {source}", path = source::shown(path))]
    Unmatched { path: PathBuf, source: crate::task::UnmatchedResources },
    #[error("can't write failures to {}: {source}", source::shown(path))]
    Failures { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Flow(#[from] FlowError),
}

fn run(args: &Args) -> Result<bool, PipeError> {
    let program = load_program(&args.workflow)?;
    let (connectors, limits, realm) = load_config(args.config.as_deref())?;
    let resolved = connectors.resolve(program.resources());
    resolved.check().map_err(|source| PipeError::Unmatched { path: args.workflow.clone(), source })?;
    let mut output = Output::open(args.failures.as_deref(), input_length())
        .map_err(|source| PipeError::Failures { path: args.failures.clone().unwrap_or_default(), source })?;
    let permits = Permits::new(MAX_CONCURRENT_TASKS, &connectors);
    let job = Arc::new(Job {
        program: Arc::new(program),
        connectors: resolved,
        workflow: source::workflow_name(&args.workflow),
        run_id: args.run_id.clone().unwrap_or_else(|| format!("pipe-{:016x}", fastrand::u64(..))),
        concurrency: args.concurrency.get(),
        keep_failures: args.failures.is_some(),
        limits,
        realm,
        permits: Arc::new(permits),
    });
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let started = Instant::now();
    let max_line_bytes = job.limits.max_event_bytes;
    let outcome =
        flow::run(io::stdin(), max_line_bytes, threads, move || EventWorker::new(Arc::clone(&job)), &mut output);
    let counts = output.finish();
    match outcome {
        // Whoever reads the results has seen enough, as `head` does.
        Err(FlowError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => return Ok(counts.all_succeeded()),
        outcome => {
            say(output::summary(counts, started.elapsed(), args.failures.is_some()));
            outcome?;
        }
    }
    Ok(counts.all_succeeded())
}

fn load_program(path: &Path) -> Result<Program, PipeError> {
    let text = fs::read_to_string(path).map_err(|source| PipeError::Definition { path: path.to_owned(), source })?;
    Program::from_text_as(asl::Format::of_file(path), &text).map_err(|mut diagnostics| {
        diagnostics.retain(asl::Diagnostic::is_error);
        let colour = in_colour(&io::stderr());
        let diagnostics = asl::render(&diagnostics, &source::shown(path), &text, colour);
        PipeError::Invalid { path: path.to_owned(), diagnostics }
    })
}

fn load_config(path: Option<&Path>) -> Result<(Connectors, Limits, Realm), PipeError> {
    let Some(path) = path else {
        return Ok((Connectors::of_kinds(deployment::KINDS), Limits::default(), Realm::default()));
    };
    let colour = in_colour(&io::stderr());
    let (config, connectors) = deployment::load(path).map_err(|mistakes| PipeError::Config(mistakes.render(colour)))?;
    Ok((connectors, config.engine.into(), config.aws))
}

/// Bytes of the input, if it is a file: then progress can be shown as a part of the whole.
#[cfg(unix)]
fn input_length() -> Option<u64> {
    use std::os::fd::AsFd;
    let input = fs::File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = input.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

#[cfg(not(unix))]
fn input_length() -> Option<u64> {
    None
}
