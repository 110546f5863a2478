//! The hook that checks commit messages refuses what CONTRIBUTING.md excludes, and nothing else.

use std::fs;
use std::process::Command;

use crate::root;

#[test]
fn commit_messages_have_a_short_subject_and_a_body() {
    let long = "x".repeat(73 - "Do ".len());
    let refused = [
        "Do one thing\n".to_owned(),
        "Do one thing\nBecause.\n".to_owned(),
        "Do one thing\n\n# Because.\n".to_owned(),
        "Do one thing.\n\nBecause.\n".to_owned(),
        "do one thing\n\nBecause.\n".to_owned(),
        format!("Do {long}\n\nBecause.\n"),
        String::new(),
    ];
    for message in refused {
        assert!(!accepted(&message), "accepted: {message:?}");
    }
    let fits = &long[1..];
    for message in [&format!("Do {fits}\n\nBecause.\n"), "Merge branch 'x'\n", "Revert \"Do one thing\"\n"] {
        assert!(accepted(message), "refused: {message:?}");
    }
}

/// Whether the hook lets a message pass.
fn accepted(message: &str) -> bool {
    let file = std::env::temp_dir().join(format!("stepstream-commit-message-{}", std::process::id()));
    fs::write(&file, message).expect("a temporary file");
    let output = Command::new("bash").arg(root().join("scripts/hooks/commit-msg")).arg(&file).output();
    fs::remove_file(&file).expect("the file is there");
    output.expect("bash runs").status.success()
}
