use std::sync::Arc;

use crossbeam::queue::SegQueue;
use tokio::sync::Notify;

use super::Address;
use super::callback::Delivery;
use crate::task::Answer;

/// What arrives for the executions of a host.
#[derive(Debug)]
pub(super) enum Letter {
    /// How a call has ended.
    Answer { to: Address, answer: Answer },
    /// What came of the request that a callback is to follow.
    Submitted { to: Address, answer: Answer },
    /// A callback.
    Callback(Delivery),
    /// A call waits for the other side, which is not there; or no longer does.
    Held { call: Address, is_held: bool },
}

/// Where the answers to the calls of one host arrive, from any thread. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    letters: SegQueue<Letter>,
    bell: Arc<Notify>,
}

impl Mailbox {
    /// An empty mailbox that rings this bell when an answer arrives.
    pub fn new(bell: Arc<Notify>) -> Self {
        Mailbox { shared: Arc::new(Shared { letters: SegQueue::new(), bell }) }
    }

    /// Hands in an answer. If its execution does not wait for it any more, it is ignored.
    pub fn post(&self, to: Address, answer: Answer) {
        self.put(Letter::Answer { to, answer });
    }

    /// Hands in what came of a request that a callback is to follow: a failure ends the call, an answer does not.
    pub fn post_submitted(&self, to: Address, answer: Answer) {
        self.put(Letter::Submitted { to, answer });
    }

    /// Says whether a call waits for the other side, which is not there: while it does, no time goes by for its execution.
    pub fn hold(&self, call: Address, is_held: bool) {
        self.put(Letter::Held { call, is_held });
    }

    pub(super) fn put(&self, letter: Letter) {
        self.shared.letters.push(letter);
        self.shared.bell.notify_one();
    }

    /// The next one.
    pub(super) fn take(&self) -> Option<Letter> {
        self.shared.letters.pop()
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.shared.letters.is_empty()
    }

    /// Rung when something arrives, and by whoever else wants the host's thread.
    pub fn bell(&self) -> &Arc<Notify> {
        &self.shared.bell
    }
}
