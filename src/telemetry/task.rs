use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};

use super::durations::Durations;
use super::recorder;

/// Handles to the metrics of the task calls that one pipeline makes through one kind of connector.
#[derive(Clone, Debug)]
pub struct TaskMetrics {
    outcomes: [Counter; 4],
    in_flight: Gauge,
    durations: Arc<Durations>,
}

/// How a task call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
    /// Not in time.
    TimedOut,
    /// Its execution no longer wanted it.
    Cancelled,
}

impl TaskMetrics {
    /// Resolves the handles. After [`super::init_metrics`]: handles from before count nothing.
    pub fn new(pipeline: &str, connector: &str) -> Self {
        let outcome = |outcome: &'static str| {
            let (pipeline, connector) = (pipeline.to_owned(), connector.to_owned());
            counter!(recorder::TASK_CALLS, "pipeline" => pipeline, "connector" => connector, "outcome" => outcome)
        };
        let labels = [("pipeline", pipeline), ("connector", connector)];
        Self {
            outcomes: ["succeeded", "failed", "timed_out", "cancelled"].map(outcome),
            in_flight: gauge!(recorder::TASKS_IN_FLIGHT, "pipeline" => pipeline.to_owned(), "connector" => connector.to_owned()),
            durations: Durations::registered(recorder::TASK_DURATION, &labels),
        }
    }

    /// Counts the beginning of a call.
    pub fn started(&self) {
        self.in_flight.increment(1);
    }

    /// Counts the end of a call.
    pub fn ended(&self, outcome: TaskOutcome, took: Duration) {
        self.in_flight.decrement(1);
        self.outcomes[outcome as usize].increment(1);
        self.durations.record(took);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{init_metrics, render_metrics};
    use super::*;

    #[test]
    fn each_outcome_has_its_own_series() {
        init_metrics();
        let metrics = TaskMetrics::new("task-test", "http");
        for outcome in [TaskOutcome::Succeeded, TaskOutcome::TimedOut, TaskOutcome::TimedOut] {
            metrics.started();
            metrics.ended(outcome, Duration::from_millis(1));
        }
        metrics.started();
        let text = render_metrics();
        for line in [
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",outcome="succeeded"} 1"#,
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",outcome="failed"} 0"#,
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",outcome="timed_out"} 2"#,
            r#"stepstream_task_calls_in_flight{pipeline="task-test",connector="http"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
