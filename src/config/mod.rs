//! The configuration file: TOML with environment overrides, every mistake reported with its place.
//!
//! [`Config::load`] reads a file, [`Config::parse`] a text with a given environment. Both report all mistakes they can find,
//! not only the first. `config/stepstream.toml` in the repository explains every option.

pub mod limits;
mod model;
mod properties;
mod secret;

use std::path::PathBuf;

pub use model::{
    Builtin, Connector, Http, HttpConnector, HttpVersion, Kafka, LambdaConnector, Limits, Log, LogFormat, Pipeline, Place,
    ResultHeaders, StartFrom, Task,
};
pub use properties::Properties;
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
    /// Bounds on one execution.
    pub engine: Limits,
    /// At least one.
    pub pipelines: Vec<Pipeline>,
    /// In the order of the file: the first match wins.
    pub tasks: Vec<Task>,
    /// What works but bites: one message each, with its place.
    pub warnings: Vec<String>,
}
