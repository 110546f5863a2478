//! Texts that subcommands are given: a file, or - for standard input.

use std::io;
use std::path::Path;

use crate::registry::{self, SourceError};
use crate::visible::visible;

/// What messages call standard input.
const STDIN: &str = "<stdin>";

/// Its name in answers; exact.
pub(super) fn name(file: &Path) -> String {
    if is_stdin(file) { STDIN.into() } else { file.display().to_string() }
}

/// A path, as people get to see it.
pub(super) fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

/// The name of the workflow in a file: the file's, without `.asl.json` or another extension.
pub(super) fn workflow_name(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("workflow").to_owned()
}

/// A definition, of which no more is read than one may have.
///
/// # Errors
/// Why it can't be read, for people.
pub(super) fn read_definition(file: &Path) -> Result<String, String> {
    let read = if is_stdin(file) {
        registry::read_definition_from(io::stdin(), Path::new(STDIN))
    } else {
        registry::read_definition(file)
    };
    read.map_err(|error| match error {
        SourceError::Unreadable { source, .. } => source.to_string(),
        SourceError::NotText { .. } => "it is not UTF-8 text".to_owned(),
        SourceError::TooLarge { .. } => error.to_string(),
    })
}

/// The text.
///
/// # Errors
/// Why it can't be read, for people.
pub(super) fn read(file: &Path) -> Result<String, String> {
    let read = if is_stdin(file) { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(file) };
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    })
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}
