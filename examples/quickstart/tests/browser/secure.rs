//! An application of its own, with cookies as in production.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use portcullis::accounts::ConsoleMailer;
use portcullis::accounts::MemoryStore;
use portcullis::oauth::Provider;
use portcullis::{Accounts, Collection};
use portcullis_testkit::oauth::{Client as Registered, Person, StandIn};
use serde_json::json;
use tokio::net::TcpListener;

use crate::parts::Browser;
use crate::providers::{ID, SECRET};

#[tokio::test(flavor = "multi_thread")]
async fn cookies_as_in_production() {
    let github = StandIn::github(Registered::new(ID, SECRET)).await.unwrap();
    let octocat = Person::new(583_231, "octocat").with_address("octocat@example.com", true);
    github.add_person(octocat);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    github.allow_redirect(format!("{base}/api/users/oauth/github/callback"));
    let journey = json!({ "base": base, "github": github.url() });
    tokio::spawn(serve(listener, accounts(&base, &github.url())));
    let walked = tokio::task::spawn_blocking(move || {
        if let Some(browser) = Browser::find() {
            browser.walk("secure.mjs", &journey);
        }
    });
    walked.await.unwrap();
}

fn accounts(base: &str, github: &str) -> Accounts {
    let provider = Provider::github(ID, SECRET).base_url(github);
    let provider = provider.with_insecure_http_for_loopback().build().unwrap();
    Accounts::builder(MemoryStore::new(), ConsoleMailer::new(), base)
        .collection("users", Collection::new())
        .jwt_secret("b7f3c1d95e2a4860917c3d5f8e6a2b4c")
        .oauth_provider(provider)
        .build()
        .unwrap()
}

async fn serve(listener: TcpListener, accounts: Accounts) {
    let app = Router::new()
        .route(
            "/",
            get(async || Html("<!doctype html><title>An application</title>")),
        )
        .nest_service("/api", accounts.service());
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}
