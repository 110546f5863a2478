//! `stepstream run` as a child process.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::broker::{Broker, Topic, unique, wait_until};

/// Topics, group, folder and configuration of one pipeline; starts daemons that run it.
pub struct Pipeline {
    pub source: Topic,
    pub sink: Topic,
    pub failures: Topic,
    pub dead_letters: Topic,
    pub group: String,
    folder: PathBuf,
    brokers: String,
    kafka: String,
    options: String,
    tables: String,
}

impl Pipeline {
    /// A pipeline over new topics that runs a copy of a workflow of `config/workflows`.
    pub fn new(broker: &Broker, stem: &str, partitions: i32, workflow: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/workflows").join(format!("{workflow}.asl.json"));
        Self::with_definition(broker, stem, partitions, &fs::read_to_string(file).expect("an example workflow"))
    }

    /// A pipeline over new topics that runs this definition.
    pub fn with_definition(broker: &Broker, stem: &str, partitions: i32, definition: &str) -> Self {
        let sink = broker.topic(&format!("{stem}-results"), partitions);
        Self::with_sink(broker, stem, partitions, definition, sink)
    }

    /// The same with a sink topic that the test has made, or not made yet.
    pub fn with_sink(broker: &Broker, stem: &str, partitions: i32, definition: &str, sink: Topic) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique(stem));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let pipeline = Self {
            source: broker.topic(&format!("{stem}-events"), partitions),
            sink,
            failures: broker.topic(&format!("{stem}-failures"), 1),
            dead_letters: broker.topic(&format!("{stem}-dead-letters"), 1),
            group: unique(stem),
            folder,
            brokers: broker.brokers.clone(),
            kafka: String::new(),
            options: String::new(),
            tables: String::new(),
        };
        pipeline.write_workflow(definition);
        pipeline
    }

    /// Adds an option to its `[[pipeline]]`.
    pub fn option(mut self, line: &str) -> Self {
        writeln!(self.options, "{line}").expect("a String can be written to");
        self
    }

    /// Connects its daemons to this address, by these lines of `[kafka]`.
    pub fn kafka(mut self, brokers: &str, lines: &str) -> Self {
        brokers.clone_into(&mut self.brokers);
        self.kafka = lines.to_owned();
        self
    }

    /// Adds tables such as `[[task]]` to the configuration.
    pub fn tables(mut self, text: &str) -> Self {
        writeln!(self.tables, "{text}").expect("a String can be written to");
        self
    }

    /// Replaces the workflow's file as deployments do: written aside, then renamed over it.
    pub fn write_workflow(&self, definition: &str) {
        let aside = self.folder.join("workflow.asl.json.new");
        fs::write(&aside, definition).expect("the workflow is written");
        fs::rename(aside, self.folder.join("workflow.asl.json")).expect("the workflow is put in place");
    }

    /// Adds a line to the configuration of the daemons that were started.
    pub fn change_configuration(&self, line: &str) {
        for entry in fs::read_dir(&self.folder).expect("the folder can be listed") {
            let file = entry.expect("an entry").path();
            if file.extension().is_some_and(|extension| extension == "toml") {
                let mut config = File::options().append(true).open(file).expect("a configuration");
                config.write_all(format!("{line}\n").as_bytes()).expect("it is written");
            }
        }
    }

    /// Starts a daemon and waits until it is ready.
    pub fn start(&self) -> Daemon {
        let daemon = self.spawn();
        wait_until("the daemon is ready", || {
            daemon.assert_alive();
            daemon.get("/readyz").is_some_and(|(status, _)| status == 200)
        });
        daemon
    }

    /// Starts a daemon without waiting.
    pub fn spawn(&self) -> Daemon {
        let http = free_address();
        let config = self.write_config_for(http);
        let log = self.folder.join("stepstream.log");
        let file = File::options().create(true).append(true).open(&log).expect("a log file");
        let child = Command::new(binary())
            .args(["run", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .spawn()
            .expect("the daemon starts");
        Daemon { child: RefCell::new(child), http, log }
    }

    /// What its daemons have logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("stepstream.log")).expect("there is a log")
    }

    /// Writes the configuration, for another subcommand than `run`.
    pub fn write_config(&self) -> PathBuf {
        self.write_config_for(free_address())
    }

    fn write_config_for(&self, http: SocketAddr) -> PathBuf {
        let config = self.folder.join(format!("stepstream-{}.toml", http.port()));
        fs::write(&config, self.config(http)).expect("the configuration is written");
        config
    }

    fn config(&self, http: SocketAddr) -> String {
        // The group has to notice soon that a killed member is gone; 6 s is the least that a broker allows by default.
        format!(
            r#"
[kafka]
bootstrap.servers = "{brokers}"
{kafka}
[kafka.consumer]
session.timeout.ms = 6000
heartbeat.interval.ms = 500

[http]
listen = "{http}"

[[pipeline]]
name = "e2e"
group = "{group}"
sources = ["{source}"]
workflow = "workflow.asl.json"
sink = "{sink}"
failures = "{failures}"
dead_letters = "{dead_letters}"
shards = 2
{options}
{tables}
"#,
            brokers = self.brokers,
            kafka = self.kafka,
            group = self.group,
            source = self.source.name,
            sink = self.sink.name,
            failures = self.failures.name,
            dead_letters = self.dead_letters.name,
            options = self.options,
            tables = self.tables,
        )
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // What a failed test leaves behind may explain it.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A running daemon. Killed when dropped; its log is shown when the test has failed.
pub struct Daemon {
    child: RefCell<Child>,
    http: SocketAddr,
    log: PathBuf,
}

impl Daemon {
    /// Ends it as a crash would.
    pub fn kill(self) {
        let mut child = self.child.borrow_mut();
        child.kill().expect("the daemon is killed");
        child.wait().expect("the daemon is gone");
    }

    /// Asks it to stop and waits until it has.
    pub fn terminate(self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.borrow().id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill can be run");
        assert!(status.success(), "the daemon can be sent SIG{name}");
    }

    /// Waits until it has ended by itself.
    pub fn wait(self) -> ExitStatus {
        let mut status = None;
        wait_until("the daemon ends", || {
            status = self.child.borrow_mut().try_wait().expect("the daemon can be waited for");
            status.is_some()
        });
        status.expect("the daemon has ended")
    }

    pub fn assert_alive(&self) {
        if let Some(status) = self.child.borrow_mut().try_wait().expect("the daemon can be asked") {
            panic!("the daemon ended by itself: {status}");
        }
    }

    /// Status and body of a page, or nothing where it doesn't answer.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.http);
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// The sum of a metric over all its labels.
    pub fn metric(&self, name: &str) -> f64 {
        let (_, page) = self.get("/metrics").expect("metrics are served");
        let lines =
            page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Daemon {
    #[expect(clippy::print_stderr, reason = "for the person who reads why a test failed")]
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // It may have ended already: then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("the daemon's last lines:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The release binary where `scripts/test` built one, else the one that this test was built with.
pub fn binary() -> PathBuf {
    std::env::var_os("STEPSTREAM_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_stepstream")), PathBuf::from)
}

/// An address on loopback where nobody listens.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    listener.local_addr().expect("a bound address")
}
