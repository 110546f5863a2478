//! How what has come for an execution reaches it: outcomes of its calls, and callbacks.

use std::time::Duration;

use super::callback::Delivery;
use super::{Address, Callback, Callbacks, Calls, Host, Key, Now};
use crate::engine::{Execution, Timestamp};
use crate::identity::TokenCall;
use crate::task::Answer;

impl<O, C: Calls<O>> Host<O, C> {
    /// Gives tasks tokens by which callbacks find them.
    #[must_use]
    pub fn taking_callbacks(mut self, callbacks: &Callbacks) -> Self {
        self.callbacks = Some(callbacks.register(self.mailbox.clone()));
        self
    }

    /// A call has ended.
    pub(super) fn resume(&mut self, to: Address, answer: Answer, now: Now) {
        let Some(running) = self.running.find(to.execution) else { return };
        // The engine ignores an answer that it does not wait for; only an open call's handle is forgotten.
        running.close_call(to.call, now);
        self.awaited.end(TokenCall { execution: running.number, call: to.call.ordinal() });
        self.tell(to.execution, now, |execution, time| match answer {
            Ok(result) => execution.resume(to.call, Ok(&result), time),
            Err(failure) => execution.resume(to.call, Err(failure), time),
        });
    }

    /// The request was made that a callback is to follow.
    pub(super) fn submitted(&mut self, to: Address, answer: Answer, now: Now) {
        let Some(running) = self.running.find(to.execution) else { return };
        running.close_call(to.call, now);
        if answer.is_err() {
            self.awaited.end(TokenCall { execution: running.number, call: to.call.ordinal() });
        }
        self.tell(to.execution, now, |execution, time| match answer {
            Ok(result) => execution.submitted(to.call, Ok(&result), time),
            Err(failure) => execution.submitted(to.call, Err(failure), time),
        });
    }

    /// A callback counts if its task still waits, also where the request that it follows is not answered yet.
    pub(super) fn callback(&mut self, Delivery { call, callback, heard }: Delivery, now: Now) {
        let to = self.awaited.find(call);
        if let Some(to) = to {
            match callback {
                Callback::Heartbeat => {
                    self.tell(to.execution, now, |execution, time| execution.heartbeat(to.call, time));
                }
                ended => {
                    self.awaited.end(call);
                    // Whether its request still waits for the other side does not matter any more.
                    self.hold(to, false, now);
                    self.tell(to.execution, now, |execution, time| match ended {
                        Callback::Success(output) => execution.resume(to.call, Ok(&output), time),
                        Callback::Failure(failure) => execution.resume(to.call, Err(failure), time),
                        Callback::Heartbeat => {}
                    });
                }
            }
        }
        // Whoever has stopped listening does not want to know.
        heard.send(to.is_some()).ok();
    }

    /// A call waits for the other side, which is not there; or no longer does.
    pub(super) fn hold(&mut self, call: Address, is_held: bool, now: Now) {
        self.turn = Some(call.execution);
        let Some(running) = self.running.find(call.execution) else { return };
        running.hold(call.call, is_held, now);
        self.set_timer(call.execution);
    }

    /// Lets an execution know of something that has come for it.
    fn tell(&mut self, key: Key, now: Now, tell: impl FnOnce(&mut Execution, Timestamp)) {
        self.turn = Some(key);
        let Some(running) = self.running.find(key) else { return };
        let (time, before) = (running.time(now), running.execution.work_done());
        tell(&mut running.execution, time);
        self.work_done += running.execution.work_done() - before;
        self.carry_out_effects(key, now);
        self.count_memory(key);
        self.make_ready(key);
    }

    /// Whether any task waits for a callback.
    pub fn awaits_callbacks(&self) -> bool {
        self.awaited.len() > 0
    }

    /// Tasks that wait for a callback, and how long the one has waited that waits longest.
    pub fn awaited_callbacks(&mut self, now: Now) -> (usize, Duration) {
        let waited = self.awaited.longest().map_or(0, |since| now.monotonic.saturating_sub(since));
        (self.awaited.len(), Duration::from_millis(u64::try_from(waited).unwrap_or(0)))
    }
}
