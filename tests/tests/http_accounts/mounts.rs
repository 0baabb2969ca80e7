//! The service mounted in the ways that applications mount services, and under the layers that they put around them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use http::{HeaderName, Request, StatusCode};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::client::{Answer, By, Client};
use crate::server::{Node, PASSWORD, serve};

/// What must be the same however the service is mounted.
async fn works(client: &Client) {
    let tokens = client.register("ada@example.com").await;
    let me = client
        .get("/users/me", By::Token(tokens.token()))
        .await
        .is(200);
    assert_eq!(me.headers["cache-control"], "no-store");
    let nobody = client
        .get("/users/me", By::Nobody)
        .await
        .refused(401, "unauthenticated");
    has_once(
        &nobody,
        &[
            "www-authenticate",
            "x-request-id",
            "cache-control",
            "content-type",
        ],
    );
    let broken = client
        .get("/users/me", By::Token("garbage"))
        .await
        .refused(401, "invalid_token");
    has_once(&broken, &["x-request-id", "cache-control", "content-type"]);
    client
        .get("/users/nothing", By::Nobody)
        .await
        .refused(404, "not_found");
    let other = client.call("PUT", "/users/me", By::Nobody, None).await;
    assert_eq!(
        other
            .refused(405, "method_not_allowed")
            .headers
            .get_all("allow")
            .iter()
            .count(),
        1
    );
    client
        .call("POST", "/users/logout", By::Token("garbage"), None)
        .await
        .is(204);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "mode": "cookie" });
    let login = client.post("/users/login", By::Nobody, body).await.is(200);
    let sessions = login.set_cookies();
    let sessions = sessions
        .iter()
        .filter(|line| line.starts_with("__Host-session="));
    assert_eq!(sessions.count(), 1);
    client
        .get("/users/me", By::Cookie(&login.cookies()))
        .await
        .is(200);
    let document = client.get("/openapi.json", By::Nobody).await.is(200);
    assert!(document.body["paths"]["/users/me"]["get"].is_object());
    let large = client
        .post(
            "/users/login",
            By::Nobody,
            json!({ "email": "x".repeat(70_000) }),
        )
        .await;
    large.refused(413, "body_too_large");
}

fn has_once(answer: &Answer, names: &[&str]) {
    for name in names {
        let count = answer.headers.get_all(*name).iter().count();
        let is_enough = if *name == "www-authenticate" {
            count >= 1
        } else {
            count == 1
        };
        assert!(is_enough, "{name} {count}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn nested_in_axum() {
    let node = Node::in_memory();
    let app = Router::new().nest_service("/api", node.accounts.service());
    works(&Client::new(serve(app).await, "/api")).await;
}

#[tokio::test]
async fn nested_in_axum_under_the_layer_that_knows_who_is_calling() {
    let node = Node::in_memory();
    let app = Router::new().nest_service("/api", node.accounts.service());
    let app = app.layer(node.accounts.authn());
    works(&Client::new(serve(app).await, "/api")).await;
}

#[tokio::test]
async fn nested_twice_and_told_where() {
    let node = Node::in_memory();
    let service = node.accounts.service().mounted_at("/v1/api/");
    let app = Router::new().nest("/v1", Router::new().nest_service("/api", service));
    let client = Client::new(serve(app).await, "/v1/api");
    works(&client).await;
    let document = client.get("/openapi.json", By::Nobody).await;
    assert_eq!(document.body["servers"][0]["url"], "/v1/api");
}

#[tokio::test]
async fn as_the_whole_application() {
    let node = Node::in_memory();
    let app = Router::new().fallback_service(node.accounts.service());
    works(&Client::new(serve(app).await, "")).await;
}

/// Nothing strips the prefix, and nothing is behind another one that begins alike.
#[tokio::test]
async fn on_bare_hyper() {
    let node = Node::in_memory();
    let service = node.accounts.service().mounted_at("/api");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                // A client that hangs up is its own affair.
                let _ = builder
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
    works(&Client::new(address, "/api")).await;
    for prefix in ["/apis", "/api/api", "/API", "//api"] {
        let client = Client::new(address, prefix);
        client
            .get("/health", By::Nobody)
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn inside_the_layers_of_tower_http() {
    const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let node = Node::in_memory();
    let seconds = Duration::from_secs(30);
    let app = Router::new()
        .nest_service("/api", node.accounts.service())
        .layer(node.accounts.authn())
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            seconds,
        ))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, MakeRequestUuid))
        .layer(CorsLayer::permissive())
        .layer(CatchPanicLayer::new());
    let address = serve(app).await;
    works(&Client::new(address, "/api")).await;
    let preflight = Request::options("/api/users/login")
        .header("host", "app.example")
        .header("origin", "https://other.example")
        .header("access-control-request-method", "POST");
    let client = Client::new(address, "");
    client
        .send(preflight.body(Full::default()).unwrap())
        .await
        .is(200);
    let refused = client
        .get("/api/users/me", By::Token("garbage"))
        .await
        .is(401);
    has_once(&refused, &["x-request-id"]);
    let zipped = Request::get("/api/openapi.json")
        .header("host", "x")
        .header("accept-encoding", "gzip");
    let zipped = client
        .send(zipped.body(Full::default()).unwrap())
        .await
        .is(200);
    assert_eq!(zipped.headers["content-encoding"], "gzip");
}
