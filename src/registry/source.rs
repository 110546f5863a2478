//! Reading definitions: never more than one may have.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::asl::MAX_DEFINITION_BYTES;

/// Bytes that some editors put before a text to say that it is UTF-8. They are no part of it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a definition can't be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The system does not give it.
    #[error("can't read {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It has more bytes than a definition may have; the rest was not read.
    #[error("{} has more than {max_bytes} bytes, the most that a definition may have; move parts into workflows of their own", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit.
        max_bytes: usize,
    },
    /// It is not text.
    #[error("can't read {}: it is not UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
}

/// Reads a definition's file; a byte order mark is left out.
///
/// # Errors
/// The file can't be read, is too large, or not UTF-8.
pub fn read_definition(file: &Path) -> Result<String, SourceError> {
    let opened = File::open(file).map_err(|source| SourceError::Unreadable { file: file.to_owned(), source })?;
    read_definition_from(opened, file)
}

/// As [`read_definition`], from a reader; `name` stands for the file in messages.
///
/// # Errors
/// As [`read_definition`].
pub fn read_definition_from(reader: impl Read, name: &Path) -> Result<String, SourceError> {
    let file = || name.to_owned();
    let longest = MAX_DEFINITION_BYTES + BYTE_ORDER_MARK.len();
    let mut bytes = Vec::new();
    reader
        .take(longest as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| SourceError::Unreadable { file: file(), source })?;
    if bytes.len() > longest {
        return Err(SourceError::TooLarge { file: file(), max_bytes: MAX_DEFINITION_BYTES });
    }
    let text = String::from_utf8(bytes).map_err(|_| SourceError::NotText { file: file() })?;
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
