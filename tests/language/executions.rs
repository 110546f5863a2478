//! What the owner of executions relies on, where a sheet of cases would be too large or says too little.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::driver::{Answer, Clock, Outcome, START, identity, run};
use stepstream::engine::{Effect, EventError, Execution, Limits, Progress, Status, TaskCall, TaskFailure, Timestamp};
use stepstream::program::Program;

fn program(definition: Value) -> Arc<Program> {
    Arc::new(Program::from_text(&definition.to_string()).unwrap_or_else(|faults| panic!("{faults:?}")))
}

fn task(fields: Value) -> Arc<Program> {
    let mut state = json!({"Type": "Task", "Resource": "r", "End": true});
    state.as_object_mut().expect("it is one").extend(fields.as_object().expect("fields").clone());
    program(json!({"StartAt": "T", "States": {"T": state}}))
}

/// Values may be nested deeper than events are by default.
fn deepest() -> Limits {
    Limits { max_depth: stepstream::value::MAX_DEPTH, ..Limits::default() }
}

fn play(program: &Arc<Program>, event: &str, answer: impl FnMut(&TaskCall) -> Answer) -> Outcome {
    run(&mut Execution::new(deepest()), program, event.as_bytes(), Clock::default(), answer).expect("it is valid")
}

fn ok(after_millis: i64) -> Answer {
    Answer { after_millis, outcome: Some(Ok(b"1".to_vec())) }
}

fn error() -> Answer {
    let failure = TaskFailure { error: Some("E".to_owned()), ..TaskFailure::default() };
    Answer { after_millis: 0, outcome: Some(Err(failure)) }
}

/// The call that the execution asks for.
fn call(execution: &mut Execution) -> TaskCall {
    match execution.take_effect() {
        Some(Effect::Call(call)) => call,
        other => panic!("expected a call, found {other:?}"),
    }
}

#[test]
fn ten_thousand_items_are_mapped_in_order_and_within_the_bound() {
    let definition = |mode: Value| {
        json!({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {
            "ProcessorConfig": mode, "StartAt": "V", "States": {
                "V": {"Type": "Pass", "Assign": {"v.$": "$"}, "Next": "T"},
                "T": {"Type": "Task", "Resource": "r", "TimeoutSeconds": 200, "ResultPath": null, "End": true}}}}}})
    };
    let items: Vec<u32> = (0..10_000).collect();
    let event = json!(items).to_string();
    // Answers that come one by one, the latest first within a bound.
    let mut calls = 0;
    let mut answer = |_: &TaskCall| {
        calls += 1;
        ok(100 - calls % 7)
    };
    let inline = play(&program(definition(json!({"Mode": "INLINE"}))), &event, &mut answer);
    assert_eq!((inline.status, inline.output.as_deref()), (Status::Succeeded, Some(event.as_str())));
    assert_eq!((inline.most_calls, inline.calls.len()), (40, 10_000));
    let distributed = json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"});
    let distributed = play(&program(definition(distributed)), &event, answer);
    assert_eq!((distributed.output, distributed.most_calls), (inline.output, 1_000));
}

#[test]
fn a_result_that_shares_its_parts_is_measured_as_if_it_did_not() {
    // Each iteration gives the whole input: together gigabytes of text, of which the heap holds one copy.
    let program = program(
        json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.l", "ItemSelector": {"all.$": "$"},
        "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "ResultPath": null, "Next": "S"}], "End": true,
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}, "S": {"Type": "Pass", "Result": "caught", "End": true}}}),
    );
    let event = json!({"l": vec![0; 40_000], "text": "x".repeat(150_000)}).to_string();
    assert_eq!(play(&program, &event, |_| ok(0)).output.as_deref(), Some("\"caught\""));
}

#[test]
fn jitter_is_within_the_delay_and_depends_on_the_seed_alone() {
    let program = task(
        json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 100, "MaxDelaySeconds": 101, "MaxAttempts": 1, "JitterStrategy": "FULL"}]}),
    );
    let delay = |seed: u64| {
        let mut execution = Execution::new(Limits::default());
        execution.start(&program, b"{}", &identity(seed), START).expect("it is valid");
        execution.run(START);
        let first = call(&mut execution);
        execution.resume(first.id, Err(TaskFailure { error: Some("E".to_owned()), ..TaskFailure::default() }), START);
        assert_eq!(execution.run(START), Progress::Suspended);
        execution.wake_at().expect("it waits").until(START).as_millis()
    };
    let delays: Vec<u128> = (0..200).map(delay).collect();
    assert!(delays.iter().all(|delay| *delay <= 100_000), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < 20_000) && delays.iter().any(|delay| *delay > 80_000), "{delays:?}");
    assert_eq!(delay(5), delays[5]);
}

#[test]
fn outcomes_that_come_after_the_end_or_for_the_execution_before_are_ignored() {
    let program = task(json!({}));
    let mut execution = Execution::new(Limits::default());
    execution.start(&program, b"{}", &identity(1), START).expect("it is valid");
    execution.run(START);
    let first = call(&mut execution);
    execution.resume(first.id, Ok(b"1"), START);
    assert_eq!(execution.run(START), Progress::Ended);
    execution.resume(first.id, Ok(b"2"), START);
    assert_eq!((execution.run(START), execution.take_effect().is_none()), (Progress::Ended, true));
    let mut output = Vec::new();
    execution.write_output(&mut output);
    assert_eq!(output, b"1");

    execution.start(&program, b"{}", &identity(2), START).expect("it is valid");
    execution.run(START);
    let second = call(&mut execution);
    assert_eq!((second.ordinal, first.ordinal), (0, 0));
    execution.resume(first.id, Ok(b"\"stale\""), START);
    assert_eq!((execution.run(START), execution.status()), (Progress::Suspended, None));
    execution.resume(second.id, Ok(b"3"), START);
    output.clear();
    assert_eq!(execution.run(START), Progress::Ended);
    execution.write_output(&mut output);
    assert_eq!(output, b"3");
}

#[test]
fn an_execution_can_be_left_at_any_point_and_started_again_with_another_program() {
    let wait = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}});
    let map = json!({"StartAt": "V", "States": {"V": {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"},
        "M": {"Type": "Map", "ItemsPath": "$.l", "End": true, "ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "TimeoutSeconds": 3, "End": true}}}}}});
    let reads = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": true}}});
    let (wait, map, reads) = (program(wait), program(map), program(reads));
    let mut execution = Execution::new(Limits { work_per_run: 2, ..Limits::default() });
    for left in [&map, &wait, &reads, &map] {
        execution.start(left, br#"{"l": [1, 2, 3]}"#, &identity(1), START).expect("it is valid");
        execution.run(START);
        let outcome = run(&mut execution, &wait, b"{}", Clock::default(), |_| ok(0)).expect("it is valid");
        assert_eq!((outcome.status, outcome.elapsed_millis, outcome.cancelled), (Status::Succeeded, 5_000, 0));
        let outcome = run(&mut execution, &reads, b"{}", Clock::default(), |_| ok(0)).expect("it is valid");
        assert_eq!(outcome.status, Status::Failed, "the variable of the execution before is gone");
    }
}

#[test]
fn a_loop_through_a_map_ends_by_its_transitions_and_leaves_no_call_under_way() {
    let program = program(json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.l", "ResultPath": null, "Next": "C", "ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "TimeoutSeconds": 60, "End": true}}}},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "S"}], "Default": "M"}, "S": {"Type": "Succeed"}}}));
    let limits = Limits { max_transitions: 50_000, ..Limits::default() };
    let outcome = run(&mut Execution::new(limits), &program, br#"{"l": [1, 2]}"#, Clock::default(), |_| ok(0));
    let outcome = outcome.expect("it is valid");
    assert_eq!((outcome.status, outcome.transitions, outcome.cancelled), (Status::Failed, 50_000, 0));
}

#[test]
fn events_are_refused_by_what_is_wrong_with_them() {
    let program = task(json!({}));
    let mut execution = Execution::new(Limits { max_event_bytes: 20, max_depth: 3, ..Limits::default() });
    let mut start =
        |event: &[u8]| execution.start(&program, event, &identity(1), START).map_err(|error| error.reason());
    assert_eq!(start(br#"{"a": 1} trailing"#), Err("not-json"));
    assert_eq!(start(b""), Err("not-json"));
    assert_eq!(start(b"\"\xff\""), Err("not-json"));
    assert_eq!(start(b"[[[[1]]]]"), Err("too-deep"));
    assert_eq!(start(b"[[[1]]]"), Ok(()));
    assert_eq!(start(b"[111111111111111111]"), Ok(()));
    assert_eq!(start(b"[1111111111111111111]"), Err("too-large"));
    let error = EventError::TooLarge { size: 21, limit: 20 };
    assert_eq!(error.to_string(), "the event has 21 bytes, the limit is 20 (max_event_bytes)");
}

#[test]
fn data_may_have_as_many_bytes_as_the_limit_says_and_no_more() {
    let program =
        program(json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"a.$": "$"}, "End": true}}}));
    // {"a":"…"} has 8 bytes around the text.
    let fits = json!("x".repeat(262_144 - 8)).to_string();
    assert_eq!(play(&program, &fits, |_| ok(0)).output.map(|output| output.len()), Some(262_144));
    let too_large = json!("x".repeat(262_144 - 7)).to_string();
    let failure = play(&program, &too_large, |_| ok(0)).failure.expect("it fails");
    assert_eq!(failure.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[test]
fn a_call_that_the_states_fields_make_impossible_fails_in_the_states_name_and_for_good() {
    let retried = task(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}));
    let failure = TaskFailure { of_fields: true, ..TaskFailure::new("States.Runtime", "No call can be made.") };
    let answer = |_: &TaskCall| Answer { after_millis: 0, outcome: Some(Err(failure.clone())) };
    let failure = play(&retried, "{}", answer).failure.expect("it fails");
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    let expected = "An error occurred while executing the state 'T' (entered at the event id #2). No call can be made.";
    assert_eq!(failure.cause.as_deref(), Some(expected));
}

#[test]
fn causes_and_error_names_are_cut_to_the_quotas_of_the_service() {
    let missing =
        program(json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"a.$": "$.no"}, "End": true}}}));
    let failure = play(&missing, &json!("ä".repeat(100_000)).to_string(), |_| ok(0)).failure.expect("it fails");
    assert_eq!(failure.cause.map(|cause| cause.chars().count()), Some(32_768));
    let failure =
        TaskFailure { error: Some("E".repeat(300)), cause: Some("c".repeat(32_768)), ..TaskFailure::default() };
    let answer = |_: &TaskCall| Answer { after_millis: 0, outcome: Some(Err(failure.clone())) };
    let failure = play(&task(json!({})), "{}", answer).failure.expect("it fails");
    assert_eq!(failure.error.map(|error| error.len()), Some(256));
    assert_eq!(failure.cause.map(|cause| cause.len()), Some(32_768));
}

#[test]
fn a_task_that_answers_no_json_fails_for_good() {
    let program = task(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}));
    let answer = |_: &TaskCall| Answer { after_millis: 0, outcome: Some(Ok(b"<html>".to_vec())) };
    let outcome = play(&program, "{}", answer);
    let failure = outcome.failure.expect("it fails");
    assert_eq!((failure.error.as_deref(), outcome.calls.len()), (Some("States.Runtime"), 1));
    assert!(failure.cause.is_some_and(|cause| cause.contains("not valid JSON")));
}

#[test]
fn an_idle_execution_wants_nothing_and_ends_at_once() {
    let mut execution = Execution::new(Limits::default());
    assert_eq!((execution.wake_at(), execution.run(Timestamp(i64::MAX))), (None, Progress::Ended));
    assert_eq!((execution.status(), execution.failure()), (None, None));
    assert!(execution.take_effect().is_none());
}

#[test]
fn a_retry_waits_for_its_time_whatever_else_happens() {
    let program = program(json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 60, "MaxAttempts": 1}], "End": true}}},
        {"StartAt": "U", "States": {"U": {"Type": "Task", "Resource": "r", "Next": "W"}, "W": {"Type": "Wait", "Seconds": 3, "End": true}}}]}}}));
    let answer = |call: &TaskCall| if &*call.state == "T" && call.retry_count == 0 { error() } else { ok(1_000) };
    let outcome = play(&program, "{}", answer);
    let at: Vec<_> = outcome.calls.iter().map(|call| (call.state.as_str(), call.at_millis)).collect();
    assert_eq!(at, [("T", 0), ("U", 0), ("T", 60_000)]);
    assert_eq!((outcome.output.as_deref(), outcome.elapsed_millis), (Some("[1,1]"), 61_000));
}

#[test]
fn machines_and_events_as_deep_as_they_may_be_are_run() {
    let mut machine = json!({"StartAt": "S0", "States": {"S0": {"Type": "Pass", "Parameters": {"all.$": "$..*"}, "OutputPath": "$.all[0]", "End": true}}});
    for depth in 1..45 {
        let name = format!("S{depth}");
        machine = json!({"StartAt": name, "States": {(name.clone()): {"Type": "Parallel", "Branches": [machine], "OutputPath": "$[0]", "End": true}}});
    }
    let program = program(machine);
    let event = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    let outcome = play(&program, &event, |_| ok(0));
    assert_eq!((outcome.status, outcome.transitions), (Status::Succeeded, 45), "{:?}", outcome.failure);
    assert_eq!(outcome.output.as_deref(), Some(&event[1..event.len() - 1]));
    let too_deep = format!("{}{}", "[".repeat(1001), "]".repeat(1001));
    let refused = |limits| Execution::new(limits).start(&program, too_deep.as_bytes(), &identity(1), START);
    assert_eq!(refused(deepest()), Err(EventError::TooDeep { limit: 1000 }));
    assert_eq!(refused(Limits::default()), Err(EventError::TooDeep { limit: 128 }));
}

#[test]
fn an_event_of_the_greatest_depth_does_not_hide_the_context_object() {
    let program = program(
        json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"n.$": "$$.Execution.Name"}, "End": true}}}),
    );
    let event = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(play(&program, &event, |_| ok(0)).output.as_deref(), Some(r#"{"n":"orders-0-42"}"#));
}
