//! The HTTP client under the connectors that speak HTTP.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use dashmap::DashMap;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::runtime;

use super::MAX_RESULT_BYTES;

/// Time for one call when the configuration says nothing: what the service gives an HTTP task.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Idle connections kept per host and runtime: enough for a shard's usual concurrency, few enough for small servers.
const DEFAULT_IDLE_CONNECTIONS: usize = 32;

/// How long an idle connection is kept. Shorter than what servers and balancers commonly allow (60 s and more), so that
/// it is rarely the other side that closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers that the client or the connectors set by themselves, or that only make sense between neighbours.
const RESERVED_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How to reach the other side. Headers may hold secrets: `Debug` shows their names only.
#[derive(Clone)]
pub struct ClientOptions {
    /// `http://` or `https://` URL. User and password in it are sent as basic authorization.
    pub url: String,
    /// Headers of every request, as name and value.
    pub headers: Vec<(String, String)>,
    /// Time for one call, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Version of HTTP to speak.
    pub version: HttpVersion,
    /// A file of PEM certificates to trust beside the public authorities.
    pub extra_ca: Option<PathBuf>,
    /// Idle connections kept per host and runtime.
    pub idle_connections: usize,
    /// Bytes of an answer's body that are accepted.
    pub max_response_bytes: usize,
}

impl ClientOptions {
    /// The defaults: 60 seconds, no headers, HTTP/2 where TLS negotiates it, answers of up to 262,144 bytes.
    pub fn new(url: impl Into<String>) -> Self {
        ClientOptions {
            url: url.into(),
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            version: HttpVersion::Auto,
            extra_ca: None,
            idle_connections: DEFAULT_IDLE_CONNECTIONS,
            max_response_bytes: MAX_RESULT_BYTES,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ClientOptions")
            .field("headers", &header_names)
            .field("timeout", &self.timeout)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Version of HTTP that a connector speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, with prior knowledge on `http://`.
    Http2,
}

/// Options that no connector can be made from.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The URL does not parse. Its text may hold credentials and is not shown.
    #[error("the URL is not valid ({reason}); write it as http://host:port/path or https://host/path")]
    Url {
        /// What is wrong.
        reason: String,
    },
    /// A header's name is no token of HTTP.
    #[error("{name:?} is not a valid header name; use letters, digits and '-'")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// A header's value can't be sent. It may be a secret and is not shown.
    #[error("the value of header {name:?} can't be sent; it must not hold line breaks or other control characters")]
    HeaderValue {
        /// The header's name.
        name: String,
    },
    /// The header is Stepstream's to set.
    #[error("header {name:?} is set by Stepstream or belongs to the connection; remove it")]
    ReservedHeader {
        /// The header's name.
        name: String,
    },
    /// The extra certificates can't be used.
    #[error("certificates in {} can't be used: {reason}; give a file of PEM certificates", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The probability of failure of a builtin connector is not within 0 to 1.
    #[error("a probability of {value} makes no sense; give a number from 0 to 1")]
    Probability {
        /// The number given.
        value: f64,
    },
}

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
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExchangeError {
    /// The state's own timeout passed.
    StateTimeout,
    /// The connector's timeout passed.
    Timeout(Duration),
    /// The connection could not be made, or broke.
    Broken(String),
}

impl Client {
    pub(super) fn new(options: ClientOptions) -> Result<Self, OptionsError> {
        let (uri, authorization) = read_url(&options.url)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let agent = concat!("stepstream/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        for (name, value) in &options.headers {
            let (name, value) = read_header(name, value)?;
            headers.insert(name, value);
        }
        Ok(Client {
            display_url: display_url(&uri),
            uri,
            headers,
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

    /// POSTs `body` to `uri` with the configured headers and those of `extra`, and reads the answer.
    pub(super) async fn post(
        &self,
        uri: Uri,
        extra: HeaderMap,
        body: Vec<u8>,
        state_timeout: Option<Duration>,
    ) -> Result<Reply, ExchangeError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().extend(extra);
        let (timeout, expired) = match state_timeout {
            Some(state) if state < self.timeout => (state, ExchangeError::StateTimeout),
            _ => (self.timeout, ExchangeError::Timeout(self.timeout)),
        };
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(expired),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, ExchangeError> {
        let pool = self.pool();
        let response = pool.request(request).await.map_err(|error| ExchangeError::Broken(with_sources(&error)))?;
        let (head, body) = response.into_parts();
        let (body, cut) = read_body(body, self.max_response_bytes).await?;
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

fn read_url(url: &str) -> Result<(Uri, Option<HeaderValue>), OptionsError> {
    let invalid = |reason: &str| OptionsError::Url { reason: reason.to_owned() };
    let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| invalid(&error.to_string()))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(invalid("it does not begin with http:// or https://"));
    }
    let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?.as_str();
    let Some((credentials, host)) = authority.rsplit_once('@') else { return Ok((uri, None)) };
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(percent_decoded(credentials))))
        .map_err(|_| invalid("its user or password can't be sent"))?;
    value.set_sensitive(true);
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(host.parse().map_err(|_| invalid("its host is not valid"))?);
    let uri = Uri::from_parts(parts).map_err(|error| invalid(&error.to_string()))?;
    Ok((uri, Some(value)))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte =
            escape.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}

fn read_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), OptionsError> {
    let parsed = HeaderName::try_from(name).map_err(|_| OptionsError::HeaderName { name: name.to_owned() })?;
    if RESERVED_HEADERS.contains(&parsed.as_str()) {
        return Err(OptionsError::ReservedHeader { name: name.to_owned() });
    }
    let mut value =
        HeaderValue::from_bytes(value.as_bytes()).map_err(|_| OptionsError::HeaderValue { name: name.to_owned() })?;
    // Keeps it out of `Debug` output of hyper's, and out of HTTP/2's compression tables.
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn display_url(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    format!("{scheme}://{authority}{}", uri.path())
}

fn tls_config(extra_ca: Option<PathBuf>) -> Result<rustls::ClientConfig, OptionsError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra_ca {
        let invalid = |reason: String| OptionsError::Certificates { path: path.clone(), reason };
        let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| invalid(error.to_string()))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
            roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(invalid("it holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    // The provider is ring's own default, which supports the default versions of TLS.
    let builder = versions.expect("ring supports TLS 1.2 and 1.3");
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(name: &str, value: &str) -> Result<Client, OptionsError> {
        let headers = vec![(name.to_owned(), value.to_owned())];
        Client::new(ClientOptions { headers, ..ClientOptions::new("http://localhost/") })
    }

    #[test]
    fn refuses_options_that_make_no_sense_without_showing_secrets() {
        let refused = [
            Client::new(ClientOptions::new("ftp://user:s3cret@host/")),
            Client::new(ClientOptions::new("/s3cret")),
            Client::new(ClientOptions::new("http://user:s3cret@ho st/")),
            with_header("X-Key", "s3cret\r\nX-Other: 1"),
            with_header("X Key", "s3cret"),
            with_header("Idempotency-Key", "s3cret"),
            with_header("Content-Length", "s3cret"),
        ];
        for outcome in refused {
            let message = outcome.err().expect("refused").to_string();
            assert!(!message.contains("s3cret"), "{message}");
        }
    }

    #[test]
    fn debug_output_shows_neither_values_nor_url() {
        let mut options = ClientOptions::new("http://user:s3cret@host/?key=s3cret");
        options.headers.push(("X-Key".into(), "s3cret".into()));
        let text = format!("{options:?}");
        assert!(text.contains("X-Key") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn credentials_in_the_url_become_basic_authorization() {
        let client = Client::new(ClientOptions::new("http://ann:p%40ss@host:81/a/b?key=x")).expect("valid");
        assert_eq!(client.display_url(), "http://host:81/a/b");
        assert_eq!(client.headers[header::AUTHORIZATION], format!("Basic {}", BASE64.encode("ann:p@ss")));
        assert_eq!(client.uri().to_string(), "http://host:81/a/b?key=x");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        for path in ["/nonexistent/ca.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            let options = ClientOptions { extra_ca: Some(path.into()), ..ClientOptions::new("https://localhost/") };
            let message = Client::new(options).err().expect("refused").to_string();
            assert!(message.contains(path), "{message}");
        }
    }
}
