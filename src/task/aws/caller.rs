//! Sends requests: to the right host, signed, and again where the SDKs would.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Uri};
use md5::{Digest, Md5};
use reqsign_core::Env;
use reqsign_core::hash::hex_sha256;
use serde_json::{Map, Value};

use super::credentials::{Credentials, Keys};
use super::endpoint::Endpoint;
use super::error::Refusal;
use super::model::{Operation, Service};
use super::protocol::Message;
use super::roles::Roles;
use super::settings::variable;
use super::signing::{Scope, Signable, authorization};
use crate::task::client::{Client, Exchange, ExchangeError, Reply, percent_encoded};

/// How often a call is sent again by itself; the workflow's `Retry` comes on top.
const REPEATS: u32 = 2;
/// Longest wait before the first repeat. It doubles each time; how much of it is waited is drawn.
const PAUSE: Duration = Duration::from_millis(100);

/// What calls of one connector share.
pub(super) struct Caller {
    client: Arc<Client>,
    region: Option<String>,
    endpoint: Option<Uri>,
    environment: Arc<dyn Env>,
    credentials: Credentials,
    pub(super) roles: Roles,
}

/// A request that is to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) service: &'a Service,
    pub(super) operation: &'a Operation,
    /// What the operation's host may need.
    pub(super) input: &'a Map<String, Value>,
    pub(super) message: Message,
    /// Where it goes, if not to the connector's region.
    pub(super) region: Option<&'a str>,
    /// `None`: it is not signed.
    pub(super) keys: Option<Arc<Keys>>,
    /// The state's own.
    pub(super) timeout: Option<Duration>,
    pub(super) max_answer_bytes: usize,
}

/// Why there is no answer.
pub(super) enum Unsent {
    /// There can't be such a request.
    Unusable(String),
    /// Nothing came back.
    Exchange(ExchangeError, String),
}

/// What came of a request, and how often it was sent.
pub(super) struct Sent {
    pub(super) outcome: Result<Reply, Unsent>,
    pub(super) attempts: u32,
}

impl Caller {
    pub(super) fn new(
        client: Arc<Client>,
        region: Option<String>,
        endpoint: Option<Uri>,
        environment: Arc<dyn Env>,
        credentials: Credentials,
    ) -> Self {
        Caller { client, region, endpoint, environment, credentials, roles: Roles::default() }
    }

    /// The region that calls go to where nothing else says one.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether all calls go to a given endpoint.
    pub(super) fn has_endpoint(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Bytes of an answer that are read.
    pub(super) fn max_answer_bytes(&self) -> usize {
        self.client.max_response_bytes()
    }

    /// Sends a request until it is answered, or a repeat would not help.
    pub(super) async fn send(&self, mut outgoing: Outgoing<'_>) -> Sent {
        let endpoint = match self.endpoint_for(&mut outgoing) {
            Ok(endpoint) => endpoint,
            Err(why) => return Sent { outcome: Err(Unsent::Unusable(why)), attempts: 0 },
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let exchange = match exchange(&outgoing, &endpoint, &now()) {
                Ok(exchange) => exchange,
                Err(why) => return Sent { outcome: Err(Unsent::Unusable(why)), attempts },
            };
            let outcome = self.client.send(exchange, outgoing.timeout).await;
            let is_passing = match &outcome {
                Ok(reply) if reply.status.is_success() => false,
                Ok(reply) => {
                    reply.status == hyper::StatusCode::TOO_MANY_REQUESTS
                        || Refusal::of(reply, outgoing.service, outgoing.operation).is_passing()
                }
                Err(ExchangeError::Broken(_) | ExchangeError::Unreachable(_)) => true,
                Err(ExchangeError::StateTimeout | ExchangeError::Timeout(_)) => false,
            };
            if !is_passing || attempts > REPEATS {
                let host = endpoint.authority.to_string();
                return Sent { outcome: outcome.map_err(|error| Unsent::Exchange(error, host)), attempts };
            }
            tokio::time::sleep(PAUSE.mul_f64(f64::from(1 << (attempts - 1)) * fastrand::f64())).await;
        }
    }

    fn endpoint_for(&self, outgoing: &mut Outgoing<'_>) -> Result<Endpoint, String> {
        let region = outgoing.region.or(self.region.as_deref()).ok_or("there is no region")?;
        let service = outgoing.service;
        let given = match &self.endpoint {
            Some(uri) => Some(uri.clone()),
            None => self.endpoint_of_environment(service)?,
        };
        let endpoint = match given {
            Some(uri) => Endpoint::given(&uri, region),
            None => Endpoint::of(service, region),
        };
        let mut endpoint = endpoint.ok_or_else(|| format!("there is no host of {} in {region}", service.id))?;
        endpoint.refine(service, outgoing.operation, outgoing.input, &mut outgoing.message)?;
        Ok(endpoint)
    }

    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL` for all services.
    fn endpoint_of_environment(&self, service: &Service) -> Result<Option<Uri>, String> {
        let name = service.id.to_uppercase().replace([' ', '-'], "_");
        let names = [format!("AWS_ENDPOINT_URL_{name}"), "AWS_ENDPOINT_URL".to_owned()];
        let found = names.iter().find_map(|name| Some((name, variable(&*self.environment, name)?)));
        let Some((name, url)) = found else { return Ok(None) };
        url.parse::<Uri>()
            .ok()
            .filter(|uri| uri.scheme().is_some() && uri.authority().is_some())
            .map(Some)
            .ok_or_else(|| format!("{name} is not a URL"))
    }
}

/// The moment as signatures have it.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The signed request.
fn exchange(outgoing: &Outgoing<'_>, endpoint: &Endpoint, time: &str) -> Result<Exchange, String> {
    let (service, operation, message) = (outgoing.service, outgoing.operation, &outgoing.message);
    let path = format!("{}{}", endpoint.base, message.path);
    let body_hash = hex_sha256(&message.body);
    let mut headers = message.headers.clone();
    headers.push(("host".to_owned(), endpoint.authority.to_string()));
    if operation.checksum && !headers.iter().any(|(name, _)| name == "content-md5") {
        headers.push(("content-md5".to_owned(), BASE64.encode(Md5::digest(&message.body))));
    }
    if let Some(keys) = &outgoing.keys {
        headers.push(("x-amz-date".to_owned(), time.to_owned()));
        if service.id == "S3" {
            headers.push(("x-amz-content-sha256".to_owned(), body_hash.clone()));
        }
        headers.extend(keys.session_token.iter().map(|token| ("x-amz-security-token".to_owned(), token.clone())));
        let request = Signable {
            method: &operation.method,
            path: &path,
            query: &message.query,
            headers: &headers,
            body_hash: &body_hash,
        };
        let scope =
            Scope { service: &service.signing, region: &endpoint.region, time, encodes_path: service.id != "S3" };
        headers.push(("authorization".to_owned(), authorization(&request, keys, &scope)));
    }
    let query: Vec<String> = message
        .query
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let uri =
        Uri::builder().scheme(endpoint.scheme.clone()).authority(endpoint.authority.clone()).path_and_query(target);
    Ok(Exchange {
        method: operation.method.parse().map_err(|_| format!("{} is no method", operation.method))?,
        uri: uri.build().map_err(|error| error.to_string())?,
        headers: header_map(&headers)?,
        body: message.body.clone(),
        max_response_bytes: outgoing.max_answer_bytes,
    })
}

/// The headers of a request; those with secrets are marked as such.
fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let header: HeaderName = name.parse().map_err(|_| format!("{name:?} can't be the name of a header"))?;
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of {name} can't be a header's"))?;
        value.set_sensitive(matches!(name.as_str(), "authorization" | "x-amz-security-token"));
        map.append(header, value);
    }
    Ok(map)
}
