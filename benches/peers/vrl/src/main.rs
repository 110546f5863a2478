//! The example workflows as VRL programs, event bytes in and output bytes out, as Vector would run them.
//!
//! `pipe` is a filter of JSON lines, `engine` prints the microseconds of CPU that an event takes on one thread.

#[path = "../../engine.rs"]
mod engine;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;

use vrl::compiler::runtime::Runtime;
use vrl::compiler::{Program, TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: peer-vrl pipe WORKFLOW | engine WORKFLOW EVENTS SECONDS";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [command, name, ref rest @ ..] = words[..] else { return Err(USAGE.into()) };
    let source = match name {
        "router" => include_str!("../router.vrl"),
        "order" => include_str!("../order.vrl"),
        _ => return Err(format!("no workflow {name}").into()),
    };
    let mut workflow = Workflow::new(source)?;
    let run = |event: &[u8], output: &mut Vec<u8>| workflow.run(event, output);
    match (command, rest) {
        ("pipe", []) => engine::pipe(run),
        ("engine", [events, seconds]) => engine::measure(run, events, seconds.parse()?),
        _ => Err(USAGE.into()),
    }
}

struct Workflow {
    program: Program,
    runtime: Runtime,
    zone: TimeZone,
}

impl Workflow {
    fn new(source: &str) -> Result<Self> {
        let compiled = vrl::compiler::compile(source, &vrl::stdlib::all());
        let compiled = compiled.map_err(|errors| vrl::diagnostic::Formatter::new(source, errors).to_string())?;
        Ok(Self { program: compiled.program, runtime: Runtime::default(), zone: TimeZone::default() })
    }

    /// The event, changed by the program, is the output.
    fn run(&mut self, event: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let value: Value = serde_json::from_slice(event)?;
        let metadata = Value::Object(BTreeMap::new());
        let mut target = TargetValue { value, metadata, secrets: Secrets::default() };
        self.runtime.clear();
        self.runtime.resolve(&mut target, &self.program, &self.zone)?;
        Ok(serde_json::to_writer(output, &target.value)?)
    }
}
