//! `stepstream bench`: throughput and latency, beside a yardstick that is measured in the same run.

mod engine;
mod machine;

use std::process::ExitCode;

/// Arguments of `stepstream bench`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Executions on one thread, beside sonic-rs parsing and printing the same events
    Engine(engine::Args),
}

/// Runs the subcommand.
pub fn main(args: Args) -> ExitCode {
    let result = match args.what {
        What::Engine(args) => engine::main(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("stepstream bench: {message}");
            ExitCode::FAILURE
        }
    }
}
