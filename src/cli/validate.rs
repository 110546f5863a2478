//! `stepstream validate`: check definitions and show every fault.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use super::diagnostic::DiagnosticAnswer;
use super::print::{in_colour, print, say};
use super::source;
use crate::asl::{self, Code, Definition, Diagnostic, Format, Lines, MachineType, ReadOptions};
use crate::program::Program;
use crate::visible::visible;

/// Exit status when a definition has errors or a file can't be read.
pub(super) const EXIT_INVALID: u8 = 2;

/// Arguments of `stepstream validate`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 all definitions are valid, 2 one has errors or can't be read. Warnings refuse nothing."
)]
pub(super) struct Args {
    /// Definitions to check; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print the answer of the API's ValidateStateMachineDefinition (for several files, a list of them)
    #[arg(long)]
    json: bool,
    /// The rules to apply
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Type::Express)]
    machine_type: Type,
    /// The least severity to show
    #[arg(long, value_enum, default_value_t = Severity::Warning)]
    severity: Severity,
}

#[derive(Clone, Copy, ValueEnum)]
enum Type {
    /// Everything that runs here
    Express,
    /// What AWS accepts for an Express machine: no .sync, no .waitForTaskToken, no activities
    ExpressStrict,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Severity {
    /// Only what refuses the definition
    Error,
    /// Advice, too
    Warning,
}

/// Runs the subcommand: 0 if all definitions are valid, else 2.
pub(super) fn main(args: Args) -> ExitCode {
    let options = ReadOptions {
        machine_type: match args.machine_type {
            Type::Express => MachineType::Express,
            Type::ExpressStrict => MachineType::ExpressStrict,
        },
        ..ReadOptions::default()
    };
    let checked: Vec<Checked> = args.files.iter().map(|file| check(file, &options, args.severity)).collect();
    let text = if args.json { json(&checked) } else { human(&checked) };
    if let Err(fault) = print(&text) {
        say(format_args!("error: {fault}"));
        return ExitCode::from(EXIT_INVALID);
    }
    let valid = checked.iter().all(|file| file.outcome.as_ref().is_ok_and(|outcome| outcome.errors == 0));
    if valid { ExitCode::SUCCESS } else { ExitCode::from(EXIT_INVALID) }
}

/// A file and what was found in it; `Err` if it can't be read.
struct Checked {
    name: String,
    outcome: Result<Validated, String>,
}

struct Validated {
    text: String,
    /// What to show.
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

fn check(file: &Path, options: &ReadOptions, severity: Severity) -> Checked {
    let outcome = source::read_definition(file).map(|text| {
        let read = asl::read_with(&text, &ReadOptions { format: Format::of_file(file), ..*options });
        let mut diagnostics = read.diagnostics;
        diagnostics.extend(read.definition.iter().flat_map(refusals));
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let warnings = diagnostics.len() - errors;
        diagnostics.retain(|diagnostic| severity == Severity::Warning || diagnostic.is_error());
        Validated { text, diagnostics, errors, warnings }
    });
    let outcome = outcome.map_err(|fault| format!("cannot read the definition: {fault}"));
    Checked { name: source::name(file), outcome }
}

/// What the compiler refuses although the definition is valid. That something can't be run yet is no fault of the
/// definition, hence a warning.
fn refusals(definition: &Definition) -> Vec<Diagnostic> {
    let faults = Program::compile(definition).err().unwrap_or_default();
    let warn = |fault: Diagnostic| match fault.code {
        Code::NotSupported => Diagnostic { severity: asl::Severity::Warning, ..fault },
        _ => fault,
    };
    faults.into_iter().map(warn).collect()
}

fn human(checked: &[Checked]) -> String {
    let colour = in_colour(&io::stdout());
    let mut text = String::new();
    for file in checked {
        match &file.outcome {
            Ok(outcome) => text.push_str(&asl::render(&outcome.diagnostics, &file.name, &outcome.text, colour)),
            Err(fault) => say(format_args!("error: {}: {fault}", visible(&file.name))),
        }
    }
    text.push_str(&summary(checked));
    text
}

fn summary(checked: &[Checked]) -> String {
    let name = |file: &Checked| visible(&file.name).into_owned();
    let read = || checked.iter().filter_map(|file| file.outcome.as_ref().ok());
    let errors: usize = read().map(|outcome| outcome.errors).sum();
    let warnings: usize = read().map(|outcome| outcome.warnings).sum();
    let invalid = checked.len() - read().filter(|outcome| outcome.errors == 0).count();
    let verdict = match (checked, invalid) {
        ([file], 0) => format!("{} is valid", name(file)),
        ([file], _) if file.outcome.is_err() => format!("{} was not checked", name(file)),
        ([file], _) => format!("{} is invalid", name(file)),
        (files, 0) => format!("All {} definitions are valid", files.len()),
        (files, invalid) => {
            let unread = files.iter().filter(|file| file.outcome.is_err()).count();
            let not_read = if unread > 0 { format!(", {unread} could not be read") } else { String::new() };
            format!("{} of {} definitions are invalid{not_read}", invalid - unread, files.len())
        }
    };
    format!("{verdict}: {}, {}\n", plural(errors, "error"), plural(warnings, "warning"))
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The answer of the API.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    result: &'static str,
    diagnostics: Vec<DiagnosticAnswer<'a>>,
    truncated: bool,
}

fn json(checked: &[Checked]) -> String {
    let text = match checked {
        [file] => serde_json::to_string_pretty(&answer(file, false)),
        files => serde_json::to_string_pretty(&files.iter().map(|file| answer(file, true)).collect::<Vec<_>>()),
    };
    // Strings and numbers only: there is nothing that could fail to serialise.
    text.unwrap_or_default() + "\n"
}

fn answer(file: &Checked, named: bool) -> Answer<'_> {
    let (valid, diagnostics) = match &file.outcome {
        Ok(outcome) => {
            let lines = Lines::new(&outcome.text);
            let diagnostics = outcome.diagnostics.iter().map(|diagnostic| DiagnosticAnswer::new(diagnostic, &lines));
            (outcome.errors == 0, diagnostics.collect())
        }
        Err(fault) => (false, vec![unreadable(fault)]),
    };
    let file = named.then_some(file.name.as_str());
    Answer { file, result: if valid { "OK" } else { "FAIL" }, diagnostics, truncated: false }
}

/// A file that can't be read has no diagnostics of its own, but whoever reads the answer needs one.
fn unreadable(fault: &str) -> DiagnosticAnswer<'_> {
    DiagnosticAnswer {
        severity: "ERROR",
        code: "UNREADABLE_FILE",
        message: fault,
        location: None,
        line: None,
        column: None,
        hint: None,
    }
}
