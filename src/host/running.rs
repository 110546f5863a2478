use super::Now;
use crate::engine::{CallId, Execution, Timestamp};

/// An execution that has not ended.
#[derive(Debug)]
pub(super) struct Running<O, H> {
    pub(super) execution: Box<Execution>,
    pub(super) origin: O,
    /// Which of the executions that the host has started.
    pub(super) number: u64,
    /// Wall clock less monotonic clock when it began, in milliseconds: to the execution the two are one clock, which no
    /// change of the wall clock touches. Less the time that it stood still.
    offset: i64,
    /// Since when it stands still, by the monotonic clock.
    still_since: Option<i64>,
    calls: Vec<Call<H>>,
    pub(super) is_ready: bool,
    /// Bytes that it holds, as counted in the host's sum.
    pub(super) memory: usize,
    /// The time that its entry in the timers is for.
    pub(super) timer: Option<i64>,
}

#[derive(Debug)]
struct Call<H> {
    id: CallId,
    handle: H,
    /// It waits for the other side, which is not there.
    is_held: bool,
}

impl<O, H> Running<O, H> {
    pub(super) fn new(execution: Box<Execution>, origin: O, number: u64, now: Now) -> Self {
        let offset = now.wall.0.saturating_sub(now.monotonic);
        let calls = Vec::new();
        Running { execution, origin, number, offset, still_since: None, calls, is_ready: false, memory: 0, timer: None }
    }

    /// Now, as this execution sees it.
    pub(super) fn time(&self, now: Now) -> Timestamp {
        Timestamp(self.still_since.unwrap_or(now.monotonic).saturating_add(self.offset))
    }

    /// When it wants to be run again at the latest, by the monotonic clock; `None`: nobody knows.
    pub(super) fn wake_at(&mut self) -> Option<i64> {
        if self.stands_still() {
            return None;
        }
        self.execution.wake_at().map(|at| at.0.saturating_sub(self.offset))
    }

    /// Whether no time goes by for it, because a call of its is held.
    pub(super) fn stands_still(&self) -> bool {
        self.still_since.is_some()
    }

    pub(super) fn open_call(&mut self, id: CallId, handle: H) {
        self.calls.push(Call { id, handle, is_held: false });
    }

    /// Forgets a call; what it is cancelled by, if it was open.
    pub(super) fn close_call(&mut self, id: CallId, now: Now) -> Option<H> {
        let index = self.calls.iter().position(|call| call.id == id)?;
        let call = self.calls.swap_remove(index);
        self.stand_still_or_go_on(now);
        Some(call.handle)
    }

    /// Notes whether a call is held.
    pub(super) fn hold(&mut self, id: CallId, is_held: bool, now: Now) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.is_held = is_held;
            self.stand_still_or_go_on(now);
        }
    }

    fn stand_still_or_go_on(&mut self, now: Now) {
        let stands_still = self.calls.iter().any(|call| call.is_held);
        match self.still_since {
            None if stands_still => self.still_since = Some(now.monotonic),
            Some(since) if !stands_still => {
                self.offset = self.offset.saturating_sub(now.monotonic.saturating_sub(since));
                self.still_since = None;
            }
            _ => {}
        }
    }

    /// The execution, its origin and number, the bytes that it is counted with, and what its open calls are cancelled by.
    pub(super) fn into_parts(self) -> (Box<Execution>, O, u64, usize, impl Iterator<Item = H>) {
        (self.execution, self.origin, self.number, self.memory, self.calls.into_iter().map(|call| call.handle))
    }
}
