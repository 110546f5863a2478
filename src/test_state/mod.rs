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

use crate::engine::{Execution, Identity, Limits, Purpose, TaskCall, TaskFailure, Timestamp};
use crate::host::{Address, Calls, Host, Mailbox, Now};
use crate::identity::Realm;
use crate::program::Program;
use crate::resource::Resource;
use crate::task::Answer;
use crate::value::{Heap, read_document};
use mock::Mocked;
use subject::Subject;

const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// Where a test runs.
pub struct Surroundings<'a> {
    /// The time at which it begins.
    pub now: Timestamp,
    /// What random names and numbers derive from.
    pub seed: u64,
    /// Region and account in ARNs.
    pub realm: Realm,
    /// Bounds of the execution.
    pub limits: Limits,
    /// Carries out the call that a Task without a mock makes in this program; `None` if nothing here can.
    pub call: &'a mut dyn FnMut(&Program, TaskCall) -> Option<Answer>,
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
    let mut test = Test { request, subject: &subject, surroundings };
    let execution = test.start(input)?;
    let execution = test.run(execution, outcome)?;
    Ok(Response::of(&execution, &subject.state, input, level))
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
}

/// Keeps the call that the state makes, to be answered when its mock was looked at.
#[derive(Default)]
struct Pending(Option<(Address, TaskCall)>);

impl Calls<()> for Pending {
    type Handle = ();

    fn begin(&mut self, to: Address, (): &(), call: TaskCall) {
        self.0 = Some((to, call));
    }

    fn cancel(&mut self, (): ()) {}
}

impl Test<'_, '_> {
    fn start(&mut self, input: &str) -> Result<Execution, Exception> {
        let mut random = fastrand::Rng::with_seed(self.surroundings.seed);
        let mut unique = || uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string();
        let (machine, name) = (unique(), unique());
        let realm = &self.surroundings.realm;
        let identity = Identity {
            kafka: None,
            name: &name,
            id: &format!("{}{name}", realm.express_arn_prefix(&machine)),
            state_machine_name: &machine,
            state_machine_id: &realm.state_machine_arn(&machine),
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
        let mut execution = Execution::new(self.surroundings.limits.clone());
        execution
            .start_solo(&self.subject.program, &solo, input.as_bytes(), &identity, now)
            .map_err(|error| invalid_input(&error.to_string()))?;
        Ok(execution)
    }

    fn variables(&self) -> Result<String, Exception> {
        let Some(variables) = &self.request.variables else { return Ok("{}".to_owned()) };
        match read_document(variables.0.as_bytes()) {
            Ok(Value::Object(_)) => Ok(variables.0.clone()),
            _ => Err(Exception::validation("Variables must be a valid JSON object")),
        }
    }

    fn run(&mut self, execution: Execution, mut outcome: Option<Mocked>) -> Result<Box<Execution>, Exception> {
        let mailbox = Mailbox::default();
        let mut host = Host::new(self.surroundings.limits.clone(), mailbox.clone(), Pending::default());
        let mut now = Now { monotonic: 0, wall: self.surroundings.now };
        let key = host.adopt(Box::new(execution), (), now);
        loop {
            host.drive(now, 1);
            if let Some(ended) = host.take_ended() {
                return Ok(ended.execution);
            }
            if host.ready() > 0 {
                continue;
            }
            let call = host.calls_mut().0.take();
            if let Some(data) = call.as_ref().and_then(|(_, call)| self.items_for(call)) {
                call.into_iter().for_each(|(to, _)| mailbox.post(to, Ok(data.to_vec())));
                continue;
            }
            let outcome = match (outcome.take(), call) {
                (Some(outcome), _) => outcome,
                (None, Some((_, call))) => {
                    let resource = call.resource.clone();
                    (self.surroundings.call)(&self.subject.program, call).ok_or_else(|| unanswered(&resource))?
                }
                (None, None) => {
                    // A Wait: its time comes at once.
                    let time = host.time_to_next_turn(now).unwrap_or_default();
                    now.monotonic += i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                    continue;
                }
            };
            host.intervene(key, now, |execution, now| self.conclude(execution, outcome, now)).transpose()?;
        }
    }

    /// The data that the request has for an ItemReader. Without, the Map's mock stands for reading, too.
    fn items_for(&self, call: &TaskCall) -> Option<&[u8]> {
        let reads = matches!(call.purpose, Purpose::ReadObject { .. } | Purpose::ListObjects { .. });
        let data = self.request.state_configuration.map_item_reader_data.as_ref().filter(|_| reads);
        data.map(|data| data.0.as_bytes())
    }

    fn conclude(&self, execution: &mut Execution, outcome: Mocked, now: Timestamp) -> Result<(), Exception> {
        let exceeded = self.threshold_exceeded(execution)?;
        let outcome = outcome.and_then(|result| match exceeded {
            true => Err(TaskFailure::new(EXCEEDED, "The specified tolerated failure threshold was exceeded")),
            false => Ok(result),
        });
        execution.conclude(outcome.as_deref().map_err(Clone::clone), now);
        Ok(())
    }

    /// Whether more iterations are said to have failed than the Map tolerates. Recorded (test_map_failure_count): a Map
    /// that says nothing of failures tolerates them all here.
    fn threshold_exceeded(&self, execution: &Execution) -> Result<bool, Exception> {
        let failed = self.request.state_configuration.map_iteration_failure_count.unwrap_or_default();
        let Some(bounds) = execution.map_bounds() else { return Ok(false) };
        let iterations = bounds.iterations.unwrap_or(u32::MAX);
        let failed = u32::try_from(failed).unwrap_or(u32::MAX);
        if failed > iterations {
            let message = "Map iteration failure count must be less than or equal to the number of Map iterations";
            return Err(Exception::validation(message));
        }
        let share = f64::from(failed) * 100.0 / f64::from(iterations.max(1));
        Ok(bounds.tolerated_failure_count.is_some_and(|tolerated| u64::from(failed) > tolerated)
            || bounds.tolerated_failure_percentage.is_some_and(|tolerated| share > tolerated))
    }
}

fn unanswered(resource: &Resource) -> Exception {
    Exception::validation(format!(
        "Nothing here can call {resource}: give a mock, or a configuration with a task for it"
    ))
}
