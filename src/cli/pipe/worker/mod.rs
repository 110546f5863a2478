//! Runs events through the engine, on one thread.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::flow::Worker;
use super::lines::{Chunk, Content};
use super::results::{Ordered, Results};
use crate::engine::{EventError, Limits, TaskCall, TaskFailure};
use crate::host::{Clock, Ended, Host, LocalCalls, Mailbox, Origin, Permits, Started};
use crate::identity::{ExecutionName, ExecutionNames, Realm};
use crate::program::Program;
use crate::task::{Entry, Resolved};

/// The longest rest while calls are open or time has to pass: an answer ends it at once.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// What all workers do.
pub(super) struct Job {
    pub(super) program: Arc<Program>,
    pub(super) connectors: Resolved,
    pub(super) limits: Limits,
    /// Region and account in the ARNs of executions.
    pub(super) realm: Realm,
    /// Name of the workflow.
    pub(super) workflow: String,
    /// Executions are named `<run id>-<line>`: calls of another run get other idempotency keys, unless it has the same
    /// id.
    pub(super) run_id: String,
    /// Executions that a worker runs at a time, where they wait for tasks or time.
    pub(super) concurrency: usize,
    /// Bounds the task calls that are open at a time, over all workers.
    pub(super) permits: Arc<Permits>,
    /// Whether failure records are wanted.
    pub(super) keep_failures: bool,
}

/// Runs events through the engine, on one thread.
pub(super) struct EventWorker {
    job: Arc<Job>,
    host: Host<Line, LocalCalls>,
    clock: Clock,
    names: ExecutionNames,
    /// Where the names of events are written, one after another.
    name: ExecutionName,
}

/// What is kept of a line while its execution waits.
struct Line {
    /// Its place among the events of the chunk.
    index: usize,
    number: u64,
    event: Box<[u8]>,
    name: Box<str>,
    arn: Arc<str>,
    job: Arc<Job>,
}

impl Origin for Line {
    fn name(&self) -> &str {
        &self.name
    }

    fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.job.connectors.entry(call)
    }
}

impl EventWorker {
    /// Fails when the system gives no event queue for the runtime.
    pub(super) fn new(job: Arc<Job>) -> io::Result<Self> {
        let mailbox = Mailbox::default();
        let calls = LocalCalls::new(job.workflow.as_str().into(), job.permits.clone(), mailbox.clone())?;
        Ok(EventWorker {
            host: Host::new(job.limits.clone(), mailbox, calls),
            clock: Clock::new(),
            names: ExecutionNames::of_run(&job.realm, &job.run_id, &job.workflow),
            name: ExecutionName::default(),
            job,
        })
    }

    /// Runs the events side by side, as many at a time as allowed.
    fn run_all(&mut self, chunk: &Chunk) -> Results {
        // Executions that never wait gain nothing from others beside them.
        let side_by_side = if self.job.program.can_suspend() { self.job.concurrency } else { 1 };
        let mut ordered = Ordered::default();
        for (index, (number, event)) in chunk.events().enumerate() {
            self.start(index, number, event, &mut ordered);
            while self.host.waiting() >= side_by_side {
                self.advance(&mut ordered);
            }
        }
        while self.host.waiting() > 0 {
            self.advance(&mut ordered);
        }
        ordered.finish()
    }

    fn start(&mut self, index: usize, number: u64, event: &[u8], ordered: &mut Ordered) {
        let Self { job, host, clock, names, name } = self;
        names.write(number.cast_signed(), name);
        let identity = names.identity(name);
        let keep = || Line {
            index,
            number,
            event: event.into(),
            name: name.as_str().into(),
            arn: name.arn(),
            job: Arc::clone(job),
        };
        match host.start(&job.program, event, &identity, clock.now(), keep) {
            Ok(Started::Ended(execution)) => {
                ordered.add(index, |results| results.ended(&execution, number, event, job.keep_failures));
                host.give_back(execution);
            }
            Ok(Started::Running(_)) => {}
            Err(error) => {
                ordered.add(index, |results| results.unreadable(number, event, &error, job.keep_failures));
            }
        }
    }

    /// Carries on what waits, and rests until it can be carried on if it can't be now.
    fn advance(&mut self, ordered: &mut Ordered) {
        let Self { job, host, clock, .. } = self;
        let worked = host.drive(clock.now(), usize::MAX);
        while let Some(Ended { execution, origin }) = host.take_ended() {
            let keep = job.keep_failures;
            ordered.add(origin.index, |results| results.ended(&execution, origin.number, &origin.event, keep));
            host.give_back(execution);
        }
        if worked {
            host.calls().turn();
        } else {
            let rest = host.time_to_next_turn(clock.now()).unwrap_or(LONGEST_REST);
            host.calls().wait(rest.min(LONGEST_REST));
        }
    }
}

impl Worker for EventWorker {
    type Results = Results;

    fn work(&mut self, chunk: Chunk) -> Results {
        if let Content::TooLong(size) = chunk.content {
            let mut results = Results::default();
            let limit = self.job.limits.max_event_bytes;
            let error = EventError::TooLarge { size: usize::try_from(size).unwrap_or(usize::MAX), limit };
            results.unreadable(chunk.first_line, b"", &error, self.job.keep_failures);
            return results;
        }
        self.run_all(&chunk)
    }
}

#[cfg(test)]
mod tests;
