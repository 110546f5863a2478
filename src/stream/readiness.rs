//! What a shard says about itself a few times a second: that it lives, and what it waits for.
//!
//! A trouble lasts as long as its cause, not as long as one attempt: whoever looks between two attempts sees it too.

use std::time::{Duration, Instant};

use super::intake::Intake;
use super::processor::Processor;
use super::shard::Shard;
use super::topic_trouble::TopicTrouble;
use crate::host::Outage;
use crate::telemetry::{Levels, events};

/// How often a shard says how it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Records that wait so long without any acknowledgement aren't taken. A batch takes milliseconds; a broker that is elected
/// leader, some seconds.
const SINK_SILENT_AFTER: Duration = Duration::from_secs(10);
/// A paused shard in which no event is completed for so long doesn't work: a busy one completes some all the time.
const PAUSE_SILENT_AFTER: Duration = Duration::from_secs(30);

/// Kinds of trouble: see [`crate::telemetry::Reporter::waits`].
const SINK: &str = "sink";
const PAUSED: &str = "paused";
const UNAVAILABLE: &str = "unavailable";

/// What a shard remembers between two looks at itself.
pub(super) struct Readiness {
    next_look: Instant,
    acknowledgements: Progress,
    refusal: Progress,
    completions: Progress,
    is_sink_silent: bool,
    is_reading_stalled: bool,
}

/// A count that should move as long as something waits.
struct Progress {
    count: u64,
    since: Instant,
}

impl Progress {
    /// How long the count has not moved while something waited.
    fn stands_still(&mut self, count: u64, waits: bool, now: Instant) -> Duration {
        if count != self.count || !waits {
            *self = Self { count, since: now };
        }
        now.saturating_duration_since(self.since)
    }
}

impl Readiness {
    pub(super) fn new(now: Instant) -> Self {
        let progress = || Progress { count: 0, since: now };
        Self {
            next_look: now,
            acknowledgements: progress(),
            refusal: progress(),
            completions: progress(),
            is_sink_silent: false,
            is_reading_stalled: false,
        }
    }

    /// How the shard stands, for its gauges.
    pub(super) fn levels(&self, intake: &Intake, processor: &Processor) -> Levels {
        let assigned = processor.partitions.count();
        Levels {
            in_flight: processor.partitions.in_flight(),
            assigned,
            paused: if intake.is_paused() { assigned } else { processor.partitions.held() },
            uncommitted: processor.partitions.uncommitted(),
            waiting_for_order: processor.admission.waiting(),
            refusing: self.is_sink_silent,
        }
    }
}

impl Shard {
    /// Gives a sign of life, and says what the shard waits for.
    pub(super) fn look_after(&mut self) {
        let now = Instant::now();
        if now < self.readiness.next_look {
            return;
        }
        self.readiness.next_look = now + LOOK_INTERVAL;
        self.reporter.beat();
        self.look_at_sink(now);
        self.look_at_services(now);
        self.look_at_intake(now);
    }

    fn look_at_sink(&mut self, now: Instant) {
        let waiting = self.processor.sink.waiting();
        let acknowledged = self.processor.counts.stats.produced.value();
        let silent = self.readiness.acknowledgements.stands_still(acknowledged, waiting > 0, now);
        let is_refused = self.processor.sink.refusal().is_some();
        let refused = self.readiness.refusal.stands_still(0, is_refused, now);
        let pipeline = &self.processor.spec.pipeline.name;
        let lasts = silent.max(refused);
        self.readiness.is_sink_silent = lasts >= SINK_SILENT_AFTER;
        if self.readiness.is_sink_silent {
            let (what, action) = self.sink_trouble();
            let reason = format!("{what}: {waiting} records wait to be acknowledged");
            if self.reporter.waits_since(SINK, lasts, reason.as_str(), action) {
                events::sink_silent(pipeline, self.number, &reason, action);
            }
        } else if let Some(lasted) = self.reporter.goes_on(SINK) {
            events::sink_is_back(pipeline, self.number, lasted);
        }
    }

    /// Why records may not be taken, and what to do.
    fn sink_trouble(&self) -> (String, &'static str) {
        let spec = &self.processor.spec;
        let action = "create the topic, or correct `sink`, `failures`, `dead_letters` or the permissions; what waits is sent as \
                      soon as the topic takes it";
        if let Some(refusal) = self.processor.sink.refusal() {
            return (
                format!("topic {} {} ({})", refusal.topic, TopicTrouble::of(refusal.code).clause(), refusal.code),
                action,
            );
        }
        let topics = [&spec.pipeline.sink, &spec.pipeline.failures, &spec.pipeline.dead_letters];
        let topics: Vec<&String> = topics.into_iter().flatten().collect();
        if let Some((topic, code)) = topics.iter().find_map(|topic| Some((topic, spec.monitor.trouble_with(topic)?))) {
            return (format!("topic {topic} {} ({code})", TopicTrouble::of(code).clause()), action);
        }
        let action = "look at the leaders of the topic and at its replicas in sync (min.insync.replicas), and at quotas; \
                      what waits is sent as soon as the topic takes it";
        let names: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
        (format!("a topic takes no records, one of {}", names.join(", ")), action)
    }

    /// Says which services behind tasks are not there. Their outage is logged where it is found.
    fn look_at_services(&mut self, now: Instant) {
        let outages: Vec<_> = self.processor.spec.permits.outages(now).collect();
        let Some(longest) = outages.iter().map(|outage| now.saturating_duration_since(outage.since)).max() else {
            self.reporter.goes_on(UNAVAILABLE);
            return;
        };
        let told: Vec<String> = outages.iter().map(outage_reason).collect();
        let action = "look at the service; calls that wait are made, and events are read again, as soon as it answers";
        self.reporter.waits_since(UNAVAILABLE, longest, told.join("; "), action);
    }

    fn look_at_intake(&mut self, now: Instant) {
        // A sink that takes nothing is reported as such, and so is a service that is not there.
        let has_other_cause = self.readiness.is_sink_silent || self.processor.spec.permits.pauses();
        let paused = self.intake.is_paused() && !self.intake.is_stopped() && !has_other_cause;
        let completed = self.processor.counts.stats.completed.value();
        let silent = self.readiness.completions.stands_still(completed, paused, now);
        self.readiness.is_reading_stalled =
            paused && (self.readiness.is_reading_stalled || silent >= PAUSE_SILENT_AFTER);
        if !self.readiness.is_reading_stalled {
            self.reporter.goes_on(PAUSED);
            return;
        }
        let Processor { spec, partitions, host, .. } = &self.processor;
        let reason = format!(
            "its partitions are paused: {} events of {} bytes are in flight (max_in_flight {}, max_in_flight_bytes {}), \
             {} executions wait, {} task calls are open",
            partitions.in_flight(),
            partitions.in_flight_bytes(),
            spec.pipeline.max_in_flight,
            spec.pipeline.max_in_flight_bytes,
            host.waiting(),
            host.calls().open(),
        );
        let action = "look at the services behind the tasks and at long Waits; it reads again when half of the events have \
                      ended";
        if self.reporter.waits_since(PAUSED, silent, reason.as_str(), action) {
            events::reading_stalled(&spec.pipeline.name, self.number, &reason, action);
        }
    }
}

fn outage_reason(outage: &Outage) -> String {
    let Outage { resource, trouble, held, probe_interval, .. } = outage;
    format!(
        "the service of {resource} is not available ({trouble}): {held} calls wait, it is tried every {probe_interval:?}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_stands_still_only_while_something_waits() {
        let start = Instant::now();
        let mut progress = Progress { count: 0, since: start };
        for (seconds, count, waits, still) in
            [(0, 0, true, 0), (9, 0, true, 9), (20, 1, true, 0), (29, 1, true, 9), (40, 1, false, 0), (41, 1, true, 1)]
        {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(progress.stands_still(count, waits, now), Duration::from_secs(still), "after {seconds} s");
        }
    }
}
