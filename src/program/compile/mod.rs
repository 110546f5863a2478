//! From the definition to the program. Every state gets an index, nested machines included; what cannot be compiled
//! becomes a diagnostic, and compiling goes on to find the others.

mod choice;
mod distributed;
mod query;
mod state;
mod template;

use std::sync::Arc;
use std::time::Duration;

use super::{Callee, Context, Keys, Program, Role, State, StateId};
use crate::asl::{Code, Definition, Diagnostic, Machine, PathField, QueryLanguage, Span, Spanned, Transition};
use crate::expr::{Path, ReferencePath};
use crate::resource::Resource;
use crate::value::{Heap, Str};

pub(super) fn compile(definition: &Definition) -> Result<Program, Vec<Diagnostic>> {
    let mut compiler = Compiler::default();
    let start = compiler.machine(&definition.machine);
    let keys = compiler.keys();
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    Ok(Program {
        constants: compiler.constants,
        // A state without a compiled form has left a fault behind.
        states: compiler.states.into_iter().flatten().collect(),
        start,
        timeout: definition.timeout_seconds.map(Duration::from_secs),
        keys,
        resources: compiler.resources,
        can_suspend: compiler.can_suspend,
        reads_kafka: compiler.reads_kafka,
    })
}

/// The part of the context object that has the record.
const KAFKA: &str = "Kafka";

#[derive(Default)]
struct Compiler {
    constants: Heap,
    states: Vec<Option<State>>,
    faults: Vec<Diagnostic>,
    resources: Vec<(Arc<Resource>, Role)>,
    can_suspend: bool,
    /// Whether an expression may read the part of the context object that has the record.
    reads_kafka: bool,
    /// The language of the state that is being compiled.
    language: QueryLanguage,
    /// Length of the place of the state that is being compiled, with the slash behind it.
    state_location: usize,
}

/// The states that can be named in a machine: its own.
#[derive(Clone, Copy)]
struct Names<'a> {
    machine: &'a Machine,
    first: u32,
}

impl Names<'_> {
    /// The reader has checked that targets exist.
    fn find(self, name: &str) -> StateId {
        let (index, _) = self.machine.state(name).expect("the reader refuses names of states that don't exist");
        StateId(self.first + index as u32)
    }

    fn next(self, transition: &Transition) -> super::Next {
        match transition {
            Transition::Next(name) => super::Next::State(self.find(&name.value)),
            Transition::End => super::Next::End,
        }
    }
}

impl Compiler {
    /// Compiles a machine and returns its first state.
    fn machine(&mut self, machine: &Machine) -> StateId {
        let names = Names { machine, first: self.states.len() as u32 };
        self.states.extend(machine.states.iter().map(|_| None));
        for (index, state) in machine.states.iter().enumerate() {
            let compiled = self.state(state, names);
            self.states[names.first as usize + index] = compiled;
        }
        names.find(&machine.start_at.value)
    }

    /// A Resource that is called, noted for whoever finds the connectors of a program.
    fn callee(&mut self, resource: &Arc<Resource>, role: Role) -> Callee {
        let known = self.resources.iter().position(|known| known.0 == *resource && known.1 == role);
        let index = known.unwrap_or_else(|| {
            self.resources.push((Arc::clone(resource), role));
            self.resources.len() - 1
        });
        Callee { resource: Arc::clone(&self.resources[index].0), index }
    }

    fn fault(&mut self, message: String, location: String, span: &Span) {
        self.faults.push(Diagnostic::error(Code::SchemaValidationFailed, message).at(location, span.clone()));
    }

    /// Something that is valid, but that this version has no way to run.
    fn refuse(&mut self, what: &str, location: String, span: &Span) {
        let message = format!("{what} cannot be run yet");
        self.faults.push(Diagnostic::error(Code::NotSupported, message).at(location, span.clone()));
    }

    fn note_path(&mut self, path: &Path) {
        self.reads_kafka |= path.may_read_context(KAFKA);
    }

    fn path(&mut self, text: &Spanned<String>, location: impl FnOnce() -> String) -> Option<Path> {
        match Path::parse(&text.value) {
            Ok(path) => {
                self.note_path(&path);
                Some(path)
            }
            Err(error) => {
                self.fault(format!("The path '{}' is invalid: {error}", text.value), location(), &text.span);
                None
            }
        }
    }

    fn selection(&mut self, field: &PathField, location: impl FnOnce() -> String) -> Option<super::Selection> {
        Some(match field {
            PathField::Absent => super::Selection::Whole,
            PathField::Null(_) => super::Selection::Nothing,
            PathField::Path(text) => {
                let path = self.path(text, location)?;
                if path.is_root_only() { super::Selection::Whole } else { super::Selection::Path(path) }
            }
        })
    }

    fn result_path(&mut self, field: &PathField, location: impl FnOnce() -> String) -> Option<super::ResultPath> {
        Some(match field {
            PathField::Absent => super::ResultPath::Replace,
            PathField::Null(_) => super::ResultPath::Discard,
            PathField::Path(text) if text.value == "$" => super::ResultPath::Replace,
            PathField::Path(text) => match ReferencePath::parse(&text.value) {
                Ok(mut path) => {
                    path.keep_keys(&mut self.constants);
                    super::ResultPath::Write(path)
                }
                Err(error) => {
                    self.fault(format!("Value is not a Reference Path: {error}"), location(), &text.span);
                    return None;
                }
            },
        })
    }

    fn constant_key(&mut self, key: &str) -> Str {
        self.constants.key(key)
    }

    fn keys(&mut self) -> Keys {
        Keys {
            error: self.constant_key("Error"),
            cause: self.constant_key("Cause"),
            context: Context {
                execution: self.constant_key("Execution"),
                id: self.constant_key("Id"),
                input: self.constant_key("Input"),
                start_time: self.constant_key("StartTime"),
                name: self.constant_key("Name"),
                role_arn: self.constant_key("RoleArn"),
                redrive_count: self.constant_key("RedriveCount"),
                state_machine: self.constant_key("StateMachine"),
                state: self.constant_key("State"),
                entered_time: self.constant_key("EnteredTime"),
                retry_count: self.constant_key("RetryCount"),
                task: self.constant_key("Task"),
                token: self.constant_key("Token"),
                map: self.constant_key("Map"),
                item: self.constant_key("Item"),
                index: self.constant_key("Index"),
                value: self.constant_key("Value"),
                key: self.constant_key("Key"),
                source: self.constant_key("Source"),
                kafka: self.constant_key(KAFKA),
            },
            batch_input: self.constant_key("BatchInput"),
            items: self.constant_key("Items"),
        }
    }
}
