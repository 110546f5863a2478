//! Failures and dead letters as they lie in their topics: read back, and replayed.
//!
//! A record that was replayed is *marked* by another one behind it, in the same partition, with the header
//! [`REPLAYED`](super::headers::REPLAYED): its offset. So a mark lives at least as long as what it marks, and needs no place of its own.
//! Offsets of a group would not do: brokers forget them a week after its last member.

mod read;
mod replay;

use rdkafka::message::{BorrowedMessage, Headers, Message};
use serde::de::IgnoredAny;

pub use read::{LettersError, Reader};
pub use replay::{Replayer, Way};

use super::headers;

/// A failure or a dead letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// Partition of its topic.
    pub partition: i32,
    /// Offset in that partition.
    pub offset: i64,
    /// When it was written, in milliseconds since the Unix epoch, if that is known.
    pub timestamp: Option<i64>,
    /// The key of its event.
    pub key: Option<Vec<u8>>,
    /// Its value: of a dead letter the event's, of a failure what [`headers`] says and more.
    pub value: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl Letter {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
        }
    }

    /// The text of a header; the last one of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rev().find(|(header, _)| header == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    /// Whether it is a failure or a dead letter at all: results may lie in the same topic.
    pub fn is_one(&self) -> bool {
        self.header(headers::STATUS).is_some() || self.is_dead_letter()
    }

    fn is_dead_letter(&self) -> bool {
        self.header(headers::REASON).is_some()
    }

    /// The error of a failure, the reason of a dead letter; empty: it has none.
    pub fn error(&self) -> &str {
        self.header(headers::REASON).or_else(|| self.header(headers::ERROR)).unwrap_or_default()
    }

    /// The cause of a failure, the sentence of a dead letter.
    pub fn cause(&self) -> &str {
        self.header(headers::DETAIL).or_else(|| self.header(headers::CAUSE)).unwrap_or_default()
    }

    /// The state that failed; empty: it is none of a state.
    pub fn state(&self) -> &str {
        self.header(headers::STATE).unwrap_or_default()
    }

    /// The workflow that was to run the event.
    pub fn workflow(&self) -> &str {
        self.header(headers::WORKFLOW).unwrap_or_default()
    }

    /// Where the event stands that it is about.
    pub fn source(&self) -> Option<Source> {
        Some(Source {
            topic: self.header(headers::TOPIC)?.to_owned(),
            partition: self.header(headers::PARTITION)?.parse().ok()?,
            offset: self.header(headers::OFFSET)?.parse().ok()?,
        })
    }

    /// The offset that it marks as replayed, if it is a mark.
    fn marks(&self) -> Option<i64> {
        self.header(headers::REPLAYED)?.parse().ok()
    }

    /// The event's value as far as the letter itself has it: of a dead letter as it came; of a failure without the blanks around it.
    fn event(&self) -> Option<&[u8]> {
        if self.is_dead_letter() { self.value.as_deref() } else { input(self.value.as_deref()?) }
    }

    /// Whether this is its event and not another one that stands in its place, in a topic that was made anew.
    fn is_about(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        let has_value = self.event().is_none_or(|event| value.is_some_and(|value| value.trim_ascii() == event));
        self.key.as_deref() == key && has_value
    }

    /// Its headers that were the event's.
    fn event_headers(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        let own = self.headers.iter().filter(|(name, _)| !headers::is_reserved(name));
        own.map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

/// The `Input` of a failure's value, byte for byte.
fn input(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value.trim_ascii_start().strip_prefix(b"{")?;
    loop {
        let (name, after) = first::<String>(rest)?;
        let member = rest[after..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (IgnoredAny, end) = first(member)?;
        if name == "Input" {
            return Some(&member[..end]);
        }
        rest = member[end..].trim_ascii_start().strip_prefix(b",")?;
    }
}

/// The JSON value that a text begins with, and where it ends.
fn first<'a, T: serde::Deserialize<'a>>(text: &'a [u8]) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(headers: &[(&str, &str)], value: &str) -> Letter {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec())));
        Letter { value: Some(value.as_bytes().to_vec()), headers: headers.collect(), ..Letter::default() }
    }

    #[test]
    fn a_failure_gives_its_event_byte_for_byte_and_its_own_headers() {
        let value = r#"{"Error":"E","State":"S","Input":{"n": 1.0, "Input": 2}}"#;
        let failure = letter(
            &[("traceparent", "00-1"), (headers::ERROR, "E"), (headers::STATE, "S"), (headers::STATUS, "FAILED")],
            value,
        );
        assert!(failure.is_one());
        assert_eq!((failure.error(), failure.state()), ("E", "S"));
        assert_eq!(failure.event(), Some(r#"{"n": 1.0, "Input": 2}"#.as_bytes()));
        let own: Vec<_> = failure.event_headers().collect();
        assert_eq!(own, [("traceparent", Some("00-1".as_bytes()))]);
        for other in [r#"{"Error":"E"}"#, "no JSON", ""] {
            let failure = letter(&[(headers::STATUS, "FAILED")], other);
            assert_eq!(failure.event(), None, "{other}");
            assert!(failure.is_about(None, Some(b"1")), "nothing says otherwise");
        }
        assert!(failure.is_about(None, Some(b" {\"n\": 1.0, \"Input\": 2}\n")));
        assert!(!failure.is_about(Some(b"k"), Some(b"{\"n\": 1.0, \"Input\": 2}")), "another key");
        assert!(!failure.is_about(None, Some(b"{\"n\":1}")) && !failure.is_about(None, None), "another value");
    }

    #[test]
    fn a_dead_letter_is_its_event() {
        let letter = letter(&[(headers::REASON, "not-json"), (headers::TOPIC, "orders")], " {\"a\"");
        assert!(letter.is_one());
        assert_eq!((letter.error(), letter.event()), ("not-json", Some(" {\"a\"".as_bytes())));
        assert_eq!(letter.source(), None, "it has no partition");
    }

    #[test]
    fn results_and_marks_are_no_letters() {
        let result = letter(&[(headers::VERSION, "1"), (headers::STATE, "S")], "{}");
        let mark = letter(&[(headers::REPLAYED, "17")], "");
        assert!(!result.is_one() && !mark.is_one());
        assert_eq!((result.marks(), mark.marks()), (None, Some(17)));
    }
}
