//! The example pipeline: the files of `config/`, compiled in.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::cli::examples::{CONFIG, WORKFLOWS};
use crate::config::{Config, ConfigErrors, Environment};

/// The mock cluster holds a fetch back for the whole of this time, whatever arrives meanwhile: in milliseconds.
const FETCH_WAIT: (&str, &str) = ("STEPSTREAM_KAFKA_CONSUMER_FETCH_WAIT_MAX_MS", "10");
/// What takes the place of the configured brokers.
const BROKERS: &str = "STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS";

/// The example's files in a folder for temporary files, where its workflow can be edited while it runs.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Writes the files to a folder that only this user can read.
    pub(super) fn new() -> io::Result<Self> {
        let name = format!("stepstream-dev-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let folder = Self(std::env::temp_dir().join(name));
        // An error if it is there: somebody may have put it in the way.
        DirBuilder::new().mode(0o700).create(&folder.0)?;
        fs::create_dir(folder.workflows())?;
        for (file, text) in folder.files() {
            fs::write(file, text)?;
        }
        Ok(folder)
    }

    /// The example's configuration. What the environment says to a daemon is not meant for it.
    pub(super) fn config(&self, brokers: &str) -> Result<Config, ConfigErrors> {
        Config::load_with(&self.0.join("stepstream.toml"), &on_mock_cluster(Environment::default(), brokers))
    }

    /// Removes what is as it was written. What somebody has changed or added stays; whether there is such.
    pub(super) fn tidy(&self) -> bool {
        for (file, text) in self.files() {
            if fs::read(&file).is_ok_and(|bytes| bytes == text.as_bytes()) {
                // What can't be removed is left to whoever cleans temporary files.
                fs::remove_file(&file).ok();
            }
        }
        // Folders are removed only when nothing is in them.
        [self.workflows(), self.0.clone()].iter().for_each(|folder| drop(fs::remove_dir(folder)));
        self.0.exists()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn workflows(&self) -> PathBuf {
        self.0.join("workflows")
    }

    fn files(&self) -> impl Iterator<Item = (PathBuf, &'static str)> {
        let workflows = self.workflows();
        let config = (self.0.join("stepstream.toml"), CONFIG);
        std::iter::once(config).chain(WORKFLOWS.map(|(name, text)| (workflows.join(name), text)))
    }
}

/// The example's configuration for another workflow, which no file is written for.
pub(super) fn config_without_files(brokers: &str) -> Result<Config, ConfigErrors> {
    Config::parse(CONFIG, Path::new("stepstream.toml"), &on_mock_cluster(Environment::default(), brokers))
}

/// A configuration of one's own, on the mock cluster.
pub(super) fn load(file: &Path, brokers: &str) -> Result<Config, ConfigErrors> {
    Config::load_with(file, &on_mock_cluster(Environment::process(), brokers))
}

fn on_mock_cluster(environment: Environment, brokers: &str) -> Environment {
    environment.with(BROKERS, brokers).with(FETCH_WAIT.0, FETCH_WAIT.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_touched_is_removed() {
        let folder = Folder::new().expect("temporary files can be written");
        assert!(!folder.tidy());
        assert!(!folder.path().exists());
    }

    #[test]
    fn what_somebody_changed_or_added_stays() {
        let folder = Folder::new().expect("temporary files can be written");
        let changed = folder.workflows().join("order.asl.json");
        fs::write(&changed, "{}").expect("it can be changed");
        let added = folder.workflows().join("order.asl.json~");
        fs::write(&added, "mine").expect("it can be added");
        assert!(folder.tidy());
        assert_eq!(fs::read(&changed).expect("it is there"), b"{}");
        assert_eq!(fs::read(&added).expect("it is there"), b"mine");
        assert!(!folder.workflows().join("saga.asl.json").exists());
        fs::remove_dir_all(folder.path()).expect("the test's own files");
    }
}
