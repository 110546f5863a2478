//! `stepstream dev` as people meet it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Its name sets a terminal's title, and its cause forges a line.
const FAILS: &str = r#"{"StartAt": "Che\u001b]0;title\u0007ck", "States": {"Che\u001b]0;title\u0007ck":
    {"Type": "Fail", "Error": "Order.Invalid", "Cause": "no lines\nevery event has an outcome"}}}"#;

/// A folder of this test's own, in which `dev` puts its example.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dev").join(test);
    // It may be there from an earlier run, or not.
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).expect("the build folder can be written");
    folder
}

fn dev(test: &str, arguments: &[&str]) -> Command {
    let folder = folder(test);
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.arg("dev").args(arguments).env("TMPDIR", &folder).current_dir(&folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads what it shows up to the line that names the workflow; the file.
fn workflow(child: &mut Child) -> (PathBuf, impl BufRead + use<>) {
    let mut shown = BufReader::new(child.stdout.take().expect("a pipe"));
    loop {
        let mut line = String::new();
        assert_ne!(shown.read_line(&mut line).expect("text"), 0, "it names the workflow");
        if let Some(file) = line.strip_prefix("workflow ") {
            return (PathBuf::from(file.trim()), shown);
        }
    }
}

fn stop(child: Child, mut shown: impl BufRead) -> (Output, String) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    let mut rest = String::new();
    shown.read_to_string(&mut rest).expect("text");
    (child.wait_with_output().expect("it ends"), rest)
}

#[test]
fn what_somebody_changed_is_kept_and_said() {
    let mut child = dev("changed", &["--rate", "10"]).spawn().expect("the command starts");
    let (file, shown) = workflow(&mut child);
    fs::write(&file, "mine").expect("it can be changed");
    let (output, _) = stop(child, shown);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read(&file).expect("it is kept"), b"mine");
    assert!(String::from_utf8_lossy(&output.stderr).contains("what you changed or added is kept in"));
}

#[test]
fn what_nobody_changed_is_removed() {
    let mut child = dev("unchanged", &["--rate", "10"]).spawn().expect("the command starts");
    let (file, shown) = workflow(&mut child);
    assert!(file.exists());
    assert_eq!(stop(child, shown).0.status.code(), Some(0));
    assert_eq!(fs::read_dir(file.ancestors().nth(3).expect("its folder's folder")).expect("it is there").count(), 0);
}

#[test]
fn why_events_fail_is_shown_on_one_line_that_a_terminal_does_not_act_on() {
    let file = folder("fails-definition").join("fails.asl.json");
    fs::write(&file, FAILS).expect("the build folder can be written");
    let arguments = ["--rate", "0", "--events", "20", "--workflow", file.to_str().expect("UTF-8")];
    let output = dev("fails", &arguments).output().expect("the command starts");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let why =
        r#"          20  Order.Invalid in the state "Che\u001b]0;title\u0007ck": no lines\nevery event has an outcome"#;
    assert!(shown.contains(why), "{shown}");
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains("kcat -C -b 127.0.0.1:"), "{shown}");
}
