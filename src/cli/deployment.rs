//! From a configuration to pipelines that run: shared by the subcommands that do.

use std::sync::Arc;

use crate::config::{self, Config};
use crate::engine::Limits;
use crate::program::Program;
use crate::registry::{LoadError, Registry};
use crate::stream::{self, Pipeline, PropertiesError, StartError};
use crate::task::{Connectors, ConnectorsError};
use crate::telemetry::{Health, events};

/// Why a configuration can't be put to work.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeployError {
    #[error("{0}")]
    Connectors(#[from] ConnectorsError),
    #[error("{place}: {source}")]
    Workflow { place: config::Place, source: LoadError },
    #[error("{place}: {source}")]
    Properties { place: config::Place, source: Box<PropertiesError> },
    #[error("{0}")]
    Start(#[from] StartError),
}

/// Makes the connectors of a configuration. Connects to nothing yet.
pub(super) fn connectors(config: &Config) -> Result<Connectors, ConnectorsError> {
    Connectors::from_config(&config.tasks, stream::topic_connector)
}

/// Workflows that are compiled and connectors that are made; nothing runs yet.
pub(super) struct Deployment {
    pub registry: Arc<Registry<Program>>,
    connectors: Arc<Connectors>,
    limits: Limits,
}

impl Deployment {
    /// Makes connectors and compiles the workflows of all pipelines.
    pub fn new(config: &Config) -> Result<Self, DeployError> {
        let connectors = Arc::new(connectors(config)?);
        let known = connectors.clone();
        let check = move |program: &Program| known.check(program.resources()).map_err(|error| error.to_string());
        let registry = Arc::new(Registry::of_definitions(check));
        for pipeline in &config.pipelines {
            stream::check_properties(pipeline).map_err(|source| DeployError::Properties {
                place: pipeline.place.clone(),
                source: Box::new(source),
            })?;
            registry
                .load(&pipeline.workflow_name, &pipeline.workflow)
                .map_err(|source| DeployError::Workflow { place: pipeline.workflow_place.clone(), source })?;
        }
        Ok(Self { registry, connectors, limits: config.engine.into() })
    }

    /// Starts a pipeline of the configuration.
    pub fn start(&self, pipeline: &config::Pipeline, health: &Health) -> Result<Pipeline, DeployError> {
        let workflow = self
            .registry
            .load(&pipeline.workflow_name, &pipeline.workflow)
            .map_err(|source| DeployError::Workflow { place: pipeline.workflow_place.clone(), source })?;
        let label = workflow.current().label.clone();
        let running =
            Pipeline::start(pipeline.clone(), workflow, self.connectors.clone(), self.limits.clone(), health)?;
        events::pipeline_started(&pipeline.name, &pipeline.workflow_name, &label, pipeline.shards, &pipeline.sources);
        Ok(running)
    }
}
