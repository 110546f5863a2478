//! The HTTP side: health, metrics, workflows; on an address of its own the Step Functions API ([`StatesServer`]).
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while every part shows signs of life, else 503 with those that don't: a restart is due |
//! | `/readyz` | 200 when every part works, else 503: what doesn't, why, since when, and what to do |
//! | `/metrics` | metrics in Prometheus' text format |
//! | `/workflows` | workflows with their versions, and why the last change was refused, if it was |
//!
//! There is no authentication: it listens on loopback unless the configuration says otherwise.

mod serve;
mod states;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpListener;

pub use states::{StatesServer, StatesSources};

use crate::expr::timestamp::write_millis;
use crate::registry::WorkflowStatus;
use crate::telemetry::{Health, NotReady, events, render_metrics};

const INDEX: &str = "\
Stepstream

/healthz    is it alive, or only to be helped by a restart
/readyz     can it do its work, and if not, why
/metrics    metrics for Prometheus
/workflows  workflows and their versions
";

/// What the pages show.
#[derive(Clone)]
pub struct Sources {
    /// For `/readyz`.
    pub health: Health,
    /// For `/workflows`.
    pub workflows: Arc<dyn Fn() -> Vec<WorkflowStatus> + Send + Sync>,
}

/// The HTTP server, bound to its address and not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    sources: Sources,
}

/// Why the HTTP side can't work.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Somebody else listens there.
    #[error(
        "{address} is in use by another process, maybe another stepstream: stop it, \
         or set `listen` in [http] (STEPSTREAM_HTTP_LISTEN) to another port"
    )]
    AddressInUse {
        /// The configured address.
        address: SocketAddr,
    },
    /// The system does not let us.
    #[error(
        "can't listen on {address}: {source}; set `listen` in [http] (STEPSTREAM_HTTP_LISTEN) to an address of this machine"
    )]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The Step Functions API can't be served there.
    #[error("can't serve the Step Functions API on {address}: {source}; set `listen` in [api] (STEPSTREAM_API_LISTEN)")]
    Api {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Accepting connections failed.
    #[error("the HTTP server on {address} ended: {source}")]
    Serve {
        /// The address it listened on.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl Server {
    /// Takes the address. Port 0 takes any that is free: see [`Server::address`].
    ///
    /// # Errors
    ///
    /// The address is in use, or not one of this machine.
    pub async fn bind(address: SocketAddr, sources: Sources) -> Result<Self, ServerError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bound.await.map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::AddressInUse { address },
            _ => ServerError::Bind { address, source },
        })?;
        Ok(Self { listener, address, sources })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then gives open requests a moment to finish.
    ///
    /// # Errors
    ///
    /// Connections can't be accepted any more.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServerError> {
        events::http_listening(self.address);
        let address = self.address;
        let router = router(self.sources);
        let served = serve::serve(self.listener, router, serve::MAX_CONNECTIONS, serve::HEADER_TIMEOUT, stop).await;
        served.map_err(|source| ServerError::Serve { address, source })
    }
}

fn router(sources: Sources) -> Router {
    Router::new()
        .route("/", get(|| async { INDEX }))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/workflows", get(workflows))
        .fallback(|| async { (StatusCode::NOT_FOUND, INDEX) })
        .with_state(sources)
}

async fn healthz(State(sources): State<Sources>) -> Response {
    let stuck = sources.health.stuck();
    if stuck.is_empty() {
        return "ok\n".into_response();
    }
    json_response(StatusCode::SERVICE_UNAVAILABLE, &json!({ "healthy": false, "reasons": reasons(&stuck) }))
}

async fn readyz(State(sources): State<Sources>) -> Response {
    let not_ready = sources.health.not_ready();
    let mut answer = match not_ready.is_empty() {
        true => json!({ "ready": true }),
        false => json!({ "ready": false, "reasons": reasons(&not_ready) }),
    };
    let refused: Vec<_> = (sources.workflows)().iter().filter_map(refused).collect();
    if !refused.is_empty() {
        answer["warnings"] = refused.into();
    }
    let status = if not_ready.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_response(status, &answer)
}

/// A workflow whose file is refused: events flow, but not by the definition that was deployed.
fn refused(workflow: &WorkflowStatus) -> Option<serde_json::Value> {
    let refused = workflow.last_error.as_ref()?;
    Some(json!({
        "part": format!("workflow {}", workflow.name),
        "reason": format!("{} is refused, version {} runs on", workflow.file, workflow.version),
        "since": refused.at,
        "action": "correct the file: GET /workflows says what is wrong; until then a restart may end with status 2",
    }))
}

fn reasons(parts: &[NotReady]) -> Vec<serde_json::Value> {
    let reason = |not: &NotReady| {
        json!({
            "kind": not.kind,
            "part": not.part,
            "reason": not.reason,
            "since": date(not.since),
            "seconds": not.lasts.as_secs(),
            "action": not.action,
        })
    };
    parts.iter().map(reason).collect()
}

/// As RFC 3339, in UTC, to the second.
fn date(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut text = String::new();
    write_millis(i64::try_from(since_epoch.as_secs()).unwrap_or(0).saturating_mul(1000), &mut text);
    text
}

async fn metrics(State(sources): State<Sources>) -> impl IntoResponse {
    let page = render_metrics() + &sources.health.render_metrics();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page)
}

async fn workflows(State(sources): State<Sources>) -> Response {
    json_response(StatusCode::OK, &json!({ "workflows": (sources.workflows)() }))
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string_pretty(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
