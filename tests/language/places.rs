//! Places of calls: one operation has one place, however often its event is delivered and whatever the timing.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use stepstream::engine::{Execution, Limits, TaskCall, TaskFailure};
use stepstream::program::Program;

use crate::driver::{Answer, Clock, run};

/// Deliveries of events in all, if `STEPSTREAM_RESTARTS` doesn't say otherwise.
const RESTARTS: usize = 3_000;
/// Deliveries of one event.
const DELIVERIES: usize = 12;

/// Draws machines whose data knows which operation a task is: where it is (`path`), and in which round of a loop (`loop`).
/// Errors may lead past nothing but the rest of a branch or iteration, so what the data knows does not depend on them.
struct Draw {
    random: fastrand::Rng,
    states: usize,
}

impl Draw {
    fn machine(&mut self, depth: usize, begins_with: Value) -> Value {
        let mut states = vec![begins_with];
        for _ in 0..=self.random.usize(..3) {
            let state = match self.random.usize(..if depth == 0 { 2 } else { 4 }) {
                0 | 1 => self.task(),
                2 => self.parallel(depth),
                _ => self.map(depth),
            };
            states.push(state);
        }
        let first = self.states;
        self.states += states.len() + 3;
        let name = |index: usize| format!("State {}", first + index);
        let (count, again, end) = (name(states.len()), name(states.len() + 1), name(states.len() + 2));
        let mut machine = Map::new();
        for (index, mut state) in states.into_iter().enumerate() {
            state["Next"] = json!(name(index + 1));
            if let Some(catchers) = state.get_mut("Catch") {
                catchers[0]["Next"] = json!(name(index + 1));
            }
            machine.insert(name(index), named(state, &name(index)));
        }
        let counted = json!({"path.$": "$.path", "loop.$": "States.MathAdd($.loop, 1)"});
        machine.insert(count, json!({"Type": "Pass", "Parameters": counted, "Next": again}));
        let rounds = self.random.usize(1..3);
        let rule = json!({"Variable": "$.loop", "NumericLessThan": rounds, "Next": name(1)});
        machine.insert(again, json!({"Type": "Choice", "Choices": [rule], "Default": end}));
        machine.insert(end, json!({"Type": "Succeed"}));
        json!({"StartAt": name(0), "States": machine})
    }

    fn task(&mut self) -> Value {
        let mut task = json!({"Type": "Task", "Resource": "urn:operation", "ResultPath": null,
            "Parameters": {"operation.$": "States.Format('NAME of {} in round {}', $.path, $.loop)"}});
        if self.random.bool() {
            task["TimeoutSeconds"] = json!(2);
        }
        self.handlers(task)
    }

    fn parallel(&mut self, depth: usize) -> Value {
        let branches: Vec<Value> = (0..=self.random.usize(..3))
            .map(|branch| {
                let path = format!("States.Format('{{}}/NAME.{{}}.{branch}', $.path, $.loop)");
                self.machine(depth - 1, json!({"Type": "Pass", "Parameters": {"path.$": path, "loop": 0}}))
            })
            .collect();
        self.handlers(json!({"Type": "Parallel", "Branches": branches, "ResultPath": null}))
    }

    fn map(&mut self, depth: usize) -> Value {
        let mut processor = self.machine(depth - 1, json!({"Type": "Pass"}));
        if self.random.bool() {
            processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"});
        }
        let path = "States.Format('{}/NAME.{}.{}', $.path, $.loop, $$.Map.Item.Index)";
        let at_once = self.random.usize(..3);
        self.handlers(json!({"Type": "Map", "ItemsPath": "$$.Execution.Input.items", "ResultPath": null,
            "MaxConcurrency": at_once, "ItemSelector": {"path.$": path, "loop": 0},
            "ItemProcessor": processor}))
    }

    fn handlers(&mut self, mut state: Value) -> Value {
        if self.random.bool() {
            state["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 1}]);
        }
        if self.random.bool() {
            state["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": null}]);
        }
        state
    }
}

/// Puts the state's name where its paths have `NAME`, but not into the machines inside it.
fn named(mut state: Value, name: &str) -> Value {
    for field in ["Parameters", "ItemSelector"] {
        for text in state.get_mut(field).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            if let Some(path) = text.as_str() {
                *text = json!(path.replace("NAME", name));
            }
        }
    }
    let branches = state.get_mut("Branches").and_then(Value::as_array_mut);
    for branch in branches.into_iter().flatten() {
        let first = branch["StartAt"].as_str().expect("it has one").to_owned();
        branch["States"][&first] = named(branch["States"][&first].take(), name);
    }
    state
}

/// Fails, answers late or never, as it happens.
fn answer(random: &mut fastrand::Rng) -> Answer {
    let outcome = match random.usize(..12) {
        0..=2 => Some(Err(TaskFailure::new("E", "why"))),
        3 => None,
        _ => Some(Ok(b"1".to_vec())),
    };
    Answer { after_millis: random.i64(0..3_000), outcome }
}

fn operation(call: &TaskCall) -> String {
    let input: Value = serde_json::from_slice(&call.input).expect("inputs are JSON");
    input["operation"].as_str().expect("each has one").to_owned()
}

#[test]
fn an_operation_has_one_place_in_all_deliveries_of_its_event() {
    let restarts = std::env::var("STEPSTREAM_RESTARTS").map_or(RESTARTS, |count| count.parse().expect("a number"));
    let mut execution = Execution::new(Limits { max_transitions: 5_000, ..Limits::default() });
    let (mut calls, mut retried, mut operations) = (0, 0, 0);
    for seed in 0..restarts.div_ceil(DELIVERIES) as u64 {
        let mut draw = Draw { random: fastrand::Rng::with_seed(seed), states: 0 };
        let definition = draw.machine(2, json!({"Type": "Pass"}));
        let program = Program::from_text(&definition.to_string());
        let program = Arc::new(program.unwrap_or_else(|faults| panic!("{faults:?}\n{definition:#}")));
        let event = json!({"path": "", "loop": 0, "items": [7, 8, 9]}).to_string();
        let (mut place_of, mut operation_at) = (HashMap::new(), HashMap::new());
        for _ in 0..DELIVERIES {
            let random = &mut draw.random;
            let outcome = run(&mut execution, &program, event.as_bytes(), Clock::default(), |call| {
                let operation = operation(call);
                let known = place_of.entry(operation.clone()).or_insert_with(|| call.place.clone());
                assert_eq!(*known, call.place, "{operation} moves, seed {seed}\n{definition:#}");
                let known = operation_at.entry(call.place.clone()).or_insert_with(|| operation.clone());
                assert_eq!(*known, operation, "{} names two operations, seed {seed}\n{definition:#}", call.place);
                assert!(call.place.len() <= 160 && call.place.is_ascii(), "{}", call.place);
                calls += 1;
                retried += usize::from(call.attempt > 1);
                answer(random)
            });
            outcome.expect("the event is valid");
        }
        operations += place_of.len();
    }
    println!("{restarts} deliveries: {operations} operations, {calls} calls, {retried} of them retries");
    assert!(calls > 2 * restarts && retried > restarts / 10, "{calls} calls and {retried} retries say little");
}

#[test]
fn a_place_says_where_the_call_is_made() {
    let task = |name: &str, next: Value| {
        let mut state = json!({"Type": "Task", "Resource": "urn:x", "ResultPath": null});
        state.as_object_mut().expect("an object").extend(next.as_object().expect("an object").clone());
        json!({"StartAt": name, "States": {name: state}})
    };
    let branches = [task("Reserve", json!({"End": true})), task("Grün/blau", json!({"End": true}))];
    let (first, second) = (&branches[0]["States"]["Reserve"], &branches[1]["States"]["Grün/blau"]);
    let definition = json!({"StartAt": "Book", "States": {
        "Book": {"Type": "Parallel", "ResultPath": null, "Next": "Charge", "Branches": [
            {"StartAt": "Reserve", "States": {"Reserve": first}},
            {"StartAt": "Grün/blau", "States": {"Grün/blau": second}}]},
        "Charge": {"Type": "Task", "Resource": "urn:x", "ResultPath": "$.n", "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 2, "Next": "Book"}],
            "Default": "Done"},
        "Done": {"Type": "Succeed"}}});
    let program = Arc::new(Program::from_text(&definition.to_string()).expect("it is valid"));
    let (mut places, mut charges) = (Vec::new(), 0);
    run(&mut Execution::new(Limits::default()), &program, b"{}", Clock::default(), |call| {
        places.push(call.place.clone());
        charges += usize::from(&*call.state == "Charge");
        Answer { after_millis: 1, outcome: Some(Ok(charges.to_string().into_bytes())) }
    })
    .expect("it can be run");
    let expected = [
        "Book:1/0/Reserve:1",
        "Book:1/1/Gr%C3%BCn%2Fblau:1",
        "Charge:1",
        "Book:2/0/Reserve:1",
        "Book:2/1/Gr%C3%BCn%2Fblau:1",
        "Charge:2",
    ];
    assert_eq!(places, expected);
}
