//! Sets of UTF-16 code units, and case folding as ECMAScript defines it without the `u` flag.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Code units, as ascending ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Set {
    ranges: Vec<(u16, u16)>,
    /// The members below 128, one bit each.
    ascii: u128,
}

/// `\d`
const DIGITS: &[(u16, u16)] = &[(0x30, 0x39)];
/// `\w`
const WORD: &[(u16, u16)] = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
/// `\s`
const SPACE: &[(u16, u16)] = &[
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];
/// What `.` does not match.
const LINE_ENDS: &[(u16, u16)] = &[(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];

impl Set {
    pub(super) fn new(mut ranges: Vec<(u16, u16)>) -> Set {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        let ascii = merged
            .iter()
            .flat_map(|(first, last)| *first..=(*last).min(127))
            .take_while(|unit| *unit < 128)
            .fold(0, |bits, unit| bits | 1 << unit);
        Set { ranges: merged, ascii }
    }

    /// The set that an escape names: `d`, `D`, `s`, `S`, `w`, `W`.
    pub(super) fn of_escape(letter: u8) -> Option<Set> {
        let ranges = match letter.to_ascii_lowercase() {
            b'd' => DIGITS,
            b's' => SPACE,
            b'w' => WORD,
            _ => return None,
        };
        let set = Set::new(ranges.to_vec());
        Some(if letter.is_ascii_uppercase() { set.negated() } else { set })
    }

    /// `.`
    pub(super) fn any() -> Set {
        Set::new(LINE_ENDS.to_vec()).negated()
    }

    pub(super) fn negated(&self) -> Set {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0_u32;
        for (first, last) in &self.ranges {
            if u32::from(*first) > next {
                ranges.push((next as u16, first - 1));
            }
            next = u32::from(*last) + 1;
        }
        if next <= 0xffff {
            ranges.push((next as u16, 0xffff));
        }
        Set::new(ranges)
    }

    /// With every unit that folds to what a member folds to.
    pub(super) fn folded(&self) -> Set {
        if self.ranges.last().is_none_or(|(_, last)| *last < 128) {
            return self.folded_ascii();
        }
        let mut ranges = self.ranges.clone();
        for (class, members) in &FOLDS.classes {
            if members.iter().chain([class]).any(|unit| self.contains(*unit)) {
                ranges.extend(members.iter().chain([class]).map(|unit| (*unit, *unit)));
            }
        }
        Set::new(ranges)
    }

    /// The same for members in ASCII alone: what folds to one of them is in ASCII, too, so that no table is gone through.
    fn folded_ascii(&self) -> Set {
        const CAPITALS: u128 = ((1 << 26) - 1) << b'A';
        const SMALL: u128 = ((1 << 26) - 1) << b'a';
        let both = self.ascii | (self.ascii & CAPITALS) << 32 | (self.ascii & SMALL) >> 32;
        if both == self.ascii {
            return self.clone();
        }
        Set::new((0..128).filter(|unit| both >> unit & 1 == 1).map(|unit| (unit, unit)).collect())
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        if unit < 128 {
            return self.ascii >> unit & 1 == 1;
        }
        let after = self.ranges.partition_point(|(first, _)| *first <= unit);
        after > 0 && self.ranges[after - 1].1 >= unit
    }

    pub(super) fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }
}

pub(super) fn is_word(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn is_line_end(unit: u16) -> bool {
    matches!(unit, 0x0a | 0x0d | 0x2028 | 0x2029)
}

/// What a unit is compared by where case is ignored.
pub(super) fn fold(unit: u16) -> u16 {
    let Some(char) = char::from_u32(u32::from(unit)) else { return unit };
    let mut upper = char.to_uppercase();
    let (Some(first), None) = (upper.next(), upper.next()) else { return unit };
    match u16::try_from(u32::from(first)) {
        // No unit outside ASCII stands for one in it.
        Ok(folded) if unit < 128 || folded >= 128 => folded,
        _ => unit,
    }
}

struct Folds {
    /// Units that others fold to, and those others.
    classes: HashMap<u16, Vec<u16>>,
}

static FOLDS: LazyLock<Folds> = LazyLock::new(|| {
    let mut classes: HashMap<u16, Vec<u16>> = HashMap::new();
    for unit in 0..=u16::MAX {
        let folded = fold(unit);
        if folded != unit {
            classes.entry(folded).or_default().push(unit);
        }
    }
    Folds { classes }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_set_has_whatever_folds_to_what_a_member_folds_to() {
        for member in (0..=0x250).chain([0x1e9e, 0x2126, 0x212a, 0x212b]) {
            let folded = Set::new(vec![(member, member)]).folded();
            for unit in 0..=u16::MAX {
                assert_eq!(folded.contains(unit), fold(unit) == fold(member), "{member:x} {unit:x}");
            }
        }
    }
}
