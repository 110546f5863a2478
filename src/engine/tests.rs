//! What only the inside can tell. Everything else is tested through the public API, in `tests/language`.

use std::sync::Arc;

use super::frame::Wait;
use super::pool::{Id, Pool};
use super::run::Run;
use super::{Effect, Execution, Identity, Limits, Progress, Timestamp};
use crate::program::Program;

#[test]
fn a_released_id_finds_nothing_even_when_its_slot_is_used_again() {
    let mut pool: Pool<u32> = Pool::new();
    let first = pool.acquire();
    *pool.at_mut(first) = 1;
    pool.release(first);
    let second = pool.acquire();
    assert_eq!((second.index, pool.find(first)), (first.index, None));
    pool.release(first);
    assert_eq!(pool.find(second), Some(&mut 1), "a stale id releases nothing; contents are left for reuse");
}

#[test]
fn a_used_pool_hands_out_the_slots_of_a_new_one() {
    let mut pool: Pool<u32> = Pool::new();
    let indexes = |pool: &mut Pool<u32>| {
        let ids: Vec<Id> = (0..4).map(|_| pool.acquire()).collect();
        pool.release(ids[2]);
        pool.release(ids[1]);
        let again = pool.acquire();
        assert_eq!(pool.iter().map(|(id, _)| id.index).collect::<Vec<_>>(), [0, 1, 3]);
        ids.iter().chain([&again]).map(|id| id.index).collect::<Vec<_>>()
    };
    let new = indexes(&mut pool);
    let stale = pool.iter().next().map(|(id, _)| id).unwrap_or_default();
    pool.release_all();
    assert_eq!(pool.iter().count(), 0);
    assert_eq!(indexes(&mut pool), new);
    assert_eq!(pool.find(stale), None);
}

#[test]
fn a_loop_of_calls_in_time_leaves_no_pile_of_timers() {
    let mut run = Run::new(Limits::default());
    let waiting = run.frames.acquire();
    run.wait(waiting, Wait::Delay, Some(Timestamp(9)));
    let looping = run.frames.acquire();
    for ordinal in 0..10_000 {
        run.wait(looping, Wait::Call { ordinal, heartbeat: false }, Some(Timestamp(5)));
    }
    assert!(run.timers.len() < 100, "{} timers for two frames", run.timers.len());
    assert_eq!(run.due(), None);
    run.now = Timestamp(9);
    let due = [run.due(), run.due(), run.due()];
    let last = Wait::Call { ordinal: 9_999, heartbeat: false };
    assert_eq!(due, [Some((looping, last)), Some((waiting, Wait::Delay)), None]);
}

/// What cannot happen is a loud failure: a panic where assertions are on, else a failed execution, never one that hangs.
#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "a call has ended in a state that makes none"))]
fn what_cannot_happen_ends_the_execution() {
    let text = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "urn:x", "Next": "P",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}]}, "P": {"Type": "Pass", "End": true}}}"#;
    let program = Arc::new(Program::from_text(text).expect("it is valid"));
    let mut execution = Execution::new(Limits::default());
    execution.start(&program, b"{}", &IDENTITY, Timestamp(0)).expect("it is valid");
    assert_eq!(execution.run(Timestamp(0)), Progress::Suspended);
    let Some(Effect::Call(call)) = execution.take_effect() else { panic!("a call is wanted") };
    execution.run.frames.at_mut(call.id.frame).state = program.find("P").expect("it has one");
    execution.resume(call.id, Ok(b"1"), Timestamp(1));
    assert_eq!(execution.run(Timestamp(1)), Progress::Ended);
    let failure = execution.failure().expect("it has failed");
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    assert!(failure.cause.as_deref().is_some_and(|cause| cause.contains("bug in Stepstream")), "{failure:?}");
}

pub(super) const IDENTITY: Identity<'_> = Identity {
    name: "n",
    id: "i",
    state_machine_name: "m",
    state_machine_id: "mi",
    role_arn: "r",
    seed: 1,
    kafka: None,
};

/// Two items that each set a variable and wait; one fails the state while the other still waits.
const FAILING: &str = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "V", "States": {
    "V": {"Type": "Pass", "Assign": {"v": 1}, "Next": "W"}, "W": {"Type": "Wait", "SecondsPath": "$", "Next": "F"}, "F": {"Type": "Fail"}}}}}}"#;

#[test]
fn children_take_their_variables_with_them() {
    let program = Arc::new(Program::from_text(FAILING).expect("it is valid"));
    let mut execution = Execution::new(Limits::default());
    execution.start(&program, b"[1, 2]", &IDENTITY, Timestamp(0)).expect("it is valid");
    execution.run(Timestamp(0));
    assert_eq!((execution.run.variables.len(), execution.run.frames.len()), (2, 3));
    assert_eq!(execution.run(Timestamp(1_000)), Progress::Ended);
    assert_eq!((execution.run.variables.len(), execution.run.frames.len(), execution.run.groups.len()), (0, 1, 0));
}

#[test]
fn an_execution_that_is_left_in_the_middle_leaves_nothing_to_the_next() {
    let program = Arc::new(Program::from_text(FAILING).expect("it is valid"));
    let mut execution = Execution::new(Limits { work_per_run: 1, ..Limits::default() });
    for _ in 0..3 {
        execution.start(&program, b"[1, 2]", &IDENTITY, Timestamp(0)).expect("it is valid");
        let run = &execution.run;
        assert_eq!((run.pending.len(), run.timers.len(), run.variables.len(), run.effects.len()), (1, 0, 0, 0));
        assert_eq!((run.frames.len(), run.groups.len(), execution.heap.bytes_used() < 300), (1, 0, true));
        assert_eq!(execution.run(Timestamp(0)), Progress::Yielded);
    }
}
