//! The HTTP client under the connectors that speak HTTP.

use std::time::Duration;

use dashmap::DashMap;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    body::{Bytes, Incoming},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::runtime;

use super::Contact;
use super::options::{ClientOptions, HttpVersion, OptionsError, display_url, fixed_headers, read_url, tls_config};

/// How long an idle connection is kept. Shorter than what servers and balancers commonly allow (60 s and more), so that
/// it is rarely the other side that closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may take to be made. It takes milliseconds, or a packet was lost; a host that is gone answers nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests to one side. Cheap to share.
pub(super) struct Client {
    uri: Uri,
    display_url: String,
    headers: HeaderMap,
    version: HttpVersion,
    timeout: Duration,
    idle_connections: usize,
    max_response_bytes: usize,
    tls: rustls::ClientConfig,
    /// One connection pool per runtime. A connection is driven by the runtime that opened it: in a common pool a call
    /// of one shard would stall while the shard that opened its connection is busy, and fail when that one ends.
    pools: DashMap<runtime::Id, Pool>,
}

type Pool = HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What is sent.
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Bytes of the answer's body that are accepted.
    pub(super) max_response_bytes: usize,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Not more than the allowed number of bytes.
    pub(super) body: Vec<u8>,
    /// The body went on behind what `body` holds.
    pub(super) cut: bool,
}

/// Why nothing came back.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExchangeError {
    /// The state's own timeout passed.
    #[error("no answer within the state's timeout")]
    StateTimeout,
    /// The connector's timeout passed.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
    /// The connection could not be made.
    #[error("{0}")]
    Unreachable(String),
}

impl ExchangeError {
    /// How far the call came. A state's own timeout says nothing of the other side.
    pub(super) fn contact(&self) -> Contact {
        match self {
            ExchangeError::StateTimeout => Contact::Answered,
            ExchangeError::Timeout(_) | ExchangeError::Broken(_) => Contact::Broken,
            ExchangeError::Unreachable(_) => Contact::Unreachable,
        }
    }
}

/// How far a call came that was answered with this status: a gateway's 502 and 504 and a service's 503 say that it is not there.
pub(super) fn contact_of(status: StatusCode) -> Contact {
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Contact::Unreachable,
        _ => Contact::Answered,
    }
}

/// Why no connection could be made.
#[derive(Debug)]
pub(super) enum Unreachable {
    /// The name of the host stands for nothing.
    Name(std::io::Error),
    /// Nobody takes the connection.
    Connection(std::io::Error),
}

impl Client {
    pub(super) fn new(options: ClientOptions) -> Result<Self, OptionsError> {
        let (uri, authorization) = read_url(&options.url)?;
        Ok(Client {
            display_url: display_url(&uri),
            uri,
            headers: fixed_headers(&options.headers, authorization, options.json)?,
            version: options.version,
            timeout: options.timeout,
            idle_connections: options.idle_connections,
            max_response_bytes: options.max_response_bytes,
            tls: tls_config(options.extra_ca)?,
            pools: DashMap::new(),
        })
    }

    /// The URL without user, password and query: fit for messages.
    pub(super) fn display_url(&self) -> &str {
        &self.display_url
    }

    /// The configured URL, without user and password.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Bytes of an answer that are accepted, as configured.
    pub(super) fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// Connects to the host of the URL, and does nothing more.
    pub(super) async fn connect(&self) -> Result<(), Unreachable> {
        let host = self.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.uri.port_u16().unwrap_or(if self.uri.scheme_str() == Some("https") { 443 } else { 80 });
        let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(Unreachable::Name)?.collect();
        tokio::net::TcpStream::connect(&*addresses).await.map(drop).map_err(Unreachable::Connection)
    }

    /// POSTs `body` to `uri` with the configured headers and those of `extra`, and reads the answer.
    pub(super) async fn post(
        &self,
        uri: Uri,
        extra: HeaderMap,
        body: Vec<u8>,
        state_timeout: Option<Duration>,
    ) -> Result<Reply, ExchangeError> {
        let max_response_bytes = self.max_response_bytes;
        let exchange = Exchange { method: Method::POST, uri, headers: extra, body, max_response_bytes };
        self.send(exchange, state_timeout).await
    }

    /// Sends a request with the configured headers besides its own, and reads the answer.
    pub(super) async fn send(
        &self,
        exchange: Exchange,
        state_timeout: Option<Duration>,
    ) -> Result<Reply, ExchangeError> {
        let mut request = Request::new(Full::new(Bytes::from(exchange.body)));
        *request.method_mut() = exchange.method;
        *request.uri_mut() = exchange.uri;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().extend(exchange.headers);
        let (timeout, expired) = match state_timeout {
            Some(state) if state < self.timeout => (state, ExchangeError::StateTimeout),
            _ => (self.timeout, ExchangeError::Timeout(self.timeout)),
        };
        match tokio::time::timeout(timeout, self.exchange(request, exchange.max_response_bytes)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(expired),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<Reply, ExchangeError> {
        let pool = self.pool();
        let response = pool.request(request).await.map_err(|error| {
            let reason = with_sources(&error);
            if error.is_connect() { ExchangeError::Unreachable(reason) } else { ExchangeError::Broken(reason) }
        })?;
        let (head, body) = response.into_parts();
        let (body, cut) = read_body(body, limit).await?;
        Ok(Reply { status: head.status, headers: head.headers, body, cut })
    }

    fn pool(&self) -> Pool {
        let runtime = runtime::Handle::current().id();
        if let Some(pool) = self.pools.get(&runtime) {
            return pool.clone();
        }
        self.pools.entry(runtime).or_insert_with(|| self.new_pool()).clone()
    }

    fn new_pool(&self) -> Pool {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(self.tls.clone()).https_or_http();
        let connector = match self.version {
            HttpVersion::Auto => https.enable_all_versions().wrap_connector(tcp),
            HttpVersion::Http1 => https.enable_http1().wrap_connector(tcp),
            HttpVersion::Http2 => https.enable_http2().wrap_connector(tcp),
        };
        HyperClient::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.idle_connections)
            .http2_only(self.version == HttpVersion::Http2)
            .build(connector)
    }
}

async fn read_body(mut body: Incoming, limit: usize) -> Result<(Vec<u8>, bool), ExchangeError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ExchangeError::Broken(with_sources(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - bytes.len();
        if data.len() > room {
            bytes.extend_from_slice(&data[..room]);
            return Ok((bytes, true));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, false))
}

/// An error with what caused it: hyper's own texts name only the phase.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.ends_with(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        source = error.source();
    }
    text
}

pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
