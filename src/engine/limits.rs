use std::time::Duration;

use crate::limits;

/// What bounds an execution. The defaults, with their reasons, are those of [`limits`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long an execution may last, whatever its definition says. AWS Express: five minutes.
    pub timeout: Duration,
    /// Bytes of an event. AWS: 262,144.
    pub max_event_bytes: usize,
    /// Bytes of the JSON text of a state's input, output or result. AWS: 262,144.
    pub max_data_bytes: u32,
    /// Bytes of the JSON text of what one `Assign` sets, hence of a variable too. AWS: 262,144.
    pub max_assign_bytes: u32,
    /// Bytes of the JSON text of all variables of an execution. AWS: 10 MiB.
    pub max_variables_bytes: u64,
    /// Levels of arrays and objects in an event.
    pub max_depth: u16,
    /// Iterations of an inline Map at once. AWS: 40.
    pub max_inline_concurrency: u32,
    /// Iterations of a distributed Map at once. AWS: 10,000; here they share one process.
    pub max_distributed_concurrency: u32,
    /// Bytes of an object that an ItemReader reads.
    pub max_dataset_bytes: usize,
    /// Items that an ItemReader reads.
    pub max_dataset_items: usize,
    /// States that an execution may enter. It bounds loops without waits; AWS has no such limit for Express, but its five
    /// minutes allow fewer.
    pub max_transitions: u64,
    /// Units of work that are done before an execution gives way to others: see [`limits::WORK_PER_TURN`]. To enter a state is
    /// work, too.
    pub work_per_run: u64,
    /// Units of work that one attempt of a state may take: see [`limits::MAX_WORK_PER_STATE`].
    pub max_work_per_state: u64,
    /// Bytes that the values of an execution may take. An execution frees nothing while it runs.
    pub max_heap_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            timeout: limits::EXECUTION_TIMEOUT,
            max_event_bytes: limits::MAX_EVENT_BYTES,
            max_data_bytes: limits::MAX_EVENT_BYTES as u32,
            max_assign_bytes: limits::MAX_ASSIGN_BYTES,
            max_variables_bytes: limits::MAX_VARIABLES_BYTES,
            max_depth: limits::MAX_EVENT_DEPTH,
            max_inline_concurrency: limits::MAX_INLINE_CONCURRENCY,
            max_distributed_concurrency: limits::MAX_DISTRIBUTED_CONCURRENCY,
            max_dataset_bytes: limits::MAX_DATASET_BYTES,
            max_dataset_items: limits::MAX_DATASET_ITEMS,
            max_transitions: limits::MAX_TRANSITIONS,
            work_per_run: limits::WORK_PER_TURN,
            max_work_per_state: limits::MAX_WORK_PER_STATE,
            max_heap_bytes: limits::MAX_HEAP_BYTES,
        }
    }
}
