//! Patterns over Resource strings.

/// A Resource pattern: literal text in which every `*` stands for any run of characters, also none, `:` and `/`
/// included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
}

impl Pattern {
    /// Takes the pattern as written in the configuration. Every text is a valid pattern; an empty one matches only the
    /// empty Resource.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Pattern { text: text.into() }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `resource` fits the pattern.
    pub fn matches(&self, resource: &str) -> bool {
        let (pattern, text) = (self.text.as_bytes(), resource.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where to go on when a literal does not fit: behind the last `*`, which then takes one byte more. Only the
        // last one has to be reconsidered, so the cost is bounded by pattern length times text length.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            if pattern.get(p) == Some(&b'*') {
                retry = Some((p + 1, t));
                p += 1;
            } else if pattern.get(p) == Some(&text[t]) {
                p += 1;
                t += 1;
            } else if let Some((after_star, taken)) = retry {
                p = after_star;
                t = taken + 1;
                retry = Some((after_star, t));
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|&byte| byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn star_stands_for_any_run() {
        let cases = [
            ("*", "", true),
            ("*", "arn:aws:lambda:us-east-1:123456789012:function:price", true),
            ("", "", true),
            ("", "a", false),
            ("arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke", true),
            ("arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken", false),
            ("arn:aws:states:::lambda:invoke*", "arn:aws:states:::lambda:invoke.waitForTaskToken", true),
            ("arn:aws:lambda:*:*:function:price", "arn:aws:lambda:eu-west-1:123456789012:function:price", true),
            ("arn:aws:lambda:*:*:function:price", "arn:aws:lambda:eu-west-1:123456789012:function:price:1", false),
            ("arn:aws:lambda:*:function:*", "arn:aws:lambda:eu-west-1:123456789012:function:price:PROD", true),
            ("*:price", "arn:price:price", true),
            ("*price", "arn:pricey", false),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--c--b", false),
            ("a**c", "ac", true),
            ("Price", "price", false),
            ("*ü", "grün: ü", true),
            ("?", "x", false),
        ];
        for (pattern, resource, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(resource), expected, "{pattern:?} against {resource:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_definition(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(Pattern::new(pattern.as_str()).matches(&text), by_definition(pattern.as_bytes(), text.as_bytes()));
        }
    }

    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|taken| by_definition(rest, &text[taken..])),
            Some((byte, rest)) => text.first() == Some(byte) && by_definition(rest, &text[1..]),
        }
    }
}
