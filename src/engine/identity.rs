//! Who an execution is, as the context object shows it: the one that was started, or a child of a distributed Map.

use std::borrow::Cow;

use super::{Identity, Timestamp};
use crate::value::Value;

#[derive(Debug, Default)]
pub(super) struct OwnedIdentity {
    name: String,
    id: String,
    state_machine_name: String,
    state_machine_id: String,
    role_arn: String,
}

/// What a child execution of a distributed Map has of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) id: u128,
    pub(super) input: Value,
    pub(super) started_at: Timestamp,
}

/// An execution to those who run in it.
pub(super) struct Who<'a> {
    execution: &'a OwnedIdentity,
    /// The child execution, and the label of its Map.
    child: Option<(Child, &'a str)>,
    pub(super) input: Value,
    pub(super) started_at: Timestamp,
}

impl OwnedIdentity {
    pub(super) fn take(&mut self, identity: &Identity<'_>) {
        let fields = [
            (&mut self.name, identity.name),
            (&mut self.id, identity.id),
            (&mut self.state_machine_name, identity.state_machine_name),
            (&mut self.state_machine_id, identity.state_machine_id),
            (&mut self.role_arn, identity.role_arn),
        ];
        for (own, given) in fields {
            own.clear();
            own.push_str(given);
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn role_arn(&self) -> &str {
        &self.role_arn
    }

    /// The execution as a whole.
    pub(super) fn itself(&self, input: Value, started_at: Timestamp) -> Who<'_> {
        Who { execution: self, child: None, input, started_at }
    }

    /// A child of the Map with this label.
    pub(super) fn child<'a>(&'a self, child: Child, label: &'a str) -> Who<'a> {
        Who { execution: self, child: Some((child, label)), input: child.input, started_at: child.started_at }
    }

    /// The ARN of a run of the Map with this label.
    pub(super) fn map_run_arn(&self, label: &str, run: u128) -> String {
        let (account, _) = self.account_and_kind();
        format!("{account}:mapRun:{}/{label}:{}", self.state_machine_name, uuid(run))
    }

    /// The execution's ARN up to the account, and what kind of execution it names.
    fn account_and_kind(&self) -> (&str, &str) {
        let mut colons = self.id.match_indices(':').map(|(at, _)| at).skip(4);
        match (colons.next(), colons.next()) {
            (Some(fifth), Some(sixth)) => (&self.id[..fifth], &self.id[fifth + 1..sixth]),
            _ => (&self.id, "execution"),
        }
    }
}

impl Who<'_> {
    pub(super) fn id(&self) -> Cow<'_, str> {
        let Some((child, label)) = self.child else { return Cow::Borrowed(&self.execution.id) };
        let (account, kind) = self.execution.account_and_kind();
        Cow::Owned(format!("{account}:{kind}:{}/{label}:{}", self.execution.state_machine_name, uuid(child.id)))
    }

    pub(super) fn name(&self) -> Cow<'_, str> {
        match self.child {
            Some((child, _)) => Cow::Owned(uuid(child.id)),
            None => Cow::Borrowed(&self.execution.name),
        }
    }

    pub(super) fn state_machine_id(&self) -> Cow<'_, str> {
        labelled(&self.execution.state_machine_id, self.child.map(|(_, label)| label))
    }

    pub(super) fn state_machine_name(&self) -> Cow<'_, str> {
        labelled(&self.execution.state_machine_name, self.child.map(|(_, label)| label))
    }
}

fn labelled<'a>(machine: &'a str, label: Option<&str>) -> Cow<'a, str> {
    match label {
        Some(label) => Cow::Owned(format!("{machine}/{label}")),
        None => Cow::Borrowed(machine),
    }
}

/// Random bits as the text of a version 4 UUID.
pub(super) fn uuid(bits: u128) -> String {
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}
