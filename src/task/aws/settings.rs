//! Options of `[aws]` and of `[[task]]` entries, and what the environment adds to them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use reqsign_core::{Env, OsEnv};

use super::AwsConnector;
use super::caller::Caller;
use super::credentials::{Credentials, Keys, context};
use crate::config::{Aws, Findings, Mistake, Options, Place};
use crate::limits;
use crate::task::client::Client;
use crate::task::endpoint;
use crate::task::{ClientOptions, Connector, HttpVersion, OptionsError};

/// What a connector without a region says.
pub(super) const NO_REGION: &str =
    "knows no region: set region in [aws], or AWS_REGION, so that it knows where services are";

/// Bytes of an answer that are read. What a state gets of it is bounded further; XML and what is left out take room.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Where no endpoint is given, the client has none of its own: calls bring theirs.
const ANYWHERE: &str = "https://amazonaws.com/";

/// What a connector is made of.
pub(super) struct Settings {
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) keys: Option<Keys>,
    pub(super) timeout: Duration,
    pub(super) connections: usize,
    pub(super) extra_ca: Option<PathBuf>,
}

impl Settings {
    /// Those of `[aws]`.
    fn of(aws: Option<&Aws>) -> Settings {
        let keys = aws.and_then(|aws| aws.access_key.as_ref()).map(|key| {
            let token = key.session_token.as_ref().map(|token| token.expose().to_owned());
            Keys::new(&key.id, key.secret.expose(), token)
        });
        Settings {
            region: aws.and_then(|aws| aws.region.clone()),
            profile: aws.and_then(|aws| aws.profile.clone()),
            endpoint: aws.and_then(|aws| aws.endpoint.clone()),
            keys,
            timeout: limits::TASK_TIMEOUT,
            connections: limits::TASK_CONNECTIONS,
            extra_ca: None,
        }
    }
}

/// The connector of `[aws]`.
pub(super) fn of_config(aws: &Aws) -> Result<AwsConnector, OptionsError> {
    Ok(AwsConnector { implied: true, ..connector(Settings::of(Some(aws)), OsEnv)? })
}

/// The connector of an entry; what it doesn't say, `[aws]` does.
pub(super) fn make(options: &mut Options<'_>, timeout: Duration) -> Option<Arc<dyn Connector>> {
    let mut settings = Settings { timeout, ..Settings::of(options.aws()) };
    settings.region = options.region("region").or(settings.region);
    if let Some(profile) = options.text("profile") {
        // Another profile is another identity: the keys of [aws] are not its own.
        (settings.profile, settings.keys) = (Some(profile.value), None);
    }
    settings.connections = options.count("connections", settings.connections, 1..=100_000);
    settings.extra_ca = options.path("ca_file");
    if options.has("endpoint") {
        let url = options.url("endpoint", "give the endpoint: endpoint = \"http://127.0.0.1:4566\"")?;
        settings.endpoint = Some(url.expose().to_owned());
    }
    let made = connector(settings, OsEnv);
    Some(Arc::new(endpoint::made(options, "endpoint", made)?))
}

/// A connector in this environment. Connects to nothing yet.
pub(super) fn connector(settings: Settings, environment: impl Env + Clone) -> Result<AwsConnector, OptionsError> {
    let url = settings.endpoint.clone().unwrap_or_else(|| ANYWHERE.to_owned());
    let client = Arc::new(Client::new(ClientOptions {
        timeout: settings.timeout,
        version: HttpVersion::Http1,
        extra_ca: settings.extra_ca,
        idle_connections: settings.connections,
        max_response_bytes: MAX_ANSWER_BYTES,
        json: false,
        ..ClientOptions::new(url)
    })?);
    let region = settings.region.or_else(|| variable(&environment, "AWS_REGION"));
    let region = region.or_else(|| variable(&environment, "AWS_DEFAULT_REGION"));
    let world = context(Arc::clone(&client), environment.clone());
    let credentials = Credentials::new(settings.keys, settings.profile.as_deref(), region.as_deref(), world);
    let endpoint: Option<Uri> = settings.endpoint.is_some().then(|| client.uri().clone());
    let caller = Caller::new(client, region, endpoint, Arc::new(environment), credentials);
    Ok(AwsConnector { caller: Arc::new(caller), implied: false })
}

/// A variable that is set and not empty.
pub(super) fn variable(environment: &dyn Env, name: &str) -> Option<String> {
    environment.var(name).filter(|value| !value.is_empty())
}

/// Whether calls could be made: there is a region, there are credentials, and a given endpoint takes connections. What is missing is
/// no mistake where nobody may want it.
pub(super) async fn ask(caller: &Caller, place: &Place, patience: Duration, implied: bool) -> Findings {
    const HINT: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile: profile = \"…\"";
    let mut findings = Findings::default();
    let mut missing = |message: String, hint: &str| match implied {
        true => findings.warn(place, &format!("calls of AWS would fail: {message}; {hint}")),
        false => findings.mistakes.push(Mistake::new(place, message, Some(hint.to_owned()))),
    };
    if caller.region().is_none() {
        missing("there is no region".to_owned(), "set region in [aws], or AWS_REGION");
    }
    match tokio::time::timeout(patience, caller.credentials().keys()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => missing(error.to_string(), HINT),
        Err(_) => missing(format!("no source of AWS credentials answers within {patience:?}"), HINT),
    }
    if caller.has_endpoint() {
        findings.append(endpoint::ask(caller.client(), place, patience).await);
    }
    findings
}
