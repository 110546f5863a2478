//! The compiled form of a state machine, and the compiler from [`crate::asl`] to it.
//!
//! Everything that depends on the definition alone is done here, once: names become indices, paths become steps,
//! templates become plans, constants are evaluated and kept as values, error names become matchers. Past the compiler an
//! invalid program cannot be represented.
//!
//! **Invariant:** nothing here does I/O or reads a clock.

mod compile;
mod distributed;
pub(crate) mod parameters;
mod payload;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::asl::{Definition, Diagnostic, Format, ReadOptions};
use crate::resource::Resource;
use crate::value::{Heap, Str};

pub(crate) use distributed::{Destination, Distributed, ItemBatcher, ItemReader, ResultWriter};
pub(crate) use payload::{Payload, Query, QueryObject, QueryTemplate};
pub(crate) use state::{
    Cap, CatchClause, Choice, ChoiceRule, Common, Context, ErrorMatcher, Fail, FailText, Items, Kind, Map, Next,
    Parallel, Pass, ResultPath, RetryClause, RuleCondition, Seconds, Selection, State, StateId, Task, Tolerance, Wait,
    Work,
};

/// A compiled state machine.
#[derive(Debug)]
pub struct Program {
    /// The values that the definition holds. Heaps of executions are seeded from it.
    pub(crate) constants: Heap,
    /// All states, those of nested machines included.
    pub(crate) states: Vec<State>,
    pub(crate) start: StateId,
    /// `TimeoutSeconds` of the machine.
    pub(crate) timeout: Option<Duration>,
    pub(crate) keys: Keys,
    resources: Vec<(Arc<Resource>, Role)>,
    can_suspend: bool,
    reads_kafka: bool,
}

/// What calls a Resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A Task state.
    Task,
    /// The ItemReader of a distributed Map.
    ItemReader,
    /// The ResultWriter of a distributed Map.
    ResultWriter,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Role::Task => "Task state",
            Role::ItemReader => "ItemReader",
            Role::ResultWriter => "ResultWriter",
        })
    }
}

/// A Resource that a state calls.
#[derive(Clone, Debug)]
pub(crate) struct Callee {
    pub(crate) resource: Arc<Resource>,
    /// Its place, in its role, in [`Program::resources`].
    pub(crate) index: usize,
}

/// Keys of the objects that the engine makes itself.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) error: Str,
    pub(crate) cause: Str,
    pub(crate) context: Context,
    pub(crate) batch_input: Str,
    pub(crate) items: Str,
}

impl Program {
    /// Compiles a valid definition.
    ///
    /// # Errors
    /// What cannot be run yet, or never: one diagnostic for each place.
    pub fn compile(definition: &Definition) -> Result<Program, Vec<Diagnostic>> {
        compile::compile(definition)
    }

    /// Reads, checks and compiles the text of a definition.
    ///
    /// # Errors
    /// All diagnostics of the text, warnings included, if there is an error among them.
    pub fn from_text(text: &str) -> Result<Program, Vec<Diagnostic>> {
        Self::from_text_as(Format::ByLook, text)
    }

    /// The same for a text that is known to be JSON or YAML, as the name of its file may tell.
    ///
    /// # Errors
    /// As for [`Program::from_text`].
    pub fn from_text_as(format: Format, text: &str) -> Result<Program, Vec<Diagnostic>> {
        let outcome = crate::asl::read_with(text, &ReadOptions { format, ..ReadOptions::default() });
        match outcome.definition {
            Some(definition) => Program::compile(&definition).map_err(|faults| {
                let mut all = outcome.diagnostics;
                all.extend(faults);
                all
            }),
            None => Err(outcome.diagnostics),
        }
    }

    /// The `Resource` of every Task state, ItemReader and ResultWriter, each once per role. Calls name them by their places
    /// here.
    pub fn resources(&self) -> impl Iterator<Item = (&Resource, Role)> {
        self.resources.iter().map(|(resource, role)| (&**resource, *role))
    }

    /// Whether it may read `$$.Kafka`: a part of the context object that AWS does not have, and only who reads it pays for.
    pub fn reads_kafka(&self) -> bool {
        self.reads_kafka
    }

    /// Whether an execution can ever wait for a task or for time to pass.
    pub fn can_suspend(&self) -> bool {
        self.can_suspend
    }

    /// Number of states, those of nested machines included.
    pub fn state_count(&self) -> usize {
        self.states.len()
    }

    /// The state of that name; names are unique in a definition.
    pub(crate) fn find(&self, name: &str) -> Option<StateId> {
        self.states.iter().position(|state| &*state.name == name).map(|index| StateId(index as u32))
    }

    pub(crate) fn state(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }
}
