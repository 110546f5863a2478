//! `stepstream graph` as people and scripts see it. For each definition in `tests/graph` its pictures stand beside it;
//! with `UPDATE_GOLDEN=1` in the environment they are drawn anew: look at them, and read the diff.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FORMATS: [(&str, &str); 3] = [("svg", "svg"), ("mermaid", "mmd"), ("dot", "dot")];

#[test]
fn pictures_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty());
    let entries = fs::read_dir(&folder).expect("the folder exists").map(|entry| entry.expect("it is readable").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(".asl.json")).collect();
    paths.sort();
    assert!(paths.len() >= 4, "only {} definitions found", paths.len());
    let mut changed = Vec::new();
    for path in paths {
        let path = path.to_str().expect("the path is UTF-8");
        for (format, ending) in FORMATS {
            let output = graph(&[path, "--format", format]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), errors.as_ref()), (Some(0), ""), "{path}");
            let expected = path.replace(".asl.json", &format!(".{ending}"));
            if update {
                fs::write(&expected, &output.stdout).expect("it is writable");
            } else if fs::read(&expected).unwrap_or_default() != output.stdout {
                changed.push(expected);
            }
        }
    }
    assert!(changed.is_empty(), "changed:\n{}", changed.join("\n"));
}

#[test]
fn the_example_workflows_can_be_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/workflows");
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it is readable").path();
        for (format, _) in FORMATS {
            let output = graph(&[path.to_str().expect("the path is UTF-8"), "--format", format]);
            assert_eq!(output.status.code(), Some(0), "{}", path.display());
        }
    }
}

#[test]
fn an_invalid_definition_gives_its_faults_and_no_picture() {
    let path = file("invalid.asl.json", r#"{ "StartAt": "S", "States": { "S": { "Type": "Pass", "Next": "T" } } }"#);
    let output = graph(&[path.to_str().expect("the path is UTF-8")]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert!(shown.contains("Missing 'Next' target: T") && shown.contains("invalid.asl.json:1:"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = graph(&["/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert!(shown.starts_with("error: /no/such/file: cannot read the definition"), "{shown}");
}

#[test]
fn the_ending_of_the_output_file_tells_the_format() {
    let definition = file("endings.asl.json", r#"{ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }"#);
    let definition = definition.to_str().expect("the path is UTF-8");
    for (name, more, beginning) in [
        ("a.svg", vec![], "<svg "),
        ("a.mmd", vec![], "flowchart TD\n"),
        ("a.gv", vec![], "digraph \"graph-endings.asl.json\" {\n"),
        ("without-ending", vec![], "<svg "),
        ("b.svg", vec!["--format", "dot"], "digraph "),
    ] {
        let path = file(name, "");
        let output = graph(&[&[definition, "--output", path.to_str().expect("the path is UTF-8")], &more[..]].concat());
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]));
        let written = fs::read_to_string(&path).expect("it was written");
        assert!(written.starts_with(beginning), "{name}: {written}");
    }
    let output = graph(&[definition, "--output", "/no/such/folder/a.png"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert!(shown.contains("no picture is written as .png: end the file in .svg, .mmd or .dot"), "{shown}");
    let output = graph(&[definition, "--output", "/no/such/folder/a.svg"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert!(shown.contains("cannot write /no/such/folder/a.svg"), "{shown}");
}

#[test]
fn a_definition_comes_from_standard_input_too() {
    let mut child = command(&["-", "--format", "mermaid"]).stdin(Stdio::piped()).spawn().expect("the command starts");
    let definition = br#"{ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }"#;
    child.stdin.take().expect("it is piped").write_all(definition).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let expected = "flowchart TD\n  n0((\"start\"))\n  n1([\"S<br/><small>Succeed</small>\"])\n  n2(((\"end\")))\n  n0 --> n1\n  n1 --> n2\n";
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), expected));
}

#[test]
fn definitions_in_yaml_are_drawn_too() {
    let path = file("sam.asl.yaml", "StartAt: S\nStates:\n  S:\n    Type: Succeed\n");
    let output = graph(&[path.to_str().expect("the path is UTF-8"), "--format", "dot"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("[label=\"S\\nSucceed\""));
}

fn graph(args: &[&str]) -> Output {
    command(args).stdin(Stdio::null()).spawn().and_then(|child| child.wait_with_output()).expect("the command starts")
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.arg("graph").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("graph-{name}"));
    fs::write(&path, content).expect("the folder for tests is writable");
    path
}
