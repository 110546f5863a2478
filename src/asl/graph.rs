//! Transitions: do all targets exist, is every state reachable, does the machine end?

use std::collections::HashMap;

use super::diagnostic::{Code, Diagnostic};
use super::node::{Span, Spanned};
use crate::suggest;

/// The transitions of one machine, as far as they could be read.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Target of `StartAt`, if it is given.
    pub start: Option<Edge>,
    /// The states, in document order.
    pub vertices: Vec<Vertex>,
    /// The top-level machine?
    pub top_level: bool,
    /// The place of the machine.
    pub location: String,
    /// Where the machine stands.
    pub span: Span,
}

/// A state of a [`Graph`].
#[derive(Debug, Default)]
pub(super) struct Vertex {
    pub name: String,
    pub location: String,
    pub name_span: Span,
    pub edges: Vec<Edge>,
    /// Ends the machine.
    pub terminal: bool,
    /// Its transitions can't be known, since it has faults.
    pub opaque: bool,
}

/// A field that names a state.
#[derive(Debug)]
pub(super) struct Edge {
    /// `Next`, `Default` or `StartAt`'s place.
    pub location: String,
    pub target: Spanned<String>,
}

/// What a transition to nowhere is reported with, before the name.
const DANGLING: &str = "Missing 'Next' target: ";

/// Faults of the transitions of all machines.
#[derive(Debug, Default)]
pub(super) struct GraphFaults {
    dangling: Vec<Diagnostic>,
    endless: Vec<Diagnostic>,
    unreachable: Vec<Diagnostic>,
}

impl GraphFaults {
    /// Adds the faults of a machine.
    pub(super) fn check(&mut self, graph: &Graph) {
        if graph.vertices.is_empty() {
            // That States is missing or empty has been said.
            return;
        }
        let index: HashMap<&str, usize> =
            graph.vertices.iter().enumerate().map(|(index, vertex)| (vertex.name.as_str(), index)).collect();
        for edge in graph.start.iter().chain(graph.vertices.iter().flat_map(|vertex| &vertex.edges)) {
            if !index.contains_key(edge.target.value.as_str()) {
                self.dangling.push(dangling(edge, graph));
            }
        }
        let has_end = graph.vertices.iter().any(|vertex| vertex.terminal || vertex.opaque);
        if !has_end {
            self.endless.push(endless(graph));
            if graph.top_level {
                return;
            }
        }
        self.check_reachable(graph, &index);
    }

    /// All faults, in the order in which AWS gives them. `states` has the place of every state of the definition.
    pub(super) fn into_diagnostics(mut self, states: &HashMap<String, String>) -> Vec<Diagnostic> {
        for fault in &mut self.dangling {
            let target = fault.message.strip_prefix(DANGLING).unwrap_or_default();
            if let Some(place) = states.get(target) {
                fault.hint = Some(format!("'{target}' is {place}: transitions stay within one States object."));
            }
        }
        self.dangling.sort_by_key(Diagnostic::position);
        self.endless.sort_by_key(Diagnostic::position);
        self.unreachable.sort_by_key(Diagnostic::position);
        // Without an end, AWS says nothing about reachability.
        if self.endless.iter().any(Diagnostic::is_error) {
            self.unreachable.clear();
        }
        self.dangling.into_iter().chain(self.endless).chain(self.unreachable).collect()
    }

    /// AWS reports each state that no transition leads to, wherever the machine starts. A circle of states that only lead to
    /// each other is not among them.
    fn check_reachable(&mut self, graph: &Graph, index: &HashMap<&str, usize>) {
        if graph.start.is_none() || graph.vertices.iter().any(|vertex| vertex.opaque) {
            // With unknown transitions nearly everything would be "not reachable".
            return;
        }
        let start = graph.start.iter().filter_map(|edge| index.get(edge.target.value.as_str()).copied());
        let mut entered = vec![false; graph.vertices.len()];
        start.clone().for_each(|at| entered[at] = true);
        for edge in graph.vertices.iter().flat_map(|vertex| &vertex.edges) {
            if let Some(&target) = index.get(edge.target.value.as_str()) {
                entered[target] = true;
            }
        }
        let orphans = (0..graph.vertices.len()).filter(|at| !entered[*at]);
        let reached = reached(graph, index, start.clone().chain(orphans.clone()));
        for vertex in orphans.map(|at| &graph.vertices[at]) {
            let message = format!("State \"{}\" is not reachable.", vertex.name);
            let fault = Diagnostic::error(Code::MissingTransitionTarget, message)
                .at(vertex.location.clone(), vertex.name_span.clone())
                .with_hint("No transition leads here: name it in a Next, Default or StartAt, or remove it.");
            self.unreachable.push(fault);
        }
        if start.count() == 0 {
            return;
        }
        for (vertex, _) in graph.vertices.iter().zip(reached).filter(|(_, reached)| !reached) {
            let message = format!("State \"{}\" can never be entered.", vertex.name);
            let warning = Diagnostic::warning(Code::MissingTransitionTarget, message)
                .at(vertex.location.clone(), vertex.name_span.clone())
                .with_hint("Only states that are never entered themselves lead here.");
            self.unreachable.push(warning);
        }
    }
}

/// Which states can be entered from these.
fn reached(graph: &Graph, index: &HashMap<&str, usize>, from: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut reached = vec![false; graph.vertices.len()];
    let mut todo: Vec<usize> = from.collect();
    while let Some(at) = todo.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            let targets = graph.vertices[at].edges.iter();
            todo.extend(targets.filter_map(|edge| index.get(edge.target.value.as_str())));
        }
    }
    reached
}

fn dangling(edge: &Edge, graph: &Graph) -> Diagnostic {
    let target = &edge.target.value;
    let names = || graph.vertices.iter().map(|vertex| vertex.name.as_str());
    let hint = match suggest::closest(target, names()) {
        _ if target.starts_with('$') || target.contains("{%") => {
            "A transition is constant. To choose a state at run time, use a Choice state.".to_owned()
        }
        Some(name) => format!("Did you mean '{name}'?"),
        None => "There is no state of that name in the same States object.".to_owned(),
    };
    Diagnostic::error(Code::MissingTransitionTarget, format!("{DANGLING}{target}"))
        .at(edge.location.clone(), edge.target.span.clone())
        .with_hint(hint)
}

/// AWS looks at the top level only, and gives no place.
fn endless(graph: &Graph) -> Diagnostic {
    let hint = "Let a state have \"End\": true, or add a Succeed or Fail state.";
    if graph.top_level {
        let fault = Diagnostic::error(Code::MissingEndState, "Workflow has no terminal state");
        return Diagnostic { span: Some(graph.span.start..graph.span.start + 1), ..fault }.with_hint(hint);
    }
    Diagnostic::warning(Code::MissingEndState, "The machine has no terminal state")
        .at(graph.location.clone(), graph.span.start..graph.span.start + 1)
        .with_hint(hint)
}
