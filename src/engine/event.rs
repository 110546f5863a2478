//! What becomes an event of an execution's history. Events are always counted, since causes name their numbers; they are recorded
//! on demand.

use std::time::Duration;

use super::fault::Fault;
use super::history::{Detail, Event};
use super::interpreter::Interpreter;
use super::outcome::{Failure, TaskFailure};
use super::pool::Id;
use crate::identity;
use crate::program::{Kind, Map, State, Task};
use crate::resource::{self, Pattern, Resource};
use crate::value::{Heap, Value};

type Details = Vec<(&'static str, Detail)>;

fn text(key: &'static str, text: impl Into<String>) -> (&'static str, Detail) {
    (key, Detail::Text(text.into()))
}

fn data(key: &'static str, heap: &Heap, value: Value) -> (&'static str, Detail) {
    (key, Detail::Data(heap.to_json(value)))
}

fn error_and_cause(error: &Option<String>, cause: &Option<String>) -> Details {
    let error = error.iter().map(|error| text("error", error));
    error.chain(cause.iter().map(|cause| text("cause", cause))).collect()
}

impl Interpreter<'_> {
    /// Counts an event on the frame's way and records it if asked to; returns its number.
    fn emit(&mut self, frame: Id, kind: &'static str, details: impl FnOnce(&Self) -> Details) -> u64 {
        let id = self.emit_beside(frame, kind, details);
        let on = self.run.frames.at_mut(frame);
        if on.child_events.is_none() {
            on.previous_event = id;
        }
        id
    }

    /// Counts an event on the frame's way, if that is all that there is to do, and returns its number.
    #[inline]
    fn count_unrecorded(&mut self, frame: Id) -> Option<u64> {
        let on = self.run.frames.at_mut(frame);
        if self.run.record_history || on.child_events.is_some() {
            return None;
        }
        self.run.events += 1;
        on.previous_event = self.run.events;
        Some(self.run.events)
    }

    /// The same for an event that the next one on the way passes by: it follows what this one follows. The service
    /// does so with success, and with what stops an iteration or a state from outside.
    fn emit_beside(&mut self, frame: Id, kind: &'static str, details: impl FnOnce(&Self) -> Details) -> u64 {
        let on = self.run.frames.at(frame);
        if on.child_events.is_some() {
            return self.count_apart(frame);
        }
        let previous = on.previous_event;
        self.run.events += 1;
        if self.run.record_history {
            let details = details(self);
            self.record_event(previous, kind, details);
        }
        self.run.events
    }

    /// Counts an event inside an item of a distributed Map: the item's own machine keeps the count.
    fn count_apart(&mut self, frame: Id) -> u64 {
        let mut item = frame;
        while let Some(around) = self.run.around(item) {
            item = around;
        }
        let events = self.run.frames.at_mut(item).child_events.get_or_insert(0);
        *events += 1;
        *events
    }

    /// Counts an event of the execution as a whole, which follows what happened last on the way of its machine.
    fn emit_top(&mut self, kind: &'static str, details: impl FnOnce(&Self) -> Details) {
        // The frame that was acquired first is the top-level machine.
        let previous = self.run.frames.iter().next().map_or(0, |(_, frame)| frame.previous_event);
        self.run.events += 1;
        if self.run.record_history {
            let details = details(self);
            self.record_event(previous, kind, details);
        }
    }

    fn record_event(&mut self, previous_id: u64, kind: &'static str, details: Details) {
        let event = Event { id: self.run.events, previous_id, timestamp: self.run.now, kind, details };
        self.run.history.push(event);
    }

    /// Observed: the event shows the input as it came, white space included.
    pub(super) fn emit_execution_started(&mut self, event: &[u8]) {
        self.emit_top("ExecutionStarted", |this| {
            let input = String::from_utf8_lossy(event).into_owned();
            vec![("input", Detail::Data(input)), text("roleArn", this.run.identity.role_arn())]
        });
    }

    pub(super) fn emit_execution_succeeded(&mut self, output: Value) {
        self.emit_top("ExecutionSucceeded", |this| vec![data("output", this.heap, output)]);
    }

    pub(super) fn emit_execution_failed(&mut self, failure: &Failure) {
        self.emit_top("ExecutionFailed", |_| error_and_cause(&failure.error, &failure.cause));
    }

    pub(super) fn emit_execution_timed_out(&mut self) {
        self.emit_top("ExecutionTimedOut", |_| vec![text("error", super::fault::TIMEOUT)]);
    }

    pub(super) fn emit_entered(&mut self, frame: Id, input: Value) {
        if let Some(id) = self.count_unrecorded(frame) {
            self.run.frames.at_mut(frame).entered_event = id;
            return;
        }
        let (entered, _) = state_events(&self.program.state(self.run.frames.at(frame).state).kind);
        let id = self.emit(frame, entered, |this| {
            vec![text("name", &**this.state_name(frame)), data("input", this.heap, input)]
        });
        self.run.frames.at_mut(frame).entered_event = id;
    }

    pub(super) fn emit_exited(&mut self, frame: Id, state: &State, output: Value, variables: Option<Value>) {
        if self.count_unrecorded(frame).is_some() {
            return;
        }
        let (_, exited) = state_events(&state.kind);
        self.emit(frame, exited, |this| {
            let mut details = vec![text("name", &*state.name), data("output", this.heap, output)];
            if let Some(Value::Object(variables)) = variables
                && !variables.is_empty()
            {
                let shown = |(name, value)| (this.heap.str(name).into_owned(), this.heap.to_json(value));
                details
                    .push(("assignedVariables", Detail::Variables(this.heap.entries(variables).map(shown).collect())));
            }
            details
        });
    }

    pub(super) fn emit_scheduled(
        &mut self,
        frame: Id,
        task: &Task,
        input: Value,
        role: Option<String>,
        limits: (Option<Duration>, Option<Duration>),
    ) {
        let (timeout, heartbeat) = limits;
        let names = TaskEvents::of(&task.callee.resource);
        self.emit(frame, names.scheduled, |this| {
            let mut details = match task.callee.resource.kind() {
                resource::Kind::Function | resource::Kind::Activity => {
                    vec![text("resource", task.callee.resource.as_str()), data("input", this.heap, input)]
                }
                resource::Kind::Service => {
                    let mut details = service(task);
                    details.push(text("region", identity::region(this.run.identity.id())));
                    details.push(text("parameters", this.heap.to_json(input)));
                    details
                }
            };
            details.extend(timeout.map(|timeout| ("timeoutInSeconds", Detail::Number(timeout.as_secs()))));
            if task.callee.resource.kind() != resource::Kind::Function {
                details.extend(heartbeat.map(|limit| ("heartbeatInSeconds", Detail::Number(limit.as_secs()))));
            }
            details.extend(role.map(|role| ("taskCredentials", Detail::Role(role))));
            details
        });
        self.emit(frame, names.started, |_| service(task));
    }

    pub(super) fn emit_call_succeeded(&mut self, frame: Id, task: &Task, result: Value) {
        self.emit_accepted(frame, task);
        self.emit(frame, TaskEvents::of(&task.callee.resource).succeeded, |this| {
            let mut details = service(task);
            details.push(data("output", this.heap, result));
            details
        });
    }

    pub(super) fn emit_call_failed(&mut self, frame: Id, task: &Task, failure: &TaskFailure) {
        self.emit_accepted(frame, task);
        let names = TaskEvents::of(&task.callee.resource);
        let timed_out = failure.timed_out || failure.error.as_deref() == Some(super::fault::TIMEOUT);
        self.emit(frame, if timed_out { names.timed_out } else { names.failed }, |_| {
            let mut details = service(task);
            details.extend(error_and_cause(&failure.error, &failure.cause));
            details
        });
    }

    /// A job or a callback was accepted before its end was waited for, if nothing said so yet.
    fn emit_accepted(&mut self, frame: Id, task: &Task) {
        if task.callee.resource.pattern() != Pattern::RequestResponse && !self.run.frames.at(frame).submitted {
            self.emit_submitted(frame, task, None);
        }
    }

    /// A job or a callback was accepted, with this answer of the service.
    pub(super) fn emit_submitted(&mut self, frame: Id, task: &Task, answer: Option<&[u8]>) {
        self.emit(frame, "TaskSubmitted", |_| {
            let mut details = service(task);
            details.extend(answer.map(|answer| ("output", Detail::Data(String::from_utf8_lossy(answer).into_owned()))));
            details
        });
    }

    /// The service did not accept a job, or a request that a callback is to follow.
    pub(super) fn emit_submit_failed(&mut self, frame: Id, task: &Task, failure: &TaskFailure) {
        self.emit(frame, "TaskSubmitFailed", |_| {
            let mut details = service(task);
            details.extend(error_and_cause(&failure.error, &failure.cause));
            details
        });
    }

    pub(super) fn emit_parallel_started(&mut self, frame: Id) {
        self.run.frames.at_mut(frame).fan_out_started = true;
        self.emit(frame, "ParallelStateStarted", |_| Vec::new());
    }

    pub(super) fn emit_parallel_succeeded(&mut self, frame: Id) {
        self.emit_beside(frame, "ParallelStateSucceeded", |_| Vec::new());
    }

    pub(super) fn emit_map_started(&mut self, frame: Id, length: u32) {
        self.run.frames.at_mut(frame).fan_out_started = true;
        self.emit(frame, "MapStateStarted", |_| vec![("length", Detail::Number(length.into()))]);
    }

    pub(super) fn emit_map_run_started(&mut self, frame: Id, run: u128, label: &str) {
        self.emit(frame, "MapRunStarted", |this| vec![text("mapRunArn", this.run.identity.map_run_arn(label, run))]);
    }

    pub(super) fn emit_map_run_failed(&mut self, frame: Id, failure: &Failure) {
        self.emit(frame, "MapRunFailed", |_| error_and_cause(&failure.error, &failure.cause));
    }

    pub(super) fn emit_map_succeeded(&mut self, frame: Id, map: &Map) {
        if map.distributed.is_some() {
            self.emit_beside(frame, "MapRunSucceeded", |_| Vec::new());
        }
        self.emit_beside(frame, "MapStateSucceeded", |_| Vec::new());
    }

    /// The Map or Parallel that the frame is in has failed and is not retried. Recorded (test_map_state): what fails for
    /// good before it begins has no such event, nor has what a `States.Runtime` from inside goes through.
    pub(super) fn emit_fan_out_failed(&mut self, frame: Id, state: &State, fault: &Fault) {
        let passes_through = fault.failure.state != state.name;
        if fault.is_final() && (passes_through || !self.run.frames.at(frame).fan_out_started) {
            return;
        }
        match &state.kind {
            Kind::Parallel(_) => self.emit(frame, "ParallelStateFailed", |_| Vec::new()),
            Kind::Map(_) => self.emit(frame, "MapStateFailed", |_| Vec::new()),
            _ => 0,
        };
    }

    /// A field of a JSONata state has no value, or one that it cannot take.
    pub(super) fn emit_evaluation_failed(&mut self, frame: Id, failure: &Failure, location: Option<&str>) {
        self.emit(frame, "EvaluationFailed", |this| {
            let mut details = error_and_cause(&failure.error, &failure.cause);
            details.extend(location.map(|location| text("location", location)));
            details.push(text("state", &**this.state_name(frame)));
            details
        });
    }

    /// The state that the frame is in is stopped because a sibling has failed.
    pub(super) fn emit_aborted(&mut self, frame: Id) {
        if self.run.frames.at(frame).map_run.is_some() {
            self.emit_beside(frame, "MapRunAborted", |_| Vec::new());
        }
        let kind = match &self.program.state(self.run.frames.at(frame).state).kind {
            Kind::Task(_) => "TaskStateAborted",
            Kind::Wait(..) => "WaitStateAborted",
            Kind::Parallel(_) => "ParallelStateAborted",
            Kind::Map(_) => "MapStateAborted",
            Kind::Pass(_) | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => return,
        };
        self.emit_beside(frame, kind, |_| Vec::new());
    }

    pub(super) fn emit_iteration(&mut self, map: Id, child: Id, kind: &'static str, index: u32) {
        let details =
            |this: &Self| vec![text("name", &**this.state_name(map)), ("index", Detail::Number(index.into()))];
        match kind {
            "MapIterationFailed" | "MapIterationAborted" => self.emit_beside(child, kind, details),
            _ => self.emit(child, kind, details),
        };
    }
}

/// Names of the events of a task.
struct TaskEvents {
    scheduled: &'static str,
    started: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    timed_out: &'static str,
}

impl TaskEvents {
    fn of(resource: &Resource) -> &'static TaskEvents {
        match resource.kind() {
            resource::Kind::Function => &TaskEvents {
                scheduled: "LambdaFunctionScheduled",
                started: "LambdaFunctionStarted",
                succeeded: "LambdaFunctionSucceeded",
                failed: "LambdaFunctionFailed",
                timed_out: "LambdaFunctionTimedOut",
            },
            resource::Kind::Activity => &TaskEvents {
                scheduled: "ActivityScheduled",
                started: "ActivityStarted",
                succeeded: "ActivitySucceeded",
                failed: "ActivityFailed",
                timed_out: "ActivityTimedOut",
            },
            resource::Kind::Service => &TaskEvents {
                scheduled: "TaskScheduled",
                started: "TaskStarted",
                succeeded: "TaskSucceeded",
                failed: "TaskFailed",
                timed_out: "TaskTimedOut",
            },
        }
    }
}

/// The members that all events of a service integration begin with.
fn service(task: &Task) -> Details {
    match task.callee.resource.kind() {
        resource::Kind::Service => {
            vec![text("resourceType", task.callee.resource.service()), text("resource", task.callee.resource.action())]
        }
        resource::Kind::Function | resource::Kind::Activity => Vec::new(),
    }
}

/// The names of the events with which a state of this type is entered and left. A Fail state is never left.
fn state_events(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Pass(_) => ("PassStateEntered", "PassStateExited"),
        Kind::Task(_) => ("TaskStateEntered", "TaskStateExited"),
        Kind::Choice(_) => ("ChoiceStateEntered", "ChoiceStateExited"),
        Kind::Wait(..) => ("WaitStateEntered", "WaitStateExited"),
        Kind::Succeed => ("SucceedStateEntered", "SucceedStateExited"),
        Kind::Fail(_) => ("FailStateEntered", "FailStateEntered"),
        Kind::Parallel(_) => ("ParallelStateEntered", "ParallelStateExited"),
        Kind::Map(_) => ("MapStateEntered", "MapStateExited"),
    }
}
