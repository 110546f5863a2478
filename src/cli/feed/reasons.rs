//! Why events did not succeed: what failure records and dead letters say, kind by kind.

use rdkafka::message::Headers;

use crate::stream::headers;

/// Kinds that are distinguished: a workflow has few, and what is beyond them is counted together.
const MAX_KINDS: usize = 32;

/// Why events did not succeed.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Reasons {
    kinds: Vec<Reason>,
    /// Number of the kind that came last.
    last: usize,
    /// Events of further kinds.
    others: u64,
}

/// One kind of them.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Reason {
    /// The error and the state that failed, or why an event could not be run.
    pub what: String,
    /// The cause that came last.
    pub cause: String,
    /// Events.
    pub count: u64,
}

impl Reasons {
    /// Notes what the headers of a failure or a dead letter say; nothing if it is neither.
    pub(super) fn note(&mut self, record: &impl Headers) {
        let find = |name| headers::find(record, name);
        let (what, cause) = match (find(headers::STATUS), find(headers::REASON)) {
            (Some(_), _) => {
                let error = find(headers::ERROR).unwrap_or("without an error name");
                (format!("{error} in the state \"{}\"", find(headers::STATE).unwrap_or_default()), find(headers::CAUSE))
            }
            (None, Some(reason)) => (format!("dead letter, {reason}"), find(headers::DETAIL)),
            (None, None) => return,
        };
        self.add(what, cause.unwrap_or("no cause given"));
    }

    fn add(&mut self, what: String, cause: &str) {
        match self.kinds.iter().position(|kind| kind.what == what) {
            Some(at) => self.last = at,
            None if self.kinds.len() == MAX_KINDS => {
                self.others += 1;
                return;
            }
            None => {
                self.last = self.kinds.len();
                self.kinds.push(Reason { what, cause: String::new(), count: 0 });
            }
        }
        let kind = &mut self.kinds[self.last];
        kind.count += 1;
        cause.clone_into(&mut kind.cause);
    }

    /// The kind that came last.
    pub(crate) fn last(&self) -> Option<&Reason> {
        self.kinds.get(self.last)
    }

    /// The kinds, the most frequent first, and how many events are of none of them.
    pub(crate) fn by_count(&self) -> (Vec<&Reason>, u64) {
        let mut kinds: Vec<&Reason> = self.kinds.iter().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        (kinds, self.others)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::OwnedHeaders;

    use super::*;

    #[test]
    fn failures_and_dead_letters_are_counted_by_kind() {
        let source = headers::Source { topic: "t", partition: 0, offset: 0, workflow: "w", execution: "e" };
        let failed = |cause| headers::Failed {
            version: "1",
            status: "FAILED",
            error: Some("Order.Invalid"),
            cause: Some(cause),
            state: "Check",
        };
        let mut reasons = Reasons::default();
        for cause in ["first", "second"] {
            reasons.note(&headers::of_failure(None, source, failed(cause)));
        }
        reasons.note(&headers::of_dead_letter(None, source, "not-json", "no JSON"));
        reasons.note(&OwnedHeaders::new());
        let (kinds, others) = reasons.by_count();
        let kinds: Vec<_> = kinds.iter().map(|kind| (&*kind.what, &*kind.cause, kind.count)).collect();
        assert_eq!(
            kinds,
            [("Order.Invalid in the state \"Check\"", "second", 2), ("dead letter, not-json", "no JSON", 1)]
        );
        assert_eq!(others, 0);
        assert_eq!(reasons.last().map(|kind| &*kind.cause), Some("no JSON"));
    }

    #[test]
    fn the_number_of_kinds_is_bounded() {
        let mut reasons = Reasons::default();
        (0..100).for_each(|kind| reasons.add(kind.to_string(), "c"));
        assert_eq!((reasons.by_count().0.len(), reasons.by_count().1), (MAX_KINDS, 100 - MAX_KINDS as u64));
    }
}
