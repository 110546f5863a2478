//! What a `Resource` names: parsed once, looked at by all who care.

mod names;
mod optimised;

use std::fmt;
use std::sync::Arc;

pub use names::{capitalised, sdk_name};
pub use optimised::integrations;

/// The `Resource` of a Task state, ItemReader or ResultWriter.
///
/// A `Resource` that AWS would not know is one too: a connector may be configured for any text.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource {
    text: Arc<str>,
    kind: Kind,
    service: Arc<str>,
    action: Arc<str>,
    pattern: Pattern,
}

/// What kind of thing a task calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Lambda function by its own ARN.
    Function,
    /// An activity, which workers poll.
    Activity,
    /// A service integration, or a text that only a connector knows.
    Service,
}

/// How a task waits for what it calls: the service integration pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Goes on with the answer.
    RequestResponse,
    /// Waits for the end of the job: `.sync`.
    Sync,
    /// The same, with the job's output as JSON: `.sync:2`.
    Sync2,
    /// Waits for a callback: `.waitForTaskToken`.
    WaitForTaskToken,
}

/// Whether AWS would take a `Resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// The ARN of a Lambda function.
    Function,
    /// The ARN of an activity.
    Activity,
    /// An optimised or SDK integration.
    Integration,
    /// An ARN of the Step Functions service that names no integration.
    NoIntegration,
    /// Nothing that AWS would call.
    Unknown,
}

impl Resource {
    /// Takes a `Resource` as written.
    pub fn parse(text: &str) -> Resource {
        let parts = arn_parts(text);
        let rest = parts.get(5).copied().filter(|rest| !rest.is_empty()).unwrap_or(text);
        let kind = match parts.as_slice() {
            [_, _, "lambda", ..] => Kind::Function,
            [_, _, "states", _, _, rest] if rest.split(':').next() == Some("activity") => Kind::Activity,
            _ => Kind::Service,
        };
        // `aws-sdk:dynamodb:putItem` is the action `putItem` of the service `aws-sdk:dynamodb`; endings belong to the action,
        // and `.sync:2` holds a colon of its own.
        let (name, ending) = rest.split_at(separators(rest, '.').next().unwrap_or(rest.len()));
        let (service, action) = match separators(name, ':').last() {
            Some(at) => (&name[..at], &name[at + 1..]),
            None => ("", name),
        };
        let pattern = match (kind, ending) {
            (Kind::Service, ".waitForTaskToken") => Pattern::WaitForTaskToken,
            (Kind::Service, ".sync") => Pattern::Sync,
            (Kind::Service, ".sync:2") => Pattern::Sync2,
            _ => Pattern::RequestResponse,
        };
        Resource {
            text: text.into(),
            kind,
            service: service.into(),
            action: format!("{action}{ending}").into(),
            pattern,
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of thing it names.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The service as the history names it in `resourceType`: `lambda`, `aws-sdk:dynamodb`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The action with its ending, as the history names it in `resource`: `invoke.waitForTaskToken`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// How a task waits for it.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// The name of an ARN's function: `f` of `arn:aws:lambda:us-east-1:123456789012:function:f:7`.
    pub fn function(&self) -> Option<&str> {
        let name = arn_parts(&self.text).get(5)?.strip_prefix("function:")?;
        let end = separators(name, ':').next().unwrap_or(name.len());
        Some(&name[..end]).filter(|name| self.kind == Kind::Function && !name.is_empty())
    }

    /// The region of its ARN; integrations have none.
    pub fn region(&self) -> Option<&str> {
        self.part_of_arn(3)
    }

    /// The account of its ARN; integrations have none.
    pub fn account(&self) -> Option<&str> {
        self.part_of_arn(4)
    }

    fn part_of_arn(&self, index: usize) -> Option<&str> {
        let is_arn = self.text.starts_with("arn:");
        arn_parts(&self.text).get(index).copied().filter(|part| is_arn && !part.is_empty())
    }

    /// Whether it is this integration, such as `lambda` and `invoke`, in any partition and with any ending.
    pub fn is_integration(&self, service: &str, action: &str) -> bool {
        let name = self.action.split('.').next().unwrap_or_default();
        self.kind == Kind::Service && *self.service == *service && name == action && self.is_of_states()
    }

    /// Whether the task ends by a callback, which may be preceded by heartbeats.
    pub fn waits_for_callback(&self) -> bool {
        self.kind == Kind::Activity || self.pattern == Pattern::WaitForTaskToken
    }

    /// Whether its answer is only the beginning: a job or a callback is waited for.
    pub fn outlasts_its_answer(&self) -> bool {
        self.kind == Kind::Activity || self.pattern != Pattern::RequestResponse
    }

    /// Whether AWS would take it.
    pub fn recognition(&self) -> Recognition {
        let &["arn", partition, service, _region, _account, rest] = arn_parts(&self.text).as_slice() else {
            return Recognition::Unknown;
        };
        if !partition.starts_with("aws") {
            return Recognition::Unknown;
        }
        match service {
            "lambda" if self.function().is_some() => Recognition::Function,
            "states" if rest.strip_prefix("activity:").is_some_and(|name| !name.is_empty()) => Recognition::Activity,
            "states" if self.is_of_states() && self.names_integration() => Recognition::Integration,
            "states" => Recognition::NoIntegration,
            _ => Recognition::Unknown,
        }
    }

    /// Whether it is written as integrations are: `arn:<partition>:states:::…`.
    pub fn is_of_states(&self) -> bool {
        matches!(arn_parts(&self.text).as_slice(), [_, _, "states", "", "", ..])
    }

    /// `service:action[.pattern]` or `aws-sdk:service:action[.waitForTaskToken]`.
    fn names_integration(&self) -> bool {
        let (action, ending) = self.action.split_at(self.action.find('.').unwrap_or(self.action.len()));
        let no_pattern = self.pattern == Pattern::RequestResponse;
        if no_pattern && !ending.is_empty() {
            return false;
        }
        match self.service.strip_prefix("aws-sdk:") {
            Some(service) => (no_pattern || self.waits_for_callback()) && is_sdk_action(service, action),
            None => optimised::is_optimised(&self.service, action, self.pattern),
        }
    }
}

/// The six parts of an ARN, the last one with all its colons; fewer of a text that is none.
fn arn_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(6);
    let mut begin = 0;
    for at in separators(text, ':').take(5) {
        parts.push(&text[begin..at]);
        begin = at + 1;
    }
    parts.push(&text[begin..]);
    parts
}

/// Where a separator stands, but not inside of a placeholder such as `${AWS::Partition}`, which a template replaces.
fn separators(text: &str, separator: char) -> impl Iterator<Item = usize> {
    let mut rest_begins = 0;
    text.char_indices().filter_map(move |(at, c)| {
        if at < rest_begins {
            return None;
        }
        if text[at..].starts_with("${")
            && let Some(length) = text[at..].find('}')
        {
            rest_begins = at + length;
        }
        (c == separator).then_some(at)
    })
}

fn is_sdk_action(service: &str, action: &str) -> bool {
    let lower_case = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !service.is_empty()
        && service.chars().all(lower_case)
        && action.starts_with(|c: char| c.is_ascii_lowercase())
        && action.chars().all(|c| c.is_ascii_alphanumeric())
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_resources_are_told_apart() {
        use Recognition::{Activity, Function, Integration, NoIntegration, Unknown};
        for (text, recognition) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:f:7", Function),
            ("arn:aws:lambda:REGION:ACCOUNT_ID:function:f", Function),
            ("arn:aws:lambda:...:send-email", Unknown),
            ("arn:aws:states:us-east-1:123456789012:activity:a", Activity),
            ("arn:aws:states:::dynamodb:putItem", Integration),
            ("arn:aws:states:::dynamodb:query", NoIntegration),
            ("arn:aws:states:::aws-sdk:dynamodb:query", Integration),
            ("arn:aws:states:::aws-sdk:dynamodb:Query", NoIntegration),
            ("arn:aws:states:::aws-sdk:ecs:runTask.sync", NoIntegration),
            ("arn:aws:states:::states:startExecution.sync:2", Integration),
            ("arn:aws:states:::lambda:invoke.sync", NoIntegration),
            ("arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken", Integration),
            ("arn:aws:states:::sqs:sendMessage.later", NoIntegration),
            ("${LambdaArn}", Unknown),
            ("send-email", Unknown),
            ("", Unknown),
        ] {
            assert_eq!(Resource::parse(text).recognition(), recognition, "{text}");
        }
    }

    #[test]
    fn parts_are_those_that_the_history_shows() {
        use Pattern::{RequestResponse, Sync2, WaitForTaskToken};
        for (text, kind, service, action, pattern) in [
            ("arn:aws:states:::lambda:invoke", Kind::Service, "lambda", "invoke", RequestResponse),
            (
                "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
                Kind::Service,
                "aws-sdk:sqs",
                "sendMessage.waitForTaskToken",
                WaitForTaskToken,
            ),
            ("arn:aws:states:::states:startExecution.sync:2", Kind::Service, "states", "startExecution.sync:2", Sync2),
            ("price", Kind::Service, "", "price", RequestResponse),
        ] {
            let resource = Resource::parse(text);
            let found = (resource.kind(), resource.service(), resource.action(), resource.pattern());
            assert_eq!(found, (kind, service, action, pattern), "{text}");
        }
        let function = Resource::parse("arn:aws:lambda:eu-west-1:123456789012:function:price:PROD");
        let found = (function.kind(), function.function(), function.region(), function.account());
        assert_eq!(found, (Kind::Function, Some("price"), Some("eu-west-1"), Some("123456789012")));
        assert_eq!(Resource::parse("arn:aws:states:::sqs:sendMessage").region(), None);
        let short = Resource::parse("arn:aws:lambda:eu-west-1");
        assert_eq!((short.region(), short.account(), short.function()), (Some("eu-west-1"), None, None));
        assert!(Resource::parse("arn:aws-cn:states:::lambda:invoke").is_integration("lambda", "invoke"));
        assert!(!Resource::parse("lambda:invoke").is_integration("lambda", "invoke"));
    }

    #[test]
    fn placeholders_of_templates_are_not_split() {
        for (text, kind, service, action, pattern) in [
            (
                "arn:${AWS::Partition}:states:::lambda:invoke",
                Kind::Service,
                "lambda",
                "invoke",
                Pattern::RequestResponse,
            ),
            (
                "arn:${AWS::Partition}:states:::${Service.Name}:runTask.sync",
                Kind::Service,
                "${Service.Name}",
                "runTask.sync",
                Pattern::Sync,
            ),
            ("${Price.Arn}", Kind::Service, "", "${Price.Arn}", Pattern::RequestResponse),
            ("arn:${open:states:::lambda:invoke", Kind::Service, "lambda", "invoke", Pattern::RequestResponse),
        ] {
            let resource = Resource::parse(text);
            let found = (resource.kind(), resource.service(), resource.action(), resource.pattern());
            assert_eq!(found, (kind, service, action, pattern), "{text}");
        }
        assert!(Resource::parse("arn:${AWS::Partition}:states:::lambda:invoke").is_integration("lambda", "invoke"));
        let function =
            Resource::parse("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Stack}-price:1");
        let found = (function.kind(), function.function(), function.region(), function.account());
        let expected = (Kind::Function, Some("${Stack}-price"), Some("${AWS::Region}"), Some("${AWS::AccountId}"));
        assert_eq!(found, expected);
        assert_eq!(Resource::parse("arn:aws:lambda:r:1:function:${A::B}:7").function(), Some("${A::B}"));
    }
}
