use std::cmp::Ordering;

use super::{Heap, Value};

/// A number that can be computed with.
#[derive(Clone, Copy, Debug)]
pub enum Num {
    /// A whole number that fits 64 bits and was written without fraction or exponent.
    Int(i64),
    /// Any other number, as the nearest double.
    Float(f64),
}

impl Num {
    /// Reads digits in JSON's notation.
    pub fn parse(digits: &str) -> Option<Num> {
        if let Some(number) = parse_short(digits.as_bytes()) {
            return Some(number);
        }
        match digits.parse::<i64>() {
            Ok(int) => Some(Num::Int(int)),
            Err(_) => digits.parse().ok().filter(|f: &f64| f.is_finite()).map(Num::Float),
        }
    }

    /// The number as a double.
    pub fn as_f64(self) -> f64 {
        match self {
            Num::Int(int) => int as f64,
            Num::Float(float) => float,
        }
    }

    /// Compares by value: `1` equals `1.0`.
    pub fn compare(self, other: Num) -> Ordering {
        match (self, other) {
            (Num::Int(a), Num::Int(b)) => a.cmp(&b),
            // No value holds a NaN.
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        }
    }
}

/// What a power of ten is for each number of decimals; all of them are doubles.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Reads up to 15 digits, with a point among them: so many are a double without their point, as the power of ten is, and
/// dividing the two rounds once, to the nearest. Most numbers are read so, at a third of the price.
fn parse_short(digits: &[u8]) -> Option<Num> {
    let (is_negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        digits => (false, digits),
    };
    if digits.len() > 16 || !digits.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (mut whole, mut point) = (0_i64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = whole * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    match point {
        None => Some(Num::Int(if is_negative { -whole } else { whole })),
        Some(at) => {
            let float = whole as f64 / POWERS[digits.len() - 1 - at];
            Some(Num::Float(if is_negative { -float } else { float }))
        }
    }
}

/// A double as a whole number and how many of its digits are decimals, if they are few: at least one, and no more than
/// needed. Two decimals of 15 digits are never the same double, so that these are its shortest digits.
pub(super) fn short_decimal(magnitude: f64) -> Option<(u64, usize)> {
    if !(1e-3..1e9).contains(&magnitude) {
        return None;
    }
    (1..=4).find_map(|decimals| {
        let whole = (magnitude * POWERS[decimals] + 0.5) as u64;
        (whole as f64 / POWERS[decimals] == magnitude).then_some((whole, decimals))
    })
}

impl Heap {
    /// The number behind a value; `None` if it is none, or too large for a double.
    pub fn number(&self, value: Value) -> Option<Num> {
        match value {
            Value::Int(int) => Some(Num::Int(int)),
            Value::Float(float) => Some(Num::Float(float.get())),
            Value::Number(span) => Num::parse(self.digits(span)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Num, parse_short, short_decimal};

    #[test]
    fn short_digits_are_read_as_the_standard_library_reads_them() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let (whole, decimals) = (random.u64(0..1_000_000_000), random.usize(0..6));
            let sign = if random.bool() { "-" } else { "" };
            let fraction = format!("{:0decimals$}", random.u64(0..10_u64.pow(decimals as u32)));
            let digits = match decimals {
                0 => format!("{sign}{whole}"),
                _ => format!("{sign}{whole}.{fraction}"),
            };
            match parse_short(digits.as_bytes()) {
                Some(Num::Int(int)) => assert_eq!(int, digits.parse::<i64>().unwrap()),
                Some(Num::Float(float)) => assert_eq!(float.to_bits(), digits.parse::<f64>().unwrap().to_bits()),
                None => panic!("{digits} is short"),
            }
        }
        for digits in ["", "-", ".", "-.5", "1e5", "12345678901234567", "1.2.3", "0x1"] {
            assert!(parse_short(digits.as_bytes()).is_none(), "{digits}");
        }
        assert!(matches!(parse_short(b"-0.0"), Some(Num::Float(zero)) if zero.is_sign_negative()));
    }

    #[test]
    fn short_decimals_are_the_shortest_digits_of_a_double() {
        let mut random = fastrand::Rng::with_seed(9);
        let mut found = 0;
        for _ in 0..20_000 {
            let float = random.u64(1..1_000_000_000_000) as f64 / 10_f64.powi(random.i32(0..8));
            let Some((whole, decimals)) = short_decimal(float) else { continue };
            found += 1;
            let power = 10_u64.pow(decimals as u32);
            assert_eq!(format!("{}.{:02$}", whole / power, whole % power, decimals), format!("{float:?}"));
        }
        assert!(found > 2_000, "{found}");
    }
}
