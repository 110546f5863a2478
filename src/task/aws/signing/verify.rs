//! Whether a request that came in was signed with a key: the other side of Signature Version 4.

use hyper::HeaderMap;
use reqsign_core::hash::hex_sha256;

use super::{Scope, Signable, authorization};
use crate::task::aws::credentials::Keys;

/// How far the clocks of signer and verifier may be apart: the service's bound.
const MAX_SKEW_SECONDS: i64 = 300;

/// Checks the `Authorization` of a `POST /`.
///
/// # Errors
/// Why it is not valid, for who sent it.
pub fn signature_is_valid(
    given: &str,
    headers: &HeaderMap,
    body: &[u8],
    key_id: &str,
    secret: &str,
) -> Result<(), String> {
    verify(given, headers, body, (key_id, secret), jiff::Timestamp::now())
}

fn verify(
    given: &str,
    headers: &HeaderMap,
    body: &[u8],
    (key_id, secret): (&str, &str),
    now: jiff::Timestamp,
) -> Result<(), String> {
    let part = |name: &str| {
        let parts = given.split_once(' ').map_or("", |(_, parts)| parts).split(',');
        parts.filter_map(|part| part.trim().split_once('=')).find(|(own, _)| *own == name).map(|(_, value)| value)
    };
    let malformed = || "the Authorization header is not as AWS Signature Version 4 has it".to_owned();
    let credential: Vec<&str> = part("Credential").ok_or_else(malformed)?.split('/').collect();
    let [id, _, region, service, "aws4_request"] = credential.as_slice() else { return Err(malformed()) };
    if *id != key_id {
        return Err("The security token included in the request is invalid.".to_owned());
    }
    let time =
        headers.get("x-amz-date").and_then(|value| value.to_str().ok()).ok_or("the header X-Amz-Date is missing")?;
    check_time(time, now)?;
    let signed: Vec<&str> = part("SignedHeaders").ok_or_else(malformed)?.split(';').collect();
    if !["host", "x-amz-date"].iter().all(|needed| signed.contains(needed)) {
        return Err("the signature does not cover the headers Host and X-Amz-Date".to_owned());
    }
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let signed: Vec<(String, String)> = signed
        .into_iter()
        .flat_map(|name| headers.get_all(name).iter().map(move |value| (name.to_owned(), text(value))))
        .collect();
    let request = Signable { method: "POST", path: "/", query: &[], headers: &signed, body_hash: &hex_sha256(body) };
    let scope = Scope { service, region, time, encodes_path: true };
    let expected = authorization(&request, &Keys::new(key_id, secret, None), &scope);
    let expected = expected.rsplit_once("Signature=").map_or("", |(_, signature)| signature);
    let signature = part("Signature").ok_or_else(malformed)?;
    // Without stopping at the first difference.
    let is_equal = signature.len() == expected.len()
        && signature.bytes().zip(expected.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0;
    if is_equal {
        return Ok(());
    }
    let why = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
               Access Key and signing method. Consult the service documentation for details.";
    Err(why.to_owned())
}

fn check_time(time: &str, now: jiff::Timestamp) -> Result<(), String> {
    let in_utc = format!("{}+0000", time.trim_end_matches('Z'));
    let signed =
        jiff::Timestamp::strptime("%Y%m%dT%H%M%S%z", in_utc).map_err(|_| format!("X-Amz-Date is no time: {time}"))?;
    let apart = now.as_second() - signed.as_second();
    if apart.abs() <= MAX_SKEW_SECONDS {
        return Ok(());
    }
    Err(format!("Signature expired: {time} is {} seconds from the time here; check both clocks", apart.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "20150830T123600Z";

    /// A request as an SDK signs it, and its headers.
    fn signed(secret: &str, body: &[u8]) -> (String, HeaderMap) {
        let headers =
            [("host", "127.0.0.1:8083"), ("x-amz-date", TIME), ("x-amz-target", "AWSStepFunctions.ListStateMachines")];
        let owned: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Signable { method: "POST", path: "/", query: &[], headers: &owned, body_hash: &hex_sha256(body) };
        let scope = Scope { service: "states", region: "us-east-1", time: TIME, encodes_path: true };
        let authorization = authorization(&request, &Keys::new("AKIDEXAMPLE", secret, None), &scope);
        let map = headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        (authorization, map.collect())
    }

    fn at(text: &str) -> jiff::Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn what_was_signed_with_the_key_is_valid_and_nothing_else() {
        let now = at("2015-08-30T12:36:10Z");
        let (authorization, headers) = signed("secret", b"{}");
        let key = ("AKIDEXAMPLE", "secret");
        assert_eq!(verify(&authorization, &headers, b"{}", key, now), Ok(()));
        let refused = |given: &str, headers: &HeaderMap, body: &[u8], key, now, part: &str| {
            let why = verify(given, headers, body, key, now).expect_err(part);
            assert!(why.contains(part), "{why}");
            assert!(!why.contains("secret"), "{why}");
        };
        refused(&authorization, &headers, b"{ }", key, now, "does not match");
        refused(&authorization, &headers, b"{}", ("AKIDEXAMPLE", "other"), now, "does not match");
        refused(
            &authorization,
            &headers,
            b"{}",
            ("AKIDOTHER", "secret"),
            now,
            "token included in the request is invalid",
        );
        refused(&authorization, &headers, b"{}", key, at("2015-08-30T13:36:00Z"), "expired");
        refused("AWS4-HMAC-SHA256 nonsense", &headers, b"{}", key, now, "not as AWS Signature");
        let mut changed = headers.clone();
        changed.insert("x-amz-target", "AWSStepFunctions.StopExecution".parse().expect("a value"));
        refused(&authorization, &changed, b"{}", key, now, "does not match");
        let uncovered = authorization.replace("host;", "");
        refused(&uncovered, &headers, b"{}", key, now, "does not cover");
    }
}
