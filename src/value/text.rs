//! JSON's string escapes, and the byte-parallel search for what ends or interrupts a string.

/// Whether a decoded text must be escaped when it is printed as JSON.
pub(super) fn needs_escape(bytes: &[u8]) -> bool {
    find_special(bytes, 0) < bytes.len()
}

/// So many bytes at an offset. A text is shorter than 4 GB, so that the compiler sees no overflow to be checked.
#[inline(always)]
pub(super) fn chunk<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<&[u8; BYTES]> {
    let at = at as u32 as usize;
    bytes.get(at..at + BYTES).and_then(|chunk| chunk.first_chunk())
}

/// The first byte at or after `from` that is a quote, a backslash or a control character; the length if there is none.
#[inline(always)]
pub(super) fn find_special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    // Two words at once: most strings end in these, and the processor has not to guess in which.
    while let Some((first, second)) = two_words(bytes, at) {
        let (first, second) = (special_bytes(first), special_bytes(second));
        if first | second != 0 {
            let (hits, skipped) = if first != 0 { (first, 0) } else { (second, 8) };
            return at + skipped + (hits.trailing_zeros() / 8) as usize;
        }
        at += 16;
    }
    find_special_at_end(bytes, at)
}

#[inline(always)]
fn two_words(bytes: &[u8], at: usize) -> Option<(u64, u64)> {
    let words = u128::from_le_bytes(*chunk(bytes, at)?);
    Some((words as u64, (words >> 64) as u64))
}

/// The same for less than two words.
#[inline(never)]
fn find_special_at_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = chunk(bytes, at) {
        let hits = special_bytes(u64::from_le_bytes(*word));
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

/// A bit for each special byte of sixteen, the first one's lowest.
#[inline(always)]
pub(super) fn special_bits(chunk: &[u8; 16]) -> u32 {
    let words = u128::from_le_bytes(*chunk);
    // As `special_bytes`, but no byte carries into the next.
    let bits = |word: u64| {
        let (quote_or_control, backslash) = (word ^ (ONES * 0x02), word ^ (ONES * u64::from(b'\\')));
        let neither = ((quote_or_control & !HIGHS) + ONES * (0x80 - 0x21)) | quote_or_control;
        let other = ((backslash & !HIGHS) + ONES * 0x7F) | backslash;
        let hits = !(neither & other) & HIGHS;
        // Moves the bit of each byte to where it belongs in the highest one.
        (hits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    (bits(words as u64) | bits((words >> 64) as u64) << 8) as u32
}

/// The length of the number at the start of this word, if it has one of up to seven characters, digits and perhaps a point, and a
/// comma or a bracket behind it. Most numbers are such, and have no loop of digits to be guessed.
#[inline(always)]
pub(super) fn short_number(word: u64) -> Option<usize> {
    let bits = word ^ (ONES * u64::from(b'0'));
    // The high bit of each byte that is no digit. No byte carries into the next.
    let others = (((bits & !HIGHS) + ONES * 0x76) | bits) & HIGHS;
    let whole = others.trailing_zeros() / 8;
    let fraction = (others & others.wrapping_sub(1)).trailing_zeros() / 8;
    let byte = |at: u32| (word >> (8 * (at & 7))) as u8;
    let has_point = byte(whole) == b'.';
    let len = if has_point { fraction } else { whole };
    let is_whole = whole > 0 && (whole == 1 || bits as u8 != 0) && (!has_point || fraction > whole + 1);
    (is_whole && len < 8 && matches!(byte(len), b',' | b'}' | b']')).then_some(len as usize)
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

/// The character that the escape at the start of the text stands for, if a string may have no need of the escape, and the
/// bytes used: it is `\/` or `\uXXXX`, which the parser has checked. `None` for half a surrogate pair, which can stand only as an
/// escape.
pub(super) fn needless_escape(text: &[u8]) -> Option<(char, usize)> {
    if text.get(1) == Some(&b'/') { Some(('/', 2)) } else { code_point(text) }
}

/// Appends a character to the text between JSON quotes, and tells whether that took an escape.
pub(super) fn push_char(out: &mut String, character: char) -> bool {
    match u8::try_from(character) {
        Ok(byte) if is_special(byte) => {
            // Escapes are ASCII.
            out.extend(escape(byte, &mut [0; 6]).iter().copied().map(char::from));
            true
        }
        _ => {
            out.push(character);
            false
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_bytes_are_found_wherever_they_stand() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let len = random.usize(0..70);
            let bytes: Vec<u8> = (0..len)
                .map(|_| if random.usize(0..12) == 0 { random.u8(..) } else { *random.choice(b"a !#[]~\x7f").unwrap() })
                .collect();
            let from = random.usize(0..=len);
            let expected = (from..len).find(|at| is_special(bytes[*at])).unwrap_or(len);
            assert_eq!(find_special(&bytes, from), expected, "{bytes:?} {from}");
            if let Some(chunk) = chunk::<16>(&bytes, from) {
                let expected = (0..16).filter(|at| is_special(chunk[*at])).fold(0, |bits, at| bits | 1 << at);
                assert_eq!(special_bits(chunk), expected, "{chunk:?}");
            }
        }
    }

    #[test]
    fn short_numbers_are_numbers() {
        let mut random = fastrand::Rng::with_seed(6);
        let mut found = 0;
        for _ in 0..100_000 {
            let word: [u8; 8] = std::array::from_fn(|_| *random.choice(b"0123456789..,,}]-e \xff").unwrap());
            let Some(len) = short_number(u64::from_le_bytes(word)) else { continue };
            found += 1;
            assert!(matches!(word[len], b',' | b'}' | b']'));
            let text = std::str::from_utf8(&word[..len]).unwrap();
            assert!(serde_json::from_str::<f64>(text).is_ok(), "{text}");
        }
        assert!(found > 10_000, "{found}");
        for (text, len) in [("0,------", Some(1)), ("0.5}----", Some(3)), ("123456],", Some(6)), ("1234.67,", Some(7))]
        {
            assert_eq!(short_number(u64::from_le_bytes(text.as_bytes().try_into().unwrap())), len, "{text}");
        }
        for text in
            ["00,-----", "01}-----", "1.,-----", ".5,-----", "1.2.3,--", "12345678", "1e5,----", "-1,-----", "1 ,-----"]
        {
            assert_eq!(short_number(u64::from_le_bytes(text.as_bytes().try_into().unwrap())), None, "{text}");
        }
    }
}
