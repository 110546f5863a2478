//! Task states: a call goes out as an effect, its outcome comes back by `resume`.

use std::sync::Arc;
use std::time::Duration;

use super::CallId;
use super::fault::{Fault, RUNTIME};
use super::frame::{Pulse, Wait};
use super::interpreter::{Interpreter, Step};
use super::notes::Stage;
use super::outcome::{Effect, Purpose, TaskCall, TaskFailure};
use super::pool::Id;
use super::view::Subject;
use crate::expr::Path;
use crate::program::parameters::{self, Format};
use crate::program::{Kind, Payload, Query, QueryTemplate, Seconds, State, Task};
use crate::resource;
use crate::value::{Num, Value};

/// The longest timeout that the service accepts, in seconds.
const MAX_TIMEOUT_SECONDS: i64 = 99_999_999;
const ROLE_ARN: &str = "RoleArn";

impl Interpreter<'_> {
    /// Gives the attempt its token, which its templates may name.
    pub(super) fn prepare_token(&mut self, frame: Id, task: &Task) {
        // Recorded (test_sync_with_task_token): `.sync` tasks see a token, too.
        if task.callee.resource.outlasts_its_answer() {
            let ordinal = self.run.calls;
            self.run.frames.at_mut(frame).token = Some(ordinal);
        }
    }

    pub(super) fn begin_call(
        &mut self,
        frame: Id,
        state: &State,
        task: &Task,
        data: Value,
    ) -> Result<Step, Box<Fault>> {
        let input = match &task.work.common.parameters {
            Some(parameters) => self.build(parameters, frame, Subject::data(data))?,
            None => data,
        };
        self.note(Stage::Parameters, input);
        let credentials = match &task.credentials {
            Some(credentials) => {
                let credentials = self.build(credentials, frame, Subject::data(data))?;
                Some(self.bounded(frame, credentials)?)
            }
            None => None,
        };
        let role = self.role_of(frame, task, credentials)?;
        let timeout = self.seconds(frame, &task.timeout, "TimeoutSeconds", data)?;
        let heartbeat = self.seconds(frame, &task.heartbeat, "HeartbeatSeconds", data)?;
        let input = self.bounded(frame, input)?;
        self.check_parameters(frame, task, input)?;
        self.emit_scheduled(frame, task, input, role, (timeout, heartbeat));
        let ordinal = self.run.calls;
        self.run.calls += 1;
        self.note_visit(frame);
        let mut json = Vec::with_capacity(self.heap.size(input) as usize);
        self.heap.write(input, &mut json);
        self.run.effects.push_back(Effect::Call(TaskCall {
            id: CallId { frame, ordinal },
            purpose: Purpose::Task,
            resource: Arc::clone(&task.callee.resource),
            resource_index: task.callee.index,
            state: Arc::clone(&state.name),
            input: json,
            credentials: credentials.map(|credentials| self.heap.to_json(credentials)),
            timeout,
            heartbeat,
            place: self.call_place(frame, &Purpose::Task),
            attempt: self.run.frames.at(frame).retry_count.saturating_add(1),
            retry_count: self.run.frames.at(frame).retry_count,
            ordinal,
            task_token: self.run.frames.at(frame).token.map(|token| self.run.task_token(token)),
        }));
        let deadline = timeout.map(|timeout| self.run.now.after(timeout));
        // Only who waits for a callback can be silent: a heartbeat has no meaning for a request and its response.
        let heartbeat = heartbeat.filter(|_| task.callee.resource.waits_for_callback());
        let pulse = heartbeat.map(|heartbeat| Box::new(Pulse { heartbeat, deadline }));
        let waiting = self.run.frames.at_mut(frame);
        (waiting.pulse, waiting.submitted) = (pulse, false);
        match task.callee.resource.kind() {
            // Until a worker has fetched it, which is its first heartbeat, nobody can be silent about it.
            resource::Kind::Activity => self.run.wait(frame, Wait::Call { ordinal, heartbeat: false }, deadline),
            _ => self.run.wait_for_outcome(frame, ordinal, deadline),
        }
        Ok(Step::Blocked)
    }

    /// Parameters that the service would not call with.
    fn check_parameters(&self, frame: Id, task: &Task, input: Value) -> Result<(), Box<Fault>> {
        if task.callee.resource.kind() != resource::Kind::Service {
            return Ok(());
        }
        let Value::Object(fields) = input else { return Ok(()) };
        let faults: Vec<String> = parameters::of(task.callee.resource.service(), task.callee.resource.action())
            .iter()
            .filter(|(name, format)| {
                self.heap.field(fields, name).is_some_and(|value| !self.has_format(value, *format))
            })
            .map(|(name, _)| format!("The value of the field '{name}' has an invalid format"))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        let (shown, faults) = (self.heap.to_json(input), faults.join(", "));
        Err(self
            .runtime_fault(frame, &format!("The Parameters '{shown}' could not be used to start the Task: [{faults}]")))
    }

    fn has_format(&self, value: Value, format: Format) -> bool {
        let is_string = |value: &Value| matches!(value, Value::String(_));
        match (format, value) {
            (Format::String, value) => is_string(&value),
            (Format::Boolean, value) => value.as_bool().is_some(),
            (Format::StringLists, Value::Object(entries)) => self
                .heap
                .entries(entries)
                .all(|(_, value)| matches!(value, Value::Array(items) if self.heap.items(items).iter().all(is_string))),
            (Format::StringLists, _) => false,
        }
    }

    fn role_of(&mut self, frame: Id, task: &Task, credentials: Option<Value>) -> Result<Option<String>, Box<Fault>> {
        let Some(Value::Object(credentials)) = credentials else { return Ok(None) };
        match self.heap.field(credentials, ROLE_ARN) {
            Some(Value::String(role)) => Ok(Some(self.heap.str(role).into_owned())),
            Some(other) => match task.credentials.as_ref().and_then(|credentials| self.role_query(credentials)) {
                Some(query) => Err(self.unexpected_type(query, frame, "string", other)),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// The expression that gives the role.
    fn role_query<'p>(&self, credentials: &'p Payload) -> Option<&'p Query> {
        let Payload::Query(QueryTemplate::Object(object)) = credentials else { return None };
        object.parts.iter().find_map(|(_, key, part)| match part {
            QueryTemplate::Query(query) if self.heap.str(*key) == ROLE_ARN => Some(&**query),
            _ => None,
        })
    }

    fn seconds(
        &mut self,
        frame: Id,
        seconds: &Seconds,
        field: &str,
        data: Value,
    ) -> Result<Option<Duration>, Box<Fault>> {
        match seconds {
            Seconds::None => Ok(None),
            Seconds::Constant(seconds) => Ok(Some(Duration::from_secs(*seconds))),
            Seconds::Path(path) => self.seconds_at(frame, path, field, data).map(Some),
            Seconds::Query(query) => Ok(Some(Duration::from_secs(self.seconds_query(query, frame)?.unsigned_abs()))),
        }
    }

    fn seconds_at(&mut self, frame: Id, path: &Path, field: &str, data: Value) -> Result<Duration, Box<Fault>> {
        let value = self.read(path, frame, data)?;
        match self.heap.number(value) {
            Some(Num::Int(seconds)) if (1..=MAX_TIMEOUT_SECONDS).contains(&seconds) => {
                Ok(Duration::from_secs(seconds as u64))
            }
            _ => Err(self.wrong_number(frame, field, "integer", path.text(), value)),
        }
    }

    pub(super) fn resume(&mut self, call: CallId, outcome: Result<&[u8], TaskFailure>) {
        if !self.run.waits_for(call) {
            return;
        }
        self.begin_turn();
        self.allow_work();
        self.run.frames.at_mut(call.frame).wait = Wait::Nothing;
        let step = self.call_ended(call.frame, outcome);
        self.settle(call.frame, step);
    }

    /// What came of the request that a callback is to follow.
    pub(super) fn submitted(&mut self, call: CallId, outcome: Result<&[u8], TaskFailure>) {
        if !self.run.waits_for(call) {
            return;
        }
        let frame = call.frame;
        let state = self.program.state(self.run.frames.at(frame).state);
        let Kind::Task(task) = &state.kind else { return };
        match outcome {
            Ok(answer) => {
                let is_submission = task.callee.resource.kind() != resource::Kind::Activity;
                if !std::mem::replace(&mut self.run.frames.at_mut(frame).submitted, true) && is_submission {
                    self.emit_submitted(frame, task, Some(answer));
                }
            }
            Err(failure) => {
                self.begin_turn();
                self.allow_work();
                self.run.frames.at_mut(frame).wait = Wait::Nothing;
                let step = if failure.of_fields || failure.timed_out {
                    self.call_ended(frame, Err(failure))
                } else {
                    self.emit_submit_failed(frame, task, &failure);
                    Step::Fail(Fault::from_task(failure, &state.name))
                };
                self.settle(frame, step);
            }
        }
    }

    pub(super) fn call_ended(&mut self, frame: Id, outcome: Result<&[u8], TaskFailure>) -> Step {
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        let task = match &state.kind {
            Kind::Task(task) => task,
            Kind::Map(map) => return self.transfer_ended(frame, state, map, outcome).unwrap_or_else(Step::Fail),
            _ => return Step::Fail(self.bug(frame, "a call has ended in a state that makes none")),
        };
        let result = outcome.and_then(|json| self.result(task, json));
        match result {
            Ok(result) => {
                self.note(Stage::Result, result);
                self.emit_call_succeeded(frame, task, result);
                let work = &task.work;
                self.finish(frame, state, &work.common, work.result_selector.as_ref(), result)
                    .unwrap_or_else(Step::Fail)
            }
            Err(failure) if failure.of_fields => {
                let error = failure.error.as_deref().unwrap_or(RUNTIME);
                Step::Fail(self.fault(frame, error, failure.cause.as_deref().unwrap_or_default()))
            }
            Err(failure) => {
                self.emit_call_failed(frame, task, &failure);
                Step::Fail(Fault::from_task(failure, &state.name))
            }
        }
    }

    fn result(&mut self, task: &Task, json: &[u8]) -> Result<Value, TaskFailure> {
        let value = self
            .heap
            .parse(json)
            .map_err(|error| TaskFailure::new(RUNTIME, format!("The task's result is not valid JSON: {error}")))?;
        if self.heap.size(value) > self.run.limits.max_data_bytes {
            return Err(TaskFailure::result_too_large(match task.callee.resource.kind() {
                resource::Kind::Service => task.callee.resource.service(),
                resource::Kind::Function | resource::Kind::Activity => task.callee.resource.as_str(),
            }));
        }
        Ok(value)
    }

    pub(super) fn call_timed_out(&mut self, frame: Id, heartbeat: bool) -> Step {
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        let Kind::Task(task) = &state.kind else {
            return Step::Fail(self.bug(frame, "a call has timed out in a state that is no Task state"));
        };
        let failure = TaskFailure::timeout();
        self.emit_call_failed(frame, task, &failure);
        let mut fault = Fault::from_task(failure, &state.name);
        fault.missed_heartbeat = heartbeat;
        Step::Fail(fault)
    }
}
