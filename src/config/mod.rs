//! The configuration file: TOML with environment overrides, every mistake reported with its place.
//!
//! [`Config::load`] reads a file, [`Config::parse`] a text with a given environment. Both report all mistakes they can find,
//! not only the first. `config/stepstream.toml` in the repository explains every option.

mod api;
mod aws;
mod callbacks;
mod environment;
mod excerpt;
mod kafka;
mod kafka_defaults;
mod kafka_names;
mod model;
mod overrides;
mod pipeline;
mod properties;
mod read;
mod redactor;
mod report;
mod secret;
mod section;
mod sensitive;
mod syntax;
mod task;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use crate::identity::Realm;
pub use api::{Api, ApiKeys};
pub use aws::{AccessKey, Aws};
pub use callbacks::Callbacks;
pub use environment::Environment;
pub use kafka_names::nearest_property;
pub use model::{
    ExecutionLogLevel, Http, Kafka, Limits, Log, LogFormat, LogTopic, OnInvalid, OnOutOfRange, Order, Pipeline,
    PipelinePlaces, Place, ResultHeaders, StartFrom, Workflows,
};
pub use properties::Properties;
pub use redactor::Redactor;
pub use report::{ConfigErrors, Mistake};
pub use secret::Secret;
pub use section::Text;
pub use task::{Header, Options, Task};

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
    /// How services of AWS are called; none: there is no `[aws]`, and nothing calls them without a `[[task]]`.
    pub services: Option<Aws>,
    /// Bounds on one execution.
    pub engine: Limits,
    /// What a restart does about a definition that is refused.
    pub workflows: Workflows,
    /// The Step Functions API; none: it is not served.
    pub api: Option<Api>,
    /// How tasks hear of their end that wait for a callback; none: none can wait for one.
    pub callbacks: Option<Callbacks>,
    /// At least one, where pipelines are to be run.
    pub pipelines: Vec<Pipeline>,
    /// In the order of the file: the first match wins. Not read yet but for their being there: see [`Task::options`].
    pub tasks: Vec<Task>,
    /// What is valid, but probably not what was meant: one message each, with its place.
    pub warnings: Vec<String>,
}

impl Config {
    /// The properties of a consumer and a producer that have `[kafka]` alone: to check it where no pipeline could be read.
    pub fn kafka_alone(&self) -> [Properties; 2] {
        let none = Kafka::default();
        let kafka = (&self.kafka, &none);
        [kafka::consumer("check", kafka, "check", OnOutOfRange::Earliest), kafka::producer("check", &self.kafka, &none)]
    }

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
        Draft::load(path, environment)?.finish()
    }

    /// Reads a configuration from a text. `file` is where it is said to stand: for messages, and as the place that
    /// workflow files are relative to. Workflow files are not looked for.
    ///
    /// # Errors
    ///
    /// Every mistake that was found.
    pub fn parse(text: &str, file: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        read::config(text, file, environment, (read::WorkflowFiles::MayBeMissing, read::Pipelines::Needed)).finish()
    }

    /// Whether callbacks can reach the tasks of its pipelines.
    pub fn takes_callbacks(&self) -> bool {
        self.callbacks.is_some() || self.api.is_some()
    }

    /// What takes the secret properties of this configuration out of texts that others wrote.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        for properties in [&self.kafka.shared, &self.kafka.consumer, &self.kafka.producer] {
            redactor = redactor.and(&properties.redactor());
        }
        for pipeline in &self.pipelines {
            redactor = redactor.and(&pipeline.consumer.redactor()).and(&pipeline.producer.redactor());
        }
        if let Some(api) = &self.api {
            redactor = redactor.and(&api.redactor());
        }
        if let Some(callbacks) = &self.callbacks {
            redactor = redactor.and(&callbacks.redactor());
        }
        if let Some(services) = &self.services {
            redactor = redactor.and(&services.redactor());
        }
        redactor
    }
}

/// What could be read of a configuration, and the mistakes so far: so that mistakes of its definitions, connectors and
/// properties can be told in the same go.
pub struct Draft {
    /// What could be read. Pipelines and tasks with mistakes may be missing.
    pub config: Config,
    /// Every `[[task]]` was found.
    pub tasks_are_known: bool,
    errors: ConfigErrors,
    /// Takes out the secrets of tasks.
    redactor: Redactor,
}

/// What was found when entries were read whose options this room does not know.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
    /// What is valid, but probably not what was meant: one message each, with its place.
    pub warnings: Vec<String>,
    /// What was not looked at, and why: one message each.
    pub notes: Vec<String>,
    /// What takes their secrets out of texts.
    redactor: Redactor,
}

impl Findings {
    /// Puts what was found in another entry behind this.
    pub fn append(&mut self, other: Findings) {
        self.mistakes.extend(other.mistakes);
        self.warnings.extend(other.warnings);
        self.notes.extend(other.notes);
        self.redactor = self.redactor.and(&other.redactor);
    }

    /// Adds what is valid, but probably not what was meant.
    pub fn warn(&mut self, place: &Place, message: &str) {
        self.warnings.push(format!("{place}: {message}"));
    }
}

impl Draft {
    /// Reads a configuration file, and checks that its workflow files are there.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        Ok(Self::of_text(&text_of(path)?, path, environment))
    }

    /// The same for who runs no pipeline, but needs tasks and limits: there may be none.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn load_without_pipelines(path: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        let demands = (read::WorkflowFiles::MayBeMissing, read::Pipelines::Optional);
        Ok(read::config(&text_of(path)?, path, environment, demands))
    }

    /// Reads a configuration that stands in `file`, and checks that its workflow files are there.
    pub fn of_text(text: &str, file: &Path, environment: &Environment) -> Self {
        read::config(text, file, environment, (read::WorkflowFiles::MustExist, read::Pipelines::Needed))
    }

    /// Whether there is no mistake so far.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether a mistake was found at this place.
    pub fn knows(&self, place: &Place) -> bool {
        self.errors.knows(place)
    }

    /// Adds a mistake that somebody else found, unless there is one at its place. Secrets are taken out of what it says.
    pub fn add(&mut self, mistake: Mistake) {
        let redactor = self.config.redactor().and(&self.redactor);
        self.errors.add(mistake.redacted(|text| redactor.redact(&text).into_owned()));
    }

    /// Adds what was found in entries that somebody else has read.
    pub fn append(&mut self, findings: Findings) {
        self.redactor = self.redactor.and(&findings.redactor);
        self.config.warnings.extend(findings.warnings);
        let known = self.errors.mistakes().to_vec();
        let is_new = |mistake: &Mistake| known.iter().all(|known| !known.is_beside(mistake));
        findings.mistakes.into_iter().filter(is_new).for_each(|mistake| self.errors.push(mistake));
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// Every mistake that was found.
    pub fn finish(self) -> Result<Config, ConfigErrors> {
        if self.errors.is_empty() { Ok(self.config) } else { Err(self.errors) }
    }
}

/// The text of a configuration file.
fn text_of(path: &Path) -> Result<String, ConfigErrors> {
    std::fs::read_to_string(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path, or write the file: config/stepstream.toml is an example",
            std::io::ErrorKind::InvalidData => "a configuration is UTF-8 text",
            _ => "check that this user may read it",
        };
        ConfigErrors::unreadable(path, format!("can't read {}: {error}", path.display()), Some(hint.to_owned()))
    })
}
