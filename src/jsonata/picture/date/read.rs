//! Reads a time by a picture.

use super::calendar::{DAY, Instant};
use super::markers::{self, DAYS, MONTHS, Marker, Part, nameless};
use crate::jsonata::picture::integer::{Grouping, IntegerPicture};
use crate::jsonata::picture::{PictureError, leading_integer, thrown};
use crate::jsonata::regex::{Fuel, Regex, Subject};

/// What was read, by component. Not a number: there was something, but nothing with a value.
#[derive(Default)]
struct Components(Vec<(char, Option<f64>)>);

impl Components {
    fn value(&self, component: char) -> Option<f64> {
        self.0.iter().find(|(known, _)| *known == component).and_then(|(_, value)| *value)
    }

    fn set(&mut self, component: char, value: Option<f64>) {
        match self.0.iter_mut().find(|(known, _)| *known == component) {
            Some((_, known)) => *known = value,
            None => self.0.push((component, value)),
        }
    }

    /// Whether there is a value that is neither zero nor not a number.
    fn has(&self, component: char) -> bool {
        self.value(component).is_some_and(|value| value != 0.0 && !value.is_nan())
    }

    /// Whether of `all` only the letters of `kind` are there, and one at least.
    fn are(&self, all: &str, kind: &str) -> bool {
        let mut present = all.chars().filter(|component| self.has(*component)).peekable();
        present.peek().is_some() && present.all(|component| kind.contains(component))
    }
}

pub(super) fn read(text: &str, picture: &str, now_millis: f64, fuel: &mut Fuel) -> Result<Option<f64>, PictureError> {
    let parts = markers::parse(picture)?;
    let mut pattern = String::from("^");
    for part in &parts {
        pattern.push('(');
        pattern.push_str(&match part {
            Part::Literal(literal) => escaped(literal),
            Part::Marker(marker) => marker_pattern(marker)?,
        });
        pattern.push(')');
    }
    pattern.push('$');
    let regex = Regex::for_once(&pattern, "i").map_err(|_| PictureError::Internal)?;
    let subject = Subject::new(text);
    let found = regex.find(&subject, 0, fuel).map_err(|_| PictureError::Endless)?;
    let Some(found) = found else { return Ok(None) };
    let mut components = Components::default();
    for (part, group) in std::iter::zip(&parts, found.groups) {
        if let (Part::Marker(marker), Some((start, end))) = (part, group) {
            let value = marker_value(marker, &subject.slice(start, end))?;
            components.set(marker.component, value);
        }
    }
    if components.0.is_empty() { Ok(None) } else { combine(components, now_millis).map(Some) }
}

fn escaped(literal: &str) -> String {
    let mut out = String::new();
    for char in literal.chars() {
        if ".*+?^${}()|[]\\".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// The separator between hours and minutes of a zone.
fn separator(integer: &IntegerPicture) -> Option<char> {
    match integer.decimal()?.grouping {
        Grouping::Regular(separator, _) => Some(separator),
        Grouping::At(_) => None,
    }
}

fn marker_pattern(marker: &Marker) -> Result<String, PictureError> {
    Ok(match (marker.component, &marker.integer) {
        (zone @ ('Z' | 'z'), Some(integer)) => {
            let name = if zone == 'z' { "GMT" } else { "" };
            let minutes = separator(integer).map(|separator| format!("{separator}[0-9]+")).unwrap_or_default();
            format!("{name}[-+][0-9]+{minutes}")
        }
        (_, Some(integer)) => integer.pattern(marker.digits)?,
        ('M' | 'x' | 'F' | 'P', None) => "[a-zA-Z]+".to_owned(),
        (other, None) => return Err(nameless(other)),
    })
}

fn marker_value(marker: &Marker, text: &str) -> Result<Option<f64>, PictureError> {
    let position = |names: &[&str]| {
        let cut = |name: &&&str| match marker.max_width {
            Some(max) if max > 0.0 => name[..name.len().min(max as usize)] == *text,
            // No width at all: a negative one leaves nothing of a name.
            Some(max) if max < 0.0 => text.is_empty(),
            _ => **name == text,
        };
        // Of names that are cut to the same, the last one counts.
        names.iter().enumerate().rfind(|(_, name)| cut(name)).map(|(index, _)| index as f64 + 1.0)
    };
    Ok(match (marker.component, &marker.integer) {
        (zone @ ('Z' | 'z'), Some(integer)) => Some(zone_minutes(integer, if zone == 'z' { &text[3..] } else { text })),
        (_, Some(integer)) => Some(integer.read(text)?),
        ('M' | 'x', None) => position(&MONTHS),
        ('F', None) => position(&DAYS),
        _ => match text {
            "am" | "AM" => Some(0.0),
            "pm" | "PM" => Some(1.0),
            _ => None,
        },
    })
}

/// Minutes that the zone is ahead.
fn zone_minutes(integer: &IntegerPicture, text: &str) -> f64 {
    let (hours, minutes) = match separator(integer) {
        Some(separator) => {
            let (hours, minutes) = text.split_once(separator).unwrap_or(("", text));
            (leading_integer(hours), leading_integer(minutes))
        }
        None if text.len() <= 3 => (leading_integer(text), 0.0),
        None => (leading_integer(&text[..3]), leading_integer(&text[3..])),
    };
    hours * 60.0 + minutes
}

fn combine(mut components: Components, now_millis: f64) -> Result<f64, PictureError> {
    let incomplete = || {
        let text = "The date/time picture string is missing specifiers required to parse the timestamp";
        thrown("D3136", text)
    };
    let (all_dates, all_times) = ("YXMxWwdD", "PHhmsf");
    let is_date = components.are(all_dates, "YMD");
    let is_day_of_year = !is_date && components.are(all_dates, "Yd");
    let is_week_of_month = components.are(all_dates, "Xxw");
    let is_week_of_year = !is_week_of_month && components.are(all_dates, "XW");
    let is_half_day = !components.are(all_times, "Hmsf") && components.are(all_times, "Phmsf");
    let dates = match () {
        () if is_day_of_year => "YD",
        () if is_week_of_month => "XxwF",
        () if is_week_of_year => "XWF",
        () => "YMD",
    };
    let now = Instant::new(now_millis);
    let (mut begun, mut ended) = (false, false);
    for component in dates.chars().chain(if is_half_day { "Phmsf" } else { "Hmsf" }.chars()) {
        if components.value(component).is_some() {
            begun = true;
            if ended {
                return Err(incomplete());
            }
        } else if begun {
            // What is smaller than what was given begins.
            ended = true;
            components.set(component, Some(if "MDd".contains(component) { 1.0 } else { 0.0 }));
        } else {
            components.set(component, now.number(component));
        }
    }
    if is_week_of_month || is_week_of_year {
        return Err(incomplete());
    }
    let part = |component: char| components.value(component).unwrap_or(f64::NAN);
    let (mut month, mut day) = (if part('M') > 0.0 { part('M') - 1.0 } else { 0.0 }, part('D'));
    if is_day_of_year {
        let derived = Instant::new(Instant::of(part('Y'), 0.0, 1.0, 0.0).0 + (part('d') - 1.0) * DAY);
        (month, day) = (derived.month() - 1.0, derived.day());
    }
    let hours = if is_half_day {
        let first_half = if part('h') == 12.0 { 0.0 } else { part('h') };
        first_half + if part('P') == 1.0 { 12.0 } else { 0.0 }
    } else {
        part('H')
    };
    let within_day = ((hours * 60.0 + part('m')) * 60.0 + part('s')) * 1000.0 + part('f');
    let millis = Instant::of(part('Y'), month, day, within_day).0;
    let zone = ['Z', 'z'].into_iter().find(|zone| components.has(*zone));
    Ok(millis - zone.map_or(0.0, |zone| part(zone) * 60_000.0))
}
