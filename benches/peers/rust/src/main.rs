//! The example workflows as one writes them by hand.
//!
//! `pipe` is a filter of JSON lines, `engine` prints the microseconds of CPU that an event takes on one thread, `kafka` carries
//! events from topic to topic.

#[path = "../../engine.rs"]
mod engine;
mod kafka;
mod order;
mod router;

use std::env;
use std::error::Error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Appends the output to what is there.
type Workflow = fn(event: &[u8], output: &mut Vec<u8>) -> serde_json::Result<()>;

const USAGE: &str =
    "usage: peer-rust pipe WORKFLOW | engine WORKFLOW EVENTS SECONDS | kafka WORKFLOW BROKERS SOURCE SINK GROUP";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [command, name, ref rest @ ..] = words[..] else { return Err(USAGE.into()) };
    let workflow: Workflow = match name {
        "router" => router::run,
        "order" => order::run,
        _ => return Err(format!("no workflow {name}").into()),
    };
    let run = |event: &[u8], output: &mut Vec<u8>| Ok(workflow(event, output)?);
    match (command, rest) {
        ("pipe", []) => engine::pipe(run),
        ("engine", [events, seconds]) => engine::measure(run, events, seconds.parse()?),
        ("kafka", [brokers, source, sink, group]) => kafka::run(workflow, brokers, source, sink, group),
        _ => Err(USAGE.into()),
    }
}
