//! hyper 1: a bare `service_fn` over real loopback sockets, HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use portcullis_tests::{Answer, EXPECTED, HEADER, admins_only, authn, request, secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{ServiceBuilder, service_fn};

/// Serves the guarded secret on a port of the system's choice for as long as the test runs.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(secret::<Incoming>));
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
    address
}

#[tokio::test]
async fn http_1() {
    let socket = TcpStream::connect(serve().await).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    for (order, status, _) in EXPECTED {
        let response = sender.send_request(with_host(order)).await.unwrap();
        Answer::read(response).await.must_be(status, order);
    }
}

#[tokio::test]
async fn http_2() {
    let socket = TcpStream::connect(serve().await).await.unwrap();
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    for (order, status, _) in EXPECTED {
        let mut request = with_host(order);
        *request.uri_mut() = http::Uri::from_static("http://localhost/");
        let response = sender.send_request(request).await.unwrap();
        Answer::read(response).await.must_be(status, order);
    }
}

fn with_host(order: Option<&str>) -> http::Request<Full<Bytes>> {
    let mut request = request(order);
    request
        .headers_mut()
        .insert("host", http::HeaderValue::from_static("localhost"));
    request
}

/// What bytes on the wire come to: the status line and the rest.
async fn raw(head: &str) -> String {
    let mut socket = TcpStream::connect(serve().await).await.unwrap();
    let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn ac_j10_odd_bytes_on_the_wire_never_pass_and_never_break_the_server() {
    for (header, status) in [
        (format!("{HEADER}: ready:alice:admin"), "200"),
        (format!("{HEADER}: \u{e9}\u{e9}"), "401"),
        (format!("{HEADER}:"), "401"),
        (format!("{HEADER}: ready:alice:admin:x"), "401"),
        (String::from("Authorization: a\r\nAuthorization: b"), "400"),
        (
            format!("Authorization: a\r\nauthorization: b\r\n{HEADER}: ready:alice:admin"),
            "400",
        ),
        (String::from("X-Other: 1"), "401"),
    ] {
        let answer = raw(&format!("GET / HTTP/1.1\r\n{header}")).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{header:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_refused_head_has_no_body_and_the_length_that_a_get_would_have() {
    let get = raw("GET / HTTP/1.1").await;
    let head = raw("HEAD / HTTP/1.1").await;
    let length = |answer: &str| {
        let line = answer
            .lines()
            .find(|line| line.starts_with("content-length: "))
            .map(str::to_owned);
        line.unwrap_or_else(|| panic!("a content-length in {answer}"))
    };
    assert_eq!(length(&get), length(&head));
    assert!(head.ends_with("\r\n\r\n") && get.ends_with('}'), "{head}");
}
