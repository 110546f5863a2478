//! `stepstream dev`: everything in one process, to try it out.
//!
//! The broker is librdkafka's mock cluster: the real protocol and the real client, but nothing is kept. It holds 5 MiB per
//! partition and drops the oldest silently; so the generator is held back by what has not come out yet.

mod example;
mod generator;
mod table;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::deployment::{DeployError, Deployment};
use super::feed::{Collector, Ledger, Orders, Summary, Topics};
use super::print::{in_colour, say};
use crate::config::{self, Config, ConfigErrors, StartFrom};
use crate::registry::{LoadError, Watch};
use crate::stream::ShardPanicked;
use crate::telemetry::{self, Health};
use generator::Generator;
use table::Table;

/// Events per second that show something without heating the machine.
const DEFAULT_RATE: u64 = 1_000;
/// Partitions of each topic.
const PARTITIONS: i32 = 4;
/// Without any progress for so long, what has not come out is missing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two looks at whether everything has come out.
const LOOK: Duration = Duration::from_millis(20);

/// Arguments of `stepstream dev`.
#[derive(clap::Args)]
#[command(
    after_help = "The broker is librdkafka's mock cluster inside this process: for trying out only, nothing is kept.\n\
    Ctrl-C: stop the generator, finish what is on its way, print the summary; twice: exit at once.\n\
    Exit status: 0 every event has an outcome, 1 one is missing, 2 the configuration is wrong."
)]
pub struct Args {
    /// Events per second; 0: as many as go through
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE)]
    rate: u64,
    /// Send so many events, check that every one has an outcome, print the summary and exit
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// Run this workflow instead of the example's
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    /// Run the first pipeline of this configuration instead of the example's, on the mock cluster
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seed of the generated events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Why it did not run.
#[derive(Debug, thiserror::Error)]
enum DevError {
    #[error("the configuration is wrong:\n{}", .0.render(in_colour(&io::stderr())))]
    Config(#[from] ConfigErrors),
    /// What `--workflow` names: no configuration is to blame.
    #[error("{0}")]
    Workflow(LoadError),
    #[error("{0}")]
    Deploy(#[from] DeployError),
    #[error("{0}")]
    Shard(#[from] ShardPanicked),
    #[error("the mock cluster or a client of it: {0}")]
    Kafka(#[from] KafkaError),
    #[error("the example can't be written to a folder for temporary files: {0}")]
    Example(io::Error),
    #[error("no signals from the operating system: {0}")]
    Signals(io::Error),
}

/// Runs the subcommand.
pub fn main(args: Args) -> ExitCode {
    match run(&args) {
        Ok(summary) if summary.missing() == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error @ (DevError::Config(_) | DevError::Workflow(_) | DevError::Deploy(_))) => {
            say(format_args!("stepstream dev: {error}"));
            ExitCode::from(2)
        }
        Err(error) => {
            say(format_args!("stepstream dev: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<Summary, DevError> {
    let cluster = MockCluster::new(1)?;
    let brokers = cluster.bootstrap_servers();
    let example = example::Folder::new().map_err(DevError::Example)?;
    let config = configuration(args, &brokers, &example)?;
    telemetry::init_metrics();
    telemetry::init_logging_with(
        &config::Log { level: "warn".to_owned(), format: config.log.format },
        table::clear_for_log,
    );
    let interrupts = Interrupts::listen(example.path().to_owned()).map_err(DevError::Signals)?;
    let deployment = Deployment::new(&config).map_err(|error| match error {
        DeployError::Workflow { source, .. } if args.workflow.is_some() => DevError::Workflow(source),
        error => error.into(),
    })?;
    let spec = &config.pipelines[0];
    create_topics(&cluster, spec)?;
    let _watch = Watch::start(deployment.registry.clone());
    let pipeline = deployment.start(spec, &Health::new())?;
    let mut table = Table::new(&brokers, spec);

    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &brokers);
    let ledger = Arc::new(Ledger::new());
    let collector = Collector::start(&client, Topics::of(spec), StartFrom::Earliest, ledger.clone())?;
    let mut generator = Generator::new(&client, &spec.sources, Orders::new(args.seed), args.rate, args.events)?;
    let mut wait = Progress::new();
    loop {
        let stopping = interrupts.seen() > 0 || !pipeline.is_alive() || !table.is_read();
        if pipeline.is_ready() && !stopping {
            generator.turn(&ledger);
        } else {
            std::thread::sleep(LOOK);
        }
        table.show(&ledger, &pipeline, &deployment.registry);
        let done = generator.is_done() || stopping;
        if done && wait.is_over(&ledger, || generator.flush()) {
            break;
        }
    }
    pipeline.stop();
    let snapshot = pipeline.snapshot();
    pipeline.join()?;
    collector.stop();
    table.finish(&ledger, &snapshot);
    Ok(ledger.summary())
}

fn configuration(args: &Args, brokers: &str, example: &example::Folder) -> Result<Config, DevError> {
    let mut config = match &args.config {
        Some(file) => example::load(file, brokers)?,
        None => example.config(brokers)?,
    };
    config.pipelines.truncate(1);
    let pipeline = &mut config.pipelines[0];
    if let Some(workflow) = &args.workflow {
        pipeline.workflow = workflow.clone();
    }
    Ok(config)
}

fn create_topics(
    cluster: &MockCluster<'static, DefaultProducerContext>,
    pipeline: &config::Pipeline,
) -> Result<(), KafkaError> {
    let outputs = Topics::of(pipeline);
    for topic in pipeline.sources.iter().map(String::as_str).chain(outputs.names()) {
        cluster.create_topic(topic, PARTITIONS, 1)?;
    }
    Ok(())
}

/// Waits for what is on its way, as long as something moves.
struct Progress {
    accounted: u64,
    since: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { accounted: 0, since: Instant::now() }
    }

    /// Whether everything has come out, or nothing has for too long.
    fn is_over(&mut self, ledger: &Ledger, flush: impl FnOnce()) -> bool {
        flush();
        let summary = ledger.summary();
        if summary.accounted() != self.accounted {
            *self = Self { accounted: summary.accounted(), since: Instant::now() };
        }
        if summary.missing() == 0 {
            return true;
        }
        std::thread::sleep(LOOK);
        self.since.elapsed() >= PATIENCE
    }
}

/// How often Ctrl-C, or SIGTERM, came. The second ends the process.
struct Interrupts(Arc<AtomicUsize>);

impl Interrupts {
    /// `example` is removed at the second: nothing else would.
    fn listen(example: PathBuf) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if counted.fetch_add(1, Ordering::Relaxed) > 0 {
                        table::clear_for_log();
                        say("stopped at once: what was on its way is not accounted for");
                        std::fs::remove_dir_all(&example).ok();
                        std::process::exit(1);
                    }
                }
            });
        });
        Ok(Self(count))
    }

    fn seen(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
