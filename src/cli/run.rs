//! `stepstream run`: the pipelines of a configuration file, until a signal says stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::interval;

use super::deployment::{CallbackKeyError, DeployError, Deployment, activities, callbacks, connect, connectors};
use super::print::{in_colour, print, say};
use crate::api::{Server, ServerError, Sources, StatesServer, StatesSources};
use crate::config::{Config, ConfigErrors, Draft, Environment};
use crate::program::Program;
use crate::registry::{Registry, Reload, Watch};
use crate::stream::{CallbackReader, CallbacksError, Pipeline, StartError};
use crate::task::BoxFuture;
use crate::telemetry::{self, Health, Silences, events};
use crate::threads::{self, MORE_THREADS};

/// The configuration, or what it names, is wrong.
const EXIT_CONFIGURATION: u8 = 2;

/// More threads than librdkafka makes to look at properties, one client at a time.
const CHECK_THREADS: usize = 8;

/// Arguments of `stepstream run`.
#[derive(clap::Args)]
#[command(
    after_help = "SIGTERM or SIGINT: finish what is in flight, commit, leave the group; a second one: exit at once. \
    SIGHUP: load changed workflows.\nExit status: 0 all pipelines drained, 2 the configuration is wrong, 1 anything else, such as \
    events that were still in flight at `drain_timeout`. With --check: 0 nothing is wrong, 2 something is."
)]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only check the configuration, its workflows and its tasks
    #[arg(long)]
    check: bool,
    /// Also ask the brokers and the endpoints of tasks, for at most ten seconds; changes nothing
    #[arg(long, requires = "check")]
    connect: bool,
}

/// Why the daemon did not run, or not to its orderly end.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("{}:\n{}", count(.0), .0.render(in_colour(&io::stderr())))]
    Config(ConfigErrors),
    #[error("{0}")]
    Deploy(#[from] DeployError),
    #[error("{0}")]
    Server(#[from] ServerError),
    #[error(
        "the operating system gives no event queue for HTTP and signals: {0}; raise the limit on open files (`ulimit -n`)"
    )]
    System(#[from] io::Error),
    #[error("the operating system gives no thread that {task}: {source}; {MORE_THREADS}")]
    Thread { task: &'static str, source: io::Error },
    #[error("{0}")]
    CallbackKey(#[from] CallbackKeyError),
    #[error("{0}")]
    Callbacks(#[from] CallbacksError),
    #[error("{0}")]
    Answer(String),
    /// A line for each pipeline that did not come to an orderly end.
    #[error("{}", .0.join("\n"))]
    Unclean(Vec<String>),
}

fn count(errors: &ConfigErrors) -> String {
    match errors.mistakes().len() {
        1 => "there is a mistake in the configuration".to_owned(),
        count => format!("there are {count} mistakes in the configuration"),
    }
}

/// Runs the subcommand.
pub(super) fn main(args: Args) -> ExitCode {
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("stepstream run: {error}"));
            match error {
                RunError::Deploy(DeployError::Start(StartError::Runtime { .. })) => ExitCode::FAILURE,
                RunError::Config(_) | RunError::Deploy(_) => ExitCode::from(EXIT_CONFIGURATION),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(args: &Args) -> Result<(), RunError> {
    telemetry::init_metrics();
    threads::can_have(CHECK_THREADS)
        .map_err(|source| RunError::Thread { task: "asks librdkafka about its properties", source })?;
    let read = std::fs::read(&args.config).unwrap_or_default();
    let mut draft = Draft::load(&args.config, &Environment::process()).map_err(RunError::Config)?;
    if args.check {
        return check(draft, args.connect);
    }
    // Before the configuration is known to be right, there is nothing to log.
    if draft.is_clean() {
        telemetry::init_logging(&draft.config.log);
        events::starting(&draft.config.file, draft.config.pipelines.len());
        draft.config.warnings.iter().for_each(|warning| events::config_warning(warning));
    }
    let mut connectors = connectors(&mut draft);
    let activities = activities(&draft, &mut connectors);
    let deployment = Deployment::of_draft(&mut draft, connectors, true);
    let config = draft.finish().map_err(RunError::Config)?;
    // Without a deployment there is a mistake.
    let Some(mut deployment) = deployment else { return Err(RunError::Unclean(Vec::new())) };
    deployment.activities = activities;
    let runtime = runtime()?;
    let health = Health::new();
    let callbacks = take_callbacks(&config, &mut deployment, &health)?;
    let server = Http::start(&config, &health, deployment.registry.clone())?;
    let api = config.api.as_ref().and_then(|api| Some((api, deployment.states(&config, api)?)));
    let api = api.map(|(api, sources)| Http::start_api(api.listen, sources)).transpose()?;
    let watch = Watch::start(deployment.registry.clone())
        .map_err(|source| RunError::Thread { task: "watches the files of workflows", source })?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new()?
    };
    let mut pipelines = Vec::new();
    let mut started = Ok(());
    for pipeline in &config.pipelines {
        match deployment.start(pipeline, &health) {
            Ok(pipeline) => pipelines.push(pipeline),
            Err(error) => {
                started = Err(error);
                break;
            }
        }
    }
    if started.is_ok() {
        let config = Arc::new(Started { file: config.file.clone(), text: read });
        runtime.block_on(signals.until_stop(&deployment.registry, &config, &health));
    }
    health.drain();
    // Until the pipelines have ended, callbacks end what they wait for.
    let unclean = runtime.block_on(drain(pipelines, signals));
    drop(callbacks);
    api.into_iter().chain([server]).for_each(Http::stop);
    // What may still be under way on its thread, such as reading a definition again, must not hold up the end.
    Box::leak(Box::new(watch));
    started?;
    if unclean.is_empty() { Ok(()) } else { Err(RunError::Unclean(unclean)) }
}

/// Lets callbacks reach the tasks of the pipelines that are to be started. They do until what this gives is dropped.
fn take_callbacks(
    config: &Config,
    deployment: &mut Deployment,
    health: &Health,
) -> Result<Option<CallbackReader>, RunError> {
    if !config.takes_callbacks() {
        return Ok(None);
    }
    let callbacks = callbacks(config)?;
    deployment.callbacks = Some(callbacks.clone());
    let start = |options| CallbackReader::start(options, callbacks, health);
    Ok(config.callbacks.as_ref().map(start).transpose()?)
}

fn check(mut draft: Draft, connects: bool) -> Result<(), RunError> {
    let mut connectors = connectors(&mut draft);
    activities(&draft, &mut connectors);
    Deployment::of_draft(&mut draft, connectors.clone(), false);
    let notes = if connects { connect(&mut draft, &connectors) } else { Vec::new() };
    draft.config.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
    notes.iter().for_each(|note| say(format_args!("note: {note}")));
    let config = draft.finish().map_err(RunError::Config)?;
    let names: Vec<&str> = config.pipelines.iter().map(|pipeline| &*pipeline.name).collect();
    print(&format!("{}: valid; pipelines: {}\n", config.file.display(), names.join(", "))).map_err(RunError::Answer)
}

/// Stops all pipelines side by side and waits for them. A line for each that did not come to an orderly end.
async fn drain(pipelines: Vec<Pipeline>, mut signals: Signals) -> Vec<String> {
    pipelines.iter().for_each(Pipeline::stop);
    tokio::select! {
        unclean = join(pipelines) => unclean,
        () = signals.stop() => {
            // Asked twice: what is in flight will be delivered again.
            std::process::exit(1);
        }
    }
}

async fn join(pipelines: Vec<Pipeline>) -> Vec<String> {
    let since = Instant::now();
    let mut unclean = Vec::new();
    for pipeline in pipelines {
        let (name, drain_timeout) = (pipeline.name().clone(), pipeline.config().drain_timeout);
        match pipeline.ended(since).await {
            Ok(left) => {
                events::pipeline_stopped(&name, since.elapsed(), left);
                if left > 0 {
                    let when = if since.elapsed() >= drain_timeout {
                        format!("after its drain_timeout of {drain_timeout:?}")
                    } else {
                        "and waited for a service that is not available, or the drain was cut short".to_owned()
                    };
                    unclean.push(format!(
                        "pipeline {name}: {left} events were still in flight {when}; they will be delivered again"
                    ));
                }
            }
            Err(error) => {
                events::pipeline_failed(&name, &error);
                unclean.push(error.to_string());
            }
        }
    }
    unclean
}

/// The signals that the daemon heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal to stop.
    async fn stop(&mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        events::stopping(name);
    }

    /// Serves SIGHUP until a signal to stop, and logs which parts of the process fall silent meanwhile.
    async fn until_stop(&mut self, registry: &Arc<Registry<Program>>, config: &Arc<Started>, health: &Health) {
        let mut silences = Silences::default();
        let mut look = interval(SILENCE_LOOK_INTERVAL);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return events::stopping("SIGTERM"),
                _ = self.interrupt.recv() => return events::stopping("SIGINT"),
                _ = self.hang_up.recv() => reload(registry.clone(), config.clone()),
                now = look.tick() => silences.look(health, now.into_std()),
            }
        }
    }
}

/// The configuration file as it was when the process started.
struct Started {
    file: PathBuf,
    text: Vec<u8>,
}

/// Loads changed workflows, beside what goes on, and says what came of it.
fn reload(registry: Arc<Registry<Program>>, config: Arc<Started>) {
    let reload = move || {
        let outcomes = registry.reload_all();
        let count = |is: fn(&Reload) -> bool| outcomes.iter().filter(|(_, outcome)| is(outcome)).count();
        events::workflows_reloaded(
            count(|outcome| matches!(outcome, Reload::Swapped { .. })),
            count(|outcome| matches!(outcome, Reload::Refused { .. })),
            count(|outcome| matches!(outcome, Reload::Unchanged)),
        );
        if std::fs::read(&config.file).is_ok_and(|text| text != config.text) {
            events::config_change_ignored(&config.file);
        }
    };
    let thread = Builder::new().name("reload".to_owned());
    if let Err(error) = thread.spawn(reload) {
        events::reload_failed(&error);
    }
}

/// A runtime that runs on the thread which asks it to, and makes none: one that can't be had would be a panic.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The HTTP side, serving on a thread of its own.
struct Http {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// How often it is looked whether a part of the process shows signs of life.
const SILENCE_LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// How long open requests may hold up the end of the process.
const HTTP_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often it is looked whether they have ended.
const HTTP_LOOK_INTERVAL: Duration = Duration::from_millis(5);

impl Http {
    fn start(config: &Config, health: &Health, registry: Arc<Registry<Program>>) -> Result<Self, RunError> {
        let sources = Sources { health: health.clone(), workflows: Arc::new(move || registry.statuses()) };
        let runtime = runtime()?;
        let server = runtime.block_on(Server::bind(config.http.listen, sources))?;
        Self::spawn("http", runtime, |stop| server.serve(stop))
    }

    fn start_api(address: SocketAddr, sources: StatesSources) -> Result<Self, RunError> {
        let runtime = runtime()?;
        let server = runtime.block_on(StatesServer::bind(address, sources))?;
        Self::spawn("api-http", runtime, |stop| server.serve(stop))
    }

    fn spawn<F>(
        name: &str,
        runtime: Runtime,
        server: impl FnOnce(BoxFuture<'static, ()>) -> F + Send + 'static,
    ) -> Result<Self, RunError>
    where
        F: Future<Output = Result<(), ServerError>>,
    {
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            // An error means that the sender is gone: the same.
            let stop: BoxFuture<'static, ()> = Box::pin(async { drop(stopped.await) });
            if let Err(error) = runtime.block_on(server(stop)) {
                events::http_failed(&error);
            }
        };
        let thread = Builder::new().name(name.to_owned()).spawn(serve);
        let thread = thread.map_err(|source| RunError::Thread { task: "serves HTTP", source })?;
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        // An error means that it has ended already.
        self.stop.send(()).ok();
        let deadline = Instant::now() + HTTP_CLOSE_TIMEOUT;
        while !self.thread.is_finished() && Instant::now() < deadline {
            sleep(HTTP_LOOK_INTERVAL);
        }
    }
}
