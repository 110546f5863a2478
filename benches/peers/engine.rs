//! What the peers in Rust do alike: a filter of JSON lines, and the CPU of an event on one thread.

use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use crate::Result;

/// Appends the output of an event to what is there.
pub trait Workflow: FnMut(&[u8], &mut Vec<u8>) -> Result<()> {}

impl<F: FnMut(&[u8], &mut Vec<u8>) -> Result<()>> Workflow for F {}

/// An event in each line of the standard input, its output in each line of the standard output.
pub fn pipe(mut workflow: impl Workflow) -> Result<()> {
    let mut output = Vec::new();
    for line in io::stdin().lock().lines() {
        output.clear();
        workflow(line?.as_bytes(), &mut output)?;
        output.push(b'\n');
        io::stdout().write_all(&output)?;
    }
    Ok(())
}

/// Prints the microseconds of CPU that an event takes. A second to warm up, then the seconds that count.
pub fn measure(mut workflow: impl Workflow, file: &str, seconds: f64) -> Result<()> {
    let events = fs::read_to_string(file)?;
    let events: Vec<&[u8]> = events.lines().map(str::as_bytes).collect();
    rounds(&mut workflow, &events, Duration::from_secs(1))?;
    let before = cpu_micros()?;
    let count = rounds(&mut workflow, &events, Duration::from_secs_f64(seconds))?;
    println!("{:.3}", (cpu_micros()? - before) / count as f64);
    Ok(())
}

/// Runs all events again and again for about this time; how many.
fn rounds(workflow: &mut impl Workflow, events: &[&[u8]], time: Duration) -> Result<usize> {
    let mut output = Vec::new();
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < time {
        for event in events {
            output.clear();
            workflow(black_box(event), &mut output)?;
            black_box(&output);
        }
        count += events.len();
    }
    Ok(count)
}

/// Time of this thread on a processor.
fn cpu_micros() -> Result<f64> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: f64 = schedstat.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanos / 1000.0)
}
