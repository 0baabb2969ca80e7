//! Tokens of other people's issuers: with a shared secret, and with keys behind a URL.

mod printed;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use portcullis::jwt::{Algorithm, Grant, SigningKey};
use portcullis::{Clock, Issuer, KeyRing, SystemClock};
use serde_json::{Value, json};
use sha2::Sha256;

use self::printed::{Directory, Example, has_curl, paste_all};

const SECRET: &str = "b7f3c1d95e2a4860917c3d5f8e6a2b4c";

/// A token as RFC 7515 has it, made of nothing but base64url and HMAC.
fn hs256(secret: &str, claims: &Value) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let header = encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", encode(claims.to_string().as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", encode(&mac.finalize().into_bytes()))
}

fn in_an_hour() -> i64 {
    SystemClock.now().unix_seconds() + 3600
}

fn status(directory: &Directory, example: &Example, token: &str, path: &str) -> String {
    let url = format!("{}/api/{path}", example.base());
    directory.paste(&format!(
        "curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer {token}' {url}"
    ))
}

#[test]
fn a_shared_secret() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    let example = Example::start(command.args(["--port", "0", "--jwt-secret", SECRET]));
    assert!(!directory.0.join("portcullis.secret").exists());
    assert!(!example.printed.contains(SECRET));

    let exp = in_an_hour();
    let may =
        |claims: &Value, path: &str| status(&directory, &example, &hs256(SECRET, claims), path);
    let user = json!({ "sub": "u1", "exp": exp, "roles": ["user"] });
    assert_eq!(may(&user, "posts"), "200");
    let permitted = json!({ "sub": "u1", "exp": exp, "permissions": ["read"] });
    assert_eq!(may(&permitted, "posts"), "200");
    let narrowed = json!({ "sub": "u1", "exp": exp, "roles": ["user"], "scope": "write" });
    assert_eq!(may(&narrowed, "posts"), "403");
    let without_a_role = json!({ "sub": "u1", "exp": exp });
    assert_eq!(
        (
            may(&without_a_role, "whoami"),
            may(&without_a_role, "posts")
        ),
        ("200".into(), "403".into())
    );
    for refused in [
        json!({ "sub": "u1", "exp": exp - 7200, "roles": ["user"] }),
        json!({ "sub": "u1", "roles": ["user"] }),
        json!({ "sub": "u1", "exp": exp, "aud": "somebody else" }),
    ] {
        assert_eq!(may(&refused, "whoami"), "401", "{refused}");
    }
    let forged = hs256("a7f3c1d95e2a4860917c3d5f8e6a2b4c", &user);
    assert_eq!(status(&directory, &example, &forged, "whoami"), "401");
    paste_all(&example, &directory);
}

#[test]
fn issuer_and_audience_are_required_once_they_are_set() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    command.args(["--port", "0"]).env("JWT_SECRET", SECRET);
    let example = Example::start(command.env("JWT_ISSUER", "us").env("JWT_AUDIENCE", "notes"));
    for (iss, aud, expected) in [
        ("us", "notes", "200"),
        ("them", "notes", "401"),
        ("us", "x", "401"),
    ] {
        let claims = json!({ "sub": "u1", "exp": in_an_hour(), "iss": iss, "aud": aud });
        let token = hs256(SECRET, &claims);
        assert_eq!(
            status(&directory, &example, &token, "whoami"),
            expected,
            "{iss} {aud}"
        );
    }
    paste_all(&example, &directory);
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

#[test]
fn keys_behind_a_url() {
    if !has_curl() {
        return;
    }
    let key = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("today");
    let ring = KeyRing::new(key);
    let url = format!("http://{}/jwks.json", serve(ring.to_jwks()));
    let issuer = Issuer::new(ring).expires_in(Duration::from_secs(60));
    let roles = json!({ "roles": ["user"] });
    let token = issuer.issue_with(&Grant::access("u1"), &roles).unwrap();

    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    let example = Example::start(command.args(["--port", "0", "--jwks-url", &url]));
    assert_eq!(status(&directory, &example, token.as_str(), "posts"), "200");
    let stranger = Issuer::new(KeyRing::new(
        SigningKey::generate(Algorithm::Es256)
            .unwrap()
            .with_kid("today"),
    ));
    let forged = stranger.issue_with(&Grant::access("u1"), &roles).unwrap();
    assert_eq!(
        status(&directory, &example, forged.as_str(), "posts"),
        "401"
    );
}

/// Keys that cannot be had are told at the start, and no token passes meanwhile.
#[test]
fn a_url_that_does_not_answer_is_told_and_closed() {
    if !has_curl() {
        return;
    }
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    let url = format!("http://{nobody}/jwks.json");
    let example = Example::start(command.args(["--port", "0", "--jwks-url", &url]));
    let issuer = Issuer::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let token = issuer.issue(&Grant::access("u1")).unwrap();
    let answer = status(&directory, &example, token.as_str(), "whoami");
    assert_eq!(answer, "503");
    let (_, complaints) = example.end_by("-INT");
    assert!(complaints.contains("--jwks-url"), "{complaints}");
}
