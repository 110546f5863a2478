//! How service integrations spell what an API calls its members and shapes.

/// The name as optimised integrations have it: with a capital at the beginning.
pub fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The name as SDK integrations have it. They name fields as the Java SDK does, a capital for each word only: `DBInstanceId`
/// becomes `DbInstanceId`.
pub fn sdk_name(name: &str) -> String {
    let name = capitalised(name);
    let characters: Vec<char> = name.chars().collect();
    let begins_word = |at: usize| {
        let Some(before) = at.checked_sub(1).map(|before| characters[before]) else { return true };
        let followed_by_lower = characters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let (this, acronym) = (characters[at], before.is_ascii_uppercase());
        this.is_ascii_uppercase() && (!acronym || followed_by_lower)
            || before.is_ascii_digit() && this.is_ascii_alphabetic()
    };
    (0..characters.len())
        .map(
            |at| {
                if begins_word(at) { characters[at].to_ascii_uppercase() } else { characters[at].to_ascii_lowercase() }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sdk_integrations_have_words_with_one_capital_each() {
        for (name, expected) in [
            ("executionArn", "ExecutionArn"),
            ("ETag", "ETag"),
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("DBInstanceIdentifier", "DbInstanceIdentifier"),
            ("MD5OfMessageBody", "Md5OfMessageBody"),
            ("ContentLength", "ContentLength"),
        ] {
            assert_eq!(sdk_name(name), expected);
        }
    }
}
