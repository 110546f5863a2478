//! What data may come to each state: warns of paths and variables that can never exist there.
//!
//! Every value gets a [`Shape`], which may have more than any real value has, never less; shapes are joined over all ways to
//! a state until nothing changes. So a warning is certain: whenever the state is entered, the path leads to nothing.
//! But for what looks like a function, `$.list.length()`: that is the name of a field, which hardly any field has.
//! Results of tasks and the execution's input are unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::diagnostic::Diagnostic;
use super::model::{Definition, Machine, State, StateKind};
use shape::Shape;
use variables::Variables;

mod choice;
mod jsonata;
mod places;
mod shape;
mod state;
mod variables;

/// How many states are followed in all before the analysis gives up: a bound on the time for definitions that no person
/// wrote.
const MAX_STEPS: usize = 20_000;

/// How often what comes to a state may change before it counts as unknown.
const MAX_CHANGES: usize = 8;

/// All warnings for a definition.
pub(super) fn analyse(definition: &Definition) -> Vec<Diagnostic> {
    let mut assigned = BTreeMap::new();
    collect_assigned(&definition.machine, &mut assigned);
    let mut flow = Flow { assigned, steps: 0, warning: true, warnings: Vec::new() };
    let entry = Data { input: Shape::Unknown, variables: Variables::default() };
    flow.machine(&definition.machine, &entry, false);
    if flow.steps > MAX_STEPS { Vec::new() } else { flow.warnings }
}

struct Flow<'a> {
    /// Variable → the place of the first state that assigns it.
    assigned: BTreeMap<&'a str, &'a str>,
    /// States that were followed so far.
    steps: usize,
    /// Whether what is found now is final.
    warning: bool,
    warnings: Vec<Diagnostic>,
}

/// What comes to a state.
#[derive(Clone, Debug, PartialEq)]
struct Data {
    input: Shape,
    variables: Variables,
}

impl Data {
    fn join(&self, other: &Data) -> Data {
        Data { input: self.input.join(&other.input), variables: self.variables.join(&other.variables) }
    }
}

/// Where a state leads.
#[derive(Default)]
struct Exits<'a> {
    /// To the named states.
    next: Vec<(&'a str, Data)>,
    /// Out of the machine.
    output: Option<Shape>,
}

impl<'a> Flow<'a> {
    fn warn(&mut self, warning: Diagnostic) {
        if self.warning {
            self.warnings.push(warning);
        }
    }

    /// The output of a machine; `None` if it never ends well.
    fn machine(&mut self, machine: &'a Machine, entry: &Data, in_map: bool) -> Option<Shape> {
        let warning = std::mem::replace(&mut self.warning, false);
        let (entries, output) = self.settle(machine, entry, in_map);
        self.warning = warning;
        if warning {
            for (state, data) in machine.states.iter().zip(&entries) {
                if let Some(data) = data {
                    self.state(state, data, in_map);
                }
            }
        }
        output
    }

    /// What comes to each state, when nothing changes any more.
    fn settle(&mut self, machine: &'a Machine, entry: &Data, in_map: bool) -> (Vec<Option<Data>>, Option<Shape>) {
        let index: HashMap<&str, usize> =
            machine.states.iter().enumerate().map(|(at, state)| (state.name.as_str(), at)).collect();
        let mut entries: Vec<Option<Data>> = vec![None; machine.states.len()];
        let mut changes = vec![0; machine.states.len()];
        let mut output: Option<Shape> = None;
        // Definitions are mostly written in the order in which they run.
        let mut todo: BTreeSet<usize> = BTreeSet::new();
        if let Some(&start) = index.get(machine.start_at.value.as_str()) {
            entries[start] = Some(entry.clone());
            todo.insert(start);
        }
        while let Some(at) = todo.pop_first() {
            let Some(data) = entries[at].clone() else { continue };
            let exits = self.state(&machine.states[at], &data, in_map);
            if self.steps > MAX_STEPS {
                break;
            }
            if let Some(more) = exits.output {
                output = Some(output.map_or_else(|| more.clone(), |known| known.join(&more)));
            }
            for (name, data) in exits.next {
                let Some(&to) = index.get(name) else { continue };
                if arrive(&mut entries[to], data, &mut changes[to]) {
                    todo.insert(to);
                }
            }
        }
        (entries, output)
    }

    fn state(&mut self, state: &'a State, data: &Data, in_map: bool) -> Exits<'a> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Exits::default();
        }
        match state.query_language {
            super::QueryLanguage::JSONPath => self.jsonpath_state(state, data, in_map),
            super::QueryLanguage::JSONata => self.jsonata_state(state, data, in_map),
        }
    }
}

/// Adds what comes to a state on one way; whether that changes anything.
fn arrive(known: &mut Option<Data>, data: Data, changes: &mut usize) -> bool {
    let joined = match known {
        None => data,
        Some(known) => known.join(&data),
    };
    if known.as_ref() == Some(&joined) {
        return false;
    }
    *changes += 1;
    *known = Some(match *changes > MAX_CHANGES {
        false => joined,
        true => Data { input: Shape::Unknown, variables: joined.variables.widened() },
    });
    // Names of variables may still be added, but there are only so many.
    true
}

fn collect_assigned<'a>(machine: &'a Machine, assigned: &mut BTreeMap<&'a str, &'a str>) {
    for state in &machine.states {
        let catch = state.kind.work().map_or(&[][..], |work| &work.catch);
        let rules = match &state.kind {
            StateKind::Choice(choice) => &choice.choices[..],
            _ => &[],
        };
        let catch = catch.iter().filter_map(|catcher| catcher.assign.as_ref());
        let rules = rules.iter().filter_map(|rule| rule.assign.as_ref());
        for member in state.assign.iter().chain(catch).chain(rules).filter_map(|node| node.as_object()).flatten() {
            let name = member.key.strip_suffix(".$").unwrap_or(&member.key);
            assigned.entry(name).or_insert(&state.location);
        }
        match &state.kind {
            StateKind::Parallel(parallel) => {
                parallel.branches.iter().for_each(|branch| collect_assigned(branch, assigned));
            }
            StateKind::Map(map) => collect_assigned(&map.item_processor, assigned),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
