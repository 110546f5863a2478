//! Times of ISO 8601, as the reference implementation takes them and `Date.parse` reads them.

use super::calendar::Instant;
use crate::jsonata::picture::{PictureError, json, thrown};

/// Milliseconds since the epoch; not a number if the text looks like a time, but there is none such.
pub(super) fn read(text: &str) -> Result<f64, PictureError> {
    if !looks_like_a_time(text) {
        let text = format!(
            "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given {}",
            json(text)
        );
        return Err(thrown("D3110", text));
    }
    Ok(standard(text).or_else(|| with_points(text)).unwrap_or(f64::NAN))
}

/// The check that comes first: parts may be repeated, and nothing is said of their values.
fn looks_like_a_time(text: &str) -> bool {
    let Some(mut rest) = shape(text, "9999") else { return false };
    for part in ["-19", "-39", "T29:59:59"] {
        while let Some(after) = shape(rest, part) {
            rest = after;
        }
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
        if rest.len() == fraction.len() {
            return false;
        }
    }
    let zone = ["+29:59", "-29:59", "+2959", "-2959", "Z"].into_iter().find_map(|zone| shape(rest, zone));
    zone.unwrap_or(rest).is_empty()
}

/// What follows a part of this shape, in which each digit is the greatest that may stand there.
fn shape<'t>(text: &'t str, shape: &str) -> Option<&'t str> {
    let (part, rest) = text.split_at_checked(shape.len())?;
    let fits =
        |(char, shape): (u8, u8)| if shape.is_ascii_digit() { (b'0'..=shape).contains(&char) } else { char == shape };
    std::iter::zip(part.bytes(), shape.bytes()).all(fits).then_some(rest)
}

/// Takes a number of so many digits.
fn number(text: &mut &str, digits: usize) -> Option<f64> {
    let (part, rest) = text.split_at_checked(digits)?;
    let value: u32 = part.parse().ok()?;
    *text = rest;
    Some(f64::from(value))
}

/// The format of ECMAScript. A day that a month does not have is one of the next month.
fn standard(text: &str) -> Option<f64> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    let part = |rest: &mut &str| match rest.strip_prefix('-') {
        Some(after) if after.bytes().take_while(u8::is_ascii_digit).count() == 2 && !is_zone(rest) => {
            *rest = after;
            number(rest, 2)
        }
        _ => Some(1.0),
    };
    let (month, day) = (part(&mut rest)?, part(&mut rest)?);
    if !(1.0..=12.0).contains(&month) || !(1.0..=31.0).contains(&day) {
        return None;
    }
    let mut within_day = 0.0;
    if let Some(time) = rest.strip_prefix('T') {
        rest = time;
        within_day = time_of_day(&mut rest)?;
        within_day -= zone(&mut rest)?;
    } else {
        rest = rest.strip_prefix('Z').unwrap_or(rest);
    }
    rest.is_empty().then(|| of_year(year, month, day) + within_day)
}

fn is_zone(text: &str) -> bool {
    text.as_bytes().get(3) == Some(&b':')
}

/// No year is taken for one of the twentieth century here.
fn of_year(year: f64, month: f64, day: f64) -> f64 {
    // Four hundred years are always as long.
    Instant::of(year + 400.0, month - 1.0, day, 0.0).0 - 146_097.0 * super::calendar::DAY
}

/// Milliseconds within the day.
fn time_of_day(rest: &mut &str) -> Option<f64> {
    let hours = number(rest, 2)?;
    *rest = rest.strip_prefix(':')?;
    let minutes = number(rest, 2)?;
    *rest = rest.strip_prefix(':')?;
    let seconds = number(rest, 2)?;
    let mut millis = 0.0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = fraction.split_at(len);
        millis = format!("{digits:0<3}")[..3].parse().ok()?;
        *rest = after;
    }
    let within = ((hours * 60.0 + minutes) * 60.0 + seconds) * 1000.0 + millis;
    (hours < 24.0 || within == super::calendar::DAY).then_some(within)
}

/// Milliseconds that the zone is ahead. Without one it is UTC.
fn zone(rest: &mut &str) -> Option<f64> {
    let sign = match rest.bytes().next() {
        Some(b'+') => 1.0,
        Some(b'-') => -1.0,
        Some(b'Z') => {
            *rest = &rest[1..];
            return Some(0.0);
        }
        _ => return Some(0.0),
    };
    *rest = &rest[1..];
    let hours = number(rest, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = number(rest, 2)?;
    (hours < 24.0).then_some(sign * (hours * 60.0 + minutes) * 60_000.0)
}

/// `2018.5` and `2018-06.25`, which engines read as year, month and day.
fn with_points(text: &str) -> Option<f64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, last) = text.split_once('.')?;
    let last: f64 = if last.len() <= 2 { last.parse().ok()? } else { return None };
    let mut rest = date;
    let year = number(&mut rest, 4)?;
    let (month, day) = match rest.strip_prefix('-') {
        None if rest.is_empty() => (last, 1.0),
        Some(month) if month.len() == 2 => (month.parse().ok()?, last),
        _ => return None,
    };
    let exists = (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day);
    exists.then(|| of_year(year, month, day))
}
