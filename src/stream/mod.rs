//! Shards, Kafka source and sink, offset tracking, backpressure, dead letters, drain.
//!
//! A [`Pipeline`] has one or more shards. A shard is one thread with a consumer (a member of the group), a producer, a pool of
//! executions and a local async runtime for task calls; shards share nothing but what is read-mostly.
//!
//! | file | what it is |
//! |---|---|
//! | `pipeline`, `supervise` | starts and stops the shards of a pipeline; makes a shard anew that panicked |
//! | `shard` | the loop of one shard; `intake` bounds what it reads, `rebalance` takes over partitions and lets them go, `readiness` says what it waits for |
//! | `processor`, `settle` | an event's way: start, drive, finish; `origin` is what is kept of it while its execution waits |
//! | `admission` | which events may begin, where they are run in order |
//! | `monitor` | asks the brokers what a shard must not wait for; `positions` and `start`: what it makes of the answers |
//! | `offsets`, `partitions` | which offsets are complete and may be committed, per assignment; `done`: how a commit carries those above it; `deliveries`: which event ends the process each time |
//! | `sink` | the producer, and what it could not deliver yet (`outgoing`); `suspects` finds what is too large in a refused batch |
//! | `execution_log` | what is logged of executions, to the log or to a topic |
//! | `outcome`, `headers` | the shape of what is written for an event |
//! | `ask` | what the brokers say before anything runs; `access`: what to do where TLS or SASL keeps this client out |
//! | `letters` | failures and dead letters read back from their topics, and their events replayed |
//! | `callbacks` | reads the topic that callbacks come by |
//! | `topic` | the connector that writes results of distributed Maps to a topic |
//! | `topic_trouble` | what is wrong with a topic, by what brokers and the client say |
//! | `client`, `reread`, `committer` | Kafka clients and their callbacks; commits |
//! | `stats`, `counts` | what is counted |
//!
//! Invariant: an offset is committed only when every event up to it has ended, and its outcome is acknowledged by the
//! brokers or needs no acknowledgement. Nothing is dropped: what the cluster refuses is kept and sent again, and reading
//! waits.

mod access;
mod admission;
mod ask;
mod callbacks;
mod client;
mod committer;
mod counts;
mod deliveries;
mod done;
mod execution_log;
pub mod headers;
mod intake;
mod letters;
mod monitor;
mod offsets;
mod origin;
mod outcome;
mod outgoing;
mod partitions;
mod pipeline;
mod positions;
mod processor;
mod properties;
mod readiness;
mod rebalance;
mod record_context;
mod reread;
mod settle;
mod shard;
mod sink;
mod start;
mod stats;
mod supervise;
mod suspects;
mod topic;
mod topic_trouble;

#[cfg(test)]
mod tests;

pub use ask::ask;
pub use callbacks::{CallbackReader, CallbacksError};
pub use letters::{Letter, LettersError, Reader as LetterReader, Replayer, Way as ReplayWay};
pub use offsets::{OffsetTracker, Sequence};
pub use outcome::EVENT_REJECTED;
pub use pipeline::{Pipeline, ShardsHang, StartError};
pub use properties::{PropertyError, Remedy, Side, check_properties};
pub use stats::{Counter, Snapshot, Stats, new_histogram};
pub use topic::TOPIC;
