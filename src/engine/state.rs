//! One attempt of a state, by type.

use super::fault::Fault;
use super::frame::Wait as Waiting;
use super::interpreter::{Interpreter, Step};
use super::notes::Stage;
use super::pool::Id;
use super::time::Timestamp;
use super::view::{Subject, View};
use crate::expr::{Instant, Path};
use crate::program::{Choice, ChoiceRule, Fail, FailText, Kind, Next, RuleCondition, State, Wait};
use crate::value::{Num, Value};

/// The longest wait that the service accepts, in seconds.
const MAX_WAIT_SECONDS: i64 = 99_999_999;

impl Interpreter<'_> {
    pub(super) fn attempt(&mut self, frame: Id) -> Step {
        self.try_attempt(frame).unwrap_or_else(Step::Fail)
    }

    fn try_attempt(&mut self, frame: Id) -> Result<Step, Box<Fault>> {
        self.allow_work();
        let running = self.run.frames.at_mut(frame);
        let input = running.input;
        // Most states give the input to others, in one way or another.
        let owns_input = std::mem::take(&mut running.owns_input);
        let program = self.program;
        let state = program.state(running.state);
        if let Kind::Task(task) = &state.kind {
            self.prepare_token(frame, task);
        }
        let data = self.select(&state.input_path, frame, input)?;
        self.note(Stage::InputPath, data);
        match &state.kind {
            Kind::Pass(pass) => {
                let result = match (pass.result, &pass.common.parameters) {
                    (Some(result), _) => {
                        self.run.frames.at_mut(frame).owns_input = owns_input && state.keeps_data();
                        self.note(Stage::Result, result);
                        result
                    }
                    (None, Some(parameters)) => self.build(parameters, frame, Subject::data(data))?,
                    (None, None) => data,
                };
                if pass.result.is_none() {
                    self.note(Stage::Parameters, result);
                }
                self.finish(frame, state, &pass.common, None, result)
            }
            Kind::Choice(choice) => self.choose(frame, state, choice, data),
            Kind::Wait(wait, next) => self.begin_wait(frame, state, wait, *next, data),
            Kind::Succeed => {
                let output = self.output(frame, state, &state.output, data)?;
                self.leave(frame, state, output, None, Next::End)
            }
            Kind::Fail(fail) => Err(self.fail_state(frame, fail)),
            Kind::Task(task) => self.begin_call(frame, state, task, data),
            Kind::Parallel(parallel) => self.begin_parallel(frame, parallel, data),
            Kind::Map(map) => self.begin_map(frame, state, map, data),
        }
    }

    fn choose(&mut self, frame: Id, state: &State, choice: &Choice, data: Value) -> Result<Step, Box<Fault>> {
        let chosen = self.first_rule(frame, choice, data)?;
        let (next, assign, output) = match (chosen, choice.default) {
            (Some(rule), _) => (rule.next, &rule.assign, &rule.output),
            (None, Some(default)) => (default, &state.assign, &state.output),
            (None, None) => {
                let cause = "Failed to transition out of the state. The state does not point to a next state.";
                return Err(self.runtime_fault(frame, cause));
            }
        };
        let variables = self.build_variables(assign.as_ref(), frame, Subject::data(data))?;
        let output = self.output(frame, state, output, data)?;
        self.leave(frame, state, output, variables, Next::State(next))
    }

    /// The first rule that holds.
    fn first_rule<'a>(
        &mut self,
        frame: Id,
        choice: &'a Choice,
        data: Value,
    ) -> Result<Option<&'a ChoiceRule>, Box<Fault>> {
        let mut tables = choice.tables.iter().peekable();
        let mut index = 0;
        while let Some(rule) = choice.rules.get(index) {
            self.heap.work(1).map_err(|exceeded| self.exceeded_fault(frame, exceeded))?;
            if let Some(table) = tables.next_if(|table| table.rules().start == index) {
                let mut view = View { run: self.run, program: self.program, frame, subject: Subject::data(data) };
                let found = table.evaluate(self.heap, &mut view);
                if let Some(found) = found.map_err(|error| self.expression_fault(frame, &error, data))? {
                    return Ok(choice.rules.get(found));
                }
                index = table.rules().end;
            } else if self.holds(&rule.condition, frame, data)? {
                return Ok(Some(rule));
            } else {
                index += 1;
            }
        }
        Ok(None)
    }

    fn holds(&mut self, condition: &RuleCondition, frame: Id, data: Value) -> Result<bool, Box<Fault>> {
        match condition {
            RuleCondition::Test(condition) => {
                let mut view = View { run: self.run, program: self.program, frame, subject: Subject::data(data) };
                let holds = condition.evaluate(self.heap, &mut view);
                holds.map_err(|error| self.expression_fault(frame, &error, data))
            }
            RuleCondition::Constant(holds) => Ok(*holds),
            RuleCondition::Query(query) => self.boolean_query(query, frame, Subject::data(data)),
        }
    }

    fn begin_wait(
        &mut self,
        frame: Id,
        state: &State,
        wait: &Wait,
        next: Next,
        data: Value,
    ) -> Result<Step, Box<Fault>> {
        let until = match wait {
            Wait::Seconds(seconds) => self.in_seconds(*seconds as i64),
            Wait::Timestamp(millis) => Timestamp(*millis),
            Wait::SecondsPath(path) => {
                let seconds = self.wait_seconds(frame, path, data)?;
                self.in_seconds(seconds)
            }
            Wait::TimestampPath(path) => self.wait_timestamp(frame, path, data)?,
            Wait::SecondsQuery(query) => {
                let seconds = self.seconds_query(query, frame)?;
                self.in_seconds(seconds)
            }
            Wait::TimestampQuery(query) => self.timestamp_query(query, frame, Subject::data(data))?,
        };
        if until <= self.run.now {
            return self.end_wait(frame, state, next, data);
        }
        if until > self.in_seconds(MAX_WAIT_SECONDS) {
            return Err(self.runtime_fault(frame, "Wait state delay is too long."));
        }
        self.run.wait(frame, Waiting::Delay, Some(until));
        Ok(Step::Blocked)
    }

    pub(super) fn in_seconds(&self, seconds: i64) -> Timestamp {
        Timestamp(self.run.now.0.saturating_add(seconds.saturating_mul(1000)))
    }

    pub(super) fn wait_is_over(&mut self, frame: Id) -> Step {
        self.allow_work();
        let running = self.run.frames.at(frame);
        let program = self.program;
        let state = program.state(running.state);
        let (Kind::Wait(_, next), input) = (&state.kind, running.input) else {
            return Step::Fail(self.bug(frame, "a delay has ended in a state that is no Wait state"));
        };
        self.select(&state.input_path, frame, input)
            .and_then(|data| self.end_wait(frame, state, *next, data))
            .unwrap_or_else(Step::Fail)
    }

    fn end_wait(&mut self, frame: Id, state: &State, next: Next, data: Value) -> Result<Step, Box<Fault>> {
        let variables = self.build_variables(state.assign.as_ref(), frame, Subject::data(data))?;
        let output = self.output(frame, state, &state.output, data)?;
        self.leave(frame, state, output, variables, next)
    }

    fn wait_seconds(&mut self, frame: Id, path: &Path, data: Value) -> Result<i64, Box<Fault>> {
        let text = path.text();
        let Ok(value) = self.lookup(path, frame, data) else {
            let cause = format!("The SecondsPath parameter does not reference an input value: {text}");
            return Err(self.runtime_fault(frame, &cause));
        };
        let shown = |this: &Self| match value {
            Value::String(string) => this.heap.str(string).into_owned(),
            other => this.heap.excerpt(other),
        };
        match self.heap.number(value) {
            Some(Num::Int(seconds)) if seconds >= 0 => Ok(seconds),
            Some(Num::Int(seconds)) => {
                let cause = format!("The SecondsPath parameter references a negative value: {text} == {seconds}");
                Err(self.runtime_fault(frame, &cause))
            }
            _ => {
                let value = shown(self);
                let cause = format!("The SecondsPath parameter cannot be parsed as a long value: {text} == {value}");
                Err(self.runtime_fault(frame, &cause))
            }
        }
    }

    fn wait_timestamp(&mut self, frame: Id, path: &Path, data: Value) -> Result<Timestamp, Box<Fault>> {
        let text = path.text();
        let Ok(value) = self.lookup(path, frame, data) else {
            let cause = format!("The TimestampPath parameter does not reference an input value: {text}");
            return Err(self.runtime_fault(frame, &cause));
        };
        let shown = match value {
            Value::String(string) => self.heap.str(string).into_owned(),
            other => self.heap.excerpt(other),
        };
        let parsed = matches!(value, Value::String(_)).then(|| Instant::parse(&shown)).flatten();
        parsed.map(|instant| Timestamp(instant.epoch_millis())).ok_or_else(|| {
            let cause = format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format \
                 string: {text} == {shown}"
            );
            self.runtime_fault(frame, &cause)
        })
    }

    fn fail_state(&mut self, frame: Id, fail: &Fail) -> Box<Fault> {
        let texts = self.fail_text(frame, &fail.error, "ErrorPath").and_then(|error| {
            let cause = self.fail_text(frame, &fail.cause, "CausePath")?;
            Ok((error, cause))
        });
        match texts {
            Ok((error, cause)) => Fault::new(error, cause, self.state_name(frame)),
            Err(fault) => fault,
        }
    }

    fn fail_text(&mut self, frame: Id, text: &FailText, field: &str) -> Result<Option<String>, Box<Fault>> {
        let data = self.run.frames.at(frame).input;
        let value = match text {
            FailText::None => return Ok(None),
            FailText::Constant(text) => return Ok(Some(text.to_string())),
            FailText::Query(query) => return self.string_query(query, frame, Subject::data(data)).map(Some),
            FailText::Path(path) => {
                let found = self.lookup(path, frame, data);
                found.map_err(|error| error.in_template(self.heap, path, field))
            }
            FailText::Call(call) => {
                let mut view = View { run: self.run, program: self.program, frame, subject: Subject::data(data) };
                call.evaluate(self.heap, &mut view)
            }
        };
        match value {
            Ok(Value::String(string)) => Ok(Some(self.heap.str(string).into_owned())),
            Ok(other) => {
                let value = self.heap.excerpt(other);
                let cause = format!("The value of the field '{field}' must be a string but was: {value}");
                Err(self.runtime_fault(frame, &cause))
            }
            Err(error) => Err(self.expression_fault(frame, &error, data)),
        }
    }
}
