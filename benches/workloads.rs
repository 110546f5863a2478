//! The workloads of `workloads/list.txt`, event bytes in and output bytes out, each beside the yardstick: sonic-rs parsing and
//! printing the same event. Workload and yardstick take many short turns, and the best of each is shown: what neighbours
//! on the machine take only ever adds. Tasks answer with their own input at once.
//!
//! `cargo bench --bench workloads -- [NAME]`

#![allow(unreachable_pub, reason = "a benchmark exports nothing")]
#![allow(clippy::print_stdout, reason = "a benchmark reports")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepstream::engine::{Effect, Execution, Identity, Limits, Progress, Status, Timestamp};
use stepstream::program::Program;

/// How long a workload or its yardstick runs before the other's turn.
const TURN: Duration = Duration::from_micros(500);
/// Turns of each.
const TURNS: usize = 600;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("{:<18} {:>11} {:>12} {:>7}", "workload", "execution", "yardstick", "ratio");
    for [name, workflow, event] in list() {
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let mut workload = Workload::new(&read(&workflow), &read(&event));
        let (own, yardstick) = measure(&mut workload);
        println!("{name:<18} {:>8.2} µs {:>9.2} µs {:>7.2}", own * 1e6, yardstick * 1e6, own / yardstick);
    }
}

/// The lines of the list: name, workflow, event.
fn list() -> Vec<[String; 3]> {
    let lines = read("benches/workloads/list.txt");
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            std::array::from_fn(|_| words.next().expect("a line has three words"))
        })
        .collect()
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Workload {
    program: Arc<Program>,
    event: Vec<u8>,
    execution: Execution,
    output: Vec<u8>,
}

impl Workload {
    fn new(workflow: &str, event: &str) -> Workload {
        let program = Arc::new(Program::from_text(workflow).expect("a workload is valid"));
        let event = event.trim().as_bytes().to_vec();
        let mut workload =
            Workload { program, event, execution: Execution::new(Limits::default()), output: Vec::new() };
        workload.run();
        assert_eq!(workload.execution.status(), Some(Status::Succeeded), "a workload succeeds");
        workload
    }

    fn run(&mut self) {
        let identity = Identity {
            name: "orders-0-1",
            id: "arn:aws:states:us-east-1:000000000000:express:bench:orders-0-1",
            state_machine_name: "bench",
            state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:bench",
            role_arn: "arn:aws:iam::000000000000:role/stepstream",
            seed: 7,
            kafka: None,
        };
        let mut now = Timestamp(1_700_000_000_000);
        self.execution.start(&self.program, black_box(&self.event), &identity, now).expect("an event is JSON");
        while self.execution.run(now) != Progress::Ended {
            while let Some(effect) = self.execution.take_effect() {
                if let Effect::Call(call) = effect {
                    self.execution.resume(call.id, Ok(&call.input), now);
                }
            }
            now = self.execution.wake_at().unwrap_or(now);
        }
        self.output.clear();
        self.execution.write_output(&mut self.output);
        black_box(&self.output);
    }

    fn yardstick(&mut self) {
        let tree: sonic_rs::Value = sonic_rs::from_slice(black_box(&self.event)).expect("an event is JSON");
        self.output.clear();
        sonic_rs::to_writer(&mut self.output, &tree).expect("a tree can be printed");
        black_box(&self.output);
    }
}

/// Seconds of an execution and of the yardstick: the best turns.
fn measure(workload: &mut Workload) -> (f64, f64) {
    let (mut own, mut yardstick) = (f64::MAX, f64::MAX);
    for _ in 0..TURNS {
        own = own.min(turn(|| workload.run()));
        yardstick = yardstick.min(turn(|| workload.yardstick()));
    }
    (own, yardstick)
}

fn turn(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut count = 0;
    loop {
        for _ in 0..8 {
            work();
        }
        count += 8;
        let spent = begun.elapsed();
        if spent >= TURN {
            return spent.as_secs_f64() / f64::from(count);
        }
    }
}
