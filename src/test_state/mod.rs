//! One state, as the TestState API runs it: from the request to the answer.
//!
//! The state is compiled and run by the production engine, which notes what its data goes through. Here are only the rules of
//! the API: what a request may hold, what a mock must look like, and what the answer shows.
//!
//! **Invariant:** no I/O and no clock: the time is an argument, and waits elapse at once.

mod context;
mod exception;
mod mock;
mod request;
mod response;
mod shapes;
mod subject;

pub use exception::{Code, Exception};
pub use request::{Configuration, ErrorOutput, Mock, Payload, Request};
pub use response::{ErrorDetails, InspectionData, Response};

use serde_json::Value;

use crate::engine::{Effect, Execution, Identity, Limits, Progress, Purpose, TaskCall, TaskFailure, Timestamp};
use crate::value::{Heap, read_document};
use mock::Outcome;
use subject::Subject;

const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// Where a test runs.
pub struct Surroundings<'a> {
    /// The time at which it begins.
    pub now: Timestamp,
    /// What random names and numbers derive from.
    pub seed: u64,
    /// Bounds of the execution.
    pub limits: Limits,
    /// Carries out the call of a Task without a mock; `None` if nothing here can.
    pub call: &'a mut dyn FnMut(TaskCall) -> Option<Result<Vec<u8>, TaskFailure>>,
}

/// Runs one state.
///
/// # Errors
/// [`Exception`]: the request is refused.
pub fn test_state(request: &Request, surroundings: &mut Surroundings<'_>) -> Result<Response, Exception> {
    request.check()?;
    let level = request.level()?;
    let subject = Subject::of(request)?;
    let outcome = mock::read(request, &subject.state)?;
    check_role(request)?;
    let input = request.input.as_ref().map_or("{}", |input| &input.0);
    // The heap's reader has the service's words.
    Heap::new().parse(input.as_bytes()).map_err(|error| invalid_input(&error.kind.to_string()))?;
    let execution = Execution::new(surroundings.limits.clone());
    let mut test = Test { request, subject: &subject, surroundings, execution };
    test.start(input)?;
    test.run(outcome)?;
    Ok(Response::of(&test.execution, &subject.state, input, level))
}

fn check_role(request: &Request) -> Result<(), Exception> {
    match &request.role_arn {
        Some(role) if !role.starts_with("arn:") => {
            let message = format!("Invalid Arn: 'Invalid ARN prefix: {role}'");
            Err(Exception { code: Code::InvalidArn, message })
        }
        _ => Ok(()),
    }
}

fn invalid_input(fault: &str) -> Exception {
    let message = format!("Invalid State Machine Execution Input: '{fault}'");
    Exception { code: Code::InvalidExecutionInput, message }
}

struct Test<'a, 'b> {
    request: &'a Request,
    subject: &'a Subject,
    surroundings: &'a mut Surroundings<'b>,
    execution: Execution,
}

impl Test<'_, '_> {
    fn start(&mut self, input: &str) -> Result<(), Exception> {
        let mut random = fastrand::Rng::with_seed(self.surroundings.seed);
        let mut unique = || uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string();
        let (machine, name) = (unique(), unique());
        let identity = Identity {
            name: &name,
            id: &format!("arn:aws:states:us-east-1:000000000000:express:{machine}:{name}"),
            state_machine_name: &machine,
            state_machine_id: &format!("arn:aws:states:us-east-1:000000000000:stateMachine:{machine}"),
            role_arn: self.request.role_arn.as_deref().unwrap_or_default(),
            seed: self.surroundings.seed,
        };
        let retries = self.request.state_configuration.retrier_retry_count.unwrap_or_default();
        let retries = u64::try_from(retries).unwrap_or_default();
        let now = self.surroundings.now;
        let context = match &self.request.context {
            Some(context) => context.0.clone(),
            None => {
                let input = read_document(input.as_bytes()).unwrap_or_default();
                let role = self.request.role_arn.as_deref();
                context::of_its_own(&self.subject.state, &input, role, &identity, retries, now)
            }
        };
        let variables = self.variables()?;
        let solo = self.subject.solo(variables.as_bytes(), context.as_bytes(), retries);
        self.execution
            .start_solo(&self.subject.program, &solo, input.as_bytes(), &identity, now)
            .map_err(|error| invalid_input(&error.to_string()))
    }

    fn variables(&self) -> Result<String, Exception> {
        let Some(variables) = &self.request.variables else { return Ok("{}".to_owned()) };
        match read_document(variables.0.as_bytes()) {
            Ok(Value::Object(_)) => Ok(variables.0.clone()),
            _ => Err(Exception::validation("Variables must be a valid JSON object")),
        }
    }

    fn run(&mut self, mut outcome: Option<Outcome>) -> Result<(), Exception> {
        let mut now = self.surroundings.now;
        loop {
            match self.execution.run(now) {
                Progress::Ended => return Ok(()),
                Progress::Yielded => continue,
                Progress::Suspended => {}
            }
            let call = self.call();
            if call.as_ref().is_some_and(|call| self.read_items(call, now)) {
                continue;
            }
            match (outcome.take(), call) {
                (Some(outcome), _) => self.conclude(outcome, now)?,
                (None, Some(call)) => {
                    let resource = call.resource.clone();
                    let answer = (self.surroundings.call)(call).ok_or_else(|| unanswered(&resource))?;
                    self.conclude(answer, now)?;
                }
                // A Wait: its time comes at once.
                (None, None) => now = self.execution.wake_at().unwrap_or(now),
            }
        }
    }

    fn call(&mut self) -> Option<TaskCall> {
        std::iter::from_fn(|| self.execution.take_effect()).find_map(|effect| match effect {
            Effect::Call(call) => Some(call),
            Effect::Cancel(_) => None,
        })
    }

    /// Gives an ItemReader the data that the request has for it. Without, the Map's mock stands for reading, too.
    fn read_items(&mut self, call: &TaskCall, now: Timestamp) -> bool {
        let reads = matches!(call.purpose, Purpose::ReadObject { .. } | Purpose::ListObjects { .. });
        let data = self.request.state_configuration.map_item_reader_data.as_ref().filter(|_| reads);
        if let Some(data) = data {
            self.execution.resume(call.id, Ok(data.0.as_bytes()), now);
        }
        data.is_some()
    }

    fn conclude(&mut self, outcome: Outcome, now: Timestamp) -> Result<(), Exception> {
        let exceeded = self.threshold_exceeded()?;
        let outcome = outcome.and_then(|result| match exceeded {
            true => Err(TaskFailure::new(EXCEEDED, "The specified tolerated failure threshold was exceeded")),
            false => Ok(result),
        });
        self.execution.conclude(outcome.as_deref().map_err(Clone::clone), now);
        Ok(())
    }

    /// Whether more iterations are said to have failed than the Map tolerates. Recorded (test_map_failure_count): a Map
    /// that says nothing of failures tolerates them all here.
    fn threshold_exceeded(&self) -> Result<bool, Exception> {
        let failed = self.request.state_configuration.map_iteration_failure_count.unwrap_or_default();
        let Some(bounds) = self.execution.map_bounds() else { return Ok(false) };
        let iterations = bounds.iterations.unwrap_or(u32::MAX);
        let failed = u32::try_from(failed).unwrap_or(u32::MAX);
        if failed > iterations {
            let message = "Map iteration failure count must be less than or equal to the number of Map iterations";
            return Err(Exception::validation(message));
        }
        let share = f64::from(failed) * 100.0 / f64::from(iterations.max(1));
        Ok(bounds.tolerated_failure_count.is_some_and(|borne| u64::from(failed) > borne)
            || bounds.tolerated_failure_percentage.is_some_and(|borne| share > borne))
    }
}

fn unanswered(resource: &str) -> Exception {
    Exception::validation(format!(
        "Nothing here can call {resource}: give a mock, or a configuration with a task for it"
    ))
}
