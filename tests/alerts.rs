//! The alerts of `config/alerts.yml`, checked by Prometheus' own tool: that they are well formed, and which of them fire in
//! which outage. Where the tool isn't installed the test says so and passes; `scripts/test` installs it in CI.

#![allow(clippy::print_stderr, reason = "says why a test is skipped")]

use std::path::Path;
use std::process::Command;

fn promtool(words: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = match Command::new("promtool").args(words).current_dir(folder).output() {
        Ok(output) => output,
        Err(error) if std::env::var_os("CI").is_some() => panic!("CI checks the alerts with promtool: {error}"),
        Err(_) => {
            return eprintln!("skipped: promtool is not installed (Debian and Ubuntu: apt-get install prometheus)");
        }
    };
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {}:\n{text}", words.join(" "));
}

#[test]
fn the_alerts_are_well_formed() {
    promtool(&["check", "rules", "config/alerts.yml"]);
}

#[test]
fn each_outage_fires_its_alerts_and_no_other() {
    promtool(&["test", "rules", "tests/alerts/outages.yml"]);
}
