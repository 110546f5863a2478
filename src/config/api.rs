//! `[api]`: the Step Functions API.

use std::net::SocketAddr;

use super::aws::AccessKey;
use super::model::Place;
use super::redactor::Redactor;
use super::report::Report;
use super::secret::Secret;
use super::section::{Section, Text};

/// The Step Functions API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Address and port that it listens on.
    pub listen: SocketAddr,
    /// Who may call.
    pub keys: ApiKeys,
    /// Where `[api]` stands.
    pub place: Place,
}

/// Who may call the API: whoever has the token, or signs with the key. With neither, everybody who reaches it.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys {
    /// What `Authorization: Bearer …` gives.
    pub token: Option<Secret>,
    /// What requests are signed with.
    pub access_key: Option<AccessKey>,
}

impl Api {
    /// What takes its secrets out of texts.
    pub(super) fn redactor(&self) -> Redactor {
        let key = self.keys.access_key.iter().map(|key| &key.secret);
        Redactor::new(self.keys.token.iter().chain(key).map(Secret::expose))
    }
}

/// Reads the table; `None`: it has a mistake.
pub(super) fn read(section: &Section<'_>, report: &mut Report) -> Option<Api> {
    let hint = "say where it listens: listen = \"127.0.0.1:8083\"";
    let listen = section.required("listen", hint, report);
    let secret = |name: &str, report: &mut Report| {
        let text = section.text(name, report)?;
        if !text.from_environment {
            let message = format!("`{name}` stands in the file; {{ env = \"VARIABLE\" }} keeps it out");
            report.warning(&text.origin, &message);
        }
        Some(text)
    };
    let token = secret("token", report).map(|text| Secret::new(text.value));
    let (id, key) = (section.text("access_key_id", report), secret("secret_access_key", report));
    let access_key = match (id, key) {
        (Some(id), Some(key)) => Some(AccessKey { id: id.value, secret: Secret::new(key.value), session_token: None }),
        (None, None) => None,
        (id, key) => {
            let origin = id.or(key).map(|text| text.origin)?;
            let hint = "give both: clients sign with them as with AWS's keys";
            report.mistake(&origin, "`access_key_id` and `secret_access_key` belong together", Some(hint.to_owned()));
            None
        }
    };
    let text = listen?;
    let listen = address(&text, report)?;
    let keys = ApiKeys { token, access_key };
    if !listen.ip().is_loopback() && keys.token.is_none() && keys.access_key.is_none() {
        let hint = "give a `token`, or `access_key_id` and `secret_access_key`, or listen on 127.0.0.1";
        let message =
            "everybody could start executions: `listen` is reachable from other machines, and no key is asked for";
        report.mistake(&text.origin, message, Some(hint.to_owned()));
    }
    Some(Api { listen, keys, place: report.place_of(section.own_origin()) })
}

fn address(text: &Text, report: &mut Report) -> Option<SocketAddr> {
    let address = match text.value.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse(),
        None => text.value.parse::<SocketAddr>(),
    };
    if address.is_err() {
        let hint = "write an address and a port: \"127.0.0.1:8083\"";
        report.mistake(&text.origin, format!("`listen` can't be {}", text.shown()), Some(hint.to_owned()));
    }
    address.ok()
}
