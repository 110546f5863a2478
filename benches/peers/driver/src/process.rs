//! A client as a process of its own, whatever it is written in.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::topics::{self, Reader};
use crate::{Result, USAGE};

/// How long a client may take to begin, and to write what is to be written.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the topic: each costs the broker a little.
const LOOK: Duration = Duration::from_millis(20);

/// What a client took while it was looked at.
pub struct Figures {
    pub micros_per_event: f64,
    pub events_per_second: f64,
}

/// Runs a client until all results are there; the results.
pub fn outputs(brokers: &str, sink: &str, count: usize, command: &[&str]) -> Result<Vec<String>> {
    let mut client = Client::start(brokers, sink, command)?;
    client.wait_for(count as u64, PATIENCE)?;
    client.reader.values(count)
}

/// Measures a client that is warm: after a time, or when half of the results are there.
pub fn measure(
    brokers: &str,
    sink: &str,
    count: u64,
    warm_up: Duration,
    time: Duration,
    command: &[&str],
) -> Result<Figures> {
    let mut client = Client::start(brokers, sink, command)?;
    client.wait_for(1, PATIENCE)?;
    let started = Instant::now();
    while started.elapsed() < warm_up && client.reader.count()? < count / 2 {
        client.check()?;
        thread::sleep(LOOK);
    }
    let (began, first, cpu) = (Instant::now(), client.reader.count()?, client.cpu()?);
    let mut last = first;
    while last < count && began.elapsed() < time {
        client.check()?;
        thread::sleep(LOOK);
        last = client.reader.count()?;
    }
    let (spent, cpu) = (began.elapsed(), client.cpu()?.saturating_sub(cpu));
    if last == first {
        return Err("all results were there before the measurement began: write more events".into());
    }
    let events = (last - first) as f64;
    Ok(Figures { micros_per_event: cpu.as_secs_f64() * 1e6 / events, events_per_second: events / spent.as_secs_f64() })
}

/// A running client and the topic that it writes to; both end when this is dropped.
struct Client {
    brokers: String,
    sink: String,
    reader: Reader,
    process: Child,
}

impl Client {
    fn start(brokers: &str, sink: &str, command: &[&str]) -> Result<Self> {
        let [program, arguments @ ..] = command else { return Err(USAGE.into()) };
        topics::create(brokers, sink)?;
        let process = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let process = process.map_err(|error| format!("{program} can't be started: {error}"))?;
        Ok(Self { brokers: brokers.to_owned(), sink: sink.to_owned(), reader: Reader::new(brokers, sink)?, process })
    }

    fn wait_for(&mut self, count: u64, patience: Duration) -> Result<()> {
        let began = Instant::now();
        while self.reader.count()? < count {
            self.check()?;
            if began.elapsed() > patience {
                return Err(format!("{} of {count} results after {patience:?}", self.reader.count()?).into());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// An error if the client has ended.
    fn check(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the client ended by itself: {status}").into()),
        }
    }

    /// Time that all threads of the process have spent on a processor, in steps of 10 ms.
    fn cpu(&self) -> Result<Duration> {
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The program's name, in parentheses, may hold blanks; user and system time are the 12th and 13th after it.
        let (_, fields) = stat.rsplit_once(')').ok_or("an unknown form of /proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
        Ok(TICK * ticks)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // What can't be ended or deleted has ended or is gone already.
        self.process.kill().ok();
        self.process.wait().ok();
        topics::delete(&self.brokers, &self.sink).ok();
    }
}
