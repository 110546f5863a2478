//! `stepstream bench kafka`: a pipeline against a real broker, beside a bare pass-through by the same client settings.
//!
//! Events are written to the broker first, so that reading is never the generator's pace. Then the pass-through and the
//! pipeline each read them all: consumed, executed, produced, acknowledged, committed. At last events are sent at a fixed
//! rate, and latencies count from when each was due to be sent, so that a stall is not hidden by a generator that waits.

mod pass_through;
mod pipeline;
mod report;
mod topics;

use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::cli::print::print;
use pipeline::Bench;
use topics::Cluster;

const BROKERS: &str = "KAFKA_BROKERS";

/// Arguments of `stepstream bench kafka`.
#[derive(clap::Args)]
#[command(after_help = crate::cli::bench::EXIT_STATUS)]
pub(super) struct Args {
    /// Brokers, as host:port[,host:port] [default: the environment's KAFKA_BROKERS]
    #[arg(long, value_name = "BROKERS")]
    brokers: Option<String>,
    /// Events to run for throughput
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    events: u64,
    /// The workflow [default: the example order.asl.json]
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    /// A file with one JSON event per line [default: generated orders]
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Partitions of each topic
    #[arg(long, value_name = "N", default_value_t = 4)]
    partitions: i32,
    /// Worker threads, of the pipeline and of the pass-through
    #[arg(long, value_name = "N", default_value_t = 1)]
    shards: usize,
    /// Events per second in the latency phase
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    rate: u64,
    /// How long the latency phase lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    latency_seconds: f64,
    /// A librdkafka property of consumers and producers, such as compression.type=lz4; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    property: Vec<String>,
    /// Keep the topics
    #[arg(long)]
    keep_topics: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// One way of carrying all events from topic to topic.
#[derive(Clone, Copy, Debug, Default)]
struct Throughput {
    events: u64,
    took: Duration,
    /// Processor time of the whole process meanwhile.
    cpu: Option<Duration>,
}

impl Throughput {
    fn per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn cpu_ns(&self) -> Option<f64> {
        Some(self.cpu?.as_nanos() as f64 / self.events.max(1) as f64)
    }
}

/// All that was measured.
struct Measured {
    pass_through: Throughput,
    pipeline: Throughput,
    /// Microseconds from when an event was due to be sent.
    latency: Histogram<u64>,
    lost: u64,
    duplicates: u64,
    not_succeeded: u64,
    /// Why they did not.
    failures: String,
    mean_event_bytes: usize,
    workflow: String,
}

pub(super) fn main(args: &Args) -> Result<(), String> {
    let brokers = args
        .brokers
        .clone()
        .or_else(|| std::env::var(BROKERS).ok())
        .ok_or_else(|| format!("no brokers: give --brokers or set {BROKERS}; scripts/kafka starts one"))?;
    if args.events == 0 || args.partitions < 1 || args.rate == 0 || args.latency_seconds < 0.0 {
        return Err("--events, --partitions and --rate must be above 0".to_owned());
    }
    let cluster = Cluster::new(&brokers)?;
    let measured = Bench::new(args, &cluster).and_then(|mut bench| bench.run());
    if !args.keep_topics {
        cluster.delete_topics();
    }
    let measured = measured?;
    print(&report::answer(args, &measured))?;
    if measured.not_succeeded > 0 {
        return Err(format!(
            "{} executions did not succeed, so these are figures of failures; give events that the workflow takes with \
             --event{}",
            measured.not_succeeded, measured.failures
        ));
    }
    Ok(())
}
