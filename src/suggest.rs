//! "Did you mean …?": in definitions and in the configuration.

/// From this length on, in bytes, a word that begins a candidate is taken for a short form of it.
const MIN_SHORT_FORM: usize = 5;

/// How many candidates are looked at: a bound on the time for texts that no person wrote.
const MAX_CANDIDATES: usize = 1000;

/// The candidate that is closest to `word`, if it is close enough to be a slip of the fingers or a short form.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().take(MAX_CANDIDATES).collect();
    let short_form = || candidates.iter().copied().find(|name| word.len() >= MIN_SHORT_FORM && name.starts_with(word));
    nearest(word, candidates.iter().copied()).or_else(short_form)
}

/// The candidate that is closest to `word`, if it is close enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // In a word of one or two characters, one edit makes any other.
    let length = word.chars().count();
    let limit = if length < 3 { 0 } else { (length / 3).max(1) };
    let distances = candidates.into_iter().take(MAX_CANDIDATES).map(|candidate| (distance(word, candidate), candidate));
    let slip = distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance);
    slip.map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) between two words; case changes are free.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut best = (above[j] + usize::from(a[i] != b[j])).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let names = ["M", "ResultPath", "ResultSelector", "Next", "Parameters"];
        for (word, found) in [
            ("ResultPaht", Some("ResultPath")),
            ("resultpath", Some("ResultPath")),
            ("Nxet", Some("Next")),
            ("Parameter", Some("Parameters")),
            ("Param", Some("Parameters")),
            ("Ghost", None),
            ("N", None),
            ("", None),
            ("Next_", Some("Next")),
            ("Tokens", None),
        ] {
            assert_eq!(closest(word, names), found, "{word}");
            assert_eq!(nearest(word, names), found.filter(|_| word != "Param"), "{word}");
        }
    }
}
