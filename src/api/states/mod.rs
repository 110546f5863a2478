//! The Step Functions API, as far as it is about running: AWS's own tools talk to it.
//!
//! JSON 1.0: a POST names its action in `X-Amz-Target`, `AWSStepFunctions.StartExecution`. Workflows of the configuration are its
//! state machines; creating them over the API is not there yet.
//!
//! | module | what |
//! |---|---|
//! | `access` | who may call |
//! | `protocol` | requests, answers and errors on the wire |
//! | `machines` | actions on state machines and definitions |
//! | `executions` | actions on executions |
//! | `tasks` | callbacks |
//! | `activities` | actions on activities, and tasks for their workers |
//! | `runner` | the thread that runs executions; `held`: those that can be asked about |

mod access;
mod activities;
mod executions;
mod held;
mod machines;
mod protocol;
mod runner;
mod tasks;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use tokio::net::TcpListener;

use super::{ServerError, serve};
use crate::config::ApiKeys;
use crate::engine::Limits;
use crate::host::Callbacks;
use crate::identity::Realm;
use crate::program::Program;
use crate::registry::Registry;
use crate::task::{Activities, Connectors};
use crate::telemetry::events;
use held::Executions;
use protocol::{ApiError, Call};
use runner::Runner;

/// Connections at a time. A call that waits for an execution holds one.
const MAX_CONNECTIONS: usize = 1_024;

/// What the API is about.
pub struct StatesSources {
    /// The workflows.
    pub registry: Arc<Registry<Program>>,
    /// What carries out the calls of tasks.
    pub connectors: Connectors,
    /// Task calls that may be open at a time.
    pub max_concurrent_tasks: usize,
    /// How callbacks find the tasks that wait for them.
    pub callbacks: Callbacks,
    /// What workers fetch their tasks from: one of the connectors.
    pub activities: Activities,
    /// Bounds on one execution.
    pub limits: Limits,
    /// Region and account of ARNs.
    pub realm: Realm,
    /// Who may call.
    pub keys: ApiKeys,
}

/// The server of the API, bound to its address and not yet serving.
pub struct StatesServer {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What calls share.
struct Shared {
    registry: Arc<Registry<Program>>,
    connectors: Connectors,
    callbacks: Callbacks,
    activities: Activities,
    limits: Limits,
    realm: Realm,
    keys: ApiKeys,
    executions: Arc<Executions>,
    runner: Runner,
}

impl StatesServer {
    /// Takes the address, and starts the thread that runs executions.
    ///
    /// # Errors
    /// The address is in use, or not one of this machine; or there is no thread.
    pub async fn bind(address: SocketAddr, sources: StatesSources) -> Result<Self, ServerError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bound.await.map_err(|source: io::Error| ServerError::Api { address, source })?;
        let executions = Arc::new(Executions::default());
        let runner =
            Runner::start(&sources, executions.clone()).map_err(|source| ServerError::Api { address, source })?;
        let StatesSources { registry, connectors, callbacks, activities, limits, realm, keys, .. } = sources;
        let shared = Shared { registry, connectors, callbacks, activities, limits, realm, keys, executions, runner };
        Ok(Self { listener, address, shared: Arc::new(shared) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done. Executions that still run then are gone.
    ///
    /// # Errors
    /// Connections can't be accepted any more.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServerError> {
        events::api_listening(self.address);
        let address = self.address;
        let router = Router::new().route("/", post(answer)).with_state(self.shared);
        let served = serve::serve(self.listener, router, MAX_CONNECTIONS, serve::HEADER_TIMEOUT, stop).await;
        served.map_err(|source| ServerError::Serve { address, source })
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let answered = match access::check(&shared.keys, &headers, &body) {
        Ok(()) => act(&shared, &headers, &body).await,
        Err(refusal) => Err(refusal),
    };
    protocol::response(answered)
}

async fn act(shared: &Arc<Shared>, headers: &HeaderMap, body: &[u8]) -> Result<serde_json::Value, ApiError> {
    let Call { action, parameters } = protocol::call(headers, body)?;
    match action.as_str() {
        "SendTaskSuccess" | "SendTaskFailure" | "SendTaskHeartbeat" => {
            tasks::send(&shared.callbacks, &action, &parameters).await
        }
        "CreateActivity" => activities::create(shared, &parameters),
        "DeleteActivity" => activities::delete(shared, &parameters),
        "DescribeActivity" => activities::describe(shared, &parameters),
        "ListActivities" => activities::list(shared, &parameters),
        "GetActivityTask" => activities::fetch(shared, &parameters).await,
        "ListStateMachines" => machines::list(shared, &parameters),
        "DescribeStateMachine" => machines::describe(shared, &parameters),
        "ValidateStateMachineDefinition" => machines::validate(&parameters),
        "TestState" => machines::test_state(shared, body).await,
        "StartExecution" => executions::start(shared, &parameters).await,
        "StartSyncExecution" => executions::start_and_wait(shared, &parameters).await,
        "DescribeExecution" => executions::describe(shared, &parameters),
        "ListExecutions" => executions::list(shared, &parameters),
        "StopExecution" => executions::stop(shared, &parameters).await,
        "GetExecutionHistory" => executions::history(shared, &parameters).await,
        _ => Err(ApiError::unknown_action(&action)),
    }
}
