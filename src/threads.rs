//! Threads that the operating system may not give.
//!
//! Where our own code makes a thread, it hears of a failure. librdkafka makes a dozen by itself, and ends the process, hangs
//! or carries on without them where there are none; so it is asked first whether they can be had.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

/// What to do where there are none.
pub const MORE_THREADS: &str = "raise the limit on threads and processes (`ulimit -u`, TasksMax of the systemd unit, the pids \
                                limit of the container), or set fewer `shards`";

/// The threads only wait: the least that every system takes.
const STACK_BYTES: usize = 64 * 1024;

/// Whether the operating system gives so many more threads at a time.
///
/// # Errors
/// What it says, if it does not.
pub fn can_have(count: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let wait = || {
        let gate = Arc::clone(&gate);
        Builder::new().name("probe".to_owned()).stack_size(STACK_BYTES).spawn(move || drop(gate.lock()))
    };
    let mut threads = Vec::with_capacity(count);
    let mut outcome = Ok(());
    while outcome.is_ok() && threads.len() < count {
        outcome = wait().map(|thread| threads.push(thread));
    }
    drop(closed);
    for thread in threads {
        // It does nothing that can panic.
        thread.join().ok();
    }
    outcome
}
