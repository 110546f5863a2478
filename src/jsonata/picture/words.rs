//! Numbers in English words, Roman numerals and letters.

use super::{MAX_LETTERS, PictureError, is_space};

const FEW: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const FEW_ORDINAL: [&str; 20] = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const DECADES: [&str; 9] = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred"];
const MAGNITUDES: [&str; 4] = ["Thousand", "Million", "Billion", "Trillion"];

/// A whole number that is not negative, in words with initial capitals.
pub(super) fn words(number: f64, ordinal: bool) -> Result<String, PictureError> {
    if number.is_infinite() {
        return Err(PictureError::Internal);
    }
    let mut out = String::new();
    write(number, false, ordinal, &mut out);
    Ok(out)
}

/// `follows`: other words stand before it.
fn write(number: f64, follows: bool, ordinal: bool, out: &mut String) {
    let few = |number: f64| if ordinal { FEW_ORDINAL[number as usize] } else { FEW[number as usize] };
    if number < 20.0 {
        out.push_str(if follows { " and " } else { "" });
        out.push_str(few(number));
    } else if number < 100.0 {
        out.push_str(if follows { " and " } else { "" });
        let (tens, rest) = (DECADES[(number / 10.0) as usize - 2], number % 10.0);
        if rest > 0.0 {
            out.push_str(tens);
            out.push('-');
            out.push_str(few(rest));
        } else if ordinal {
            out.push_str(&tens[..tens.len() - 1]);
            out.push_str("ieth");
        } else {
            out.push_str(tens);
        }
    } else {
        out.push_str(if follows { ", " } else { "" });
        let (count, unit, name) = if number < 1000.0 {
            ((number / 100.0).floor(), 100.0, "Hundred")
        } else {
            // Beyond trillions there are trillions of trillions.
            let magnitude = ((number.log10() / 3.0).floor() as usize).min(MAGNITUDES.len());
            let unit = 10_f64.powf(3.0 * magnitude as f64);
            ((number / unit).floor(), unit, MAGNITUDES[magnitude - 1])
        };
        write(count, false, false, out);
        out.push(' ');
        out.push_str(name);
        let rest = number - count * unit;
        if rest > 0.0 {
            write(rest, true, ordinal, out);
        } else if ordinal {
            out.push_str("th");
        }
    }
}

/// Every word and its value, in the order in which a pattern tries them.
fn values() -> impl Iterator<Item = (String, f64)> {
    let few = FEW.into_iter().enumerate().map(|(value, word)| (word.to_lowercase(), value as f64));
    let few_ordinal = FEW_ORDINAL.into_iter().enumerate().map(|(value, word)| (word.to_lowercase(), value as f64));
    let decades = DECADES.into_iter().enumerate().flat_map(|(index, word)| {
        let (word, value) = (word.to_lowercase(), (index as f64 + 2.0) * 10.0);
        let ordinal = word[..word.len() - 1].to_owned() + "ieth";
        [(word, value), (ordinal, value)]
    });
    let magnitudes = MAGNITUDES.into_iter().enumerate().flat_map(|(index, word)| {
        let (word, value) = (word.to_lowercase(), 10_f64.powf(3.0 * (index as f64 + 1.0)));
        let ordinal = word.clone() + "th";
        [(word, value), (ordinal, value)]
    });
    few.chain(few_ordinal).chain(decades).chain([("hundredth".to_owned(), 100.0)]).chain(magnitudes)
}

/// What matches a number in words.
pub(super) fn words_pattern() -> String {
    let words: Vec<String> = values().map(|(word, _)| word).collect();
    format!("(?:{}|and|[\\-, ])+", words.join("|"))
}

/// The number that words in lower case say; not a number if one of them is unknown.
pub(super) fn from_words(text: &str) -> f64 {
    let mut segments = vec![0.0];
    for word in split_words(text) {
        let value = values().filter(|(known, _)| *known == word).last().map(|(_, value)| value);
        let top: f64 = segments.pop().unwrap_or(0.0);
        match value {
            Some(value) if value < 100.0 => {
                if top >= 1000.0 {
                    segments.push(top);
                    segments.push(value);
                } else {
                    segments.push(top + value);
                }
            }
            Some(value) => segments.push(top * value),
            None => segments.push(f64::NAN),
        }
    }
    segments.into_iter().sum()
}

/// Splits at `, `, ` and `, blanks, hyphens and backslashes.
fn split_words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(char) = text[at..].chars().next() {
        let after = at + char.len_utf8();
        let space =
            |at: usize| text[at..].chars().next().filter(|char| is_space(*char)).map(|char| at + char.len_utf8());
        let end = if char == ',' {
            space(after)
        } else if is_space(char) {
            let and = text[after..].starts_with("and").then(|| space(after + 3)).flatten();
            Some(and.unwrap_or(after))
        } else {
            matches!(char, '-' | '\\').then_some(after)
        };
        if let Some(end) = end {
            words.push(&text[start..at]);
            start = end;
        }
        at = end.unwrap_or(after);
    }
    words.push(&text[start..]);
    words
}

const ROMAN: [(f64, &str); 13] = [
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

/// A number in Roman numerals, in lower case.
pub(super) fn roman(mut number: f64) -> Result<String, PictureError> {
    if number / 1000.0 > MAX_LETTERS {
        return Err(PictureError::TooLong);
    }
    let mut out = String::new();
    for (value, numeral) in ROMAN {
        while number >= value {
            out.push_str(numeral);
            number -= value;
        }
    }
    Ok(out)
}

/// The number of Roman numerals in upper case; not a number if there is anything else.
pub(super) fn from_roman(text: &str) -> f64 {
    let mut number = 0.0;
    let mut max = 1.0;
    for numeral in text.chars().rev() {
        let value = match numeral {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return f64::NAN,
        };
        if value < max {
            number -= value;
        } else {
            max = value;
            number += value;
        }
    }
    number
}

/// A number in letters, as columns of a sheet are named: `a`, …, `z`, `aa`, … from the letter for one.
pub(super) fn letters(mut number: f64, one: u8) -> Result<String, PictureError> {
    if number.is_infinite() {
        return Err(PictureError::Endless);
    }
    let mut letters = Vec::new();
    while number > 0.0 {
        letters.push(char::from((((number - 1.0) % 26.0) as u8 + one).min(0x7f)));
        number = ((number - 1.0) / 26.0).floor();
    }
    Ok(letters.into_iter().rev().collect())
}

/// The number of letters, or of whatever else stands there: code units count from the letter for one.
pub(super) fn from_letters(text: &str, one: u8) -> f64 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let digit = |unit: u16| f64::from(unit) - f64::from(one) + 1.0;
    units.into_iter().rev().enumerate().map(|(index, unit)| digit(unit) * 26_f64.powf(index as f64)).sum()
}
