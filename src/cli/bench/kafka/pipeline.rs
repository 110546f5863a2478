//! The phases of a run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::topics::Cluster;
use super::{Args, Measured, Throughput, pass_through};
use crate::cli::bench::machine;
use crate::cli::deployment::{DeployError, Deployment};
use crate::cli::examples::ORDER_WORKFLOW;
use crate::cli::feed::{Collector, Ledger, Orders, Summary, Topics, key_of};
use crate::cli::print::say;
use crate::cli::source;
use crate::config::{Config, Environment, StartFrom};
use crate::stream::Pipeline;
use crate::telemetry::{self, Health};
use crate::visible::visible;

/// The topics, as the cluster names them for this run.
const EVENTS: &str = "events";
const RESULTS: &str = "results";
const COPIES: &str = "copies";
/// Seed of the events: every run has the same.
const SEED: u64 = 1;
/// Without progress for so long a phase is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Reasons of failures that are shown for each phase.
const KINDS: usize = 3;
/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(1);

/// One run.
pub(super) struct Bench<'a> {
    args: &'a Args,
    config: Config,
    deployment: Deployment,
    client: ClientConfig,
    orders: Orders,
    /// Where the built-in workflow is, as long as the run lasts.
    _folder: Option<Folder>,
}

impl<'a> Bench<'a> {
    /// Reads workflow and events, then makes the topics.
    pub(super) fn new(args: &'a Args, cluster: &Cluster) -> Result<Self, String> {
        telemetry::init_metrics();
        let folder = if args.workflow.is_none() { Some(Folder::with_built_in_workflow()?) } else { None };
        let workflow = args.workflow.clone().or_else(|| folder.as_ref().map(Folder::workflow)).unwrap_or_default();
        let config = configuration(args, cluster, &workflow)?;
        telemetry::init_logging(&config.log);
        let deployment = Deployment::new(&config).map_err(|error| match error {
            // The configuration is made up here: its lines mean nothing to anybody.
            DeployError::Workflow { source, .. } => source.to_string(),
            DeployError::Property { source, .. } => source.to_string(),
            error => error.to_string(),
        })?;
        let orders = orders(args, SEED)?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &cluster.brokers);
        for topic in [EVENTS, RESULTS, COPIES] {
            cluster.create(topic, args.partitions)?;
        }
        Ok(Self { args, config, deployment, client, orders, _folder: folder })
    }

    /// All phases.
    pub(super) fn run(&mut self) -> Result<Measured, String> {
        let events = self.args.events;
        phase(self.args, &format!("writing {events} events"));
        self.preload(events)?;
        phase(self.args, "pass-through");
        let pass_through = pass_through::run(&self.config.pipelines[1], events)?;
        phase(self.args, "pipeline");
        let spec = &self.config.pipelines[0];
        let pipeline = self.deployment.start(spec, &Health::new()).map_err(|error| error.to_string())?;
        let throughput = measure(&pipeline, events)?;
        phase(self.args, "checking that every event has its outcome");
        let ledger = Arc::new(Ledger::new());
        (0..events).for_each(|number| ledger.sent(number, Instant::now()));
        let all = self.collect(StartFrom::Earliest, &ledger, |_| Ok(()))?;
        phase(self.args, "latency");
        let latencies = Arc::new(Ledger::new());
        let mut orders = orders(self.args, SEED + 1)?;
        self.collect(StartFrom::Latest, &latencies, |ledger| self.send_at_rate(ledger, &mut orders))?;
        let snapshot = pipeline.snapshot();
        pipeline.stop();
        pipeline.join().map_err(|error| error.to_string())?;
        Ok(Measured {
            pass_through,
            pipeline: throughput,
            latency: latencies.latencies(),
            lost: all.missing() + latencies.summary().missing(),
            duplicates: all.duplicates + latencies.summary().duplicates,
            failures: failures([&ledger, &latencies]),
            not_succeeded: snapshot.failed + snapshot.timed_out + snapshot.dead_letters,
            mean_event_bytes: self.orders.average_bytes(),
            workflow: spec.workflow_name.to_string(),
        })
    }

    fn preload(&mut self, events: u64) -> Result<(), String> {
        let mut config = self.client.clone();
        config.set("linger.ms", "20").set("batch.size", "1000000").set("batch.num.messages", "10000");
        let producer: BaseProducer = config.create().map_err(|error| error.to_string())?;
        let topic = &self.config.pipelines[0].sources[0];
        let mut event = Vec::new();
        for number in 0..events {
            self.orders.write(number, &mut event);
            send(&producer, topic, number, &event)?;
        }
        producer.flush(PATIENCE).map_err(|error| format!("the events can't be written to the broker: {error}"))
    }

    /// Reads outcomes into the books while `feed` runs and until all have come or none comes any more.
    fn collect(
        &self,
        from: StartFrom,
        ledger: &Arc<Ledger>,
        feed: impl FnOnce(&Ledger) -> Result<(), String>,
    ) -> Result<Summary, String> {
        let topics = Topics::of(&self.config.pipelines[0]);
        let collector =
            Collector::start(&self.client, topics, from, ledger.clone()).map_err(|error| error.to_string())?;
        feed(ledger)?;
        let (mut before, mut since) = (0, Instant::now());
        while ledger.summary().missing() > 0 && since.elapsed() < PATIENCE {
            std::thread::sleep(LOOK);
            let accounted = ledger.summary().accounted();
            if accounted != before {
                (before, since) = (accounted, Instant::now());
            }
        }
        collector.stop();
        Ok(ledger.summary())
    }

    /// Sends events at the rate of the latency phase. Each counts from when it was due, not from when its turn came.
    fn send_at_rate(&self, ledger: &Ledger, orders: &mut Orders) -> Result<(), String> {
        let mut config = self.client.clone();
        // With no linger at all each event is a request of its own, and the sender becomes the bottleneck that is measured.
        config.set("linger.ms", "1");
        let producer: BaseProducer = config.create().map_err(|error| error.to_string())?;
        let topic = &self.config.pipelines[0].sources[0];
        let events = (self.args.rate as f64 * self.args.latency_seconds) as u64;
        let began = Instant::now();
        let mut event = Vec::new();
        for number in 0..events {
            let due = began + Duration::from_nanos(number * 1_000_000_000 / self.args.rate);
            if let Some(early) = due.checked_duration_since(Instant::now()) {
                producer.poll(Duration::ZERO);
                std::thread::sleep(early);
            }
            orders.write(number, &mut event);
            ledger.sent(number, due);
            send(&producer, topic, number, &event)?;
        }
        producer.flush(PATIENCE).map_err(|error| format!("the events can't be written to the broker: {error}"))
    }
}

/// Waits until the pipeline has done everything; from the first event read to the last commit.
fn measure(pipeline: &Pipeline, events: u64) -> Result<Throughput, String> {
    let (mut before, mut since, mut began) = (0, Instant::now(), None);
    loop {
        let now = pipeline.snapshot();
        if now.events > 0 && began.is_none() {
            began = Some((Instant::now(), machine::process_cpu_time()));
        }
        if now.committed >= events {
            break;
        }
        if now.committed != before {
            (before, since) = (now.committed, Instant::now());
        }
        if since.elapsed() > PATIENCE || !pipeline.is_sound() {
            return Err(format!("the pipeline stands still after {} of {events} events", now.committed));
        }
        std::thread::sleep(LOOK);
    }
    let (began, cpu) = began.ok_or("the pipeline read nothing")?;
    let spent = machine::process_cpu_time().zip(cpu).map(|(now, before)| now.saturating_sub(before));
    Ok(Throughput { events, took: began.elapsed(), cpu: spent })
}

fn send(producer: &BaseProducer, topic: &str, number: u64, event: &[u8]) -> Result<(), String> {
    let key = key_of(number);
    loop {
        match producer.send(BaseRecord::to(topic).key(&key).payload(event)) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(Duration::from_millis(10));
            }
            Err((error, _)) => return Err(format!("an event can't be sent: {error}")),
        }
    }
}

/// The events to send: those of `--event`, or generated orders.
fn orders(args: &Args, seed: u64) -> Result<Orders, String> {
    let Some(file) = &args.event else { return Ok(Orders::new(seed)) };
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", source::shown(file)))?;
    if text.trim().is_empty() {
        return Err(format!("{}: there is no event in it", source::shown(file)));
    }
    Ok(Orders::from_lines(&text, seed))
}

/// Why events of a run did not succeed, the most frequent reasons first; empty if all did.
fn failures(ledgers: [&Ledger; 2]) -> String {
    let mut text = String::new();
    for (phase, ledger) in ["throughput", "latency"].iter().zip(ledgers) {
        let reasons = ledger.reasons();
        for reason in reasons.by_count().0.iter().take(KINDS) {
            text += &format!(
                "\n  {phase}: {} times {}",
                reason.count,
                visible(&format!("{}: {}", reason.what, reason.cause))
            );
        }
    }
    text
}

/// Two pipelines of the same settings: the one that is measured, and one whose clients the pass-through uses.
fn configuration(args: &Args, cluster: &Cluster, workflow: &Path) -> Result<Config, String> {
    let mut text = String::from("[log]\nlevel = \"warn\"\n[kafka]\n");
    let line = |text: &mut String, name: &str, value: &str| {
        // A JSON string is a TOML basic string too.
        writeln!(text, "{} = {}", serde_json::Value::from(name), serde_json::Value::from(value))
            .expect("writing to a String can't fail");
    };
    line(&mut text, "bootstrap.servers", &cluster.brokers);
    for property in &args.property {
        let (name, value) = property
            .split_once('=')
            .ok_or_else(|| format!("--property {property}: write NAME=VALUE, such as compression.type=lz4"))?;
        line(&mut text, name, value);
    }
    let events = cluster.name(EVENTS);
    for (name, sink) in [("bench", RESULTS), ("pass-through", COPIES)] {
        text.push_str("[[pipeline]]\n");
        line(&mut text, "name", name);
        line(&mut text, "group", &cluster.name(name));
        line(&mut text, "sink", &cluster.name(sink));
        line(&mut text, "start_from", "earliest");
        line(&mut text, "workflow", &workflow.to_string_lossy());
        writeln!(text, "sources = [{}]\nshards = {}", serde_json::Value::from(&*events), args.shards)
            .expect("writing to a String can't fail");
    }
    let mut config =
        Config::parse(&text, Path::new("bench.toml"), &Environment::process()).map_err(|error| error.to_string())?;
    config.pipelines.iter_mut().for_each(|pipeline| pipeline.workflow = workflow.to_owned());
    Ok(config)
}

/// Workflows are files: the built-in one is written to a temporary folder. Removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with_built_in_workflow() -> Result<Self, String> {
        let folder = Self(std::env::temp_dir().join(format!("stepstream-bench-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0)
            .and_then(|()| std::fs::write(folder.workflow(), ORDER_WORKFLOW))
            .map_err(|error| format!("cannot write {}: {error}", source::shown(&folder.workflow())))?;
        Ok(folder)
    }

    fn workflow(&self) -> PathBuf {
        self.0.join("order.asl.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to whoever cleans temporary files.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Names the phase that begins.
fn phase(args: &Args, what: &str) {
    if !args.json {
        say(format_args!("{what} …"));
    }
}
