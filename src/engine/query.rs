//! JSONata fields: expressions are evaluated, and what the field wants is checked.

use super::fault::{Fault, QUERY};
use super::interpreter::Interpreter;
use super::pool::Id;
use super::time::Timestamp;
use super::view::{Subject, View};
use crate::expr::Instant;
use crate::jsonata::EvaluationError;
use crate::program::{Query, QueryTemplate};
use crate::value::{Exceeded, Num, Value};

/// The longest time that a field can ask for, in seconds.
const MAX_SECONDS: i64 = 99_999_999;

impl Interpreter<'_> {
    /// Builds the value of a structure with expressions.
    pub(super) fn build_query(
        &mut self,
        template: &QueryTemplate,
        frame: Id,
        subject: Subject,
    ) -> Result<Value, Box<Fault>> {
        let mark = self.heap.mark();
        self.build_part(template, frame, subject).inspect_err(|_| self.heap.abandon(mark))
    }

    /// Leaves what it was building on the heap's stack if it fails.
    fn build_part(&mut self, template: &QueryTemplate, frame: Id, subject: Subject) -> Result<Value, Box<Fault>> {
        match template {
            QueryTemplate::Constant(value) => Ok(*value),
            QueryTemplate::Query(query) => self.query(query, frame, subject),
            QueryTemplate::Object(object) => {
                let draft = self.heap.draft(&object.outline);
                let mut draft = draft.map_err(|exceeded| self.exceeded(frame, exceeded))?;
                for (place, _, part) in &object.parts {
                    let value = match part {
                        // Most parts are: they go without a call of the whole.
                        QueryTemplate::Query(query) => self.query(query, frame, subject)?,
                        other => self.build_part(other, frame, subject)?,
                    };
                    self.heap.fill(&mut draft, *place, value);
                }
                self.heap.finish(draft).map_err(|exceeded| self.exceeded(frame, exceeded))
            }
            QueryTemplate::Array(items) => {
                let mark = self.heap.mark();
                for part in items {
                    let value = self.build_part(part, frame, subject)?;
                    self.heap.push(value);
                }
                self.heap.array_from(mark).map_err(|exceeded| self.exceeded(frame, exceeded))
            }
        }
    }

    fn exceeded(&mut self, frame: Id, exceeded: Exceeded) -> Box<Fault> {
        self.query_fault(frame, None, &EvaluationError::from(exceeded).to_string())
    }

    /// The value of an expression, which must have one.
    pub(super) fn query(&mut self, query: &Query, frame: Id, subject: Subject) -> Result<Value, Box<Fault>> {
        let mut view = View { run: self.run, program: self.program, frame, subject };
        let failed = match query.expression.evaluate(self.heap, &mut view) {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => "returned nothing (undefined).".to_owned(),
            Err(error) => match *error {
                EvaluationError::Thrown(text) => {
                    // As measured: what has no code, a passed bound, follows a colon.
                    let is_coded = text.find(": ") == Some(5) && text.as_bytes()[1..5].iter().all(u8::is_ascii_digit);
                    let mark = if is_coded { '.' } else { ':' };
                    format!("threw an error during evaluation{mark} {text}")
                }
                EvaluationError::Internal => "threw an internal error during evaluation.".to_owned(),
                EvaluationError::FunctionResult => "returned an unsupported result type.".to_owned(),
            },
        };
        Err(self.expression_failed(query, frame, &failed))
    }

    fn expression_failed(&mut self, query: &Query, frame: Id, what: &str) -> Box<Fault> {
        let (text, location) = (query.expression.text(), &query.location);
        let cause = format!("The JSONata expression '{text}' specified for the field '{location}' {what}");
        self.query_fault(frame, Some(location), &cause)
    }

    /// The expression gave a value of another type than its field takes.
    pub(super) fn unexpected_type(&mut self, query: &Query, frame: Id, expected: &str, value: Value) -> Box<Fault> {
        let shown = self.heap.excerpt(value);
        let found = value.type_name();
        let what =
            format!("returned an unexpected result type. Expected '{expected}', but was '{found}' for value: {shown}");
        self.expression_failed(query, frame, &what)
    }

    pub(super) fn boolean_query(&mut self, query: &Query, frame: Id, subject: Subject) -> Result<bool, Box<Fault>> {
        let value = self.query(query, frame, subject)?;
        value.as_bool().ok_or_else(|| self.unexpected_type(query, frame, "boolean", value))
    }

    pub(super) fn string_query(&mut self, query: &Query, frame: Id, subject: Subject) -> Result<String, Box<Fault>> {
        match self.query(query, frame, subject)? {
            Value::String(string) => Ok(self.heap.str(string).into_owned()),
            other => Err(self.unexpected_type(query, frame, "string", other)),
        }
    }

    fn number_query(&mut self, query: &Query, frame: Id, subject: Subject) -> Result<(Num, Value), Box<Fault>> {
        let value = self.query(query, frame, subject)?;
        match self.heap.number(value) {
            Some(number) => Ok((number, value)),
            None => Err(self.unexpected_type(query, frame, "number", value)),
        }
    }

    /// A whole number between 0 and the largest that the field takes.
    pub(super) fn integer_query(
        &mut self,
        query: &Query,
        frame: Id,
        subject: Subject,
        max: i64,
    ) -> Result<i64, Box<Fault>> {
        let (number, value) = self.number_query(query, frame, subject)?;
        let whole = match number {
            Num::Int(int) => Some(int),
            Num::Float(float) if float.fract() == 0.0 => Some(float as i64),
            Num::Float(_) => None,
        };
        let location = &query.location;
        let cause = match whole {
            Some(whole) if (0..=max).contains(&whole) => return Ok(whole),
            Some(whole) => format!("{location} must be between 0 and {max} but was: {whole}"),
            None => format!("The {location} field cannot be parsed as an integer: {}", self.heap.excerpt(value)),
        };
        Err(self.query_fault(frame, Some(location), &cause))
    }

    pub(super) fn seconds_query(&mut self, query: &Query, frame: Id) -> Result<i64, Box<Fault>> {
        let input = self.run.frames.at(frame).input;
        self.integer_query(query, frame, Subject::data(input), MAX_SECONDS)
    }

    pub(super) fn percentage_query(&mut self, query: &Query, frame: Id, subject: Subject) -> Result<f64, Box<Fault>> {
        let (number, value) = self.number_query(query, frame, subject)?;
        let percentage = number.as_f64();
        if (0.0..=100.0).contains(&percentage) {
            return Ok(percentage);
        }
        let location = &query.location;
        let cause = format!("{location} must be between 0 and 100 but was: {}", self.heap.excerpt(value));
        Err(self.query_fault(frame, Some(location), &cause))
    }

    pub(super) fn timestamp_query(
        &mut self,
        query: &Query,
        frame: Id,
        subject: Subject,
    ) -> Result<Timestamp, Box<Fault>> {
        let text = self.string_query(query, frame, subject)?;
        if let Some(instant) = Instant::parse(&text) {
            return Ok(Timestamp(instant.epoch_millis()));
        }
        let location = &query.location;
        let cause = format!(
            "The {location} field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
        );
        Err(self.query_fault(frame, Some(location), &cause))
    }

    /// A failure of a JSONata field, and its event.
    pub(super) fn query_fault(&mut self, frame: Id, location: Option<&str>, cause: &str) -> Box<Fault> {
        let fault = self.fault(frame, QUERY, cause);
        self.emit_evaluation_failed(frame, &fault.failure, location);
        fault
    }
}
