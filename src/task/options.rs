//! Options of the connectors that speak HTTP, and what they come to on the wire.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hyper::{
    HeaderMap, Uri,
    header::{self, HeaderName, HeaderValue},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::MAX_RESULT_BYTES;
use crate::limits::{TASK_CONNECTIONS, TASK_TIMEOUT};

/// Headers that the client or the connectors set by themselves, or that only make sense between neighbours.
pub(super) const RESERVED_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "keep-alive",
    "stepstream-attempt",
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
    /// Whether requests and answers are JSON, as the headers then say.
    pub json: bool,
}

impl ClientOptions {
    /// The defaults: 30 seconds, no headers, HTTP/2 where TLS negotiates it, answers of up to 262,144 bytes.
    pub fn new(url: impl Into<String>) -> Self {
        ClientOptions {
            url: url.into(),
            headers: Vec::new(),
            timeout: TASK_TIMEOUT,
            version: HttpVersion::Auto,
            extra_ca: None,
            idle_connections: TASK_CONNECTIONS,
            max_response_bytes: MAX_RESULT_BYTES,
            json: true,
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
    /// The folder of the `files` connector can't be used.
    #[error("the root {} can't be used: {reason}; give a folder that exists", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
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

/// The URL, and the authorization that it holds.
pub(super) fn read_url(url: &str) -> Result<(Uri, Option<HeaderValue>), OptionsError> {
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

pub(super) fn percent_decoded(text: &str) -> Vec<u8> {
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

/// Headers of every request.
pub(super) fn fixed_headers(
    configured: &[(String, String)],
    authorization: Option<HeaderValue>,
    json: bool,
) -> Result<HeaderMap, OptionsError> {
    let mut headers = HeaderMap::new();
    if json {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    }
    let agent = concat!("stepstream/", env!("CARGO_PKG_VERSION"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    if let Some(authorization) = authorization {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    for (name, value) in configured {
        let (name, value) = read_header(name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
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

/// A URL without its query, which may hold secrets.
pub(super) fn display_url(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    format!("{scheme}://{authority}{}", uri.path())
}

/// Trusts the public authorities and those of the extra file.
pub(super) fn tls_config(extra_ca: Option<PathBuf>) -> Result<rustls::ClientConfig, OptionsError> {
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
    use crate::task::client::Client;

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
        let (uri, authorization) = read_url("http://ann:p%40ss@host:81/a/b?key=x").expect("valid");
        let authorization = authorization.expect("it holds credentials");
        assert_eq!(display_url(&uri), "http://host:81/a/b");
        assert_eq!(authorization, format!("Basic {}", BASE64.encode("ann:p@ss")));
        assert_eq!(uri.to_string(), "http://host:81/a/b?key=x");
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
