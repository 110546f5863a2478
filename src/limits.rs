//! Every default of a limit, in one place, with its unit and its reason: the same for the daemon and for every subcommand.

use std::time::Duration;

/// Five minutes: what AWS gives an Express execution.
pub const EXECUTION_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// State transitions of one execution. A bound on loops without waits, far above any useful workflow: AWS has none for
/// Express, but its five minutes allow fewer than this.
pub const MAX_TRANSITIONS: u64 = 1_000_000;
/// Units of work that an execution does in one turn before the shard serves its other executions: a few milliseconds. The state
/// that it is in then is finished first.
pub const WORK_PER_TURN: u64 = 500_000;
/// Units of work that one state may take until it is left or waits, and each of its retries and iterations by itself: for this long
/// a shard's other executions wait. A unit is a value that is visited or made, or 64 bytes of text: some nanoseconds. Turns of
/// hostile executions with four million took up to 120 ms on a busy core; others should wait 50 at most. The service's own bound
/// on an expression in JSONata is one second.
pub const MAX_WORK_PER_STATE: u64 = 2_000_000;
/// Bytes of an event, and of the JSON text of a state's input, output or result: AWS's 256 KiB.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// Bytes of the JSON text of what one `Assign` sets, hence of a variable too: as AWS.
pub const MAX_ASSIGN_BYTES: u32 = 256 * 1024;
/// Bytes of the JSON text of all variables of an execution: as AWS.
pub const MAX_VARIABLES_BYTES: u64 = 10 * 1024 * 1024;
/// Iterations of an inline Map at once: as AWS.
pub const MAX_INLINE_CONCURRENCY: u32 = 40;
/// Iterations of a distributed Map at once. AWS allows 10,000; here they share one process.
pub const MAX_DISTRIBUTED_CONCURRENCY: u32 = 1_000;
/// Bytes that the values of an execution may take: an execution frees nothing while it runs.
pub const MAX_HEAP_BYTES: usize = 64 * 1024 * 1024;
/// The most that `max_heap_bytes` may be set to: a handle names at most so many bytes of text.
pub const MAX_HEAP_BYTES_CEILING: usize = 1 << 30;
/// Nesting of arrays and objects in an event: deeper than any real event, shallow enough for a shard's stack.
pub const MAX_EVENT_DEPTH: u16 = 128;
/// The most that `max_depth` may be set to: recursion over values has to fit a shard's stack.
pub const MAX_EVENT_DEPTH_CEILING: u16 = 512;
/// Bytes of an object that an ItemReader reads: what AWS looks at for an ItemsPointer. With what is made of it, it stays in
/// memory until the execution has ended.
pub const MAX_DATASET_BYTES: usize = 16 * 1024 * 1024;
/// Items that an ItemReader reads: each is a child execution in this process.
pub const MAX_DATASET_ITEMS: usize = 100_000;

/// Records that one shard may hold between reading them and completing their offsets: several batches deep, so that
/// the sink's acknowledgements never stall the reader, and what a crash redelivers stays small.
pub const MAX_IN_FLIGHT: usize = 4096;
/// Records of one partition that were read and that a crash would run again. A second or less of its events at full rate, so
/// that only what is held up reaches it.
pub const MAX_UNCOMMITTED: usize = 100_000;
/// Bytes that one shard may hold in the same span of time, of the records and of what their executions hold while they wait:
/// bounds memory when events are large, or when many executions wait.
pub const MAX_IN_FLIGHT_BYTES: usize = 64 * 1024 * 1024;
/// Task calls that one pipeline may have open: protects the services behind the tasks.
pub const MAX_CONCURRENT_TASKS: usize = 256;
/// Time between commits: a commit per record costs more than the record; a tenth of a second bounds redelivery well.
pub const COMMIT_INTERVAL: Duration = Duration::from_millis(100);
/// Time that work in flight gets to finish on shutdown: under the 30 s that Kubernetes waits before it kills.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that work in flight gets when a partition is revoked; the whole group waits meanwhile.
pub const REVOKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Deliveries of an event that ends the process, or makes it hang, until it is put aside: a node that fails or a rolling kill takes one
/// or two.
pub const MAX_DELIVERY_ATTEMPTS: u32 = 5;
/// Shards that one pipeline may have: each is a thread and a Kafka client.
pub const MAX_SHARDS: usize = 256;
/// Calls in a row that don't reach a service until it counts as unavailable: one that is lost now and then is no outage.
pub const UNAVAILABLE_AFTER: u32 = 5;
/// How often one call tries a service that is unavailable: cheap for both sides, and soon enough when it is back.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// Time that a task call may take where neither its state nor its `[[task]]` says otherwise.
pub const TASK_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections that a task keeps open per host.
pub const TASK_CONNECTIONS: usize = 64;

/// Where health, metrics and workflows are served: loopback, because the pages have no authentication.
pub const HTTP_LISTEN: &str = "127.0.0.1:9600";
