//! Events for trying out and measuring: made, sent through a real Kafka client, and every one accounted for.
//!
//! An event's key is its number, so that a result, a failure or a dead letter tells which event it is for.

mod collector;
mod ledger;
mod orders;
mod reasons;

pub(super) use collector::{Collector, CollectorError, Topics};
pub(super) use ledger::{Kind, Ledger, Summary};
pub(super) use orders::Orders;
pub(super) use reasons::{Reason, Reasons};

/// The key of an event.
pub(super) fn key_of(number: u64) -> String {
    format!("{KEY_PREFIX}{number:09}")
}

/// The number of the event that a key belongs to.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    std::str::from_utf8(key).ok()?.strip_prefix(KEY_PREFIX)?.parse().ok()
}

const KEY_PREFIX: &str = "ord-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_number() {
        for number in [0, 7, 999_999_999, 1_234_567_890] {
            assert_eq!(number_of(key_of(number).as_bytes()), Some(number));
        }
        assert_eq!(number_of(b"cus-000000001"), None);
        assert_eq!(number_of(b"\xff"), None);
    }
}
