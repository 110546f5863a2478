use std::time::Duration;

use crate::value::MAX_DEPTH;

/// What bounds an execution. The defaults are those of AWS Step Functions where it has one.
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
    /// States that are entered before an execution gives way to others.
    pub transitions_per_run: u32,
    /// Bytes that the values of an execution may take. An execution frees nothing while it runs.
    pub max_heap_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            timeout: Duration::from_secs(5 * 60),
            max_event_bytes: 262_144,
            max_data_bytes: 262_144,
            max_assign_bytes: 262_144,
            max_variables_bytes: 10 << 20,
            max_depth: MAX_DEPTH,
            max_inline_concurrency: 40,
            max_distributed_concurrency: 1_000,
            max_dataset_bytes: 16 << 20,
            max_dataset_items: 100_000,
            max_transitions: 1_000_000,
            transitions_per_run: 1_000,
            max_heap_bytes: 64 << 20,
        }
    }
}
