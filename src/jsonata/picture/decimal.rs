//! Pictures of decimal numbers: `$formatNumber`, after XPath's `format-number`.
//!
//! Texts are code units here: the reference implementation takes one of them where XPath has a character.

use super::integer::common_divisor;
use super::{PictureError, plain, thrown};
use crate::jsonata::number;

type Text = Vec<u16>;

/// Digits behind the point that JavaScript can be asked for.
const MAX_FRACTION: usize = 100;

/// What the characters of a picture mean, and what they become.
#[derive(Clone, Debug)]
pub(in crate::jsonata) struct Options {
    decimal_separator: Text,
    grouping_separator: Text,
    exponent_separator: Text,
    minus_sign: Text,
    percent: Text,
    per_mille: Text,
    zero_digit: Text,
    digit: Text,
    pattern_separator: Text,
}

impl Default for Options {
    fn default() -> Options {
        let text = |text: &str| text.encode_utf16().collect();
        Options {
            decimal_separator: text("."),
            grouping_separator: text(","),
            exponent_separator: text("e"),
            minus_sign: text("-"),
            percent: text("%"),
            per_mille: text("\u{2030}"),
            zero_digit: text("0"),
            digit: text("#"),
            pattern_separator: text(";"),
        }
    }
}

impl Options {
    /// Sets a property by its name. Unknown ones, and those that no number comes to, are ignored.
    pub(in crate::jsonata) fn set(&mut self, name: &str, value: &str) {
        let property = match name {
            "decimal-separator" => &mut self.decimal_separator,
            "grouping-separator" => &mut self.grouping_separator,
            "exponent-separator" => &mut self.exponent_separator,
            "minus-sign" => &mut self.minus_sign,
            "percent" => &mut self.percent,
            "per-mille" => &mut self.per_mille,
            "zero-digit" => &mut self.zero_digit,
            "digit" => &mut self.digit,
            "pattern-separator" => &mut self.pattern_separator,
            _ => return,
        };
        *property = value.encode_utf16().collect();
    }

    /// Whether there is a property of this name that [`set`](Options::set) takes.
    pub(in crate::jsonata) fn has(name: &str) -> bool {
        [
            "decimal-separator",
            "grouping-separator",
            "exponent-separator",
            "minus-sign",
            "percent",
            "per-mille",
            "zero-digit",
            "digit",
            "pattern-separator",
        ]
        .contains(&name)
    }

    fn zero(&self) -> u16 {
        self.zero_digit.first().copied().unwrap_or_default()
    }

    fn is_digit(&self, unit: u16) -> bool {
        (0..10).any(|digit| self.zero().wrapping_add(digit) == unit)
    }

    fn is_any_digit(&self, unit: u16) -> bool {
        self.is_digit(unit) || self.digit == [unit]
    }

    fn is_active(&self, unit: u16) -> bool {
        let others =
            [&self.decimal_separator, &self.exponent_separator, &self.grouping_separator, &self.pattern_separator];
        self.is_any_digit(unit) || others.into_iter().any(|other| *other == [unit])
    }
}

/// `$formatNumber(number, picture, options)`
pub(in crate::jsonata) fn format_number(number: f64, picture: &str, options: &Options) -> Result<String, PictureError> {
    // With these the reference implementation turns in circles.
    if options.grouping_separator.is_empty() || options.zero_digit.is_empty() {
        return Err(PictureError::Endless);
    }
    let picture: Text = picture.encode_utf16().collect();
    let pictures = split(&picture, &options.pattern_separator);
    if pictures.len() > 2 {
        return Err(thrown("D3080", "The picture string must only contain a maximum of two sub-pictures"));
    }
    let parts = pictures.into_iter().map(|picture| Parts::of(picture, options)).collect::<Option<Vec<_>>>();
    let parts = parts.ok_or(PictureError::Internal)?;
    parts.iter().try_for_each(|parts| parts.check(options))?;
    let (positive, negative) = match &parts[..] {
        [both] => (both, None),
        [positive, negative] => (positive, Some(negative)),
        _ => return Err(PictureError::Internal),
    };
    let (parts, sign): (&Parts<'_>, &[u16]) = match negative {
        _ if number >= 0.0 => (positive, &[]),
        Some(negative) => (negative, &[]),
        None => (positive, &options.minus_sign),
    };
    let text = Form::of(parts, options).write(number, parts, options)?;
    Ok(String::from_utf16_lossy(&[sign, parts.prefix, &text, parts.suffix].concat()))
}

/// A sub-picture.
struct Parts<'p> {
    picture: &'p [u16],
    prefix: &'p [u16],
    suffix: &'p [u16],
    active: &'p [u16],
    mantissa: &'p [u16],
    exponent: Option<&'p [u16]>,
    integer: &'p [u16],
    fraction: &'p [u16],
}

impl<'p> Parts<'p> {
    /// `None` if nothing in it is active.
    fn of(picture: &'p [u16], options: &Options) -> Option<Parts<'p>> {
        let is_active = |unit: &u16| options.is_active(*unit) && options.exponent_separator != [*unit];
        let first = picture.iter().position(is_active)?;
        let last = picture.iter().rposition(is_active)?;
        let (prefix, active, suffix) = (&picture[..first], &picture[first..=last], &picture[last + 1..]);
        let at = index_of(picture, &options.exponent_separator, prefix.len());
        let (mantissa, exponent) = match at.filter(|at| *at <= picture.len() - suffix.len()) {
            // The place is counted from the prefix, and used without it.
            Some(at) => (&active[..at.min(active.len())], Some(&active[(at + 1).min(active.len())..])),
            None => (active, None),
        };
        let (integer, fraction) = match index_of(mantissa, &options.decimal_separator, 0) {
            Some(at) => (&mantissa[..at], &mantissa[(at + 1).min(mantissa.len())..]),
            None => (mantissa, suffix),
        };
        Some(Parts { picture, prefix, suffix, active, mantissa, exponent, integer, fraction })
    }

    /// The last fault counts.
    fn check(&self, options: &Options) -> Result<(), PictureError> {
        let Parts { picture, active, mantissa, exponent, integer, fraction, .. } = *self;
        let place = |text: &Text| (index_of(picture, text, 0), last_index_of(picture, text));
        let is_twice = |text: &Text| {
            let (first, last) = place(text);
            first != last
        };
        let (has_percent, has_per_mille) = (place(&options.percent).0.is_some(), place(&options.per_mille).0.is_some());
        let is_grouping = |unit: Option<&u16>| unit.is_some_and(|unit| options.grouping_separator == [*unit]);
        let twice = [options.grouping_separator.clone(), options.grouping_separator.clone()].concat();
        let optional = |part: &[u16]| (index_of(part, &options.digit, 0), last_index_of(part, &options.digit));
        let has_digit = |part: &[u16]| part.iter().any(|unit| options.is_digit(*unit));
        let decimal = place(&options.decimal_separator).0;
        let beside = |at: usize| at.checked_sub(1).map(|before| &picture[before]);
        let faults = [
            (is_twice(&options.decimal_separator), 0),
            (is_twice(&options.percent), 1),
            (is_twice(&options.per_mille), 2),
            (has_percent && has_per_mille, 3),
            (!mantissa.iter().any(|unit| options.is_any_digit(*unit)), 4),
            (active.iter().any(|unit| !options.is_active(*unit)), 5),
            (decimal.is_some_and(|at| is_grouping(beside(at)) || is_grouping(picture.get(at + 1))), 6),
            (decimal.is_none() && is_grouping(integer.last()), 7),
            (index_of(picture, &twice, 0).is_some(), 8),
            (optional(integer).0.is_some_and(|at| has_digit(&integer[..at])), 9),
            (optional(fraction).1.is_some_and(|at| has_digit(&fraction[at..])), 10),
            (exponent.is_some_and(|part| !part.is_empty()) && (has_percent || has_per_mille), 11),
            (exponent.is_some_and(|part| part.is_empty() || part.iter().any(|unit| !options.is_digit(*unit))), 12),
        ];
        match faults.into_iter().rfind(|(is_there, _)| *is_there) {
            Some((_, fault)) => Err(thrown(FAULTS[fault].0, FAULTS[fault].1)),
            None => Ok(()),
        }
    }
}

/// Codes and texts of what can be wrong with a sub-picture.
const FAULTS: [(&str, &str); 13] = [
    ("D3081", "The sub-picture must not contain more than one instance of the 'decimal-separator' character"),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    ("D3083", "The sub-picture must not contain more than one instance of the 'per-mille' character"),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit \
         character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is \
         followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a \
         'decimal-separator' character",
    ),
    ("D3088", "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"),
    ("D3089", "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character"),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed \
         by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is \
         followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an \
         'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the \
         'decimal digit family'",
    ),
];

/// What a sub-picture asks for.
struct Form {
    grouping: Vec<usize>,
    /// The distance of separators, if they have one.
    regular: Option<usize>,
    fraction_grouping: Vec<usize>,
    min_integer: usize,
    scaling: usize,
    min_fraction: usize,
    max_fraction: usize,
    min_exponent: usize,
}

impl Form {
    fn of(parts: &Parts<'_>, options: &Options) -> Form {
        let digits = |part: &[u16]| part.iter().filter(|unit| options.is_digit(**unit)).count();
        let grouping = positions(parts.integer, false, parts, options);
        let scaling = digits(parts.integer);
        let mut min_integer = scaling;
        let mut min_fraction = digits(parts.fraction);
        let mut max_fraction = parts.fraction.iter().filter(|unit| options.is_any_digit(**unit)).count();
        let has_exponent = parts.exponent.is_some();
        if min_integer == 0 && max_fraction == 0 {
            if has_exponent {
                (min_fraction, max_fraction) = (1, 1);
            } else {
                min_integer = 1;
            }
        }
        if has_exponent && min_integer == 0 && index_of(parts.integer, &options.digit, 0).is_some() {
            min_integer = 1;
        }
        if min_integer == 0 && min_fraction == 0 {
            min_fraction = 1;
        }
        Form {
            regular: regular(&grouping),
            grouping,
            fraction_grouping: positions(parts.fraction, true, parts, options),
            min_integer,
            scaling,
            min_fraction,
            max_fraction,
            min_exponent: parts.exponent.map_or(0, digits),
        }
    }

    fn write(&self, number: f64, parts: &Parts<'_>, options: &Options) -> Result<Text, PictureError> {
        let is_there = |text: &Text| index_of(parts.picture, text, 0).is_some();
        let adjusted = if is_there(&options.percent) {
            number * 100.0
        } else if is_there(&options.per_mille) {
            number * 1000.0
        } else {
            number
        };
        let (mantissa, exponent) = match self.min_exponent {
            0 => (adjusted, None),
            _ => self.scale(adjusted)?,
        };
        let mut text = fixed(number::round(mantissa, self.max_fraction as f64), self.max_fraction, options)?;
        match index_of(&text, &[u16::from(b'.')], 0) {
            Some(at) => drop(text.splice(at..=at, options.decimal_separator.iter().copied())),
            None => text.extend(&options.decimal_separator),
        }
        if let [zero] = options.zero_digit[..] {
            let first = text.iter().position(|unit| *unit != zero).unwrap_or(text.len());
            text.drain(..first);
            let end = text.iter().rposition(|unit| *unit != zero).map_or(0, |last| last + 1);
            text.truncate(end);
        }
        self.pad_and_group(&mut text, options);
        let decimal = index_of(&text, &options.decimal_separator, 0);
        if !is_there(&options.decimal_separator) || decimal.is_some_and(|at| at + 1 == text.len()) {
            text.pop();
        }
        if let Some(exponent) = exponent {
            text.extend(&options.exponent_separator);
            if exponent < 0.0 {
                text.extend(&options.minus_sign);
            }
            let digits = fixed(exponent, 0, options)?;
            (digits.len()..self.min_exponent).for_each(|_| text.extend(&options.zero_digit));
            text.extend(digits);
        }
        Ok(text)
    }

    /// The mantissa within the bounds that the digits of its integer part give, and the exponent.
    fn scale(&self, number: f64) -> Result<(f64, Option<f64>), PictureError> {
        let (max, min) = (10_f64.powf(self.scaling as f64), 10_f64.powf(self.scaling as f64 - 1.0));
        // Nothing makes zero, a negative number or infinity fit.
        if number <= 0.0 || number.is_infinite() {
            return Err(PictureError::Endless);
        }
        let (mut mantissa, mut exponent) = (number, 0.0);
        while mantissa < min {
            mantissa *= 10.0;
            exponent -= 1.0;
        }
        while mantissa > max {
            mantissa /= 10.0;
            exponent += 1.0;
        }
        Ok((mantissa, Some(exponent)))
    }

    fn pad_and_group(&self, text: &mut Text, options: &Options) {
        let decimal = |text: &Text| index_of(text, &options.decimal_separator, 0).map_or(-1, |at| at as isize);
        let at = decimal(text);
        let left = self.min_integer as isize - at;
        let right = self.min_fraction as isize - (text.len() as isize - at - 1);
        let zeros = |count: isize| options.zero_digit.repeat(count.max(0) as usize);
        *text = [zeros(left), std::mem::take(text), zeros(right)].concat();
        let mut at = decimal(text);
        let insert = |text: &mut Text, at: isize| {
            let place = if at < 0 { (text.len() as isize + at).max(0) } else { at.min(text.len() as isize) } as usize;
            text.splice(place..place, options.grouping_separator.iter().copied());
        };
        match self.regular {
            Some(width) => {
                for group in 1..=(at - 1).max(0) / width as isize {
                    insert(text, at - group * width as isize);
                }
            }
            None => {
                for position in &self.grouping {
                    insert(text, at - *position as isize);
                    at += 1;
                }
            }
        }
        let at = decimal(text);
        for position in &self.fraction_grouping {
            insert(text, *position as isize + at + 1);
        }
    }
}

/// Digits on one side of each separator. After the first one, those of the integer part are looked for.
fn positions(part: &[u16], before: bool, parts: &Parts<'_>, options: &Options) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next = index_of(part, &options.grouping_separator, 0);
    while let Some(at) = next {
        let side = if before { &part[..at.min(part.len())] } else { &part[at.min(part.len())..] };
        found.push(side.iter().filter(|unit| options.is_any_digit(**unit)).count());
        next = index_of(parts.integer, &options.grouping_separator, at + 1);
    }
    found
}

fn regular(positions: &[usize]) -> Option<usize> {
    let width = positions.iter().copied().reduce(common_divisor)?;
    let is_regular = (1..=positions.len()).all(|index| positions.contains(&(index * width)));
    (is_regular && width > 0).then_some(width)
}

/// The magnitude with so many digits behind the point.
fn fixed(number: f64, digits: usize, options: &Options) -> Result<Text, PictureError> {
    if digits > MAX_FRACTION {
        return Err(PictureError::Internal);
    }
    let number = number.abs();
    let text = if number.is_finite() && number < 1e21 { format!("{number:.digits$}") } else { plain(number) };
    let zero = options.zero();
    let digit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_digit() => zero.wrapping_add(u16::from(byte - b'0')),
        _ => unit,
    };
    Ok(text.encode_utf16().map(digit).collect())
}

fn index_of(text: &[u16], part: &[u16], from: usize) -> Option<usize> {
    if part.is_empty() {
        return Some(from.min(text.len()));
    }
    let rest = text.get(from..)?;
    rest.windows(part.len()).position(|window| window == part).map(|at| from + at)
}

fn last_index_of(text: &[u16], part: &[u16]) -> Option<usize> {
    if part.is_empty() {
        return Some(text.len());
    }
    text.windows(part.len()).rposition(|window| window == part)
}

fn split<'t>(text: &'t [u16], separator: &[u16]) -> Vec<&'t [u16]> {
    if separator.is_empty() {
        return text.chunks(1).collect();
    }
    let mut parts = Vec::new();
    let mut start = 0;
    while let Some(at) = index_of(text, separator, start) {
        parts.push(&text[start..at]);
        start = at + separator.len();
    }
    parts.push(&text[start..]);
    parts
}
