use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::kept::{Kept, KeptError};
use super::source::{SourceError, read_definition};
use super::{Compiled, Maker, RefusedVersion, WorkflowStatus};
use crate::program::Program;
use crate::task::Resolved;
use crate::telemetry::{events, workflow_version};

/// Bytes of a definition's hash in a version's label: enough to tell versions of one workflow apart at a glance.
const LABEL_HASH_BYTES: usize = 4;

/// Why a definition does not become a version.
#[derive(Debug, Error)]
pub enum Refusal {
    /// Its file can't be read.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// It can't be compiled.
    #[error("{diagnostics}")]
    Invalid {
        /// What is wrong, with places and hints.
        diagnostics: String,
    },
    /// It can't run here: a Resource has no connector, for instance.
    #[error("{why}")]
    NotRunnable {
        /// What is missing, and what to do.
        why: String,
    },
    /// The panic itself, with its place, stands before it in the log.
    #[error("{}: the compiler panicked on this definition: a bug in Stepstream; please report it with the definition", file.display())]
    CompilerPanicked {
        /// The definition's file.
        file: PathBuf,
    },
}

/// A named state machine with versions.
pub struct Workflow<P = Program> {
    name: Arc<str>,
    file: PathBuf,
    current: ArcSwap<Version<P>>,
    /// How many versions there were. Held while a new one is made, so that they follow each other.
    versions: Mutex<u64>,
    /// The file as it is now was refused.
    last_error: Mutex<Option<RefusedVersion>>,
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
    /// What carries out the calls of the program.
    pub connectors: Resolved,
    states: usize,
    /// It is the last good one, from the disk: the file was refused.
    is_kept: bool,
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

impl<P> Version<P> {
    /// When it came.
    pub fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }
}

impl<P> Workflow<P> {
    /// The first version: what the file holds, or the last good one, where that is wanted.
    pub(super) fn load(name: Arc<str>, file: &Path, maker: &Maker<P>) -> Result<Self, Refusal> {
        let refusal = match read_definition(file).map_err(Refusal::from).and_then(|text| {
            let version = make(&name, file, &text, 1, maker)?;
            keep(maker.kept.as_ref(), &name, file, &text);
            Ok(version)
        }) {
            Ok(version) => {
                events::workflow_loaded(&name, file, &version.label);
                return Ok(Self::of(name, file, version, None));
            }
            Err(refusal) => refusal,
        };
        let Some(kept) = maker.kept.as_ref().filter(|kept| kept.resumes()) else { return Err(refusal) };
        let version = match last_good(kept, &name, file, maker) {
            Ok(Some(version)) => version,
            Ok(None) => return Err(refusal),
            Err(error) => {
                events::workflow_last_good_unusable(&name, &error);
                return Err(refusal);
            }
        };
        let why = refusal.to_string();
        events::workflow_resumed(&name, file, &version.label, &why);
        let refused = RefusedVersion { at: Timestamp::now().to_string(), why };
        Ok(Self::of(name, file, version, Some(refused)))
    }

    fn of(name: Arc<str>, file: &Path, version: Version<P>, last_error: Option<RefusedVersion>) -> Self {
        let workflow = Self {
            name,
            file: file.to_owned(),
            current: ArcSwap::from_pointee(version),
            versions: Mutex::new(1),
            last_error: Mutex::new(last_error),
        };
        workflow.publish();
        workflow
    }

    /// Tells the metrics which version runs, and whether the file is refused.
    fn publish(&self) {
        let current = self.current.load();
        let is_refused = self.refused().is_some();
        workflow_version(&self.name, current.short_hash(), current.loaded_at.as_second(), is_refused);
    }

    fn refused(&self) -> MutexGuard<'_, Option<RefusedVersion>> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
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
        let current = self.current.load();
        WorkflowStatus {
            name: self.name.to_string(),
            file: self.file.display().to_string(),
            version: current.label.to_string(),
            loaded_at: current.loaded_at.to_string(),
            states: current.states,
            from_state_dir: current.is_kept,
            last_error: self.refused().clone(),
        }
    }

    pub(super) fn reload(&self, maker: &Maker<P>) -> Reload {
        // A poisoned count is still one: a compiler that panicked has counted nothing.
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        let next = read_definition(&self.file).map_err(Refusal::from).and_then(|text| {
            if hash(&text) == current.hash {
                return Ok(None);
            }
            let version = make(&self.name, &self.file, &text, *versions + 1, maker)?;
            keep(maker.kept.as_ref(), &self.name, &self.file, &text);
            Ok(Some(version))
        });
        let reload = match next {
            Ok(None) => {
                if self.refused().take().is_some() {
                    events::workflow_put_right(&self.name, &self.file, &current.label);
                }
                Reload::Unchanged
            }
            Ok(Some(version)) => {
                let to = Arc::clone(&version.label);
                *versions += 1;
                self.current.store(Arc::new(version));
                events::workflow_swapped(&self.name, &current.label, &to);
                if self.refused().take().is_some() {
                    events::workflow_put_right(&self.name, &self.file, &to);
                }
                Reload::Swapped { from: Arc::clone(&current.label), to }
            }
            Err(refusal) => self.refuse(&current.label, refusal.to_string()),
        };
        self.publish();
        reload
    }

    /// The current version stays. What is known already is not logged again, and began when it was first seen.
    fn refuse(&self, stays: &str, why: String) -> Reload {
        let mut refused = self.refused();
        if refused.as_ref().is_none_or(|last| last.why != why) {
            events::workflow_refused(&self.name, &self.file, stays, &why);
            *refused = Some(RefusedVersion { at: Timestamp::now().to_string(), why: why.clone() });
        }
        Reload::Refused { why }
    }

    pub(super) fn would_refuse(&self, maker: &Maker<P>) -> bool {
        let current = self.current.load_full();
        let made =
            read_definition(&self.file).map_err(Refusal::from).and_then(|text| match hash(&text) == current.hash {
                true => Ok(()),
                false => compiled(&self.file, &text, maker).map(drop),
            });
        made.is_err()
    }
}

impl<P> Version<P> {
    /// The beginning of the hash: the same wherever the text is.
    fn short_hash(&self) -> &str {
        self.label.split_once('-').map_or(&*self.label, |(_, hash)| hash)
    }
}

/// Keeps a good version; what hinders that is logged and hinders nothing else.
fn keep(kept: Option<&Kept>, name: &str, file: &Path, text: &str) {
    if let Some(Err(error)) = kept.map(|kept| kept.keep(name, file, text)) {
        events::workflow_not_kept(name, &error);
    }
}

/// The version that was kept, compiled; none: none was kept.
fn last_good<P>(kept: &Kept, name: &Arc<str>, file: &Path, maker: &Maker<P>) -> Result<Option<Version<P>>, Unusable> {
    let Some(text) = kept.read(name, file)? else { return Ok(None) };
    let version = make(name, file, &text, 1, maker)?;
    Ok(Some(Version { is_kept: true, ..version }))
}

/// Why a last good version can't take the place of a refused one.
#[derive(Debug, Error)]
enum Unusable {
    #[error("{0}")]
    Kept(#[from] KeptError),
    #[error("the last good version is refused as well:\n{0}")]
    Refused(#[from] Refusal),
}

fn compiled<P>(file: &Path, text: &str, maker: &Maker<P>) -> Result<(Compiled<P>, Resolved), Refusal> {
    let made = catch_unwind(AssertUnwindSafe(|| {
        let compiled = (maker.compile)(file, text).map_err(|diagnostics| Refusal::Invalid { diagnostics })?;
        let connectors = (maker.resolve)(&compiled.program).map_err(|why| Refusal::NotRunnable { why })?;
        Ok((compiled, connectors))
    }));
    // A bug of ours must not end the watch, nor keep the other workflows from being read.
    made.unwrap_or_else(|_| Err(Refusal::CompilerPanicked { file: file.to_owned() }))
}

fn make<P>(name: &Arc<str>, file: &Path, text: &str, ordinal: u64, maker: &Maker<P>) -> Result<Version<P>, Refusal> {
    let (Compiled { program, states, warnings }, connectors) = compiled(file, text, maker)?;
    if !warnings.is_empty() {
        events::workflow_warnings(name, file, &warnings);
    }
    let hash = hash(text);
    let short: String = hash[..LABEL_HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Version {
        workflow: Arc::clone(name),
        label: format!("{ordinal}-{short}").into(),
        program: Arc::new(program),
        connectors,
        states,
        is_kept: false,
        loaded_at: Timestamp::now(),
        hash,
    })
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}
