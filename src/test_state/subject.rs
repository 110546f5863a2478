//! The state that a request asks about: read, checked and compiled.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::exception::Exception;
use super::request::Request;
use crate::asl::{self, Machine, State, StateKind};
use crate::engine::Solo;
use crate::program::{Program, StateId};
use crate::value::read_document;

/// The name that the service gives a state in the context object, whatever its own.
pub(super) const STATE_NAME: &str = "StateName";

/// A state to test.
pub(super) struct Subject {
    pub(super) program: Arc<Program>,
    pub(super) id: StateId,
    pub(super) state: State,
}

impl Subject {
    pub(super) fn solo<'a>(&self, variables: &'a [u8], context: &'a [u8], retries: u64) -> Solo<'a> {
        Solo { state: self.id, variables, context, retries }
    }

    pub(super) fn of(request: &Request) -> Result<Subject, Exception> {
        let Some(definition) = &request.definition else {
            return Err(Exception::constraint("null", "definition", "not be null"));
        };
        let (text, name) = match &request.state_name {
            Some(name) => (definition.0.clone(), name.as_str()),
            None => (machine_around(&definition.0), STATE_NAME),
        };
        let outcome = asl::read(&text);
        let Some(definition) = outcome.definition else { return Err(Exception::of_diagnostics(&outcome.diagnostics)) };
        let not_found = || Exception::validation("State not found in definition");
        let state = find(&definition.machine, name).ok_or_else(not_found)?.clone();
        let program = Program::compile(&definition).map_err(|faults| Exception::of_diagnostics(&faults))?;
        let id = program.find(name).ok_or_else(not_found)?;
        Ok(Subject { program: Arc::new(program), id, state })
    }
}

fn find<'a>(machine: &'a Machine, name: &str) -> Option<&'a State> {
    machine.states.iter().find_map(|state| {
        if state.name == name {
            return Some(state);
        }
        match &state.kind {
            StateKind::Parallel(parallel) => parallel.branches.iter().find_map(|branch| find(branch, name)),
            StateKind::Map(map) => find(&map.item_processor, name),
            _ => None,
        }
    })
}

/// A machine of the state alone. Where it would go on, it finds the end.
fn machine_around(state: &str) -> String {
    // What is no JSON object is refused with the reader's words.
    let Ok(Value::Object(state)) = read_document(state.as_bytes()) else { return state.to_owned() };
    let mut states = Map::new();
    for target in targets(&state) {
        states.insert(target, json!({"Type": "Succeed"}));
    }
    states.insert(STATE_NAME.to_owned(), Value::Object(state));
    json!({"StartAt": STATE_NAME, "States": states}).to_string()
}

/// The states that a state goes on to.
fn targets(state: &Map<String, Value>) -> Vec<String> {
    let listed = |field: &str| {
        let entries = state.get(field).and_then(Value::as_array);
        entries.into_iter().flatten().filter_map(|entry| entry.get("Next")).collect::<Vec<_>>()
    };
    let own = [state.get("Next"), state.get("Default")];
    let all = own.into_iter().flatten().chain(listed("Choices")).chain(listed("Catch"));
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}
