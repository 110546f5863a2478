//! `run --check --connect` as people run it before a deployment.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::broker::{Broker, Topic, unique};
use crate::daemon::binary;

/// A folder with a configuration, gone when the test has passed.
pub struct Configured {
    folder: PathBuf,
    text: String,
}

impl Configured {
    pub fn new(stem: &str, text: String) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique(stem));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let passes = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
        fs::write(folder.join("workflow.asl.json"), passes).expect("the workflow is written");
        fs::write(folder.join("stepstream.toml"), &text).expect("the configuration is written");
        Self { folder, text }
    }

    /// The outcome, and what was said: lines of prose as they were before they were broken to the width of a terminal.
    pub fn check(&self) -> (Output, String) {
        let config = self.folder.join("stepstream.toml");
        let args = ["run", "--check", "--connect", "--config"];
        let output = Command::new(binary()).args(args).arg(config).output().expect("stepstream can be run");
        let said = String::from_utf8_lossy(&output.stderr).replace("\n  │ ", " ").replace("\n        ", " ");
        (output, said)
    }

    /// What the check is about where it speaks of this text: `stepstream.toml:line:`.
    fn place(&self, text: &str) -> String {
        let line = self.text.lines().position(|line| line.contains(text)).expect("the configuration holds the text");
        format!("stepstream.toml:{}:", line + 1)
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

pub fn pipeline(brokers: &str, [source, sink, failures, dead_letters]: [&str; 4]) -> String {
    format!(
        "[kafka]\nbootstrap.servers = \"{brokers}\"\n\n[[pipeline]]\nname = \"connect\"\ngroup = \"{}\"\nshards = 2\n\
         workflow = \"workflow.asl.json\"\nsources = [\"{source}\"]\nsink = \"{sink}\"\nfailures = \"{failures}\"\n\
         dead_letters = \"{dead_letters}\"\n",
        unique("connect")
    )
}

fn names(topics: &[Topic; 4]) -> [&str; 4] {
    topics.each_ref().map(|topic| topic.name.as_str())
}

#[test]
fn a_configuration_whose_topics_and_endpoints_are_there_is_valid() {
    let broker = Broker::connect();
    let topics = ["events", "results", "failures", "dead"].map(|stem| broker.topic(&format!("connect-{stem}"), 1));
    let service = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = service.local_addr().expect("a bound address");
    let tasks = format!(
        "[[task]]\nresource = \"a\"\nconnector = \"http\"\nurl = \"http://{address}/\"\n[[task]]\nresource = \"b\"\n\
         connector = \"topic\"\ntopic = \"{}\"\n",
        topics[1].name
    );
    let configured = Configured::new("connect", pipeline(&broker.brokers, names(&topics)) + &tasks);
    let (output, said) = configured.check();
    assert!(output.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("valid; pipelines: connect"));
    // One partition for two shards.
    let few = said
        .lines()
        .find(|line| line.starts_with("warning:") && line.contains("there is 1 partition for the 2 shards"));
    assert!(few.is_some_and(|line| line.contains(&configured.place("sources ="))), "{said}");
    for unasked in ["may join group", "may write to"] {
        assert!(said.lines().any(|line| line.starts_with("note: not asked") && line.contains(unasked)), "{said}");
    }
    // Asking leaves no member behind and commits nothing.
    assert_eq!(
        broker
            .members(
                configured.text.split("group = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a group")
            )
            .len(),
        0
    );
}

#[test]
fn all_that_is_missing_is_told_in_one_go_at_its_own_line() {
    let broker = Broker::connect();
    let topics = ["events", "results", "failures", "dead"].map(|stem| broker.absent_topic(&format!("absent-{stem}")));
    let map = broker.absent_topic("absent-map");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = closed.local_addr().expect("a bound address");
    drop(closed);
    let tasks = format!(
        "[[task]]\nresource = \"a\"\nconnector = \"http\"\nurl = \"http://{address}/price\"\n[[task]]\nresource = \"b\"\n\
         connector = \"lambda\"\nendpoint = \"http://no-such-host.invalid:9001\"\n[[task]]\nresource = \"c\"\nconnector = \"topic\"\n\
         topic = \"{}\"\n",
        map.name
    );
    let configured = Configured::new("absent", pipeline(&broker.brokers, names(&topics)) + &tasks);
    let (output, said) = configured.check();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let [source, ..] = names(&topics);
    assert!(said.contains(&format!("there is no topic {source}")), "{said}");
    for (mark, part) in
        [("sources =", "pipeline would wait"), ("url =", "can't be connected to"), ("endpoint =", "name of the host")]
    {
        assert!(said.contains(&configured.place(mark)) && said.contains(part), "{mark}: {said}");
    }
    assert!(said.contains(&format!("http://{address}/price can't be connected to: Connection refused")), "{said}");
    // Whether the brokers would create them is up to their configuration; each is named either way.
    for topic in names(&topics).iter().chain([&map.name.as_str()]) {
        assert!(said.contains(&format!("there is no topic {topic}")), "{topic}: {said}");
    }
    // Asking has created nothing.
    assert_eq!(configured.check().1, said);
}

#[test]
fn brokers_that_do_not_answer_are_told_once_with_the_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = closed.local_addr().expect("a bound address");
    drop(closed);
    let configured = Configured::new("unreachable", pipeline(&address.to_string(), ["in", "out", "failures", "dead"]));
    let (output, said) = configured.check();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is a mistake in the configuration"), "{said}");
    assert!(said.contains(&configured.place("bootstrap.servers")), "{said}");
    assert!(
        said.contains(&format!("no broker of {address} answers within 10s")) && said.contains("Connection refused"),
        "{said}"
    );
}
