//! `stepstream test-state`: one state, as the TestState API runs it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::print::{print, say};
use super::{deployment, source};
use crate::engine::{Limits, Timestamp};
use crate::host::carry_out;
use crate::identity::Realm;
use crate::task::Connectors;
use crate::test_state::{Exception, Request, Response, Surroundings, test_state};
use crate::value::read_document;
use crate::visible::visible_lines;

/// Exit status when the state failed or would be retried.
const FAILED: u8 = 1;
/// Exit status when the request is refused or can't be read.
const INVALID: u8 = 2;

/// Arguments of `stepstream test-state`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the state succeeded or caught its error, 1 it failed or would be retried, 2 the request is \
    refused or can't be read."
)]
pub(super) struct Args {
    /// A TestState request as JSON; definition, input, variables, context and results are JSON or JSON text; - is standard input
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
    /// Print the answer of the API, or {"exception": {"code", "message"}}
    #[arg(long)]
    json: bool,
    /// A configuration whose [[task]] entries carry out Tasks without a mock; its [engine] limits apply
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seed of random numbers and names [default: random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
    let tested = match run(&args) {
        Ok(tested) => tested,
        Err(message) => {
            say(format_args!("stepstream test-state: {message}"));
            return ExitCode::from(INVALID);
        }
    };
    let answer = match (&tested, args.json) {
        (Ok(response), true) => format!("{:#}\n", json!(response)),
        (Ok(response), false) => text(response),
        (Err(exception), true) => format!("{:#}\n", json!({"exception": exception})),
        (Err(exception), false) => {
            say(format_args!("stepstream test-state: {exception}"));
            String::new()
        }
    };
    if let Err(fault) = print(&answer) {
        say(format_args!("stepstream test-state: {fault}"));
        return ExitCode::from(INVALID);
    }
    ExitCode::from(match tested {
        Ok(Response { status: "SUCCEEDED" | "CAUGHT_ERROR", .. }) => 0,
        Ok(_) => FAILED,
        Err(_) => INVALID,
    })
}

fn run(args: &Args) -> Result<Result<Response, Exception>, String> {
    let shown = source::shown(&args.request);
    let text = source::read(&args.request).map_err(|error| format!("cannot read the request {shown}: {error}"))?;
    // As far as serde is concerned, an array could hold the fields in order.
    if text.trim_start().starts_with('[') {
        return Err(format!("{shown} is an array; a request is an object, {{\"definition\": …, \"input\": …}}"));
    }
    let request: Request =
        serde_json::from_str(&text).map_err(|error| format!("{shown} is no TestState request: {error}"))?;
    let (connectors, limits, realm) = match &args.config {
        Some(file) => {
            let (config, connectors) = deployment::load(file).map_err(|error| error.to_string())?;
            (connectors, config.engine.into(), config.aws)
        }
        None => (Connectors::new(), Limits::default(), Realm::default()),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut surroundings = Surroundings {
        now: Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)),
        seed: args.seed.unwrap_or_else(|| fastrand::Rng::new().u64(..)),
        realm,
        limits,
        call: &mut |program, call| carry_out(&connectors.resolve(program.resources()), &runtime, call),
    };
    Ok(test_state(&request, &mut surroundings))
}

/// The answer for people: what came out, and the way of the data step by step.
fn text(response: &Response) -> String {
    let mut shown = format!("{}\n", response.status);
    let lines = [("error", &response.error), ("cause", &response.cause), ("next state", &response.next_state)];
    for (name, value) in lines {
        if let Some(value) = value {
            line(&mut shown, name, value);
        }
    }
    if let Some(output) = &response.output {
        line(&mut shown, "output", &laid_out(output));
    }
    let Some(data) = &response.inspection_data else { return shown };
    shown.push('\n');
    // Field by field as the API names them: the struct keeps the order in which the state goes through them.
    let Value::Object(steps) = json!(data) else { return shown };
    for (name, value) in &steps {
        match value {
            Value::String(payload) => line(&mut shown, name, &laid_out(payload)),
            value => line(&mut shown, name, &value.to_string()),
        }
    }
    shown
}

fn line(shown: &mut String, name: &str, value: &str) {
    let value = visible_lines(value);
    // Writing to a string never fails.
    let _ = match value.contains('\n') {
        true => writeln!(shown, "{name}:\n  {}", value.replace('\n', "\n  ")),
        false => writeln!(shown, "{:<27} {value}", format!("{name}:")),
    };
}

/// A payload over several lines, if it is too long for one.
fn laid_out(payload: &str) -> String {
    const ONE_LINE: usize = 90;
    match read_document(payload.as_bytes()) {
        Ok(value) if payload.len() > ONE_LINE => format!("{value:#}"),
        _ => payload.to_owned(),
    }
}
