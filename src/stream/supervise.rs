//! The thread of a shard: makes the shard, runs it, and makes it anew should it panic.
//!
//! A panic is a bug in Stepstream, and what it was about may come again: so the next try waits, longer each time. The
//! other shards and pipelines of the process go on. What was in flight is delivered again, as after a crash.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use super::client::{self, ShardConsumer};
use super::pipeline::{Spec, StartError};
use super::shard::{self, Shard};
use super::stats::Stats;
use crate::telemetry::{Health, PipelineMetrics, Reporter, events};

/// Time before a shard that failed is made anew: enough for its group to notice that it has left.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest such time: an event that makes the shard fail each time must not keep the machine busy.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A shard that ran for so long was sound: its next failure counts as the first.
const SOUND_AFTER: Duration = Duration::from_secs(300);
/// Longest time that the end of a pipeline waits for a shard that is not there.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// A shard that failed and is not made anew yet: see [`Reporter::waits`].
const FAILED: &str = "failed";
const REPORT: &str = "nothing at once: it is made anew by itself, and its events are delivered again; the log shows the \
                      failure: if it is a panic, report it, it is a bug in Stepstream";

/// What the thread of a shard needs.
pub(super) struct Supervisor {
    pub spec: Arc<Spec>,
    pub number: usize,
    pub stats: Arc<Stats>,
    pub health: Health,
}

impl Supervisor {
    /// Runs the shard until its pipeline stops. `made` learns whether it could be made; if it could not, that is the end.
    pub(super) fn run(&self, made: &SyncSender<Result<(), StartError>>) {
        let mut next: Result<Shard, StartError> = match self.make() {
            Ok(shard) => Ok(shard),
            Err(error) => {
                // Nobody waits for the answer only if the pipeline's start has failed already.
                made.send(Err(error)).ok();
                return;
            }
        };
        made.send(Ok(())).ok();
        let mut delay = None;
        loop {
            let began = Instant::now();
            let failure = match next {
                Ok(shard) => match run(shard) {
                    Ok(()) => return,
                    Err(failure) => failure,
                },
                Err(error) => error.to_string(),
            };
            let pause = next_delay(delay, began.elapsed());
            delay = Some(pause);
            let told = self.tell(&failure, pause);
            if !self.wait(pause) {
                return;
            }
            next = self.make();
            drop(told);
        }
    }

    fn name(&self) -> String {
        format!("pipeline {}, shard {}", self.spec.pipeline.name, self.number)
    }

    fn make(&self) -> Result<Shard, StartError> {
        let reporter = self.health.register(self.name());
        let made = catch(|| Shard::new(self.spec.clone(), self.number, self.stats.clone(), reporter));
        made.unwrap_or_else(|panic| {
            let source = io::Error::other(panic);
            Err(StartError::Runtime { pipeline: self.spec.pipeline.name.clone(), source })
        })
    }

    /// Says that the shard is not there, as long as what this gives is kept.
    fn tell(&self, failure: &str, delay: Duration) -> Reporter {
        self.stats.shard_is_gone();
        let name = &self.spec.pipeline.name;
        events::shard_failed(&PipelineMetrics::new(name), name, self.number, failure, delay);
        let reporter = self.health.register(self.name());
        reporter.ready();
        reporter.waits(FAILED, format!("it failed and is made anew after {delay:?}: {failure}"), REPORT);
        reporter
    }

    /// Lets that time go by. Whether the pipeline still runs then.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.spec.stop.is_stopping() {
            std::thread::sleep(LOOK_INTERVAL.min(time));
        }
        !self.spec.stop.is_stopping()
    }
}

fn next_delay(last: Option<Duration>, ran: Duration) -> Duration {
    match last {
        Some(last) if ran < SOUND_AFTER => (last * 2).min(LONGEST_DELAY),
        _ => FIRST_DELAY,
    }
}

/// Runs a shard to its orderly end; or says with what words it panicked, and at which event.
fn run(mut shard: Shard) -> Result<(), String> {
    // Kept beyond the shard: a consumer that is dropped waits for answers to rebalances that the shard no longer gives.
    let consumer = shard.consumer.clone();
    let ran = match catch(|| shard.run()) {
        Ok(()) => catch(|| shard.close()),
        Err(panic) => {
            let event = shard.processor.event_at_work();
            drop(shard);
            Err(event.map_or(panic.clone(), |(topic, partition, offset)| {
                format!("{panic}, at the event of topic {topic}, partition {partition}, offset {offset}")
            }))
        }
    };
    ran.inspect_err(|_| abandon(consumer))
}

/// Lets a consumer go whose shard is no more, on a thread of its own because it may take long.
fn abandon(consumer: Arc<ShardConsumer>) {
    consumer.context().close();
    let leave = move || {
        client::unassign_all(&consumer);
        shard::leave(&consumer);
    };
    // Where there is no thread, the consumer goes with the closure. Should it hang in that, the process is restarted for it.
    std::thread::Builder::new().name("abandon".to_owned()).spawn(leave).ok();
}

/// What it gives, or the words of its panic.
fn catch<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // What it leaves behind half done is dropped, or is made for several threads.
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| format!("a panic: {}", words(&*panic)))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_follow_each_other_wait_longer_and_a_sound_run_starts_again() {
        let soon = Duration::from_secs(3);
        let mut delay = None;
        let mut seconds = Vec::new();
        for _ in 0..8 {
            delay = Some(next_delay(delay, soon));
            seconds.extend(delay.map(|delay| delay.as_secs()));
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(next_delay(delay, SOUND_AFTER), FIRST_DELAY);
    }
}
