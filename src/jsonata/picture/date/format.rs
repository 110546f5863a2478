use super::calendar::Instant;
use super::markers::{self, DAYS, MONTHS, Marker, Part, nameless};
use crate::jsonata::picture::integer::{Case, Grouping, IntegerPicture, format_integer};
use crate::jsonata::picture::{PictureError, leading_integer, plain, thrown};

/// What is written where no picture is given: ISO 8601.
const ISO: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// `$fromMillis(millis, picture, timezone)`. The timezone is an offset, `+hhmm`.
pub(in crate::jsonata) fn from_millis(
    millis: f64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Result<String, PictureError> {
    let offset = timezone.map_or(0.0, leading_integer);
    // Minutes keep the sign, hours are rounded down, as the reference implementation does.
    let zone = Zone { hours: (offset / 100.0).floor(), minutes: offset % 100.0 };
    let parts = markers::parse(picture.unwrap_or(ISO))?;
    let instant = Instant::new(millis + (60.0 * zone.hours + zone.minutes) * 60_000.0);
    let mut text = String::new();
    for part in &parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Marker(marker) => text.push_str(&component(marker, instant, zone)?),
        }
    }
    Ok(text)
}

#[derive(Clone, Copy)]
struct Zone {
    hours: f64,
    minutes: f64,
}

fn component(marker: &Marker, instant: Instant, zone: Zone) -> Result<String, PictureError> {
    Ok(match marker.component {
        'Z' | 'z' => offset(marker, zone)?,
        'P' => {
            let half = if instant.hours() >= 12.0 { "pm" } else { "am" };
            if marker.names == Some(Case::Upper) { half.to_uppercase() } else { half.to_owned() }
        }
        'C' | 'E' => "ISO".to_owned(),
        letter => match instant.number(letter) {
            Some(number) => match (&marker.integer, marker.names) {
                (Some(integer), _) => integer.format(counted(marker, number))?,
                (None, Some(case)) if letter != 'f' => name(marker, number, case)?,
                _ => return Err(PictureError::Internal),
            },
            // The reference implementation prints what it does not find.
            None => "undefined".to_owned(),
        },
    })
}

/// Of a year, the digits that count.
fn counted(marker: &Marker, number: f64) -> f64 {
    match marker.digits {
        Some(digits) if marker.component == 'Y' && digits != -1.0 => number % 10_f64.powf(digits),
        _ => number,
    }
}

fn name(marker: &Marker, number: f64, case: Case) -> Result<String, PictureError> {
    let names: &[&str] = match marker.component {
        'M' | 'x' => &MONTHS,
        'F' => &DAYS,
        other => return Err(nameless(other)),
    };
    let Some(name) = names.get((number - 1.0) as usize).filter(|_| !number.is_nan()) else {
        let is_printed = case == Case::Title && !marker.has_width;
        return if is_printed { Ok("undefined".to_owned()) } else { Err(PictureError::Internal) };
    };
    let name = match case {
        Case::Upper => name.to_uppercase(),
        Case::Lower => name.to_lowercase(),
        Case::Title => (*name).to_owned(),
    };
    Ok(match marker.max_width {
        Some(max) if name.len() as f64 > max => name[..max.max(0.0) as usize].to_owned(),
        _ => name,
    })
}

fn offset(marker: &Marker, zone: Zone) -> Result<String, PictureError> {
    let Some(integer) = &marker.integer else { return Err(PictureError::Internal) };
    let offset = zone.hours * 100.0 + zone.minutes;
    let mut text = digits(integer, zone, offset)?;
    if offset >= 0.0 {
        text.insert(0, '+');
    }
    if marker.component == 'z' {
        text.insert_str(0, "GMT");
    }
    Ok(if offset == 0.0 && marker.is_traditional { "Z".to_owned() } else { text })
}

fn digits(integer: &IntegerPicture, zone: Zone, offset: f64) -> Result<String, PictureError> {
    let too_many = || thrown("D3134", "The timezone integer format specifier cannot have more than four digits");
    let decimal = integer.decimal().ok_or_else(too_many)?;
    if matches!(decimal.grouping, Grouping::Regular(..)) {
        return integer.format(offset);
    }
    match decimal.mandatory {
        1.0 | 2.0 => {
            let mut text = integer.format(zone.hours)?;
            if zone.minutes != 0.0 {
                text.push(':');
                text.push_str(&format_integer(zone.minutes, "00").unwrap_or_else(|_| plain(zone.minutes)));
            }
            Ok(text)
        }
        3.0 | 4.0 => integer.format(offset),
        _ => Err(too_many()),
    }
}
