//! Functions that write and read numbers and times by pictures.

use super::{Arguments, Row, row};
use crate::jsonata::error::{OUT_OF_MEMORY, TIMEOUT, Throw};
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::jsonata::number::{in_radix, round};
use crate::jsonata::picture::{
    self, Options, PictureError, format_integer, format_number, from_millis, parse_integer, to_millis,
};
use crate::jsonata::regex::Fuel;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("formatNumber", "<n-so?:s>", number),
    row("formatBase", "<n-n?:s>", base),
    row("formatInteger", "<n-s:s>", integer),
    row("parseInteger", "<s-s:n>", read_integer),
    row("fromMillis", "<n-s?s?:s>", time),
    row("toMillis", "<s-s?:n>", read_time),
];

/// Work for each byte of a picture: most of it is done for the regular expression that reads a time.
const UNITS_PER_BYTE: usize = 4;

impl From<PictureError> for Throw {
    fn from(error: PictureError) -> Throw {
        match error {
            PictureError::Thrown(code, text) => Throw::new(code, text),
            PictureError::Internal => Throw::internal(),
            PictureError::Endless => Throw::bound(TIMEOUT),
            PictureError::TooLong => Throw::bound(OUT_OF_MEMORY),
        }
    }
}

impl Evaluation<'_> {
    /// The picture, without which the reference fails.
    fn picture(&mut self, picture: Option<Value>) -> Result<String, Throw> {
        let picture = self.text(picture).ok_or_else(Throw::internal)?;
        self.work(10 + picture.len() * UNITS_PER_BYTE)?;
        Ok(picture)
    }
}

/// `$formatNumber(number, picture, options)`
fn number(own: &mut Evaluation<'_>, [number, picture, given, _]: Arguments) -> Evaluated {
    let Some(number) = own.number(number) else { return Ok(None) };
    let picture = own.picture(picture)?;
    let mut options = Options::default();
    if let Some(Value::Object(list)) = given {
        own.work(list.len())?;
        for (name, value) in own.heap.entries(list) {
            match value {
                Value::String(value) => options.set(&own.heap.str(name), &own.heap.str(value)),
                // What is no text, the reference takes for one.
                _ if Options::has(&own.heap.str(name)) => return Err(Throw::internal()),
                _ => {}
            }
        }
    }
    let text = format_number(number, &picture, &options)?;
    own.text_value(&text)
}

/// `$formatBase(number, radix)`
fn base(own: &mut Evaluation<'_>, [number, radix, ..]: Arguments) -> Evaluated {
    let Some(number) = own.number(number) else { return Ok(None) };
    let radix = own.number(radix).map_or(10.0, |radix| round(radix, 0.0));
    if !(2.0..=36.0).contains(&radix) {
        let radix = picture::plain(radix);
        let text = format!("The radix of the formatBase function must be between 2 and 36.  It was given {radix}");
        return Err(Throw::new("D3100", text));
    }
    own.work(10)?;
    let number = round(number, 0.0);
    let is_plain = radix == 10.0 || !number.is_finite();
    let text = if is_plain { picture::plain(number) } else { in_radix(number, radix as u32) };
    own.text_value(&text)
}

/// `$formatInteger(number, picture)`
fn integer(own: &mut Evaluation<'_>, [number, picture, ..]: Arguments) -> Evaluated {
    let Some(number) = own.number(number) else { return Ok(None) };
    let picture = own.picture(picture)?;
    let text = format_integer(number, &picture)?;
    own.text_value(&text)
}

/// `$parseInteger(text, picture)`
fn read_integer(own: &mut Evaluation<'_>, [text, picture, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    let picture = own.picture(picture)?;
    // Each word is looked up in a list of some eighty.
    own.work(text.len() * 8)?;
    let number = parse_integer(&text, &picture)?;
    Ok(Some(own.number_value(number)))
}

/// `$fromMillis(number, picture, timezone)`
fn time(own: &mut Evaluation<'_>, [millis, picture, zone, _]: Arguments) -> Evaluated {
    let Some(millis) = own.number(millis) else { return Ok(None) };
    written_time(own, millis, picture, zone)
}

/// A time in a picture, or else in ISO 8601.
pub(super) fn written_time(
    own: &mut Evaluation<'_>,
    millis: f64,
    picture: Option<Value>,
    zone: Option<Value>,
) -> Evaluated {
    let picture = picture.map(|picture| own.picture(Some(picture))).transpose()?;
    own.work(10)?;
    let zone = own.text(zone);
    let text = from_millis(millis, picture.as_deref(), zone.as_deref())?;
    own.text_value(&text)
}

/// `$toMillis(text, picture)`
fn read_time(own: &mut Evaluation<'_>, [text, picture, ..]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    let picture = picture.map(|picture| own.picture(Some(picture))).transpose()?;
    own.work(10 + text.len())?;
    let now = own.scope.now_millis() as f64;
    let mut fuel = Fuel(own.heap.work_left());
    let before = fuel.0;
    let millis = to_millis(&text, picture.as_deref(), now, &mut fuel);
    own.work((before - fuel.0) as usize)?;
    let millis = millis?;
    Ok(millis.map(|millis| own.number_value(millis)))
}
