//! librdkafka properties that Stepstream sets by default, and those that it owns, with the reason of each.

/// Defaults of consumers: the file may set others.
pub(super) const CONSUMER: &[(&str, &str)] = &[
    // librdkafka waits this long before it fetches again once its queue was full: its default of one second holds a
    // pipeline to a seventh of its rate.
    ("fetch.queue.backoff.ms", "2"),
    // One shard reads some hundred thousand records a second: enough for a batch to be always at hand.
    ("queued.min.messages", "100000"),
    // KiB of prefetch per consumer; librdkafka's 64 MiB, times the shards, is too much for a small container.
    ("queued.max.messages.kbytes", "32768"),
    // Partitions that stay are not revoked in a rebalance, so that most of the group works on.
    (ASSIGNMENT_STRATEGY, "cooperative-sticky"),
    // A workflow's result must not come from a transaction that was rolled back.
    ("isolation.level", "read_committed"),
    // How often it tells what it has read so far: transaction markers at the end of a partition are no lag.
    ("statistics.interval.ms", "1000"),
    // How soon a topic is noticed that was missing, or got more partitions: librdkafka's five minutes are long to wait.
    ("topic.metadata.refresh.interval.ms", "10000"),
    // Connections that a broker closes while idle are no error.
    ("log.connection.close", "false"),
];

/// Defaults of producers: the file may set others.
pub(super) const PRODUCER: &[(&str, &str)] = &[
    // Safe by default: without it a retry can put records in another order, or twice. Costs about a third of the rate.
    ("enable.idempotence", "true"),
    // No time limit: while the sink is down the pipeline waits, it drops nothing.
    ("message.timeout.ms", "0"),
    // Small waits make large batches: 0 costs a quarter of the rate.
    ("linger.ms", "5"),
    // Bytes per batch: 16 KiB costs two thirds of the rate.
    ("batch.size", "1000000"),
    // Records per batch, so that `batch.size` decides.
    ("batch.num.messages", "10000"),
    // Records that may wait in the producer: above `max_in_flight`, which is the bound that counts.
    ("queue.buffering.max.messages", "500000"),
    // As Java clients: results land in the partitions in which other services put the same key. librdkafka's own default
    // hashes differently. Records without a key are spread.
    ("partitioner", "murmur2_random"),
    ("log.connection.close", "false"),
];

/// What every consumer has, whatever the file says.
pub(super) const CONSUMER_OWNED: &[(&str, &str)] = &[
    // Offsets are committed when results are acknowledged, not when records were read.
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
];

/// What every producer has, whatever the file says.
pub(super) const PRODUCER_OWNED: &[(&str, &str)] = &[
    // An offset is complete when its result is acknowledged: successes must be reported as well.
    ("delivery.report.only.error", "false"),
];

/// What the producer of a `log_topic` has, whatever the file says.
pub(super) const LOG_PRODUCER_OWNED: &[(&str, &str)] = &[
    // What the brokers don't take in this time is dropped and counted: it must not grow old in memory.
    ("message.timeout.ms", "30000"),
    // KiB that may wait; beyond them events are dropped. Pipelines that all lose their log topic must not use up the memory.
    ("queue.buffering.max.kbytes", "65536"),
    // An idempotent producer can fail for good, and nobody would make this one anew.
    ("enable.idempotence", "false"),
    // Events of an execution stay in order when a request is repeated.
    ("max.in.flight.requests.per.connection", "1"),
];

/// Properties that the file can't set: name, and what to do instead.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("group.id", "set `group` of the [[pipeline]]"),
    ("group.instance.id", "leave it out: each shard is a member of its own, one id can't be theirs all"),
    ("auto.offset.reset", "set `start_from` and `on_out_of_range` of the [[pipeline]]"),
    (
        "enable.auto.commit",
        "leave it out: offsets are committed when results are acknowledged, every `commit_interval`",
    ),
    (
        "auto.commit.enable",
        "leave it out: offsets are committed when results are acknowledged, every `commit_interval`",
    ),
    ("auto.commit.interval.ms", "set `commit_interval` of the [[pipeline]]"),
    ("enable.auto.offset.store", "leave it out: offsets are stored when results are acknowledged"),
    ("offset.store.method", "leave it out: offsets are kept in Kafka"),
    ("delivery.report.only.error", "leave it out: an offset is complete when its result is acknowledged"),
    ("transactional.id", "leave it out: delivery is at least once, without transactions"),
    ("enable.partition.eof", "leave it out: the end of a partition is no event"),
];

/// Properties that librdkafka refuses beside `group.protocol = "consumer"`, where the broker decides.
pub(super) const ASSIGNMENT_STRATEGY: &str = "partition.assignment.strategy";
