//! Times: `$fromMillis` and `$toMillis`.

mod calendar;
mod format;
mod iso;
mod markers;
mod read;

pub(in crate::jsonata) use format::from_millis;

use super::PictureError;
use crate::jsonata::regex::Fuel;

/// `$toMillis(text, picture)`: milliseconds since the Unix epoch, not a number if there is no such time; `None` if the text
/// does not match the picture. What the picture leaves out is that of now. `fuel` is for matching the two.
pub(in crate::jsonata) fn to_millis(
    text: &str,
    picture: Option<&str>,
    now_millis: f64,
    fuel: &mut Fuel,
) -> Result<Option<f64>, PictureError> {
    match picture {
        Some(picture) => read::read(text, picture, now_millis, fuel),
        None => iso::read(text).map(Some),
    }
}
