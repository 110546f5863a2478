//! JSON's string escapes, and the byte-parallel search for what ends or interrupts a string.

use super::Form;

/// Whether a decoded text must be escaped when it is printed as JSON.
pub(super) fn needs_escape(bytes: &[u8]) -> bool {
    find_special(bytes, 0) < bytes.len()
}

/// The first byte at or after `from` that is a quote, a backslash or a control character; the length if there is none.
#[inline(always)]
pub(super) fn find_special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let hits = special_bytes(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if is_special(byte) {
            break;
        }
        at += 1;
    }
    at
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte that is special. Bits above the lowest hit may be wrong: only the lowest is used.
#[inline(always)]
fn special_bytes(word: u64) -> u64 {
    let below = |x: u64, bound: u8| x.wrapping_sub(ONES * u64::from(bound)) & !x;
    // With this bit turned over a quote is below 0x21, as are control characters, and nothing else.
    let quote_or_control = below(word ^ (ONES * 0x02), 0x21);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    (quote_or_control | backslash) & HIGHS
}

/// Whether two short texts of the same length are equal: most are keys of at most 16 bytes, for which a call of the
/// general comparison costs more than the comparison.
#[inline]
pub(super) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || a.len() > 16 {
        return a == b;
    }
    let words = |a: &[u8], b: &[u8]| match (a.first_chunk::<8>(), a.last_chunk::<8>()) {
        (Some(first), Some(last)) => Some(b.first_chunk::<8>() == Some(first) && b.last_chunk::<8>() == Some(last)),
        _ => None,
    };
    let halves = |a: &[u8], b: &[u8]| match (a.first_chunk::<4>(), a.last_chunk::<4>()) {
        (Some(first), Some(last)) => Some(b.first_chunk::<4>() == Some(first) && b.last_chunk::<4>() == Some(last)),
        _ => None,
    };
    // Up to three bytes: the first, the middle and the last.
    let bytes = || (a.first(), a.get(a.len() / 2), a.last()) == (b.first(), b.get(b.len() / 2), b.last());
    words(a, b).or_else(|| halves(a, b)).unwrap_or_else(bytes)
}

/// Decodes the text between JSON quotes. The parser has checked the escapes; a lone surrogate becomes U+FFFD.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (decoded, used) = unescape_first(&rest[at..]);
        out.push(decoded);
        rest = rest.get(at + used..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Whether the text between JSON quotes stands for this one. It looks no further than where they differ.
pub(super) fn unescapes_to(text: &str, other: &str) -> bool {
    let (mut rest, mut other) = (text, other);
    while let Some(at) = rest.find('\\') {
        let (decoded, used) = unescape_first(&rest[at..]);
        let Some(behind) = other.strip_prefix(&rest[..at]).and_then(|other| other.strip_prefix(decoded)) else {
            return false;
        };
        (rest, other) = (rest.get(at + used..).unwrap_or(""), behind);
    }
    rest == other
}

/// Decodes the escape at the start of `text`; returns the character and the bytes used.
fn unescape_first(text: &str) -> (char, usize) {
    match text.as_bytes().get(1).copied().unwrap_or(b'\\') {
        b'n' => ('\n', 2),
        b't' => ('\t', 2),
        b'r' => ('\r', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'u' => unescape_unicode(text),
        other => (char::from(other), 2),
    }
}

/// Decodes `\uXXXX` at the start of `text`, or a surrogate pair of two; returns the character and the bytes used. Half a
/// surrogate pair becomes U+FFFD.
fn unescape_unicode(text: &str) -> (char, usize) {
    match code_point(text.as_bytes()) {
        Some((character, used)) => (character, used),
        None => (char::REPLACEMENT_CHARACTER, text.len().min(6)),
    }
}

/// The character that `\uXXXX` at the start of `text` stands for, or a surrogate pair of two, and the bytes used; `None` for
/// half a pair.
fn code_point(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 4)?;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    };
    let high = unit(2)?;
    if (0xD800..0xDC00).contains(&high)
        && text.get(6..8) == Some(b"\\u")
        && let Some(low) = unit(8)
        && (0xDC00..0xE000).contains(&low)
    {
        return Some((char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))?, 12));
    }
    Some((char::from_u32(high)?, 6))
}

/// Appends the text between JSON quotes without the escapes that it doesn't need, and gives its form; `None` for half a
/// surrogate pair, which can stand only as an escape. The parser has checked the escapes.
pub(super) fn keep_needed_escapes(text: &str, out: &mut String) -> Option<Form> {
    let bytes = text.as_bytes();
    let mut form = Form::Quoted;
    let (mut copied, mut at) = (0, 0);
    loop {
        at = find_special(bytes, at);
        match bytes.get(at + 1) {
            None => break,
            Some(b'/') => {
                out.push_str(&text[copied..at]);
                copied = at + 1;
                at += 2;
            }
            Some(b'u') => {
                out.push_str(&text[copied..at]);
                let (character, used) = code_point(&bytes[at..])?;
                match u8::try_from(character) {
                    Ok(byte) if is_special(byte) => {
                        form = Form::Escaped;
                        // Escapes are ASCII.
                        out.extend(escape(byte, &mut [0; 6]).iter().copied().map(char::from));
                    }
                    _ => out.push(character),
                }
                at += used;
                copied = at;
            }
            Some(_) => {
                form = Form::Escaped;
                at += 2;
            }
        }
    }
    out.push_str(&text[copied..]);
    Some(form)
}

fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Appends decoded text with JSON's escapes, without quotes.
pub(super) fn escape_into(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = find_special(bytes, from);
        out.extend_from_slice(&bytes[from..at]);
        let Some(&byte) = bytes.get(at) else { return };
        out.extend_from_slice(escape(byte, &mut [0; 6]));
        from = at + 1;
    }
}

/// The length of decoded text with JSON's escapes, without quotes.
pub(super) fn escaped_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut from, mut len) = (0, bytes.len());
    loop {
        let at = find_special(bytes, from);
        let Some(&byte) = bytes.get(at) else { return len };
        len += escape(byte, &mut [0; 6]).len() - 1;
        from = at + 1;
    }
}

fn escape(byte: u8, buffer: &mut [u8; 6]) -> &[u8] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\t' => b"\\t",
        b'\r' => b"\\r",
        0x8 => b"\\b",
        0xc => b"\\f",
        _ => {
            *buffer = [b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            buffer
        }
    }
}
