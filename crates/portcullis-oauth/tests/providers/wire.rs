//! Whoever speaks HTTP badly: what is sent stands here byte for byte (AC-A10).

use std::time::{Duration, Instant};

use portcullis_oauth::{Authorize, Callback, Provider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::parties::{CALLBACK, ID, SECRET, built, refusal};

/// Longer than anybody takes who is cut short by something else than the clock.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends this to everybody, and if it is to go on, the rest again and again.
async fn server(first: &'static [u8], again: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, first, again));
        }
    });
    (url, serving)
}

async fn answer(mut stream: TcpStream, first: &[u8], again: &[u8]) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let mut is_open = stream.write_all(first).await.is_ok();
    while is_open && !again.is_empty() {
        is_open = stream.write_all(again).await.is_ok();
    }
    // What was sent arrives before the end does.
    let _ = stream.shutdown().await;
}

fn github(url: &str, timeout: Duration) -> Provider {
    let builder = Provider::github(ID, SECRET).base_url(url);
    built(builder.timeout(timeout))
}

async fn refused(first: &'static [u8], again: &'static [u8]) -> (&'static str, Duration) {
    let (url, serving) = server(first, again).await;
    let provider = github(&url, TIMEOUT);
    let begun = Instant::now();
    let refused = refusal(provider.userinfo("a-token").await).0;
    serving.abort();
    (refused, begun.elapsed())
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    let bad: [&[u8]; 12] = [
        b"",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 2000 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n{}",
    ];
    for first in bad {
        let (refused, _) = refused(first, b"").await;
        assert_eq!(
            refused,
            "provider_unreachable",
            "{}",
            String::from_utf8_lossy(first)
        );
    }
}

#[tokio::test]
async fn heads_and_trailers_without_end_are_cut_short() {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\n";
    let (refused_for, took) = refused(
        head,
        b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    )
    .await;
    assert_eq!(refused_for, "provider_unreachable");
    assert!(took < TIMEOUT, "it was cut short by its length");
    let (refused_for, took) = refused(
        head,
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    )
    .await;
    assert_eq!(refused_for, "provider_unreachable");
    assert!(took < TIMEOUT, "it was cut short by its length");
    let trailers: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    let (refused_for, took) = refused(
        trailers,
        b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    )
    .await;
    assert_eq!(refused_for, "provider_unreachable");
    assert!(took < TIMEOUT, "it was cut short by its length");
}

#[tokio::test]
async fn bodies_without_end_are_cut_short_however_they_are_sent() {
    let bodies: [(&[u8], &[u8]); 3] = [
        (
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"                                                                ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"20\r\n                                \r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",
            b"                                                            ",
        ),
    ];
    for (first, again) in bodies {
        let (refused, took) = refused(first, again).await;
        assert_eq!(refused, "response_too_large");
        assert!(took < TIMEOUT, "it was cut short by its length");
    }
}

#[tokio::test]
async fn answers_that_are_always_about_to_come_end_in_time() {
    let hasty = Duration::from_millis(300);
    let (url, serving) = server(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n").await;
    let refused = refusal(github(&url, hasty).userinfo("a-token").await).0;
    serving.abort();
    assert!(
        ["provider_timeout", "provider_unreachable"].contains(&refused),
        "{refused}"
    );
}

#[tokio::test]
async fn only_200_is_an_answer_and_only_plain_json_is_read() {
    let answers: [(&[u8], &str); 7] = [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "provider_status"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 8\r\n\r\n{\"id\":1}", "provider_status"),
        (b"HTTP/1.1 203 Non-Authoritative\r\nContent-Length: 8\r\n\r\n{\"id\":1}", "provider_status"),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 8\r\n\r\n{\"id\":1}", "provider_status"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n\xef\xbb\xbf{\"id\":1}", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"id\":1}{\"a\":1", "invalid_response"),
    ];
    for (first, code) in answers {
        let (refused, _) = refused(first, b"").await;
        assert_eq!(refused, code, "{}", String::from_utf8_lossy(first));
    }
}

/// No cookie, and nothing else of one answer, is brought back with the next request; and what is secret goes to the token endpoint
/// alone, in the body.
#[tokio::test]
async fn nothing_goes_from_one_request_to_another() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut requests = Vec::new();
        for body in [
            r#"{"access_token":"gho_1","scope":"","token_type":"bearer"}"#,
            r#"{"id":1}"#,
            "[]",
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
            let head = format!(
                "HTTP/1.1 200 OK\r\nSet-Cookie: session=evil\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .await
                .unwrap();
        }
        requests
    });
    let provider = github(&url, TIMEOUT);
    let authorization = provider.authorize(Authorize::new(CALLBACK)).await.unwrap();
    let query = format!("code=a-code&state={}", authorization.pending.state());
    let callback = Callback::from_query(&query).unwrap();
    let exchanged = provider.exchange(&authorization.pending, &callback).await;
    assert_eq!(exchanged.unwrap().profile.subject, "1");
    let requests = serving.await.unwrap();
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for (position, request) in requests.iter().enumerate() {
        let head = request.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(
            !head.contains("cookie:") && !head.contains("referer:"),
            "{head}"
        );
        assert_eq!(request.contains(&secret), position == 0);
        assert!(!head.contains("a-code"));
        let first_line = head.lines().next().unwrap();
        assert!(!first_line.contains('?'), "{first_line}");
    }
}
