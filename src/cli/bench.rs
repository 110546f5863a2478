//! `stepstream bench`.

use std::process::ExitCode;

/// Arguments of `stepstream bench`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the subcommand.
pub fn main(_args: Args) -> ExitCode {
    ExitCode::FAILURE
}
