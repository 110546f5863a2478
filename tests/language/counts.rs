//! Counts per state: what executions did, state by state.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use stepstream::engine::{Execution, Limits, StateCounts, StateTally, TaskFailure};
use stepstream::program::Program;

use crate::driver::{Answer, Clock, run};

fn drained(counts: &StateCounts) -> BTreeMap<String, StateTally> {
    let mut tallies = BTreeMap::new();
    counts.drain(|state, mut tally| {
        tally.failed.sort_unstable();
        tally.durations.sort_unstable();
        tallies.insert(state.to_owned(), tally);
    });
    tallies
}

/// Each item of a Map calls: item 0 succeeds, item 1 fails once and is retried, item 2 fails twice and is caught; item 3 has an
/// error that nothing handles, and fails the Map, which is caught.
#[test]
fn attempts_retries_and_catches_are_told_apart() {
    let call = json!({"Type": "Task", "Resource": "urn:x", "Next": "Done",
        "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1, "IntervalSeconds": 1}],
        "Catch": [{"ErrorEquals": ["Again"], "Next": "Done"}]});
    let definition = json!({"StartAt": "All", "States": {
        "All": {"Type": "Map", "MaxConcurrency": 1, "Next": "End", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
            "ItemProcessor": {"StartAt": "Call", "States": {"Call": call, "Done": {"Type": "Pass", "End": true}}}},
        "End": {"Type": "Succeed"}}});
    let program = Arc::new(Program::from_text(&definition.to_string()).expect("it is valid"));
    let counts = Arc::new(StateCounts::new(&program));
    let mut execution = Execution::new(Limits::default());
    execution.count_states(counts.clone());
    let outcome = run(&mut execution, &program, b"[0, 1, 2, 3]", Clock::default(), |call| {
        let outcome = match (call.input.as_slice(), call.attempt) {
            (b"1", 1) | (b"2", _) => Err(TaskFailure::new("Again", "")),
            (b"3", _) => Err(TaskFailure::new("Never", "")),
            _ => Ok(b"1".to_vec()),
        };
        Answer { after_millis: 10, outcome: Some(outcome) }
    });
    assert_eq!(outcome.expect("it can be run").status.to_string(), "SUCCEEDED");

    let tallies = drained(&counts);
    let call = &tallies["Call"];
    assert_eq!((call.entered, call.succeeded, call.retried, call.caught), (4, 2, 2, 1));
    assert_eq!(call.failed, [("Again".into(), 3), ("Never".into(), 1)]);
    assert_eq!((&call.durations[..], call.instant), (&[(10, 2), (1020, 2)][..], 0));
    let done = &tallies["Done"];
    assert_eq!((done.entered, done.succeeded, done.instant, done.durations.len()), (3, 3, 3, 0));
    let all = &tallies["All"];
    assert_eq!((all.entered, all.succeeded, all.caught, all.retried), (1, 0, 1, 0));
    assert_eq!((&all.failed[..], &all.durations[..]), (&[("Never".into(), 1)][..], &[(2060, 1)][..]));
    assert_eq!((tallies["End"].entered, tallies["End"].succeeded, tallies.len()), (1, 1, 4));
    assert_eq!(drained(&counts), BTreeMap::new(), "what was drained is not counted again");
}

#[test]
fn errors_that_events_make_up_are_bounded() {
    let definition = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "ErrorPath": "$"}}}"#;
    let program = Arc::new(Program::from_text(definition).expect("it is valid"));
    let counts = Arc::new(StateCounts::new(&program));
    let mut execution = Execution::new(Limits::default());
    execution.count_states(counts.clone());
    for event in 0..1_000 {
        let event = format!("\"E{event}\"");
        run(&mut execution, &program, event.as_bytes(), Clock::default(), |_| unreachable!("it calls nothing"))
            .expect("it can be run");
    }
    let failed = &drained(&counts)["F"].failed;
    assert_eq!(failed.iter().map(|(_, count)| count).sum::<u64>(), 1_000);
    assert!(failed.len() <= 101, "{} errors", failed.len());
}
