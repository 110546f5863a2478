//! Where results go, and what people see on the way.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::flow::Sink;
use super::results::{Counts, Results};

/// How often the progress is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// Writes outputs to standard output and failure records where they are wanted.
pub(super) struct Output {
    failures: Failures,
    progress: ProgressBar,
    counts: Counts,
}

enum Failures {
    Unwanted,
    Stderr,
    File(BufWriter<File>),
}

impl Output {
    /// `failures` is a file, `-` for standard error, or nothing. `input_length` is the bytes of the input, if known.
    pub(super) fn open(failures: Option<&Path>, input_length: Option<u64>) -> io::Result<Self> {
        let failures = match failures {
            None => Failures::Unwanted,
            Some(path) if path == Path::new("-") => Failures::Stderr,
            Some(path) => Failures::File(BufWriter::new(File::create(path)?)),
        };
        Ok(Output { failures, progress: progress(input_length), counts: Counts::default() })
    }

    /// Ends the progress bar and gives the counts.
    pub(super) fn finish(&mut self) -> Counts {
        self.progress.finish_and_clear();
        self.counts
    }

    fn write_failures(&mut self, records: &[u8]) -> io::Result<()> {
        match &mut self.failures {
            Failures::Unwanted => Ok(()),
            Failures::Stderr => self.progress.suspend(|| io::stderr().write_all(records)),
            Failures::File(file) => file.write_all(records),
        }
    }
}

impl Sink<Results> for Output {
    fn write(&mut self, results: Results, input_bytes: u64) -> io::Result<()> {
        self.counts += results.counts;
        if !results.failures.is_empty() {
            self.write_failures(&results.failures)?;
        }
        // It ends with a line feed, so standard output's own line buffer passes it on at once.
        io::stdout().write_all(&results.outputs)?;
        if !self.progress.is_hidden() {
            self.progress.set_position(input_bytes);
            let Counts { succeeded, .. } = self.counts;
            let others = self.counts.events() - succeeded;
            self.progress.set_message(format!("{succeeded} succeeded, {others} did not"));
        }
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        match &mut self.failures {
            Failures::File(file) => file.flush(),
            Failures::Unwanted | Failures::Stderr => Ok(()),
        }
    }
}

/// Drawn on standard error if that is a terminal and results go elsewhere: mixed with them it could not be read.
fn progress(input_length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match input_length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:16} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {wide_msg}",
        ),
        None => (ProgressBar::no_length(), "{spinner} {bytes}  {bytes_per_sec}  {elapsed}  {wide_msg}"),
    };
    // The templates are constants; one that did not parse would only look different.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// The line at the end: every event is in one of its numbers.
pub(super) fn summary(counts: Counts, elapsed: Duration, failures_kept: bool) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { counts.events() as f64 / seconds } else { 0.0 };
    let mut text = format!(
        "events in: {}, succeeded: {}, failed: {}, timed out: {}, unreadable lines: {}; \
         {seconds:.2} s, {rate:.0} events/s",
        counts.events(),
        counts.succeeded,
        counts.failed,
        counts.timed_out,
        counts.unreadable,
    );
    if !failures_kept && !counts.all_succeeded() {
        text.push_str("\n--failures FILE keeps what did not succeed, and why");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_accounts_for_every_event() {
        let counts = Counts { succeeded: 5, failed: 3, timed_out: 2, unreadable: 1 };
        let text = summary(counts, Duration::from_millis(500), true);
        let expected = "events in: 11, succeeded: 5, failed: 3, timed out: 2, unreadable lines: 1; 0.50 s, 22 events/s";
        assert_eq!(text, expected);
    }

    #[test]
    fn failures_that_were_not_kept_come_with_how_to_keep_them() {
        let failed = Counts { failed: 1, ..Counts::default() };
        assert!(summary(failed, Duration::ZERO, false).contains("--failures FILE"));
        assert!(!summary(failed, Duration::ZERO, true).contains("--failures"));
        assert!(!summary(Counts::default(), Duration::ZERO, false).contains("--failures"));
    }
}
