use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Version},
    routing::post,
};

use super::*;
use crate::task::{
    HttpVersion,
    testing::{block_on, request, serve},
};

const RESOURCE: &str = "urn:price";

/// Calls a server that answers every request with this status and body.
fn answered(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let body = body.into();
    block_on(async move {
        let status = StatusCode::from_u16(status).expect("a status");
        let address = serve(Router::new().route("/", post(move || async move { (status, body) }))).await;
        connector(HttpOptions::new(format!("http://{address}/"))).call(request(RESOURCE, b"{}")).await
    })
}

fn connector(options: HttpOptions) -> HttpConnector {
    HttpConnector::new(options).expect("valid options")
}

fn error(answer: Answer) -> (String, String) {
    let failure = answer.expect_err("a failure");
    assert!(!failure.timed_out);
    (failure.error.expect("a name"), failure.cause.expect("a cause"))
}

#[test]
fn json_answers_are_results_byte_for_byte() {
    for body in [r#"{"price": 1.00, "id": 123456789012345678901234567890}"#, "null", "[ 1 ]", "\"ä\"", "12.50"] {
        assert_eq!(answered(200, body), Ok(body.as_bytes().to_vec()), "{body}");
    }
    assert_eq!(answered(201, "{}"), Ok(b"{}".to_vec()));
}

#[test]
fn empty_answers_are_null() {
    for (status, body) in [(204, ""), (200, ""), (202, " \n")] {
        assert_eq!(answered(status, body), Ok(b"null".to_vec()), "{status} {body:?}");
    }
}

#[test]
fn answers_that_are_not_json_fail_with_what_they_were() {
    for body in [&b"<html>ok</html>"[..], b"{} {}", b"[1,", b"\"\xff\""] {
        let (name, cause) = error(answered(200, body));
        assert_eq!(name, "Http.InvalidResponse");
        assert!(cause.contains("answered 200 with a body that is not JSON"), "{cause}");
    }
}

#[test]
fn errors_in_lambdas_shape_give_name_and_whole_body() {
    let body = r#"{"errorMessage": "no such order", "errorType": "OrderNotFound", "trace": []}"#;
    for status in [400, 404, 500] {
        assert_eq!(error(answered(status, body)), ("OrderNotFound".to_owned(), body.to_owned()));
    }
}

#[test]
fn other_errors_are_named_by_status() {
    let cases = [
        (404, "not here"),
        (302, "moved"),
        (400, r#"{"errorMessage": "no type"}"#),
        (422, r#"{"errorType": 7}"#),
        (429, r#"{"errorType": ""}"#),
        (500, r#"["errorType"]"#),
    ];
    for (status, body) in cases {
        assert_eq!(error(answered(status, body)), (format!("Http.StatusCode.{status}"), body.to_owned()));
    }
}

#[test]
fn an_error_without_a_body_says_what_answered() {
    for body in ["", " \r\n"] {
        let (name, cause) = error(answered(429, body));
        assert_eq!(name, "Http.StatusCode.429");
        assert!(
            cause.starts_with("POST http://127.0.0.1:") && cause.ends_with("answered 429 without a body"),
            "{cause}"
        );
    }
}

#[test]
fn causes_are_cut_at_the_services_bound() {
    let (name, cause) = error(answered(500, "ä".repeat(40_000)));
    assert_eq!((name.as_str(), cause.chars().count()), ("Http.StatusCode.500", 32_768));
}

#[test]
fn results_over_the_size_limit_fail_and_at_the_limit_pass() {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(answered(200, text(262_144)).is_ok());
    let (name, cause) = error(answered(200, text(262_145)));
    assert_eq!(name, "States.DataLimitExceeded");
    let expected =
        "The state/task 'urn:price' returned a result with a size exceeding the maximum number of bytes service limit.";
    assert_eq!(cause, expected);
    // An endless error body is read no further either; what was read is the cause.
    assert_eq!(error(answered(500, vec![b'x'; 5_000_000])).0, "Http.StatusCode.500");
}

#[test]
fn the_request_is_a_post_with_input_key_and_configured_headers() {
    let (sent, answer) = block_on(async {
        let (seen, mut log) = tokio::sync::mpsc::channel(1);
        let handler = move |headers: HeaderMap, body: Bytes| {
            let seen = seen.clone();
            async move {
                seen.send((headers, body)).await.expect("the test is waiting");
                "{}"
            }
        };
        let address = serve(Router::new().route("/price", post(handler))).await;
        let mut options = HttpOptions::new(format!("http://{address}/price?tier=gold"));
        options.client.headers = vec![("X-Api-Key".into(), "s3cret".into()), ("accept".into(), "text/json".into())];
        let answer = connector(options).call(request(RESOURCE, br#"{"total": 1.50}"#)).await;
        (log.recv().await.expect("one request"), answer)
    });
    assert_eq!(answer, Ok(b"{}".to_vec()));
    let (headers, body) = sent;
    assert_eq!(&body[..], br#"{"total": 1.50}"#);
    let expected = [
        ("content-type", "application/json"),
        ("idempotency-key", "orders-0-42:Charge:1"),
        ("stepstream-attempt", "2"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-api-key", "s3cret"),
        ("accept", "text/json"),
        ("content-length", "15"),
    ];
    for (name, value) in expected {
        assert_eq!(headers.get_all(name).iter().collect::<Vec<_>>(), [value], "{name}");
    }
}

#[test]
fn connection_trouble_names_url_and_reason_but_no_secret() {
    let (name, cause) = block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        let mut options = HttpOptions::new(format!("http://user:s3cret@{address}/price?key=s3cret"));
        options.client.headers = vec![("X-Api-Key".into(), "s3cret".into())];
        let outcome = error(connector(options).call(request(RESOURCE, b"{}")).await);
        assert!(outcome.1.contains(&format!("http://{address}/price ")), "{}", outcome.1);
        outcome
    });
    assert_eq!(name, "States.Http.Socket");
    assert!(cause.to_lowercase().contains("connection refused"), "{cause}");
    assert!(!cause.contains("s3cret"), "{cause}");
}

/// Calls a server that accepts the request and never answers.
fn unanswered(own: Duration, state: Option<Duration>) -> TaskFailure {
    block_on(async move {
        let address = serve(Router::new().route("/", post(std::future::pending::<StatusCode>))).await;
        let mut options = HttpOptions::new(format!("http://{address}/"));
        options.client.timeout = own;
        let mut request = request(RESOURCE, b"{}");
        request.timeout = state;
        connector(options).call(request).await.expect_err("nothing answers")
    })
}

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn the_smaller_timeout_wins_and_names_the_error() {
    let own = unanswered(SHORT, Some(LONG));
    assert_eq!((own.error.as_deref(), own.timed_out), (Some("States.Http.Socket"), false));
    assert!(own.cause.expect("a cause").starts_with("Timeout: POST http://"));
    assert_eq!(unanswered(SHORT, None).error.as_deref(), Some("States.Http.Socket"));
    assert_eq!(unanswered(LONG, Some(SHORT)), TaskFailure::timeout());
}

#[test]
fn a_key_that_is_no_header_value_fails_the_call() {
    let mut request = request(RESOURCE, b"{}");
    request.idempotency_key = "a\nb".to_owned();
    let answer = block_on(connector(HttpOptions::new("http://127.0.0.1:1/")).call(request));
    assert_eq!(error(answer).0, "States.Runtime");
}

async fn version_server() -> std::net::SocketAddr {
    serve(Router::new().route("/", post(|version: Version| async move { format!("\"{version:?}\"") }))).await
}

#[test]
fn speaks_the_configured_version_on_plain_http() {
    let cases = [(HttpVersion::Auto, "HTTP/1.1"), (HttpVersion::Http1, "HTTP/1.1"), (HttpVersion::Http2, "HTTP/2.0")];
    for (version, expected) in cases {
        let answer = block_on(async {
            let mut options = HttpOptions::new(format!("http://{}/", version_server().await));
            options.client.version = version;
            connector(options).call(request(RESOURCE, b"{}")).await
        });
        assert_eq!(answer, Ok(format!("\"{expected}\"").into_bytes()), "{version:?}");
    }
}

#[test]
fn connections_are_used_again() {
    let peers = block_on(async {
        let (connector, mut peers) = (peer_connector().await, Vec::new());
        for _ in 0..3 {
            peers.push(connector.call(request(RESOURCE, b"{}")).await.expect("an answer"));
        }
        peers
    });
    assert!(peers.iter().all(|peer| *peer == peers[0]), "{peers:?}");
}

/// A connector to a server that answers with the client's port: who shares a connection gets the same one.
async fn peer_connector() -> HttpConnector {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let handler = |peer: axum::extract::ConnectInfo<std::net::SocketAddr>| async move { peer.port().to_string() };
    let service = Router::new().route("/", post(handler)).into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    connector(HttpOptions::new(format!("http://{address}/")))
}

#[test]
fn one_connector_serves_several_runtimes_and_outlives_them() {
    // The server has a runtime of its own, so that ending a caller's runtime ends only its connections.
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("starts");
    let connector = Arc::new(server.block_on(peer_connector()));
    for _ in 0..3 {
        assert!(block_on(connector.call(request(RESOURCE, b"{}"))).is_ok());
    }
    assert!(server.block_on(connector.call(request(RESOURCE, b"{}"))).is_ok());
}

#[test]
fn a_connection_of_a_runtime_that_is_busy_elsewhere_is_left_alone() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("starts");
    let connector = server.block_on(peer_connector());
    let shard = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let (first, second) = (shard(), shard());
    let one = first.block_on(connector.call(request(RESOURCE, b"{}"))).expect("an answer");
    // `first` is not polled now: its idle connection must not be taken.
    let two = second.block_on(connector.call(request(RESOURCE, b"{}"))).expect("an answer");
    assert_ne!(one, two);
}

#[test]
fn a_connection_that_the_server_closed_in_the_meantime_is_replaced() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (closed, when_closed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                let mut portion = [0; 1024];
                let size = stream.read(&mut portion).expect("a request");
                request.extend_from_slice(&portion[..size]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1").expect("the client waits");
            drop(stream);
            if closed.send(()).is_err() {
                break;
            }
        }
    });
    let shard = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let connector = connector(HttpOptions::new(format!("http://{address}/")));
    for _ in 0..10 {
        assert_eq!(shard.block_on(connector.call(request(RESOURCE, b"{}"))), Ok(b"1".to_vec()));
        // The shard does not look at its connections meanwhile, so it can't have noticed.
        when_closed.recv().expect("the server runs");
    }
}

mod tls {
    use std::{net::SocketAddr, path::PathBuf};

    use axum::serve::Listener;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::{TlsAcceptor, server::TlsStream};

    use super::*;

    struct TlsListener {
        tcp: TcpListener,
        acceptor: TlsAcceptor,
    }

    impl Listener for TlsListener {
        type Io = TlsStream<TcpStream>;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (Self::Io, Self::Addr) {
            loop {
                let Ok((stream, peer)) = self.tcp.accept().await else { continue };
                if let Ok(stream) = self.acceptor.accept(stream).await {
                    return (stream, peer);
                }
            }
        }

        fn local_addr(&self) -> std::io::Result<Self::Addr> {
            self.tcp.local_addr()
        }
    }

    fn testdata(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/task/testdata").join(name)
    }

    fn server_config() -> rustls::ServerConfig {
        let chain: Vec<_> = CertificateDer::pem_file_iter(testdata("server.pem"))
            .expect("the file is there")
            .collect::<Result<_, _>>()
            .expect("certificates");
        let key = PrivateKeyDer::from_pem_file(testdata("server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("supported")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key fits the certificate");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    fn called(version: HttpVersion, extra_ca: Option<PathBuf>) -> Answer {
        block_on(async {
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let port = tcp.local_addr().expect("bound").port();
            let handler = |version: Version| async move { format!("\"{version:?}\"") };
            let router = Router::new().route("/", post(handler));
            let listener = TlsListener { tcp, acceptor: TlsAcceptor::from(Arc::new(server_config())) };
            tokio::spawn(async move { axum::serve(listener, router).await });
            let mut options = HttpOptions::new(format!("https://127.0.0.1:{port}/"));
            options.client.version = version;
            options.client.extra_ca = extra_ca;
            connector(options).call(request(RESOURCE, b"{}")).await
        })
    }

    #[test]
    fn the_version_is_negotiated() {
        let cases =
            [(HttpVersion::Auto, "HTTP/2.0"), (HttpVersion::Http1, "HTTP/1.1"), (HttpVersion::Http2, "HTTP/2.0")];
        for (version, expected) in cases {
            let answer = called(version, Some(testdata("ca.pem")));
            assert_eq!(answer, Ok(format!("\"{expected}\"").into_bytes()), "{version:?}");
        }
    }

    #[test]
    fn a_server_that_nobody_vouches_for_is_refused() {
        let (name, cause) = error(called(HttpVersion::Auto, None));
        assert_eq!(name, "States.Http.Socket");
        assert!(cause.contains("certificate"), "{cause}");
    }
}
