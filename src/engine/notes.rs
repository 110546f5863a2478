//! What is noted of a state that runs by itself.

use std::time::Duration;

use super::outcome::Failure;
use crate::program::StateId;
use crate::value::{Heap, Value};

/// A point on the way of the data through a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// After `InputPath`.
    InputPath,
    /// After `Parameters` or `Arguments`.
    Parameters,
    /// After `ItemsPath` or `Items`.
    ItemsPath,
    /// The items of a data set, after `ItemsPointer`.
    ItemsPointer,
    /// The inputs of all iterations, after `ItemSelector`.
    ItemSelector,
    /// The batches, after `ItemBatcher`.
    ItemBatcher,
    /// The raw result.
    Result,
    /// After `ResultSelector`.
    ResultSelector,
    /// After `ResultPath`.
    ResultPath,
}

/// What bounds a Map.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MapBounds {
    /// Number of iterations; `None` where the items were never read.
    pub iterations: Option<u32>,
    /// `MaxConcurrency`; 0: none given.
    pub max_concurrency: u64,
    /// `ToleratedFailureCount`, if it is given.
    pub tolerated_failure_count: Option<u64>,
    /// `ToleratedFailurePercentage`, if it is given.
    pub tolerated_failure_percentage: Option<f64>,
}

/// What became of a state's error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handling {
    /// The retrier that takes the error, even if it is used up.
    pub retrier: Option<usize>,
    /// How long it waits before it retries; `None` if it doesn't.
    pub backoff: Option<Duration>,
    /// The catcher that took the error.
    pub catcher: Option<usize>,
    /// The error that was retried or caught.
    pub failure: Option<Failure>,
}

/// What is noted of a state that runs by itself.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) stages: Vec<(Stage, Value)>,
    pub(super) bounds: Option<MapBounds>,
    pub(super) handling: Handling,
    pub(super) next: Option<StateId>,
    pub(super) retries: u64,
    /// The context object in place of the execution's.
    pub(super) context: Value,
}

impl Notes {
    pub(super) fn new(retries: u64, context: Value) -> Notes {
        Notes { stages: Vec::new(), bounds: None, handling: Handling::default(), next: None, retries, context }
    }

    /// Adds the parts of the context object.
    pub(super) fn push_context(&self, heap: &mut Heap) {
        let Value::Object(context) = self.context else { return };
        for index in 0..context.len() {
            let (key, value) = heap.entry(context, index);
            heap.push_entry(key, value);
        }
    }
}
