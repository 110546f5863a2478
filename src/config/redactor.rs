use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Shorter values are no secrets, and would take words apart: `5`, `all`.
const SHORTEST_SECRET: usize = 4;
/// So much of the beginning of a secret at the end of a text is one that was cut off there.
const SHORTEST_BEGINNING: usize = 4;

/// Takes the values of secret properties out of what somebody else wrote, such as librdkafka's errors and log lines.
/// Cheap to clone.
/// `Debug` shows nothing of them.
#[derive(Clone, Default)]
pub struct Redactor(Arc<[String]>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .flat_map(|secret| [secret, secret.trim()])
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .map(str::to_owned)
            .collect();
        // The longest first: one may hold another.
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self(secrets.into())
    }

    /// One that takes out what either does.
    #[must_use]
    pub(super) fn and(&self, other: &Redactor) -> Self {
        Self::new(self.0.iter().chain(other.0.iter()).map(String::as_str))
    }

    /// The text with `***` in the place of every secret, and of the beginning of one that was cut off at the text's end.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.iter() {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
            let mut ends = secret.char_indices().map(|(at, _)| at).rev().take_while(|at| *at >= SHORTEST_BEGINNING);
            if let Some(cut) = ends.find(|at| text.ends_with(&secret[..*at])) {
                text = Cow::Owned(format!("{}{MASK}", &text[..text.len() - cut]));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    #[test]
    fn secrets_are_taken_out_whole_or_cut_off() {
        let redactor = Redactor::new(["hunter2", "hunter2-long", "all", "line\nbreak\n"]);
        for (text, shown) in [
            ("nothing to see at all", "nothing to see at all"),
            ("a hunter2, a hunter2-long", "a ***, a ***"),
            ("cut at hunte", "cut at ***"),
            ("a line\nbreak here", "a *** here"),
        ] {
            assert_eq!(redactor.redact(text), shown);
        }
    }
}
