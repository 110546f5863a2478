//! Credentials: where they come from, and how long they are good for.
//!
//! The sources are those of `reqsign-aws-core`, in the order of AWS's own tools; files, commands and HTTP are done here. What was
//! found is kept and renewed ahead of its end, by one call while the others go on with what there is.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use hyper::body::Bytes;
use reqsign_aws_core::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider, EnvCredentialProvider,
    IMDSv2CredentialProvider, ProcessCredentialProvider, ProfileCredentialProvider, SSOCredentialProvider,
    StaticCredentialProvider,
};
use reqsign_core::{
    CommandExecute, CommandOutput, Context, Env, Error, FileRead, HttpSend, ProvideCredential, ProvideCredentialDyn,
};

use crate::task::client::{Client, Exchange};

/// How long before their end credentials are renewed.
const AHEAD: Duration = Duration::from_secs(300);
/// What a request needs at least: it has to arrive before its credentials end.
const HEADROOM: Duration = Duration::from_secs(10);
/// Time that one question for credentials may take. Where there is no metadata service, nobody answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer with credentials.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// What requests are signed with. `Debug` shows no secret.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
    /// When they end; none: they don't.
    pub(super) end: Option<SystemTime>,
}

impl Keys {
    pub(super) fn new(id: impl Into<String>, secret: impl Into<String>, session_token: Option<String>) -> Self {
        Keys { access_key_id: id.into(), secret_access_key: secret.into(), session_token, end: None }
    }

    fn last(&self, time: Duration) -> bool {
        self.end.is_none_or(|end| end > SystemTime::now() + time)
    }
}

impl From<Credential> for Keys {
    fn from(found: Credential) -> Self {
        let end = found.expires_in.map(|end| end.as_system_time());
        Keys { end, ..Keys::new(found.access_key_id, found.secret_access_key, found.session_token) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("end", &self.end).finish_non_exhaustive()
    }
}

/// Keys that are kept while they are good.
#[derive(Default)]
pub(super) struct Held {
    keys: ArcSwapOption<Keys>,
    /// Whose turn it is to renew them.
    turn: tokio::sync::Mutex<()>,
}

impl Held {
    /// The keys, or new ones where they are missing or near their end.
    pub(super) async fn keys<E>(&self, obtain: impl Future<Output = Result<Keys, E>>) -> Result<Arc<Keys>, E> {
        let held = self.keys.load_full();
        if let Some(held) = held.as_ref().filter(|held| held.last(HEADROOM)) {
            if held.last(AHEAD) {
                return Ok(Arc::clone(held));
            }
            let Ok(_turn) = self.turn.try_lock() else { return Ok(Arc::clone(held)) };
            // What there is still does, should that fail.
            return Ok(obtain.await.map_or_else(|_| Arc::clone(held), |keys| self.keep(keys)));
        }
        let _turn = self.turn.lock().await;
        match self.keys.load_full().filter(|held| held.last(HEADROOM)) {
            Some(held) => Ok(held),
            None => Ok(self.keep(obtain.await?)),
        }
    }

    fn keep(&self, keys: Keys) -> Arc<Keys> {
        let keys = Arc::new(keys);
        self.keys.store(Some(Arc::clone(&keys)));
        keys
    }
}

/// No source has credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no AWS credentials were found; tried: {tried}")]
pub(super) struct NoCredentials {
    /// The sources and what each came to.
    pub(super) tried: String,
}

/// The chain of sources.
pub(super) struct Credentials {
    sources: Vec<Source>,
    context: Context,
    held: Held,
}

struct Source {
    /// For people.
    name: String,
    provider: Box<dyn ProvideCredentialDyn<Credential = Credential>>,
}

impl Source {
    fn new(name: impl Into<String>, provider: impl ProvideCredential<Credential = Credential>) -> Self {
        Source { name: name.into(), provider: Box::new(provider) }
    }
}

impl Credentials {
    /// The sources for these options. Asks none yet.
    pub(super) fn new(given: Option<Keys>, profile: Option<&str>, region: Option<&str>, context: Context) -> Self {
        Credentials { sources: sources(given, profile, region), context, held: Held::default() }
    }

    /// Credentials that last for a request.
    pub(super) async fn keys(&self) -> Result<Arc<Keys>, NoCredentials> {
        self.held.keys(self.first()).await
    }

    async fn first(&self) -> Result<Keys, NoCredentials> {
        let mut tried = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            match source.provider.provide_credential_dyn(&self.context).await {
                Ok(Some(found)) => return Ok(found.into()),
                Ok(None) => tried.push(format!("{} (none)", source.name)),
                Err(error) => tried.push(format!("{} ({error})", source.name)),
            }
        }
        Err(NoCredentials { tried: tried.join(", ") })
    }
}

fn sources(given: Option<Keys>, profile: Option<&str>, region: Option<&str>) -> Vec<Source> {
    if let Some(keys) = given {
        let fixed = StaticCredentialProvider::new(&keys.access_key_id, &keys.secret_access_key);
        let fixed = match &keys.session_token {
            Some(token) => fixed.with_session_token(token),
            None => fixed,
        };
        return vec![Source::new("access_key_id of [aws]", fixed)];
    }
    let mut shared = ProfileCredentialProvider::new();
    let mut process = ProcessCredentialProvider::new();
    let mut sign_on = SSOCredentialProvider::new();
    let mut web = AssumeRoleWithWebIdentityCredentialProvider::new();
    if let Some(region) = region {
        web = web.with_region(region.to_owned()).with_regional_sts_endpoint();
    }
    let mut sources = Vec::new();
    match profile {
        // A profile that is asked for by name goes before what happens to be in the environment.
        Some(profile) => {
            (shared, process, sign_on) =
                (shared.with_profile(profile), process.with_profile(profile), sign_on.with_profile(profile));
        }
        None => {
            sources.push(Source::new("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", EnvCredentialProvider::new()));
        }
    }
    let shown = profile.map_or_else(|| "the profile".to_owned(), |profile| format!("profile \"{profile}\""));
    sources.push(Source::new(format!("keys of {shown}"), shared));
    sources.push(Source::new(format!("sign-on (SSO) of {shown}"), sign_on));
    sources.push(Source::new("AWS_WEB_IDENTITY_TOKEN_FILE", web));
    sources.push(Source::new(format!("credential_process of {shown}"), process));
    sources.push(Source::new("container credentials (ECS, EKS)", ECSCredentialProvider::new()));
    sources.push(Source::new("instance metadata (EC2)", IMDSv2CredentialProvider::new()));
    sources
}

/// What the sources reach the world by.
pub(super) fn context(client: Arc<Client>, environment: impl Env) -> Context {
    Context::new()
        .with_http_send(Http(client))
        .with_file_read(Files)
        .with_command_execute(Commands)
        .with_env(environment)
}

/// Requests for credentials, by the connector's own client.
struct Http(Arc<Client>);

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl HttpSend for Http {
    async fn http_send(&self, request: hyper::Request<Bytes>) -> reqsign_core::Result<hyper::Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let exchange = Exchange {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: body.to_vec(),
            max_response_bytes: MAX_ANSWER_BYTES,
        };
        let reply =
            self.0.send(exchange, Some(PATIENCE)).await.map_err(|error| Error::unexpected(error.to_string()))?;
        let mut response = hyper::Response::new(Bytes::from(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }
}

#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let path = path.to_owned();
        aside(move || std::fs::read(&path).map_err(|error| Error::unexpected(format!("can't read {path}: {error}"))))
            .await
    }
}

#[derive(Debug)]
struct Commands;

impl CommandExecute for Commands {
    async fn command_execute<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
    ) -> reqsign_core::Result<CommandOutput> {
        let mut command = std::process::Command::new(program);
        command.args(arguments).stdin(std::process::Stdio::null());
        aside(move || {
            let output = command.output().map_err(|error| Error::unexpected(format!("can't be run: {error}")))?;
            let status = output.status.code().unwrap_or(-1);
            // What it complains of may hold secrets, and would be part of an error.
            Ok(CommandOutput { status, stdout: output.stdout, stderr: Vec::new() })
        })
        .await
    }
}

/// Does what blocks on a thread of its own.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> reqsign_core::Result<T> + Send + 'static,
) -> reqsign_core::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::unexpected(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use reqsign_core::StaticEnv;

    use super::*;
    use crate::task::ClientOptions;
    use crate::task::testing::block_on;

    fn credentials(variables: &[(&str, &str)], profile: Option<&str>) -> Credentials {
        let mut envs: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        envs.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        let client = Arc::new(Client::new(ClientOptions::new("http://127.0.0.1/")).expect("valid"));
        Credentials::new(None, profile, None, context(client, StaticEnv { home_dir: None, envs }))
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("stepstream-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn the_environment_comes_first_and_a_named_profile_before_it() {
        let folder = folder("profiles");
        let (file, config) = (folder.join("credentials"), folder.join("config"));
        std::fs::write(&file, "[default]\naws_access_key_id = D\naws_secret_access_key = d\n[orders]\naws_access_key_id = O\naws_secret_access_key = o\naws_session_token = t\n").expect("written");
        let script = folder.join("print");
        let printed = r#"{"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "p"}"#;
        std::fs::write(&script, format!("echo '{printed}'\n")).expect("written");
        let process = format!("[profile printed]\ncredential_process = /bin/sh {}\n", script.display());
        std::fs::write(&config, process).expect("written");
        let files = [
            ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().expect("UTF-8")),
            ("AWS_CONFIG_FILE", config.to_str().expect("UTF-8")),
        ];
        let environment = [("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "e")];
        for (variables, profile, expected) in [
            ([&files[..], &environment[..]].concat(), None, "E"),
            (files.to_vec(), None, "D"),
            ([&files[..], &[("AWS_PROFILE", "orders")]].concat(), None, "O"),
            ([&files[..], &environment[..]].concat(), Some("orders"), "O"),
            (files.to_vec(), Some("printed"), "P"),
        ] {
            let keys = block_on(credentials(&variables, profile).keys()).expect("found");
            assert_eq!(keys.access_key_id, expected);
            assert!(!format!("{keys:?}").contains('"'), "{keys:?}");
        }
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn without_credentials_every_source_is_named() {
        let error = block_on(credentials(&[], None).keys()).expect_err("there are none").to_string();
        for part in ["AWS_ACCESS_KEY_ID", "profile", "SSO", "AWS_WEB_IDENTITY_TOKEN_FILE", "container", "EC2"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn keys_are_renewed_ahead_of_their_end_and_kept_when_that_fails() {
        let keys = |id: &str, seconds| Keys {
            end: Some(SystemTime::now() + Duration::from_secs(seconds)),
            ..Keys::new(id, "s", None)
        };
        block_on(async {
            let held = Held::default();
            let ask = async |answer: Result<Keys, ()>| {
                held.keys(async { answer }).await.map(|keys| keys.access_key_id.clone())
            };
            assert_eq!(ask(Err(())).await, Err(()));
            assert_eq!(ask(Ok(keys("short", 60))).await, Ok("short".to_owned()));
            assert_eq!(ask(Err(())).await, Ok("short".to_owned()), "it still does");
            assert_eq!(ask(Ok(keys("long", 3600))).await, Ok("long".to_owned()));
            assert_eq!(ask(Ok(keys("later", 3600))).await, Ok("long".to_owned()), "nothing is asked");
            assert_eq!(ask(Ok(keys("x", 3600))).await, Ok("long".to_owned()));
        });
        block_on(async {
            let held = Held::default();
            let first = held.keys(async { Ok::<_, ()>(keys("ended", 1)) }).await;
            assert_eq!(first.map(|keys| keys.access_key_id.clone()), Ok("ended".to_owned()));
            assert!(held.keys(async { Err::<Keys, _>(()) }).await.is_err(), "what is at its end does no longer");
        });
    }
}
