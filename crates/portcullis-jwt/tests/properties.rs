//! Whatever comes, nothing panics; whatever is issued is read back.

mod support;

use std::sync::LazyLock;

use portcullis_jwt::{
    Algorithm, Grant, HmacKey, Issuer, KeySet, SigningKey, Verifier, VerifyingKey,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{b64, hs256};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(support::verifier);
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::EdDsa).unwrap());

/// JSON of any shape.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_.]{0,8}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn claim_name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "exp",
            "nbf",
            "iat",
            "iss",
            "aud",
            "sub",
            "jti",
            "sid",
            "scope",
            "scp",
            "amr",
            "email",
            "email_verified",
            "token_use",
            "auth_time",
            "roles",
            "realm_access",
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_refused(text in ".{0,300}") {
        prop_assert!(VERIFIER.verify(&text).is_err());
    }

    #[test]
    fn any_three_parts_are_refused(a in prop::collection::vec(any::<u8>(), 0..80), b in prop::collection::vec(any::<u8>(), 0..80), c in prop::collection::vec(any::<u8>(), 0..80)) {
        let token = format!("{}.{}.{}", b64(a), b64(b), b64(c));
        prop_assert!(VERIFIER.verify(&token).is_err());
    }

    /// Bytes of any kind, rightly signed: what stands behind the signature may not be trusted either.
    #[test]
    fn any_signed_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let message = format!("{}.{}", b64(r#"{"alg":"HS256"}"#), b64(bytes));
        let token = format!("{message}.{}", b64(hs256(&message, support::SECRET)));
        prop_assert!(VERIFIER.verify(&token).is_err());
    }

    #[test]
    fn any_header_does_no_harm(header in json()) {
        let token = support::token(&header.to_string(), &support::claims().to_string());
        let is_ours = header.get("alg").and_then(Value::as_str) == Some("HS256");
        prop_assert!(is_ours || VERIFIER.verify(&token).is_err());
    }

    /// Claims of any shape under the names that are read: accepted or refused, and if accepted, of this user.
    #[test]
    fn any_claims_do_no_harm(more in prop::collection::hash_map(claim_name(), json(), 0..6)) {
        let mut claims = support::claims();
        claims.as_object_mut().unwrap().extend(more);
        let verifier = support::builder().roles_claim("roles").permissions_claim("realm_access.roles").build();
        if let Ok(user) = verifier.verify(&support::signed(&claims)) {
            prop_assert_eq!(Some(user.id()), claims["sub"].as_str());
            prop_assert_eq!(user.claims::<Value>().unwrap(), serde_json::from_str::<Value>(&claims.to_string()).unwrap());
        }
    }

    #[test]
    fn what_is_issued_is_read_back(user in ".{1,40}", session in "[!-~]{1,40}", private in prop::collection::hash_map("x_[a-z]{0,8}", json(), 0..4)) {
        let issuer = Issuer::new(KEY.clone());
        let private: Value = private.into_iter().collect();
        let token = issuer.issue_with(&Grant::access(user.clone()).session(session.clone()), &private).unwrap();
        let verifier = Verifier::for_key(KEY.verifying_key().clone()).build();
        for _ in 0..2 {
            let read = verifier.verify(token.as_str()).unwrap();
            prop_assert_eq!(read.id(), &user);
            prop_assert_eq!(read.session_id(), Some(session.as_str()));
            let claims: Value = read.claims().unwrap();
            let sent: Value = serde_json::from_str(&private.to_string()).unwrap();
            for (name, value) in sent.as_object().unwrap() {
                prop_assert_eq!(&claims[name], value);
            }
        }
    }

    #[test]
    fn any_bytes_are_no_key(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = HmacKey::new(&bytes);
        let _ = KeySet::from_jwks(&bytes);
        let _ = VerifyingKey::from_jwk(&bytes);
        let _ = SigningKey::from_jwk(&bytes);
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            prop_assert!(SigningKey::from_der(algorithm, &bytes).is_err());
            prop_assert!(SigningKey::from_pem(algorithm, &bytes).is_err());
            prop_assert!(VerifyingKey::from_pem(algorithm, &bytes).is_err());
        }
    }

    #[test]
    fn any_jwk_set_is_read_or_refused(keys in prop::collection::vec(json(), 0..5)) {
        let count = keys.len();
        let set = KeySet::from_jwks(serde_json::json!({ "keys": keys }).to_string()).unwrap();
        prop_assert_eq!(set.len() + set.skipped(), count);
    }
}
