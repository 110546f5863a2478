//! A run of a distributed Map: where it stands, and what is kept of its child executions.

use super::fault::Fault;
use super::identity::Child;
use super::time::Timestamp;
use crate::value::{List, Value};

/// A run of a distributed Map, from MapRunStarted to its end.
#[derive(Debug)]
pub(super) struct MapRun {
    pub(super) id: u128,
    pub(super) phase: Phase,
    /// The Map's effective input.
    pub(super) data: Value,
    pub(super) tolerance: Tolerated,
    /// Children at once.
    pub(super) limit: u32,
    /// `$$.Map.Item.Source`
    pub(super) source: Value,
    /// Whether the items were the members of an object.
    pub(super) keyed: bool,
    /// What the children get, or are made of.
    pub(super) items: Option<List>,
    /// The children so far, where they are described in the end.
    pub(super) children: Vec<ChildRecord>,
    /// The evaluated parameters of the ResultWriter.
    pub(super) destination: Option<Value>,
    /// What the state fails with when the results have been written.
    pub(super) fault: Option<Box<Fault>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// The data set is being read, so many items of it; 0: all.
    Reading {
        wanted: u64,
    },
    Running,
    Writing,
}

/// A child execution that has begun, for its description.
#[derive(Debug)]
pub(super) struct ChildRecord {
    pub(super) child: Child,
    pub(super) end: ChildEnd,
    pub(super) stopped_at: Timestamp,
}

#[derive(Debug)]
pub(super) enum ChildEnd {
    Running,
    Succeeded(Value),
    Failed { error: Option<String>, cause: Option<String> },
    Aborted,
}

impl ChildRecord {
    pub(super) fn begun(child: Child) -> ChildRecord {
        ChildRecord { child, end: ChildEnd::Running, stopped_at: child.started_at }
    }

    pub(super) fn status(&self) -> &'static str {
        match self.end {
            ChildEnd::Running => "RUNNING",
            ChildEnd::Succeeded(_) => "SUCCEEDED",
            ChildEnd::Failed { .. } => "FAILED",
            ChildEnd::Aborted => "ABORTED",
        }
    }
}

/// How many items have failed, and how many may.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerated {
    /// All items; with an ItemBatcher, those of all batches.
    pub(super) items: u32,
    pub(super) failed: u32,
    pub(super) count: u64,
    pub(super) percentage: f64,
}

impl Tolerated {
    /// Whether more items have failed than are tolerated, by number or by share.
    pub(super) fn exceeded(self) -> bool {
        let failed = u64::from(self.failed);
        let over_count = failed > self.count;
        let over_share = f64::from(self.failed) * 100.0 > self.percentage * f64::from(self.items);
        // A limit of zero counts only where the other one is zero too.
        match (self.count, self.percentage > 0.0) {
            (0, true) => over_share,
            (_, false) => over_count,
            (_, true) => over_count || over_share,
        }
    }
}
