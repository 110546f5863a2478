use std::path::Path;

use super::{Compiled, Registry};
use crate::asl::{self, Diagnostic, Format, ReadOptions};
use crate::program::Program;

impl Registry<Program> {
    /// A registry of Amazon States Language definitions that accepts what `check` accepts: a Resource without a connector,
    /// for instance, is for it to refuse.
    pub fn of_definitions(check: impl Fn(&Program) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self::new(compile, check)
    }
}

/// Reads, checks and compiles a definition; diagnostics are rendered with the lines they are about.
fn compile(file: &Path, text: &str) -> Result<Compiled<Program>, String> {
    let render = |diagnostics: &[Diagnostic]| asl::render(diagnostics, &file.to_string_lossy(), text, false);
    let options = ReadOptions { format: Format::of_file(file), ..ReadOptions::default() };
    let outcome = asl::read_with(text, &options);
    let Some(definition) = outcome.definition else {
        let errors: Vec<Diagnostic> = outcome.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        return Err(render(&errors));
    };
    let program = Program::compile(&definition).map_err(|faults| render(&faults))?;
    Ok(Compiled { states: program.state_count(), program, warnings: render(&outcome.diagnostics) })
}
