//! The table from Resource patterns to connectors.

use std::{fmt, sync::Arc};

use super::{Connector, Pattern};

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

    /// Checks that each of a program's Resources has a connector. The error names all that have none.
    pub fn check<'a>(&self, resources: impl IntoIterator<Item = &'a str>) -> Result<(), UnmatchedResources> {
        let mut unmatched: Vec<String> = Vec::new();
        for resource in resources {
            if self.find(resource).is_none() && !unmatched.iter().any(|seen| seen == resource) {
                unmatched.push(resource.to_owned());
            }
        }
        if unmatched.is_empty() { Ok(()) } else { Err(UnmatchedResources { resources: unmatched }) }
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(pattern, c)| (pattern.as_str(), c.kind()))).finish()
    }
}

/// Resources of a workflow that no `[[task]]` entry matches. The message shows the entries to add.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnmatchedResources {
    /// The Resources, each once, in the order of the workflow.
    pub resources: Vec<String>,
}

impl fmt::Display for UnmatchedResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, add) = if self.resources.len() == 1 {
            ("a Task Resource has no connector", "an entry such as this one")
        } else {
            ("Task Resources have no connector", "entries such as these")
        };
        write!(f, "{what}; add {add} to the configuration:")?;
        for resource in &self.resources {
            write!(f, "\n\n{}", suggested_entry(resource))?;
        }
        Ok(())
    }
}

fn suggested_entry(resource: &str) -> String {
    // A JSON string is a TOML basic string too, for every text without DEL; that one is no part of any Resource.
    // "${" would be taken for a variable of the environment.
    let quoted = serde_json::Value::from(resource.replace("${", "$${")).to_string();
    if resource.contains(":s3:") && !resource.contains(":aws-sdk:") {
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
        let message = table().check(resources).expect_err("two are unknown").to_string();
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
        assert_eq!(table().check(["arn:aws:lambda:eu-west-1:123456789012:function:price"]), Ok(()));
        assert_eq!(table().check([]), Ok(()));
    }
}
