//! The default `Fetch` on its own, against a real endpoint.

use std::error::Error;
use std::future::pending;
use std::time::Duration;

use http::StatusCode;
use portcullis_jwt::remote::{HttpFetch, RemoteErrorKind, RemoteKeys, RemoteKeysBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::endpoint::{Answer, Endpoint};
use crate::support::{Scene, jwks};

fn source(url: &str) -> RemoteKeysBuilder {
    RemoteKeys::jwks(url)
        .fetch(HttpFetch::new())
        .with_insecure_http_for_loopback()
}

/// An answer in these very bytes, once; then the connection is closed, or left open for ever.
async fn raw(answer: &'static str, leave_open: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if leave_open {
            pending::<()>().await;
        }
    });
    url
}

#[tokio::test]
async fn it_asks_for_json_and_says_who_it_is() {
    let scene = Scene::loaded(&["a"]).await;
    let headers = scene.endpoint.headers(0);
    assert_eq!(headers["accept"], "application/json");
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("portcullis/")
    );
    // No compression, so that the limit of size counts what is parsed; and nothing that could be a credential.
    for absent in ["accept-encoding", "authorization", "cookie"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn the_limit_is_exact_and_counts_what_arrives() {
    let endpoint = Endpoint::start().await;
    let body = jwks(&["a"]);
    endpoint.answer("/jwks", Answer::ok(body.clone()));
    let url = endpoint.url("/jwks");
    let exact = source(&url).max_bytes(body.len()).build().unwrap();
    exact.ready().await.unwrap();
    let short = source(&url).max_bytes(body.len() - 1).build().unwrap();
    let error = short.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::TooLarge);
    let none = source(&url).max_bytes(0).build().unwrap();
    let error = none.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::TooLarge);
}

/// `Content-Length` is a promise of a stranger's: neither a huge one nor a broken one costs memory or time.
#[tokio::test]
async fn what_content_length_promises_does_not_count() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffff\r\n{}",
        "not HTTP at all",
        "",
    ];
    for answer in answers {
        let keys = source(&raw(answer, false).await).build().unwrap();
        let error = keys.ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::Unreachable, "{answer:?}");
        assert!(error.source().is_some(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    drop(listener);
    let keys = source(&url).build().unwrap();
    let error = keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::Unreachable);
}

/// Before the handshake, before the first byte, within the header or within the body: time is up all the same.
#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = [
        format!("http://{}/jwks", silent.local_addr().unwrap()),
        format!("https://{}/jwks", silent.local_addr().unwrap()),
        raw("", true).await,
        raw("HTTP/1.1 200 OK\r\ncontent-le", true).await,
        raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", true).await,
    ];
    for url in urls {
        let builder = source(&url).timeout(Duration::from_millis(100));
        let error = builder.build().unwrap().ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::TimedOut, "{url}");
    }
}

/// The default is to follow nowhere, not even to the same server.
#[tokio::test]
async fn a_redirect_is_an_error_and_nothing_else() {
    let endpoint = Endpoint::start().await;
    endpoint.answer("/keys", Answer::ok(jwks(&["a"])));
    for status in [301, 302, 303, 307, 308] {
        let status = StatusCode::from_u16(status).unwrap();
        let moved = Answer::status(status).header("location", endpoint.url("/keys"));
        endpoint.answer("/jwks", moved);
        let keys = source(&endpoint.url("/jwks")).build().unwrap();
        let error = keys.ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::Status, "{status}");
    }
    assert_eq!(endpoint.requests(), ["/jwks"; 5]);
}
