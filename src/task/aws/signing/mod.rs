//! AWS Signature Version 4: the `Authorization` header of a request.

mod verify;

use std::fmt::Write as _;

use reqsign_core::hash::{hex_hmac_sha256, hex_sha256, hmac_sha256};

use super::credentials::Keys;
use crate::task::client::percent_encoded;
pub use verify::signature_is_valid;

/// What a request is signed for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The service's name for signatures, such as `dynamodb`.
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    /// The moment, as `20150830T123600Z`.
    pub(super) time: &'a str,
    /// Whether the path is encoded a second time: for all services but S3.
    pub(super) encodes_path: bool,
}

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signable<'a> {
    pub(super) method: &'a str,
    /// As it is sent.
    pub(super) path: &'a str,
    /// Names and values, not encoded.
    pub(super) query: &'a [(String, String)],
    /// Names in lower case, with `host` and `x-amz-date`.
    pub(super) headers: &'a [(String, String)],
    /// SHA-256 of the body in hexadecimal.
    pub(super) body_hash: &'a str,
}

/// The value of the `Authorization` header.
pub(super) fn authorization(request: &Signable<'_>, keys: &Keys, scope: &Scope<'_>) -> String {
    let (canonical, signed_headers) = canonical(request, scope.encodes_path);
    let date = scope.time.get(..8).unwrap_or_default();
    let name = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let text = format!("AWS4-HMAC-SHA256\n{}\n{name}\n{}", scope.time, hex_sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{}", keys.secret_access_key).into_bytes();
    for part in [date, scope.region, scope.service, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    let signature = hex_hmac_sha256(&key, text.as_bytes());
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{name}, SignedHeaders={signed_headers}, Signature={signature}",
        keys.access_key_id
    )
}

/// The text that is signed in the end, and the names of the headers in it.
fn canonical(request: &Signable<'_>, encodes_path: bool) -> (String, String) {
    let path = match encodes_path {
        true => request.path.split('/').map(percent_encoded).collect::<Vec<_>>().join("/"),
        false => request.path.to_owned(),
    };
    let mut query: Vec<(String, String)> =
        request.query.iter().map(|(name, value)| (percent_encoded(name), percent_encoded(value))).collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();

    let mut headers: Vec<&(String, String)> = request.headers.iter().collect();
    headers.sort_by(|one, other| one.0.cmp(&other.0)); // stable: values of one name keep their order
    let mut lines: Vec<(&str, String)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        match lines.last_mut() {
            Some((last, values)) if *last == name => {
                values.push(',');
                values.push_str(&value);
            }
            _ => lines.push((name, value)),
        }
    }
    let signed = lines.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut text = format!("{}\n{path}\n{}\n", request.method, query.join("&"));
    for (name, value) in lines {
        let _ = writeln!(text, "{name}:{value}"); // writing to a String can't fail
    }
    let _ = write!(text, "\n{signed}\n{}", request.body_hash);
    (text, signed)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        method: String,
        target: String,
        headers: Vec<(String, String)>,
        body: String,
        token: Option<String>,
        signs_token: bool,
        signs_body: bool,
        encodes_path: bool,
        canonical: String,
        signature: String,
    }

    fn query(target: &str) -> Vec<(String, String)> {
        let decoded = |text: &str| String::from_utf8(crate::task::options::percent_decoded(text)).expect("UTF-8");
        let pairs = target.split_once('?').map_or("", |(_, query)| query).split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v))).collect()
    }

    #[test]
    fn the_published_vectors_are_signed_as_published() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).expect("the file is JSON");
        assert!(vectors.len() >= 30, "{}", vectors.len());
        for vector in vectors {
            let mut headers: Vec<(String, String)> =
                vector.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
            headers.push(("x-amz-date".to_owned(), "20150830T123600Z".to_owned()));
            if let (Some(token), true) = (&vector.token, vector.signs_token) {
                headers.push(("x-amz-security-token".to_owned(), token.clone()));
            }
            let body_hash = hex_sha256(vector.body.as_bytes());
            if vector.signs_body {
                headers.push(("x-amz-content-sha256".to_owned(), body_hash.clone()));
            }
            let query = query(&vector.target);
            let path = vector.target.split('?').next().unwrap_or_default();
            let request =
                Signable { method: &vector.method, path, query: &query, headers: &headers, body_hash: &body_hash };
            assert_eq!(canonical(&request, vector.encodes_path).0, vector.canonical, "{}", vector.name);
            let keys = Keys::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", vector.token.clone());
            let scope = Scope {
                service: "service",
                region: "us-east-1",
                time: "20150830T123600Z",
                encodes_path: vector.encodes_path,
            };
            let authorization = authorization(&request, &keys, &scope);
            assert!(authorization.ends_with(&format!("Signature={}", vector.signature)), "{}", vector.name);
        }
    }
}
