//! The way of the data through a state: InputPath, templates, ResultPath, OutputPath, variables.

use super::fault::{DATA_LIMIT, Fault};
use super::interpreter::{Interpreter, Step};
use super::notes::Stage;
use super::pool::Id;
use super::view::{Subject, View};
use crate::expr::{Path, PathError, ResultPathError};
use crate::program::{Common, Next, Payload, ResultPath, Selection, State};
use crate::value::{Exceeded, List, Value};

impl Interpreter<'_> {
    /// Applies InputPath or OutputPath.
    #[inline]
    pub(super) fn select(&mut self, selection: &Selection, frame: Id, data: Value) -> Result<Value, Box<Fault>> {
        match selection {
            Selection::Whole => Ok(data),
            Selection::Nothing => Ok(self.heap.empty_object()),
            Selection::Path(path) => self.read(path, frame, data),
        }
    }

    /// The value that a path of a field finds.
    pub(super) fn read(&mut self, path: &Path, frame: Id, data: Value) -> Result<Value, Box<Fault>> {
        self.lookup(path, frame, data)
            .map_err(|error| self.expression_fault(frame, &error.in_field(self.heap, path), data))
    }

    pub(super) fn lookup(&mut self, path: &Path, frame: Id, data: Value) -> Result<Value, PathError> {
        let mut view = View { run: self.run, program: self.program, frame, subject: Subject::data(data) };
        path.resolve(self.heap, &mut view)
    }

    /// Builds the value of a field.
    pub(super) fn build(&mut self, payload: &Payload, frame: Id, subject: Subject) -> Result<Value, Box<Fault>> {
        match payload {
            Payload::Template(template) => {
                let mut view = View { run: self.run, program: self.program, frame, subject };
                let value = template.evaluate(self.heap, &mut view);
                value.map_err(|error| self.expression_fault(frame, &error, subject.data))
            }
            Payload::Query(template) => self.build_query(template, frame, subject),
        }
    }

    /// Builds the variables that a field sets; they are [assigned](Interpreter::assign) when all of the state's data
    /// has been computed with the old ones.
    pub(super) fn build_variables(
        &mut self,
        assign: Option<&Payload>,
        frame: Id,
        subject: Subject,
    ) -> Result<Option<Value>, Box<Fault>> {
        assign.map(|assign| self.build(assign, frame, subject)).transpose()
    }

    /// The output of a state that has no result: JSONata `Output`, of the state or of a rule, or OutputPath.
    pub(super) fn output(
        &mut self,
        frame: Id,
        state: &State,
        output: &Option<Payload>,
        data: Value,
    ) -> Result<Value, Box<Fault>> {
        match output {
            Some(output) => self.build(output, frame, Subject::data(data)),
            None => self.select(&state.output_path, frame, data),
        }
    }

    pub(super) fn put_result(
        &mut self,
        result_path: &ResultPath,
        frame: Id,
        input: Value,
        result: Value,
    ) -> Result<Value, Box<Fault>> {
        match result_path {
            ResultPath::Replace => Ok(result),
            ResultPath::Discard => Ok(input),
            ResultPath::Write(path) => {
                let owns_input = std::mem::take(&mut self.run.frames.at_mut(frame).owns_input);
                let written = if owns_input {
                    path.write_in_place(self.heap, input, result)
                } else {
                    path.write(self.heap, input, result)
                };
                written.map_err(|error| match error {
                    ResultPathError::Exceeded(exceeded @ (Exceeded::Memory | Exceeded::Work)) => {
                        self.exceeded_fault(frame, exceeded)
                    }
                    other => self.fault(frame, other.error_name(), &other.to_string()),
                })
            }
        }
    }

    /// Ends an attempt of a state that has a result.
    pub(super) fn finish(
        &mut self,
        frame: Id,
        state: &State,
        common: &Common,
        selector: Option<&Payload>,
        result: Value,
    ) -> Result<Step, Box<Fault>> {
        let subject = match state.kind.work() {
            Some(_) => Subject::result(result),
            None => Subject::data(result),
        };
        let variables = self.build_variables(state.assign.as_ref(), frame, subject)?;
        if let Some(output) = &state.output {
            let output = self.build(output, frame, subject)?;
            return self.leave(frame, state, output, variables, common.next);
        }
        let selected = match selector {
            Some(selector) => self.build(selector, frame, subject)?,
            None => result,
        };
        self.note(Stage::ResultSelector, selected);
        let input = self.run.frames.at(frame).input;
        let combined = self.put_result(&common.result_path, frame, input, selected)?;
        self.note(Stage::ResultPath, combined);
        let output = self.select(&state.output_path, frame, combined)?;
        let is_seen = self.run.record_history || self.is_solo();
        self.run.frames.at_mut(frame).owns_input =
            matches!((&common.result_path, &state.output_path), (ResultPath::Write(_), Selection::Whole)) && !is_seen;
        self.leave(frame, state, output, variables, common.next)
    }

    /// The value, unless its JSON text is larger than the service's limit.
    #[inline]
    pub(super) fn bounded(&self, frame: Id, value: Value) -> Result<Value, Box<Fault>> {
        if self.heap.size(value) > self.run.limits.max_data_bytes {
            return Err(self.data_limit_fault(frame, self.state_name(frame)));
        }
        Ok(value)
    }

    /// Leaves the state with its output.
    pub(super) fn leave(
        &mut self,
        frame: Id,
        state: &State,
        output: Value,
        variables: Option<Value>,
        next: Next,
    ) -> Result<Step, Box<Fault>> {
        let output = self.bounded(frame, output)?;
        if self.heap.bytes_used() > self.run.limits.max_heap_bytes {
            return Err(self.heap_limit_fault(frame));
        }
        self.assign(frame, variables)?;
        self.observe_left(frame, state, output, variables);
        Ok(match next {
            Next::State(next) => Step::Enter(next, output),
            Next::End => Step::End(output),
        })
    }

    fn assign(&mut self, frame: Id, variables: Option<Value>) -> Result<(), Box<Fault>> {
        let Some(Value::Object(variables)) = variables else { return Ok(()) };
        self.check_variables(frame, variables)?;
        for index in 0..variables.len() {
            let (name, value) = self.heap.entry(variables, index);
            self.run.assign(self.heap, frame, name, value);
        }
        Ok(())
    }

    fn check_variables(&self, frame: Id, variables: List) -> Result<(), Box<Fault>> {
        let bytes = |value| u64::from(self.heap.size(value));
        let limits = &self.run.limits;
        let set: u64 = self.heap.entries(variables).map(|(_, value)| bytes(value)).sum();
        if set > u64::from(limits.max_assign_bytes) {
            let cause = format!("Assign sets {set} bytes, more than the {} that it may.", limits.max_assign_bytes);
            return Err(self.fault(frame, DATA_LIMIT, &cause));
        }
        let old = self.heap.entries(variables).filter_map(|(name, _)| self.run.own_variable(self.heap, frame, name));
        let all = self.run.variables_of_execution(frame).map(bytes).sum::<u64>() + set - old.map(bytes).sum::<u64>();
        if all > limits.max_variables_bytes {
            let limit = limits.max_variables_bytes;
            let cause =
                format!("The execution's variables would take {all} bytes, more than the {limit} that they may.");
            return Err(self.fault(frame, DATA_LIMIT, &cause));
        }
        Ok(())
    }
}
