//! The table from Resource patterns to connectors.

use std::{fmt, sync::Arc};

use super::{Connector, Pattern, Resource, Role, TaskFailure, only_answers};
use crate::resource::Kind;

/// Resource patterns and their connectors, in the order of the configuration. The first match wins.
#[derive(Clone, Default)]
pub struct Connectors {
    entries: Vec<Entry>,
}

/// A `[[task]]` entry.
#[derive(Clone)]
pub struct Entry {
    pattern: Pattern,
    /// Its place in the table.
    pub index: usize,
    /// What carries out its calls.
    pub connector: Arc<dyn Connector>,
    /// Calls that one pipeline may have open by this entry; `None`: see [`max_concurrent`](Entry::max_concurrent).
    max_concurrent: Option<usize>,
}

impl Entry {
    /// Calls that a pipeline with this bound over all entries may have open by this one. One that hangs must not take all of
    /// them from the others: where nothing is configured, a quarter is left to them.
    pub fn max_concurrent(&self, max_concurrent_tasks: usize, entries: usize) -> usize {
        let left = if entries > 1 { max_concurrent_tasks / 4 } else { 0 };
        self.max_concurrent.unwrap_or(max_concurrent_tasks - left).clamp(1, max_concurrent_tasks.max(1))
    }
}

impl Connectors {
    /// A table in which no Resource has a connector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry behind those that are there: it gets only what they don't match.
    pub fn push(&mut self, pattern: Pattern, connector: Arc<dyn Connector>) {
        self.push_bounded(pattern, connector, None);
    }

    /// The same, with a bound on the calls that a pipeline may have open by this entry.
    pub fn push_bounded(&mut self, pattern: Pattern, connector: Arc<dyn Connector>, max_concurrent: Option<usize>) {
        let index = self.entries.len();
        self.entries.push(Entry { pattern, index, connector, max_concurrent });
    }

    /// All entries, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry that carries out calls of this Resource.
    ///
    /// # Errors
    /// No pattern matches, or the connector of the first that does can't carry them out.
    pub fn find(&self, resource: &Resource, role: Role) -> Result<&Entry, UnmatchedResources> {
        let unmatched = UnmatchedResources::default;
        match self.entries.iter().find(|entry| entry.pattern.matches(resource.as_str())) {
            None => Err(UnmatchedResources { resources: vec![(resource.clone(), role)], ..unmatched() }),
            Some(entry) => match entry.connector.refuses(resource, role) {
                None => Ok(entry),
                Some(why) => {
                    let misfit = Misfit { resource: resource.clone(), role, kind: entry.connector.kind(), why };
                    Err(UnmatchedResources { misfits: vec![misfit], ..unmatched() })
                }
            },
        }
    }

    /// Checks that each of a program's Resources has a connector that serves its role. The error names all that have none.
    ///
    /// # Errors
    /// What has no connector, or one that can't do it.
    pub fn check<'a>(
        &self,
        resources: impl IntoIterator<Item = (&'a Resource, Role)>,
    ) -> Result<(), UnmatchedResources> {
        let mut faults = UnmatchedResources::default();
        for (resource, role) in resources {
            if let Err(mut fault) = self.find(resource, role) {
                fault.resources.retain(|(resource, _)| faults.resources.iter().all(|(seen, _)| seen != resource));
                faults.resources.append(&mut fault.resources);
                faults.misfits.append(&mut fault.misfits);
            }
        }
        if faults.resources.is_empty() && faults.misfits.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.entries.iter().map(|entry| (entry.pattern.as_str(), entry.connector.kind())))
            .finish()
    }
}

/// Resources of a workflow that no `[[task]]` entry matches, or one whose connector can't do what the workflow wants. The
/// message shows the entries to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct UnmatchedResources {
    /// The Resources that no entry matches, each once, in the order of the workflow.
    pub resources: Vec<(Resource, Role)>,
    /// Those that the wrong entry matches.
    pub misfits: Vec<Misfit>,
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
}

impl From<UnmatchedResources> for TaskFailure {
    /// What a call fails with that nothing carries out: the same wherever executions run.
    fn from(fault: UnmatchedResources) -> TaskFailure {
        TaskFailure::new("States.Runtime", fault.to_string())
    }
}

impl fmt::Display for UnmatchedResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, add) = if self.resources.len() == 1 {
            ("a Task Resource has no connector", "an entry such as this one")
        } else {
            ("Task Resources have no connector", "entries such as these")
        };
        if !self.resources.is_empty() {
            write!(f, "{what}; add {add} to the configuration:")?;
        }
        for (resource, role) in &self.resources {
            write!(f, "\n\n{}", suggested_entry(resource, *role))?;
        }
        for (index, Misfit { resource, role, kind, why }) in self.misfits.iter().enumerate() {
            let gap = if index > 0 || !self.resources.is_empty() { "\n\n" } else { "" };
            write!(f, "{gap}the connector \"{kind}\" {why}, and the first [[task]] that matches {resource} has it")?;
            // What can only be waited for, no entry helps.
            if *role != Role::Task || only_answers(resource).is_none() && !resource.is_integration("http", "invoke") {
                write!(f, "; put one such as this before it:\n\n{}", suggested_entry(resource, *role))?;
            }
        }
        Ok(())
    }
}

fn suggested_entry(resource: &Resource, role: Role) -> String {
    // A JSON string is a TOML basic string too, for every text without DEL; that one is no part of any Resource.
    // "${" would be taken for a variable of the environment.
    let quoted = serde_json::Value::from(resource.as_str().replace("${", "$${")).to_string();
    if role != Role::Task {
        format!("[[task]]\nresource = {quoted}\nconnector = \"files\"\nroot = \"data\"")
    } else if resource.kind() == Kind::Function || resource.is_integration("lambda", "invoke") {
        format!("[[task]]\nresource = {quoted}\nconnector = \"lambda\"\nendpoint = \"http://127.0.0.1:3001\"")
    } else {
        format!("[[task]]\nresource = {quoted}\nconnector = \"http\"\nurl = \"http://127.0.0.1:8000/\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Answer, BoxFuture, Request};

    struct Named(&'static str);

    impl Connector for Named {
        fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
            Box::pin(async move { Ok(request.input) })
        }

        fn kind(&self) -> &'static str {
            self.0
        }
    }

    fn table() -> Connectors {
        let mut table = Connectors::new();
        table.push(Pattern::new("arn:aws:lambda:*:function:price"), Arc::new(Named("first")));
        table.push(Pattern::new("arn:aws:lambda:*"), Arc::new(Named("second")));
        table
    }

    #[test]
    fn first_match_wins() {
        let table = table();
        let cases = [
            ("arn:aws:lambda:eu-west-1:123456789012:function:price", Some("first")),
            ("arn:aws:lambda:eu-west-1:123456789012:function:stock", Some("second")),
            ("arn:aws:states:::lambda:invoke", None),
        ];
        for (resource, kind) in cases {
            let found = table.find(&Resource::parse(resource), Role::Task).ok();
            assert_eq!(found.map(|entry| entry.connector.kind()), kind, "{resource}");
        }
    }

    #[test]
    fn check_shows_each_missing_entry_once() {
        let known = "arn:aws:lambda:eu-west-1:123456789012:function:price";
        let resources = [known, "arn:aws:states:::lambda:invoke", "urn:say \"hi\" ${x}", "urn:say \"hi\" ${x}"]
            .map(Resource::parse);
        let calls = resources.iter().map(|resource| (resource, Role::Task));
        let message = table().check(calls).expect_err("two are unknown").to_string();
        assert_eq!(
            message,
            "Task Resources have no connector; add entries such as these to the configuration:\n\n\
             [[task]]\nresource = \"arn:aws:states:::lambda:invoke\"\nconnector = \"lambda\"\n\
             endpoint = \"http://127.0.0.1:3001\"\n\n\
             [[task]]\nresource = \"urn:say \\\"hi\\\" $${x}\"\nconnector = \"http\"\nurl = \"http://127.0.0.1:8000/\""
        );
    }

    #[test]
    fn check_accepts_what_is_matched() {
        let price = Resource::parse("arn:aws:lambda:eu-west-1:123456789012:function:price");
        assert_eq!(table().check([(&price, Role::Task)]), Ok(()));
        assert_eq!(table().check([]), Ok(()));
    }

    #[test]
    fn check_tells_a_connector_that_cannot_do_what_its_entry_matches() {
        let mut table = Connectors::new();
        table.push(Pattern::new("arn:aws:states:::s3:*"), Arc::new(Named("only-tasks")));
        let put = &Resource::parse("arn:aws:states:::s3:putObject");
        assert_eq!(table.check([(put, Role::Task)]), Ok(()));
        let message = table.check([(put, Role::Task), (put, Role::ResultWriter)]).expect_err("no writer").to_string();
        assert_eq!(
            message,
            "the connector \"only-tasks\" serves no ResultWriter, and the first [[task]] that matches \
             arn:aws:states:::s3:putObject has it; put one such as this before it:\n\n\
             [[task]]\nresource = \"arn:aws:states:::s3:putObject\"\nconnector = \"files\"\nroot = \"data\""
        );
    }

    #[test]
    fn an_entry_is_bounded_so_that_it_leaves_calls_to_the_others() {
        let mut table = table();
        table.push_bounded(Pattern::new("*"), Arc::new(Named("third")), Some(5));
        let bounds = |total| [0, 1, 2].map(|index| table.entries()[index].max_concurrent(total, 3));
        assert_eq!((bounds(256), bounds(4), bounds(1)), ([192, 192, 5], [3, 3, 4], [1, 1, 1]));
        assert_eq!(table.entries()[0].max_concurrent(256, 1), 256, "there is nobody to leave any to");
    }
}
