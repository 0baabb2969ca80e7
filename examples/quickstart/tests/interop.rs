//! Real tokens, to and fro: what the quickstart gives out is verified by PyJWT, node's jose and Debian's jose; what they sign with
//! the same secret is accepted, and what is hostile is not.

mod client;
#[path = "../../../tests/tests/interop/parts.rs"]
mod parts;
#[path = "../../../tests/tests/interop/peers.rs"]
mod peers;
mod printed;

use std::fs;
use std::slice::from_ref;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use self::client::{Client, LoggedIn, bearer};
use self::peers::{Peer, With};

const SECRET: &str = "b7f3c1d95e2a4860917c3d5f8e6a2b4c";
const ALICE: &str = "alice@example.com";

fn start() -> Option<(Client, LoggedIn)> {
    let client = Client::start(&[("JWT_SECRET", SECRET)])?;
    let alice = client.register(ALICE);
    Some((client, alice))
}

fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    let all = claims.as_object_mut().unwrap();
    all.extend(changes.as_object().unwrap().clone());
    claims
}

#[test]
fn peers_verify_what_we_sign_with_a_secret() {
    let Some((_client, alice)) = start() else {
        return;
    };
    for peer in Peer::all() {
        let claims = peer.verify("HS256", With::Secret(SECRET), &alice.token);
        let claims = claims.unwrap_or_else(|_| panic!("{peer:?}"));
        assert_eq!(claims["sub"], alice.user["id"], "{peer:?}");
        assert_eq!(claims["collection"], "users", "{peer:?}");
        assert_eq!(claims["roles"], json!(["user"]), "{peer:?}");
        let other = With::Secret("a7f3c1d95e2a4860917c3d5f8e6a2b4c");
        assert!(
            peer.verify("HS256", other, &alice.token).is_err(),
            "{peer:?}"
        );
    }
}

#[test]
fn peers_verify_what_we_sign_with_a_key_that_we_publish() {
    for (kind, algorithm) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "ES256"),
        (&rcgen::PKCS_ED25519, "EdDSA"),
        (&rcgen::PKCS_RSA_SHA256, "RS256"),
    ] {
        let directory = printed::Directory::new();
        let path = directory.0.join("key.pem");
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        fs::write(&path, key.serialize_pem()).unwrap();
        let Some(client) = Client::start(&[("JWT_PRIVATE_KEY", path.to_str().unwrap())]) else {
            return;
        };
        let alice = client.register(ALICE);
        let set = client.curl("", "/api/.well-known/jwks.json").body;
        for peer in Peer::all().filter(|peer| peer.knows(algorithm)) {
            let claims = peer.verify(algorithm, With::JwkSet(&set), &alice.token);
            let claims = claims.unwrap_or_else(|_| panic!("{peer:?} {algorithm}"));
            assert_eq!(claims["sub"], alice.user["id"], "{peer:?} {algorithm}");
        }
    }
}

/// Whoever has the secret signs as we do, so the same claims are the same token; with other claims, or another secret, it is not.
#[test]
fn what_peers_sign_with_the_same_secret_is_accepted_and_what_is_hostile_is_not() {
    let Some((client, alice)) = start() else {
        return;
    };
    let claims = part(&alice.token, 1);
    let now = claims["iat"].as_i64().unwrap();
    let expired = with(&claims, &json!({ "iat": now - 7200, "exp": now - 3600 }));
    let hostile = [
        expired,
        with(&claims, &json!({ "exp": null })),
        with(&claims, &json!({ "nbf": now + 3600 })),
        with(&claims, &json!({ "aud": "somebody else" })),
        with(&claims, &json!({ "sub": 7 })),
    ];
    let posts = |token: &str| client.get_by(token, "/api/posts").status();
    for peer in Peer::all() {
        let make = |secret, claims: &[Value]| peer.make("HS256", Some(secret), None, claims).tokens;
        let signed = make(SECRET, from_ref(&claims));
        assert_eq!(posts(&signed[0]), 200, "{peer:?}");
        for token in make(SECRET, &hostile[..1]) {
            assert_eq!(posts(&token), 401, "{peer:?} {}", part(&token, 1));
        }
        let foreign = make("a7f3c1d95e2a4860917c3d5f8e6a2b4c", from_ref(&claims));
        assert_eq!(posts(&foreign[0]), 401, "{peer:?}");
    }
    for claims in &hostile {
        assert_eq!(posts(&signed("HS256", claims)), 401, "{claims}");
    }
    // Without a signature, and with one that is somebody else's kind.
    for header in [
        json!({ "alg": "none", "typ": "JWT" }),
        json!({ "alg": "HS384", "typ": "JWT" }),
        json!({ "alg": "HS256", "typ": "reset+jwt" }),
    ] {
        assert_eq!(posts(&signed_under(&header, &claims)), 401, "{header}");
    }
    // What ends the session ends its tokens, whoever has signed them.
    let copy = signed("HS256", &claims);
    assert_eq!(posts(&copy), 200);
    let logout = format!("-X POST {}", bearer(&alice.token));
    assert_eq!(client.curl(&logout, "/api/users/logout").status(), 204);
    assert_eq!(posts(&copy), 401);
}

fn signed(algorithm: &str, claims: &Value) -> String {
    signed_under(&json!({ "alg": algorithm, "typ": "JWT" }), claims)
}

/// As RFC 7515 has it, made of nothing but base64url and HMAC-SHA-256.
fn signed_under(header: &Value, claims: &Value) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let header_text = encode(header.to_string().as_bytes());
    let text = format!("{header_text}.{}", encode(claims.to_string().as_bytes()));
    if header["alg"] == "none" {
        return format!("{text}.");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", encode(&mac.finalize().into_bytes()))
}
