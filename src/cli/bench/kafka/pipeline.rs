//! The phases of a run.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::topics::Cluster;
use super::{Args, Measured, Throughput, pass_through};
use crate::cli::bench::machine;
use crate::cli::deployment::Deployment;
use crate::cli::examples::ORDER_WORKFLOW;
use crate::cli::feed::{Collector, Ledger, Orders, Summary, Topics, key_of};
use crate::config::{self, Config, Environment, StartFrom};
use crate::stream::Pipeline;
use crate::telemetry::{self, Health};

/// Seed of the events: every run has the same.
const SEED: u64 = 1;
/// Without progress for so long a phase is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(1);

/// One run.
pub(super) struct Bench<'a> {
    args: &'a Args,
    config: Config,
    client: ClientConfig,
    orders: Orders,
}

impl<'a> Bench<'a> {
    /// Makes the topics and reads workflow and events.
    pub fn new(args: &'a Args, cluster: &Cluster) -> Result<Self, String> {
        telemetry::init_metrics();
        let config = configuration(args, cluster)?;
        telemetry::init_logging(&config.log);
        let orders = match &args.event {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                Orders::from_lines(&text, SEED)
            }
            None => Orders::new(SEED),
        };
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &cluster.brokers);
        Ok(Self { args, config, client, orders })
    }

    /// All phases.
    pub fn run(&mut self) -> Result<Measured, String> {
        let events = self.args.events;
        say(self.args, &format!("writing {events} events"));
        self.preload(events)?;
        say(self.args, "pass-through");
        let pass_through = pass_through::run(&self.config.pipelines[1], events)?;
        say(self.args, "pipeline");
        let deployment = Deployment::new(&self.config).map_err(|error| error.to_string())?;
        let spec = &self.config.pipelines[0];
        let pipeline = deployment.start(spec, &Health::new()).map_err(|error| error.to_string())?;
        let throughput = measure(&pipeline, events)?;
        say(self.args, "checking that every event has its outcome");
        let ledger = Arc::new(Ledger::new());
        (0..events).for_each(|number| ledger.sent(number, Instant::now()));
        let all = self.collect(StartFrom::Earliest, &ledger, |_| Ok(()))?;
        say(self.args, "latency");
        let latencies = Arc::new(Ledger::new());
        let mut orders = Orders::new(SEED + 1);
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
        if since.elapsed() > PATIENCE || !pipeline.is_alive() {
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

/// Two pipelines of the same settings: the one that is measured, and one whose clients the pass-through uses.
fn configuration(args: &Args, cluster: &Cluster) -> Result<Config, String> {
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
    let events = cluster.create("events", args.partitions)?;
    for (name, sink) in [("bench", "results"), ("pass-through", "copies")] {
        text.push_str("[[pipeline]]\n");
        line(&mut text, "name", name);
        line(&mut text, "group", &cluster.name(name));
        line(&mut text, "sink", &cluster.create(sink, args.partitions)?);
        line(&mut text, "start_from", "earliest");
        line(&mut text, "workflow", &args.workflow.as_deref().unwrap_or(Path::new("order.asl.json")).to_string_lossy());
        writeln!(text, "sources = [{}]\nshards = {}", serde_json::Value::from(&*events), args.shards)
            .expect("writing to a String can't fail");
    }
    let mut config =
        Config::parse(&text, Path::new("bench.toml"), &Environment::process()).map_err(|error| error.to_string())?;
    match &args.workflow {
        Some(workflow) => config.pipelines.iter_mut().for_each(|pipeline| pipeline.workflow = workflow.clone()),
        None => built_in_workflow(&mut config.pipelines)?,
    }
    Ok(config)
}

/// Workflows are files: the built-in one is written to a temporary one.
fn built_in_workflow(pipelines: &mut [config::Pipeline]) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("stepstream-bench-{}", std::process::id()));
    let file = folder.join("order.asl.json");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, ORDER_WORKFLOW))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    pipelines.iter_mut().for_each(|pipeline| pipeline.workflow = file.clone());
    Ok(())
}

fn say(args: &Args, what: &str) {
    if !args.json {
        eprintln!("{what} …");
    }
}
