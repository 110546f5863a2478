//! What a scalar means: the core schema of YAML 1.2.

use saphyr_parser::{ScalarStyle, Tag};

use super::super::node::NodeKind;

/// The value of a scalar without a tag of its own, or with one of the core schema.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> NodeKind {
    match tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
        Some("str") => NodeKind::String(text.to_owned()),
        Some(_) => plain(text),
        None if style == ScalarStyle::Plain && tag.is_none() => plain(text),
        None => NodeKind::String(text.to_owned()),
    }
}

fn plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeKind::Null,
        "true" | "True" | "TRUE" => return NodeKind::Bool(true),
        "false" | "False" | "FALSE" => return NodeKind::Bool(false),
        _ => {}
    }
    match number(text) {
        Some(digits) => NodeKind::Number(digits),
        None => NodeKind::String(text.to_owned()),
    }
}

/// The digits as JSON writes them, if the text is a number that JSON has.
fn number(text: &str) -> Option<String> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = Some(digits).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
            return u128::from_str_radix(digits, radix).ok().map(|value| value.to_string());
        }
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits_only(whole)
        && fraction.is_none_or(digits_only)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        && exponent.is_none_or(|e| {
            let digits = e.strip_prefix(['+', '-']).unwrap_or(e);
            !digits.is_empty() && digits_only(digits)
        });
    if !is_number {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let mut out = format!("{sign}{}", if whole.is_empty() { "0" } else { whole });
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
    if let Some(exponent) = exponent {
        out.push('e');
        out.push_str(exponent);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_those_of_the_core_schema() {
        let text = |text: &str| NodeKind::String(text.to_owned());
        let digits = |text: &str| NodeKind::Number(text.to_owned());
        for (scalar, expected) in [
            ("", NodeKind::Null),
            ("~", NodeKind::Null),
            ("True", NodeKind::Bool(true)),
            ("yes", text("yes")),
            ("12", digits("12")),
            ("+012", digits("12")),
            ("-0", digits("-0")),
            ("1.50", digits("1.50")),
            (".5", digits("0.5")),
            ("5.", digits("5.0")),
            ("1e+3", digits("1e+3")),
            ("0x1F", digits("31")),
            ("0o17", digits("15")),
            ("12345678901234567890123", digits("12345678901234567890123")),
            (".inf", text(".inf")),
            (".nan", text(".nan")),
            ("1_000", text("1_000")),
            (".", text(".")),
            ("-", text("-")),
            ("1e", text("1e")),
            ("0x", text("0x")),
            ("$.a", text("$.a")),
            ("2016-03-14T01:59:00Z", text("2016-03-14T01:59:00Z")),
        ] {
            assert_eq!(plain(scalar), expected, "{scalar}");
        }
        assert_eq!(value("12", ScalarStyle::DoubleQuoted, None), text("12"));
    }
}
