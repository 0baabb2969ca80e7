//! Accounts on a bare hyper server: the same service as in `axum-accounts`, under `/api`, and a page of the application's own behind the
//! same layer. No axum, no router, HTTP/1.1 and HTTP/2 on one port.
//!
//! `cargo run -p hyper-accounts` serves on 127.0.0.1:3003, or on the port that is given as argument, keeps its accounts in
//! `accounts.db` in the working directory, and prints lines to paste. The secret is made anew at each start.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use portcullis::accounts::{AccountsService, ConsoleMailer};
use portcullis::{
    Accounts, AuthContext, Denial, PeerAddress, ResponseBody, SessionCookie, SqlStore, permission,
};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};

type Answer = Response<ResponseBody<Full<Bytes>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "3003".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let base = format!("http://{}", listener.local_addr()?);

    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let store = SqlStore::connect("sqlite://accounts.db").await?;
    let accounts = Accounts::builder(store, ConsoleMailer::new(), base.as_str())
        .jwt_secret(secret)
        .cookie(SessionCookie::new().with_insecure_cookies()) // plain http on this machine
        .build()?;
    print!("{}", include_str!("welcome.txt").replace("BASE", &base));

    // Nothing strips the prefix here, so the service is told of it.
    let api = accounts.service().mounted_at("/api");
    let own = accounts.authn().layer(service_fn(notes));
    loop {
        let Ok((socket, peer)) = listener.accept().await else {
            // Out of file handles, most likely: some come back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (api, own) = (api.clone(), own.clone());
        let service = service_fn(move |request| route(api.clone(), own.clone(), peer, request));
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

/// The accounts under `/api`, everything else to the application. Without the peer's address all clients would count as one.
async fn route<S>(
    api: AccountsService,
    own: S,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Answer, Infallible>
where
    S: Service<Request<Incoming>, Response = Answer, Error = Infallible>,
{
    request.extensions_mut().insert(PeerAddress(peer));
    match request.uri().path().starts_with("/api/") {
        true => api.oneshot(request).await,
        false => own.oneshot(request).await,
    }
}

/// The application: whoever may read is greeted.
async fn notes(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, _) = request.into_parts();
    Ok(greeting(&parts).unwrap_or_else(|denial| refuse(denial, &parts)))
}

fn greeting(request: &Parts) -> Result<Response<Full<Bytes>>, Denial> {
    let context = AuthContext::of(&request.extensions)?;
    let user = context.require_user()?;
    user.require(&permission("read"))?;
    let name = user.email().unwrap_or(user.id());
    Ok(Response::new(Full::from(format!("hello, {name}"))))
}

/// In the shape in which the service refuses as well.
fn refuse(denial: Denial, request: &Parts) -> Response<Full<Bytes>> {
    let renderer: &dyn portcullis::Renderer = &portcullis::DefaultRenderer;
    renderer.refuse(denial, request).map(Full::new)
}
