//! Node to model: checks every rule of the language and collects all faults.
//!
//! Functions here return the part of the model that they could read and leave faults in the [`Reader`]. A `None` means
//! that a fault was reported; whoever gets it goes on with the rest, so that one run shows everything.

use std::collections::{HashMap, HashSet};

use super::diagnostic::{Code, Diagnostic};
use super::graph::{Edge, Graph, GraphFaults, Vertex};
use super::model::QueryLanguage;
use super::node::{Node, Span};
use super::placeholder;
use super::{MachineType, ReadOptions, ReadOutcome};

mod choice;
mod containers;
mod distributed;
mod expression;
mod handlers;
mod leaves;
mod machine;
mod mistakes;
mod object;
mod scopes;
mod task;
mod template;
#[cfg(test)]
mod tests;

use object::Object;
use scopes::Assignments;

/// Reads the definition that `root` holds. The definition is `None` if a diagnostic is an error.
/// `known` is what was found so far.
pub(super) fn read(root: &Node, source: &str, options: &ReadOptions, known: Vec<Diagnostic>) -> ReadOutcome {
    let mut reader = Reader::new(options.machine_type);
    reader.diagnostics = known;
    let definition = reader.definition(root, source);
    let mut diagnostics = reader.diagnostics;
    diagnostics.extend(placeholder::warnings(root));
    diagnostics.sort_by_key(Diagnostic::position);
    diagnostics.extend(reader.graph_faults.into_diagnostics(&reader.names));
    let valid = !diagnostics.iter().any(Diagnostic::is_error);
    ReadOutcome { definition: definition.filter(|_| valid), diagnostics }
}

/// What is known while a definition is read.
struct Reader {
    machine_type: MachineType,
    diagnostics: Vec<Diagnostic>,
    /// The language of the top-level machine.
    language: QueryLanguage,
    /// State name → the place of the state that has it.
    names: HashMap<String, String>,
    labels: HashSet<String>,
    /// The machines around the current place, outermost first.
    graphs: Vec<Graph>,
    graph_faults: GraphFaults,
    /// What the states of the machines around the current place assign, outermost first.
    assignments: Vec<Assignments>,
    /// Variables that may be assigned already where the states around the current machine begin, outermost first.
    scopes: Vec<HashSet<String>>,
}

impl Reader {
    fn new(machine_type: MachineType) -> Self {
        Reader {
            machine_type,
            diagnostics: Vec::new(),
            language: QueryLanguage::JSONPath,
            names: HashMap::new(),
            labels: HashSet::new(),
            graphs: Vec::new(),
            graph_faults: GraphFaults::default(),
            assignments: Vec::new(),
            scopes: Vec::new(),
        }
    }

    /// Reports an error of the schema; the caller may add a hint.
    fn error(&mut self, location: impl Into<String>, span: &Span, message: impl Into<String>) -> &mut Diagnostic {
        self.report(Diagnostic::error(Code::SchemaValidationFailed, message), location, span)
    }

    fn warning(
        &mut self,
        code: Code,
        location: impl Into<String>,
        span: &Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(Diagnostic::warning(code, message), location, span)
    }

    fn report(&mut self, diagnostic: Diagnostic, location: impl Into<String>, span: &Span) -> &mut Diagnostic {
        let location = location.into();
        let location = if location.is_empty() { "/".to_owned() } else { location };
        self.diagnostics.push(diagnostic.at(location, span.clone()));
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// The state that is being read, in the graph of its machine.
    fn vertex(&mut self) -> Option<&mut Vertex> {
        self.graphs.last_mut()?.vertices.last_mut()
    }

    /// Notes a transition of the current state.
    fn edge(&mut self, edge: Edge) {
        if let Some(vertex) = self.vertex() {
            vertex.edges.push(edge);
        }
    }
}
