//! A record on its way out: borrowed while it is at hand, owned once it has to wait.

use rdkafka::message::{BorrowedMessage, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::partitions::Ticket;

/// A record to be sent: it borrows from the event and from the shard's buffer.
pub(super) struct Record<'a> {
    pub topic: &'a str,
    pub key: Option<&'a [u8]>,
    pub payload: Option<&'a [u8]>,
    pub headers: Option<OwnedHeaders>,
    /// What its acknowledgement completes.
    pub ticket: Ticket,
}

/// A record that the cluster did not take yet.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub topic: String,
    /// Where the client had put it; none: it was not handed to the client.
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Option<OwnedHeaders>,
    pub ticket: Ticket,
}

impl Outgoing {
    /// A copy of a record that waits from now on. `headers` are given back by the client that refused it.
    pub(super) fn of_record(record: &Record<'_>, headers: Option<OwnedHeaders>) -> Self {
        Self {
            topic: record.topic.to_owned(),
            partition: None,
            key: record.key.map(<[u8]>::to_vec),
            payload: record.payload.map(<[u8]>::to_vec),
            headers,
            ticket: record.ticket,
        }
    }

    /// A copy of a record that the client hands back.
    pub(super) fn of_message(message: &BorrowedMessage<'_>, ticket: Ticket) -> Self {
        Self {
            topic: message.topic().to_owned(),
            partition: Some(message.partition()).filter(|partition| *partition >= 0),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map(|headers| headers.detach()),
            ticket,
        }
    }

    /// What the client is given; it copies key and value. Headers go along, and come back with a refusal.
    pub(super) fn as_base(&mut self, partition: Option<i32>) -> BaseRecord<'_, [u8], [u8], usize> {
        BaseRecord {
            topic: &self.topic,
            partition,
            payload: self.payload.as_deref(),
            key: self.key.as_deref(),
            timestamp: None,
            headers: self.headers.take(),
            delivery_opaque: self.ticket.opaque(),
        }
    }
}
