//! The key is the verifier's as well: AC-J2, ASVS v5.0.0-9.1.3.

use portcullis_jwt::{
    Algorithm, HmacKey, KeySet, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
};
use serde_json::{Value, json};

use crate::support::{
    P256, b64, builder, claims, clock, hmac_key, refusal, set_of, signed, token, verifier,
};

#[test]
fn ac_j2_kid_is_looked_up_exactly() {
    let keys = [Algorithm::Es256, Algorithm::EdDsa]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let [first, second] = keys.each_ref().map(|key| key.verifying_key().clone());
    let set = set_of([first.with_kid("first"), second.with_kid("second")]);
    assert_eq!(
        set.get("first").map(VerifyingKey::algorithm),
        Some(Algorithm::Es256)
    );
    for kid in [
        "",
        "First",
        "firs",
        "first ",
        "first\0",
        "../first",
        "' OR 1=1 --",
        "*",
    ] {
        assert!(set.get(kid).is_none(), "{kid:?}");
    }
    assert!(
        set.find(None).is_none(),
        "a token without a kid is nobody's where there are two keys"
    );
    let one = KeySet::from(set.get("first").unwrap().clone());
    assert!(
        one.find(None).is_some(),
        "with one key there is nothing to choose"
    );
    assert!(one.find(Some("second")).is_none());
    let nameless = KeySet::from(VerifyingKey::hs256(&hmac_key()));
    assert!(
        nameless
            .find(Some("whatever the issuer calls it"))
            .is_some(),
        "an only key without a name leaves nothing to choose either"
    );
}

#[test]
fn ac_j2_a_token_is_verified_by_the_key_of_its_kid_alone() {
    let secrets = [HmacKey::generate().unwrap(), hmac_key()];
    let [a, b] = secrets.each_ref().map(VerifyingKey::hs256);
    let verifier = Verifier::builder(set_of([a.with_kid("a"), b.with_kid("b")]))
        .clock(clock().shared())
        .build();
    let by = |header: &str| token(header, &claims().to_string());
    assert!(verifier.verify(&by(r#"{"alg":"HS256","kid":"b"}"#)).is_ok());
    let cases = [
        (r#"{"alg":"HS256","kid":"a"}"#, TokenErrorKind::BadSignature),
        (r#"{"alg":"HS256","kid":"c"}"#, TokenErrorKind::UnknownKey),
        (r#"{"alg":"HS256"}"#, TokenErrorKind::UnknownKey),
        (r#"{"alg":"HS256","kid":null}"#, TokenErrorKind::Malformed),
        (r#"{"alg":"HS256","kid":1}"#, TokenErrorKind::Malformed),
    ];
    for (header, kind) in cases {
        assert_eq!(refusal(&verifier, &by(header)), kind, "{header}");
    }
}

/// v5.0.0-9.1.3: a key that the token brings along, or says where to find, is never used. There is nothing in this crate's
/// verifier that could open a connection; a token with the enemy's own key in `jwk` is the test that matters.
#[test]
fn ac_j2_keys_in_the_header_are_ignored() {
    let enemy = P256::new();
    let (x, y) = enemy.coordinates();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "kid": "enemy"});
    let honest = P256::new();
    let verifier =
        Verifier::for_key(VerifyingKey::from_der(Algorithm::Es256, honest.public_der()).unwrap())
            .clock(clock().shared())
            .build();
    let lures: [(&str, Value); 4] = [
        ("jwk", jwk),
        ("jku", "http://127.0.0.1:9/keys".into()),
        ("x5u", "http://127.0.0.1:9/chain".into()),
        ("x5c", json!(["MIIB"])),
    ];
    for (name, value) in lures {
        let header = json!({"alg": "ES256", name: value}).to_string();
        let forged = enemy.token(&header, &claims());
        assert_eq!(
            refusal(&verifier, &forged),
            TokenErrorKind::BadSignature,
            "{name}"
        );
        let ours = honest.token(&header, &claims());
        assert!(
            verifier.verify(&ours).is_ok(),
            "{name} is passed over, not refused"
        );
    }
}

#[test]
fn ac_j2_critical_extensions_are_refused() {
    for crit in [r#"["b64"]"#, r#"["exp"]"#, "[]", "null", r#""x""#] {
        let attack = token(
            &format!(r#"{{"alg":"HS256","crit":{crit}}}"#),
            &claims().to_string(),
        );
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::UnsupportedCritical,
            "{crit}"
        );
    }
    let unencoded = token(r#"{"alg":"HS256","b64":false}"#, &claims().to_string());
    assert_eq!(refusal(&verifier(), &unencoded), TokenErrorKind::Malformed);
}

#[test]
fn a_verifier_of_no_keys_accepts_nothing() {
    let verifier = Verifier::builder(KeySet::empty()).build();
    assert_eq!(
        refusal(&verifier, &signed(&claims())),
        TokenErrorKind::UnknownKey
    );
    assert!(builder().build().verify(&signed(&claims())).is_ok());
}
