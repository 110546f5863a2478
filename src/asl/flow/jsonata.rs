//! What JSONata states do with the data.

use crate::jsonata::{References, StatesField, StatesPath, expression_text};

use super::super::diagnostic::{Code, Diagnostic};
use super::super::model::{Catcher, Condition, Dynamic, MapState, State, StateKind, WaitUntil};
use super::super::node::{Node, NodeKind, Span};
use super::shape::Shape;
use super::state::leave;
use super::{Data, Exits, Flow, Variables};
use crate::suggest;

/// What `$states` has, besides the context.
#[derive(Clone, Copy)]
struct Known<'s> {
    input: &'s Shape,
    error_output: Option<&'s Shape>,
    variables: &'s Variables,
}

impl<'a> Flow<'a> {
    pub(super) fn jsonata_state(&mut self, state: &'a State, data: &Data, in_map: bool) -> Exits<'a> {
        let known = Known { input: &data.input, error_output: None, variables: &data.variables };
        let at = |field: &str| format!("{}/{field}", state.location);
        let result = match &state.kind {
            StateKind::Task(task) => {
                self.given(task.arguments.as_ref(), known, &at("Arguments"));
                self.given(task.credentials.as_ref(), known, &at("Credentials"));
                self.expression_of(task.timeout_seconds.as_ref(), known, &at("TimeoutSeconds"));
                self.expression_of(task.heartbeat_seconds.as_ref(), known, &at("HeartbeatSeconds"));
                Shape::Unknown
            }
            StateKind::Parallel(parallel) => {
                let input = match &parallel.arguments {
                    Some(node) => self.value(node, known, &at("Arguments")),
                    None => data.input.clone(),
                };
                let entry = Data { input, variables: data.variables.clone() };
                let outputs: Vec<Shape> =
                    parallel.branches.iter().filter_map(|branch| self.machine(branch, &entry, in_map)).collect();
                Shape::array(outputs)
            }
            StateKind::Map(map) => self.jsonata_map(state, map, known),
            StateKind::Wait(wait) => {
                match &wait.until {
                    WaitUntil::Seconds(seconds) => self.expression_of(Some(seconds), known, &at("Seconds")),
                    WaitUntil::Timestamp(time) => self.expression_of(Some(time), known, &at("Timestamp")),
                }
                data.input.clone()
            }
            StateKind::Fail(fail) => {
                self.expression_of(fail.error.as_ref(), known, &at("Error"));
                self.expression_of(fail.cause.as_ref(), known, &at("Cause"));
                return Exits::default();
            }
            StateKind::Choice(_) => return self.jsonata_choice(state, data, known),
            StateKind::Pass(_) | StateKind::Succeed(_) => data.input.clone(),
        };
        let left = self.leave_with(state.output.as_ref(), state.assign.as_ref(), result, known, &state.location);
        let mut exits = match &state.kind {
            StateKind::Pass(pass) => leave(&pass.transition, left),
            StateKind::Wait(wait) => leave(&wait.transition, left),
            kind => match kind.work() {
                Some(work) => leave(&work.transition, left),
                None => Exits { output: Some(left.input), next: Vec::new() },
            },
        };
        if let Some(work) = state.kind.work() {
            self.jsonata_catchers(state, &work.catch, known, &mut exits);
        }
        exits
    }

    fn jsonata_map(&mut self, state: &'a State, map: &'a MapState, known: Known<'_>) -> Shape {
        let at = |field: &str| format!("{}/{field}", state.location);
        let items = match &map.items {
            Some(node) => self.value(node, known, &at("Items")),
            None => known.input.clone(),
        };
        self.expression_of(map.max_concurrency.as_ref(), known, &at("MaxConcurrency"));
        self.expression_of(map.tolerated_failure_count.as_ref(), known, &at("ToleratedFailureCount"));
        self.expression_of(map.tolerated_failure_percentage.as_ref(), known, &at("ToleratedFailurePercentage"));
        let item = match &map.item_selector {
            Some(node) => self.value(node, known, &at("ItemSelector")),
            None if map.item_reader.is_none() => items.index().unwrap_or(Shape::Unknown),
            None => Shape::Unknown,
        };
        self.iterations(map, item, known.variables)
    }

    fn jsonata_choice(&mut self, state: &'a State, data: &Data, known: Known<'_>) -> Exits<'a> {
        let StateKind::Choice(choice) = &state.kind else { return Exits::default() };
        let mut exits = Exits::default();
        for rule in &choice.choices {
            if let Condition::Expression(node) = &rule.condition {
                self.value(node, known, &format!("{}/Condition", rule.location));
            }
            let (output, assign) = (rule.output.as_ref(), rule.assign.as_ref());
            let data = self.leave_with(output, assign, data.input.clone(), known, &rule.location);
            exits.next.push((&rule.next.value, data));
        }
        if let Some(default) = &choice.default {
            let (output, assign) = (state.output.as_ref(), state.assign.as_ref());
            let data = self.leave_with(output, assign, data.input.clone(), known, &state.location);
            exits.next.push((&default.value, data));
        }
        exits
    }

    fn jsonata_catchers(&mut self, state: &'a State, catch: &'a [Catcher], known: Known<'_>, exits: &mut Exits<'a>) {
        let error_output = Shape::error_output();
        let known = Known { error_output: Some(&error_output), ..known };
        for (index, catcher) in catch.iter().enumerate() {
            let location = format!("{}/Catch[{index}]", state.location);
            let (output, assign) = (catcher.output.as_ref(), catcher.assign.as_ref());
            let data = self.leave_with(output, assign, error_output.clone(), known, &location);
            exits.next.push((&catcher.next.value, data));
        }
    }

    /// What `Output` and `Assign` make of it.
    fn leave_with(
        &mut self,
        output: Option<&Node>,
        assign: Option<&Node>,
        default: Shape,
        known: Known<'_>,
        location: &str,
    ) -> Data {
        let mut assigned = Vec::new();
        for member in assign.and_then(Node::as_object).unwrap_or_default() {
            let location = format!("{location}/Assign/{}", member.key);
            assigned.push((member.key.clone(), self.value(&member.value, known, &location)));
        }
        let input = match output {
            Some(node) => self.value(node, known, &format!("{location}/Output")),
            None => default,
        };
        Data { input, variables: known.variables.with(assigned) }
    }

    fn given(&mut self, node: Option<&Node>, known: Known<'_>, location: &str) {
        if let Some(node) = node {
            self.value(node, known, location);
        }
    }

    fn expression_of<T>(&mut self, value: Option<&Dynamic<T>>, known: Known<'_>, location: &str) {
        if let Some(Dynamic::Expression(text)) = value {
            self.text(&text.value, &text.span, known, location);
        }
    }

    /// A structure with expressions.
    fn value(&mut self, node: &Node, known: Known<'_>, location: &str) -> Shape {
        match &node.kind {
            NodeKind::String(text) => self.text(text, &node.span, known, location),
            NodeKind::Array(elements) => {
                let element = |(index, element)| self.value(element, known, &format!("{location}[{index}]"));
                let shapes: Vec<Shape> = elements.iter().enumerate().map(element).collect();
                Shape::array(shapes)
            }
            NodeKind::Object(members) => {
                let mut fields = Vec::with_capacity(members.len());
                for member in members {
                    let location = format!("{location}/{}", member.key);
                    fields.push((member.key.as_str(), self.value(&member.value, known, &location)));
                }
                Shape::closed(fields)
            }
            _ => Shape::Scalar,
        }
    }

    fn text(&mut self, text: &str, span: &Span, known: Known<'_>, location: &str) -> Shape {
        let Some(expression) = expression_text(text) else { return Shape::Scalar };
        // What can't be read is reported as such.
        let Ok(references) = References::read(expression) else { return Shape::Unknown };
        for name in references.variables() {
            self.variable(name, "$states.input", span, known.variables, location);
        }
        let Some(path) = references.states_path() else { return Shape::Unknown };
        let shape = match path.field {
            StatesField::Input => Some(known.input),
            StatesField::ErrorOutput => known.error_output,
            StatesField::Result | StatesField::Context => None,
        };
        shape.map_or(Shape::Unknown, |shape| self.names(path, shape, span, location))
    }

    /// Follows names, as far as they lead through objects.
    fn names(&mut self, path: &StatesPath, shape: &Shape, span: &Span, location: &str) -> Shape {
        let mut shape = shape.clone();
        let mut before = format!("$states.{}", path.field.as_str());
        for name in &path.names {
            if matches!(shape, Shape::Array(_)) {
                // A name is applied to each element.
                return Shape::Unknown;
            }
            let Some(next) = shape.name(name) else {
                let message = format!("'{before}.{name}' can never exist here: nothing puts '{name}' into '{before}'");
                let known = shape.names().unwrap_or_default();
                let hint = match suggest::closest(name, known.iter().copied()) {
                    Some(near) => format!("Did you mean '{before}.{near}'?"),
                    None => format!("Look at what the states before hand on as '{before}'."),
                };
                let warning = Diagnostic::warning(Code::PathNeverExists, message).with_hint(hint);
                self.warn(warning.at(location, span.clone()));
                return Shape::Unknown;
            };
            before.push_str(&format!(".{name}"));
            shape = next;
        }
        shape
    }
}
