//! Functions that encode and decode texts.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Arguments, Row, row};
use crate::jsonata::error::Throw;
use crate::jsonata::evaluate::{Evaluated, Evaluation};

pub(super) const ROWS: &[Row] = &[
    row("base64encode", "<s-:s>", base64_encode),
    row("base64decode", "<s-:s>", base64_decode),
    row("encodeUrl", "<s-:s>", encode_url),
    row("encodeUrlComponent", "<s-:s>", encode_url_component),
    row("decodeUrl", "<s-:s>", decode_url),
    row("decodeUrlComponent", "<s-:s>", decode_url_component),
];

/// Bytes of text that count as one unit of work.
const BYTES_PER_UNIT: usize = 16;

/// As `btoa` and `atob` of browsers: with padding or without when it is decoded, whatever the unused bits are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a URL component has as it is, besides letters and digits.
const UNRESERVED: &str = "-_.!~*'()";
/// What else a whole URL has as it is; what stands for these is not decoded there.
const RESERVED: &str = ";/?:@&=+$,#";

/// `$base64encode(text)`: a byte for each code unit, as the reference has it.
fn base64_encode(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / BYTES_PER_UNIT)?;
    own.afford(2 * text.len())?;
    let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit as u8).collect();
    own.text_value(&BASE64.encode(bytes))
}

/// `$base64decode(text)`
fn base64_decode(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / BYTES_PER_UNIT)?;
    own.afford(2 * text.len())?;
    let digits: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(digits).map_err(|_| Throw::internal())?;
    own.text_value(&bytes.into_iter().map(char::from).collect::<String>())
}

/// `$encodeUrl(text)`
fn encode_url(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    encode(own, [text, None, None, None], |char| UNRESERVED.contains(char) || RESERVED.contains(char))
}

/// `$encodeUrlComponent(text)`
fn encode_url_component(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    encode(own, [text, None, None, None], |char| UNRESERVED.contains(char))
}

fn encode(own: &mut Evaluation<'_>, [text, ..]: Arguments, stays: fn(char) -> bool) -> Evaluated {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / BYTES_PER_UNIT)?;
    own.afford(3 * text.len())?;
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_alphanumeric() || stays(char) {
            out.push(char);
            continue;
        }
        for byte in char.encode_utf8(&mut [0; 4]).bytes() {
            out.push('%');
            [byte >> 4, byte & 15].into_iter().for_each(|digit| out.push(char::from(DIGITS[usize::from(digit)])));
        }
    }
    own.text_value(&out)
}

/// `$decodeUrl(text)`
fn decode_url(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    decode(own, [text, None, None, None], "decodeUrl", RESERVED)
}

/// `$decodeUrlComponent(text)`
fn decode_url_component(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    decode(own, [text, None, None, None], "decodeUrlComponent", "")
}

fn decode(own: &mut Evaluation<'_>, [text, ..]: Arguments, name: &str, kept: &str) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / BYTES_PER_UNIT)?;
    own.afford(text.len())?;
    match decoded(&text, kept) {
        Some(decoded) => own.text_value(&decoded),
        None => {
            let shown = serde_json::Value::from(text);
            Err(Throw::new("D3140", format!("Malformed URL passed to ${name}(): {shown}")))
        }
    }
}

/// `None` if what stands behind a percent sign are not the bytes of a character.
fn decoded(text: &str, kept: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let first = escaped_byte(rest)?;
        let len = match first {
            0..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => return None,
        };
        let bytes = (0..len).map(|index| rest.get(3 * index..).and_then(escaped_byte)).collect::<Option<Vec<u8>>>()?;
        let char = std::str::from_utf8(&bytes).ok()?;
        out.push_str(if kept.contains(char) { &rest[..3] } else { char });
        rest = &rest[3 * len..];
    }
    out.push_str(rest);
    Some(out)
}

/// The byte of `%2F`.
fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}
