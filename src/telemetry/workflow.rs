use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, counter};

use super::durations::{DurationTally, Durations};
use super::recorder;

/// States that have series of their own in one process, over all pipelines. One with a histogram has about thirty series.
const MAX_STATES: usize = 1_000;
/// Pairs of state and error that have a series of their own in one process, over all pipelines.
const MAX_STATE_ERRORS: usize = 2_000;
/// Error names of one pipeline that are told apart, besides the language's own: a Fail state may take its error from the event.
const MAX_ERRORS: usize = 50;
/// Characters of an error name in a label.
const MAX_ERROR_CHARS: usize = 100;
/// The label of states and errors beyond the bounds.
const OTHER: &str = "other";
/// The label of failures without an error name.
const NO_ERROR: &str = "none";
/// How the language's own error names begin.
const RESERVED: &str = "States.";

/// Metrics of one workflow in one pipeline, by state and by error; every shard has one.
pub struct WorkflowMetrics {
    pipeline: Arc<str>,
    workflow: Arc<str>,
    states: HashMap<Box<str>, StateMetrics>,
    /// Failed executions by error.
    failures: HashMap<Box<str>, Counter>,
}

/// Handles to the metrics of one state.
struct StateMetrics {
    label: Box<str>,
    entered: Counter,
    succeeded: Counter,
    retried: Counter,
    caught: Counter,
    failures: HashMap<Box<str>, Counter>,
    /// From the first visit on that took any time.
    durations: Option<Arc<Durations>>,
    /// Visits before it, which took none.
    instant: u64,
}

/// What a state has done since it was last counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateSample<'a> {
    /// Times that it was entered.
    pub entered: u64,
    /// Times that it was left with an output of its own.
    pub succeeded: u64,
    /// Failures of attempts by error name.
    pub failed: &'a [(Box<str>, u64)],
    /// Failures that were retried.
    pub retried: u64,
    /// Failures that were caught.
    pub caught: u64,
    /// Milliseconds that visits took, and how many took them.
    pub durations: &'a [(u64, u64)],
    /// Visits that took no time.
    pub instant: u64,
}

impl WorkflowMetrics {
    /// Nothing is registered before something happens. After [`super::init_metrics`]: handles from before count nothing.
    pub fn new(pipeline: &str, workflow: &str) -> Self {
        let (states, failures) = (HashMap::new(), HashMap::new());
        Self { pipeline: pipeline.into(), workflow: workflow.into(), states, failures }
    }

    /// Counts an execution that failed or timed out with this error.
    pub fn execution_failed(&mut self, error: Option<&str>) {
        let error = error.unwrap_or_default();
        if let Some(counter) = self.failures.get(error) {
            return counter.increment(1);
        }
        let label = error_label(&self.pipeline, error);
        let [pipeline, workflow] = self.labels();
        let counter =
            counter!(recorder::EXECUTION_FAILURES, "pipeline" => pipeline, "workflow" => workflow, "error" => label);
        counter.increment(1);
        keep(&mut self.failures, error, counter);
    }

    /// Counts what a state has done.
    pub fn state(&mut self, state: &str, sample: &StateSample<'_>) {
        if !self.states.contains_key(state) {
            let metrics = self.state_metrics(state);
            self.states.insert(state.into(), metrics);
        }
        let [pipeline, workflow] = self.labels();
        let Some(metrics) = self.states.get_mut(state) else { return };
        metrics.entered.increment(sample.entered);
        metrics.succeeded.increment(sample.succeeded);
        metrics.retried.increment(sample.retried);
        metrics.caught.increment(sample.caught);
        metrics.add_failures(&pipeline, &workflow, sample.failed);
        metrics.add_durations(&pipeline, &workflow, sample);
    }

    fn labels(&self) -> [String; 2] {
        [self.pipeline.to_string(), self.workflow.to_string()]
    }

    fn state_metrics(&self, state: &str) -> StateMetrics {
        let label = state_label(&self.pipeline, &self.workflow, state);
        let counter = |metric: &'static str| {
            let [pipeline, workflow] = self.labels();
            counter!(metric, "pipeline" => pipeline, "workflow" => workflow, "state" => label.to_string())
        };
        StateMetrics {
            entered: counter(recorder::STATES_ENTERED),
            succeeded: counter(recorder::STATES_SUCCEEDED),
            retried: counter(recorder::STATES_RETRIED),
            caught: counter(recorder::STATES_CAUGHT),
            failures: HashMap::new(),
            durations: None,
            instant: 0,
            label: label.clone(),
        }
    }
}

impl StateMetrics {
    fn add_failures(&mut self, pipeline: &str, workflow: &str, failed: &[(Box<str>, u64)]) {
        for (error, count) in failed {
            if let Some(counter) = self.failures.get(error) {
                counter.increment(*count);
                continue;
            }
            let label = state_error_label(pipeline, workflow, &self.label, error);
            let labels = [
                ("pipeline", pipeline.to_owned()),
                ("workflow", workflow.to_owned()),
                ("state", self.label.to_string()),
                ("error", label),
            ];
            let counter = counter!(recorder::STATES_FAILED, &labels);
            counter.increment(*count);
            keep(&mut self.failures, error, counter);
        }
    }

    fn add_durations(&mut self, pipeline: &str, workflow: &str, sample: &StateSample<'_>) {
        self.instant += sample.instant;
        if sample.durations.is_empty() && self.durations.is_none() {
            return;
        }
        let labels = [("pipeline", pipeline), ("workflow", workflow), ("state", &self.label)];
        let durations = self.durations.get_or_insert_with(|| Durations::registered(recorder::STATE_DURATION, &labels));
        let mut tally = DurationTally::default();
        tally.record_times(Duration::ZERO, std::mem::take(&mut self.instant));
        for (millis, times) in sample.durations {
            tally.record_times(Duration::from_millis(*millis), *times);
        }
        tally.publish(durations);
    }
}

/// Keeps a handle by the error's own name. When there are many names all are forgotten, and resolved anew.
fn keep(handles: &mut HashMap<Box<str>, Counter>, error: &str, counter: Counter) {
    if handles.len() >= 4 * MAX_ERRORS {
        handles.clear();
    }
    handles.insert(error.into(), counter);
}

/// What has a series of its own, in all shards of the process.
#[derive(Default)]
struct Known {
    states: HashSet<[Box<str>; 3]>,
    state_errors: HashSet<[Box<str>; 4]>,
    errors: HashMap<Box<str>, HashSet<Box<str>>>,
}

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

fn with_known<R>(ask: impl FnOnce(&mut Known) -> R) -> R {
    // A poisoned set is still a set: nothing is left half done under the lock.
    ask(KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// Whether `key` is in the set, or there is room for it.
fn admit<K: Eq + std::hash::Hash>(set: &mut HashSet<K>, key: K, most: usize) -> bool {
    set.contains(&key) || (set.len() < most && set.insert(key))
}

fn state_label(pipeline: &str, workflow: &str, state: &str) -> Box<str> {
    let key = [pipeline, workflow, state].map(Box::from);
    with_known(|known| if admit(&mut known.states, key, MAX_STATES) { state.into() } else { OTHER.into() })
}

fn error_label(pipeline: &str, error: &str) -> String {
    if error.is_empty() {
        return NO_ERROR.to_owned();
    }
    let label: String = error.chars().take(MAX_ERROR_CHARS).collect();
    // Events can't make up an unbounded number of the language's own names either.
    let family = if label.starts_with(RESERVED) { RESERVED } else { pipeline };
    let known =
        with_known(|known| admit(known.errors.entry(family.into()).or_default(), label.as_str().into(), MAX_ERRORS));
    if known { label } else { OTHER.to_owned() }
}

/// The label of a Resource: it counts against the bound of states.
pub(super) fn resource_label(pipeline: &str, connector: &str, resource: &str) -> Box<str> {
    state_label(pipeline, connector, resource)
}

/// The label of an error of a state, or of a Resource of this connector in place of a workflow.
pub(super) fn state_error_label(pipeline: &str, workflow: &str, state: &str, error: &str) -> String {
    let label = error_label(pipeline, error);
    let key = [pipeline, workflow, state, label.as_str()].map(Box::from);
    // There is always room for one more label of a state: the other errors.
    if with_known(|known| admit(&mut known.state_errors, key, MAX_STATE_ERRORS)) { label } else { OTHER.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{init_metrics, render_metrics};
    use super::*;

    fn lines() -> Vec<String> {
        render_metrics().lines().map(str::to_owned).collect()
    }

    #[test]
    fn samples_of_shards_add_up_by_state_and_error() {
        init_metrics();
        let mut shards = [WorkflowMetrics::new("state-test", "order"), WorkflowMetrics::new("state-test", "order")];
        for (shard, metrics) in shards.iter_mut().enumerate() {
            let failed: [(Box<str>, u64); 2] = [("E".into(), 3), ("".into(), 1)];
            let durations = [(20, 2)];
            let quick = StateSample { entered: 7, succeeded: 7, instant: 7, ..StateSample::default() };
            metrics.state("Pass", &quick);
            let instant = StateSample { entered: 1, succeeded: 1, instant: 1, ..StateSample::default() };
            metrics.state("Charge", &instant);
            let slow = StateSample { entered: 5, succeeded: 2, failed: &failed, retried: 2, caught: 1, ..instant };
            metrics.state("Charge", &StateSample { durations: &durations, instant: 0, ..slow });
            metrics.execution_failed(Some("E"));
            metrics.execution_failed((shard > 0).then_some("E"));
        }
        let lines = lines();
        for line in [
            r#"stepstream_states_entered_total{pipeline="state-test",workflow="order",state="Charge"} 12"#,
            r#"stepstream_states_succeeded_total{pipeline="state-test",workflow="order",state="Charge"} 6"#,
            r#"stepstream_states_failed_total{pipeline="state-test",workflow="order",state="Charge",error="E"} 6"#,
            r#"stepstream_states_failed_total{pipeline="state-test",workflow="order",state="Charge",error="none"} 2"#,
            r#"stepstream_states_retried_total{pipeline="state-test",workflow="order",state="Charge"} 4"#,
            r#"stepstream_states_caught_total{pipeline="state-test",workflow="order",state="Charge"} 2"#,
            r#"stepstream_state_duration_seconds_bucket{pipeline="state-test",workflow="order",state="Charge",le="0.01"} 2"#,
            r#"stepstream_state_duration_seconds_count{pipeline="state-test",workflow="order",state="Charge"} 6"#,
            r#"stepstream_states_entered_total{pipeline="state-test",workflow="order",state="Pass"} 14"#,
            r#"stepstream_execution_failures_total{pipeline="state-test",workflow="order",error="E"} 3"#,
            r#"stepstream_execution_failures_total{pipeline="state-test",workflow="order",error="none"} 1"#,
        ] {
            assert!(lines.iter().any(|found| found == line), "{line} is not in\n{lines:#?}");
        }
        assert!(!lines.iter().any(|line| line.contains(r#"state="Pass",le"#)), "what takes no time has no histogram");
    }

    #[test]
    fn errors_that_events_make_up_have_a_bounded_number_of_series() {
        init_metrics();
        let mut metrics = WorkflowMetrics::new("bound-test", "order");
        for index in 0..10 * MAX_ERRORS {
            metrics.execution_failed(Some(&format!("Error {index}")));
        }
        let series: Vec<String> = lines().into_iter().filter(|line| line.contains("bound-test")).collect();
        assert_eq!(series.len(), MAX_ERRORS + 1, "{series:#?}");
        let other = format!(r#"workflow="order",error="other"}} {}"#, 9 * MAX_ERRORS);
        assert!(series.iter().any(|line| line.ends_with(&other)), "{series:#?}");
    }
}
