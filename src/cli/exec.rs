//! `stepstream exec`.

use std::process::ExitCode;

/// Arguments of `stepstream exec`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the subcommand.
pub fn main(_args: Args) -> ExitCode {
    ExitCode::FAILURE
}
