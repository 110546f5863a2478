//! Points in time, as definitions and events write them.

use std::fmt::Write;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// A point in time, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since the Unix epoch, rounded down.
    seconds: i64,
    /// The rest, below 1,000,000,000.
    nanoseconds: u32,
}

impl Instant {
    /// Reads an RFC 3339 timestamp as the real service does: capital `T`, and `Z` or an offset. Digits beyond the
    /// nanosecond are dropped.
    pub fn parse(text: &str) -> Option<Instant> {
        let mut reader = Reader { bytes: text.as_bytes() };
        let year = reader.number(4)?;
        reader.expect(b'-')?;
        let month = reader.number(2)?;
        reader.expect(b'-')?;
        let day = reader.number(2)?;
        reader.expect(b'T')?;
        let hour = reader.number(2)?;
        reader.expect(b':')?;
        let minute = reader.number(2)?;
        reader.expect(b':')?;
        let second = reader.number(2)?;
        let nanoseconds = reader.fraction()?;
        let offset = reader.offset()?;
        if !reader.bytes.is_empty() {
            return None;
        }
        let date = Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()?;
        let time = Time::new(hour as i8, minute as i8, second as i8, 0).ok()?;
        // Counted in UTC and shifted by hand, so that the first and last days of the calendar work with any offset.
        let utc = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
        Some(Instant { seconds: utc.as_second() - offset, nanoseconds })
    }

    /// Milliseconds since the Unix epoch, rounded up: never before the instant.
    pub fn epoch_millis(self) -> i64 {
        self.seconds * 1000 + i64::from(self.nanoseconds.div_ceil(1_000_000))
    }
}

/// Appends a point in time as the context object shows it: `2024-01-01T00:00:00.56Z`, UTC, at most milliseconds,
/// trailing zeros of the fraction dropped. `millis` counts from the Unix epoch.
pub fn write_millis(millis: i64, out: &mut String) {
    let first = jiff::Timestamp::MIN.as_millisecond();
    let last = jiff::Timestamp::MAX.as_millisecond();
    let time = jiff::Timestamp::from_millisecond(millis.clamp(first, last)).unwrap_or_default();
    let utc = Offset::UTC.to_datetime(time);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    );
    let _ = match utc.subsec_nanosecond() / 1_000_000 {
        0 => Ok(()),
        ms if ms % 100 == 0 => write!(out, ".{}", ms / 100),
        ms if ms % 10 == 0 => write!(out, ".{:02}", ms / 10),
        ms => write!(out, ".{ms:03}"),
    };
    out.push('Z');
}

/// Takes the parts of a timestamp from its front.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.bytes = self.bytes.strip_prefix(&[byte])?;
        Some(())
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.bytes.split_at_checked(digits)?;
        self.bytes = rest;
        number.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    }

    /// `.` and digits, if there are any, in nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        if self.expect(b'.').is_none() {
            return Some(0);
        }
        let digits = self.bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let (fraction, rest) = self.bytes.split_at(digits);
        self.bytes = rest;
        Some((0..9).fold(0, |sum, at| sum * 10 + fraction.get(at).map_or(0, |digit| u32::from(digit - b'0'))))
    }

    /// `Z` or `±hh:mm`, in seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.bytes.first()? {
            b'Z' => {
                self.bytes = &self.bytes[1..];
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.bytes = &self.bytes[1..];
        let hours = self.number(2)?;
        self.expect(b':')?;
        let minutes = self.number(2)?;
        // The service's language knows offsets up to 18 hours.
        let in_range = minutes < 60 && hours * 60 + minutes <= 18 * 60;
        in_range.then(|| sign * i64::from(hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Instant, write_millis};

    #[test]
    fn timestamps_with_a_zone_are_read() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2012-10-09T19:00:55Z", 1_349_809_255_000),
            ("2012-10-09T19:00:55+01:00", 1_349_805_655_000),
            ("2012-10-09T19:00:55-01:30", 1_349_814_655_000),
            ("2024-01-01T00:00:00.000000Z", 1_704_067_200_000),
            ("2024-01-01T00:00:00.5Z", 1_704_067_200_500),
            ("2016-03-05T21:29:29.243167252Z", 1_457_213_369_244),
            ("2016-03-05T21:29:29.2430000000000000000000009Z", 1_457_213_369_243),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
        ];
        for (text, millis) in cases {
            assert_eq!(Instant::parse(text).map(Instant::epoch_millis), Some(millis), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_timestamp() {
        let cases = [
            "",
            "2012-10-09T19:00:55",
            "2024-01-01T00:00:00.000000",
            "2023-02-24",
            "2023-02-24 12:15:56.832957",
            "2016-12-05 21:29:29Z",
            "2016-12-05t21:29:29Z",
            "2016-12-05T21:29:29z",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05T21:29:60Z",
            "05-12-2016T21:29:29Z",
            "2023-02-29T00:00:00Z",
            "2016-12-05T21:29Z",
            "2016-12-05T21:29:29.Z",
            "2016-12-05T21:29:29+0100",
            "2016-12-05T21:29:29+19:00",
            "2016-12-05T21:29:29Z ",
            "+016-12-05T21:29:29Z",
        ];
        for text in cases {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_ordered_by_time_not_by_text() {
        let parse = |text| Instant::parse(text).unwrap();
        assert_eq!(parse("2012-10-09T19:00:55+01:00"), parse("2012-10-09T18:00:55.000Z"));
        assert!(parse("2012-10-09T19:00:55+01:00") < parse("2012-10-09T18:00:55.000000001Z"));
        assert!(parse("1969-12-31T23:59:59.5Z") < parse("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn milliseconds_are_shown_without_trailing_zeros() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_704_067_200_123, "2024-01-01T00:00:00.123Z"),
            (1_704_067_200_120, "2024-01-01T00:00:00.12Z"),
            (1_704_067_200_700, "2024-01-01T00:00:00.7Z"),
            (1_704_067_200_007, "2024-01-01T00:00:00.007Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ];
        for (millis, text) in cases {
            let mut out = String::new();
            write_millis(millis, &mut out);
            assert_eq!(out, text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(millis in 0i64..4_102_444_800_000) {
            let mut text = String::new();
            write_millis(millis, &mut text);
            prop_assert_eq!(Instant::parse(&text).map(Instant::epoch_millis), Some(millis));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*", near in "[0-9TZ:.+-]{0,40}") {
            let _ = (Instant::parse(&text), Instant::parse(&near));
        }
    }
}
