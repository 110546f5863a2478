//! What the tests of several connectors share: requests, a runtime like a shard's, and a server on loopback.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;

use super::{Answer, BoxFuture, Connector, Purpose, Request, Resource, Role};

pub(crate) fn request(resource: &str, input: &[u8]) -> Request {
    Request {
        purpose: Purpose::Task,
        resource: Arc::new(Resource::parse(resource)),
        state: "Charge".into(),
        input: input.to_vec(),
        credentials: None,
        idempotency_key: "orders-0-42:Charge:1".to_owned(),
        attempt: 2,
        task_token: None,
        timeout: None,
        heartbeat: None,
        execution: Arc::from("arn:aws:states:us-east-1:123456789012:express:orders:orders-0-42:1"),
        trace_context: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
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

/// A connector of that kind, which can do all that a program asks of it, and answers with its input.
pub(super) struct Named(pub(super) &'static str);

impl Connector for Named {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        Box::pin(async move { Ok(request.input) })
    }

    fn refuses(&self, _: &Resource, _: Role) -> Option<String> {
        None
    }

    fn kind(&self) -> &'static str {
        self.0
    }
}
