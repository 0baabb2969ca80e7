//! jsonwebtoken's own choice of a crypto provider panics where two crates of one graph turn on different ones. Portcullis names
//! its provider, and so works in this graph as in any other (AC-J1).

use std::panic::catch_unwind;

use portcullis_jwt::{Algorithm, Grant, Issuer, KeyRing, KeySet, SigningKey, Verifier};

const ALL: [Algorithm; 12] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

#[test]
fn the_graph_is_one_in_which_jsonwebtokens_own_choice_panics() {
    let key = jsonwebtoken::EncodingKey::from_secret(&[7; 32]);
    let encoded = catch_unwind(|| {
        let claims = std::collections::BTreeMap::from([("sub", "alice")]);
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key)
    });
    assert!(
        encoded.is_err(),
        "both features are on, so it cannot choose"
    );
}

#[test]
fn ac_j1_every_algorithm_issues_and_verifies() {
    for algorithm in ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let token = Issuer::new(key.clone())
            .issue(&Grant::access("alice"))
            .unwrap();
        let verifier = Verifier::for_key(key.verifying_key().clone()).build();
        assert_eq!(
            verifier.verify(token.as_str()).unwrap().id(),
            "alice",
            "{algorithm:?}"
        );
        let (head, tail) = token.as_str().rsplit_once('.').unwrap();
        let first = if tail.starts_with('A') { 'B' } else { 'A' };
        let forged = format!("{head}.{first}{}", &tail[1..]);
        assert!(verifier.verify(&forged).is_err(), "{algorithm:?}");
    }
}

#[test]
fn ac_j2_a_published_key_set_verifies() {
    for algorithm in ALL
        .into_iter()
        .filter(|algorithm| !format!("{algorithm:?}").starts_with("Hs"))
    {
        let ring = KeyRing::new(SigningKey::generate(algorithm).unwrap());
        let published = KeySet::from_jwks(ring.to_jwks()).unwrap();
        assert_eq!(
            (published.len(), published.skipped()),
            (1, 0),
            "{algorithm:?}"
        );
        let token = Issuer::new(ring).issue(&Grant::access("alice")).unwrap();
        let verifier = Verifier::builder(published).build();
        assert_eq!(
            verifier.verify(token.as_str()).unwrap().id(),
            "alice",
            "{algorithm:?}"
        );
    }
}
