//! `stepstream run`.

use std::process::ExitCode;

/// Arguments of `stepstream run`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the subcommand.
pub fn main(_args: Args) -> ExitCode {
    ExitCode::FAILURE
}
