//! Plain English: most readers learnt it second, and all of them know the words of AWS and Kafka.

use std::fmt::Write as _;

use crate::{read, root, sources};

/// What is not said here, and what is said instead.
const PHRASES: [(&str, &str); 18] = [
    ("rubbish", "invalid input"),
    ("but bites", "valid, but probably not what was meant"),
    ("fault of ours", "a bug in Stepstream"),
    ("error of ours", "a bug in Stepstream"),
    ("told in the log", "is logged"),
    ("is told when", "is reported when"),
    ("the log tells", "the log says"),
    ("mend", "repair"),
    ("mends", "repairs"),
    ("mended", "repaired"),
    ("stands idle", "is idle"),
    ("stand idle", "are idle"),
    ("no more than that", "nothing else"),
    ("thereof", "of it"),
    ("begins anew", "starts again"),
    ("begin anew", "start again"),
    ("works but bites", "valid, but probably not what was meant"),
    ("for the search of faults", "for finding bugs"),
];

/// This file, in which they have to stand.
const LIST: &str = "tests/house/words.rs";

/// What people read without looking at code.
const TEXTS: [&str; 24] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/aws.md",
    "docs/benchmarks.md",
    "docs/callbacks.md",
    "docs/dependencies.md",
    "docs/diagnostics.md",
    "docs/evidence.md",
    "docs/operations.md",
    "config/stepstream.toml",
    "scripts/test",
    "scripts/kafka",
    "scripts/moto",
    "scripts/soak",
    "scripts/fuzz",
    "scripts/instructions",
    "scripts/peers",
    "scripts/release",
    "scripts/lib.sh",
    "deny.toml",
];

#[test]
fn texts_are_plain_english() {
    let mut faults = String::new();
    for name in TEXTS {
        note_phrases(name, &read(&root().join(name)), &mut faults);
    }
    for file in sources().into_iter().filter(|file| file.name != LIST) {
        note_phrases(&file.name, &file.text, &mut faults);
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// Adds a line for each phrase of the list that a text has, also where it goes over a line's end.
fn note_phrases(name: &str, text: &str, faults: &mut String) {
    let words: Vec<(usize, String)> = text
        .lines()
        .enumerate()
        .flat_map(|(line, text)| {
            text.split(|c: char| !c.is_alphanumeric() && c != '\'')
                .filter(|word| !word.is_empty())
                .map(move |word| (line + 1, word.to_lowercase()))
        })
        .collect();
    for (phrase, instead) in PHRASES {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        let found = words.windows(phrase.len()).filter(|window| window.iter().map(|(_, word)| word).eq(&phrase));
        for window in found {
            let line = window[0].0;
            writeln!(faults, "{name}:{line}: {:?}: say {instead:?}", phrase.join(" ")).expect("a String");
        }
    }
}

#[test]
fn phrases_are_found() {
    let mut faults = String::new();
    note_phrases("a.md", "It is Told in the\n/// log. Recommend no amendment.\n`rubbish`", &mut faults);
    assert_eq!(faults, "a.md:3: \"rubbish\": say \"invalid input\"\na.md:1: \"told in the log\": say \"is logged\"\n");
}
