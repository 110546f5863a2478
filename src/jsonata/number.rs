//! Numbers as JavaScript reads, rounds and prints them.

use crate::value::{Double, Heap, Value};

/// The magnitude up to which every whole number is a double of its own.
pub(super) const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

/// The text of a finite number.
pub(super) fn text(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&magnitude) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// The text of a finite number within a string: of a fraction, only 15 digits.
pub(super) fn short_text(number: f64) -> String {
    if number.fract() == 0.0 {
        return text(number);
    }
    text(format!("{number:.14e}").parse().unwrap_or(number))
}

/// The value of a finite number.
pub(super) fn value(heap: &mut Heap, number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < MAX_SAFE {
        return Value::Int(number as i64);
    }
    if number.fract() != 0.0 && (1e-4..1e15).contains(&number.abs()) {
        return Value::Float(Double::new(number));
    }
    // The heap prints such numbers in another notation: it keeps the digits of what it reads.
    heap.parse(text(number).as_bytes()).unwrap_or(Value::Null)
}

/// The digits of a finite whole number in a radix from 2 to 36. Of what a double cannot tell apart, they are zeros.
pub(super) fn in_radix(number: f64, radix: u32) -> String {
    let mut rest = number.abs();
    let radix = f64::from(radix);
    let mut digits = Vec::new();
    while rest >= MAX_SAFE {
        rest /= radix;
        digits.push('0');
    }
    rest = rest.trunc();
    loop {
        let digit = rest % radix;
        digits.extend(char::from_digit(digit as u32, radix as u32));
        rest = (rest - digit) / radix;
        if rest <= 0.0 {
            break;
        }
    }
    if number < 0.0 {
        digits.push('-');
    }
    digits.into_iter().rev().collect()
}

/// What `$number` makes of a text.
pub(super) fn parse(text: &str) -> Option<f64> {
    let radix = match text.get(..2) {
        Some("0x" | "0X") => Some(16),
        Some("0o" | "0O") => Some(8),
        Some("0b" | "0B") => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let digits = text[2..].chars().map(|digit| digit.to_digit(radix)).collect::<Option<Vec<u32>>>()?;
        let number = digits.iter().fold(0.0, |number, digit| number * f64::from(radix) + f64::from(*digit));
        return (!digits.is_empty() && f64::is_finite(number)).then_some(number);
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    rest = &rest[whole..];
    let mut is_number = whole > 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        is_number &= digits(fraction) > 0;
        rest = &fraction[digits(fraction)..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        is_number &= digits(exponent) > 0;
        rest = &exponent[digits(exponent)..];
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    if is_number && rest.is_empty() { number } else { None }
}

/// Half to even, at so many digits after the point. The point is moved in the text: a multiplication would not be exact.
pub(super) fn round(number: f64, digits: f64) -> f64 {
    let shifted = shift(number, digits);
    // As JavaScript: halves upward first.
    let below = shifted.floor();
    let mut rounded = if shifted - below >= 0.5 { below + 1.0 } else { below };
    if (rounded - shifted).abs() == 0.5 && (rounded % 2.0).abs() == 1.0 {
        rounded -= 1.0;
    }
    shift(rounded, -digits) + 0.0
}

fn shift(number: f64, digits: f64) -> f64 {
    if digits == 0.0 {
        return number;
    }
    let text = text(number);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse::<f64>().unwrap_or(0.0) + digits;
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{parse, round, short_text, text, value};
    use crate::value::Heap;

    #[test]
    fn numbers_are_printed_as_javascript_does() {
        for (number, expected) in [
            (0.1 + 0.2, "0.30000000000000004"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (-1.5e300, "-1.5e+300"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (123456789012345680.0, "123456789012345680"),
        ] {
            assert_eq!(text(number), expected);
            let mut heap = Heap::new();
            let value = value(&mut heap, number);
            assert_eq!(heap.to_json(value), expected);
        }
        assert_eq!(short_text(0.1 + 0.2), "0.3");
        assert_eq!(short_text(1.0 / 3.0), "0.333333333333333");
    }

    #[test]
    fn numbers_are_read_by_the_grammar_of_json_and_with_a_radix() {
        for (text, expected) in [
            ("0x1F", Some(31.0)),
            ("0b101", Some(5.0)),
            ("0o17", Some(15.0)),
            ("1e3", Some(1000.0)),
            ("-1.50E-1", Some(-0.15)),
            ("007", Some(7.0)),
            ("", None),
            ("-", None),
            ("1.", None),
            (".5", None),
            (" 1", None),
            ("+1", None),
            ("0x", None),
            ("0xg", None),
            ("1e999", None),
            ("1e", None),
            ("Infinity", None),
            ("NaN", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn halves_are_rounded_to_even() {
        for (number, digits, expected) in [
            (2.5, 0.0, 2.0),
            (3.5, 0.0, 4.0),
            (-2.5, 0.0, -2.0),
            (-0.5, 0.0, 0.0),
            (125.0, -1.0, 120.0),
            (1.005, 2.0, 1.0),
            (1.015, 2.0, 1.02),
            (4.525, 2.0, 4.52),
            (0.49999999999999994, 0.0, 0.0),
            (1e21, 2.0, 1e21),
        ] {
            assert_eq!(round(number, digits), expected, "{number} {digits}");
        }
    }
}
