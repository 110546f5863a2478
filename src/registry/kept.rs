//! The last good version of each definition, on disk: what a restart can go on with when the file has been broken.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::source::{SourceError, read_definition_from};

/// What the first line of a kept version begins with; the number is the format's.
const MAGIC: &str = "stepstream-last-good 1";
/// Characters of a workflow's name in the name of its file; longer ones are told apart by their hash.
const MAX_NAME_CHARS: usize = 100;

/// A folder of last good versions, one file for each workflow.
///
/// A file's first line names the format, the SHA-256 of what follows, and the definition's file; what follows is the
/// definition, byte for byte. Files are replaced as a whole: written aside, flushed, renamed.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
    resumes: bool,
}

/// Why a last good version can't be kept or used.
#[derive(Debug, Error)]
pub enum KeptError {
    /// The folder can't be made or written to.
    #[error("can't keep versions in {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A version can't be written.
    #[error("can't keep the version in {}: {source}", file.display())]
    Write {
        /// Its file in the folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A version can't be read back.
    #[error("the last good version: {0}")]
    Read(#[from] SourceError),
    /// A version's text is not what was written.
    #[error("the last good version in {} is damaged: its text does not have the hash that was written with it", file.display())]
    Damaged {
        /// Its file in the folder.
        file: PathBuf,
    },
    /// A version is of another definition of the same name.
    #[error("the last good version in {} is of {of}: give this process a `state_dir` of its own", file.display())]
    Foreign {
        /// Its file in the folder.
        file: PathBuf,
        /// The definition's file that it was read from.
        of: String,
    },
}

impl Kept {
    /// Makes the folder, if need be, and sees whether it can be written to. With `resumes`, a definition that is refused
    /// when it is first loaded is replaced by its last good version.
    ///
    /// # Errors
    /// [`KeptError::Folder`].
    pub fn open(folder: &Path, resumes: bool) -> Result<Self, KeptError> {
        let kept = Self { folder: folder.to_owned(), resumes };
        let tried = fs::create_dir_all(folder).and_then(|()| {
            let probe = folder.join(format!(".probe-{}", std::process::id()));
            File::create(&probe).and_then(|_| fs::remove_file(&probe))
        });
        tried.map(|()| kept).map_err(|source| KeptError::Folder { folder: folder.to_owned(), source })
    }

    /// Whether a refused definition is replaced by its last good version at the start.
    pub(super) fn resumes(&self) -> bool {
        self.resumes
    }

    /// Keeps a version in the place of the one before. One that is kept already is not written again.
    pub(super) fn keep(&self, workflow: &str, definition: &Path, text: &str) -> Result<(), KeptError> {
        if self.read(workflow, definition).is_ok_and(|kept| kept.as_deref() == Some(text)) {
            return Ok(());
        }
        let file = self.file_of(workflow);
        let aside = self.folder.join(format!(".{}.{}", name_of(workflow), std::process::id()));
        let write = || {
            let mut out = File::create(&aside)?;
            writeln!(out, "{MAGIC} sha256={} {}", hash_of(text), identity(definition))?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&aside, &file)?;
            // So that the new name outlives a power cut; not every file system can.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).ok();
            Ok(())
        };
        write().map_err(|source| {
            // What is left of it is of no use.
            fs::remove_file(&aside).ok();
            KeptError::Write { file: file.clone(), source }
        })
    }

    /// The version that was kept; none: there is none.
    pub(super) fn read(&self, workflow: &str, definition: &Path) -> Result<Option<String>, KeptError> {
        let file = self.file_of(workflow);
        let opened = match File::open(&file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SourceError::Unreadable { file, source }.into()),
        };
        let mut reader = io::BufReader::new(opened);
        let header =
            read_header(&mut reader).map_err(|source| SourceError::Unreadable { file: file.clone(), source })?;
        let header = header.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(" sha256="));
        let Some((hash, of)) = header.and_then(|rest| rest.split_once(' ')) else {
            return Err(KeptError::Damaged { file });
        };
        let text = read_definition_from(reader, &file)?;
        if hash_of(&text) != hash {
            return Err(KeptError::Damaged { file });
        }
        if of != identity(definition) {
            return Err(KeptError::Foreign { file, of: of.to_owned() });
        }
        Ok(Some(text))
    }

    fn file_of(&self, workflow: &str) -> PathBuf {
        self.folder.join(format!("{}.last-good", name_of(workflow)))
    }
}

/// The first line, but never more of it than a header can have.
fn read_header(reader: &mut impl io::BufRead) -> io::Result<String> {
    const LONGEST: u64 = 8 * 1024;
    let mut line = Vec::new();
    io::BufRead::read_until(&mut io::Read::take(reader, LONGEST), b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned())
}

/// The definition's file, the same wherever the process was started, on one line.
fn identity(definition: &Path) -> String {
    let path = std::path::absolute(definition).unwrap_or_else(|_| definition.to_owned());
    crate::visible::visible(&path.to_string_lossy()).into_owned()
}

/// A name that stays within the folder, whatever the workflow is called: letters, digits, `-` and `_` are themselves, other
/// bytes are `%` and two digits.
fn name_of(workflow: &str) -> String {
    let mut name = String::new();
    for byte in workflow.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    if name.len() > MAX_NAME_CHARS {
        name.truncate(MAX_NAME_CHARS);
        name.push('-');
        name.push_str(&hash_of(workflow)[..16]);
    }
    name
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> (PathBuf, Kept) {
        let folder = std::env::temp_dir().join(format!("stepstream-kept-{}-{}", std::process::id(), fastrand::u64(..)));
        let kept = Kept::open(&folder.join("inner"), true).unwrap();
        (folder, kept)
    }

    #[test]
    fn what_is_kept_comes_back_byte_for_byte_and_nothing_is_left_aside() {
        let (folder, kept) = kept();
        let definition = Path::new("w/order.asl.json");
        assert!(kept.read("order", definition).unwrap().is_none());
        for text in ["one", "two\n\nlines", "", "two\n\nlines"] {
            kept.keep("order", definition, text).unwrap();
            assert_eq!(kept.read("order", definition).unwrap().as_deref(), Some(text));
        }
        assert_eq!(fs::read_dir(folder.join("inner")).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn names_stay_within_the_folder_and_apart() {
        let (folder, kept) = kept();
        let long = "x".repeat(300);
        let names = ["../../out", "..", ".", "a/b", "a%2Fb", "\0", "ü", "A b", &long, &format!("{long}y")];
        for name in names {
            kept.keep(name, Path::new("f"), name).unwrap();
        }
        for name in names {
            assert_eq!(kept.read(name, Path::new("f")).unwrap().as_deref(), Some(name), "{name}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing beside the folder");
        assert_eq!(fs::read_dir(folder.join("inner")).unwrap().count(), names.len());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_was_changed_or_belongs_to_another_definition_is_not_used() {
        let (folder, kept) = kept();
        let definition = Path::new("w/order.asl.json");
        kept.keep("order", definition, "good").unwrap();
        let other = kept.read("order", Path::new("v/order.asl.json")).unwrap_err();
        assert!(matches!(other, KeptError::Foreign { .. }), "{other}");
        let file = kept.file_of("order");
        for damaged in [fs::read_to_string(&file).unwrap().replace("good", "evil"), "good".to_owned(), String::new()] {
            fs::write(&file, &damaged).unwrap();
            let error = kept.read("order", definition).unwrap_err();
            assert!(matches!(error, KeptError::Damaged { .. }), "{damaged:?}: {error}");
        }
        kept.keep("order", definition, "good").unwrap();
        assert_eq!(kept.read("order", definition).unwrap().as_deref(), Some("good"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_an_error() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(matches!(Kept::open(&file.join("state"), false), Err(KeptError::Folder { .. })));
    }
}
