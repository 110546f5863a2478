//! Connections of the HTTP side: bounded in number, in the time for a request's header, and in the time at the end.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Connections at a time: many times what scrapers and probes need. The oldest makes room for a new one, so that whoever
/// holds connections open can't keep a probe out.
pub(super) const MAX_CONNECTIONS: usize = 64;
/// Time for the whole header of a request, and for the next request on an idle connection.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that open requests get when the server stops: a client that reads slowly must not hold the process.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause after a connection could not be accepted, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Failures to accept in a row after which it is of no use to go on: a minute of them.
const MAX_ACCEPT_FAILURES: u32 = 60;

/// Serves until `stop` is done, then gives open requests a moment to finish.
///
/// # Errors
///
/// Connections can't be accepted any more.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    header_timeout: Duration,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let service = TowerToHyperService::new(router);
    let graceful = GracefulShutdown::new();
    let mut open = Open { max: max_connections, connections: VecDeque::new() };
    let mut stop = pin!(stop);
    let mut failures = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                failures = 0;
                let connection = http.serve_connection(TokioIo::new(stream), service.clone());
                let connection = graceful.watch(connection);
                // How a connection ends is of interest only to its client.
                open.admit(tokio::spawn(async { drop(connection.await) }));
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) if failures >= MAX_ACCEPT_FAILURES => return Err(error),
            Err(_) => {
                failures += 1;
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // What is still open then is cut off.
    let _ = timeout(STOP_TIMEOUT, graceful.shutdown()).await;
    open.close();
    Ok(())
}

/// A connection that its client gave up before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The connections that are open, the oldest first.
struct Open {
    max: usize,
    connections: VecDeque<JoinHandle<()>>,
}

impl Open {
    /// Adds a connection, in place of the oldest one if there are too many.
    fn admit(&mut self, connection: JoinHandle<()>) {
        self.connections.retain(|open| !open.is_finished());
        if self.connections.len() >= self.max
            && let Some(oldest) = self.connections.pop_front()
        {
            oldest.abort();
        }
        self.connections.push_back(connection);
    }

    fn close(self) {
        self.connections.iter().for_each(JoinHandle::abort);
    }
}
