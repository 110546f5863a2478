//! What JSONPath states do with the data.

use crate::expr::path::ReferencePath;
use crate::expr::{Path, Place};

use super::super::model::{Catcher, Dynamic, MapMode, MapState, PathField, State, StateKind, Transition, WaitUntil};
use super::super::node::{Node, Spanned};
use super::places::Scope;
use super::shape::Shape;
use super::{Data, Exits, Flow, Variables};

impl<'a> Flow<'a> {
    pub(super) fn jsonpath_state(&mut self, state: &'a State, data: &Data, in_map: bool) -> Exits<'a> {
        let at = |field: &str| format!("{}/{field}", state.location);
        let context = context(in_map);
        let scope = Scope { data: &data.input, context: &context, variables: &data.variables };
        let input = self.selected(&state.input_path, &scope, &at("InputPath"));
        let scope = Scope { data: &input, ..scope };
        match &state.kind {
            StateKind::Pass(pass) => {
                let result = match (&pass.result, &pass.parameters) {
                    (Some(literal), _) => Shape::of(literal),
                    (None, Some(template)) => self.template(template, &scope, &at("Parameters")),
                    (None, None) => input.clone(),
                };
                let output = Shape::put_result(&data.input, &pass.result_path, result.clone());
                self.finish(state, data, &scope, result, output, &pass.transition)
            }
            StateKind::Wait(wait) => {
                match &wait.until {
                    WaitUntil::Seconds(seconds) => self.dynamic_path(Some(seconds), &scope, &at("SecondsPath")),
                    WaitUntil::Timestamp(time) => self.dynamic_path(Some(time), &scope, &at("TimestampPath")),
                }
                self.finish(state, data, &scope, input.clone(), input.clone(), &wait.transition)
            }
            StateKind::Succeed(_) => {
                let output = self.selected(&state.output_path, &scope, &at("OutputPath"));
                Exits { output: Some(output), next: Vec::new() }
            }
            StateKind::Fail(fail) => {
                for (text, field) in [(&fail.error, "ErrorPath"), (&fail.cause, "CausePath")] {
                    if let Some(Dynamic::Path(text)) = text {
                        self.dynamic(&text.value, &text.span, &scope, &at(field));
                    }
                }
                Exits::default()
            }
            StateKind::Choice(choice) => self.choice(state, choice, data, &scope),
            StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_) => self.work(state, data, &scope, in_map),
        }
    }

    /// States that retriers, catchers and a `ResultSelector` belong to.
    fn work(&mut self, state: &'a State, data: &Data, scope: &Scope<'_>, in_map: bool) -> Exits<'a> {
        let at = |field: &str| format!("{}/{field}", state.location);
        let Some(work) = state.kind.work() else { return Exits::default() };
        let result = match &state.kind {
            StateKind::Task(task) => {
                self.given_template(task.parameters.as_ref(), scope, &at("Parameters"));
                self.given_template(task.credentials.as_ref(), scope, &at("Credentials"));
                self.dynamic_path(task.timeout_seconds.as_ref(), scope, &at("TimeoutSecondsPath"));
                self.dynamic_path(task.heartbeat_seconds.as_ref(), scope, &at("HeartbeatSecondsPath"));
                Shape::Unknown
            }
            StateKind::Parallel(parallel) => {
                let input = self.given_template(parallel.parameters.as_ref(), scope, &at("Parameters"));
                let entry = Data { input, variables: data.variables.clone() };
                let outputs: Vec<Shape> =
                    parallel.branches.iter().filter_map(|branch| self.machine(branch, &entry, in_map)).collect();
                Shape::array(outputs)
            }
            StateKind::Map(map) => self.map(state, map, data, scope),
            _ => return Exits::default(),
        };
        let selected = match &work.result_selector {
            Some(template) => {
                let scope = Scope { data: &result, ..*scope };
                self.template(template, &scope, &at("ResultSelector"))
            }
            None => result.clone(),
        };
        let output = Shape::put_result(&data.input, &work.result_path, selected);
        let mut exits = self.finish(state, data, scope, result, output, &work.transition);
        self.catchers(state, &work.catch, data, scope, &mut exits);
        exits
    }

    fn map(&mut self, state: &'a State, map: &'a MapState, data: &Data, scope: &Scope<'_>) -> Shape {
        let at = |field: &str| format!("{}/{field}", state.location);
        let items = match &map.items_path {
            // With a reader, it is a matter of what was read.
            _ if map.item_reader.is_some() => Shape::Unknown,
            Some(path) => self.path(path, scope, &at("ItemsPath")),
            None => scope.data.clone(),
        };
        self.dynamic_path(map.max_concurrency.as_ref(), scope, &at("MaxConcurrencyPath"));
        self.dynamic_path(map.tolerated_failure_count.as_ref(), scope, &at("ToleratedFailureCountPath"));
        self.dynamic_path(map.tolerated_failure_percentage.as_ref(), scope, &at("ToleratedFailurePercentagePath"));
        let item = match (&map.item_reader, items.index()) {
            (None, Some(item)) => item,
            _ => Shape::Unknown,
        };
        let context = context(true);
        let item = match &map.item_selector {
            // It is evaluated for each item: not at all, if there is none.
            Some(template) if map.item_reader.is_none() => {
                self.template(template, &Scope { context: &context, ..*scope }, &at("ItemSelector"))
            }
            Some(_) => Shape::Unknown,
            None => item,
        };
        self.iterations(map, item, &data.variables)
    }

    /// The result of a Map whose iterations begin with `item`.
    pub(super) fn iterations(&mut self, map: &'a MapState, item: Shape, variables: &Variables) -> Shape {
        let variables = match map.mode {
            MapMode::Inline => variables.clone(),
            MapMode::Distributed => Variables::default(),
        };
        let input = if map.item_batcher.is_some() { Shape::Unknown } else { item };
        let output = self.machine(&map.item_processor, &Data { input, variables }, true);
        if map.result_writer.is_some() { Shape::Unknown } else { Shape::array(output) }
    }

    /// `Assign` and `OutputPath`, and on to the next state.
    fn finish(
        &mut self,
        state: &'a State,
        data: &Data,
        scope: &Scope<'_>,
        result: Shape,
        output: Shape,
        transition: &'a Transition,
    ) -> Exits<'a> {
        let variables = self.assign(state.assign.as_ref(), &Scope { data: &result, ..*scope }, &state.location);
        let location = format!("{}/OutputPath", state.location);
        let output = self.selected(&state.output_path, &Scope { data: &output, ..*scope }, &location);
        leave(transition, Data { input: output, variables: data.variables.with(variables) })
    }

    pub(super) fn assign(&mut self, node: Option<&Node>, scope: &Scope<'_>, location: &str) -> Vec<(String, Shape)> {
        let mut assigned = Vec::new();
        for member in node.and_then(Node::as_object).unwrap_or_default() {
            let location = format!("{location}/Assign");
            let (name, shape) = match (member.key.strip_suffix(".$"), member.value.as_str()) {
                (Some(name), Some(text)) => (name, self.dynamic(text, &member.value.span, scope, &location)),
                _ => (member.key.as_str(), self.template(&member.value, scope, &location)),
            };
            assigned.push((name.to_owned(), shape));
        }
        assigned
    }

    fn catchers(
        &mut self,
        state: &'a State,
        catch: &'a [Catcher],
        data: &Data,
        scope: &Scope<'_>,
        exits: &mut Exits<'a>,
    ) {
        for (index, catcher) in catch.iter().enumerate() {
            let location = format!("{}/Catch[{index}]", state.location);
            let assigned = self.assign(catcher.assign.as_ref(), &Scope { data: &Shape::Unknown, ..*scope }, &location);
            let input = Shape::put_result(&data.input, &catcher.result_path, Shape::error_output());
            exits.next.push((&catcher.next.value, Data { input, variables: data.variables.with(assigned) }));
        }
    }

    pub(super) fn selected(&mut self, field: &PathField, scope: &Scope<'_>, location: &str) -> Shape {
        match field {
            PathField::Absent => scope.data.clone(),
            PathField::Null(_) => Shape::closed([]),
            PathField::Path(path) => self.path(path, scope, location),
        }
    }

    fn given_template(&mut self, node: Option<&Node>, scope: &Scope<'_>, location: &str) -> Shape {
        match node {
            Some(node) => self.template(node, scope, location),
            None => scope.data.clone(),
        }
    }

    fn dynamic_path<T>(&mut self, value: Option<&Dynamic<T>>, scope: &Scope<'_>, location: &str) {
        if let Some(Dynamic::Path(path)) = value {
            self.path(path, scope, location);
        }
    }
}

impl Shape {
    /// What a catcher gets.
    pub(super) fn error_output() -> Shape {
        Shape::closed([("Error", Shape::Scalar), ("Cause", Shape::Scalar)])
    }

    fn put_result(input: &Shape, field: &PathField, result: Shape) -> Shape {
        match field {
            PathField::Absent => result,
            PathField::Null(_) => input.clone(),
            PathField::Path(path) => put(input, path, result),
        }
    }
}

fn put(input: &Shape, path: &Spanned<String>, result: Shape) -> Shape {
    let parsed = ReferencePath::parse(&path.value).ok();
    let names: Option<Vec<&str>> =
        parsed.as_ref().map(ReferencePath::as_path).and_then(Path::places).and_then(|places| {
            places
                .map(|place| match place {
                    Place::Name(name) => Some(name),
                    Place::Index(_) => None,
                })
                .collect()
        });
    names.map_or(Shape::Unknown, |names| input.with(&names, result))
}

/// To where a transition leads.
pub(super) fn leave(transition: &Transition, data: Data) -> Exits<'_> {
    match transition {
        Transition::Next(next) => Exits { next: vec![(&next.value, data)], output: None },
        Transition::End => Exits { next: Vec::new(), output: Some(data.input) },
    }
}

/// The context object, whose parts the language names.
pub(super) fn context(in_map: bool) -> Shape {
    let unknown = |names: &[&'static str]| Shape::closed(names.iter().map(|name| (*name, Shape::Unknown)));
    let mut parts = vec![
        ("Execution", unknown(&["Id", "Input", "StartTime", "Name", "RoleArn", "RedriveCount", "RedriveTime"])),
        ("StateMachine", unknown(&["Id", "Name"])),
        ("State", unknown(&["Name", "EnteredTime", "RetryCount"])),
        ("Task", unknown(&["Token"])),
        // Ours: the record that the event comes from.
        ("Kafka", unknown(&["Topic", "Partition", "Offset", "Key", "Timestamp", "Headers"])),
    ];
    if in_map {
        parts.push(("Map", Shape::closed([("Item", unknown(&["Index", "Value", "Key", "Source"]))])));
    }
    Shape::closed(parts)
}
