//! An HTTP server on loopback that answers as a test wants it to: well, late, wrongly or without end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What the endpoint says at one path.
#[derive(Clone)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    endless: bool,
    held: bool,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Bytes::from(body.into()),
            endless: false,
            held: false,
        }
    }

    pub(crate) fn status(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Spaces after spaces, which JSON allows, and no length.
    pub(crate) fn endless() -> Self {
        Self {
            endless: true,
            ..Self::ok("")
        }
    }

    /// Not before the test calls [`Endpoint::release`].
    pub(crate) fn held(mut self) -> Self {
        self.held = true;
        self
    }

    fn into_response(self) -> Response<BoxBody<Bytes, Infallible>> {
        let body = match self.endless {
            true => BoxBody::new(Endless),
            false => BoxBody::new(Full::new(self.body)),
        };
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap()
    }
}

struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 4096])))))
    }
}

struct State {
    answers: Mutex<HashMap<String, Answer>>,
    requests: watch::Sender<Vec<(String, HeaderMap)>>,
    gate: Semaphore,
}

/// The server. It ends when it is dropped.
pub(crate) struct Endpoint {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    pub(crate) async fn start_tls(config: ServerConfig) -> Self {
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            answers: Mutex::default(),
            requests: watch::Sender::new(Vec::new()),
            gate: Semaphore::new(0),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Self {
            address,
            scheme,
            state,
            server,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.address.port())
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        let mut answers = self.state.answers.lock().unwrap();
        answers.insert(path.to_owned(), answer);
    }

    /// Lets this many held answers go.
    pub(crate) fn release(&self, answers: usize) {
        self.state.gate.add_permits(answers);
    }

    /// The paths that were asked for so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.state.requests.borrow();
        requests.iter().map(|(path, _)| path.clone()).collect()
    }

    pub(crate) fn headers(&self, request: usize) -> HeaderMap {
        self.state.requests.borrow()[request].1.clone()
    }

    /// Waits until this many requests have come in all.
    pub(crate) async fn arrived(&self, requests: usize) {
        let mut seen = self.state.requests.subscribe();
        seen.wait_for(|seen| seen.len() >= requests).await.unwrap();
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(stream, tls.clone(), Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    match tls {
        None => serve(stream, state).await,
        // A client that does not trust this server breaks off here.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, state).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A client that breaks off is part of many tests.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let _ = request.into_body().collect().await;
    let answer = state.answers.lock().unwrap().get(&path).cloned();
    let answer = answer.unwrap_or_else(|| Answer::status(StatusCode::NOT_FOUND));
    state
        .requests
        .send_modify(|requests| requests.push((path, headers)));
    if answer.held {
        state.gate.acquire().await.unwrap().forget();
    }
    Ok(answer.into_response())
}
