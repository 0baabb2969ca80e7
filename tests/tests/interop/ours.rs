//! What we issue, verified by the peers.

use std::time::Duration;

use portcullis::jwt::{Algorithm, Grant, HmacKey, SigningKey};
use portcullis::{Issuer, KeyRing, Verifier};
use serde_json::Value;

use super::peers::{Peer, With};
use super::{ASYMMETRIC, private_claims, tampered};

/// Not one of the placeholders that are refused.
const SECRET: &str = "b7f3c1d95e2a4860917c3d5f8e6a2b4c";

fn issue(ring: &KeyRing) -> String {
    let issuer = Issuer::new(ring.clone()).issuer("https://id.example");
    let grant = Grant::access("alice")
        .scopes("read write".parse().unwrap())
        .email("alice@example.com", true);
    issuer
        .issue_with(&grant, &private_claims())
        .unwrap()
        .into_string()
}

/// That a peer reads the same claims as we do, and refuses what was changed, as we do.
fn check(peer: Peer, algorithm: &str, ring: &KeyRing, with: With<'_>, token: &str) {
    let ours = Verifier::builder(ring.clone()).build();
    let theirs = peer.verify(algorithm, with, token);
    let theirs = theirs.unwrap_or_else(|_| panic!("{peer:?} refuses our {algorithm}"));
    let read = ours.decode::<Value>(token).unwrap();
    assert_eq!(theirs, *read.claims(), "{peer:?} {algorithm}");
    for (name, value) in private_claims().as_object().unwrap() {
        assert_eq!(theirs[name], *value, "{peer:?} {algorithm}");
    }
    assert_eq!(theirs["sub"], "alice");
    for forged in tampered(token) {
        assert!(
            peer.verify(algorithm, with, &forged).is_err(),
            "{peer:?} {algorithm} {forged}"
        );
        assert!(ours.verify(&forged).is_err(), "{algorithm} {forged}");
    }
}

/// The JWK set alone is enough for them, and one set holds keys of all kinds.
#[test]
fn peers_verify_our_tokens_with_our_jwk_set() {
    let mut keys = ASYMMETRIC.map(|name| {
        let algorithm = Algorithm::from_name(name).unwrap();
        SigningKey::generate(algorithm).unwrap()
    });
    keys.reverse();
    let mut tokens = Vec::new();
    let mut keys = keys.into_iter();
    let ring = KeyRing::new(keys.next().unwrap());
    loop {
        let algorithm = ring.signing_key().unwrap().algorithm().as_str();
        tokens.push((algorithm, issue(&ring)));
        let Some(next) = keys.next() else { break };
        ring.rotate(next, Duration::from_secs(3600)).unwrap();
    }
    assert_eq!(tokens.len(), ASYMMETRIC.len());
    let jwks = ring.to_jwks();
    for peer in Peer::all() {
        for (algorithm, token) in &tokens {
            if peer.knows(algorithm) {
                check(peer, algorithm, &ring, With::JwkSet(&jwks), token);
            }
        }
    }
}

#[test]
fn peers_verify_our_tokens_with_a_shared_secret() {
    let key = SigningKey::hs256(&HmacKey::new(SECRET).unwrap());
    let ring = KeyRing::new(key);
    assert!(!ring.to_jwks().contains("\"k\""), "no secret is published");
    let token = issue(&ring);
    for peer in Peer::all() {
        check(peer, "HS256", &ring, With::Secret(SECRET), &token);
    }
}
