//! What is wrong with a topic, by what brokers and the client say of it.

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;

/// A kind of trouble with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopicTrouble {
    /// It, or the partition, does not exist.
    Missing,
    /// This client may not do with it what it asked for.
    Forbidden,
    /// Fewer replicas are in sync than `min.insync.replicas` wants.
    FewReplicas,
    Other,
}

impl TopicTrouble {
    pub(super) fn of(code: RDKafkaErrorCode) -> Self {
        match code {
            RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition => Self::Missing,
            RDKafkaErrorCode::TopicAuthorizationFailed => Self::Forbidden,
            RDKafkaErrorCode::NotEnoughReplicas | RDKafkaErrorCode::NotEnoughReplicasAfterAppend => Self::FewReplicas,
            _ => Self::Other,
        }
    }

    /// Whether the client refuses the topic until it has new metadata of it: nothing that waits to be sent reaches a broker.
    pub(super) fn keeps_out(self) -> bool {
        matches!(self, Self::Missing | Self::Forbidden)
    }

    /// The predicate of a clause whose subject is the topic.
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Missing => "does not exist",
            Self::Forbidden => "may not be used by this client",
            Self::FewReplicas => "has fewer replicas in sync than it must have",
            Self::Other => "can't be used",
        }
    }
}

/// What the brokers say is wrong with a topic whose metadata they were asked for. An election of a leader that is under way is
/// over in a moment, and nothing wrong.
pub(super) fn refusal(metadata: &Metadata, topic: &str) -> Option<RDKafkaErrorCode> {
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Some(RDKafkaErrorCode::UnknownTopicOrPartition);
    };
    let code = found.error().map(RDKafkaErrorCode::from)?;
    (code != RDKafkaErrorCode::LeaderNotAvailable).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_kind_whoever_says_it() {
        for (code, kind) in [
            (RDKafkaErrorCode::UnknownTopic, TopicTrouble::Missing),
            (RDKafkaErrorCode::UnknownTopicOrPartition, TopicTrouble::Missing),
            (RDKafkaErrorCode::UnknownPartition, TopicTrouble::Missing),
            (RDKafkaErrorCode::TopicAuthorizationFailed, TopicTrouble::Forbidden),
            (RDKafkaErrorCode::NotEnoughReplicas, TopicTrouble::FewReplicas),
            (RDKafkaErrorCode::NotEnoughReplicasAfterAppend, TopicTrouble::FewReplicas),
            (RDKafkaErrorCode::InvalidTopic, TopicTrouble::Other),
        ] {
            assert_eq!(TopicTrouble::of(code), kind, "{code:?}");
        }
    }
}
