use std::borrow::Cow;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::value::{Heap, Mark, Value};

use super::{Refusal, arguments};

/// Characters that may be encoded, decoded or hashed. The documented limit of the real service.
const MAX_CHARACTERS: usize = 10_000;

/// How much dearer a byte is here than one that is copied.
const HASHED: usize = 4;

/// Encodes with padding; decodes with or without, and whatever the unused bits of the last character, as Java does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `Base64Encode(text)`
pub(super) fn base64_encode(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::String(text)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    heap.afford(HASHED * heap.appended_size(Value::String(text)))?;
    let text = heap.str(text);
    check_length(&text)?;
    let encoded = BASE64.encode(&*text);
    Ok(heap.string(&encoded))
}

/// `Base64Decode(text)`
pub(super) fn base64_decode(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [Value::String(text)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    heap.afford(HASHED * heap.appended_size(Value::String(text)))?;
    let text = heap.str(text);
    check_length(&text)?;
    let bytes = BASE64.decode(&*text).map_err(|_| Refusal::Arguments)?;
    Ok(heap.string(&String::from_utf8_lossy(&bytes)))
}

/// `Hash(data, algorithm)`
pub(super) fn hash(heap: &mut Heap, mark: Mark) -> Result<Value, Refusal> {
    let [data, Value::String(algorithm)] = arguments(heap, mark)? else { return Err(Refusal::Arguments) };
    heap.afford(HASHED * heap.appended_size(data))?;
    let data = match data {
        Value::String(text) => heap.str(text),
        other => Cow::Owned(heap.to_json(other)),
    };
    check_length(&data)?;
    let digest = digest(&data, &heap.str(algorithm)).ok_or(Refusal::Arguments)?;
    Ok(heap.string(&digest))
}

/// The hash of a text in lower-case hexadecimal; `None` if the algorithm is not one of `MD5`, `SHA-1`, `SHA-256`,
/// `SHA-384` and `SHA-512`.
pub fn digest(data: &str, algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hex(&Md5::digest(data.as_bytes())),
        "SHA-1" => hex(&Sha1::digest(data.as_bytes())),
        "SHA-256" => hex(&Sha256::digest(data.as_bytes())),
        "SHA-384" => hex(&Sha384::digest(data.as_bytes())),
        "SHA-512" => hex(&Sha512::digest(data.as_bytes())),
        _ => return None,
    })
}

fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        return Err(Refusal::Arguments);
    }
    Ok(())
}

fn hex(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
