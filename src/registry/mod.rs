//! Workflows and their versions: loading, watching, swapping.
//!
//! A [`Workflow`] has one current [`Version`] behind an atomic pointer: readers take it without a lock, once per event or
//! batch, and keep what they took while an execution runs. A new version is read, compiled and checked aside; only then the
//! pointer moves. A file that is refused changes nothing; it is reported in the log, in a metric and in [`WorkflowStatus`].
//!
//! The compiled form is a type parameter, and compiling is a function that the registry is given, so that swapping can be
//! tested without a language. [`Registry::of_definitions`] is the one that reads Amazon States Language.

mod definitions;
mod kept;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod watch;
mod workflow;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use thiserror::Error;

pub use kept::{Kept, KeptError};
pub use source::{SourceError, read_definition, read_definition_from};
pub use status::{RefusedVersion, WorkflowStatus};
pub use watch::Watch;
pub use workflow::{Refusal, Reload, Version, Workflow};

use crate::program::Program;
use crate::task::Resolved;

/// What a definition became.
pub struct Compiled<P> {
    /// The compiled form.
    pub program: P,
    /// States in it, for people.
    pub states: usize,
    /// What is valid, but probably not what was meant, with places and hints; empty: nothing.
    pub warnings: String,
}

/// Makes a program of a definition's text, or says with places and hints why it can't.
pub type Compile<P> = dyn Fn(&Path, &str) -> Result<Compiled<P>, String> + Send + Sync;
/// Finds what carries out a program's calls, or says why a program that compiled can't run here: a Resource without a
/// connector, for instance.
pub type Resolve<P> = dyn Fn(&P) -> Result<Resolved, String> + Send + Sync;

/// All workflows of the process, by name.
pub struct Registry<P = Program> {
    workflows: DashMap<Arc<str>, Arc<Workflow<P>>>,
    maker: Maker<P>,
}

/// What turns a file into a program.
struct Maker<P> {
    compile: Box<Compile<P>>,
    resolve: Box<Resolve<P>>,
    /// Where last good versions are kept.
    kept: Option<Kept>,
}

/// Why a workflow can't be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Its file can't be read, compiled or run here.
    #[error("workflow `{name}` can't be loaded from {}:\n{why}", file.display())]
    Refused {
        /// The workflow.
        name: Arc<str>,
        /// Its file.
        file: PathBuf,
        /// What is wrong, with places and hints where there are any.
        why: Box<Refusal>,
    },
    /// Another file is behind the name.
    #[error("workflow `{name}` is {} already, it can't be {} too: give one of them another name", first.display(), second.display())]
    NameTaken {
        /// The name of both.
        name: Arc<str>,
        /// The file that has it.
        first: PathBuf,
        /// The file that wants it.
        second: PathBuf,
    },
}

impl<P> Registry<P> {
    /// An empty registry that compiles with `compile` and accepts what `resolve` does.
    pub fn new(
        compile: impl Fn(&Path, &str) -> Result<Compiled<P>, String> + Send + Sync + 'static,
        resolve: impl Fn(&P) -> Result<Resolved, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            workflows: DashMap::new(),
            maker: Maker { compile: Box::new(compile), resolve: Box::new(resolve), kept: None },
        }
    }

    /// The registry, with the last good version of each workflow kept on disk.
    #[must_use]
    pub fn keeping(mut self, kept: Kept) -> Self {
        self.maker.kept = Some(kept);
        self
    }

    /// Loads a workflow's first version. One that is loaded from the same file already is returned as it is.
    ///
    /// # Errors
    ///
    /// The file can't be read, compiled or run here, or the name stands for another file.
    pub fn load(&self, name: &str, file: &Path) -> Result<Arc<Workflow<P>>, LoadError> {
        let name: Arc<str> = name.into();
        match self.workflows.entry(Arc::clone(&name)) {
            Entry::Occupied(known) if known.get().file() == file => Ok(Arc::clone(known.get())),
            Entry::Occupied(known) => {
                Err(LoadError::NameTaken { name, first: known.get().file().to_owned(), second: file.to_owned() })
            }
            Entry::Vacant(free) => {
                let workflow = Workflow::load(Arc::clone(&name), file, &self.maker)
                    .map_err(|why| LoadError::Refused { name, file: file.to_owned(), why: Box::new(why) })?;
                Ok(Arc::clone(&free.insert(Arc::new(workflow))))
            }
        }
    }

    /// The workflow of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Workflow<P>>> {
        self.workflows.get(name).map(|entry| Arc::clone(entry.value()))
    }

    /// Reads every file again and swaps what changed: for SIGHUP. What is refused is reported and stays as it was.
    pub fn reload_all(&self) -> Vec<(Arc<str>, Reload)> {
        self.all().iter().map(|workflow| (Arc::clone(workflow.name()), self.reload(workflow))).collect()
    }

    /// Reads a workflow's file again and swaps if it changed.
    pub fn reload(&self, workflow: &Workflow<P>) -> Reload {
        workflow.reload(&self.maker)
    }

    /// Every workflow as people want to see it, by name.
    pub fn statuses(&self) -> Vec<WorkflowStatus> {
        self.all().iter().map(|workflow| workflow.status()).collect()
    }

    /// Every workflow, by name.
    pub fn all(&self) -> Vec<Arc<Workflow<P>>> {
        let mut all: Vec<_> = self.workflows.iter().map(|entry| Arc::clone(entry.value())).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// Whether the workflow's file would be refused now. Changes nothing and logs nothing.
    fn would_refuse(&self, workflow: &Workflow<P>) -> bool {
        workflow.would_refuse(&self.maker)
    }
}
