//! Runs events through the engine, on one thread.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinSet, LocalSet, yield_now};

use super::flow::Worker;
use super::lines::{Chunk, Content};
use super::results::Results;
use crate::engine::{CallId, Effect, EventError, Execution, Limits, Progress, TaskCall, TaskFailure, Timestamp};
use crate::program::Program;
use crate::stream::ExecutionNames;
use crate::task::{Answer, Connectors, Request};

/// What all workers do.
pub(super) struct Job {
    pub(super) program: Arc<Program>,
    pub(super) connectors: Connectors,
    pub(super) limits: Limits,
    /// Name of the workflow.
    pub(super) workflow: String,
    /// Executions are named `<run id>-<line>`: calls of another run get other idempotency keys, unless it has the same
    /// id.
    pub(super) run_id: String,
    /// Executions that a worker runs at a time, where they wait for tasks or time.
    pub(super) concurrency: usize,
    /// Whether failure records are wanted.
    pub(super) keep_failures: bool,
}

/// Runs events through the engine, on one thread.
pub(super) struct EventWorker {
    job: Arc<Job>,
    /// Executions at rest.
    idle: Vec<Execution>,
    names: ExecutionNames,
    /// Where tasks and waits go on; `None` for programs that never wait.
    runtime: Option<Runtime>,
}

impl EventWorker {
    /// Fails when the system gives no event queue for the runtime.
    pub(super) fn new(job: Arc<Job>) -> io::Result<Self> {
        let runtime = match job.program.can_suspend() {
            true => Some(tokio::runtime::Builder::new_current_thread().enable_all().build()?),
            false => None,
        };
        let names = ExecutionNames::of_run(&job.run_id, &job.workflow);
        Ok(EventWorker { job, idle: Vec::new(), names, runtime })
    }

    fn run_all(&mut self, chunk: &Chunk) -> Results {
        let mut execution = self.idle.pop().unwrap_or_else(|| Execution::new(self.job.limits.clone()));
        let mut results = Results::default();
        for (line, event) in chunk.events() {
            self.names.set(line.cast_signed());
            match execution.start(&self.job.program, event, &self.names.identity(&self.job.workflow), now()) {
                Ok(()) => {
                    // Such a program never waits: each turn gets it further.
                    while execution.run(now()) != Progress::Ended {}
                    results.ended(&execution, line, event, self.job.keep_failures);
                }
                Err(error) => results.unreadable(line, event, &error, self.job.keep_failures),
            }
        }
        self.idle.push(execution);
        results
    }

    /// Runs the events side by side, as many at a time as allowed.
    async fn drive_all(&mut self, chunk: &Chunk) -> Results {
        let mut each: Vec<Results> = Vec::new();
        let mut running: JoinSet<(usize, Execution, Results)> = JoinSet::new();
        for (at, (line, event)) in chunk.events().enumerate() {
            if running.len() >= self.job.concurrency {
                self.collect_one(&mut running, &mut each).await;
            }
            each.push(Results::default());
            let mut execution = self.idle.pop().unwrap_or_else(|| Execution::new(self.job.limits.clone()));
            let (job, event) = (Arc::clone(&self.job), event.to_vec());
            let mut names = self.names.clone();
            running.spawn_local(async move {
                names.set(line.cast_signed());
                let mut results = Results::default();
                match execution.start(&job.program, &event, &names.identity(&job.workflow), now()) {
                    Ok(()) => {
                        drive(&mut execution, &job, &names).await;
                        results.ended(&execution, line, &event, job.keep_failures);
                    }
                    Err(error) => results.unreadable(line, &event, &error, job.keep_failures),
                }
                (at, execution, results)
            });
        }
        while !running.is_empty() {
            self.collect_one(&mut running, &mut each).await;
        }
        let mut all = Results::default();
        each.iter().for_each(|results| all.append(results));
        all
    }

    async fn collect_one(&mut self, running: &mut JoinSet<(usize, Execution, Results)>, each: &mut [Results]) {
        match running.join_next().await {
            Some(Ok((at, execution, results))) => {
                self.idle.push(execution);
                each[at] = results;
            }
            // Nobody aborts these tasks, so it is a panic.
            Some(Err(error)) => resume_unwind(error.into_panic()),
            None => {}
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
        let Some(runtime) = self.runtime.take() else { return self.run_all(&chunk) };
        let results = LocalSet::new().block_on(&runtime, self.drive_all(&chunk));
        self.runtime = Some(runtime);
        results
    }
}

/// Runs an execution that has started to its end, carrying out its effects.
async fn drive(execution: &mut Execution, job: &Job, names: &ExecutionNames) {
    // Calls that are open at the end are aborted with the set.
    let mut calls: JoinSet<(CallId, Answer)> = JoinSet::new();
    let mut open: Vec<(CallId, AbortHandle)> = Vec::new();
    loop {
        let progress = execution.run(now());
        while let Some(effect) = execution.take_effect() {
            match effect {
                Effect::Call(call) => {
                    let id = call.id;
                    let answer = call_task(call, job, names);
                    open.push((id, calls.spawn(async move { (id, answer.await) })));
                }
                Effect::Cancel(id) => {
                    open.iter().filter(|(call, _)| *call == id).for_each(|(_, handle)| handle.abort());
                    open.retain(|(call, _)| *call != id);
                }
            }
        }
        match progress {
            Progress::Ended => return,
            Progress::Yielded => yield_now().await,
            Progress::Suspended => {
                let wake_at = execution.wake_at();
                tokio::select! {
                    Some(ended) = calls.join_next() => match ended {
                        Ok((id, answer)) => {
                            open.retain(|(call, _)| *call != id);
                            execution.resume(id, answer.as_deref().map_err(TaskFailure::clone), now());
                        }
                        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                        Err(_aborted) => {}
                    },
                    () = sleep_until(wake_at) => {}
                }
            }
        }
    }
}

fn call_task(call: TaskCall, job: &Job, names: &ExecutionNames) -> crate::task::BoxFuture<'static, Answer> {
    let Some(connector) = job.connectors.find(&call.resource) else {
        // Checked before the first event.
        let cause = format!("No [[task]] entry matches the resource {}.", call.resource);
        return Box::pin(async move { Err(TaskFailure::new("States.Runtime", cause)) });
    };
    connector.call(Request {
        purpose: call.purpose,
        resource: call.resource,
        state: call.state,
        input: call.input,
        idempotency_key: format!("{}-{}", names.name(), call.ordinal),
        timeout: call.timeout,
        execution: names.id().into(),
    })
}

async fn sleep_until(at: Option<Timestamp>) {
    match at {
        Some(at) => tokio::time::sleep(at.until(now())).await,
        None => std::future::pending().await,
    }
}

fn now() -> Timestamp {
    // A clock before 1970 is as good as one at 1970.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
