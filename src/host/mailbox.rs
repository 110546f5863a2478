use std::sync::Arc;

use crossbeam::queue::SegQueue;
use tokio::sync::Notify;

use super::Address;
use crate::task::Answer;

/// An answer, and to which call.
#[derive(Debug)]
pub struct Answered {
    /// The call.
    pub to: Address,
    /// What came of it.
    pub answer: Answer,
}

/// Where the answers to the calls of one host arrive, from any thread. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    answers: SegQueue<Answered>,
    bell: Arc<Notify>,
}

impl Mailbox {
    /// An empty mailbox that rings this bell when an answer arrives.
    pub fn new(bell: Arc<Notify>) -> Self {
        Mailbox { shared: Arc::new(Shared { answers: SegQueue::new(), bell }) }
    }

    /// Hands in an answer. If its execution does not wait for it any more, it is ignored.
    pub fn post(&self, to: Address, answer: Answer) {
        self.shared.answers.push(Answered { to, answer });
        self.shared.bell.notify_one();
    }

    /// The next answer.
    pub(super) fn take(&self) -> Option<Answered> {
        self.shared.answers.pop()
    }

    /// Whether no answer is there.
    pub fn is_empty(&self) -> bool {
        self.shared.answers.is_empty()
    }

    /// Rung when an answer arrives, and by whoever else wants the host's thread.
    pub fn bell(&self) -> &Arc<Notify> {
        &self.shared.bell
    }
}
