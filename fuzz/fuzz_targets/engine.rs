//! An execution of an example workflow on any event and any outcomes of its tasks ends, within bounds, with a result.
//!
//! The first byte chooses the workflow, the next eight the outcomes, the rest is the event.

#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use stepstream::engine::{Effect, Execution, Identity, Limits, Progress, Status, TaskFailure, Timestamp};
use stepstream::program::Program;

const WORKFLOWS: [&str; 4] = [
    include_str!("../../config/workflows/router.asl.json"),
    include_str!("../../config/workflows/order.asl.json"),
    include_str!("../../config/workflows/enrichment.asl.json"),
    include_str!("../../config/workflows/saga.asl.json"),
];

const IDENTITY: Identity<'static> = Identity {
    name: "fuzz",
    id: "arn:aws:states:local:000000000000:express:fuzz:fuzz:1",
    state_machine_name: "fuzz",
    state_machine_id: "arn:aws:states:local:000000000000:stateMachine:fuzz",
    role_arn: "arn:aws:iam::000000000000:role/fuzz",
    seed: 1,
    kafka: None,
};

/// Far more rounds than any of the workflows can take with all its retries.
const MAX_ROUNDS: usize = 10_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((choices, event)) = bytes.split_at_checked(9) else { return };
    let program = &programs()[usize::from(choices[0]) % WORKFLOWS.len()];
    let mut outcomes = choices[1..].iter().cycle();
    let mut execution = Execution::new(Limits::default());
    let mut now = Timestamp(1_764_000_000_000);
    if execution.start(program, event, &IDENTITY, now).is_err() {
        return;
    }
    for round in 0.. {
        assert!(round < MAX_ROUNDS, "the execution doesn't end");
        let progress = execution.run(now);
        let mut calls = Vec::new();
        while let Some(effect) = execution.take_effect() {
            if let Effect::Call(call) = effect {
                calls.push(call);
            }
        }
        for call in calls {
            if let Some(outcome) = outcome(*outcomes.next().unwrap_or(&0), &call.input) {
                execution.resume(call.id, outcome, now);
            }
        }
        match progress {
            Progress::Ended => break,
            Progress::Yielded => {}
            Progress::Suspended => now = execution.wake_at().map_or(now, |at| Timestamp(at.0.max(now.0))),
        }
    }
    let mut output = Vec::new();
    execution.write_output(&mut output);
    match execution.status() {
        Some(Status::Succeeded) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&output).expect("an output is JSON");
        }
        Some(Status::Failed | Status::TimedOut) => assert!(execution.failure().is_some()),
        None => panic!("an execution that has ended has a status"),
    }
});

fn programs() -> &'static [Arc<Program>] {
    static PROGRAMS: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let program = |text: &&str| Arc::new(Program::from_text(text).expect("an example workflow"));
        WORKFLOWS.iter().map(program).collect()
    })
}

/// What a task answers; `None`: nothing, so that the call times out.
fn outcome(choice: u8, input: &[u8]) -> Option<Result<&[u8], TaskFailure>> {
    let failure = |error: &str| {
        Some(Err(TaskFailure::new(error, "fuzz")))
    };
    match choice % 8 {
        0 => Some(Ok(b"{\"score\":80,\"segment\":\"regular\"}")),
        1 => Some(Ok(b"null")),
        2 => Some(Ok(input)),
        3 => Some(Ok(b"not JSON")),
        4 => failure("Http.StatusCode.503"),
        5 => failure("CustomerNotFound"),
        6 => failure("PaymentDeclined"),
        _ => None,
    }
}
