//! Pictures of times: literal text and markers in brackets.

use crate::jsonata::picture::integer::{Case, IntegerPicture};
use crate::jsonata::picture::{PictureError, is_space, json, leading_integer, thrown};

#[derive(Debug)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// `[Y0001]`
#[derive(Debug)]
pub(super) struct Marker {
    pub(super) component: char,
    /// `t`: a zone without an offset is `Z`.
    pub(super) is_traditional: bool,
    /// As a name, in this case.
    pub(super) names: Option<Case>,
    pub(super) integer: Option<IntegerPicture>,
    /// Of year, month and day: how many digits count.
    pub(super) digits: Option<f64>,
    pub(super) has_width: bool,
    pub(super) max_width: Option<f64>,
}

pub(super) fn parse(picture: &str) -> Result<Vec<Part>, PictureError> {
    let mut parts = Vec::new();
    let mut rest = picture;
    let literal = |text: &str, parts: &mut Vec<Part>| {
        if !text.is_empty() {
            parts.push(Part::Literal(text.replace("]]", "]")));
        }
    };
    while let Some((before, after)) = rest.split_once('[') {
        literal(before, &mut parts);
        if let Some(after) = after.strip_prefix('[') {
            parts.push(Part::Literal("[".to_owned()));
            rest = after;
            continue;
        }
        let Some((marker, after)) = after.split_once(']') else {
            return Err(thrown("D3135", "No matching closing bracket ']' in date/time picture string"));
        };
        let marker: String = marker.chars().filter(|char| !is_space(*char)).collect();
        parts.push(Part::Marker(Marker::parse(&marker)?));
        rest = after;
    }
    literal(rest, &mut parts);
    Ok(parts)
}

impl Marker {
    fn parse(marker: &str) -> Result<Marker, PictureError> {
        let component = marker.chars().next().unwrap_or_default();
        let (presentation, width) = match marker.rfind(',') {
            Some(0) => (",", Some(&marker[1..])),
            Some(comma) => (&marker[component.len_utf8()..comma], Some(&marker[comma + 1..])),
            None => (marker.strip_prefix(component).unwrap_or_default(), None),
        };
        let (min_width, max_width) = width.map_or((None, None), widths);
        let (primary, modifier) = match presentation.strip_suffix(['a', 't', 'c', 'o']) {
            Some(primary) if !primary.is_empty() => (primary, &presentation[primary.len()..]),
            _ => (presentation, ""),
        };
        let primary = match primary {
            "" => default_presentation(component).ok_or_else(|| unknown(marker))?,
            primary => primary,
        };
        let names = match primary {
            _ if primary.starts_with('n') => Some(Case::Lower),
            _ if primary.starts_with("Nn") => Some(Case::Title),
            _ if primary.starts_with('N') => Some(Case::Upper),
            _ => None,
        };
        let (mut integer, mut digits) = (None, None);
        if names.is_none() && "YMDdFWwXxHhmsf".contains(component) {
            let pattern = if modifier.is_empty() { primary.to_owned() } else { format!("{primary};{modifier}") };
            let mut picture = IntegerPicture::parse(&pattern)?;
            digits = limit(&mut picture, "YMD".contains(component), min_width, max_width);
            integer = Some(picture);
        }
        if matches!(component, 'Z' | 'z') {
            integer = Some(IntegerPicture::parse(primary)?);
        }
        Ok(Marker {
            component,
            is_traditional: modifier == "t",
            names,
            integer,
            digits,
            has_width: width.is_some(),
            max_width,
        })
    }
}

/// Puts the widths of a marker into the picture of its number; how many digits count, if they are `counted`.
fn limit(picture: &mut IntegerPicture, counted: bool, min_width: Option<f64>, max_width: Option<f64>) -> Option<f64> {
    let mut decimal = picture.decimal_mut();
    if let (Some(decimal), Some(min)) = (&mut decimal, min_width)
        && decimal.mandatory < min
    {
        decimal.mandatory = min;
    }
    if !counted {
        return None;
    }
    if let Some(max) = max_width {
        if let Some(decimal) = decimal {
            decimal.mandatory = max;
        }
        return Some(max);
    }
    decimal.map(|decimal| decimal.mandatory + decimal.optional as f64).filter(|digits| *digits >= 2.0)
}

fn unknown(marker: &str) -> PictureError {
    // Of a character beyond the Basic Multilingual Plane, the reference implementation sees half.
    let component = json(&marker.chars().next().map(String::from).unwrap_or_default());
    thrown("D3132", format!("Unknown component specifier {component} in date/time picture string"))
}

/// The least and the most characters, of `2`, `2-4`, `*-4`.
fn widths(text: &str) -> (Option<f64>, Option<f64>) {
    let width = |text: &str| if text == "*" { None } else { Some(leading_integer(text)) };
    match text.split_once('-') {
        Some((min, max)) => (width(min), width(max)),
        None => (width(text), None),
    }
}

fn default_presentation(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Only months and days have names.
pub(super) fn nameless(component: char) -> PictureError {
    let component = json(&component.to_string());
    let text = format!(
        "The 'name' modifier can only be applied to months and days in the date/time picture string, not {component}"
    );
    thrown("D3133", text)
}
