//! Which failures or dead letters are meant.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::stream::Letter;
use crate::task::Pattern;

/// Those that are meant: all that are given have to hold.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Filter {
    /// Only with this error (of a dead letter: its reason); `*` stands for any characters
    #[arg(long, value_name = "ERROR")]
    error: Option<String>,
    /// Only of this state; `*` stands for any characters
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only of events with this key; `*` stands for any characters
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only with this header; as often as there are headers to look at
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<HeaderIs>,
    /// Only what was written since: a time such as 2026-11-28T20:00:00Z, or how long ago, such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only what was written before
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl Filter {
    pub(super) fn takes(&self, letter: &Letter) -> bool {
        let key = || String::from_utf8_lossy(letter.key.as_deref().unwrap_or_default()).into_owned();
        let time = letter.timestamp.unwrap_or(i64::MIN);
        fits(self.error.as_deref(), letter.error())
            && fits(self.state.as_deref(), letter.state())
            && self.workflow.as_deref().is_none_or(|name| name == letter.workflow())
            && self.key.as_deref().is_none_or(|pattern| letter.key.is_some() && fits(Some(pattern), &key()))
            && self.headers.iter().all(|HeaderIs { name, value }| letter.header(name) == Some(value))
            && self.since.is_none_or(|Moment(since)| time >= since)
            && self.until.is_none_or(|Moment(until)| time < until)
    }
}

fn fits(pattern: Option<&str>, text: &str) -> bool {
    pattern.is_none_or(|pattern| Pattern::new(pattern).matches(text))
}

/// A header and its value.
#[derive(Clone, Debug)]
struct HeaderIs {
    name: String,
    value: String,
}

impl FromStr for HeaderIs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// A time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment(i64);

impl Moment {
    fn read(text: &str, now: Timestamp) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self(time.as_millisecond()));
        }
        let ago = text.parse::<SignedDuration>().ok().filter(|ago| !ago.is_negative());
        let time = ago.and_then(|ago| now.checked_sub(ago).ok());
        time.map(|time| Self(time.as_millisecond()))
            .ok_or_else(|| "give a time such as 2026-11-28T20:00:00Z, or how long ago, such as 90m or 2h".to_owned())
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text, Timestamp::now())
    }
}

/// Where one lies in its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    partition: i32,
    offset: i64,
}

impl Place {
    pub(super) fn is_of(self, letter: &Letter) -> bool {
        (letter.partition, letter.offset) == (self.partition, self.offset)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (partition, offset) = text.split_once(':')?;
            Some(Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        };
        read().ok_or("write it as PARTITION:OFFSET, such as 0:17")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::stream::headers;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        filter: Filter,
    }

    fn takes(arguments: &[&str], letter: &Letter) -> bool {
        let line = std::iter::once(&"test").chain(arguments);
        Line::try_parse_from(line).expect("valid arguments").filter.takes(letter)
    }

    #[test]
    fn all_that_is_given_has_to_hold() {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        let header = |name: &str, value: &str| (name.to_owned(), text(value));
        let letter = Letter {
            key: text("ord-17"),
            timestamp: Some(1_000_000),
            headers: vec![
                header("tenant", "a=b"),
                header(headers::ERROR, "Order.Invalid"),
                header(headers::STATE, "Check"),
                header(headers::WORKFLOW, "order"),
            ],
            ..Letter::default()
        };
        for (arguments, expected) in [
            (&[][..], true),
            (&["--error", "Order.*", "--state", "Check", "--workflow", "order", "--key", "ord-*"], true),
            (&["--error", "Order"], false),
            (&["--state", "Che"], false),
            (&["--workflow", "ord*"], false),
            (&["--key", "ord-1"], false),
            (&["--header", "tenant=a=b"], true),
            (&["--header", "tenant=a=b", "--header", "tenant=c"], false),
            (&["--since", "1970-01-01T00:16:40Z", "--until", "1970-01-01T00:16:41Z"], true),
            (&["--until", "1970-01-01T00:16:40Z"], false),
            (&["--since", "1h"], false),
        ] {
            assert_eq!(takes(arguments, &letter), expected, "{arguments:?}");
        }
        assert!(!takes(&["--key", "*"], &Letter::default()), "without a key none fits");
    }

    #[test]
    fn times_are_read_as_dates_and_as_how_long_ago() {
        let now: Timestamp = "2026-11-28T20:00:00Z".parse().expect("a time");
        let at = |text: &str| Moment::read(text, now).map(|Moment(time)| time - now.as_millisecond());
        assert_eq!((at("2h"), at("90m")), (Ok(-7_200_000), Ok(-5_400_000)));
        assert_eq!(at("2026-11-28T20:00:01Z"), Ok(1000));
        for wrong in ["", "yesterday", "-2h", "2026-11-28"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn places_are_read_as_they_are_shown() {
        let place: Place = "3:17".parse().expect("a place");
        assert_eq!(place.to_string(), "3:17");
        for wrong in ["", "3", "3:", ":17", "a:b"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
