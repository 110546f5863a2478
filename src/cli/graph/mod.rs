//! `stepstream graph`: a picture of a definition.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::print::{in_colour, print, say};
use super::{source, validate};
use crate::asl::{self, ReadOptions};
use crate::visible::visible;

mod condition;
mod dot;
mod layout;
mod mermaid;
mod picture;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use picture::Chart;

/// Exit status when the picture can't be written.
const EXIT_UNWRITABLE: u8 = 1;

/// Edges that Mermaid draws at most unless its page is configured otherwise.
const MERMAID_EDGES: usize = 500;

/// Arguments of `stepstream graph`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the picture is written, 1 it can't be written or is too large to lay out, 2 the definition has errors or can't be read."
)]
pub(super) struct Args {
    /// Definition to draw; - is standard input
    #[arg(value_name = "DEFINITION")]
    definition: PathBuf,
    /// The language of the picture [default: by the ending of the output file, svg without one]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write the picture instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A picture that is laid out, for browsers and documents
    Svg,
    /// A flowchart for Markdown
    Mermaid,
    /// A graph for Graphviz
    Dot,
}

impl Format {
    /// The format that the ending of a file means; without an ending, SVG.
    fn of(output: Option<&Path>) -> Result<Format, String> {
        let Some(extension) = output.and_then(Path::extension) else { return Ok(Format::Svg) };
        match extension.to_str() {
            Some("svg") => Ok(Format::Svg),
            Some("mmd" | "mermaid") => Ok(Format::Mermaid),
            Some("dot" | "gv") => Ok(Format::Dot),
            _ => Err(format!(
                "no picture is written as .{}: end the file in .svg, .mmd or .dot, or give --format",
                visible(&extension.display().to_string())
            )),
        }
    }
}

/// Runs the subcommand: 0 if the picture is written, 2 if the definition is invalid or unreadable, else 1.
pub(super) fn main(args: Args) -> ExitCode {
    let name = visible(&source::name(&args.definition)).into_owned();
    let text = match source::read_definition(&args.definition) {
        Ok(text) => text,
        Err(fault) => {
            say(format_args!("error: {name}: cannot read the definition: {fault}"));
            return ExitCode::from(validate::EXIT_INVALID);
        }
    };
    let outcome = asl::read_with(
        &text,
        &ReadOptions { format: asl::Format::of_file(&args.definition), ..ReadOptions::default() },
    );
    let Some(definition) = outcome.definition else {
        let colour = in_colour(&io::stderr());
        say(asl::render(&outcome.diagnostics, &name, &text, colour));
        say(format_args!("error: {name} is invalid: there is no picture of it"));
        return ExitCode::from(validate::EXIT_INVALID);
    };
    let chart = Chart::of(&definition);
    let title = args.definition.file_name().map_or(name.clone(), |name| visible(&name.to_string_lossy()).into_owned());
    let output = args.output.as_deref();
    let written = args
        .format
        .map_or_else(|| Format::of(output), Ok)
        .and_then(|format| draw(&chart, format, &title))
        .and_then(|picture| write(&picture, output));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(format_args!("error: {name}: {fault}"));
            ExitCode::from(EXIT_UNWRITABLE)
        }
    }
}

fn draw(chart: &Chart, format: Format, title: &str) -> Result<String, String> {
    match format {
        Format::Svg => svg::svg(chart, title).map_err(|fault| fault.to_string()),
        Format::Dot => Ok(dot::dot(chart, title)),
        Format::Mermaid => {
            let edges = chart.edge_count();
            if edges > MERMAID_EDGES {
                say(format_args!(
                    "warning: the flowchart has {edges} edges: Mermaid draws at most {MERMAID_EDGES} unless maxEdges is \
                     raised where it is set up"
                ));
            }
            Ok(mermaid::mermaid(chart))
        }
    }
}

fn write(picture: &str, output: Option<&Path>) -> Result<(), String> {
    let Some(path) = output else { return print(picture) };
    std::fs::write(path, picture).map_err(|error| format!("cannot write {}: {error}", source::shown(path)))
}
