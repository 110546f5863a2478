/// A compiled pattern of `StringMatches`: `*` stands for any run of characters, `\*` for a star, `\\` for a backslash.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    /// The literal texts between the stars; `None` if the pattern is malformed.
    pieces: Option<Box<[Box<str>]>>,
}

impl Pattern {
    /// Compiles a pattern. One with a misplaced backslash fails only when it is used, as with the real service.
    pub fn new(text: &str) -> Pattern {
        Pattern { text: text.into(), pieces: compile(text) }
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` matches; `None` if the pattern is malformed.
    pub fn matches(&self, text: &str) -> Option<bool> {
        let pieces = self.pieces.as_deref()?;
        let (first, rest) = pieces.split_first()?;
        let Some((last, middle)) = rest.split_last() else { return Some(text == &**first) };
        Some(text.strip_prefix(&**first).is_some_and(|text| matches_rest(text, middle, last)))
    }
}

/// Each piece is taken where it is found first: that leaves the most for those after it.
fn matches_rest(mut text: &str, middle: &[Box<str>], last: &str) -> bool {
    for piece in middle {
        let Some(at) = text.find(&**piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

fn compile(text: &str) -> Option<Box<[Box<str>]>> {
    let mut pieces = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => chars.next().filter(|escaped| matches!(escaped, '*' | '\\'))?,
            c => c,
        };
        pieces.last_mut()?.push(literal);
    }
    Some(pieces.into_iter().map(String::into_boxed_str).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_run() {
        let cases = [
            ("log-*.txt", "log-.txt", true),
            ("log-*.txt", "log-a.b.txt", true),
            ("log-*.txt", "log-a.txt2", false),
            ("foo*", "foo", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*aa*a", "aa", false),
            ("*aa*a", "aaa", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\\*", r"a\x", true),
            ("Ü*", "Über", true),
            ("?", "a", false),
        ];
        for (pattern, text, matches) in cases {
            assert_eq!(Pattern::new(pattern).matches(text), Some(matches), "{pattern} on {text}");
        }
    }

    #[test]
    fn a_misplaced_backslash_makes_the_pattern_useless() {
        for pattern in [r"\a", r"a\", r"*\?"] {
            assert_eq!(Pattern::new(pattern).matches("a"), None, "{pattern}");
        }
    }

    /// The textbook definition, by recursion over both texts.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|at| model(rest, &text[at..])),
            Some((c, rest)) => text.split_first().is_some_and(|(found, text)| c == found && model(rest, text)),
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_textbook(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            let expected = model(pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), Some(expected));
        }
    }
}
