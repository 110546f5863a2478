//! What is public within the crate is used by more than tests. The compiler can't know: the tests are its users, too.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::{File, sources};

/// What waits for its user: file and name.
const EXCUSED: [(&str, &str); 0] = [];

/// Names that stand in front of the name of something that is defined.
const KINDS: [&str; 6] = ["fn", "struct", "enum", "const", "static", "trait"];

#[test]
fn what_is_public_is_used_outside_of_tests() {
    let files: Vec<(File, String)> = sources()
        .into_iter()
        .filter(|file| !is_test(&file.name))
        .map(|file| {
            let code = without_tests(&file.text);
            (file, code)
        })
        .collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for word in files.iter().flat_map(|(_, code)| words(code)) {
        *seen.entry(word).or_default() += 1;
    }
    let mut faults = String::new();
    for (file, code) in files.iter().filter(|(file, _)| file.name.starts_with("src/")) {
        for name in code.lines().filter_map(public_name) {
            if seen[name] == 1 && !EXCUSED.contains(&(file.name.as_str(), name)) {
                writeln!(faults, "{}: nothing but tests uses {name}", file.name).expect("a String");
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn is_test(name: &str) -> bool {
    let mut parts = name.trim_end_matches(".rs").split('/');
    parts.any(|part| matches!(part, "tests" | "testing" | "harness" | "agreement"))
}

/// The text without comments, and without modules and items for tests.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            skip_item(&mut lines);
        } else if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Passes over an item as rustfmt lays it out: up to a line that ends it, or to the brace that closes it.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    let is_attribute = |line: &&str| line.trim_start().starts_with("#[") || line.trim_start().starts_with("//");
    let Some(first) = lines.find(|line| !is_attribute(line)) else { return };
    let indent = &first[..first.len() - first.trim_start().len()];
    let closing = format!("{indent}}}");
    let ends = |line: &str| line.ends_with(';') || line == closing || line.ends_with(" }");
    if !ends(first) {
        lines.find(|line| ends(line) && line.starts_with(indent) && !line[indent.len()..].starts_with(' '));
    }
}

/// The name of what a line makes public, if it does.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let mut parts = rest.split(' ').filter(|part| !part.is_empty()).skip_while(|part| matches!(*part, "async"));
    let mut kind = parts.next()?;
    let mut name = parts.next()?;
    if kind == "const" && name == "fn" {
        (kind, name) = (name, parts.next()?);
    }
    KINDS.contains(&kind).then(|| words(name).next())?
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn public_names_and_code_for_tests_are_found() {
    assert_eq!(public_name("    pub(super) const fn make<T>(x: T) -> X {"), Some("make"));
    assert_eq!(public_name("pub async fn run() {"), Some("run"));
    assert_eq!(public_name("pub(in crate::cli) struct Picture;"), Some("Picture"));
    assert_eq!(public_name("    pub name: String,"), None);
    assert_eq!(public_name("    fn private() {"), None);
    let text = "a();\n#[cfg(test)]\nmod tests;\n// c();\nb();\n#[cfg(test)]\nmod m {\n    fn f() {\n    }\n}\nd();\n";
    assert_eq!(without_tests(text), "a();\nb();\nd();\n");
    let method =
        "impl X {\n    /// For tests.\n    #[cfg(test)]\n    fn f(\n    ) {\n        g();\n    }\n\n    h();\n}\n";
    assert_eq!(without_tests(method), "impl X {\n\n    h();\n}\n");
    assert!(is_test("src/stream/tests/harness.rs") && is_test("tests/exec.rs") && !is_test("src/test_state/mod.rs"));
}
