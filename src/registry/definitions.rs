use std::path::Path;

use super::{Compiled, Registry};
use crate::asl::{self, Diagnostic, Format, ReadOptions};
use crate::program::Program;
use crate::task::Resolved;

impl Registry<Program> {
    /// A registry of Amazon States Language definitions that accepts what `resolve` does: a Resource without a connector,
    /// for instance, is for it to refuse.
    pub fn of_definitions(resolve: impl Fn(&Program) -> Result<Resolved, String> + Send + Sync + 'static) -> Self {
        Self::new(compile, resolve)
    }
}

/// Reads, checks and compiles a definition. What is wrong is said twice: in a paragraph with a line per diagnostic, for the
/// log, then with the lines that the diagnostics are about.
fn compile(file: &Path, text: &str) -> Result<Compiled<Program>, String> {
    let name = file.to_string_lossy();
    let summary = |diagnostics: &[Diagnostic]| asl::summarize(diagnostics, &name, text);
    let render = |diagnostics: &[Diagnostic]| {
        format!("{}\n\n{}", summary(diagnostics), asl::render(diagnostics, &name, text, false))
    };
    let options = ReadOptions { format: Format::of_file(file), ..ReadOptions::default() };
    let outcome = asl::read_with(text, &options);
    let Some(definition) = outcome.definition else {
        let errors: Vec<Diagnostic> = outcome.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        return Err(render(&errors));
    };
    let program = Program::compile(&definition).map_err(|faults| render(&faults))?;
    Ok(Compiled { states: program.state_count(), program, warnings: summary(&outcome.diagnostics) })
}
