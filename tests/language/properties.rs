//! What holds for every machine, input, and order of outcomes.

use std::cell::RefCell;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::driver::{Clock, Outcome, START, identity, run};
use crate::machines::Dice;
use stepstream::engine::{Execution, Limits, Progress};
use stepstream::program::Program;

fn limits() -> Limits {
    Limits { max_transitions: 1_500, max_heap_bytes: 4 << 20, max_data_bytes: 20_000, ..Limits::default() }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 5_000, ..ProptestConfig::default() }
}

fn play(execution: &mut Execution, program: &Arc<Program>, event: &[u8], world: &[u8]) -> Outcome {
    let mut dice = Dice::new(world);
    let clock = Clock { millis_per_turn: 1 };
    run(execution, program, event, clock, |call| dice.answer(call)).expect("the event is valid")
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn every_execution_ends_and_ends_the_same_way_again(
        machine in vec(any::<u8>(), 0..300),
        input in vec(any::<u8>(), 0..30),
        world in vec(any::<u8>(), 0..200),
        per_run in 1_u64..3_000,
    ) {
        thread_local! {
            // Whatever the cases before this one left in it.
            static USED: RefCell<Execution> = RefCell::new(Execution::new(limits()));
        }
        let definition = Dice::new(&machine).definition();
        let program = Program::from_text(&definition.to_string());
        prop_assert!(program.is_ok(), "{:?}\n{definition:#}", program.err());
        let program = Arc::new(program.expect("it was checked"));
        let event = Dice::new(&input).event();

        let mut recording = Execution::new(limits());
        recording.record_history();
        let first = play(&mut recording, &program, event.as_bytes(), &world);
        let history = format!("{:?}", recording.history());
        let again = play(&mut recording, &program, event.as_bytes(), &world);
        prop_assert_eq!(first.end(), again.end());
        prop_assert_eq!(&first.calls, &again.calls);
        prop_assert_eq!(history, format!("{:?}", recording.history()));
        for (index, event) in recording.history().iter().enumerate() {
            prop_assert_eq!(event.id, index as u64 + 1);
            // Only what the execution begins with follows nothing.
            prop_assert!(event.previous_id < event.id && (event.previous_id > 0 || event.id <= 2), "{event:?}");
        }

        let used = USED.with_borrow_mut(|used| play(used, &program, event.as_bytes(), &world));
        prop_assert_eq!(first.end(), used.end());
        prop_assert_eq!(&first.calls, &used.calls);

        let mut yielding = Execution::new(Limits { work_per_run: per_run, ..limits() });
        let paused = play(&mut yielding, &program, event.as_bytes(), &world);
        prop_assert!(paused.transitions <= limits().max_transitions);
    }

    #[test]
    fn a_spoiled_definition_is_refused_or_runs(
        machine in vec(any::<u8>(), 0..200),
        faults in vec(vec(any::<u8>(), 0..40), 1..4),
        world in vec(any::<u8>(), 0..100),
    ) {
        let mut definition = Dice::new(&machine).definition();
        for fault in &faults {
            Dice::new(fault).spoil(&mut definition);
        }
        match Program::from_text(&definition.to_string()) {
            Ok(program) => {
                play(&mut Execution::new(limits()), &Arc::new(program), br#"{"a": 1, "list": [1, {"a": 2}]}"#, &world);
            }
            Err(diagnostics) => prop_assert!(diagnostics.iter().any(|diagnostic| diagnostic.is_error())),
        }
    }

    #[test]
    fn an_event_is_run_or_refused_and_the_execution_is_idle_then(event in "[\\[\\]{}\",:0-9a-z\\\\ -]{0,30}") {
        let program = Program::from_text(r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}"#);
        let program = Arc::new(program.expect("it is valid"));
        let mut execution = Execution::new(Limits::default());
        // It has a deadline and a timer from before.
        execution.start(&program, b"{}", &identity(1), START).expect("it is valid");
        execution.run(START);
        let started = execution.start(&program, event.as_bytes(), &identity(1), START);
        prop_assert_eq!(started.is_ok(), serde_json::from_str::<serde_json::Value>(&event).is_ok(), "{:?}", started);
        let progress = execution.run(START);
        if started.is_err() {
            prop_assert_eq!(progress, Progress::Ended);
            prop_assert_eq!((execution.status(), execution.wake_at()), (None, None));
        } else {
            prop_assert_eq!(progress, Progress::Suspended);
        }
    }
}

/// The properties above say little if all machines end at their first state.
#[test]
fn random_machines_reach_every_kind_of_end() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| random.u8(..)).collect() };
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..1000 {
        let (machine, input, world) = (bytes(300), bytes(30), bytes(200));
        let program = Program::from_text(&Dice::new(&machine).definition().to_string()).expect("it is valid");
        let event = Dice::new(&input).event();
        let outcome = play(&mut Execution::new(limits()), &Arc::new(program), event.as_bytes(), &world);
        let error = outcome.failure.and_then(|failure| failure.error).unwrap_or_default();
        *counts.entry(format!("{} {error}", outcome.status)).or_insert(0) += 1;
        for (what, holds) in [
            ("ten transitions", outcome.transitions >= 10),
            ("all transitions", outcome.transitions == limits().max_transitions),
            ("calls", !outcome.calls.is_empty()),
            ("calls at once", outcome.most_calls > 1),
            ("cancelled calls", outcome.cancelled > 0),
            ("retries", outcome.retries > 0),
            ("time", outcome.elapsed_millis > 0),
        ] {
            *counts.entry(what.to_owned()).or_insert(0) += i32::from(holds);
        }
    }
    let kinds = [
        "SUCCEEDED ",
        "FAILED E",
        "FAILED States.Runtime",
        "FAILED States.QueryEvaluationError",
        "FAILED States.Timeout",
        "TIMED_OUT States.Timeout",
    ];
    assert!(kinds.iter().all(|kind| counts.contains_key(*kind)), "{counts:#?}");
    assert!(counts.values().all(|count| *count >= 5), "{counts:#?}");
}
