//! What a picture shows, whatever its format: marks, states, transitions, and machines within states.

use std::collections::HashMap;

use super::{condition, text};
use crate::asl::{
    ChoiceState, Definition, Dynamic, Machine, MapMode, MapState, State, StateKind, Transition, WaitUntil, Work,
};
use crate::visible::visible;

/// A machine as nodes and edges.
pub(super) struct Chart {
    /// The start mark, then the states in document order, then the end mark if a state ends the machine.
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

pub(super) struct Node {
    /// Unique in the whole picture.
    pub id: usize,
    pub shape: Shape,
}

pub(super) enum Shape {
    Start,
    End,
    State(StateShape),
}

pub(super) struct StateShape {
    pub name: String,
    pub type_name: &'static str,
    /// What the type does here in a few words: the resource, how long, which error. Empty if there is nothing to say.
    pub detail: String,
    /// The machines that run within the state: those of Map and Parallel.
    pub charts: Vec<Chart>,
}

pub(super) struct Edge {
    /// Indices in [`Chart::nodes`].
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
    /// The condition or the error names; empty for a plain transition.
    pub label: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EdgeKind {
    Next,
    Rule,
    Default,
    Catch,
}

impl Chart {
    /// The chart of the whole definition.
    pub(super) fn of(definition: &Definition) -> Chart {
        chart(&definition.machine, &mut 0)
    }

    /// How many edges there are, those of inner machines included.
    pub(super) fn edge_count(&self) -> usize {
        let inner = self.nodes.iter().flat_map(Node::charts).map(Chart::edge_count);
        self.edges.len() + inner.sum::<usize>()
    }
}

impl Node {
    /// The state, if the node is none of the marks.
    pub(super) fn state(&self) -> Option<&StateShape> {
        match &self.shape {
            Shape::State(state) => Some(state),
            Shape::Start | Shape::End => None,
        }
    }

    /// The machines within.
    pub(super) fn charts(&self) -> &[Chart] {
        self.state().map_or(&[], |state| &state.charts)
    }

    /// The name for people who can't see the picture.
    pub(super) fn title(&self) -> &str {
        match &self.shape {
            Shape::Start => "Start",
            Shape::End => "End",
            Shape::State(state) => &state.name,
        }
    }
}

impl StateShape {
    /// The line below the name.
    pub(super) fn subtitle(&self) -> String {
        match self.detail.as_str() {
            "" => self.type_name.to_owned(),
            detail => format!("{}: {detail}", self.type_name),
        }
    }
}

fn chart(machine: &Machine, next_id: &mut usize) -> Chart {
    let mut id = || {
        *next_id += 1;
        *next_id - 1
    };
    let mut nodes = vec![Node { id: id(), shape: Shape::Start }];
    nodes.extend(machine.states.iter().map(|state| Node { id: id(), shape: Shape::State(shape(state)) }));
    let targets = machine.states.iter().enumerate().map(|(index, state)| (state.name.as_str(), index + 1)).collect();
    let mut edges = Edges { targets, end_mark: nodes.len(), all: Vec::new(), ends: false };
    edges.add(0, &machine.start_at.value, EdgeKind::Next, String::new());
    for (index, state) in machine.states.iter().enumerate() {
        edges.of_state(index + 1, state);
    }
    if edges.ends {
        nodes.push(Node { id: id(), shape: Shape::End });
    }
    let edges = edges.all;
    for (node, state) in nodes.iter_mut().skip(1).zip(&machine.states) {
        if let Shape::State(shape) = &mut node.shape {
            shape.charts = machines(&state.kind).iter().map(|machine| chart(machine, next_id)).collect();
        }
    }
    Chart { nodes, edges }
}

/// The machines that run within a state.
fn machines(kind: &StateKind) -> &[Machine] {
    match kind {
        StateKind::Parallel(parallel) => &parallel.branches,
        StateKind::Map(map) => std::slice::from_ref(&map.item_processor),
        _ => &[],
    }
}

/// Collects the edges of a machine.
struct Edges<'a> {
    /// Names of states and their indices among the nodes.
    targets: HashMap<&'a str, usize>,
    /// The index that the end mark has if there is one.
    end_mark: usize,
    all: Vec<Edge>,
    /// Does an edge lead to the end mark?
    ends: bool,
}

impl Edges<'_> {
    fn of_state(&mut self, from: usize, state: &State) {
        match &state.kind {
            StateKind::Choice(choice) => self.of_choice(from, choice),
            StateKind::Succeed(_) => self.end(from),
            // Fail is an end of its own: its machine doesn't get to the end mark.
            StateKind::Fail(_) => {}
            StateKind::Pass(pass) => self.transition(from, &pass.transition),
            StateKind::Wait(wait) => self.transition(from, &wait.transition),
            StateKind::Task(task) => self.handled(from, &task.work),
            StateKind::Parallel(parallel) => self.handled(from, &parallel.work),
            StateKind::Map(map) => self.handled(from, &map.work),
        }
    }

    fn of_choice(&mut self, from: usize, choice: &ChoiceState) {
        for rule in &choice.choices {
            self.add(from, &rule.next.value, EdgeKind::Rule, condition::readable(&rule.condition));
        }
        if let Some(default) = &choice.default {
            self.add(from, &default.value, EdgeKind::Default, "default".to_owned());
        }
    }

    fn handled(&mut self, from: usize, work: &Work) {
        self.transition(from, &work.transition);
        for catcher in &work.catch {
            let errors: Vec<&str> = catcher.error_equals.iter().map(|error| error.value.as_str()).collect();
            self.add(from, &catcher.next.value, EdgeKind::Catch, errors.join(", "));
        }
    }

    fn transition(&mut self, from: usize, transition: &Transition) {
        match transition {
            Transition::Next(next) => self.add(from, &next.value, EdgeKind::Next, String::new()),
            Transition::End => self.end(from),
        }
    }

    fn end(&mut self, from: usize) {
        self.ends = true;
        self.all.push(Edge { from, to: self.end_mark, kind: EdgeKind::Next, label: String::new() });
    }

    fn add(&mut self, from: usize, target: &str, kind: EdgeKind, label: String) {
        // In a valid definition every target exists.
        if let Some(&to) = self.targets.get(target) {
            self.all.push(Edge { from, to, kind, label: visible(&label).into_owned() });
        }
    }
}

fn shape(state: &State) -> StateShape {
    let detail = match &state.kind {
        StateKind::Task(task) => text::resource(task.resource.value.as_str()).to_owned(),
        StateKind::Wait(wait) => match &wait.until {
            WaitUntil::Seconds(seconds) => dynamic(seconds, |seconds| format!("{seconds} s")),
            WaitUntil::Timestamp(time) => format!("until {}", dynamic(time, String::clone)),
        },
        StateKind::Fail(fail) => fail.error.as_ref().map(|error| dynamic(error, String::clone)).unwrap_or_default(),
        StateKind::Map(map) => map_detail(map),
        StateKind::Pass(_) | StateKind::Choice(_) | StateKind::Succeed(_) | StateKind::Parallel(_) => String::new(),
    };
    let type_name = state.kind.type_name();
    StateShape {
        name: visible(&state.name).into_owned(),
        type_name,
        detail: visible(&detail).into_owned(),
        charts: Vec::new(),
    }
}

fn map_detail(map: &MapState) -> String {
    let items = match (&map.items_path, &map.items) {
        (Some(path), _) => path.value.clone(),
        (None, Some(items)) => items.as_str().map(text::expression).unwrap_or_default(),
        (None, None) => String::new(),
    };
    match (map.mode, items.as_str()) {
        (MapMode::Inline, _) => items,
        (MapMode::Distributed, "") => "distributed".to_owned(),
        (MapMode::Distributed, items) => format!("{items}, distributed"),
    }
}

fn dynamic<T>(value: &Dynamic<T>, literal: impl Fn(&T) -> String) -> String {
    match value {
        Dynamic::Literal(value) => literal(&value.value),
        Dynamic::Path(path) => path.value.clone(),
        Dynamic::Expression(expression) => text::expression(&expression.value),
    }
}
