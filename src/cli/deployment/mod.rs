//! From a configuration to pipelines that run: shared by the subcommands that do.

mod callbacks;
mod connect;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use crate::api::StatesSources;
use crate::config::{self, Config, ConfigErrors, Draft, Environment, Mistake, OnInvalid, Properties};
use crate::engine::Limits;
use crate::host::Callbacks;
use crate::limits;
use crate::program::Program;
use crate::registry::{Kept, KeptError, LoadError, Refusal, Registry};
use crate::stream::{self, Pipeline, PropertyError, Side, StartError};
use crate::task::{self, ACTIVITY_PATTERN, Activities, Connectors, Kinds, Pattern, Resolved};
use crate::telemetry::{Health, events};

pub(super) use callbacks::{CallbackKeyError, callbacks};
pub(super) use connect::connect;

/// Why a configuration can't be put to work.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeployError {
    #[error("{0}")]
    Task(Mistake),
    #[error("{place}: {source}")]
    Workflow { place: config::Place, source: LoadError },
    #[error("{place}: {source}")]
    Property { place: config::Place, source: PropertyError },
    #[error("{place}: {source}")]
    Kept { place: config::Place, source: KeptError },
    #[error("{0}")]
    Start(#[from] StartError),
}

impl DeployError {
    /// As a mistake in the configuration; none: it is not the configuration's.
    pub(super) fn mistake(&self) -> Option<Mistake> {
        Some(match self {
            Self::Task(mistake) => mistake.clone(),
            Self::Workflow { place, source: LoadError::Refused { name, file, why } } => {
                let message = format!("workflow `{name}` can't be loaded from {}", file.display());
                let detail = match &**why {
                    // The paragraph before the excerpts says the same on a line each, for logs.
                    Refusal::Invalid { diagnostics } => {
                        diagnostics.split_once("\n\n").map_or(diagnostics.as_str(), |(_, excerpts)| excerpts).to_owned()
                    }
                    other => other.to_string(),
                };
                Mistake::new(place, message, None).with_detail(detail)
            }
            Self::Workflow { place, source } => Mistake::new(place, source.to_string(), None),
            Self::Property { place, source } => Mistake::new(place, source.to_string(), source.hint()),
            Self::Kept { place, source } => {
                let hint = "let this user write there, or name another folder";
                Mistake::new(place, source.to_string(), Some(hint.to_owned()))
            }
            Self::Start(_) => return None,
        })
    }
}

/// Every kind of connector: a new one is its file and a line here. The special ones stand before the general ones, because the
/// first that fits is suggested.
pub(super) const KINDS: Kinds = &[&task::LAMBDA, &task::AWS, &task::HTTP, &task::FILES, &stream::TOPIC, &task::BUILTIN];

/// Reads a configuration with its connectors, for who runs none of its pipelines. Connects to nothing.
///
/// # Errors
/// Every mistake that was found.
pub(super) fn load(file: &Path) -> Result<(Config, Connectors), ConfigErrors> {
    let mut draft = Draft::load_without_pipelines(file, &Environment::process())?;
    // Nobody there hears callbacks.
    let connectors = connectors(&mut draft).taking_callbacks(false);
    Ok((draft.finish()?, connectors))
}

/// Makes the connectors of a draft, and adds what is wrong with them.
pub(super) fn connectors(draft: &mut Draft) -> Connectors {
    let (connectors, findings) = Connectors::of_config(&draft.config, KINDS);
    draft.tasks_are_known &= findings.mistakes.is_empty();
    draft.append(findings);
    connectors
}

/// Adds what workers fetch the tasks of activities from, if they can: over the API. Entries of the configuration go first.
pub(super) fn activities(draft: &Draft, connectors: &mut Connectors) -> Activities {
    let activities = Activities::default();
    if draft.config.api.is_some() {
        connectors.push(Pattern::new(ACTIVITY_PATTERN), Arc::new(activities.clone()));
    }
    activities
}

/// Workflows that are compiled and connectors that are made; nothing runs yet.
pub(super) struct Deployment {
    pub registry: Arc<Registry<Program>>,
    /// What workers fetch the tasks of activities from.
    pub activities: Activities,
    /// How callbacks find the tasks of its pipelines; none: no task can wait for one.
    pub callbacks: Option<Callbacks>,
    connectors: Connectors,
    limits: Limits,
}

/// What the making of a [`Deployment`] goes by.
#[derive(Clone, Copy)]
struct Making {
    /// Every `[[task]]` is known: a Resource that matches none has no connector.
    tasks_are_known: bool,
    /// Versions are kept in `state_dir`, and resumed from there.
    keeps_versions: bool,
}

impl Deployment {
    /// Makes connectors and compiles the workflows of all pipelines.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn new(config: &Config) -> Result<Self, DeployError> {
        let (connectors, findings) = Connectors::of_config(config, KINDS);
        if let Some(mistake) = findings.mistakes.into_iter().next() {
            return Err(DeployError::Task(mistake));
        }
        Self::make(config, connectors, Making { tasks_are_known: true, keeps_versions: false })
            .map_err(|mut errors| errors.swap_remove(0))
    }

    /// Puts a configuration to work with its connectors, as far as that goes; everything that is wrong is added to the draft.
    pub(super) fn of_draft(draft: &mut Draft, connectors: Connectors, keeps_versions: bool) -> Option<Self> {
        let making = Making { tasks_are_known: draft.tasks_are_known, keeps_versions };
        match Self::make(&draft.config, connectors, making) {
            Ok(deployment) => Some(deployment),
            Err(errors) => {
                errors.iter().filter_map(DeployError::mistake).for_each(|mistake| draft.add(mistake));
                None
            }
        }
    }

    /// As [`Deployment::new`], with every fault; there is at least one.
    fn make(config: &Config, connectors: Connectors, making: Making) -> Result<Self, Vec<DeployError>> {
        let mut errors = Vec::new();
        check_properties(config, &mut errors);
        let tasks_are_known = making.tasks_are_known;
        let known = connectors.clone();
        let resolve = move |program: &Program| match tasks_are_known {
            true => {
                let resolved = known.resolve(program.resources());
                resolved.check().map(|()| resolved).map_err(|error| error.to_string())
            }
            // Who can't be told yet; what it lacks may be what could not be read.
            false => Ok(Resolved::default()),
        };
        let mut registry = Registry::of_definitions(resolve);
        if let (Some(folder), true) = (&config.workflows.state_dir, making.keeps_versions) {
            match Kept::open(folder, config.workflows.on_invalid == OnInvalid::LastGood) {
                Ok(kept) => registry = registry.keeping(kept),
                Err(source) => errors
                    .extend(config.workflows.state_dir_place.clone().map(|place| DeployError::Kept { place, source })),
            }
        }
        for pipeline in &config.pipelines {
            if let Err(source) = registry.load(&pipeline.workflow_name, &pipeline.workflow) {
                errors.push(DeployError::Workflow { place: pipeline.places.workflow.clone(), source });
            }
        }
        match errors.is_empty() {
            true => Ok(Self {
                registry: Arc::new(registry),
                activities: Activities::default(),
                callbacks: None,
                connectors,
                limits: config.engine.into(),
            }),
            false => Err(errors),
        }
    }

    /// What the Step Functions API is about, where callbacks are taken.
    pub(super) fn states(&self, config: &Config, api: &config::Api) -> Option<StatesSources> {
        Some(StatesSources {
            registry: self.registry.clone(),
            connectors: self.connectors.clone(),
            max_concurrent_tasks: limits::MAX_CONCURRENT_TASKS,
            callbacks: self.callbacks.clone()?,
            activities: self.activities.clone(),
            limits: self.limits.clone(),
            realm: config.aws.clone(),
            keys: api.keys.clone(),
        })
    }

    /// Starts a pipeline of the configuration.
    pub(super) fn start(&self, pipeline: &config::Pipeline, health: &Health) -> Result<Pipeline, DeployError> {
        let workflow = self
            .registry
            .load(&pipeline.workflow_name, &pipeline.workflow)
            .map_err(|source| DeployError::Workflow { place: pipeline.places.workflow.clone(), source })?;
        let label = workflow.current().label.clone();
        let running = Pipeline::start(
            pipeline.clone(),
            workflow,
            &self.connectors,
            self.callbacks.clone(),
            self.limits.clone(),
            health,
        )?;
        events::pipeline_started(&pipeline.name, &pipeline.workflow_name, &label, pipeline.shards, &pipeline.sources);
        Ok(running)
    }
}

/// Asks librdkafka about the properties of all pipelines' clients. One that clients share is told once.
fn check_properties(config: &Config, errors: &mut Vec<DeployError>) {
    let mut told: Vec<(config::Place, PropertyError)> = Vec::new();
    let mut check = |properties: &Properties, side, place: &config::Place| {
        for source in stream::check_properties(properties, side) {
            let place = source.property().and_then(|name| properties.place(name)).unwrap_or(place).clone();
            if !told.contains(&(place.clone(), source.clone())) {
                told.push((place, source));
            }
        }
    };
    for pipeline in &config.pipelines {
        check(&pipeline.consumer, Side::Consumer, &pipeline.place);
        check(&pipeline.producer, Side::Producer, &pipeline.place);
        if let Some(log) = &pipeline.log_topic {
            check(&log.producer, Side::Producer, &pipeline.place);
        }
    }
    if let (true, Some(place)) = (config.pipelines.is_empty(), config.kafka.place()) {
        let [consumer, producer] = config.kafka_alone();
        check(&consumer, Side::Consumer, place);
        check(&producer, Side::Producer, place);
    }
    errors.extend(told.into_iter().map(|(place, source)| DeployError::Property { place, source }));
}
