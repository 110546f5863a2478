//! TLS and SASL against a real broker that wants them, which `scripts/kafka` starts for this test alone.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::broker::{Broker, Topic};
use crate::connect::Configured;
use crate::daemon::{Pipeline, binary};

const PASSWORD: &str = "only-for-tests";
const PASSES: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;

#[test]
fn a_broker_with_tls_and_sasl_is_used_and_whoever_it_keeps_out_is_told_what_to_do() {
    let secure = Secure::start();
    for (name, listener, properties) in [
        ("mutual TLS", 2, secure.client_certificate()),
        ("SCRAM-SHA-512", 3, secure.sasl("SCRAM-SHA-512", "stepstream", PASSWORD)),
        ("SCRAM-SHA-256", 3, secure.sasl("SCRAM-SHA-256", "stepstream", PASSWORD)),
        ("PLAIN", 3, secure.sasl("PLAIN", "stepstream", PASSWORD)),
        (
            "OAUTHBEARER",
            3,
            secure.trusting("sasl_ssl", "authority")
                + "sasl.mechanism = \"OAUTHBEARER\"\nenable.sasl.oauthbearer.unsecure.jwt = true\n\
                   sasl.oauthbearer.config = \"principal=stepstream\"\n",
        ),
    ] {
        secure.serves(name, listener, &properties);
    }
    let no_certificate = secure.trusting("ssl", "authority");
    let scram = |user, password| secure.sasl("SCRAM-SHA-512", user, password);
    let unknown_authority = scram("stepstream", PASSWORD).replace("/authority.pem", "/other-authority.pem");
    let cases = [
        ("an authority that signed nothing", 3, unknown_authority, "ssl.ca.location to the PEM file"),
        ("no certificate", 2, no_certificate, "set ssl.certificate.location and ssl.key.location"),
        ("a wrong password", 3, scram("stepstream", "wrong"), "check sasl.username, sasl.password"),
        ("an unknown user", 3, scram("nobody", PASSWORD), "check sasl.username, sasl.password"),
        ("TLS to a plain port", 0, scram("stepstream", PASSWORD), "the port takes no TLS"),
        ("a plain connection to TLS", 2, String::new(), "that security.protocol is theirs"),
        (
            "a user without permission",
            3,
            scram("stranger", PASSWORD),
            "allow this client Describe and Read on the topic",
        ),
        ("a user who may see but not read", 3, scram("describer", PASSWORD), "allow this client Read on the topic"),
    ];
    std::thread::scope(|scope| {
        for (name, listener, properties, advice) in &cases {
            scope.spawn(|| secure.keeps_out(name, *listener, properties, advice));
        }
    });
    secure.daemon_says_why_it_waits();
}

/// A broker that listens on four ports: plain, the controller's, mutual TLS, SASL over TLS.
struct Secure {
    port: u16,
    broker: Broker,
}

impl Secure {
    fn start() -> Self {
        let port = free_ports(4);
        assert!(script(port, "start"), "scripts/kafka can't start a broker with TLS: see above");
        Self { port, broker: Broker::at(&format!("127.0.0.1:{port}")) }
    }

    fn address(&self, listener: u16) -> String {
        format!("127.0.0.1:{}", self.port + listener)
    }

    /// Lines of `[kafka]`.
    fn trusting(&self, protocol: &str, authority: &str) -> String {
        let authority = folder(self.port).join("tls").join(authority).with_extension("pem");
        format!("security.protocol = \"{protocol}\"\nssl.ca.location = \"{}\"\n", authority.display())
    }

    fn client_certificate(&self) -> String {
        let store = folder(self.port).join("tls/client.p12");
        self.trusting("ssl", "authority")
            + &format!("ssl.keystore.location = \"{}\"\nssl.keystore.password = \"{PASSWORD}\"\n", store.display())
    }

    fn sasl(&self, mechanism: &str, user: &str, password: &str) -> String {
        self.trusting("sasl_ssl", "authority")
            + &format!("sasl.mechanism = \"{mechanism}\"\nsasl.username = \"{user}\"\nsasl.password = \"{password}\"\n")
    }

    /// Events go through a pipeline, its results compressed with zstd.
    fn serves(&self, name: &str, listener: u16, properties: &str) {
        const EVENTS: usize = 50;
        let pipeline = Pipeline::with_definition(&self.broker, "secure", 1, PASSES)
            .kafka(&self.address(listener), &format!("{properties}compression.type = \"zstd\"\n"));
        let mut check = Command::new(binary());
        let checked = check.args(["run", "--check", "--connect", "--config"]).arg(pipeline.write_config()).output();
        let checked = checked.expect("stepstream can be run");
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        let feed = self.broker.producer();
        for number in 0..EVENTS {
            feed.send(&pipeline.source.name, &number.to_string(), br#"{"n": 1}"#);
        }
        feed.flush();
        let daemon = pipeline.start();
        self.broker.reader(&pipeline.sink.name).take(EVENTS, name);
        assert!(daemon.terminate().success(), "{name}");
        assert_eq!(self.broker.committed_total(&pipeline.group, &pipeline.source.name), EVENTS as i64, "{name}");
    }

    /// `run --check --connect` says what to do, and no secret.
    fn keeps_out(&self, name: &str, listener: u16, properties: &str, advice: &str) {
        let topics: [Topic; 4] = ["events", "results", "failures", "dead"].map(|stem| self.broker.topic(stem, 1));
        let names = topics.each_ref().map(|topic| topic.name.as_str());
        let text = crate::connect::pipeline(&self.address(listener), names)
            .replace("\n\n[[pipeline]]", &format!("\n{properties}\n[[pipeline]]"));
        let (output, said) = Configured::new("secure", text).check();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(advice), "{name}: {said}");
        assert!(!said.contains(PASSWORD), "{name}: {said}");
    }

    fn daemon_says_why_it_waits(&self) {
        let pipeline = Pipeline::with_definition(&self.broker, "kept-out", 1, PASSES)
            .kafka(&self.address(3), &self.sasl("SCRAM-SHA-512", "stepstream", "not-it"));
        let daemon = pipeline.spawn();
        crate::broker::wait_until("/readyz says what to do", || {
            daemon.assert_alive();
            daemon.get("/readyz").is_some_and(|(status, page)| {
                status == 503
                    && page.contains("invalid credentials")
                    && page.contains("check sasl.username, sasl.password")
            })
        });
        let log = pipeline.log();
        assert!(log.contains("brokers not reached yet") && !log.contains("not-it"), "{log}");
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        script(self.port, "stop");
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(folder(self.port));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Where `scripts/kafka` keeps the jars; what belongs to the broker of a port lies below.
fn kafka_folder() -> PathBuf {
    std::env::var_os("KAFKA_DIR").map_or_else(|| root().join(".kafka"), PathBuf::from)
}

fn folder(port: u16) -> PathBuf {
    kafka_folder().join(format!("secure-{port}"))
}

fn script(port: u16, verb: &str) -> bool {
    let mut kafka = Command::new(root().join("scripts/kafka"));
    kafka.arg(verb).env_remove("KAFKA_BROKERS").env("KAFKA_SECURE", "1").env("KAFKA_HEAP", "256m");
    kafka.env("KAFKA_DIR", kafka_folder()).env("KAFKA_PORT", port.to_string());
    kafka.status().expect("bash runs").success()
}

/// The first of that many ports in a row that nobody listens on.
fn free_ports(count: u16) -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Below those that the system gives to connections; where to begin differs between runs at a time.
    let begin = 20_000 + (std::process::id() % 500) as u16 * 16;
    (begin..32_000).step_by(16).find(|port| (*port..port + count).all(is_free)).expect("free ports")
}
