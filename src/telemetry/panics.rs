//! What is written when a thread panics.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tracing::{dispatcher, error};

use super::{Quiet, log_line};
use crate::visible::visible;

/// How often a panic of the same place is written. One that is caught may come again with each event.
const REPEAT_INTERVAL: Duration = Duration::from_secs(10);

static QUIET: LazyLock<Quiet> = LazyLock::new(|| Quiet::new(REPEAT_INTERVAL));

/// From here on a panic is one line: in the log, or on standard error before there is one. The same place is written once
/// per ten seconds. A backtrace follows if `RUST_BACKTRACE` asks for one.
pub fn init_panic_lines() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let Some(held_back) = QUIET.admit(&place, Instant::now()) else { return };
        write(&place, &message(panic), held_back);
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            log_line(format!("{backtrace}\n").as_bytes());
        }
    }));
}

fn write(place: &str, message: &str, held_back: u64) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    if dispatcher::has_been_set() {
        error!(place, thread, held_back, "a bug in Stepstream or in a library of it, a panic: {message}");
    } else {
        let text =
            format!("a bug in Stepstream or in a library of it, a panic in thread {thread} at {place}: {message}");
        log_line((visible(&text).into_owned() + "\n").as_bytes());
    }
}

fn message(panic: &PanicHookInfo<'_>) -> String {
    visible(panic.payload_as_str().unwrap_or("it has no message")).into_owned()
}
