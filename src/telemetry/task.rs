use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};

use super::durations::Durations;
use super::recorder;
use super::workflow::{resource_label, state_error_label};

/// Handles to the metrics of the task calls that one pipeline makes to one Resource through one kind of connector.
#[derive(Clone, Debug)]
pub struct TaskMetrics {
    labels: Arc<Labels>,
    outcomes: [Counter; 4],
    in_flight: Gauge,
    waiting: Gauge,
    durations: Arc<Durations>,
    permit_waits: Arc<Durations>,
}

#[derive(Debug)]
struct Labels {
    pipeline: String,
    connector: String,
    resource: String,
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
    pub fn new(pipeline: &str, connector: &str, resource: &str) -> Self {
        let resource = &*resource_label(pipeline, connector, resource);
        let own = || (pipeline.to_owned(), connector.to_owned(), resource.to_owned());
        let outcome = |outcome: &'static str| {
            let (pipeline, connector, resource) = own();
            counter!(
                recorder::TASK_CALLS,
                "pipeline" => pipeline, "connector" => connector, "resource" => resource, "outcome" => outcome
            )
        };
        let gauge = |name: &'static str| {
            let (pipeline, connector, resource) = own();
            gauge!(name, "pipeline" => pipeline, "connector" => connector, "resource" => resource)
        };
        let labels = [("pipeline", pipeline), ("connector", connector), ("resource", resource)];
        let (pipeline, connector, resource) = own();
        Self {
            labels: Arc::new(Labels { pipeline, connector, resource }),
            outcomes: ["succeeded", "failed", "timed_out", "cancelled"].map(outcome),
            in_flight: gauge(recorder::TASKS_IN_FLIGHT),
            waiting: gauge(recorder::TASKS_WAITING),
            durations: Durations::registered(recorder::TASK_DURATION, &labels),
            permit_waits: Durations::registered(recorder::TASK_PERMIT_WAIT, &labels),
        }
    }

    /// Counts the beginning of a call: it waits for a permit.
    pub fn started(&self) {
        self.in_flight.increment(1);
        self.waiting.increment(1);
    }

    /// Counts the end of its wait for a permit.
    pub fn permitted(&self, waited: Duration) {
        self.waiting.decrement(1);
        self.permit_waits.record(waited);
    }

    /// Counts an error that a call ended with; empty: without a name.
    pub fn failed(&self, error: &str) {
        let Labels { pipeline, connector, resource } = &*self.labels;
        let error = state_error_label(pipeline, connector, resource, error);
        counter!(
            recorder::TASK_ERRORS,
            "pipeline" => pipeline.clone(), "connector" => connector.clone(), "resource" => resource.clone(),
            "error" => error
        )
        .increment(1);
    }

    /// Counts the end of a call.
    pub fn ended(&self, outcome: TaskOutcome, took: Duration) {
        self.in_flight.decrement(1);
        self.outcomes[outcome as usize].increment(1);
        self.durations.record(took);
    }
}

/// Handles to the metrics of a service whose calls wait while it is not there.
#[derive(Clone, Debug)]
pub struct GateMetrics {
    unavailable: Gauge,
    held: Gauge,
}

impl GateMetrics {
    /// Resolves the handles; the service is there. `resource` is what the entry's `resource` says.
    pub fn new(pipeline: &str, connector: &str, resource: &str) -> Self {
        let gauge = |name: &'static str| {
            let gauge = gauge!(
                name,
                "pipeline" => pipeline.to_owned(), "connector" => connector.to_owned(), "resource" => resource.to_owned()
            );
            gauge.set(0);
            gauge
        };
        Self { unavailable: gauge(recorder::TASK_UNAVAILABLE), held: gauge(recorder::TASKS_HELD) }
    }

    /// The service is not there.
    pub fn unavailable(&self) {
        self.unavailable.set(1);
    }

    /// The service is there again.
    pub fn available(&self) {
        self.unavailable.set(0);
    }

    /// A call waits for it.
    pub fn held(&self) {
        self.held.increment(1);
    }

    /// A call no longer does.
    pub fn released(&self) {
        self.held.decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{init_metrics, render_metrics};
    use super::*;

    #[test]
    fn each_outcome_has_its_own_series() {
        init_metrics();
        let metrics = TaskMetrics::new("task-test", "http", "urn:charge");
        for outcome in [TaskOutcome::Succeeded, TaskOutcome::TimedOut, TaskOutcome::TimedOut] {
            metrics.started();
            metrics.permitted(Duration::from_micros(20));
            metrics.ended(outcome, Duration::from_millis(1));
        }
        metrics.started();
        metrics.failed("States.Timeout");
        let text = render_metrics();
        for line in [
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",resource="urn:charge",outcome="succeeded"} 1"#,
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",resource="urn:charge",outcome="failed"} 0"#,
            r#"stepstream_task_calls_total{pipeline="task-test",connector="http",resource="urn:charge",outcome="timed_out"} 2"#,
            r#"stepstream_task_calls_in_flight{pipeline="task-test",connector="http",resource="urn:charge"} 1"#,
            r#"stepstream_task_calls_waiting{pipeline="task-test",connector="http",resource="urn:charge"} 1"#,
            r#"stepstream_task_permit_wait_seconds_count{pipeline="task-test",connector="http",resource="urn:charge"} 3"#,
            r#"stepstream_task_errors_total{pipeline="task-test",connector="http",resource="urn:charge",error="States.Timeout"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
