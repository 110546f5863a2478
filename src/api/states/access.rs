//! Who may call: everybody where nothing is configured (loopback only), else who has the token or signs with the key.

use axum::http::{HeaderMap, header};

use super::protocol::ApiError;
use crate::config::ApiKeys;
use crate::task::signature_is_valid;

/// The scheme of signed requests.
const SIGNED: &str = "AWS4-HMAC-SHA256 ";

pub(super) fn check(keys: &ApiKeys, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let ApiKeys { token, access_key } = keys;
    if token.is_none() && access_key.is_none() {
        return Ok(());
    }
    let Some(given) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Err(ApiError::forbidden("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if let Some(key) = access_key
        && given.starts_with(SIGNED)
    {
        return match signature_is_valid(given, headers, body, &key.id, key.secret.expose()) {
            Ok(()) => Ok(()),
            Err(why) => Err(ApiError::forbidden("InvalidSignatureException", why)),
        };
    }
    let bearer = given.strip_prefix("Bearer ").map(str::trim);
    match (token, bearer) {
        (Some(token), Some(bearer)) if is_equal(token.expose(), bearer) => Ok(()),
        _ => Err(ApiError::forbidden(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )),
    }
}

/// Compares without stopping at the first difference.
fn is_equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}
