//! `stepstream bench`: throughput and latency, beside a yardstick that is measured in the same run.

mod engine;
mod kafka;
mod machine;

use std::process::ExitCode;

use super::print::say;

/// Shown in the help of each benchmark.
const EXIT_STATUS: &str = "Exit status: 0 measured, 1 not, or some events did not succeed, 2 the arguments are wrong.";

/// Arguments of `stepstream bench`.
#[derive(clap::Args)]
#[command(after_help = EXIT_STATUS)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Executions on one thread, beside sonic-rs parsing and printing the same events
    Engine(engine::Args),
    /// A pipeline against a broker, beside a bare pass-through by the same client settings
    Kafka(kafka::Args),
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
    let result = match args.what {
        What::Engine(args) => engine::main(&args),
        What::Kafka(args) => kafka::main(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(format_args!("stepstream bench: {message}"));
            ExitCode::FAILURE
        }
    }
}
