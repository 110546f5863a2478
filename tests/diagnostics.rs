//! Golden tests: each file in `tests/diagnostics` holds a definition, a line `---`, and what `stepstream validate`
//! shows for it. With `UPDATE_GOLDEN=1` in the environment the expected parts are written anew: read the diff.
//!
//! A comment `type: express-strict` chooses the rules, the file's ending the format.

use std::fs;
use std::path::Path;

use stepstream::asl::{Code, Format, MachineType, ReadOptions, read_with, render};

const SEPARATOR: &str = "\n---\n";

#[test]
fn faults_are_shown_with_place_and_advice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty());
    let mut cases = 0;
    let mut wrong = Vec::new();
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("the folder exists").map(|entry| entry.expect("it is readable").path()).collect();
    paths.sort();
    for path in paths {
        let content = fs::read_to_string(&path).expect("it is a text");
        let (definition, expected) = content.split_once(SEPARATOR).unwrap_or((content.trim_end(), ""));
        let definition = format!("{definition}\n");
        let name = path.file_name().expect("files have names").to_string_lossy();
        let shown = show(&definition, &name);
        cases += 1;
        if update {
            fs::write(&path, format!("{}{SEPARATOR}{shown}", definition.trim_end())).expect("it is writable");
        } else if shown.trim_end() != expected.trim_end() {
            wrong.push(format!("{name}: expected\n{expected}\nfound\n{shown}"));
        }
    }
    assert!(cases >= 20, "only {cases} cases found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What people see, without trailing blanks, which editors remove.
fn show(definition: &str, name: &str) -> String {
    let strict = definition.contains("type: express-strict");
    let format = Format::of_file(Path::new(name));
    let options =
        ReadOptions { machine_type: if strict { MachineType::ExpressStrict } else { MachineType::Express }, format };
    let outcome = read_with(definition, &options);
    assert_eq!(outcome.definition.is_some(), !outcome.diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
    let text = render(&outcome.diagnostics, name, definition, false);
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn every_code_has_its_line_in_the_docs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    let page = fs::read_to_string(page).expect("the page exists");
    for code in Code::ALL {
        assert!(page.contains(&format!("| `{code}` |")), "docs/diagnostics.md says nothing of {code}");
    }
}

#[test]
fn every_code_is_shown_by_a_golden_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let files = fs::read_dir(&folder).expect("the folder exists");
    let shown: String = files
        .filter_map(|entry| fs::read_to_string(entry.expect("it is readable").path()).ok())
        .filter_map(|content| content.split_once(SEPARATOR).map(|(_, shown)| format!("\n{shown}")))
        .collect();
    // What can't be run yet is found by the compiler, which is no matter of these files.
    let codes = Code::ALL.iter().filter(|code| **code != Code::NotSupported);
    let missing: Vec<_> = codes.filter(|code| !shown.contains(&format!("\n{code}\n"))).collect();
    assert!(missing.is_empty(), "no golden file shows {missing:?}");
}
