//! What runs inside an execution: frames (machines under way) and groups (the children of a Map or Parallel).

use std::time::Duration;

use super::UNSET;
use super::identity::Child;
use super::map_run::{MapRun, Tolerated};
use super::pool::Id;
use super::time::Timestamp;
use crate::program::StateId;
use crate::value::Value;

/// A machine under way: the top-level one, a branch, or an iteration.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) state: StateId,
    /// The raw input of the state.
    pub(super) input: Value,
    /// Whether nobody else has a handle to the input: a ResultPath has just made it.
    pub(super) owns_input: bool,
    /// The group that this frame is a child of.
    pub(super) parent: Option<Id>,
    /// Place among the siblings.
    pub(super) index: u32,
    /// `$$.Map.Item`, for iterations and what is nested in them.
    pub(super) item: Option<Item>,
    /// Id of the event with which the state was entered.
    pub(super) entered_event: u64,
    pub(super) entered_at: Timestamp,
    pub(super) previous_event: u64,
    /// How often each retrier of the state has fired in this visit.
    pub(super) retries: Vec<u64>,
    pub(super) retry_count: u32,
    /// How often the machine has visited this state, with this visit; 0: not counted, see [`Visits`].
    pub(super) visit: u32,
    /// How often it has visited its states.
    pub(super) visits: Vec<Visits>,
    /// Whether the Map or Parallel has begun, in any attempt of this visit.
    pub(super) fan_out_started: bool,
    /// The context object, once it was asked for in this attempt.
    pub(super) context: Option<Value>,
    pub(super) wait: Wait,
    /// Changes with every wait, so that a timer of an earlier one is known as stale.
    pub(super) stamp: u32,
    /// Number of the attempt's call, if it has a token.
    pub(super) token: Option<u64>,
    /// While a callback is waited for that heartbeats may precede.
    pub(super) pulse: Option<Box<Pulse>>,
    /// Whether the request that a job or a callback is to follow was accepted, in this attempt.
    pub(super) submitted: bool,
    /// Inside an item of a distributed Map, events are numbered apart from the execution's. The frame that runs the item's own
    /// machine keeps the count.
    pub(super) child_events: Option<u64>,
    /// Of the frame that runs the machine of a child execution: who that is.
    pub(super) child: Option<Box<Child>>,
    /// Of a frame in a distributed Map: its run, from MapRunStarted on.
    pub(super) map_run: Option<Box<MapRun>>,
}

impl Default for Frame {
    fn default() -> Self {
        Frame {
            state: StateId(0),
            input: UNSET,
            owns_input: false,
            parent: None,
            index: 0,
            item: None,
            entered_event: 0,
            entered_at: Timestamp(0),
            previous_event: 0,
            retries: Vec::new(),
            retry_count: 0,
            visit: 0,
            visits: Vec::new(),
            fan_out_started: false,
            context: None,
            wait: Wait::Nothing,
            stamp: 0,
            token: None,
            pulse: None,
            submitted: false,
            child_events: None,
            child: None,
            map_run: None,
        }
    }
}

impl Frame {
    /// Becomes another frame, and keeps the memory of its lists. Field by field: a whole frame, made aside and copied, takes
    /// three times the instructions, for each item of a Map.
    pub(super) fn reuse(&mut self, parent: Option<Id>, index: u32, item: Option<Item>) {
        let Frame { retries, visits, .. } = self;
        retries.clear();
        visits.clear();
        (self.state, self.input, self.owns_input) = (StateId(0), UNSET, false);
        (self.parent, self.index, self.item) = (parent, index, item);
        (self.entered_event, self.entered_at, self.previous_event) = (0, Timestamp(0), 0);
        (self.retry_count, self.visit, self.fan_out_started) = (0, 0, false);
        (self.context, self.wait, self.stamp) = (None, Wait::Nothing, 0);
        (self.token, self.pulse, self.submitted) = (None, None, false);
        (self.child_events, self.child, self.map_run) = (None, None, None);
    }
}

/// The item that an iteration is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) index: u32,
    pub(super) value: Value,
    /// The member's name, where the items are those of an object.
    pub(super) key: Option<Value>,
    /// Where a distributed Map has the item from.
    pub(super) source: Option<Value>,
}

/// How long a task with a heartbeat may be silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    pub(super) heartbeat: Duration,
    /// When the attempt is over, heartbeats or not.
    pub(super) deadline: Option<Timestamp>,
}

/// What a frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It runs, or is about to.
    Nothing,
    /// A Wait state.
    Delay,
    /// The delay before a retry.
    Retry,
    /// The outcome of a call. `heartbeat`: its timer is the heartbeat's.
    Call { ordinal: u64, heartbeat: bool },
    /// The children of a Map or Parallel.
    Children(Id),
}

/// The children of a Map or Parallel.
#[derive(Debug)]
pub(super) struct Group {
    /// The frame whose state this is.
    pub(super) parent: Id,
    pub(super) fan_out: FanOut,
    pub(super) total: u32,
    /// Children begun so far.
    pub(super) begun: u32,
    /// Children under way.
    pub(super) live: u32,
    /// Children that may be under way at once.
    pub(super) limit: u32,
    /// Outputs, by the child's place.
    pub(super) results: Vec<Value>,
    /// Whether an order to begin another child is among the work.
    pub(super) spawning: bool,
}

impl Default for Group {
    fn default() -> Self {
        Group {
            parent: Id::default(),
            fan_out: FanOut::Parallel { input: UNSET },
            total: 0,
            begun: 0,
            live: 0,
            limit: 0,
            results: Vec::new(),
            spawning: false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum FanOut {
    Parallel {
        input: Value,
    },
    Map {
        items: crate::value::List,
        /// The Map's effective input, which `ItemSelector` sees.
        input: Value,
        /// In distributed mode: failed items so far, and how many are tolerated.
        tolerance: Option<Tolerated>,
    },
}

/// How often a machine has visited one of its states. Only states that calls are made from, or within, are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visits {
    state: StateId,
    count: u32,
}

/// Counts a visit of the state; how many there were, with this one.
pub(super) fn visit(visits: &mut Vec<Visits>, state: StateId) -> u32 {
    match visits.iter_mut().find(|visits| visits.state == state) {
        Some(visits) => {
            visits.count = visits.count.saturating_add(1);
            visits.count
        }
        None => {
            visits.push(Visits { state, count: 1 });
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_used_again_is_as_a_new_one() {
        let item = Item { index: 1, value: Value::True, key: None, source: None };
        let mut used = Frame {
            state: StateId(7),
            input: Value::True,
            owns_input: true,
            parent: Some(Id::default()),
            index: 3,
            item: Some(item),
            entered_event: 4,
            entered_at: Timestamp(5),
            previous_event: 6,
            retries: vec![1],
            retry_count: 2,
            visit: 3,
            visits: Vec::new(),
            fan_out_started: true,
            context: Some(Value::True),
            wait: Wait::Retry,
            stamp: 9,
            token: Some(1),
            pulse: None,
            submitted: true,
            child_events: Some(2),
            child: None,
            map_run: None,
        };
        visit(&mut used.visits, StateId(1));
        used.reuse(None, 0, None);
        assert_eq!(format!("{used:?}"), format!("{:?}", Frame::default()));
    }
}
