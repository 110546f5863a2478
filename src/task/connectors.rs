//! The table from Resource patterns to connectors.

use std::{fmt, sync::Arc};

use super::{Connector, Pattern, Role};

/// Resource patterns and their connectors, in the order of the configuration. The first match wins.
#[derive(Clone, Default)]
pub struct Connectors {
    entries: Vec<(Pattern, Arc<dyn Connector>)>,
}

impl Connectors {
    /// A table in which no Resource has a connector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry behind those that are there: it gets only what they don't match.
    pub fn push(&mut self, pattern: Pattern, connector: Arc<dyn Connector>) {
        self.entries.push((pattern, connector));
    }

    /// The connector for a task's Resource, or `None` if no pattern matches.
    pub fn find(&self, resource: &str) -> Option<&Arc<dyn Connector>> {
        self.entries.iter().find(|(pattern, _)| pattern.matches(resource)).map(|(_, connector)| connector)
    }

    /// Checks that each of a program's Resources has a connector that serves its role. The error names all that have none.
    ///
    /// # Errors
    /// What has no connector, or one that can't do it.
    pub fn check<'a>(&self, resources: impl IntoIterator<Item = (&'a str, Role)>) -> Result<(), UnmatchedResources> {
        let mut faults = UnmatchedResources::default();
        for (resource, role) in resources {
            match self.find(resource) {
                None if faults.resources.iter().all(|(seen, _)| seen != resource) => {
                    faults.resources.push((resource.to_owned(), role));
                }
                Some(connector) if !connector.serves(role) => {
                    faults.misfits.push(Misfit { resource: resource.to_owned(), role, kind: connector.kind() });
                }
                _ => {}
            }
        }
        if faults.resources.is_empty() && faults.misfits.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(pattern, c)| (pattern.as_str(), c.kind()))).finish()
    }
}

/// Resources of a workflow that no `[[task]]` entry matches, or one whose connector can't do what the workflow wants. The
/// message shows the entries to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct UnmatchedResources {
    /// The Resources that no entry matches, each once, in the order of the workflow.
    pub resources: Vec<(String, Role)>,
    /// Those that the wrong entry matches.
    pub misfits: Vec<Misfit>,
}

/// A Resource whose connector does not serve its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The Resource.
    pub resource: String,
    /// What calls it.
    pub role: Role,
    /// The kind of the connector that the first matching entry has.
    pub kind: &'static str,
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
        for (index, Misfit { resource, role, kind }) in self.misfits.iter().enumerate() {
            let gap = if index > 0 || !self.resources.is_empty() { "\n\n" } else { "" };
            write!(f, "{gap}the connector \"{kind}\" serves no {role}, and the first [[task]] that matches ")?;
            write!(f, "{resource} has it; put one such as this before it:\n\n{}", suggested_entry(resource, *role))?;
        }
        Ok(())
    }
}

fn suggested_entry(resource: &str, role: Role) -> String {
    // A JSON string is a TOML basic string too, for every text without DEL; that one is no part of any Resource.
    // "${" would be taken for a variable of the environment.
    let quoted = serde_json::Value::from(resource.replace("${", "$${")).to_string();
    if role != Role::Task {
        format!("[[task]]\nresource = {quoted}\nconnector = \"files\"\nroot = \"data\"")
    } else if resource.contains(":lambda:") {
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
            assert_eq!(table.find(resource).map(|connector| connector.kind()), kind, "{resource}");
        }
    }

    #[test]
    fn check_shows_each_missing_entry_once() {
        let known = "arn:aws:lambda:eu-west-1:123456789012:function:price";
        let resources = [known, "arn:aws:states:::lambda:invoke", "urn:say \"hi\" ${x}", "urn:say \"hi\" ${x}"];
        let message =
            table().check(resources.map(|resource| (resource, Role::Task))).expect_err("two are unknown").to_string();
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
        assert_eq!(table().check([("arn:aws:lambda:eu-west-1:123456789012:function:price", Role::Task)]), Ok(()));
        assert_eq!(table().check([]), Ok(()));
    }

    #[test]
    fn check_tells_a_connector_that_cannot_do_what_its_entry_matches() {
        let mut table = Connectors::new();
        table.push(Pattern::new("arn:aws:states:::s3:*"), Arc::new(Named("only-tasks")));
        let put = "arn:aws:states:::s3:putObject";
        assert_eq!(table.check([(put, Role::Task)]), Ok(()));
        let message = table.check([(put, Role::Task), (put, Role::ResultWriter)]).expect_err("no writer").to_string();
        assert_eq!(
            message,
            "the connector \"only-tasks\" serves no ResultWriter, and the first [[task]] that matches \
             arn:aws:states:::s3:putObject has it; put one such as this before it:\n\n\
             [[task]]\nresource = \"arn:aws:states:::s3:putObject\"\nconnector = \"files\"\nroot = \"data\""
        );
    }
}
