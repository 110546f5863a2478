//! The oldest Rust that the project builds with stands in `Cargo.toml`, once, and it is true. Where the compiler of a build is
//! just that one, the build itself is the proof; where it is newer, this and clippy's `incompatible_msrv` (for the standard
//! library) are.

use std::process::Command;

use crate::{code_of, read, root, sources};

/// A part of the language that came after the edition did.
struct Feature {
    name: &'static str,
    since: Version,
    is_in: fn(&str) -> bool,
}

const FEATURES: [Feature; 2] = [
    Feature { name: "a let chain", since: (1, 88), is_in: has_let_chain },
    Feature { name: "an `if let` guard", since: (1, 95), is_in: has_if_let_guard },
];

/// Major and minor version.
type Version = (u32, u32);

#[test]
fn the_declared_rust_version_has_all_that_the_source_uses() {
    let declared = declared();
    for file in sources() {
        let code = code_of(&file.text);
        for Feature { name, since, is_in } in FEATURES {
            assert!(
                declared >= since || !is_in(&code),
                "{}: {name} needs Rust {since:?}, declared {declared:?}",
                file.name
            );
        }
    }
}

#[test]
fn the_declared_rust_version_has_all_that_dependencies_need() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 100, "dependencies are in the list");
    for package in packages {
        let Some(needed) = package["rust_version"].as_str() else { continue };
        assert!(declared() >= version(needed), "{} needs Rust {needed}, declared {:?}", package["name"], declared());
    }
}

#[test]
fn the_readme_names_the_declared_rust_version() {
    let (major, minor) = declared();
    let readme = read(&root().join("README.md"));
    assert!(readme.contains(&format!("Rust {major}.{minor} or newer")), "README.md: Rust {major}.{minor} or newer");
}

/// `rust-version` of `Cargo.toml`.
fn declared() -> Version {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("Cargo.toml is TOML");
    version(manifest["package"]["rust-version"].as_str().expect("a version"))
}

/// `1.95` or `1.95.0`.
fn version(text: &str) -> Version {
    let mut parts = text.split('.').map(|part| part.parse().expect("a number"));
    (parts.next().expect("a major version"), parts.next().unwrap_or(0))
}

/// The platform that the compiler builds for.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("rustc prints text");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a line with the host").to_owned()
}

fn has_let_chain(code: &str) -> bool {
    code.contains("&& let ")
}

/// An `if let` whose condition ends with `=>` instead of a block.
fn has_if_let_guard(code: &str) -> bool {
    code.match_indices("if let ").any(|(at, _)| {
        let mut depth = 0;
        let mut before = ' ';
        // The pattern may have braces; the expression after `=` has none that don't stand in brackets.
        let mut in_pattern = true;
        for c in code[at..].chars() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                '{' if in_pattern => depth += 1,
                '}' if in_pattern => depth -= 1,
                ' ' if before == '=' && depth == 0 => in_pattern = false,
                '>' if before == '=' && depth == 0 => return true,
                '{' if depth == 0 => return false,
                _ => {}
            }
            before = c;
        }
        false
    })
}

#[test]
fn guards_and_chains_are_found() {
    assert!(has_if_let_guard("x => 1,\n    A(b)\n        if let C { d } = f(b)\n            && g =>\n    {"));
    assert!(has_if_let_guard("A if let Some(x) = f(|y| { y }) => {"));
    assert!(!has_if_let_guard("if let C { d } = f(b) { match d { 1 => 2 } }"));
    assert!(!has_if_let_guard("A => if let Some(x) = f(|| { y }) { z } else { match d { 1 => 2 } }"));
    assert!(has_let_chain("if a && let Some(b) = c {"));
    assert_eq!(version("1.95.0"), (1, 95));
}
