//! The `http` connector: POSTs a task's input as JSON and takes the JSON answer as the result.
//!
//! | answer | outcome |
//! |---|---|
//! | 2xx, JSON | the body is the result, byte for byte |
//! | 2xx, empty (204 or not) | `null` |
//! | 2xx, not JSON | `Http.InvalidResponse` |
//! | 2xx, larger than allowed | `States.DataLimitExceeded` |
//! | other status, body with a string `errorType` | that name; the whole body is the cause |
//! | other status | `Http.StatusCode.<n>`; the body is the cause |
//! | no answer within the connector's timeout, or connection trouble | `States.Http.Socket` |
//! | no answer within the state's `TimeoutSeconds` | `States.Timeout`, without cause |
//!
//! Data sets and results of distributed Maps are objects below the URL, `<url>/<bucket>/<key>`: read with GET, stored with PUT.
//!
//! Redirects are not followed: their status is not 2xx.

use std::sync::Arc;
use std::time::Duration;

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use serde::de::IgnoredAny;

use super::{
    Answer, BoxFuture, ClientOptions, Connector, ConnectorKind, OptionsError, Purpose, Request, Resource, Role,
    TaskFailure,
    client::{Client, ExchangeError, Reply, contact_of},
    endpoint, only_answers,
};
use crate::config::{Findings, Options, Place};

mod data;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Which attempt of the operation a call is, from 1: a service may tell retries from redeliveries by it.
const ATTEMPT: HeaderName = HeaderName::from_static("stepstream-attempt");
/// W3C Trace Context.
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// How many characters of a body that is not JSON are shown in the cause.
const SHOWN_BODY_CHARS: usize = 256;

/// The kind `http`.
pub static HTTP: ConnectorKind = ConnectorKind {
    name: "http",
    options: &["url", "headers", "connections", "http_version", "ca_file"],
    can_pause: true,
    make,
    address: Some("url"),
    suggestion: |resource, role| {
        let fits = role == Role::Task && refusal(resource, role).is_none();
        fits.then_some("url = \"http://127.0.0.1:8000/\"")
    },
    implied: ConnectorKind::nothing_implied,
};

fn make(options: &mut Options<'_>, timeout: Duration) -> Option<Arc<dyn Connector>> {
    let hint = "give the URL to POST to: url = \"http://127.0.0.1:8080/price\"";
    let client = endpoint::read(options, "url", hint, timeout)?;
    let connector = HttpConnector::new(HttpOptions { client });
    Some(Arc::new(endpoint::made(options, "url", connector)?))
}

/// Options of the `http` connector.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where to POST to, and how.
    pub client: ClientOptions,
}

impl HttpOptions {
    /// Defaults for a URL; see [`ClientOptions::new`].
    pub fn new(url: impl Into<String>) -> Self {
        HttpOptions { client: ClientOptions::new(url) }
    }
}

/// POSTs a task's input as JSON and takes the JSON answer as the result.
pub struct HttpConnector {
    client: Arc<Client>,
}

impl HttpConnector {
    /// Checks the options; connects to nothing yet.
    pub fn new(options: HttpOptions) -> Result<Self, OptionsError> {
        Ok(HttpConnector { client: Arc::new(Client::new(options.client)?) })
    }
}

impl Connector for HttpConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let client = Arc::clone(&self.client);
        Box::pin(async move {
            if request.purpose != Purpose::Task {
                return data::carry_out(&client, &request).await;
            }
            let headers = identity_headers(&request)?;
            let uri = client.uri().clone();
            match client.post(uri, headers, request.input, request.timeout).await {
                Ok(reply) => answer(reply, request.resource.as_str(), client.display_url()),
                Err(error) => Err(exchange_failure(error, client.display_url())),
            }
        })
    }

    fn refuses(&self, resource: &Resource, role: Role) -> Option<String> {
        refusal(resource, role)
    }

    fn kind(&self) -> &'static str {
        HTTP.name
    }

    fn ask(&self, place: &Place, patience: Duration) -> BoxFuture<'static, Findings> {
        endpoint::ask(&self.client, place, patience)
    }
}

/// Why no connector of this kind carries out such calls.
fn refusal(resource: &Resource, role: Role) -> Option<String> {
    if role != Role::Task {
        return None;
    }
    if resource.is_integration("http", "invoke") {
        let why = "POSTs to the url of its entry; it would ignore the ApiEndpoint, Method, QueryParameters and Headers of \
                   http:invoke. Give the state a Resource of your own, such as \"urn:price\", and the entry its url";
        return Some(why.to_owned());
    }
    only_answers(resource)
}

/// Headers by which the other side recognises an operation that it has already seen, and what caused it.
pub(super) fn identity_headers(request: &Request) -> Result<HeaderMap, TaskFailure> {
    let mut headers = HeaderMap::new();
    let key = HeaderValue::from_str(&request.idempotency_key).map_err(|_| {
        let key = &request.idempotency_key;
        TaskFailure::new("States.Runtime", format!("The idempotency key {key:?} can't be sent as a header."))
    })?;
    headers.insert(IDEMPOTENCY_KEY, key);
    headers.insert(ATTEMPT, HeaderValue::from(request.attempt));
    // An event's header may hold anything: what can't be sent is no trace context.
    if let Some(context) = request.trace_context.as_deref().and_then(|context| HeaderValue::from_str(context).ok()) {
        headers.insert(TRACE_PARENT, context);
    }
    Ok(headers)
}

/// Checks that bytes are one JSON text, without building it.
pub(super) fn check_json(bytes: &[u8]) -> Result<(), String> {
    // serde_json skips over strings that it ignores without looking at their encoding.
    std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_json::from_slice::<IgnoredAny>(bytes).map(drop).map_err(|error| error.to_string())
}

fn answer(reply: Reply, resource: &str, url: &str) -> Answer {
    if !reply.status.is_success() {
        return Err(status_failure(&reply, url));
    }
    if reply.cut {
        return Err(TaskFailure::result_too_large(resource));
    }
    if reply.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(b"null".to_vec());
    }
    match check_json(&reply.body) {
        Ok(()) => Ok(reply.body),
        Err(reason) => Err(TaskFailure::new(
            "Http.InvalidResponse",
            format!(
                "POST {url} answered {} with a body that is not JSON ({reason}): {}",
                reply.status.as_u16(),
                shown(&reply.body)
            ),
        )),
    }
}

fn status_failure(reply: &Reply, url: &str) -> TaskFailure {
    let cause = match reply.body.trim_ascii() {
        [] => format!("POST {url} answered {} without a body", reply.status.as_u16()).into(),
        _ => String::from_utf8_lossy(&reply.body),
    };
    let error = error_type(&reply.body).unwrap_or_else(|| format!("Http.StatusCode.{}", reply.status.as_u16()));
    TaskFailure::new(error, cause).at(contact_of(reply.status))
}

/// The error name of a body in the shape of Lambda's errors.
pub(super) fn error_type(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("errorType")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn exchange_failure(error: ExchangeError, url: &str) -> TaskFailure {
    let contact = error.contact();
    let cause = match error {
        ExchangeError::StateTimeout => return TaskFailure::timeout(),
        ExchangeError::Timeout(after) => format!("Timeout: POST {url} gave no answer within {after:?}."),
        ExchangeError::Broken(reason) | ExchangeError::Unreachable(reason) => format!("POST {url} failed: {reason}"),
    };
    TaskFailure::new("States.Http.Socket", cause).at(contact)
}

fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(SHOWN_BODY_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests;
