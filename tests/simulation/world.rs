//! What is outside of a host: a clock, and tasks that answer late, twice, after they were cancelled, or never.

use std::collections::{BTreeMap, BTreeSet};

use stepstream::engine::{TaskCall, Timestamp};
use stepstream::host::{Address, Calls, Mailbox, Now};
use stepstream::task::Answer;

use crate::driver::START;
use crate::machines::Dice;

/// A fault that is made on purpose, to see that the checker finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer never arrives.
    Lost,
    /// An answer goes to whoever waits for another one.
    Misdelivered,
}

/// Which of the events an execution is for.
pub type Event = usize;

/// Open calls, and what they will be answered with at which time.
pub struct World {
    seed: u64,
    mailbox: Mailbox,
    /// In milliseconds of the monotonic clock.
    pub now: i64,
    /// By time, then by the order in which they were made.
    pending: BTreeMap<(i64, u64), Pending>,
    next: u64,
    /// Handles of the calls that were neither answered nor cancelled.
    open: BTreeSet<u64>,
    /// Handles of the calls whose answers were posted at this instant: the host may not have looked yet.
    answered: BTreeSet<u64>,
    fault: Option<Fault>,
    pub calls: u64,
    pub late: u64,
    pub violations: Vec<String>,
}

struct Pending {
    handle: u64,
    to: Address,
    answer: Answer,
}

impl World {
    pub fn new(seed: u64, mailbox: Mailbox, fault: Option<Fault>) -> World {
        World {
            seed,
            mailbox,
            now: 0,
            pending: BTreeMap::new(),
            next: 0,
            open: BTreeSet::new(),
            answered: BTreeSet::new(),
            fault,
            calls: 0,
            late: 0,
            violations: Vec::new(),
        }
    }

    /// When the next answer comes.
    pub fn next_answer(&self) -> Option<i64> {
        self.pending.first_key_value().map(|((at, _), _)| *at)
    }

    /// Posts the answers whose time has come. How many there were.
    pub fn post_due(&mut self) -> u64 {
        let later = self.pending.split_off(&(self.now + 1, 0));
        let mut due: Vec<Pending> = std::mem::replace(&mut self.pending, later).into_values().collect();
        if self.fault == Some(Fault::Misdelivered) && due.len() > 1 {
            let first = due[0].to;
            for index in 1..due.len() {
                due[index - 1].to = due[index].to;
            }
            due.last_mut().expect("there are two").to = first;
        }
        let count = due.len() as u64;
        self.answered.clear();
        for Pending { handle, to, answer } in due {
            if self.open.remove(&handle) {
                self.answered.insert(handle);
            } else {
                self.late += 1;
            }
            // Now and then it arrives twice.
            if handle.is_multiple_of(7) {
                self.mailbox.post(to, answer.clone());
            }
            self.mailbox.post(to, answer);
        }
        count
    }

    /// Calls that nobody has cancelled and that were not answered.
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

impl Calls<Event> for World {
    type Handle = u64;

    fn begin(&mut self, to: Address, event: &Event, call: TaskCall) -> u64 {
        let handle = self.next;
        self.next += 1;
        self.calls += 1;
        self.open.insert(handle);
        // The same whatever runs beside it, and whenever.
        let mut random = fastrand::Rng::with_seed(mix(&[self.seed, *event as u64, call.ordinal]));
        let bytes: Vec<u8> = (0..64).map(|_| random.u8(..)).collect();
        let answer = Dice::new(&bytes).answer(&call);
        let lost = self.fault == Some(Fault::Lost) && handle.is_multiple_of(5);
        if let Some(outcome) = answer.outcome.filter(|_| !lost) {
            let at = self.now + 1 + answer.after_millis;
            self.pending.insert((at, handle), Pending { handle, to, answer: outcome });
        }
        handle
    }

    fn cancel(&mut self, handle: u64) {
        if !self.open.remove(&handle) && !self.answered.remove(&handle) {
            self.violations.push(format!("call {handle} was cancelled though it was not open"));
        }
        // What was cancelled answers all the same, if it is not stopped in time.
        if handle.is_multiple_of(3) {
            self.pending.retain(|_, pending| pending.handle != handle);
        }
    }
}

/// The clock of a host: a monotonic one, and a wall clock that is put right now and then.
#[derive(Clone, Copy)]
pub struct Clock {
    pub wall_ahead: i64,
}

impl Clock {
    pub fn at(self, monotonic: i64) -> Now {
        Now { monotonic, wall: Timestamp(START.0 + monotonic + self.wall_ahead) }
    }
}

/// One seed of several numbers.
pub fn mix(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x9e37_79b9_7f4a_7c15, |mixed: u64, number| {
        let mixed = (mixed ^ number).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    })
}
