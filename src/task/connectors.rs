//! The table from Resource patterns to connectors.

use std::{fmt, sync::Arc, time::Duration};

use super::resolved::{Misfit, Missing, Resolved, UnmatchedResources};
use super::{Connector, Kinds, Pattern, Resource, Role};
use crate::config::Place;

/// Why nothing waits for a callback that none can reach.
const NO_CALLBACKS: &str = "doesn't wait for a callback, because none can come: only `stepstream run` takes callbacks, with \
                            [callbacks] or [api] in the configuration";

/// Resource patterns and their connectors, in the order of the configuration. The first match wins.
#[derive(Clone, Default)]
pub struct Connectors {
    kinds: Kinds,
    entries: Vec<Entry>,
    /// How many of the entries, the last ones, nobody wrote: they get what all others don't match.
    implied: usize,
    /// Whether callbacks reach the executions whose calls these carry out.
    takes_callbacks: bool,
}

/// A `[[task]]` entry. Cheap to clone.
#[derive(Clone)]
pub struct Entry {
    pattern: Arc<Pattern>,
    /// Its place in the table.
    pub index: usize,
    /// What carries out its calls.
    pub connector: Arc<dyn Connector>,
    /// Calls that one pipeline may have open by this entry; `None`: see [`max_concurrent`](Entry::max_concurrent).
    max_concurrent: Option<usize>,
    /// What becomes of calls while the other side is not there.
    pub on_unavailable: OnUnavailable,
    /// Where the configuration says where the other side is; none: there is none.
    pub address: Option<Place>,
}

/// What becomes of calls that don't reach the other side: see [`Contact`](super::Contact).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnavailable {
    /// They fail, as the state's Retry and Catch see it.
    #[default]
    Fail,
    /// They wait and are made again, and the pipeline reads no more until the other side is back.
    Pause {
        /// Calls in a row that don't reach it until it counts as unavailable.
        after: u32,
        /// How often one call tries it then.
        probe_interval: Duration,
    },
}

/// How an entry bounds its calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    /// Calls that a pipeline may have open by it; `None`: see [`Entry::max_concurrent`].
    pub max_concurrent: Option<usize>,
    /// What becomes of them while the other side is not there.
    pub on_unavailable: OnUnavailable,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.pattern.as_str(), self.connector.kind())
    }
}

impl Entry {
    /// The Resources that it carries out, as the configuration has them.
    pub fn resource(&self) -> &str {
        self.pattern.as_str()
    }

    /// Calls that a pipeline with this bound over all entries may have open by this one. One that hangs must not take all of
    /// them from the others: where nothing is configured, a quarter is left to them.
    pub fn max_concurrent(&self, max_concurrent_tasks: usize, entries: usize) -> usize {
        let left = if entries > 1 { max_concurrent_tasks / 4 } else { 0 };
        self.max_concurrent.unwrap_or(max_concurrent_tasks - left).clamp(1, max_concurrent_tasks.max(1))
    }
}

impl Connectors {
    /// A table in which no Resource has a connector, and of no kind that could be suggested.
    pub fn new() -> Self {
        Self::default()
    }

    /// A table in which no Resource has a connector yet. Entries of these kinds are suggested.
    pub fn of_kinds(kinds: Kinds) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// Says whether callbacks reach executions. Where they don't, tasks that wait for one are refused.
    #[must_use]
    pub fn taking_callbacks(self, takes_callbacks: bool) -> Self {
        Self { takes_callbacks, ..self }
    }

    /// The kinds that there are.
    pub(super) fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// Adds an entry behind those that are there: it gets only what they don't match.
    pub fn push(&mut self, pattern: Pattern, connector: Arc<dyn Connector>) {
        self.push_entry(pattern, connector, Bounds::default(), None);
    }

    /// The same, with the bounds of its calls, and the place of its address.
    pub(super) fn push_entry(
        &mut self,
        pattern: Pattern,
        connector: Arc<dyn Connector>,
        bounds: Bounds,
        address: Option<Place>,
    ) {
        let index = self.entries.len() - self.implied;
        let Bounds { max_concurrent, on_unavailable } = bounds;
        let pattern = Arc::new(pattern);
        self.entries.insert(index, Entry { pattern, index, connector, max_concurrent, on_unavailable, address });
        self.entries.iter_mut().enumerate().for_each(|(index, entry)| entry.index = index);
    }

    /// Adds an entry that stays behind all that others add.
    pub(super) fn push_implied(&mut self, pattern: Pattern, connector: Arc<dyn Connector>, address: Place) {
        self.push_entry(pattern, connector, Bounds::default(), Some(address));
        self.implied += 1;
    }

    /// All entries, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds what carries out a program's calls, once: the first entry that matches each of its Resources.
    pub fn resolve<'a>(&self, resources: impl IntoIterator<Item = (&'a Resource, Role)>) -> Resolved {
        Resolved::new(resources.into_iter().map(|(resource, role)| self.find(resource, role)))
    }

    pub(super) fn find(&self, resource: &Resource, role: Role) -> Result<Entry, UnmatchedResources> {
        let unmatched = UnmatchedResources::default;
        match self.entries.iter().find(|entry| entry.pattern.matches(resource.as_str())) {
            None => {
                let missing = Missing { resource: resource.clone(), role, suggestion: self.suggestion(resource, role) };
                Err(UnmatchedResources { missing: vec![missing], ..unmatched() })
            }
            Some(entry) => match self.refusal(entry, resource, role) {
                None => Ok(entry.clone()),
                Some(why) => {
                    // No other entry would help where no callbacks come.
                    let suggestion = self.suggestion(resource, role).filter(|_| why != NO_CALLBACKS);
                    let kind = entry.connector.kind();
                    let misfit = Misfit { resource: resource.clone(), role, kind, why, suggestion };
                    Err(UnmatchedResources { misfits: vec![misfit], ..unmatched() })
                }
            },
        }
    }

    /// Why an entry can't carry out such calls.
    fn refusal(&self, entry: &Entry, resource: &Resource, role: Role) -> Option<String> {
        let is_unheard =
            || !self.takes_callbacks && resource.waits_for_callback() && entry.connector.awaits_callback(resource);
        entry.connector.refuses(resource, role).or_else(|| is_unheard().then(|| NO_CALLBACKS.to_owned()))
    }

    /// An entry to add for such calls.
    fn suggestion(&self, resource: &Resource, role: Role) -> Option<String> {
        // A JSON string is a TOML basic string too, for every text without DEL; that one is no part of any Resource.
        // "${" would be taken for a variable of the environment.
        let quoted = serde_json::Value::from(resource.as_str().replace("${", "$${")).to_string();
        self.kinds.iter().find_map(|kind| {
            let options = (kind.suggestion)(resource, role)?;
            Some(format!("[[task]]\nresource = {quoted}\nconnector = \"{}\"\n{options}", kind.name))
        })
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}

#[cfg(test)]
impl Connectors {
    /// The same table, with what becomes of all calls while the other side is not there.
    #[must_use]
    pub(crate) fn on_unavailable(mut self, on_unavailable: OnUnavailable) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.on_unavailable = on_unavailable);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::testing::Named;
    use crate::task::{BuiltinConnector, BuiltinOptions, FILES, HTTP, LAMBDA};

    const KINDS: Kinds = &[&LAMBDA, &HTTP, &FILES];

    fn table() -> Connectors {
        let mut table = Connectors::of_kinds(KINDS);
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
        let message = table().resolve(calls).check().expect_err("two are unknown").to_string();
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
        assert_eq!(table().resolve([(&price, Role::Task)]).check(), Ok(()));
        assert_eq!(table().resolve([]).check(), Ok(()));
    }

    #[test]
    fn check_tells_a_connector_that_cannot_do_what_its_entry_matches() {
        let mut table = Connectors::of_kinds(KINDS);
        table.push(
            Pattern::new("arn:aws:states:::s3:*"),
            Arc::new(BuiltinConnector::new(BuiltinOptions::echo()).expect("valid")),
        );
        let put = &Resource::parse("arn:aws:states:::s3:putObject");
        assert_eq!(table.resolve([(put, Role::Task)]).check(), Ok(()));
        let message =
            table.resolve([(put, Role::Task), (put, Role::ResultWriter)]).check().expect_err("no writer").to_string();
        assert_eq!(
            message,
            "the connector \"builtin\" serves no ResultWriter, and the first [[task]] that matches \
             arn:aws:states:::s3:putObject has it; put one such as this before it:\n\n\
             [[task]]\nresource = \"arn:aws:states:::s3:putObject\"\nconnector = \"files\"\nroot = \"data\""
        );
    }

    #[test]
    fn an_entry_is_bounded_so_that_it_leaves_calls_to_the_others() {
        let mut table = table();
        table.push_entry(
            Pattern::new("*"),
            Arc::new(Named("third")),
            Bounds { max_concurrent: Some(5), ..Bounds::default() },
            None,
        );
        let bounds = |total| [0, 1, 2].map(|index| table.entries()[index].max_concurrent(total, 3));
        assert_eq!((bounds(256), bounds(4), bounds(1)), ([192, 192, 5], [3, 3, 4], [1, 1, 1]));
        assert_eq!(table.entries()[0].max_concurrent(256, 1), 256, "there is nobody to leave any to");
    }
}
