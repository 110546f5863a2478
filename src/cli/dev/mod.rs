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
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;

use super::deployment::{DeployError, Deployment};
use super::feed::{Collector, CollectorError, Ledger, Orders, Summary, Topics};
use super::print::{in_colour, say};
use super::source;
use crate::config::{self, Config, ConfigErrors, StartFrom};
use crate::registry::{LoadError, Watch};
use crate::stream::ShardsHang;
use crate::telemetry::{self, Health};
use generator::Generator;
use table::Table;

/// Events per second that show something without heating the machine.
const DEFAULT_RATE: u64 = 1_000;
/// How long the cluster may take to make a topic.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);
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
pub(super) struct Args {
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
    Shard(#[from] ShardsHang),
    #[error("the mock cluster or a client of it: {0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Collector(#[from] CollectorError),
    #[error("the example can't be written to a folder for temporary files: {0}")]
    Example(io::Error),
    #[error("no thread can be made that watches the workflow's file: {0}")]
    Watch(io::Error),
    #[error("no signals from the operating system: {0}")]
    Signals(io::Error),
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
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
    let example = Example::new(args).map_err(DevError::Example)?;
    let outcome = run_with(args, &example);
    example.tidy();
    outcome
}

fn run_with(args: &Args, example: &Example) -> Result<Summary, DevError> {
    let cluster = MockCluster::new(1)?;
    let brokers = cluster.bootstrap_servers();
    let config = configuration(args, &brokers, example)?;
    telemetry::init_metrics();
    telemetry::init_logging_with(
        &config::Log { level: "warn".to_owned(), format: config.log.format },
        table::clear_for_log,
    );
    let interrupts = Interrupts::listen(example.clone()).map_err(DevError::Signals)?;
    let deployment = Deployment::new(&config).map_err(|error| match error {
        DeployError::Workflow { source, .. } if args.workflow.is_some() => DevError::Workflow(source),
        error => error.into(),
    })?;
    let spec = &config.pipelines[0];
    create_topics(&brokers, spec)?;
    let _watch = Watch::start(deployment.registry.clone()).map_err(DevError::Watch)?;
    let health = Health::new();
    let mut table = Table::new(&brokers, spec);
    let pipeline = deployment.start(spec, &health)?;

    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &brokers);
    let ledger = Arc::new(Ledger::new());
    let collector = Collector::start(&client, Topics::of(spec), StartFrom::Earliest, ledger.clone())?;
    let mut generator = Generator::new(&client, &spec.sources, Orders::new(args.seed), args.rate, args.events)?;
    let mut wait = Progress::new();
    loop {
        let stopping = interrupts.seen() > 0 || !pipeline.is_sound() || !table.is_read();
        if pipeline.is_ready() && !stopping {
            generator.turn(&ledger);
        } else {
            std::thread::sleep(LOOK);
        }
        match pipeline.is_ready() {
            true => table.show(&ledger, &pipeline, &deployment.registry),
            false => table.waiting(&health),
        }
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

/// The example's files, if it is the example's workflow that runs.
#[derive(Clone)]
struct Example(Option<Arc<example::Folder>>);

impl Example {
    fn new(args: &Args) -> io::Result<Self> {
        let is_needed = args.config.is_none() && args.workflow.is_none();
        Ok(Self(is_needed.then(example::Folder::new).transpose()?.map(Arc::new)))
    }

    /// Removes what nobody changed.
    fn tidy(&self) {
        if let Some(folder) = &self.0
            && folder.tidy()
        {
            say(format_args!("what you changed or added is kept in {}", source::shown(folder.path())));
        }
    }
}

fn configuration(args: &Args, brokers: &str, example: &Example) -> Result<Config, DevError> {
    let mut config = match (&args.config, &example.0) {
        (Some(file), _) => example::load(file, brokers)?,
        (None, Some(folder)) => folder.config(brokers)?,
        (None, None) => example::config_without_files(brokers)?,
    };
    config.pipelines.truncate(1);
    let pipeline = &mut config.pipelines[0];
    // A second member costs minutes on the mock cluster. One that joins after the first 3 s is let in when the session
    // timeout is over, less a second: 44 s. And when one leaves, the commits of the other are refused for as long.
    pipeline.shards = 1;
    if let Some(workflow) = &args.workflow {
        pipeline.workflow = workflow.clone();
        pipeline.workflow_name = source::workflow_name(workflow).into();
    }
    Ok(config)
}

/// Has the cluster make the topics, by asking for them.
///
/// `MockCluster::create_topic` would say how many partitions, but now and then takes a second for each topic: the cluster's
/// thread may throw away the byte that wakes it for the call, and looks again a second later. A request always wakes it.
fn create_topics(brokers: &str, pipeline: &config::Pipeline) -> Result<(), KafkaError> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers).set("allow.auto.create.topics", "true").set("group.id", "stepstream-dev");
    let client: BaseConsumer = client.create()?;
    let outputs = Topics::of(pipeline);
    for topic in pipeline.sources.iter().map(String::as_str).chain(outputs.names()) {
        client.fetch_metadata(Some(topic), METADATA_TIMEOUT)?;
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
    /// `example` is tidied up at the second: nothing else would.
    fn listen(example: Example) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        std::thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if counted.fetch_add(1, Ordering::Relaxed) > 0 {
                        table::clear_for_log();
                        say("stopped at once: what was on its way is not accounted for");
                        example.tidy();
                        std::process::exit(1);
                    }
                }
            });
        })?;
        Ok(Self(count))
    }

    fn seen(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_one_member_of_its_group() {
        let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/stepstream.toml");
        for (workflow, config) in [(Some("a.asl.json".into()), None), (None, Some(config))] {
            let args = Args { rate: 1, events: None, workflow, config, seed: 1 };
            let example = Example::new(&args).expect("no files are needed");
            assert!(example.0.is_none());
            let config = configuration(&args, "127.0.0.1:1", &example).expect("it is valid");
            assert_eq!((config.pipelines.len(), config.pipelines[0].shards), (1, 1));
        }
    }
}
