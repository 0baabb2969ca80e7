use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::answer::{Answer, misbehaved};
use super::state::{Kind, State};
use super::{Client, ReceivedRequest};

pub(super) struct Shared {
    pub(super) kind: Kind,
    client: Client,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(kind: Kind, client: Client) -> Self {
        Self {
            kind,
            client,
            state: Mutex::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, request: Request<Incoming>) -> io::Result<Answer> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = ReceivedRequest::new(head, &body);
        let endpoint = self.kind.endpoint(&request.path);
        let behaviour = {
            let mut state = self.lock();
            state.requests.push(request.clone());
            endpoint.and_then(|endpoint| state.behaviours.get(&endpoint).cloned())
        };
        match behaviour {
            Some(behaviour) => misbehaved(behaviour)
                .await
                .ok_or_else(|| io::Error::other("it hangs up")),
            None => {
                let mut state = self.lock();
                Ok(self
                    .kind
                    .answer(endpoint, &request, &self.client, &mut state))
            }
        }
    }
}

pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let answer = |request| {
                let shared = Arc::clone(&shared);
                async move { shared.serve(request).await }
            };
            let connection = hyper::server::conn::http1::Builder::new();
            let connection = connection.serve_connection(TokioIo::new(stream), service_fn(answer));
            // A client that hangs up ends its own connection, no more.
            connection.await.is_ok()
        });
    }
}
