//! An HTTP server on loopback, at each of whose paths the test says what is answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What the party says at one path.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    manner: Manner,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Prompt,
    /// Not before the test says so.
    Held,
    /// Head and nothing else.
    Stalled,
    /// A body that does not end.
    Endless,
}

impl Answer {
    pub(crate) fn json(body: &Value) -> Self {
        Self::text("application/json", body.to_string())
    }

    pub(crate) fn text(content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            body: Bytes::from(body.into()),
            manner: Manner::Prompt,
        }
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        let answer = Self::text("text/plain", "").status(status);
        answer.header("location", to)
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn held(self) -> Self {
        self.in_manner(Manner::Held)
    }

    pub(crate) fn stalled(self) -> Self {
        self.in_manner(Manner::Stalled)
    }

    /// Spaces after spaces, which JSON allows.
    pub(crate) fn endless(self) -> Self {
        self.in_manner(Manner::Endless)
    }

    fn in_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    fn into_response(self) -> Response<BoxBody<Bytes, Infallible>> {
        let body = match self.manner {
            Manner::Prompt | Manner::Held => BoxBody::new(Full::new(self.body)),
            manner => BoxBody::new(Odd(manner)),
        };
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap()
    }
}

struct Odd(Manner);

impl Body for Odd {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0 {
            Manner::Endless => {
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 4096])))))
            }
            _ => Poll::Pending,
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A field of the form in the body.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        crate::login::parameter(&self.body, name)
    }
}

struct State {
    answers: Mutex<HashMap<String, Answer>>,
    requests: watch::Sender<Vec<Received>>,
    gate: Semaphore,
}

/// The server. It ends when it is dropped.
pub(crate) struct Party {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Party {
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

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.requests.borrow().clone()
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let requests = self.state.requests.borrow();
        requests
            .iter()
            .filter(|request| request.path == path)
            .count()
    }

    /// The last request to a path.
    pub(crate) fn last(&self, path: &str) -> Received {
        let requests = self.requests();
        let mut at_path = requests.into_iter().rev();
        at_path.find(|request| request.path == path).unwrap()
    }

    /// Waits until a path was asked for.
    pub(crate) async fn arrived(&self, path: &str) {
        let mut seen = self.state.requests.subscribe();
        seen.wait_for(|seen| seen.iter().any(|request| request.path == path))
            .await
            .unwrap();
    }
}

impl Drop for Party {
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
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let received = Received {
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: String::from_utf8(body.into()).unwrap(),
    };
    let answer = state.answers.lock().unwrap().get(&received.path).cloned();
    let answer = answer.unwrap_or_else(|| Answer::text("text/plain", "").status(404));
    state
        .requests
        .send_modify(|requests| requests.push(received));
    if answer.manner == Manner::Held {
        state.gate.acquire().await.unwrap().forget();
    }
    Ok(answer.into_response())
}
