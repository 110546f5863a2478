//! A real HTTP server that plays the services behind the tasks.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// One call as the service saw it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function's name: the last segment of the URL.
    pub function: String,
    pub input: Value,
    pub idempotency_key: String,
}

/// What the service answers, after a time.
pub struct Reply {
    pub status: u16,
    pub body: String,
    pub after: Duration,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: Value) -> Self {
        Self { status, body: body.to_string(), after: Duration::ZERO }
    }

    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }
}

type Behaviour = dyn Fn(&Call, usize) -> Reply + Send + Sync;

/// A workflow of one task: it asks `customer-profile` about the event, and ends with the answer.
pub fn profile_workflow() -> String {
    let definition = serde_json::json!({
        "StartAt": "Profile",
        "States": {"Profile": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:customer-profile",
            "Parameters": {"orderId.$": "$.id"},
            "TimeoutSeconds": 3600,
            "End": true
        }}
    });
    definition.to_string()
}

/// Serves `POST /{function}` on loopback until the test process ends.
pub struct Service {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Box<Behaviour>,
    calls: Mutex<Vec<Call>>,
    /// How often each function was called for each order.
    counts: Mutex<HashMap<(String, String), usize>>,
}

impl Service {
    /// Starts to serve. `behaviour` is given the call and how many with the same function and `orderId` came before it.
    pub fn start(behaviour: impl Fn(&Call, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), behaviour)
    }

    /// The same at an address.
    pub fn start_at(address: SocketAddr, behaviour: impl Fn(&Call, usize) -> Reply + Send + Sync + 'static) -> Self {
        let shared =
            Arc::new(Shared { behaviour: Box::new(behaviour), calls: Mutex::default(), counts: Mutex::default() });
        let listener = std::net::TcpListener::bind(address).expect("a port on loopback");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let address = listener.local_addr().expect("a bound address");
        let routes = Router::new()
            .route("/{function}", axum::routing::post(answer))
            // As Lambda has it.
            .route("/2015-03-31/functions/{function}/invocations", axum::routing::post(answer))
            .with_state(Arc::clone(&shared));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener for tokio");
                axum::serve(listener, routes).await.expect("the service runs");
            });
        });
        Self { address, shared }
    }

    /// Every call so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("no handler panicked").clone()
    }

    /// How many calls there were so far.
    pub fn count(&self) -> usize {
        self.shared.calls.lock().expect("no handler panicked").len()
    }

    /// Calls of a function for one order.
    pub fn calls_of(&self, function: &str, order: &str) -> Vec<Call> {
        let of = |call: &Call| call.function == function && call.input["orderId"] == order;
        self.calls().into_iter().filter(of).collect()
    }

    /// `[[task]]` tables that send each of these functions here.
    pub fn tasks(&self, functions: &[&str]) -> String {
        functions.iter().map(|function| self.task(function)).collect()
    }

    fn task(&self, function: &str) -> String {
        format!(
            "[[task]]\nresource = \"arn:aws:lambda:*:function:{function}\"\nconnector = \"http\"\nurl = \"http://{}/{function}\"\n\n",
            self.address
        )
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let idempotency_key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Call {
        function,
        input: serde_json::from_slice(&body).unwrap_or(Value::Null),
        idempotency_key: idempotency_key.to_owned(),
    };
    let before = {
        let mut counts = shared.counts.lock().expect("no handler panicked");
        let count = counts.entry((call.function.clone(), call.input["orderId"].to_string())).or_default();
        *count += 1;
        *count - 1
    };
    shared.calls.lock().expect("no handler panicked").push(call.clone());
    let reply = (shared.behaviour)(&call, before);
    tokio::time::sleep(reply.after).await;
    let status = StatusCode::from_u16(reply.status).expect("a status that exists");
    (status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response()
}
