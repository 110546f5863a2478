use std::cmp::Ordering;

/// A number as digits, to be compared exactly: what Java's `BigDecimal` is for.
#[derive(Debug)]
pub(super) struct Decimal<'a> {
    negative: bool,
    /// The digits before and behind the point. Zeros around them do not count.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The power of ten of the first digit that is not zero; `None` for zero.
    power: Option<i64>,
}

impl<'a> Decimal<'a> {
    /// Reads digits, a point among them or not, and an exponent or not. `None` for any other text.
    pub(super) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], i64::from(text[at + 1..].parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.as_bytes(), fraction.as_bytes());
        let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let first = whole.iter().chain(fraction).position(|digit| *digit != b'0');
        let power = first.map(|first| whole.len() as i64 - 1 - first as i64 + exponent);
        Some(Decimal { negative: mantissa.starts_with('-'), whole, fraction, power })
    }

    pub(super) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let by_size = || match (self.power, other.power) {
            (Some(a), Some(b)) => a.cmp(&b).then_with(|| compare_digits(self.digits(), other.digits())),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        match (self.is_negative(), other.is_negative()) {
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }

    fn is_negative(&self) -> bool {
        self.negative && self.power.is_some()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied().skip_while(|digit| *digit == b'0')
    }
}

/// Compares fractions by their digits: more zeros at the end mean nothing.
fn compare_digits(mut a: impl Iterator<Item = u8>, mut b: impl Iterator<Item = u8>) -> Ordering {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => match x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let ascending =
            ["-1e3", "-10", "-.5", "0", "1e-400", "0.1", "0.10000000000000000001", "1", "12", "1e2", "1E+400"];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                let order = Decimal::parse(a).unwrap().compare(&Decimal::parse(b).unwrap());
                assert_eq!(order, at.cmp(&other), "{a} and {b}");
            }
        }
        for (a, b) in [("1", "1.000"), ("-0", "0e9"), ("100", "1e2"), ("+007", "7."), ("0.001", "1e-3")] {
            assert_eq!(Decimal::parse(a).unwrap().compare(&Decimal::parse(b).unwrap()), Ordering::Equal, "{a} and {b}");
        }
        for text in ["", ".", "-", "1e", "e1", "1.2.3", "0x1", "1_0", " 1", "1e99999999999", "NaN", "--1"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }
}
