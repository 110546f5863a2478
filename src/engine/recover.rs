//! Retry and Catch.

use std::time::Duration;

use super::fault::Fault;
use super::frame::Wait;
use super::interpreter::{Interpreter, Step};
use super::pool::Id;
use super::view::Subject;
use crate::program::{CatchClause, Kind, Next, RetryClause, State, Work};
use crate::value::Value;

impl Interpreter<'_> {
    /// Retries or catches a failure of the state that the frame is in; else passes it to the frame around.
    pub(super) fn recover(&mut self, frame: Id, mut fault: Box<Fault>) -> Option<(Id, Step)> {
        let program = self.program;
        let state = program.state(self.run.frames.at(frame).state);
        self.observe_failed(frame, &fault);
        if let Some(work) = state.kind.work() {
            let handled = !fault.is_final();
            self.fail_map_run(frame, &fault.failure);
            if handled && let Some(delay) = self.retry_delay(frame, work, &fault) {
                if self.is_solo() {
                    self.end_retriable(fault.failure, delay);
                    return None;
                }
                self.observe_retried(frame);
                self.begin_retry(frame, delay);
                return None;
            }
            self.emit_fan_out_failed(frame, state, &fault);
            let catcher = work.catch.iter().position(|catcher| handled && fault.matches(&catcher.errors));
            if let Some(index) = catcher {
                self.note_catcher(catcher, &fault.failure);
                match self.catch(frame, state, &work.catch[index], &fault) {
                    Ok(step) => {
                        self.observe_caught(frame);
                        return Some((frame, step));
                    }
                    Err(failed) => {
                        fault = failed;
                        self.note_catcher(None, &fault.failure);
                    }
                }
            }
        }
        self.observe_given_up(frame);
        match self.run.frames.at(frame).parent {
            Some(group) => {
                // Recorded (test_no_error_field): a task that failed without an error name counts as stopped with its branch.
                if fault.failure.error.is_none() && matches!(state.kind, Kind::Task(_)) && self.is_branch(group) {
                    self.emit_aborted(frame);
                }
                self.child_failed(group, frame, fault)
            }
            None => {
                self.end_failed(fault.failure);
                None
            }
        }
    }

    /// The first retrier that matches decides; if it is used up, none retries.
    fn retry_delay(&mut self, frame: Id, work: &Work, fault: &Fault) -> Option<Duration> {
        let index = work.retry.iter().position(|retrier| fault.matches(&retrier.errors))?;
        self.note_retrier(index);
        let retrier = &work.retry[index];
        let earlier = self.earlier_retries();
        let counts = &mut self.run.frames.at_mut(frame).retries;
        if counts.len() <= index {
            counts.resize(index + 1, earlier);
        }
        if counts[index] >= retrier.max_attempts {
            return None;
        }
        counts[index] += 1;
        let fired = counts[index];
        Some(self.delay(retrier, fired))
    }

    fn delay(&mut self, retrier: &RetryClause, fired: u64) -> Duration {
        let exponent = i32::try_from(fired - 1).unwrap_or(i32::MAX);
        let mut seconds = retrier.interval * retrier.backoff_rate.powi(exponent);
        if let Some(cap) = retrier.max_delay {
            seconds = seconds.min(cap);
        }
        if retrier.jitter {
            seconds *= self.run.random.f64();
        }
        // A delay beyond what a duration holds outlives every execution.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::from(u32::MAX)))
    }

    fn begin_retry(&mut self, frame: Id, delay: Duration) {
        self.run.retries += 1;
        let until = self.run.now.after(delay);
        let retrying = self.run.frames.at_mut(frame);
        retrying.retry_count += 1;
        retrying.context = None;
        self.run.wait(frame, Wait::Retry, Some(until));
    }

    fn catch(&mut self, frame: Id, state: &State, catcher: &CatchClause, fault: &Fault) -> Result<Step, Box<Fault>> {
        // The attempt may have failed because it took too much.
        self.allow_work();
        let error_output = self.error_output(frame, fault)?;
        let subject = Subject::error_output(error_output);
        let variables = self.build_variables(catcher.assign.as_ref(), frame, subject)?;
        let input = self.run.frames.at(frame).input;
        let output = match &catcher.output {
            Some(output) => self.build(output, frame, subject)?,
            None => self.put_result(&catcher.result_path, frame, input, error_output)?,
        };
        self.leave(frame, state, output, variables, Next::State(catcher.next))
    }

    /// `{"Error": …, "Cause": …}`. A failure without a cause shows an empty one. Recorded (test_no_error_field):
    /// without an error either, both are `null`.
    fn error_output(&mut self, frame: Id, fault: &Fault) -> Result<Value, Box<Fault>> {
        let error = match &fault.failure.error {
            Some(error) => self.heap.string(error),
            None => Value::Null,
        };
        let cause = match &fault.failure.cause {
            Some(cause) => self.heap.string(cause),
            None if fault.failure.error.is_some() => self.heap.string(""),
            None => Value::Null,
        };
        let mark = self.heap.mark();
        self.heap.push_entry(self.program.keys.error, error);
        self.heap.push_entry(self.program.keys.cause, cause);
        self.heap.object_from(mark).map_err(|exceeded| self.exceeded_fault(frame, exceeded))
    }
}
