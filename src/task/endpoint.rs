//! The options of the kinds that speak HTTP.

use std::sync::Arc;
use std::time::Duration;

use super::BoxFuture;
use super::client::{Client, Unreachable};
use super::options::{ClientOptions, HttpVersion, OptionsError, RESERVED_HEADERS};
use crate::config::{Findings, Header, Mistake, Options, Place};
use crate::limits;

/// Headers whose value had better not stand in a file.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// Reads how to reach the other side; its URL is the option `url`.
pub(super) fn read(options: &mut Options<'_>, url: &str, hint: &str, timeout: Duration) -> Option<ClientOptions> {
    let url = options.url(url, hint);
    let headers = headers(options);
    let idle_connections = options.count("connections", limits::TASK_CONNECTIONS, 1..=100_000);
    let versions = [("auto", HttpVersion::Auto), ("1.1", HttpVersion::Http1), ("2", HttpVersion::Http2)];
    let version = options.choice("http_version", &versions).unwrap_or(HttpVersion::Auto);
    let extra_ca = options.path("ca_file");
    Some(ClientOptions { headers, timeout, version, idle_connections, extra_ca, ..ClientOptions::new(url?.expose()) })
}

/// Notes what a connector can't be made of, at the option that is wrong. `url` names that of the URL.
pub(super) fn made<T>(options: &mut Options<'_>, url: &str, made: Result<T, OptionsError>) -> Option<T> {
    let error = match made {
        Ok(made) => return Some(made),
        Err(error) => error,
    };
    let option = match error {
        OptionsError::HeaderName { .. } | OptionsError::HeaderValue { .. } | OptionsError::ReservedHeader { .. } => {
            "headers"
        }
        OptionsError::Certificates { .. } => "ca_file",
        OptionsError::Url { .. } | OptionsError::Root { .. } | OptionsError::Probability { .. } => url,
    };
    options.mistake(option, error.to_string(), None);
    None
}

/// Asks whether the host of the client's URL is there and takes a connection.
pub(super) fn ask(client: &Arc<Client>, place: &Place, patience: Duration) -> BoxFuture<'static, Findings> {
    let (client, place) = (Arc::clone(client), place.clone());
    Box::pin(async move {
        let mut findings = Findings::default();
        let url = client.display_url();
        let outcome = tokio::time::timeout(patience, client.connect()).await;
        let (why, hint) = match outcome {
            Ok(Ok(())) => {
                if url.starts_with("https:") {
                    let note = format!(
                        "not asked: whether the certificate of {url} is trusted; that shows with the first call"
                    );
                    findings.notes.push(note);
                }
                return findings;
            }
            Ok(Err(Unreachable::Name(error))) => (error.to_string(), "check the name of the host"),
            Ok(Err(Unreachable::Connection(error))) => (
                error.to_string(),
                "check the port, that the service runs, and that nothing on the way refuses this host",
            ),
            Err(_) => (
                format!("no answer within {patience:?}"),
                "check the address, and that nothing on the way drops what this host sends",
            ),
        };
        let message = format!("{url} can't be connected to: {why}");
        findings.mistakes.push(Mistake::new(&place, message, Some(hint.to_owned())));
        findings
    })
}

fn headers(options: &mut Options<'_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for header in options.headers("headers") {
        check_name(&header, options);
        if check_value(&header, options)
            && let Some(value) = &header.value
        {
            headers.push((header.name.clone(), value.expose().to_owned()));
        }
    }
    headers
}

fn check_name(header: &Header, options: &mut Options<'_>) {
    let name = &header.name;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        options.mistake_in_name(header, format!("`{name}` is no name of an HTTP header"), None);
    } else if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        options.mistake_in_name(
            header,
            format!("header `{name}` is set by the connector"),
            Some("leave it out".to_owned()),
        );
    }
}

/// Whether the value, if there is one, can be sent.
fn check_value(header: &Header, options: &mut Options<'_>) -> bool {
    let Some(value) = header.value.as_ref().map(|value| value.expose()) else { return false };
    if value.chars().any(|c| c.is_control() && c != '\t') || value.trim() != value {
        let message = format!("the value of header `{}` has characters that HTTP does not allow", header.name);
        let hint = "line breaks and blanks at either end are common causes";
        options.mistake_in_value(header, message, Some(hint.to_owned()));
        return false;
    }
    if !header.from_environment && SECRET_HEADERS.contains(&header.name.to_ascii_lowercase().as_str()) {
        let name = &header.name;
        options.warn_of_value(
            header,
            &format!("header `{name}` stands in the file; {{ env = \"VARIABLE\" }} keeps it out"),
        );
    }
    true
}
