//! The whole stack over a socket, beside a server that says hello and nothing else.

use std::fs;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use portcullis_benches::{Limit, Row, Section, Settings, nanos};
use portcullis_core::{AuthnLayer, TrustedProxies, client_address, require, scope};
use portcullis_jwt::Bearer;
use portcullis_limit::{MemoryLimiter, Quota, RateLimitLayer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tower::ServiceBuilder;

use crate::jwt::{Issuers, authorizer, authorizer_layer, verifier};
use crate::token::Issuer;

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 11;

const GREETING: &str = "Hello, World!";

pub(crate) fn section(issuers: &Issuers, settings: &Settings) -> Section {
    let (es256, hs256) = (issuers.es256(), issuers.hs256());
    let mut servers = [
        Server::start("", hello),
        Server::start(&es256.token(1), ours(together(es256))),
        Server::start(&es256.token(1), ours(one_by_one(es256))),
        Server::start(&hs256.token(1), ours(together(hs256))),
        Server::start("", older_hello),
        Server::start(&hs256.token(1), with_authorizer(hs256)),
    ];
    let rounds = if settings.divisor > 1 { 1 } else { ROUNDS };
    let requests = REQUESTS / settings.divisor;
    for _ in 0..=rounds {
        servers.iter_mut().for_each(|server| server.round(requests));
    }
    let [hello, es256, one_by_one, hs256, older_hello, peer] = servers.map(Server::stop);
    Section {
        title: "The whole stack over a socket",
        note: format!(
            "axum on one thread, {CONNECTIONS} kept connections on another, over the loopback; each handler says hello. Ours has a \
             rate limit by address, `AuthnLayer` with `Bearer`, and a guard for a scope, in one `ServiceBuilder`. Axum's hello world: {}. jwt-authorizer \
             stands on axum 0.7 and is compared with that one's hello world, {}; it has no limit and no guard.",
            hello.text(),
            older_hello.text()
        ),
        rows: vec![
            row("ES256, seen before", &es256, &hello),
            row(
                "ES256, seen before, three calls of `.layer`",
                &one_by_one,
                &hello,
            ),
            row("HS256, verified each time", &hs256, &hello).beside(format!(
                "jwt-authorizer HS256 {}",
                peer.beside(&older_hello)
            )),
        ],
    }
}

fn row(job: &str, ours: &Speed, hello: &Speed) -> Row {
    let share = ours.per_second / hello.per_second;
    Row::new(job)
        .target(
            "≥ 0.85 of hello world",
            [Limit::at_least("throughput", share, 0.85)],
        )
        .measured(ours.beside(hello))
}

/// What a server came to.
struct Speed {
    per_second: f64,
    /// Of the server's thread, per request; 0 where the system does not say.
    cpu: f64,
}

impl Speed {
    fn text(&self) -> String {
        format!(
            "{:.0} requests/s, {} of CPU each",
            self.per_second,
            nanos(self.cpu)
        )
    }

    fn beside(&self, hello: &Self) -> String {
        let share = self.per_second / hello.per_second;
        let more = nanos(self.cpu - hello.cpu);
        format!(
            "{share:.2} of hello ({:.0}/s), {more} of CPU above it",
            self.per_second
        )
    }
}

type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

fn hello(listener: TcpListener, stop: oneshot::Receiver<()>) -> Serving {
    let router = Router::new().route("/", get(|| async { GREETING }));
    Box::pin(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = axum::serve(listener, router);
        server.with_graceful_shutdown(stopped(stop)).await
    })
}

/// All layers in one stack, which costs axum one boxed service.
fn together(issuer: &Issuer) -> Router {
    let stack = ServiceBuilder::new()
        .layer(limits())
        .layer(authn(issuer))
        .layer(require(scope("write")));
    Router::new()
        .route("/", get(|| async { GREETING }))
        .layer(stack)
}

/// Each layer by itself, where it is wanted, which costs axum a boxed service for each.
fn one_by_one(issuer: &Issuer) -> Router {
    let hello = get(|| async { GREETING }).layer(require(scope("write")));
    Router::new()
        .route("/", hello)
        .layer(authn(issuer))
        .layer(limits())
}

fn limits() -> RateLimitLayer {
    RateLimitLayer::new(MemoryLimiter::new(), Quota::per_second(1_000_000_000))
        .by(client_address(TrustedProxies::none()))
}

fn authn(issuer: &Issuer) -> AuthnLayer {
    AuthnLayer::new().scheme(Bearer::new(verifier(issuer, false)))
}

fn ours(
    router: Router,
) -> impl FnOnce(TcpListener, oneshot::Receiver<()>) -> Serving + Send + 'static {
    |listener, stop| {
        Box::pin(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let server = axum::serve(listener, service);
            server.with_graceful_shutdown(stopped(stop)).await
        })
    }
}

fn older_hello(listener: TcpListener, stop: oneshot::Receiver<()>) -> Serving {
    older(older_router(), listener, stop)
}

fn with_authorizer(
    issuer: &Issuer,
) -> impl FnOnce(TcpListener, oneshot::Receiver<()>) -> Serving + Send + 'static {
    let layer = authorizer_layer(authorizer(issuer));
    move |listener, stop| older(older_router().layer(layer), listener, stop)
}

fn older_router() -> axum_07::Router {
    axum_07::Router::new().route("/", axum_07::routing::get(|| async { GREETING }))
}

fn older(router: axum_07::Router, listener: TcpListener, stop: oneshot::Receiver<()>) -> Serving {
    Box::pin(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = axum_07::serve(listener, router);
        server.with_graceful_shutdown(stopped(stop)).await
    })
}

async fn stopped(stop: oneshot::Receiver<()>) {
    // A sender that is gone has stopped as well.
    let _ = stop.await;
}

/// A server on a thread of its own, the clients' connections to it, and what each round came to.
struct Server {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// Where the system says how long the thread has run.
    clock: String,
    clients: Runtime,
    connections: Vec<Connection>,
    rounds: Vec<Speed>,
}

impl Server {
    /// Starts it, and connects; the requests carry the token, if there is one.
    fn start<F>(token: &str, serve: F) -> Self
    where
        F: FnOnce(TcpListener, oneshot::Receiver<()>) -> Serving + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
        listener.set_nonblocking(true).expect("sockets can be so");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let _ = tell.send(fs::read_link("/proc/thread-self"));
            let served = runtime().block_on(async { serve(listener, stopped).await });
            served.expect("the server can be started");
        });
        let task = told.recv().ok().and_then(Result::ok).unwrap_or_default();
        let clients = runtime();
        let connect = async {
            let mut connections = Vec::new();
            for _ in 0..CONNECTIONS {
                connections.push(Connection::open(address, token).await);
            }
            connections.into_iter().collect::<io::Result<_>>()
        };
        let connections = clients.block_on(connect);
        Self {
            thread,
            stop,
            clock: format!("/proc/{}/schedstat", task.display()),
            connections: connections.expect("the server answers"),
            clients,
            rounds: Vec::new(),
        }
    }

    /// Sends so many requests over all connections together.
    fn round(&mut self, requests: usize) {
        let each = requests / CONNECTIONS;
        let (start, cpu) = (Instant::now(), self.cpu());
        self.connections = self.clients.block_on(async {
            let send = |connection: Connection| tokio::spawn(connection.send(each));
            let sending: Vec<_> = self.connections.drain(..).map(send).collect();
            let mut connections = Vec::new();
            for connection in sending {
                let connection = connection.await.expect("no client panics");
                connections.push(connection.expect("the server answers"));
            }
            connections
        });
        let sent = (each * CONNECTIONS) as f64;
        self.rounds.push(Speed {
            per_second: sent / start.elapsed().as_secs_f64(),
            cpu: (self.cpu() - cpu) / sent,
        });
    }

    /// The nanoseconds that the server's thread has run.
    fn cpu(&self) -> f64 {
        let text = fs::read_to_string(&self.clock).unwrap_or_default();
        let first = text.split(' ').next().unwrap_or_default();
        first.parse().unwrap_or(0.0)
    }

    /// Stops it and says what it came to: the medians of all rounds but the first, which warmed it up.
    fn stop(self) -> Speed {
        drop(self.connections);
        drop(self.clients);
        let _ = self.stop.send(());
        self.thread.join().expect("the server does not panic");
        let median = |value: fn(&Speed) -> f64| {
            let mut values: Vec<_> = self.rounds[1..].iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Speed {
            per_second: median(|speed| speed.per_second),
            cpu: median(|speed| speed.cpu),
        }
    }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("the system gives a runtime")
}

/// A kept connection that asks the same thing again and again.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr, token: &str) -> io::Result<Self> {
        let credential = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let request =
            format!("GET / HTTP/1.1\r\nhost: api.example\r\naccept: */*\r\n{credential}\r\n");
        let mut connection = Self {
            stream: TcpStream::connect(address).await?,
            request: request.into_bytes(),
            response: Vec::new(),
        };
        connection.stream.set_nodelay(true)?;
        connection.learn().await?;
        Ok(connection)
    }

    /// Reads the first response, which all others are as long as.
    async fn learn(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.request).await?;
        while !self.response.ends_with(GREETING.as_bytes()) {
            if self.stream.read_buf(&mut self.response).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    async fn send(mut self, requests: usize) -> io::Result<Self> {
        for _ in 0..requests {
            self.stream.write_all(&self.request).await?;
            self.stream.read_exact(&mut self.response).await?;
            assert!(self.response.starts_with(b"HTTP/1.1 200 "));
        }
        Ok(self)
    }
}
