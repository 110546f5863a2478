//! The command line: parses arguments and dispatches to one module per subcommand.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry;

mod bench;
mod deployment;
mod dev;
mod diagnostic;
mod examples;
mod exec;
mod feed;
mod graph;
mod letters;
mod pipe;
mod print;
mod run;
mod source;
mod test_state;
mod validate;

/// Runs Amazon States Language workflows over streams of events.
#[derive(Parser)]
#[command(name = "stepstream", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: an embedded broker, the example pipeline and generated events
    Dev(dev::Args),
    /// Run the pipelines of a configuration file against Kafka
    Run(run::Args),
    /// List, show, count and replay executions that failed, from the topic of failures
    Failures(letters::Args),
    /// List, show, count and replay events that could not be run, from the topic of dead letters
    DeadLetters(letters::Args),
    /// Run a workflow as a filter: JSON lines in, JSON lines out
    Pipe(pipe::Args),
    /// Run one execution and print its result
    Exec(exec::Args),
    /// Run one state and show what its data goes through
    TestState(test_state::Args),
    /// Check definitions and show every fault
    Validate(validate::Args),
    /// Draw a definition: SVG, Mermaid or Graphviz
    Graph(graph::Args),
    /// Measure throughput and latency
    Bench(bench::Args),
}

/// Parses the process arguments, runs the subcommand and returns its exit status.
pub fn main() -> ExitCode {
    telemetry::init_panic_lines();
    match Cli::parse().command {
        Command::Dev(args) => dev::main(args),
        Command::Run(args) => run::main(args),
        Command::Failures(args) => letters::main(letters::Kind::Failures, &args),
        Command::DeadLetters(args) => letters::main(letters::Kind::DeadLetters, &args),
        Command::Pipe(args) => pipe::main(args),
        Command::Exec(args) => exec::main(args),
        Command::TestState(args) => test_state::main(args),
        Command::Validate(args) => validate::main(args),
        Command::Graph(args) => graph::main(args),
        Command::Bench(args) => bench::main(args),
    }
}
