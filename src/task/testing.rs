//! What the tests of several connectors share: requests, a runtime like a shard's, and a server on loopback.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;

use super::{Purpose, Request};

pub(super) fn request(resource: &str, input: &[u8]) -> Request {
    Request {
        purpose: Purpose::Task,
        resource: resource.into(),
        state: "Charge".into(),
        input: input.to_vec(),
        idempotency_key: "orders-0-42-1".to_owned(),
        timeout: None,
        execution: Arc::from("arn:aws:states:us-east-1:123456789012:express:orders:orders-0-42:1"),
    }
}

/// Runs a future on a runtime like a shard's.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(future)
}

/// Serves on a free port of loopback until the runtime ends.
pub(super) async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
