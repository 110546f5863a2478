use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Compiled, Maker, RefusedVersion, WorkflowStatus};
use crate::program::Program;
use crate::telemetry::events;

/// Bytes of a definition's hash in a version's label: enough to tell versions of one workflow apart at a glance.
const LABEL_HASH_BYTES: usize = 4;

/// The panic itself, with its place, stands before it in the log.
const COMPILER_PANICKED: &str =
    "the compiler panicked on this definition: a fault of Stepstream's; please report it with the definition";

/// A named state machine with versions.
pub struct Workflow<P = Program> {
    name: Arc<str>,
    file: PathBuf,
    current: ArcSwap<Version<P>>,
    /// Held while a new version is made, so that versions follow each other.
    history: Mutex<History>,
}

/// One version of a workflow; never changes.
#[derive(Debug)]
pub struct Version<P = Program> {
    /// The workflow's name.
    pub workflow: Arc<str>,
    /// Tells versions apart, such as `3-1a2b3c4d`: how many this process has seen, and the beginning of the SHA-256 of the
    /// definition's text.
    pub label: Arc<str>,
    /// The compiled form.
    pub program: Arc<P>,
    states: usize,
    loaded_at: Timestamp,
    hash: Hash,
}

/// What came of reading a workflow's file again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The text is that of the current version.
    Unchanged,
    /// A new version is current.
    Swapped {
        /// Label of the version before.
        from: Arc<str>,
        /// Label of the version now.
        to: Arc<str>,
    },
    /// The current version stays.
    Refused {
        /// What is wrong, with places and hints where there are any.
        why: String,
    },
}

type Hash = [u8; 32];

struct History {
    versions: u64,
    last_error: Option<RefusedVersion>,
}

impl<P> Workflow<P> {
    pub(super) fn from_text(name: Arc<str>, file: &Path, text: &str, maker: &Maker<P>) -> Result<Self, String> {
        let version = make(&name, file, text, 1, maker)?;
        events::workflow_loaded(&name, file, &version.label);
        let history = Mutex::new(History { versions: 1, last_error: None });
        Ok(Self { name, file: file.to_owned(), current: ArcSwap::from_pointee(version), history })
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its definition's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The version that an execution should begin with now, to keep while it runs.
    pub fn current(&self) -> Arc<Version<P>> {
        self.current.load_full()
    }

    /// The version pointer itself, for `arc_swap::Cache`: a shard that looks before every event pays one load.
    pub fn pointer(&self) -> &ArcSwap<Version<P>> {
        &self.current
    }

    /// The workflow as people want to see it.
    pub fn status(&self) -> WorkflowStatus {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load();
        WorkflowStatus {
            name: self.name.to_string(),
            file: self.file.display().to_string(),
            version: current.label.to_string(),
            loaded_at: current.loaded_at.to_string(),
            states: current.states,
            last_error: history.last_error.clone(),
        }
    }

    pub(super) fn reload(&self, maker: &Maker<P>) -> Reload {
        // A poisoned history is still one: a compiler that panicked has stored nothing.
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        let next = read(&self.file).and_then(|text| {
            if hash(&text) == current.hash {
                return Ok(None);
            }
            make(&self.name, &self.file, &text, history.versions + 1, maker).map(Some)
        });
        match next {
            Ok(None) => {
                history.last_error = None;
                Reload::Unchanged
            }
            Ok(Some(version)) => {
                let to = Arc::clone(&version.label);
                history.versions += 1;
                history.last_error = None;
                self.current.store(Arc::new(version));
                events::workflow_swapped(&self.name, &current.label, &to);
                Reload::Swapped { from: Arc::clone(&current.label), to }
            }
            Err(why) => {
                let is_known = history.last_error.as_ref().is_some_and(|last| last.why == why);
                if !is_known {
                    events::workflow_refused(&self.name, &self.file, &current.label, &why);
                    history.last_error = Some(RefusedVersion { at: Timestamp::now().to_string(), why: why.clone() });
                }
                Reload::Refused { why }
            }
        }
    }

    pub(super) fn would_refuse(&self, maker: &Maker<P>) -> bool {
        let current = self.current.load_full();
        let made = read(&self.file).and_then(|text| match hash(&text) == current.hash {
            true => Ok(()),
            false => compiled(&self.file, &text, maker).map(drop),
        });
        made.is_err()
    }
}

pub(super) fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("can't read {}: {error}", file.display()))
}

fn compiled<P>(file: &Path, text: &str, maker: &Maker<P>) -> Result<Compiled<P>, String> {
    let made = catch_unwind(AssertUnwindSafe(|| {
        let compiled = (maker.compile)(file, text)?;
        (maker.check)(&compiled.program).map(|()| compiled)
    }));
    // A fault of ours must not end the watch, nor keep the other workflows from being read.
    made.unwrap_or_else(|_| Err(format!("{}: {COMPILER_PANICKED}", file.display())))
}

fn make<P>(name: &Arc<str>, file: &Path, text: &str, ordinal: u64, maker: &Maker<P>) -> Result<Version<P>, String> {
    let Compiled { program, states, warnings } = compiled(file, text, maker)?;
    if !warnings.is_empty() {
        events::workflow_warnings(name, file, &warnings);
    }
    let hash = hash(text);
    let short: String = hash[..LABEL_HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Version {
        workflow: Arc::clone(name),
        label: format!("{ordinal}-{short}").into(),
        program: Arc::new(program),
        states,
        loaded_at: Timestamp::now(),
        hash,
    })
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}
