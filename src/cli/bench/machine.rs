//! What the machine says of itself and of this process.

use std::time::Duration;

use serde_json::{Value, json};

/// Processor, cores, kernel and this program's version.
pub(super) fn describe() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(':'))
        .map_or("unknown", |(_, model)| model.trim());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "processor": model,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "os": format!("{} {}", std::env::consts::OS, kernel.trim()),
        "architecture": std::env::consts::ARCH,
    })
}

/// The most memory that this process has had resident so far, in bytes; 0 where the system does not tell.
pub(super) fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Processor time that this process has used so far; `None` where the system does not tell. Steps of 10 ms.
pub(super) fn process_cpu_time() -> Option<Duration> {
    /// Linux counts in these steps towards user space, whatever its own timer does.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in parentheses, may hold blanks; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * (user + system))
}

/// Time that the calling thread has spent on a processor; `None` where the system does not tell.
pub(super) fn thread_cpu_time() -> Option<Duration> {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    schedstat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
