//! What carries out the calls of one program, found when it was loaded.

use std::fmt;

use super::{Entry, Resource, Role, TaskFailure, awaited};
use crate::engine::TaskCall;

/// The entries that carry out a program's calls, in the order of its Resources: see [`Connectors::resolve`].
///
/// [`Connectors::resolve`]: super::Connectors::resolve
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    entries: Vec<Result<Entry, UnmatchedResources>>,
}

impl Resolved {
    pub(super) fn new(entries: impl Iterator<Item = Result<Entry, UnmatchedResources>>) -> Self {
        Self { entries: entries.collect() }
    }

    /// What carries out a call of the program.
    ///
    /// # Errors
    /// Nothing that is configured can: what the call fails with.
    pub fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        match self.entries.get(call.resource_index) {
            Some(entry) => entry.as_ref().map_err(TaskFailure::from),
            None => {
                debug_assert!(false, "a call of another program");
                let cause = format!("a bug in Stepstream: {} was not resolved", call.resource);
                Err(TaskFailure::new("States.Runtime", cause))
            }
        }
    }

    /// Why nothing can carry out a call of the program; `None`: something can.
    pub fn fault(&self, call: &TaskCall) -> Option<&UnmatchedResources> {
        self.entries.get(call.resource_index)?.as_ref().err()
    }

    /// Checks that something carries out every call. The error names all that nothing does.
    ///
    /// # Errors
    /// What has no connector, or one that can't do it.
    pub fn check(&self) -> Result<(), UnmatchedResources> {
        let mut faults = UnmatchedResources::default();
        for fault in self.entries.iter().filter_map(|entry| entry.as_ref().err()) {
            let is_new = |missing: &&Missing| faults.missing.iter().all(|seen| seen.resource != missing.resource);
            let missing: Vec<_> = fault.missing.iter().filter(is_new).cloned().collect();
            faults.missing.extend(missing);
            faults.misfits.extend(fault.misfits.iter().cloned());
        }
        if faults.missing.is_empty() && faults.misfits.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Resources of a workflow that no `[[task]]` entry matches, or one whose connector can't do what the workflow wants. The
/// message shows the entries to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct UnmatchedResources {
    /// The Resources that no entry matches, each once, in the order of the workflow.
    pub missing: Vec<Missing>,
    /// Those that the wrong entry matches.
    pub misfits: Vec<Misfit>,
}

/// A Resource that no entry matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The Resource.
    pub resource: Resource,
    /// What calls it.
    pub role: Role,
    /// An entry to add; `None`: no kind of connector can carry it out.
    pub suggestion: Option<String>,
}

/// A Resource whose connector does not serve its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The Resource.
    pub resource: Resource,
    /// What calls it.
    pub role: Role,
    /// The kind of the connector that the first matching entry has.
    pub kind: &'static str,
    /// Why it can't: "serves no ItemReader".
    pub why: String,
    /// An entry to put before it; `None`: no kind of connector can carry it out.
    pub suggestion: Option<String>,
}

impl From<&UnmatchedResources> for TaskFailure {
    /// What a call fails with that nothing carries out: the same wherever executions run.
    fn from(fault: &UnmatchedResources) -> TaskFailure {
        TaskFailure::new("States.Runtime", fault.to_string())
    }
}

impl fmt::Display for UnmatchedResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suggested: Vec<&str> = self.missing.iter().filter_map(|missing| missing.suggestion.as_deref()).collect();
        let (what, add) = match suggested.len() {
            1 => ("a Task Resource has no connector", "an entry such as this one"),
            _ => ("Task Resources have no connector", "entries such as these"),
        };
        let mut gap = "";
        if !suggested.is_empty() {
            write!(f, "{what}; add {add} to the configuration:\n\n{}", suggested.join("\n\n"))?;
            gap = "\n\n";
        }
        for Missing { resource, .. } in self.missing.iter().filter(|missing| missing.suggestion.is_none()) {
            write!(f, "{gap}no kind of connector can carry out {resource}")?;
            match awaited(resource) {
                Some(what) => write!(f, ": none waits for {what}")?,
                None => f.write_str(
                    ": give the state a Resource of your own, such as \"urn:price\", and that a [[task]] entry",
                )?,
            }
            gap = "\n\n";
        }
        for Misfit { resource, kind, why, suggestion, .. } in &self.misfits {
            write!(f, "{gap}the connector \"{kind}\" {why}, and the first [[task]] that matches {resource} has it")?;
            if let Some(entry) = suggestion {
                write!(f, "; put one such as this before it:\n\n{entry}")?;
            }
            gap = "\n\n";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::engine::{Effect, Execution, Identity, Limits, Timestamp};
    use crate::program::Program;
    use crate::task::testing::Named;
    use crate::task::{Connectors, Pattern};

    /// Calls of every role, some of one Resource.
    const CALLS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "urn:a", "End": true}}},
        {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "urn:b", "End": true}}},
        {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": "urn:a", "End": true}}},
        {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
            "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "r"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "D",
                "States": {"D": {"Type": "Task", "Resource": "urn:d", "End": true}}}}}}]}}}"#;

    #[test]
    fn calls_of_every_role_find_their_entry() {
        let mut connectors = Connectors::new();
        for (pattern, kind) in [("urn:a", "a"), ("*:s3:putObject", "put"), ("*:s3:*", "list"), ("urn:*", "rest")] {
            connectors.push(Pattern::new(pattern), Arc::new(Named(kind)));
        }
        let program = Arc::new(Program::from_text(CALLS).expect("it is valid"));
        let resolved = connectors.resolve(program.resources());
        assert_eq!(resolved.check(), Ok(()));
        let identity = Identity {
            name: "n",
            id: "i",
            state_machine_name: "m",
            state_machine_id: "mi",
            role_arn: "r",
            seed: 1,
            kafka: None,
        };
        let mut execution = Execution::new(Limits::default());
        execution.start(&program, b"{}", &identity, Timestamp(0)).expect("it can be run");
        execution.run(Timestamp(0));
        let mut called = Vec::new();
        while let Some(effect) = execution.take_effect() {
            let Effect::Call(call) = effect else { continue };
            let kind = resolved.entry(&call).expect("it is resolved").connector.kind();
            called.push(format!("{} {kind}", call.state));
            let answer: &[u8] = if &*call.state == "M" && kind == "list" { br#"[{"Key": "k"}]"# } else { b"{}" };
            execution.resume(call.id, Ok(answer), Timestamp(0));
            execution.run(Timestamp(0));
        }
        called.sort();
        assert_eq!(called, ["A a", "B rest", "C a", "D rest", "M list", "M put"]);
        assert_eq!(execution.failure(), None);
    }
}
