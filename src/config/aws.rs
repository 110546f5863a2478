//! `[aws]`: what ARNs name, and how services of AWS are called.

use super::model::Place;
use super::redactor::Redactor;
use super::report::Report;
use super::secret::Secret;
use super::section::{Section, Text};
use super::tree::holds_credentials;
use crate::identity::Realm;

/// How services of AWS are called. What is left out is looked for where AWS's own tools look.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared files that has the credentials.
    pub profile: Option<String>,
    /// Where all services are, instead of AWS's own hosts: an `http://` or `https://` URL.
    pub endpoint: Option<String>,
    /// Credentials that don't change.
    pub access_key: Option<AccessKey>,
    /// Where `[aws]` stands.
    pub place: Place,
}

/// Credentials that the configuration gives.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// The id of the key.
    pub id: String,
    /// The key.
    pub secret: Secret,
    /// What goes with keys that end.
    pub session_token: Option<Secret>,
}

impl Aws {
    /// What takes its secrets out of texts.
    pub(super) fn redactor(&self) -> Redactor {
        let secrets = self.access_key.iter().flat_map(|key| [Some(&key.secret), key.session_token.as_ref()]);
        Redactor::new(secrets.flatten().map(Secret::expose))
    }
}

/// Whether a text can be a region.
pub(super) fn is_region(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

pub(super) const REGION_HINT: &str = "write a region as AWS names them: \"eu-central-1\"";

pub(super) fn read(section: &Section<'_>, report: &mut Report) -> (Realm, Aws) {
    let is_account = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    let region = checked(section, "region", is_region, REGION_HINT, report);
    let account =
        checked(section, "account_id", is_account, "write twelve digits, as a string: \"123456789012\"", report);
    let mut realm = Realm::default();
    realm.region = region.clone().unwrap_or(realm.region);
    realm.account = account.unwrap_or(realm.account);
    let aws = Aws {
        region,
        profile: section.text("profile", report).map(|text| text.value),
        endpoint: endpoint(section, report),
        access_key: access_key(section, report),
        place: report.place_of(section.own_origin()),
    };
    (realm, aws)
}

fn checked(
    section: &Section<'_>,
    name: &str,
    is_valid: impl Fn(&str) -> bool,
    hint: &str,
    report: &mut Report,
) -> Option<String> {
    let text = section.text(name, report)?;
    if is_valid(&text.value) {
        return Some(text.value);
    }
    report.mistake(&text.origin, format!("`{name}` can't be {}", text.shown()), Some(hint.to_owned()));
    None
}

fn endpoint(section: &Section<'_>, report: &mut Report) -> Option<String> {
    let text = section.text("endpoint", report)?;
    let rest = text.value.strip_prefix("http://").or_else(|| text.value.strip_prefix("https://"));
    if rest.is_none_or(str::is_empty) || text.value.contains(char::is_whitespace) || holds_credentials(&text.value) {
        let hint = "write endpoint = \"http://127.0.0.1:4566\", or leave it out for AWS itself";
        report.mistake(
            &text.origin,
            "`endpoint` must be an http:// or https:// URL without a password",
            Some(hint.to_owned()),
        );
        return None;
    }
    Some(text.value)
}

fn access_key(section: &Section<'_>, report: &mut Report) -> Option<AccessKey> {
    let id = section.text("access_key_id", report);
    let mut secret = |name: &str| {
        let text = section.text(name, report)?;
        if !text.from_environment {
            report
                .warning(&text.origin, &format!("`{name}` stands in the file; {{ env = \"VARIABLE\" }} keeps it out"));
        }
        Some(text)
    };
    let (key, token) = (secret("secret_access_key"), secret("session_token"));
    let hidden = |text: Text| Secret::new(text.value);
    match (id, key) {
        (Some(id), Some(key)) => {
            Some(AccessKey { id: id.value, secret: hidden(key), session_token: token.map(hidden) })
        }
        (None, None) if token.is_none() => None,
        (id, key) => {
            let origin = id.or(key).or(token).map(|text| text.origin)?;
            let hint = "give both, or leave them out: credentials are then found as AWS's tools find them";
            report.mistake(&origin, "`access_key_id` and `secret_access_key` belong together", Some(hint.to_owned()));
            None
        }
    }
}
