//! Portcullis around a bare hyper service: no axum, no router, HTTP/1.1 and HTTP/2 on one port.
//!
//! `cargo run -p plain-hyper` serves on 127.0.0.1:3001, or on the port that is given as argument, and prints lines to paste: they
//! show 401, 200, 403, 201 and 429.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use portcullis::key::{KeyPrefix, KeyRecord};
use portcullis::{
    ApiKey, ApiKeys, AuthContext, AuthUser, AuthnLayer, Denial, MemoryKeys, MemoryLimiter,
    PeerAddress, Quota, RateLimitLayer, SchemeName, TrustedProxies, client_address, permission,
    require,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "3001".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let keys = MemoryKeys::new();
    let (reader, writer) = (key(&keys, "guest")?, key(&keys, "user")?);
    welcome(listener.local_addr()?, &reader, &writer);

    // The same layers as around an axum router; the outermost first.
    let quota = Quota::per_minute(60).burst(20);
    let service = ServiceBuilder::new()
        .layer(
            RateLimitLayer::new(MemoryLimiter::new(), quota)
                .by(client_address(TrustedProxies::none())),
        )
        .layer(AuthnLayer::new().scheme(ApiKeys::new(keys)))
        .layer(require(permission("read")))
        .service(service_fn(notes));

    loop {
        let Ok((socket, peer)) = listener.accept().await else {
            // Out of file handles, most likely: some come back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = ServiceBuilder::new()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(PeerAddress(peer));
                request
            })
            .service(service.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(service);
            // A client that hangs up is its own affair.
            let _ = builder
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// Everybody who gets here may read; who may write is asked here.
async fn notes<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, _) = request.into_parts();
    Ok(answer(&parts).unwrap_or_else(|denial| refuse(denial, &parts)))
}

fn answer(request: &Parts) -> Result<Response<Full<Bytes>>, Denial> {
    let context = AuthContext::of(&request.extensions)?;
    let user: &AuthUser = context.require_user()?;
    let (status, text) = match request.method {
        Method::GET => (StatusCode::OK, format!("hello, {}", user.id())),
        Method::POST => {
            user.require(&permission("write"))?;
            (StatusCode::CREATED, "written".to_owned())
        }
        _ => {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Err(Denial::new(status, "method_not_allowed"));
        }
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

/// In the shape in which the layers refuse as well.
fn refuse(denial: Denial, request: &Parts) -> Response<Full<Bytes>> {
    let renderer: &dyn portcullis::Renderer = &portcullis::DefaultRenderer;
    renderer.refuse(denial, request).map(Full::new)
}

/// A key whose owner has this role: a guest reads, a user reads and writes.
fn key(keys: &MemoryKeys, role: &str) -> Result<String, Box<dyn Error>> {
    let key = ApiKey::generate(&KeyPrefix::default())?;
    let owner = AuthUser::builder(SchemeName::API_KEY, role).roles([role]);
    keys.insert(KeyRecord::for_key(&key, owner));
    Ok(key.expose().to_owned())
}

fn welcome(address: SocketAddr, reader: &str, writer: &str) {
    let curl = r"curl -s -w ' -> %{http_code}\n'";
    let url = format!("http://{address}/");
    println!("plain-hyper on {url}; lines to paste:");
    println!("\n# nobody: 401\n{curl} {url}");
    println!("\n# who may read: 200\n{curl} -H 'X-Api-Key: {reader}' {url}");
    println!(
        "\n# the same over HTTP/2: 200\n{curl} --http2-prior-knowledge -H 'X-Api-Key: {reader}' {url}"
    );
    println!("\n# who may only read, writes: 403\n{curl} -X POST -H 'X-Api-Key: {reader}' {url}");
    println!("\n# who may write: 201\n{curl} -X POST -H 'X-Api-Key: {writer}' {url}");
    let many = r"for i in $(seq 30); do curl -s -o /dev/null -w '%{http_code} '";
    println!("\n# too many at once: 429\n{many} {url}; done; echo");
    println!("\nCtrl-C ends the server.");
}
