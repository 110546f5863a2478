//! Pictures of whole numbers: `$formatInteger` and `$parseInteger`, and the numbers within times.

use super::words::{from_letters, from_roman, from_words, letters, roman, words, words_pattern};
use super::{PictureError, json, leading_integer, plain, thrown};

/// Where the digits of each family begin. Ten follow each other.
const ZEROS: [u32; 37] = [
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// Digits that a picture may ask for.
const MAX_DIGITS: f64 = 1_000_000.0;

/// `$formatInteger(number, picture)`
pub(in crate::jsonata) fn format_integer(number: f64, picture: &str) -> Result<String, PictureError> {
    IntegerPicture::parse(picture)?.format(number.floor())
}

/// `$parseInteger(text, picture)`; not a number if the text does not fit.
pub(in crate::jsonata) fn parse_integer(text: &str, picture: &str) -> Result<f64, PictureError> {
    IntegerPicture::parse(picture)?.read(text)
}

#[derive(Clone, Debug)]
pub(super) struct IntegerPicture {
    pub(super) kind: Kind,
    ordinal: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Letters {
        upper: bool,
    },
    Roman {
        upper: bool,
    },
    Words(Case),
    Decimal(Decimal),
    /// A numbering that the reference implementation does not know.
    Sequence(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

#[derive(Clone, Debug)]
pub(super) struct Decimal {
    zero: u32,
    /// Digits that are always written. A width that is no number makes it none, too.
    pub(super) mandatory: f64,
    pub(super) optional: usize,
    pub(super) grouping: Grouping,
}

#[derive(Clone, Debug)]
pub(super) enum Grouping {
    /// The separator, each so many digits.
    Regular(char, usize),
    /// Separators, and how many digits stand behind each; the last one first.
    At(Vec<(char, usize)>),
}

impl IntegerPicture {
    pub(super) fn parse(picture: &str) -> Result<IntegerPicture, PictureError> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let kind = match primary {
            "A" | "a" => Kind::Letters { upper: primary == "A" },
            "I" | "i" => Kind::Roman { upper: primary == "I" },
            "W" => Kind::Words(Case::Upper),
            "Ww" => Kind::Words(Case::Title),
            "w" => Kind::Words(Case::Lower),
            _ => Decimal::parse(primary)?.map_or_else(|| Kind::Sequence(primary.into()), Kind::Decimal),
        };
        Ok(IntegerPicture { kind, ordinal: modifier.starts_with('o') })
    }

    pub(super) fn decimal(&self) -> Option<&Decimal> {
        match &self.kind {
            Kind::Decimal(decimal) => Some(decimal),
            _ => None,
        }
    }

    pub(super) fn decimal_mut(&mut self) -> Option<&mut Decimal> {
        match &mut self.kind {
            Kind::Decimal(decimal) => Some(decimal),
            _ => None,
        }
    }

    fn unsupported(token: &str) -> PictureError {
        let token = json(token);
        let text = format!(
            "Formatting or parsing an integer as a sequence starting with {token} is not supported by this implementation"
        );
        thrown("D3130", text)
    }

    /// The text of a whole number.
    pub(super) fn format(&self, number: f64) -> Result<String, PictureError> {
        let magnitude = number.abs();
        let text = match &self.kind {
            Kind::Letters { upper } => letters(magnitude, if *upper { b'A' } else { b'a' })?,
            Kind::Roman { upper: true } => roman(magnitude)?.to_uppercase(),
            Kind::Roman { upper: false } => roman(magnitude)?,
            // Of what is no number there are no words.
            Kind::Words(_) if magnitude.is_nan() => return Err(PictureError::Internal),
            Kind::Words(Case::Upper) => words(magnitude, self.ordinal)?.to_uppercase(),
            Kind::Words(Case::Lower) => words(magnitude, self.ordinal)?.to_lowercase(),
            Kind::Words(Case::Title) => words(magnitude, self.ordinal)?,
            Kind::Decimal(decimal) => decimal.format(magnitude, self.ordinal)?,
            Kind::Sequence(token) => return Err(Self::unsupported(token)),
        };
        Ok(if number < 0.0 { format!("-{text}") } else { text })
    }

    /// What matches such a number. `digits`: how many there are, at most.
    pub(super) fn pattern(&self, digits: Option<f64>) -> Result<String, PictureError> {
        Ok(match &self.kind {
            Kind::Letters { upper } => if *upper { "[A-Z]+" } else { "[a-z]+" }.to_owned(),
            Kind::Roman { upper } => if *upper { "[MDCLXVI]+" } else { "[mdclxvi]+" }.to_owned(),
            Kind::Words(_) => words_pattern(),
            Kind::Decimal(decimal) => {
                let occurrences = match digits {
                    Some(most) if most > 0.0 && decimal.optional == 0 => format!("{{{}}}", plain(most)),
                    Some(most) if most > 0.0 => {
                        format!("{{{},{}}}", plain(most - decimal.optional as f64), plain(most))
                    }
                    _ => "+".to_owned(),
                };
                format!("[0-9]{occurrences}{}", if self.ordinal { "(?:th|st|nd|rd)" } else { "" })
            }
            Kind::Sequence(token) => return Err(Self::unsupported(token)),
        })
    }

    /// The number that a text says, whether it matches the [pattern](IntegerPicture::pattern) or not.
    pub(super) fn read(&self, text: &str) -> Result<f64, PictureError> {
        Ok(match &self.kind {
            Kind::Letters { upper } => from_letters(text, if *upper { b'A' } else { b'a' }),
            Kind::Roman { upper: true } => from_roman(text),
            Kind::Roman { upper: false } => from_roman(&text.to_uppercase()),
            Kind::Words(_) => from_words(&text.to_lowercase()),
            Kind::Decimal(decimal) => {
                let end =
                    if self.ordinal { text.char_indices().rev().nth(1).map_or(0, |(at, _)| at) } else { text.len() };
                decimal.read(&text[..end])?
            }
            Kind::Sequence(token) => return Err(Self::unsupported(token)),
        })
    }
}

impl Decimal {
    /// `None` if there is no digit in the picture.
    fn parse(picture: &str) -> Result<Option<Decimal>, PictureError> {
        let mut zero = None;
        let (mut mandatory, mut optional, mut separators) = (0, 0, Vec::new());
        for char in picture.chars().rev() {
            let code = u32::from(char);
            if let Some(family) = ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&code)) {
                if zero.is_some_and(|zero| zero != family) {
                    let text = "In a decimal digit pattern, all digits must be from the same decimal group";
                    return Err(thrown("D3131", text));
                }
                zero = Some(family);
                mandatory += 1;
            } else if char == '#' {
                optional += 1;
            } else {
                separators.push((char, mandatory + optional));
            }
        }
        let grouping = match regular(&separators) {
            Some((separator, width)) => Grouping::Regular(separator, width),
            None => Grouping::At(separators),
        };
        Ok(zero.map(|zero| Decimal { zero, mandatory: mandatory as f64, optional, grouping }))
    }

    fn format(&self, number: f64, ordinal: bool) -> Result<String, PictureError> {
        let digits = plain(number);
        let missing = self.mandatory - digits.len() as f64;
        if missing > MAX_DIGITS {
            return Err(PictureError::TooLong);
        }
        let shift = |char: char| char::from_u32(u32::from(char) + self.zero - 0x30).unwrap_or(char);
        let padded = "0".repeat(missing.max(0.0) as usize) + &digits;
        let mut units: Vec<u16> = padded.chars().map(shift).collect::<String>().encode_utf16().collect();
        match &self.grouping {
            Grouping::Regular(separator, width) => {
                for group in (1..=(units.len() - 1) / width).rev() {
                    let at = units.len() - group * width;
                    units = insert(&units, at as isize, *separator);
                }
            }
            Grouping::At(separators) => {
                for (separator, position) in separators.iter().rev() {
                    let at = units.len() as isize - *position as isize;
                    units = insert(&units, at, *separator);
                }
            }
        }
        let mut text = String::from_utf16_lossy(&units);
        if ordinal {
            text.push_str(suffix(&text));
        }
        Ok(text)
    }

    fn read(&self, text: &str) -> Result<f64, PictureError> {
        let mut digits = text.to_owned();
        match &self.grouping {
            // Whatever the separator of the picture is.
            Grouping::Regular(..) => digits.retain(|char| char != ','),
            Grouping::At(separators) => digits.retain(|char| !separators.iter().any(|(own, _)| *own == char)),
        }
        if self.zero != 0x30 {
            let shift = |char: char| (u32::from(char) + 0x30).checked_sub(self.zero).and_then(char::from_u32);
            digits = digits.chars().map(shift).collect::<Option<String>>().ok_or(PictureError::Internal)?;
        }
        Ok(leading_integer(&digits))
    }
}

/// Puts a separator in, counted from the left. Where the number is too short for it, only its end is kept.
fn insert(units: &[u16], at: isize, separator: char) -> Vec<u16> {
    let (kept, rest) = match usize::try_from(at) {
        Ok(at) => (&units[..at.min(units.len())], &units[at.min(units.len())..]),
        Err(_) => (&units[..0], &units[units.len().saturating_sub(at.unsigned_abs())..]),
    };
    let mut buffer = [0; 2];
    [kept, separator.encode_utf16(&mut buffer), rest].concat()
}

/// `st`, `nd`, `rd`, `th`
fn suffix(text: &str) -> &'static str {
    let mut last = text.chars().rev();
    let (digit, before) = (last.next(), last.next());
    match digit {
        _ if before == Some('1') => "th",
        Some('1') => "st",
        Some('2') => "nd",
        Some('3') => "rd",
        _ => "th",
    }
}

/// The separator and its distance, if there is one separator, each so many digits.
fn regular(separators: &[(char, usize)]) -> Option<(char, usize)> {
    let (first, _) = separators.first()?;
    let width = separators.iter().map(|(_, position)| *position).reduce(common_divisor)?;
    let is_regular = separators.iter().all(|(separator, _)| separator == first)
        && (1..=separators.len()).all(|index| separators.iter().any(|(_, position)| *position == index * width));
    (is_regular && width > 0).then_some((*first, width))
}

pub(super) fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
