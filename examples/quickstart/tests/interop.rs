//! Real tokens of somebody else's: made by PyJWT, node's jose and Debian's jose, with keys that they made.

#[path = "../../../tests/tests/interop/parts.rs"]
mod parts;
#[path = "../../../tests/tests/interop/peers.rs"]
mod peers;
mod printed;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use portcullis::{Clock, SystemClock};
use serde_json::{Value, json};

use self::peers::{Made, Peer};
use self::printed::{Directory, Example, has_curl};

const SECRET: &str = "b7f3c1d95e2a4860917c3d5f8e6a2b4c";

/// A user for an hour, and the same an hour too late.
fn claims() -> [Value; 2] {
    let now = SystemClock.now().unix_seconds();
    [now + 3600, now - 3600]
        .map(|exp| json!({ "sub": "u1", "iat": now - 7200, "exp": exp, "roles": ["user"] }))
}

/// Answers every request with the same JSON document, for as long as the test runs.
fn serve(document: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let _ = socket.read(&mut [0; 4096]);
            let length = document.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = socket.write_all((head + &document).as_bytes());
        }
    });
    address
}

/// What `/api/posts` answers to the good token, to the expired one, and to one of another key.
fn answers(made: &Made, foreign: &Made, arguments: [&str; 2]) -> [String; 3] {
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    let example = Example::start(command.args(["--port", "0"]).args(arguments));
    [&made.tokens[0], &made.tokens[1], &foreign.tokens[0]].map(|token| {
        directory.paste(&format!(
            "curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer {token}' {}/api/posts",
            example.base()
        ))
    })
}

#[test]
fn tokens_of_peers_with_a_shared_secret() {
    if !has_curl() {
        return;
    }
    for peer in Peer::all() {
        let make = |secret| peer.make("HS256", Some(secret), None, &claims());
        let (made, foreign) = (make(SECRET), make("a7f3c1d95e2a4860917c3d5f8e6a2b4c"));
        let answers = answers(&made, &foreign, ["--jwt-secret", SECRET]);
        assert_eq!(answers, ["200", "401", "401"], "{peer:?}");
    }
}

#[test]
fn tokens_of_peers_with_keys_behind_a_url() {
    if !has_curl() {
        return;
    }
    for peer in Peer::all() {
        for algorithm in ["RS256", "ES256", "EdDSA"] {
            if !peer.knows(algorithm) {
                continue;
            }
            let make = || peer.make(algorithm, None, Some("theirs"), &claims());
            let (made, foreign) = (make(), make());
            let set = json!({ "keys": [made.jwk] }).to_string();
            let url = format!("http://{}/jwks.json", serve(set));
            let answers = answers(&made, &foreign, ["--jwks-url", &url]);
            assert_eq!(answers, ["200", "401", "401"], "{peer:?} {algorithm}");
        }
    }
}
