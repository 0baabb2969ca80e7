//! What the peers issue, verified by us.

use portcullis::jwt::{Algorithm, KeySet, KeySource, TokenErrorKind, VerifyingKey};
use portcullis::{Clock, SystemClock, Verifier};
use serde_json::{Value, json};

use super::peers::{Made, Peer};
use super::{ASYMMETRIC, private_claims, tampered};

/// Claims that are good for an hour, and the same an hour too late.
fn claims() -> [Value; 2] {
    let now = SystemClock.now().unix_seconds();
    let mut good = private_claims();
    good["sub"] = "bob".into();
    good["iat"] = now.into();
    good["exp"] = (now + 3600).into();
    let mut expired = good.clone();
    expired["iat"] = (now - 7200).into();
    expired["exp"] = (now - 3600).into();
    [good, expired]
}

fn make(peer: Peer, algorithm: &str) -> Made {
    peer.make(algorithm, None, Some("theirs"), &claims())
}

fn check(what: &str, keys: impl KeySource, tokens: &[String]) {
    let verifier = Verifier::builder(keys)
        .roles_claim("roles")
        .permissions_claim("permissions")
        .build();
    let [good, expired] = tokens else {
        panic!("{what}: two tokens")
    };
    let user = verifier.verify(good);
    let user = user.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(user.id(), "bob", "{what}");
    assert!(user.has_role("editor"), "{what}");
    let read = verifier.decode::<Value>(good).unwrap();
    for (name, value) in private_claims().as_object().unwrap() {
        assert_eq!(read.claims()[name], *value, "{what}");
    }
    for forged in tampered(good) {
        let error = verifier.verify(&forged).unwrap_err();
        assert_eq!(
            error.kind(),
            TokenErrorKind::BadSignature,
            "{what} {forged}"
        );
    }
    let error = verifier.verify(expired).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Expired, "{what}");
}

/// Keys in JWK sets and, where the peer writes it, in PEM.
#[test]
fn we_verify_the_tokens_of_peers_with_their_keys() {
    for peer in Peer::all() {
        for algorithm in ASYMMETRIC.into_iter().filter(|name| peer.knows(name)) {
            let made = make(peer, algorithm);
            let set = KeySet::from_jwks(json!({ "keys": [made.jwk] }).to_string()).unwrap();
            assert_eq!((set.len(), set.skipped()), (1, 0), "{:?}", made.jwk);
            check(&format!("{peer:?} {algorithm} JWK"), set, &made.tokens);
            assert_eq!(made.pem.is_some(), peer != Peer::JoseCli);
            if let Some(pem) = made.pem {
                let algorithm_of_key = Algorithm::from_name(algorithm).unwrap();
                // A PEM file says nothing of the name that stands in the tokens.
                let key = VerifyingKey::from_pem(algorithm_of_key, pem).unwrap();
                let set = KeySet::from(key.with_kid("theirs"));
                check(&format!("{peer:?} {algorithm} PEM"), set, &made.tokens);
            }
        }
    }
}

#[test]
fn we_verify_the_tokens_of_peers_with_their_secret() {
    for peer in Peer::all() {
        let made = make(peer, "HS256");
        let key = VerifyingKey::from_jwk(made.jwk.to_string()).unwrap();
        check(&format!("{peer:?} HS256"), KeySet::from(key), &made.tokens);
    }
}

/// A key of one peer is no key for the tokens of another, though both name it alike.
#[test]
fn a_token_signed_with_another_key_of_the_same_name_is_refused() {
    for peer in Peer::all() {
        let (one, other) = (make(peer, "ES256"), make(peer, "ES256"));
        let set = KeySet::from_jwks(json!({ "keys": [one.jwk] }).to_string()).unwrap();
        let error = Verifier::builder(set)
            .build()
            .verify(&other.tokens[0])
            .unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::BadSignature, "{peer:?}");
    }
}
