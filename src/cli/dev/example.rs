//! The example pipeline: the files of `config/`, compiled in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::examples::{CONFIG, WORKFLOWS};
use crate::config::{Config, ConfigErrors, Environment};

/// The mock cluster holds a fetch back for the whole of this time, whatever arrives meanwhile: in milliseconds.
const FETCH_WAIT: (&str, &str) = ("STEPSTREAM_KAFKA_CONSUMER_FETCH_WAIT_MAX_MS", "10");
/// What takes the place of the configured brokers.
const BROKERS: &str = "STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS";

/// The example's files in a temporary folder, where its workflow can be edited while it runs. Removed when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("stepstream-dev-{}", std::process::id()));
        let workflows = folder.join("workflows");
        fs::create_dir_all(&workflows)?;
        let folder = Self(folder);
        fs::write(folder.config_file(), CONFIG)?;
        for (name, text) in WORKFLOWS {
            fs::write(workflows.join(name), text)?;
        }
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn config_file(&self) -> PathBuf {
        self.0.join("stepstream.toml")
    }

    /// The example's configuration. What the environment says to a daemon is not meant for it.
    pub fn config(&self, brokers: &str) -> Result<Config, ConfigErrors> {
        Config::load_with(&self.config_file(), &on_mock_cluster(Environment::default(), brokers))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to whoever cleans temporary files.
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A configuration of one's own, on the mock cluster.
pub(super) fn load(file: &Path, brokers: &str) -> Result<Config, ConfigErrors> {
    Config::load_with(file, &on_mock_cluster(Environment::process(), brokers))
}

fn on_mock_cluster(environment: Environment, brokers: &str) -> Environment {
    environment.with(BROKERS, brokers).with(FETCH_WAIT.0, FETCH_WAIT.1)
}
