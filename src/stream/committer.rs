//! Commits offsets without making the shard wait.
//!
//! librdkafka tells the outcome of an asynchronous commit only to a callback that the client library doesn't set, and its
//! synchronous commit waits without a bound. So a thread beside the shard commits synchronously, one commit at a time.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};

use super::client::ShardConsumer;

/// What became of a commit.
pub(super) struct Committed {
    pub result: KafkaResult<()>,
    pub offsets: TopicPartitionList,
    /// What the shard gave with it: how many events it covers.
    pub events: u64,
}

impl Committed {
    fn code(&self) -> Option<RDKafkaErrorCode> {
        self.result.as_ref().err().and_then(|error| error.rdkafka_error_code())
    }

    /// Whether the group refused the commit because this consumer is no member any more, or its partitions were given away:
    /// to try again can't help.
    pub(super) fn is_fenced(&self) -> bool {
        matches!(
            self.code(),
            Some(
                RDKafkaErrorCode::UnknownMemberId
                    | RDKafkaErrorCode::FencedInstanceId
                    | RDKafkaErrorCode::FencedMemberEpoch
                    | RDKafkaErrorCode::AssignmentLost
            )
        )
    }

    /// Whether the brokers take less metadata with a commit than it had.
    pub(super) fn is_metadata_too_large(&self) -> bool {
        self.code() == Some(RDKafkaErrorCode::OffsetMetadataTooLarge)
    }

    /// Whether the group takes no commits for a moment, because members come and go. Where a member keeps its partitions
    /// through a rebalance, it commits them as soon as it has heard of the new generation.
    pub(super) fn is_postponed(&self) -> bool {
        matches!(
            self.code(),
            Some(
                RDKafkaErrorCode::RebalanceInProgress
                    | RDKafkaErrorCode::IllegalGeneration
                    | RDKafkaErrorCode::StaleMemberEpoch
            )
        )
    }
}

/// The thread that commits. It holds the consumer until it has ended: see [`close`](Self::close).
pub(super) struct Committer {
    requests: Sender<(TopicPartitionList, u64)>,
    outcomes: Receiver<Committed>,
    thread: JoinHandle<()>,
    open: bool,
}

impl Committer {
    pub(super) fn start(consumer: Arc<ShardConsumer>) -> std::io::Result<Self> {
        let (requests, received) = channel::<(TopicPartitionList, u64)>();
        let (outcome, outcomes) = channel();
        let thread = std::thread::Builder::new().name("commit".to_owned()).spawn(move || {
            for (offsets, events) in received {
                let result = consumer.commit(&offsets, CommitMode::Sync);
                if outcome.send(Committed { result, offsets, events }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { requests, outcomes, thread, open: false })
    }

    /// Whether a commit is under way: the next one has to wait.
    pub(super) fn is_busy(&self) -> bool {
        self.open
    }

    /// Begins a commit. Only when none is under way.
    pub(super) fn commit(&mut self, offsets: TopicPartitionList, events: u64) {
        // It fails only if the thread has panicked; then nothing is committed any more, and nothing lost.
        self.open = self.requests.send((offsets, events)).is_ok();
    }

    /// The outcome of the commit under way, if it has come.
    pub(super) fn outcome(&mut self) -> Option<Committed> {
        let outcome = self.outcomes.try_recv().ok()?;
        self.open = false;
        Some(outcome)
    }

    /// Ends the thread, which lets go of the consumer. A thread that still waits for the broker is left behind.
    pub(super) fn close(self) {
        drop(self.requests);
        if !self.open {
            // A panic of the thread was reported when it happened.
            self.thread.join().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::error::KafkaError;

    use super::*;

    #[test]
    fn only_a_lost_membership_makes_another_try_useless() {
        let is_final = |result| Committed { result, offsets: TopicPartitionList::new(), events: 0 }.is_fenced();
        assert!(!is_final(Ok(())));
        for (code, expected) in [
            (RDKafkaErrorCode::UnknownMemberId, true),
            (RDKafkaErrorCode::FencedMemberEpoch, true),
            (RDKafkaErrorCode::AssignmentLost, true),
            (RDKafkaErrorCode::IllegalGeneration, false),
            (RDKafkaErrorCode::StaleMemberEpoch, false),
            (RDKafkaErrorCode::RebalanceInProgress, false),
            (RDKafkaErrorCode::CoordinatorLoadInProgress, false),
        ] {
            assert_eq!(is_final(Err(KafkaError::ConsumerCommit(code))), expected, "{code}");
        }
    }
}
