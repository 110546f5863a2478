//! `replay`: events are written into their source topic again.

use std::io::IsTerminal as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::filter::Filter;
use super::{Failed, line};
use crate::cli::print::{print, say};
use crate::config::Pipeline;
use crate::stream::{Letter, LetterReader, LettersError, ReplayWay, Replayer};

/// How often progress is shown.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub(super) struct Options {
    /// Only show what would be replayed
    #[arg(long)]
    dry_run: bool,
    /// How many a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How many in all at most
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    limit: usize,
    /// Also those that were replayed before
    #[arg(long)]
    again: bool,
}

/// What came of it.
#[derive(Debug, Default)]
struct Sum {
    replayed: usize,
    /// Those among them that were written from the failure.
    from_failure: usize,
    /// Those that were replayed before.
    skipped: usize,
    /// Those of which nobody has the event any more.
    gone: usize,
}

pub(super) fn replay(
    pipeline: &Pipeline,
    topic: &str,
    filter: &Filter,
    as_json: bool,
    options: &Options,
) -> Result<(), Failed> {
    let reader = LetterReader::new(&pipeline.consumer, topic)?;
    let mut replayer = Replayer::new(&pipeline.consumer, &pipeline.producer, topic)?;
    let (mut sum, mut out) = (Sum::default(), String::new());
    let (mut pace, mut outcome) = (Pace::new(options.rate), Ok(()));
    reader.read(|reader, letter| {
        if !filter.takes(&letter) {
            return true;
        }
        if reader.is_replayed(&letter) && !options.again {
            sum.skipped += 1;
            return true;
        }
        if sum.replayed == options.limit {
            return false;
        }
        let step = if options.dry_run {
            let way = replayer.way(&letter);
            if way != ReplayWay::Gone {
                line(&mut out, &letter, reader.is_replayed(&letter), as_json);
            }
            Ok(way)
        } else {
            pace.wait();
            replayer.replay(&letter)
        };
        outcome = step.map(|way| sum.add(way, &letter, topic));
        pace.show(&sum);
        outcome.is_ok()
    })?;
    // What was written before it went wrong is marked all the same.
    let finished: Result<(), LettersError> = if options.dry_run { Ok(()) } else { replayer.finish() };
    outcome.and(finished)?;
    if as_json {
        let Sum { replayed, from_failure, skipped, gone } = sum;
        let counts = json!({
            "replayed": replayed, "from_failure": from_failure, "skipped": skipped, "gone": gone, "dry_run": options.dry_run,
        });
        out.push_str(&format!("{counts}\n"));
    } else {
        out.push_str(&sum.told(options.dry_run));
    }
    print(&out).map_err(Failed::Print)
}

impl Sum {
    fn add(&mut self, way: ReplayWay, letter: &Letter, topic: &str) {
        match way {
            ReplayWay::Original => self.replayed += 1,
            ReplayWay::Failure => {
                self.replayed += 1;
                self.from_failure += 1;
            }
            ReplayWay::Gone => {
                self.gone += 1;
                say(format_args!(
                    "{}:{} of {topic} is left: its source topic no longer has the event, nor does the record itself",
                    letter.partition, letter.offset
                ));
            }
        }
    }

    fn told(&self, is_dry: bool) -> String {
        let Sum { replayed, from_failure, skipped, gone } = self;
        let verb = if is_dry { "would be replayed" } else { "replayed" };
        let mut told = format!("{replayed} {verb}");
        for (count, what) in [
            (from_failure, "of them as the failure has the event, since the source topic no longer does"),
            (skipped, "were replayed before"),
            (gone, "can't be replayed: nobody has the event any more"),
        ] {
            if *count > 0 {
                told.push_str(&format!("; {count} {what}"));
            }
        }
        told.push('\n');
        told
    }
}

/// Keeps to a rate, and shows how far it is.
struct Pace {
    interval: Option<Duration>,
    next: Instant,
    shown: Instant,
    is_watched: bool,
}

impl Pace {
    fn new(rate: Option<u32>) -> Self {
        let now = Instant::now();
        let interval = rate.map(|rate| Duration::from_secs(1) / rate);
        Self { interval, next: now, shown: now, is_watched: std::io::stderr().is_terminal() }
    }

    fn wait(&mut self) {
        let Some(interval) = self.interval else { return };
        let now = Instant::now();
        sleep(self.next.saturating_duration_since(now));
        // Time that was lost elsewhere is not made up for: it is a bound at each moment.
        self.next = self.next.max(now) + interval;
    }

    fn show(&mut self, sum: &Sum) {
        if self.is_watched && self.shown.elapsed() >= SHOWN_EVERY {
            self.shown = Instant::now();
            say(format_args!("{} so far", sum.told(false).trim_end()));
        }
    }
}
