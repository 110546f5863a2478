//! What a kind of connector says of itself, and connectors made by what the configuration says.

use std::sync::Arc;
use std::time::Duration;

use super::connectors::Bounds;
use super::{Connector, Connectors, OnUnavailable, Pattern, Resource, Role};
use crate::config::{Config, Findings, Options, Place, Task};
use crate::limits;

/// A kind of connector: everything that others have to know of it. A new kind is a file with one of these, its `impl Connector`,
/// and a line in the table of kinds (`cli/deployment`).
#[derive(Debug)]
pub struct ConnectorKind {
    /// As `connector = "…"`, metrics and messages name it.
    pub name: &'static str,
    /// Its options, beside those that every `[[task]]` has.
    pub options: &'static [&'static str],
    /// Whether calls may wait while the other side is not there: it takes `on_unavailable` and what belongs to it, too.
    pub can_pause: bool,
    /// Makes a connector of an entry's options; the time is the entry's `timeout`. Connects to nothing. `None`: at least one
    /// mistake was noted.
    pub make: fn(&mut Options<'_>, Duration) -> Option<Arc<dyn Connector>>,
    /// The option that says where the other side is; none: there is no other side.
    pub address: Option<&'static str>,
    /// The options of an entry that would carry out such calls, for people who have none; `None`: it can't, or another kind is
    /// the better choice.
    pub suggestion: fn(&Resource, Role) -> Option<&'static str>,
    /// What a configuration makes available without an entry; `None`: nothing.
    pub implied: fn(&Config) -> Option<Implied>,
}

/// A connector that needs no entry. It stands behind all of them: they take precedence.
pub struct Implied {
    /// The Resources that it serves.
    pub pattern: &'static str,
    /// What carries them out.
    pub connector: Arc<dyn Connector>,
    /// Where the configuration makes it available.
    pub place: Place,
}

impl ConnectorKind {
    /// That of a kind which needs an entry.
    pub fn nothing_implied(_: &Config) -> Option<Implied> {
        None
    }

    fn all_options(&self) -> impl Iterator<Item = &'static str> {
        let pausing: &[&str] = if self.can_pause { &PAUSING } else { &[] };
        self.options.iter().chain(pausing).copied()
    }
}

/// A table of kinds. Where several suggest an entry, the first one's is shown.
pub type Kinds = &'static [&'static ConnectorKind];

/// Options of every `[[task]]`.
const COMMON: [&str; 4] = ["resource", "connector", "max_concurrent", "timeout"];
/// Those of kinds whose calls may wait for the other side.
const PAUSING: [&str; 3] = ["on_unavailable", "unavailable_after", "probe_interval"];
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

impl Connectors {
    /// Makes the connectors of a configuration's entries, in their order. Connects to nothing yet. Entries of which none can be
    /// made are left out.
    pub fn of_config(config: &Config, kinds: Kinds) -> (Self, Findings) {
        let mut connectors = Connectors::of_kinds(kinds).taking_callbacks(config.takes_callbacks());
        let mut findings = Findings::default();
        for task in &config.tasks {
            findings.append(connectors.read(task, config));
        }
        for implied in kinds.iter().filter_map(|kind| (kind.implied)(config)) {
            connectors.push_implied(Pattern::new(implied.pattern), implied.connector, implied.place);
        }
        (connectors, findings)
    }

    /// Makes the connector of an entry.
    fn read(&mut self, task: &Task, config: &Config) -> Findings {
        let mut options = task.options(config);
        let kinds: Vec<(&str, &ConnectorKind)> = self.kinds().iter().map(|kind| (kind.name, *kind)).collect();
        let words: Vec<String> = kinds.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let hint = format!("say what carries the task out: connector = {}", alternatives(&words));
        let kind = match options.required("connector", &hint) {
            Some(_) => options.choice("connector", &kinds),
            None => None,
        };
        // Without a kind, options of any kind may stand there.
        let own: Vec<&str> = match kind {
            Some(kind) => kind.all_options().collect(),
            None => kinds.iter().flat_map(|(_, kind)| kind.all_options()).collect(),
        };
        let title = kind.map_or("[[task]]".to_owned(), |kind| format!("[[task]] with connector \"{}\"", kind.name));
        options.expect(title, &[&COMMON, own.as_slice()].concat());

        let hint = "give a Resource, `*` for any characters: resource = \"arn:aws:lambda:*:*:function:price-*\"";
        let resource = options.required("resource", hint);
        let timeout = options.duration("timeout", limits::TASK_TIMEOUT, Duration::from_millis(1)..=LONGEST_TIMEOUT);
        let max_concurrent = options
            .has("max_concurrent")
            .then(|| options.count("max_concurrent", limits::MAX_CONCURRENT_TASKS, 1..=1_000_000));
        let on_unavailable = if own.contains(&PAUSING[0]) { on_unavailable(&mut options) } else { OnUnavailable::Fail };
        let connector = kind.and_then(|kind| (kind.make)(&mut options, timeout));
        if let (Some(resource), Some(connector)) = (resource, connector) {
            let address = kind.and_then(|kind| kind.address).map(|option| options.place(option));
            let bounds = Bounds { max_concurrent, on_unavailable };
            self.push_entry(Pattern::new(resource.value), connector, bounds, address);
        }
        options.finish()
    }
}

/// What becomes of calls while the other side is not there.
fn on_unavailable(options: &mut Options<'_>) -> OnUnavailable {
    let pauses = options.choice("on_unavailable", &[("fail", false), ("pause", true)]).unwrap_or(false);
    if !pauses {
        for option in &PAUSING[1..] {
            if options.has(option) {
                let hint = "add on_unavailable = \"pause\", or leave it out".to_owned();
                options.mistake(option, format!("`{option}` says nothing where calls fail"), Some(hint));
            }
        }
        return OnUnavailable::Fail;
    }
    let after = options.count("unavailable_after", limits::UNAVAILABLE_AFTER as usize, 1..=1_000_000);
    let shortest = Duration::from_millis(1);
    let probe_interval = options.duration("probe_interval", limits::PROBE_INTERVAL, shortest..=LONGEST_TIMEOUT);
    OnUnavailable::Pause { after: u32::try_from(after).unwrap_or(u32::MAX), probe_interval }
}

/// `"a", "b" or "c"`.
fn alternatives(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, Mistake};
    use crate::task::testing::{block_on, request};
    use crate::task::{AWS, BUILTIN, FILES, HTTP, LAMBDA};

    const KINDS: Kinds = &[&LAMBDA, &HTTP, &FILES, &BUILTIN];
    const ALL: Kinds = &[&LAMBDA, &AWS, &HTTP, &FILES, &BUILTIN];

    fn read(tasks: &str, environment: &Environment) -> (Connectors, Findings) {
        let pipeline =
            "name = \"p\"\nsources = [\"in\"]\nworkflow = \"w.asl.json\"\nkafka = { \"bootstrap.servers\" = \"h:1\" }";
        let text = format!("[[pipeline]]\n{pipeline}\n{tasks}");
        let config = Config::parse(&text, Path::new("stepstream.toml"), environment).expect("a valid file");
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
        Connectors::of_config(&config, KINDS)
    }

    fn valid(tasks: &str) -> Connectors {
        let (connectors, findings) = read(tasks, &Environment::default());
        assert!(findings.mistakes.is_empty(), "{:?}", findings.mistakes);
        connectors
    }

    fn mistake(tasks: &str) -> Mistake {
        let (_, mut findings) = read(tasks, &Environment::from([("TOKEN", "s3cret\nX: 1")]));
        assert!(findings.mistakes.len() == 1, "{:?}", findings.mistakes);
        findings.mistakes.remove(0)
    }

    #[test]
    fn what_no_connector_can_be_made_of_is_told_at_its_own_line_without_secrets() {
        let http = "[[task]]\nresource = \"urn:x\"\nconnector = \"http\"\n";
        for (options, line, part) in [
            ("url = \"https://h/\"\nca_file = \"no-such-ca.pem\"", 10, "no-such-ca.pem"),
            ("timeout = \"1s\"\nurl = \"http://user:s3cret@[bad/\"", 10, "not valid"),
            ("headers = { X-Key = { env = \"TOKEN\" } }\nurl = \"http://h/\"", 9, "HTTP does not allow"),
        ] {
            let mistake = mistake(&format!("{http}{options}"));
            assert_eq!(mistake.place.as_ref().map(|place| place.line), Some(line), "{mistake}");
            assert!(mistake.message.contains(part) && !mistake.to_string().contains("s3cret"), "{mistake}");
        }
    }

    #[test]
    fn options_and_kinds_that_there_are_not_are_told_with_those_that_there_are() {
        let none = mistake("[[task]]\nresource = \"x\"\nroot = \"/\"");
        assert!(none.hint.is_some_and(|hint| hint.ends_with("\"lambda\", \"http\", \"files\" or \"builtin\"")));
        let unknown = mistake("[[task]]\nresource = \"x\"\nconnector = \"builtins\"\nroot = \"/\"");
        assert!(unknown.hint.is_some_and(|hint| hint.starts_with("did you mean \"builtin\"?")));
        let secret = mistake("[[task]]\nresource = \"x\"\nconnector = { env = \"TOKEN\" }");
        assert_eq!(secret.message, "`connector` can't be the value given");
    }

    #[test]
    fn each_kind_can_do_what_it_suggests_an_entry_for() {
        let resources = [
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "arn:aws:states:::lambda:invoke",
            "arn:aws:states:::s3:getObject",
            "arn:aws:states:::http:invoke",
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "urn:x",
        ];
        let roles = [Role::Task, Role::ItemReader, Role::ResultWriter];
        let mut suggested = Vec::new();
        for (resource, role) in resources.iter().flat_map(|resource| roles.map(|role| (resource, role))) {
            let resource = Resource::parse(resource);
            for kind in KINDS {
                let Some(options) = (kind.suggestion)(&resource, role) else { continue };
                let options = options.replace("data", "src");
                let entry = format!("[[task]]\nresource = \"*\"\nconnector = \"{}\"\n{options}", kind.name);
                let found = valid(&entry).taking_callbacks(true).find(&resource, role);
                assert_eq!(found.map(|entry| entry.connector.kind()), Ok(kind.name), "{resource}");
                suggested.push(kind.name);
            }
        }
        suggested.sort_unstable();
        suggested.dedup();
        assert_eq!(suggested, ["files", "http", "lambda"]);
    }

    #[test]
    fn what_the_configuration_implies_stands_behind_all_entries() {
        let aws = "[[task]]\nresource = \"arn:aws:states:::sns:*\"\nconnector = \"builtin\"\nbuiltin = \"echo\"\n\
                   [aws]\nregion = \"us-east-1\"";
        let (mut connectors, _) = {
            let pipeline = "name = \"p\"\nsources = [\"in\"]\nworkflow = \"w.asl.json\"\nkafka = { \"bootstrap.servers\" = \"h:1\" }";
            let text = format!("[[pipeline]]\n{pipeline}\n{aws}");
            let config = Config::parse(&text, Path::new("stepstream.toml"), &Environment::default()).expect("valid");
            Connectors::of_config(&config, ALL)
        };
        let named = crate::task::testing::Named("late");
        connectors.push(Pattern::new("arn:aws:states:::s3:*"), Arc::new(named));
        for (resource, role, kind) in [
            ("arn:aws:states:::sns:publish", Role::Task, "builtin"),
            ("arn:aws:states:::s3:getObject", Role::ItemReader, "late"),
            ("arn:aws:states:::sqs:sendMessage", Role::Task, "aws"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", Role::Task, "aws"),
        ] {
            let found = connectors.find(&Resource::parse(resource), role);
            assert_eq!(found.map(|entry| entry.connector.kind()), Ok(kind), "{resource}");
        }
        assert!(connectors.entries().iter().enumerate().all(|(index, entry)| entry.index == index));
        let refused =
            connectors.find(&Resource::parse("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), Role::Task);
        assert!(refused.expect_err("nothing waits").to_string().contains("doesn't wait for a callback"));
    }

    #[test]
    fn entries_become_connectors_in_their_order() {
        let connectors = valid(
            r#"
            [[task]]
            resource = "arn:aws:states:::lambda:invoke"
            connector = "lambda"
            endpoint = "http://127.0.0.1:3001"
            [[task]]
            resource = "urn:price"
            connector = "http"
            url = "http://127.0.0.1:8000/price"
            headers = { X-Env = "grün" }
            http_version = "2"
            [[task]]
            resource = "arn:aws:states:::s3:*"
            connector = "files"
            root = "src"
            [[task]]
            resource = "urn:*"
            connector = "builtin"
            builtin = "fail"
            probability = 1.0
            error = "Oops"
            "#,
        );
        let cases = [
            ("arn:aws:states:::lambda:invoke", "lambda"),
            ("urn:price", "http"),
            ("arn:aws:states:::s3:getObject", "files"),
            ("urn:other", "builtin"),
        ];
        for (resource, kind) in cases {
            let role = if kind == "files" { Role::ItemReader } else { Role::Task };
            let found = connectors.find(&Resource::parse(resource), role).ok();
            assert_eq!(found.map(|entry| entry.connector.kind()), Some(kind), "{resource}");
        }
        let builtin = connectors.find(&Resource::parse("urn:other"), Role::Task).expect("matched").connector;
        let failure = block_on(builtin.call(request("urn:other", b"{}"))).expect_err("always fails");
        assert_eq!(failure.error.as_deref(), Some("Oops"));
    }

    #[test]
    fn what_a_connector_would_pass_over_is_refused_with_the_reason() {
        let connectors = valid(
            r#"
            [[task]]
            resource = "arn:aws:states:::lambda:*"
            connector = "lambda"
            endpoint = "http://127.0.0.1:3001"
            [[task]]
            resource = "*"
            connector = "http"
            url = "http://127.0.0.1:8000/"
            "#,
        );
        for (resource, reason) in [
            ("arn:aws:states:::http:invoke", "would ignore the ApiEndpoint"),
            ("arn:aws:states:::lambda:invoke.waitForTaskToken", "doesn't wait for a callback"),
            ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "doesn't wait for a callback"),
            ("arn:aws:states:::ecs:runTask.sync", "doesn't wait for the end of the job"),
            ("arn:aws:states:::states:startExecution.sync:2", "doesn't wait for the end of the job"),
            ("arn:aws:states:eu-west-1:123456789012:activity:a", "an activity, which workers poll"),
        ] {
            let refused = connectors.find(&Resource::parse(resource), Role::Task).expect_err(resource).to_string();
            assert!(refused.contains(reason) && !refused.contains("[[task]]\n"), "{resource}: {refused}");
        }
        assert!(connectors.find(&Resource::parse("arn:aws:states:::dynamodb:putItem"), Role::Task).is_ok());
    }
}
