//! The thread that runs executions which were started over the API: in a host, as those of pipelines.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use super::StatesSources;
use super::held::{End, Executions, Held};
use super::protocol::seconds;
use crate::engine::{Event, Execution, Limits, Status, TaskCall, TaskFailure};
use crate::host::{Callbacks, Clock, Ended, Host, Key, LocalCalls, Mailbox, Origin, Permits, Started};
use crate::identity::{Identity, seed_of};
use crate::program::Program;
use crate::registry::Version;
use crate::task::Entry;
use crate::telemetry::{CallbackMetrics, Levels, PipelineMetrics, Tally, VersionTally};

/// What metrics call these executions instead of a pipeline.
pub(super) const PIPELINE: &str = "api";
/// Executions that get a turn before commands are looked at.
const TURNS: usize = 64;
/// Longest rest: bounds how old the metrics are.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// Gives commands to the thread. It ends when this is dropped.
pub(super) struct Runner {
    commands: Sender<Command>,
    bell: Arc<Notify>,
}

/// What the thread is asked to do.
enum Command {
    Start { held: Arc<Held>, version: Arc<Version<Program>>, started: oneshot::Sender<Result<(), String>> },
    Stop { arn: Arc<str>, error: Option<String>, cause: Option<String>, stopped: oneshot::Sender<()> },
    History { arn: Arc<str>, told: oneshot::Sender<Vec<Value>> },
}

impl Runner {
    pub(super) fn start(sources: &StatesSources, executions: Arc<Executions>) -> io::Result<Runner> {
        let (commands, receiver) = channel();
        let bell = Arc::new(Notify::new());
        let permits = Arc::new(Permits::new(sources.max_concurrent_tasks, &sources.connectors));
        let (limits, callbacks, realm) = (sources.limits.clone(), sources.callbacks.clone(), sources.realm.clone());
        let (role, mailbox) = (realm.role_arn(), Mailbox::new(bell.clone()));
        let (made, outcome) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new().name(PIPELINE.to_owned()).spawn(move || {
            // The runtime stays on the thread that it is made on.
            match Running::new(limits, &callbacks, mailbox, permits, executions, role) {
                Ok(running) => {
                    made.send(Ok(())).ok();
                    running.run(&receiver);
                }
                Err(error) => drop(made.send(Err(error))),
            }
        })?;
        outcome.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended before it began")))?;
        Ok(Runner { commands, bell })
    }

    fn command(&self, command: Command) {
        // Without the thread its answer never comes, which says as much.
        self.commands.send(command).ok();
        self.bell.notify_one();
    }

    /// Starts an execution; the error says why its input can't be run. `None`: there is no thread any more.
    pub(super) async fn begin(&self, held: Arc<Held>, version: Arc<Version<Program>>) -> Option<Result<(), String>> {
        let (started, starts) = oneshot::channel();
        self.command(Command::Start { held, version, started });
        starts.await.ok()
    }

    pub(super) async fn stop(&self, arn: Arc<str>, error: Option<String>, cause: Option<String>) -> Option<()> {
        let (stopped, stops) = oneshot::channel();
        self.command(Command::Stop { arn, error, cause, stopped });
        stops.await.ok()
    }

    /// The events of an execution that runs; none, if it does not.
    pub(super) async fn history(&self, arn: Arc<str>) -> Option<Vec<Value>> {
        let (told, tells) = oneshot::channel();
        self.command(Command::History { arn, told });
        tells.await.ok()
    }
}

/// Where an execution comes from.
struct FromApi {
    held: Arc<Held>,
    version: Arc<Version<Program>>,
    /// Machine and name: what idempotency keys begin with.
    name: String,
    since: Instant,
}

impl Origin for FromApi {
    fn name(&self) -> &str {
        &self.name
    }

    fn arn(&self) -> &Arc<str> {
        &self.held.arn
    }

    fn entry(&self, call: &TaskCall) -> Result<&Entry, TaskFailure> {
        self.version.connectors.entry(call)
    }
}

/// The thread's own.
struct Running {
    host: Host<FromApi, LocalCalls>,
    clock: Clock,
    keys: HashMap<Arc<str>, Key>,
    executions: Arc<Executions>,
    role: String,
    metrics: PipelineMetrics,
    tally: Tally,
    callbacks: CallbackMetrics,
    next_publication: Instant,
}

impl Running {
    fn new(
        limits: Limits,
        callbacks: &Callbacks,
        mailbox: Mailbox,
        permits: Arc<Permits>,
        executions: Arc<Executions>,
        role: String,
    ) -> io::Result<Self> {
        let calls = LocalCalls::new(PIPELINE.into(), permits, mailbox.clone())?;
        Ok(Running {
            host: Host::new(limits, mailbox, calls).recording_history().taking_callbacks(callbacks),
            clock: Clock::new(),
            keys: HashMap::new(),
            executions,
            role,
            metrics: PipelineMetrics::new(PIPELINE),
            tally: Tally::default(),
            callbacks: CallbackMetrics::new(PIPELINE, 0),
            next_publication: Instant::now(),
        })
    }

    fn run(mut self, commands: &Receiver<Command>) {
        loop {
            loop {
                match commands.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            let worked = self.host.drive(self.clock.now(), TURNS);
            while let Some(Ended { execution, origin }) = self.host.take_ended() {
                self.ended(&execution, &origin);
                self.host.give_back(execution);
            }
            self.publish();
            if worked {
                self.host.calls().turn();
            } else {
                let rest =
                    self.host.time_to_next_turn(self.clock.now()).map_or(LONGEST_REST, |time| time.min(LONGEST_REST));
                self.host.calls().wait(rest);
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            // Whoever has gone does not want to know.
            Command::Start { held, version, started } => drop(started.send(self.start(held, version))),
            Command::Stop { arn, error, cause, stopped } => {
                self.abort(&arn, error, cause);
                stopped.send(()).ok();
            }
            Command::History { arn, told } => {
                let now = self.clock.now();
                let key = self.keys.get(&arn).copied();
                let events =
                    key.and_then(|key| self.host.intervene(key, now, |execution, _| events(execution.history())));
                told.send(events.unwrap_or_default()).ok();
            }
        }
    }

    fn start(&mut self, held: Arc<Held>, version: Arc<Version<Program>>) -> Result<(), String> {
        let machine_name = &*version.workflow;
        let identity = Identity {
            name: &held.name,
            id: &held.arn,
            state_machine_name: machine_name,
            state_machine_id: &held.machine,
            role_arn: &self.role,
            seed: seed_of(&held.arn),
            kafka: None,
        };
        let (program, origin) = (
            version.program.clone(),
            FromApi {
                name: format!("{machine_name}-{}", held.name),
                held: held.clone(),
                version: version.clone(),
                since: Instant::now(),
            },
        );
        let since = origin.since;
        self.tally.consumed += 1;
        self.tally.consumed_bytes += held.input.len() as u64;
        match self.host.start(&program, held.input.as_bytes(), &identity, self.clock.now(), || origin) {
            Ok(Started::Ended(execution)) => {
                let name = String::new();
                self.ended(&execution, &FromApi { held, version, name, since });
                self.host.give_back(execution);
            }
            Ok(Started::Running(key)) => drop(self.keys.insert(held.arn.clone(), key)),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    fn ended(&mut self, execution: &Execution, origin: &FromApi) {
        self.keys.remove(&origin.held.arn);
        let failure = execution.failure();
        let (status, output) = match execution.status() {
            Some(Status::Succeeded) => {
                let mut output = Vec::new();
                execution.write_output(&mut output);
                ("SUCCEEDED", Some(String::from_utf8_lossy(&output).into_owned()))
            }
            Some(Status::TimedOut) => ("TIMED_OUT", None),
            _ => ("FAILED", None),
        };
        self.count(origin, status, execution.retries());
        let (error, cause) = failure.map_or((None, None), |failure| (failure.error.clone(), failure.cause.clone()));
        self.end(&origin.held, status, output, error, cause, events(execution.history()));
    }

    fn abort(&mut self, arn: &Arc<str>, error: Option<String>, cause: Option<String>) {
        let Some(key) = self.keys.remove(arn) else { return };
        let now = self.clock.now();
        let history = self.host.intervene(key, now, |execution, _| events(execution.history())).unwrap_or_default();
        let Some(held) = self.executions.find(arn) else { return };
        self.host.cancel_where(|origin| origin.held.arn == *arn);
        let mut history = history;
        let last = history.len();
        let mut aborted = json!({"id": last + 1, "previousEventId": last, "timestamp": seconds(now.wall), "type": "ExecutionAborted"});
        let details: serde_json::Map<String, Value> = [("error", &error), ("cause", &cause)]
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))))
            .collect();
        aborted["executionAbortedEventDetails"] = details.into();
        history.push(aborted);
        self.end(&held, "ABORTED", None, error, cause, history);
    }

    fn end(
        &mut self,
        held: &Held,
        status: &'static str,
        output: Option<String>,
        error: Option<String>,
        cause: Option<String>,
        history: Vec<Value>,
    ) {
        let texts = [&output, &error, &cause].into_iter().flatten().map(String::len).sum::<usize>();
        let bytes = held.input.len() + texts + history.iter().map(|event| event.to_string().len()).sum::<usize>();
        let at = self.clock.now().wall;
        self.executions.end(held, End { status, output, error, cause, at, history, bytes });
    }

    fn count(&mut self, origin: &FromApi, status: &str, retries: u64) {
        let mut tally = VersionTally::default();
        tally.took(origin.since.elapsed());
        *match status {
            "SUCCEEDED" => &mut tally.succeeded,
            "TIMED_OUT" => &mut tally.timed_out,
            _ => &mut tally.failed,
        } = 1;
        tally.publish(&self.metrics.version(&origin.version.workflow, &origin.version.label));
        self.tally.retries += retries;
    }

    fn publish(&mut self) {
        let now = Instant::now();
        if now < self.next_publication {
            return;
        }
        self.next_publication = now + LONGEST_REST;
        self.tally.levels = Levels { in_flight: self.host.waiting(), ..Levels::default() };
        self.metrics.publish(&mut self.tally);
        let (awaited, longest) = self.host.awaited_callbacks(self.clock.now());
        self.callbacks.publish(awaited, longest);
    }
}

/// Events as the API has them.
fn events(history: &[Event]) -> Vec<Value> {
    let event = |event: &Event| {
        let mut shown = json!({
            "timestamp": seconds(event.timestamp),
            "type": event.kind,
            "id": event.id,
            "previousEventId": event.previous_id,
        });
        if let Some(key) = event.details_key() {
            shown[key] = event.details_object(true).into();
        }
        shown
    };
    history.iter().map(event).collect()
}
