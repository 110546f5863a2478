//! `stepstream bench engine`: whole executions on one thread, event bytes in and output bytes out.
//!
//! Executions and the yardstick take turns of some milliseconds, so that a noisy neighbour slows both. Tasks answer with
//! their own input at once and waits are jumped over: what is measured is the engine.

use std::hint::black_box;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use super::machine;
use crate::asl;
use crate::cli::examples::{ORDER_EVENT, ORDER_WORKFLOW};
use crate::cli::print::{in_colour, print};
use crate::cli::source;
use crate::engine::{EventError, Execution, Limits, Status, TaskCall, Timestamp};
use crate::host::{Address, Calls, Host, Mailbox, Now, Started};
use crate::identity::{ExecutionName, ExecutionNames, Realm};
use crate::program::Program;

/// The workflow's name in the context object.
const WORKFLOW: &str = "bench";
/// How long executions or the yardstick run before the other one's turn.
const TURN: Duration = Duration::from_millis(20);
/// Share of the time that goes to the latency phase.
const LATENCY_SHARE: f64 = 0.2;
/// Load of the latency phase, as a share of the throughput that was just measured.
const LATENCY_LOAD: f64 = 0.5;

/// Arguments of `stepstream bench engine`.
#[derive(clap::Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Args {
    /// The workflow [default: the example order.asl.json]
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    /// A file with one JSON event, or with one in every line (.jsonl) [default: the example order.json]
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    seconds: f64,
    /// Run exactly N executions and nothing else, without measuring: for profilers and for counting instructions
    #[arg(long, value_name = "N", conflicts_with_all = ["seconds", "json"])]
    executions: Option<u64>,
    /// Count nothing per state, as with state_metrics = false
    #[arg(long)]
    without_state_metrics: bool,
    /// Also run executions that record their history, in turn with those that don't, and say what that costs
    #[arg(long)]
    history: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn main(args: &Args) -> Result<(), String> {
    if !(args.seconds > 0.0 && args.seconds <= 3600.0) {
        return Err(format!("--seconds {}: give a time above 0 and up to 3600", args.seconds));
    }
    let mut bench = Bench::new(args)?;
    bench.check()?;
    if let Some(count) = args.executions {
        return bench.run_exactly(count);
    }
    let total = Duration::from_secs_f64(args.seconds);
    let throughput = bench.throughput(total.mul_f64(1.0 - LATENCY_SHARE));
    let latency = bench.latency(total.mul_f64(LATENCY_SHARE), throughput.executions_per_second() * LATENCY_LOAD)?;
    let report = bench.report(args, &throughput, &latency);
    print(&if args.json { format!("{report:#}\n") } else { table(&report) })
}

struct Bench {
    program: Arc<Program>,
    workflow: String,
    events: Vec<Vec<u8>>,
    host: Host<(), Echo>,
    /// Whose executions record their history; it takes the place of `host` in its turns.
    recording: Option<Host<(), Echo>>,
    names: ExecutionNames,
    name: ExecutionName,
    output: Vec<u8>,
    next: usize,
    /// States that the last execution entered.
    transitions: u64,
}

/// Tasks that answer with their own input at once.
struct Echo(Mailbox);

impl Calls<()> for Echo {
    type Handle = ();

    fn begin(&mut self, to: Address, (): &(), call: TaskCall) {
        self.0.post(to, Ok(call.input));
    }

    fn cancel(&mut self, (): ()) {}
}

/// What the turns of executions and of the yardstick add up to.
#[derive(Default)]
struct Throughput {
    executions: u64,
    executing: Duration,
    cpu: Option<Duration>,
    yardsticks: u64,
    yardstick: Duration,
    recorded: u64,
    recording: Duration,
}

impl Throughput {
    fn executions_per_second(&self) -> f64 {
        self.executions as f64 / self.executing.as_secs_f64()
    }

    /// Time of an execution that records its history over the time of one that does not.
    fn history_ratio(&self) -> Option<f64> {
        let each = self.recording.as_secs_f64() / self.recorded as f64;
        (self.recorded > 0).then(|| each * self.executions_per_second())
    }

    fn yardstick_per_second(&self) -> f64 {
        self.yardsticks as f64 / self.yardstick.as_secs_f64()
    }
}

impl Bench {
    fn new(args: &Args) -> Result<Bench, String> {
        let (workflow, text) = match &args.workflow {
            Some(path) => (source::shown(path), read(path)?),
            None => ("order (built in)".to_owned(), ORDER_WORKFLOW.to_owned()),
        };
        let format = args.workflow.as_deref().map(asl::Format::of_file).unwrap_or_default();
        let program = Program::from_text_as(format, &text).map_err(|mut diagnostics| {
            diagnostics.retain(asl::Diagnostic::is_error);
            let colour = in_colour(&io::stderr());
            format!("{workflow} is invalid:\n{}", asl::render(&diagnostics, &workflow, &text, colour))
        })?;
        let events = match &args.event {
            Some(path) if path.extension().is_some_and(|extension| extension == "jsonl") => read(path)?
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.as_bytes().to_vec())
                .collect(),
            Some(path) => vec![read(path)?.trim().as_bytes().to_vec()],
            None => vec![ORDER_EVENT.trim().as_bytes().to_vec()],
        };
        if events.is_empty() {
            return Err("the event file holds no event".to_owned());
        }
        let host = || {
            let mailbox = Mailbox::default();
            let host = Host::new(Limits::default(), mailbox.clone(), Echo(mailbox));
            if args.without_state_metrics { host } else { host.counting_states() }
        };
        let names = ExecutionNames::new(&Realm::default(), "bench", WORKFLOW, "orders", 0);
        Ok(Bench {
            program: Arc::new(program),
            workflow,
            events,
            host: host(),
            recording: args.history.then(|| host().recording_history()),
            name: names.name(1),
            names,
            output: Vec::new(),
            next: 0,
            transitions: 0,
        })
    }

    /// Runs every event once: a benchmark of failures would mislead.
    fn check(&mut self) -> Result<(), String> {
        for number in 1..=self.events.len() {
            let execution = self.run().map_err(|error| format!("event {number} can't be run: {error}"))?;
            if execution.status() != Some(Status::Succeeded) {
                let failure = execution.failure();
                let cause = failure.and_then(|failure| failure.cause.as_deref()).unwrap_or("no cause");
                return Err(format!("event {number} does not succeed: {cause}"));
            }
            self.transitions = execution.transitions();
        }
        Ok(())
    }

    /// Runs executions, of which each succeeds as it did in the check.
    fn run_exactly(&mut self, count: u64) -> Result<(), String> {
        for _ in 0..count {
            black_box(self.execute()).map_err(|error| error.to_string())?;
        }
        print(&format!("executions            {count:>12}\n"))
    }

    /// The next event, from its bytes to the output's bytes.
    fn execute(&mut self) -> Result<(), EventError> {
        let execution = self.run()?;
        self.output.clear();
        execution.write_output(&mut self.output);
        self.host.give_back(execution);
        Ok(())
    }

    /// The next event's execution, at its end. Waits are jumped over.
    fn run(&mut self) -> Result<Box<Execution>, EventError> {
        let event = &self.events[self.next];
        self.next = (self.next + 1) % self.events.len();
        let mut now = Now { monotonic: 0, wall: Timestamp(1_700_000_000_000) };
        let identity = self.names.identity(&self.name);
        if let Started::Ended(execution) = self.host.start(&self.program, event, &identity, now, || ())? {
            return Ok(execution);
        }
        loop {
            self.host.drive(now, usize::MAX);
            if let Some(ended) = self.host.take_ended() {
                return Ok(ended.execution);
            }
            if let Some(time) = self.host.time_to_next_turn(now) {
                now.monotonic += i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            }
        }
    }

    fn throughput(&mut self, time: Duration) -> Throughput {
        let mut sums = Throughput { cpu: machine::thread_cpu_time().map(|_| Duration::ZERO), ..Throughput::default() };
        let until = Instant::now() + time;
        while Instant::now() < until {
            let cpu = machine::thread_cpu_time();
            let (count, spent) = turn(|| {
                let _ = black_box(self.execute());
            });
            sums.executions += count;
            sums.executing += spent;
            if let (Some(sum), Some(before), Some(after)) = (&mut sums.cpu, cpu, machine::thread_cpu_time()) {
                *sum += after.saturating_sub(before);
            }
            if let Some((count, spent)) = self.recording_turn() {
                sums.recorded += count;
                sums.recording += spent;
            }
            let mut next = 0;
            let (count, spent) = turn(|| {
                let event = &self.events[next];
                next = (next + 1) % self.events.len();
                let tree: Result<sonic_rs::Value, _> = sonic_rs::from_slice(event);
                self.output.clear();
                if let Ok(tree) = &tree {
                    let _ = black_box(sonic_rs::to_writer(&mut self.output, tree));
                }
                black_box(tree.is_ok());
            });
            sums.yardsticks += count;
            sums.yardstick += spent;
        }
        sums
    }

    /// A turn of executions that record their history, if these are measured as well.
    fn recording_turn(&mut self) -> Option<(u64, Duration)> {
        std::mem::swap(&mut self.host, self.recording.as_mut()?);
        let turn = turn(|| {
            let _ = black_box(self.execute());
        });
        std::mem::swap(&mut self.host, self.recording.as_mut()?);
        Some(turn)
    }

    /// Executions at a fixed rate. Each latency counts from when the execution should have begun, so that one that is
    /// late shows in those behind it.
    fn latency(&mut self, time: Duration, rate: f64) -> Result<Histogram<u64>, String> {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let mut count = 0u64;
        loop {
            let due = Duration::from_secs_f64(count as f64 / rate);
            if due >= time {
                return Ok(histogram);
            }
            while begun.elapsed() < due {
                std::hint::spin_loop();
            }
            let _ = black_box(self.execute());
            let late = begun.elapsed().saturating_sub(due);
            histogram.saturating_record(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
            count += 1;
        }
    }

    fn report(&mut self, args: &Args, throughput: &Throughput, latency: &Histogram<u64>) -> serde_json::Value {
        let micros = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
        let bytes: usize = self.events.iter().map(Vec::len).sum();
        let executions_per_second = throughput.executions_per_second();
        let yardstick_per_second = throughput.yardstick_per_second();
        json!({
            "benchmark": "engine",
            "version": env!("CARGO_PKG_VERSION"),
            "machine": machine::describe(),
            "workload": {
                "workflow": self.workflow,
                "events": self.events.len(),
                "mean_event_bytes": bytes / self.events.len(),
                "states_per_execution": self.transitions,
                "seconds": args.seconds,
                "threads": 1,
                "tasks": "answer with their input at once",
            },
            "executions": throughput.executions,
            "executions_per_second": executions_per_second.round(),
            "events_per_second_per_core": executions_per_second.round(),
            "yardstick": "sonic-rs parse and print of the same events",
            "yardstick_per_second": yardstick_per_second.round(),
            "ratio_to_yardstick": yardstick_per_second / executions_per_second,
            "ratio_with_history": throughput.history_ratio(),
            "cpu_ns_per_execution": throughput.cpu.map(|cpu| cpu.as_nanos() as f64 / throughput.executions as f64),
            "latency_load": LATENCY_LOAD,
            "latency_us": {"p50": micros(0.5), "p90": micros(0.9), "p99": micros(0.99), "p999": micros(0.999)},
            "peak_memory_bytes": machine::peak_memory_bytes(),
        })
    }
}

/// Repeats `work` for about a turn; returns how often and how long.
fn turn(mut work: impl FnMut()) -> (u64, Duration) {
    const BATCH: u64 = 64;
    let begun = Instant::now();
    let mut count = 0;
    loop {
        for _ in 0..BATCH {
            work();
        }
        count += BATCH;
        let spent = begun.elapsed();
        if spent >= TURN {
            return (count, spent);
        }
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", source::shown(path)))
}

fn table(report: &serde_json::Value) -> String {
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(0.0);
    let (workload, latency) = (&report["workload"], &report["latency_us"]);
    let [p50, p90, p99, p999] = ["p50", "p90", "p99", "p999"].map(|name| number(&latency[name]));
    let mut lines = vec![
        format!("workflow              {}", workload["workflow"].as_str().unwrap_or_default()),
        format!("events                {} of {} bytes on average", workload["events"], workload["mean_event_bytes"]),
        format!("executions            {:>12.0} /s on one thread", number(&report["executions_per_second"])),
        format!(
            "yardstick             {:>12.0} /s (sonic-rs parse and print)",
            number(&report["yardstick_per_second"])
        ),
        format!(
            "ratio to yardstick    {:>12.2} (cost of an execution over cost of the yardstick)",
            number(&report["ratio_to_yardstick"])
        ),
        format!("CPU per execution     {:>12.0} ns", number(&report["cpu_ns_per_execution"])),
        format!("latency at half load  p50 {p50:.1} µs, p90 {p90:.1} µs, p99 {p99:.1} µs, p99.9 {p999:.1} µs"),
        format!("peak memory           {:>12.1} MiB", number(&report["peak_memory_bytes"]) / f64::from(1 << 20)),
    ];
    if let Some(ratio) = report["ratio_with_history"].as_f64() {
        lines.push(format!(
            "with its history      {ratio:>12.2} (time of an execution that records it over one that doesn't)"
        ));
    }
    lines.join("\n") + "\n"
}
