//! The definition, its machines, and what all states share.

use std::sync::Arc;

use super::super::diagnostic::{Code, Diagnostic};
use super::super::fields::{self, Field};
use super::super::fragment;
use super::super::graph::{Edge, Graph, Vertex};
use super::super::model::{Definition, Machine, QueryLanguage, State, StateKind, SucceedState, Transition};
use super::super::node::{Member, Node, Spanned};
use super::object::{MAX_SECONDS, unquoted_hint};
use super::scopes::Assignments;
use super::{Object, Reader};
use crate::suggest;

/// The longest name of a state, in characters.
const MAX_STATE_NAME_CHARS: usize = 80;

impl Reader {
    /// The whole definition.
    pub(super) fn definition(&mut self, root: &Node, source: &str) -> Option<Definition> {
        let object = self.object(root, String::new(), QueryLanguage::JSONPath)?;
        if let Some(hint) = fragment::advice(object.members) {
            // Every field would be reported as unknown, and none of them is wrong.
            self.error("/", &object.mark, "These fields are required: [States, StartAt]").hint = Some(hint);
            return None;
        }
        let language = self.query_language(&object);
        self.language = language.unwrap_or_default();
        let object = Object { language: self.language, ..object };
        let version = self.choice_of(&object, "Version", &["1.0"]);
        let timeout = self.integer(&object, "TimeoutSeconds", 1, MAX_SECONDS);
        let machine = self.machine(&object, fields::ROOT)?;
        Some(Definition {
            machine,
            timeout_seconds: timeout.map(|timeout| timeout.value),
            version: version.map(|version| version.value),
            comment: comment(&object),
            query_language: self.language,
            source: Arc::from(source),
        })
    }

    /// A machine with the fields of its kind.
    pub(super) fn machine(&mut self, object: &Object<'_>, allowed: &[Field]) -> Option<Machine> {
        self.check_fields(object, allowed);
        self.string(object, "Comment");
        let states = object.get("States");
        let hint = states.and_then(fragment::start_advice);
        if let Some(fault) = self.require(object, &["States", "StartAt"]) {
            fault.hint = hint;
        }
        let start_at = self.string(object, "StartAt");
        let states = states.and_then(|states| self.object(states, object.at("States"), object.language));
        let location = if object.location.is_empty() { "/".to_owned() } else { object.location.clone() };
        let start_location = object.at("StartAt");
        self.graphs.push(Graph {
            start: start_at.clone().map(|target| Edge { location: start_location, target }),
            vertices: Vec::new(),
            top_level: self.graphs.is_empty(),
            location: location.clone(),
            span: object.span.clone(),
        });
        self.assignments.push(states.as_ref().map(|states| Assignments::of(states.members)).unwrap_or_default());
        let read = states.map(|states| self.states(&states)).unwrap_or_default();
        self.assignments.pop();
        if let Some(graph) = self.graphs.pop() {
            self.graph_faults.check(&graph);
        }
        Some(Machine { start_at: start_at?, states: read, location, span: object.span.clone() })
    }

    /// A branch or iteration of the state that is being read: it sees what may be assigned when that one is entered.
    pub(super) fn inner_machine(&mut self, object: &Object<'_>, allowed: &[Field]) -> Option<Machine> {
        let state = self.vertex().map(|vertex| vertex.name.clone()).unwrap_or_default();
        let before = self.assignments.last().map(|assignments| assignments.before(&state));
        self.scopes.push(before.unwrap_or_default());
        let machine = self.machine(object, allowed);
        self.scopes.pop();
        machine
    }

    fn states(&mut self, states: &Object<'_>) -> Vec<State> {
        if states.members.is_empty() {
            self.error(states.location.clone(), states.span, "Value cannot be empty");
        }
        states.members.iter().filter_map(|member| self.state(member, states.at(&member.key))).collect()
    }

    fn state(&mut self, member: &Member, location: String) -> Option<State> {
        self.check_name(member, &location);
        let vertex = Vertex {
            name: member.key.clone(),
            location: location.clone(),
            name_span: member.key_span.clone(),
            ..Vertex::default()
        };
        if let Some(graph) = self.graphs.last_mut() {
            graph.vertices.push(vertex);
        }
        let state = self.state_content(member, location);
        if state.is_none()
            && let Some(vertex) = self.vertex()
        {
            vertex.opaque = true;
        }
        state
    }

    fn state_content(&mut self, member: &Member, location: String) -> Option<State> {
        if member.value.as_object().is_none() && fields::ROOT.iter().any(|(name, _)| *name == member.key) {
            let hint = format!("'{}' is a field of the machine: it stands beside States, not in it.", member.key);
            self.error(location, &member.value.span, "Expected value of type Object").hint = Some(hint);
            return None;
        }
        let object = self.object(&member.value, location, self.language)?;
        let language = self.state_language(&object);
        let object = Object { language, mark: member.key_span.clone(), ..object };
        let state_type = self.state_type(&object)?;
        self.check_fields(&object, fields::of_state(&state_type));
        self.string(&object, "Comment");
        self.warn_of_mistakes(&object);
        let input_path = self.path_field(&object, "InputPath");
        let output_path = self.path_field(&object, "OutputPath");
        let assign = self.assign(&object);
        let output = self.template(&object, "Output");
        let kind = self.state_kind(&state_type, &object)?;
        Some(State {
            name: member.key.clone(),
            comment: comment(&object),
            query_language: language,
            input_path,
            output_path,
            assign,
            output,
            kind,
            span: member.value.span.clone(),
            name_span: member.key_span.clone(),
            location: object.location,
        })
    }

    fn state_kind(&mut self, state_type: &str, object: &Object<'_>) -> Option<StateKind> {
        match state_type {
            "Pass" => self.pass(object).map(StateKind::Pass),
            "Task" => self.task(object).map(StateKind::Task),
            "Wait" => self.wait(object).map(StateKind::Wait),
            "Choice" => self.choice(object).map(StateKind::Choice),
            "Parallel" => self.parallel(object).map(StateKind::Parallel),
            "Map" => self.map(object).map(|map| StateKind::Map(Box::new(map))),
            "Succeed" => {
                self.terminal();
                Some(StateKind::Succeed(SucceedState {}))
            }
            // `state_type` lets nothing else pass.
            _ => {
                self.terminal();
                self.fail(object).map(StateKind::Fail)
            }
        }
    }

    fn check_name(&mut self, member: &Member, location: &str) {
        let name = &member.key;
        let length = name.chars().count();
        if length == 0 || length > MAX_STATE_NAME_CHARS {
            let message = match length {
                0 => "Invalid State name: a state's name must not be empty".to_owned(),
                _ => format!(
                    "Invalid State name: State '{name}' exceeds the {MAX_STATE_NAME_CHARS}-character limit allowed by the service"
                ),
            };
            self.report(Diagnostic::error(Code::InvalidStateName, message), location, &member.key_span);
        }
        if let Some(first) = self.names.insert(name.clone(), location.to_owned()) {
            let hint = format!("{first} has the name already; names are unique in the whole definition.");
            let fault = Diagnostic::error(Code::DuplicateStateName, format!("Duplicate State name: {name}"));
            self.report(fault.with_hint(hint), location, &member.key_span);
            self.names.insert(name.clone(), first);
        }
    }

    fn state_type(&mut self, object: &Object<'_>) -> Option<String> {
        if object.get("Type").is_none() {
            let hint = format!("Give it a Type: one of {}.", fields::STATE_TYPES.join(", "));
            self.error(object.location.clone(), &object.mark, "The field 'Type' is required").hint = Some(hint);
            return None;
        }
        let state_type = self.string(object, "Type")?;
        if fields::STATE_TYPES.contains(&state_type.value.as_str()) {
            return Some(state_type.value);
        }
        let message = format!("The field 'Type' should have one of these values: [{}]", fields::STATE_TYPES.join(", "));
        let hint =
            suggest::closest(&state_type.value, fields::STATE_TYPES).map(|name| format!("Did you mean '{name}'?"));
        self.error(object.at("Type"), &state_type.span, message).hint = hint;
        None
    }

    /// The language of the state; a wrong value is reported.
    fn state_language(&mut self, object: &Object<'_>) -> QueryLanguage {
        let language = self.query_language(object);
        if language == Some(QueryLanguage::JSONPath) && self.language == QueryLanguage::JSONata {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            let span = object.get("QueryLanguage").map_or_else(|| object.mark.clone(), |node| node.span.clone());
            let hint = "Let the machine be JSONPath, and the states that need it JSONata.";
            self.error(object.location.clone(), &span, message).hint = Some(hint.to_owned());
        }
        language.unwrap_or(self.language)
    }

    /// `QueryLanguage` of the object. Like AWS, takes whatever is not `JSONPath` for JSONata.
    fn query_language(&mut self, object: &Object<'_>) -> Option<QueryLanguage> {
        let node = object.get("QueryLanguage")?;
        match node.as_str() {
            Some("JSONPath") => return Some(QueryLanguage::JSONPath),
            Some("JSONata") => {}
            Some(_) => {
                self.choice_of(object, "QueryLanguage", &["JSONPath", "JSONata"]);
            }
            None => {
                self.error(object.at("QueryLanguage"), &node.span, "Expected value of type [STRING]");
            }
        }
        Some(QueryLanguage::JSONata)
    }

    /// `Next` or `End`.
    pub(super) fn transition(&mut self, object: &Object<'_>) -> Option<Transition> {
        let given = self.one_of(object, &["Next", "End"], false)?;
        if given.key == "Next" {
            return self.target(object, "Next").map(Transition::Next);
        }
        match given.value.as_bool() {
            Some(true) => {
                self.terminal();
                Some(Transition::End)
            }
            Some(false) => {
                let message = "This object should have only one of the following fields: [Next, End]";
                let hint = "\"End\": false says nothing: name the Next state, or let End be true.";
                self.error(object.location.clone(), &given.value.span, message).hint = Some(hint.to_owned());
                None
            }
            None => {
                let fault = self.error(object.at("End"), &given.value.span, "Expected value of type Boolean");
                fault.hint = unquoted_hint(&given.value);
                None
            }
        }
    }

    /// A field that names a state of the same machine, if it is given.
    pub(super) fn target(&mut self, object: &Object<'_>, name: &str) -> Option<Spanned<String>> {
        let target = self.string(object, name)?;
        self.edge(Edge { location: object.at(name), target: target.clone() });
        Some(target)
    }

    fn terminal(&mut self) {
        if let Some(vertex) = self.vertex() {
            vertex.terminal = true;
        }
    }
}

fn comment(object: &Object<'_>) -> Option<String> {
    object.get("Comment").and_then(Node::as_str).map(str::to_owned)
}
