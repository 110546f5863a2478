//! Which version of each workflow runs. Kept here and not in the recorder, because a version that was replaced has to
//! disappear.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use super::durations::render_labels;

const INFO: &str = "stepstream_workflow_info";
const SINCE: &str = "stepstream_workflow_loaded_timestamp_seconds";
const REFUSED: &str = "stepstream_workflow_refused";

struct State {
    hash: String,
    loaded_at: i64,
    is_refused: bool,
}

static STATES: Mutex<BTreeMap<String, State>> = Mutex::new(BTreeMap::new());

/// Says which version of a workflow new executions run, by the beginning of its text's hash, since when (seconds since the
/// Unix epoch), and whether its file as it is now was refused.
pub fn workflow_version(workflow: &str, hash: &str, loaded_at: i64, is_refused: bool) {
    let state = State { hash: hash.to_owned(), loaded_at, is_refused };
    STATES.lock().unwrap_or_else(PoisonError::into_inner).insert(workflow.to_owned(), state);
}

/// Appends every workflow's state in Prometheus' text format.
pub(super) fn render(out: &mut String) {
    let states = STATES.lock().unwrap_or_else(PoisonError::into_inner);
    if states.is_empty() {
        return;
    }
    let mut gauge = |name: &str, help: &str, line: &dyn Fn(&str, &State) -> (String, i64)| {
        // Writing to a string can't fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (workflow, state) in states.iter() {
            let (labels, value) = line(workflow, state);
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
        out.push('\n');
    };
    let by_workflow = |workflow: &str| render_labels(&[("workflow", workflow)]);
    gauge(
        INFO,
        "Version that new executions run, by the beginning of its text's hash; always 1",
        &|workflow, state| (render_labels(&[("workflow", workflow), ("version", &state.hash)]), 1),
    );
    gauge(
        SINCE,
        "When the version that new executions run was loaded, in seconds since the Unix epoch",
        &|workflow, state| (by_workflow(workflow), state.loaded_at),
    );
    gauge(REFUSED, "1 while the workflow's file is refused and an earlier version runs, else 0", &|workflow, state| {
        (by_workflow(workflow), i64::from(state.is_refused))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_was_replaced_disappears() {
        workflow_version("info-test", "aaaa", 5, false);
        workflow_version("info-test", "bbbb", 7, true);
        let mut out = String::new();
        render(&mut out);
        for line in [
            "stepstream_workflow_info{workflow=\"info-test\",version=\"bbbb\"} 1",
            "stepstream_workflow_loaded_timestamp_seconds{workflow=\"info-test\"} 7",
            "stepstream_workflow_refused{workflow=\"info-test\"} 1",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}: {out}");
        }
        assert!(!out.contains("aaaa"), "{out}");
    }
}
