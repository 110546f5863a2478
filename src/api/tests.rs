use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::*;
use crate::registry::RefusedVersion;
use crate::telemetry::init_metrics;

/// A server on a free port of loopback, stopped when it goes.
struct Running {
    address: SocketAddr,
    health: Health,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Result<(), ServerError>>>,
    runtime: Runtime,
}

impl Running {
    fn start() -> Self {
        Self::with_health(Health::new())
    }

    fn with_health(health: Health) -> Self {
        init_metrics();
        let runtime = Runtime::new().unwrap();
        let sources = Sources { health: health.clone(), workflows: Arc::new(|| vec![status()]) };
        let server = runtime.block_on(Server::bind(([127, 0, 0, 1], 0).into(), sources)).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(server.serve(async move { drop(stopped.await) }));
        Self { address, health, stop: Some(stop), served: Some(served), runtime }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

fn status() -> WorkflowStatus {
    WorkflowStatus {
        name: "order".to_owned(),
        file: "workflows/order.asl.json".to_owned(),
        version: "2-1a2b3c4d".to_owned(),
        loaded_at: "2026-11-24T08:00:00Z".to_owned(),
        states: 7,
        from_state_dir: false,
        last_error: Some(RefusedVersion { at: "2026-11-24T09:00:00Z".to_owned(), why: "1:1: no".to_owned() }),
    }
}

#[test]
fn every_page_answers() {
    let server = Running::start();
    for (path, code, part) in [
        ("/", 200, "/workflows"),
        ("/healthz", 200, "ok"),
        ("/metrics", 200, "stepstream_build_info{version="),
        ("/metrics", 200, "stepstream_ready 1"),
        ("/workflows", 200, "\"version\": \"2-1a2b3c4d\""),
        ("/workflows", 200, "\"why\": \"1:1: no\""),
        ("/nowhere", 404, "/workflows"),
    ] {
        let (found, body) = server.get(path);
        assert_eq!(found, code, "{path}: {body}");
        assert!(body.contains(part), "{path}: {part} is not in {body}");
    }
}

#[test]
fn readiness_follows_the_parts_and_names_those_that_are_not() {
    let server = Running::start();
    assert_eq!(server.get("/readyz").0, 200);
    let shard = server.health.register("pipeline orders, shard 0");
    let (code, body) = server.get("/readyz");
    assert_eq!(code, 503);
    assert!(body.contains("pipeline orders, shard 0") && body.contains("starting"), "{body}");
    assert_eq!(server.get("/healthz").0, 200, "alive all the same");
    shard.ready();
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn a_refused_workflow_is_a_warning_of_readiness_and_no_more() {
    let server = Running::start();
    let (code, body) = server.get("/readyz");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &body["ready"]), (200, &json!(true)));
    let warning = &body["warnings"][0];
    assert_eq!((&warning["part"], &warning["since"]), (&json!("workflow order"), &json!("2026-11-24T09:00:00Z")));
    assert!(
        warning["reason"].as_str().is_some_and(|reason| reason.contains("version 2-1a2b3c4d runs on")),
        "{warning}"
    );
    assert!(warning["action"].is_string(), "{warning}");
}

#[test]
fn not_ready_says_what_since_when_and_what_to_do() {
    let server = Running::start();
    let shard = server.health.register("pipeline orders, shard 0");
    shard.ready();
    shard.waits("sink", "results takes no records", "create the topic");
    let (code, body) = server.get("/readyz");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &body["ready"]), (503, &json!(false)));
    let reason = &body["reasons"][0];
    assert_eq!(reason["kind"], "sink");
    assert_eq!(reason["part"], "pipeline orders, shard 0");
    assert_eq!(reason["reason"], "results takes no records");
    assert_eq!(reason["action"], "create the topic");
    assert!(reason["seconds"].is_u64(), "{reason}");
    let since = reason["since"].as_str().unwrap();
    assert!(crate::expr::Instant::parse(since).is_some(), "{since}");
}

#[test]
fn a_part_without_signs_of_life_makes_the_process_unhealthy() {
    let server = Running::with_health(Health::with_patience(Duration::ZERO, Duration::ZERO));
    let shard = server.health.register("pipeline orders, shard 0");
    shard.ready();
    assert_eq!(server.get("/healthz").0, 200);
    shard.beat();
    std::thread::sleep(Duration::from_millis(5));
    let (code, body) = server.get("/healthz");
    assert_eq!(code, 503);
    assert!(body.contains("pipeline orders, shard 0") && body.contains("no sign of life"), "{body}");
    assert_eq!(server.get("/readyz").0, 503);
}

#[test]
fn an_address_in_use_is_said_to_be() {
    let server = Running::start();
    let sources = Sources { health: Health::new(), workflows: Arc::new(Vec::new) };
    let error = server.runtime.block_on(Server::bind(server.address, sources)).err().unwrap();
    assert!(matches!(error, ServerError::AddressInUse { .. }), "{error}");
    assert!(error.to_string().contains("STEPSTREAM_HTTP_LISTEN"), "{error}");
}

#[test]
fn it_stops_when_told() {
    let mut server = Running::start();
    assert_eq!(server.get("/healthz").0, 200);
    server.stop.take().unwrap().send(()).unwrap();
    server.runtime.block_on(server.served.take().unwrap()).unwrap().unwrap();
    assert!(TcpStream::connect(server.address).is_err());
}

/// Waits for the server to close a connection.
fn assert_closed(mut stream: &TcpStream, what: &str) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // Reset is closed, too: the server may not have read all that was sent.
    let read = stream.read(&mut [0; 64]).map_err(|error| error.kind());
    assert!(matches!(read, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "{what}: {read:?}");
}

#[test]
fn a_header_that_never_ends_is_not_waited_for() {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let soon = Duration::from_millis(50);
    runtime.spawn(serve::serve(listener, Router::new(), serve::MAX_CONNECTIONS, soon, std::future::pending()));
    for beginning in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(beginning.as_bytes()).unwrap();
        assert_closed(&stream, beginning);
    }
}

#[test]
fn whoever_holds_connections_open_does_not_keep_a_probe_out() {
    let server = Running::start();
    let held: Vec<TcpStream> = (0..2 * serve::MAX_CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(b"GET /").unwrap();
            stream
        })
        .collect();
    assert_eq!(server.get("/healthz").0, 200);
    assert_closed(&held[0], "the oldest made room");
}
