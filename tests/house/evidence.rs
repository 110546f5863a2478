//! Every recording of the service that a comment names is one that `docs/evidence.md` lists.

use crate::{read, root, sources};

#[test]
fn recordings_that_comments_name_are_listed() {
    let page = read(&root().join("docs/evidence.md"));
    let listed: Vec<&str> = names(&page).collect();
    let mut named: Vec<String> = Vec::new();
    for file in sources().into_iter().filter(|file| file.name.starts_with("src/")) {
        for (line, text) in file.text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
            for (at, mark) in text.match_indices(MARK) {
                let name = text[at + mark.len()..].strip_prefix(" (").and_then(|rest| rest.split(')').next());
                let place = format!("{}:{}", file.name, line + 1);
                let name = name.unwrap_or_else(|| panic!("{place}: say which recording: `{MARK} (name):`"));
                assert!(listed.contains(&name), "{place}: docs/evidence.md has no recording {name}");
                named.push(name.to_owned());
            }
        }
    }
    let unused: Vec<_> = listed.into_iter().filter(|name| !named.iter().any(|used| used == name)).collect();
    assert!(unused.is_empty(), "docs/evidence.md lists what no comment names: {unused:?}");
}

/// How a comment begins that rests on a recording.
const MARK: &str = "Recorded";

/// Names in the first column of the page's table of recordings.
fn names(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).filter(|name| name.starts_with("test_"))
}
