//! The configuration file: TOML with environment overrides, every mistake reported with its place.
//!
//! [`Config::load`] reads a file, [`Config::parse`] a text with a given environment. Both report all mistakes they can find,
//! not only the first. `config/stepstream.toml` in the repository explains every option.

mod environment;
mod kafka;
mod kafka_defaults;
pub mod limits;
mod model;
mod overrides;
mod pipeline;
mod properties;
mod read;
mod report;
mod secret;
mod section;
mod suggest;
mod task;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use crate::identity::Realm;
pub use environment::Environment;
pub use model::{
    Builtin, Connector, Endpoint, Http, HttpVersion, Kafka, Limits, Log, LogFormat, OnOutOfRange, Pipeline, Place,
    ResultHeaders, StartFrom, Task, Topic,
};
pub use properties::Properties;
pub use report::{ConfigErrors, Mistake};
pub use secret::Secret;

/// A configuration without mistakes: every value checked, every default filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Shared librdkafka properties.
    pub kafka: Kafka,
    /// The HTTP side.
    pub http: Http,
    /// Logging.
    pub log: Log,
    /// Region and account in the ARNs of executions.
    pub aws: Realm,
    /// Bounds on one execution.
    pub engine: Limits,
    /// At least one.
    pub pipelines: Vec<Pipeline>,
    /// In the order of the file: the first match wins.
    pub tasks: Vec<Task>,
    /// What works but bites: one message each, with its place.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads a configuration file with the environment of this process, and checks that its workflow files are there.
    ///
    /// # Errors
    ///
    /// Every mistake that was found.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::load_with(path, &Environment::process())
    }

    /// Like [`Config::load`], with a given environment.
    ///
    /// # Errors
    ///
    /// Every mistake that was found.
    pub fn load_with(path: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "check the path, or write the file: config/stepstream.toml is an example"
                }
                std::io::ErrorKind::InvalidData => "a configuration is UTF-8 text",
                _ => "check that this user may read it",
            };
            ConfigErrors::unreadable(path, format!("can't read {}: {error}", path.display()), Some(hint.to_owned()))
        })?;
        read::config(&text, path, environment, read::WorkflowFiles::MustExist)
    }

    /// Reads a configuration from a text. `file` is where it is said to stand: for messages, and as the place that
    /// workflow files are relative to. Workflow files are not looked for.
    ///
    /// # Errors
    ///
    /// Every mistake that was found.
    pub fn parse(text: &str, file: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        read::config(text, file, environment, read::WorkflowFiles::MayBeMissing)
    }
}
