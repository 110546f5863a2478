//! Which names stand for values that nobody may see.

/// What the name of a secret says, in lower case and without punctuation. Names that nearly say it count as well: a typo in
/// the name of a password must not show the password.
const MARKS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "jaas",
    "authorization",
    "cookie",
    "privatekey",
    "apikey",
    "keypem",
];

/// Words that mean a secret only when they stand alone: `X-Key`, `db.pwd`.
const WORDS: [&str; 5] = ["key", "keys", "pwd", "pass", "auth"];

/// Names of librdkafka that sound like secrets and are none: people have to see their values to correct them.
const HARMLESS: [&str; 9] = [
    "ssl.key.location",
    "ssl.keystore.location",
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.client.credentials.client.id",
    "topic.metadata.refresh.fast.cnt",
];

/// Whole names of librdkafka whose values hold secrets though the name does not say so.
const OPAQUE: [&str; 3] = ["sasl.oauthbearer.config", "sasl.oauthbearer.extensions", "sasl.kerberos.kinit.cmd"];

/// Whether values under this name (an option, a dotted property, a header) are kept from every output.
pub(super) fn is_sensitive(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ends_in = |names: &[&str]| {
        names.iter().any(|known| lower.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    };
    if ends_in(&HARMLESS) {
        return false;
    }
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    let letters: Vec<char> = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    ends_in(&OPAQUE)
        || words.any(|word| WORDS.contains(&word))
        || MARKS.iter().any(|mark| contains_nearly(&letters, mark))
}

/// Whether a stretch of `letters` is `mark`, but for a slip in every five letters.
///
/// Sellers' algorithm: the edit distance to every stretch that ends at a letter, in one pass, with swaps of neighbours.
fn contains_nearly(letters: &[char], mark: &str) -> bool {
    let mark: Vec<char> = mark.chars().collect();
    let slips = mark.len() / 5;
    let first: Vec<usize> = (0..=mark.len()).collect();
    let (mut before, mut last, mut row) = (first.clone(), first.clone(), first);
    for (j, letter) in letters.iter().enumerate() {
        row[0] = 0;
        for i in 1..=mark.len() {
            let replaced = last[i - 1] + usize::from(mark[i - 1] != *letter);
            row[i] = replaced.min(last[i] + 1).min(row[i - 1] + 1);
            if i > 1 && j > 0 && mark[i - 2] == *letter && mark[i - 1] == letters[j - 1] {
                row[i] = row[i].min(before[i - 2] + 1);
            }
        }
        if row[mark.len()] <= slips {
            return true;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_sensitive;

    #[test]
    fn names_of_secrets_are_known_also_when_misspelt() {
        for name in [
            "sasl.password",
            "sasl.passwordd",
            "sasl.pasword",
            "sasl.passwrod",
            "SASL_PASSWORD",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.keystore.pasword",
            "sasl.jaas.config",
            "sasl.oauthbearer.config",
            "Authorization",
            "authorisation",
            "X-Api-Key",
            "Cookie",
            "sasl.oauthbearer.client.secret",
            "client.secrte",
            "acces.tokn",
            "kafka.sasl.password",
            "credentails",
            "sasl.oauthbearer.client.credentials.client.secret",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_shown() {
        for name in [
            "bootstrap.servers",
            "security.protocol",
            "sasl.mechanism",
            "sasl.username",
            "ssl.key.location",
            "ssl.ca.location",
            "linger.ms",
            "kafka.ssl.key.location",
            "socket.keepalive.enable",
            "compression.type",
            "topic",
            "sources",
            "sasl.oauthbearer.token.endpoint.url",
            "workflow",
            "partition.assignment.strategy",
            "broker.address.family",
        ] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}
