//! What is shown: a table that is drawn over on a terminal, a line per second elsewhere, and the summary.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::cli::feed::{Ledger, Reason, Reasons};
use crate::cli::source;
use crate::config;
use crate::program::Program;
use crate::registry::Registry;
use crate::stream::{Pipeline, Snapshot};
use crate::telemetry::Health;
use crate::visible::{visible, visible_lines};

/// Time between two lines, or two drawings.
const INTERVAL: Duration = Duration::from_secs(1);
/// Time that the mock cluster takes for the start: it gives members of a new group 3 s to come.
const START: Duration = Duration::from_secs(4);
/// Time between two lines about what is waited for.
const REMIND: Duration = Duration::from_secs(5);
/// Kinds of failures that the summary tells, the most frequent ones.
const KINDS: usize = 5;
/// Characters of a reason in a line or table.
const REASON: usize = 160;

/// Erases from the cursor to the end of the screen.
const CLEAR_BELOW: &str = "\x1b[J";
/// Cuts lines at the terminal's edge.
const NO_WRAP: &str = "\x1b[?7l";
/// Wraps lines at the terminal's edge again.
const WRAP: &str = "\x1b[?7h";

/// The display.
pub(super) struct Table {
    terminal: bool,
    drawn: Vec<String>,
    began: Instant,
    shown: Instant,
    before: Snapshot,
    is_read: bool,
}

impl Table {
    /// Says what runs.
    pub(super) fn new(brokers: &str, pipeline: &config::Pipeline) -> Self {
        let mut table = Self {
            terminal: std::io::stdout().is_terminal(),
            drawn: Vec::new(),
            began: Instant::now(),
            shown: Instant::now(),
            before: Snapshot::default(),
            is_read: true,
        };
        table.write(&header(brokers, pipeline));
        table
    }

    /// Says what is waited for, if that takes longer than it should.
    pub(super) fn waiting(&mut self, health: &Health) {
        let waited = self.began.elapsed();
        if waited < START || self.shown.elapsed() < REMIND {
            return;
        }
        self.shown = Instant::now();
        let reasons: Vec<String> =
            health.not_ready().iter().map(|part| format!("{}: {}", part.part, part.reason)).collect();
        let line = format!("{:>4}s waiting; {}", waited.as_secs(), reasons.join("; "));
        self.write(&(visible(&line).into_owned() + "\n"));
    }

    /// Whether somebody still reads what is shown.
    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    fn write(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        self.is_read &= out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
    }

    /// Shows how things are, if it is time.
    pub(super) fn show(&mut self, ledger: &Ledger, pipeline: &Pipeline, registry: &Registry<Program>) {
        let took = self.shown.elapsed();
        if took < INTERVAL {
            return;
        }
        self.shown = Instant::now();
        let now = pipeline.snapshot();
        let row = Row {
            now,
            per_second: (executions(&now) - executions(&self.before)) as f64 / took.as_secs_f64(),
            latencies: ledger.recent_latencies(),
            elapsed: ledger.elapsed(),
            out: ledger.summary().accounted(),
            version: version(pipeline, registry),
            last_failure: ledger.reasons().last().map(reason),
        };
        self.before = now;
        if self.terminal {
            self.drawn = row.table();
            self.draw();
        } else {
            self.write(&(row.line() + "\n"));
        }
    }

    /// Draws the table and leaves the cursor on its first line: what the log or the terminal writes meanwhile takes the
    /// table's place, and the table comes back below it. Lines are cut at the terminal's edge, so that their count holds.
    fn draw(&mut self) {
        let lines = &self.drawn;
        // What is cut shows its last character at the edge: a space.
        let text = format!("\r{CLEAR_BELOW}{NO_WRAP}{} \n{WRAP}\x1b[{}A", lines.join(" \n"), lines.len());
        self.write(&text);
    }

    /// Shows what came of all events.
    pub(super) fn finish(&mut self, ledger: &Ledger, snapshot: &Snapshot) {
        let summary = ledger.summary();
        let latencies = ledger.latencies();
        if !self.drawn.is_empty() {
            // The last table stays, without the ^C of the terminal.
            self.draw();
            self.write(&"\n".repeat(self.drawn.len()));
        }
        let mut text = format!("\nevents sent   {:>12}\n", grouped(summary.sent));
        for (name, count) in [
            ("results", summary.results),
            ("failures", summary.failures),
            ("dead letters", summary.dead_letters),
            ("missing", summary.missing()),
            ("duplicates", summary.duplicates),
            ("retries", snapshot.retries),
        ] {
            text += &format!("  {name:<12}{:>12}\n", grouped(count));
        }
        text += &format!(
            "latency       p50 {}, p99 {}, most {}\n",
            millis(&latencies, 50.0),
            millis(&latencies, 99.0),
            most(&latencies)
        );
        text += &reasons(&ledger.reasons());
        text += &match summary.missing() {
            0 => "every event has an outcome\n".to_owned(),
            _ => format!("missing are the events with the numbers {:?} …\n", ledger.first_missing(10)),
        };
        self.write(&text);
    }
}

/// What runs, and how to look at it from outside.
fn header(brokers: &str, pipeline: &config::Pipeline) -> String {
    let topic = |topic: &Option<String>| topic.clone().unwrap_or_else(|| "-".to_owned());
    let watched = pipeline.sink.as_ref().or(pipeline.failures.as_ref());
    let kcat = watched.map_or_else(String::new, |topic| {
        format!("look inside   kcat -C -b {brokers} -t {topic} -o -5 -e -f '%k %h\\n%s\\n'\n")
    });
    let send = format!("send your own printf '{{}}' | kcat -P -b {brokers} -t {}\n", pipeline.sources[0]);
    visible_lines(&format!(
        "Trying out Stepstream. The broker is librdkafka's mock cluster in this process: nothing is kept.\n\n\
         pipeline      {}, one shard, on the broker {brokers}\nevents        {}\nresults       {}\nfailures      {}\n\
         dead letters  {}\nworkflow      {}\n              Save a change there: it is swapped in while events flow.\n{kcat}{send}\
         \nThe broker waits 3 seconds for members of the consumer group, then events flow. Ctrl-C stops.\n\n",
        pipeline.name,
        pipeline.sources.join(", "),
        topic(&pipeline.sink),
        topic(&pipeline.failures),
        topic(&pipeline.dead_letters),
        source::shown(&pipeline.workflow)
    ))
    .into_owned()
}

/// The most frequent reasons of failures; empty if there are none.
fn reasons(reasons: &Reasons) -> String {
    let (kinds, mut others) = reasons.by_count();
    let mut text = String::new();
    for (at, kind) in kinds.into_iter().enumerate() {
        match at < KINDS {
            true => text += &format!("  {:>12}  {}\n", grouped(kind.count), reason(kind)),
            false => others += kind.count,
        }
    }
    if others > 0 {
        text += &format!("  {:>12}  for other reasons\n", grouped(others));
    }
    if text.is_empty() { text } else { format!("why events did not succeed\n{text}") }
}

/// A reason on one line that is not too long.
fn reason(reason: &Reason) -> String {
    let text = format!("{}: {}", reason.what, reason.cause);
    let text = visible(&text);
    match text.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Makes room for an event of the log where the table is.
pub(super) fn clear_for_log() {
    if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
        // A terminal that is gone needs no room.
        let _ = write!(std::io::stderr(), "\r{CLEAR_BELOW}");
    }
}

/// The current version of the pipeline's workflow, and whether a later one was refused.
fn version(pipeline: &Pipeline, registry: &Registry<Program>) -> String {
    let status = registry.statuses().into_iter().find(|status| *status.name == *pipeline.config().workflow_name);
    status.map_or_else(String::new, |status| {
        let refused = if status.last_error.is_some() { " (the last change was refused)" } else { "" };
        format!("{}{refused}", status.version)
    })
}

struct Row {
    now: Snapshot,
    per_second: f64,
    latencies: Histogram<u64>,
    elapsed: Duration,
    out: u64,
    version: String,
    last_failure: Option<String>,
}

impl Row {
    fn table(&self) -> Vec<String> {
        let now = &self.now;
        let cell = |name: &str, value: String| format!("{name:<14}{value:>12}");
        let mut lines = vec![
            format!("{}    {}", cell("events in", grouped(now.events)), cell("events out", grouped(self.out))),
            format!(
                "{}    {}",
                cell("executions/s", grouped(self.per_second as u64)),
                cell("in flight", grouped(now.in_flight))
            ),
            format!(
                "{}    {}",
                cell("latency p50", millis(&self.latencies, 50.0)),
                cell("latency p99", millis(&self.latencies, 99.0))
            ),
            format!(
                "{}    {}",
                cell("failures", grouped(now.failed + now.timed_out)),
                cell("dead letters", grouped(now.dead_letters))
            ),
            format!("{}    {}", cell("retries", grouped(now.retries)), cell("lag", grouped(now.lag))),
            format!("{:<14}{}", "version", self.version),
        ];
        lines.extend(self.last_failure.as_ref().map(|reason| format!("{:<14}{reason}", "last failure")));
        lines
    }

    fn line(&self) -> String {
        let now = &self.now;
        let last = self.last_failure.as_ref().map_or_else(String::new, |reason| format!(" last-failure: {reason}"));
        format!(
            "{:>4}s in={} out={} executions/s={:.0} p50={} p99={} failures={} dead-letters={} retries={} lag={} in-flight={} version={}{last}",
            self.elapsed.as_secs(),
            now.events,
            self.out,
            self.per_second,
            millis(&self.latencies, 50.0),
            millis(&self.latencies, 99.0),
            now.failed + now.timed_out,
            now.dead_letters,
            now.retries,
            now.lag,
            now.in_flight,
            self.version
        )
    }
}

fn executions(snapshot: &Snapshot) -> u64 {
    snapshot.succeeded + snapshot.failed + snapshot.timed_out
}

/// A quantile of microseconds, in milliseconds.
fn millis(histogram: &Histogram<u64>, percentile: f64) -> String {
    if histogram.is_empty() {
        return "-".to_owned();
    }
    format!("{:.1}ms", histogram.value_at_percentile(percentile) as f64 / 1000.0)
}

fn most(histogram: &Histogram<u64>) -> String {
    millis(histogram, 100.0)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_line_tells_everything_that_the_table_does() {
        let row = Row {
            now: Snapshot { events: 10, succeeded: 8, failed: 1, timed_out: 1, lag: 3, ..Snapshot::default() },
            per_second: 10.4,
            latencies: crate::stream::new_histogram(),
            elapsed: Duration::from_secs(61),
            out: 9,
            version: "1-aa7f466f".to_owned(),
            last_failure: None,
        };
        assert_eq!(
            row.line(),
            "  61s in=10 out=9 executions/s=10 p50=- p99=- failures=2 dead-letters=0 retries=0 lag=3 in-flight=0 version=1-aa7f466f"
        );
        assert_eq!(row.table().len(), 6);
        let row = Row { last_failure: Some("E in the state \"S\": c".to_owned()), ..row };
        assert!(row.line().ends_with(" last-failure: E in the state \"S\": c"), "{}", row.line());
        assert_eq!(row.table()[6], "last failure  E in the state \"S\": c");
    }
}
