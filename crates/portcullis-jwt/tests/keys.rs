//! Keys in all their forms: AC-J7, and what a JWK set may hold.

mod support;

use portcullis_jwt::{
    Algorithm, Grant, HmacKey, Issuer, KeyErrorKind, KeySet, SigningKey, Verifier, VerifyingKey,
};
use serde_json::{Value, json};
use support::{P256, Rsa, b64, pem};

const PRIVATE: [Algorithm; 9] = [
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
fn ac_j7_a_secret_has_32_bytes() {
    for length in [0, 1, 16, 31] {
        let secret: Vec<u8> = (0..length).collect();
        assert_eq!(
            HmacKey::new(secret).unwrap_err().kind(),
            KeyErrorKind::Weak,
            "{length}"
        );
    }
    assert!(HmacKey::new((0..32).collect::<Vec<u8>>()).is_ok());
}

#[test]
fn ac_j7_longer_hashes_need_longer_secrets() {
    let of = |length: u8| HmacKey::new((0..length).collect::<Vec<u8>>()).unwrap();
    for (algorithm, length) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        assert!(SigningKey::hmac(algorithm, &of(length)).is_ok());
        if length > 32 {
            let error = SigningKey::hmac(algorithm, &of(length - 1)).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Weak);
        }
    }
}

#[test]
fn ac_j7_default_secrets_are_refused() {
    let defaults = [
        "secretsecretsecretsecretsecretsecret",
        "changemechangemechangemechangeme",
        "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME",
        "your-secret-key-your-secret-key-here",
        "your-256-bit-secret-your-256-bit-secret",
        "your_jwt_secret_key_change_this_in_production",
        "a-secret-key-that-is-at-least-32-bytes-long",
        "passwordpasswordpasswordpassword123",
        "00000000000000000000000000000000",
        "abababababababababababababababababab",
    ];
    for secret in defaults {
        assert_eq!(
            HmacKey::new(secret).map(drop).unwrap_err().kind(),
            KeyErrorKind::Known,
            "{secret}"
        );
    }
    assert!(HmacKey::new("a secret of this house, said by nobody else").is_ok());
}

#[test]
fn secrets_do_not_show() {
    let secret = HmacKey::new("a secret of this house, said by nobody else").unwrap();
    let jwk = json!({"kty": "oct", "k": b64(b"a secret of this house, said by nobody else")});
    let shown = format!(
        "{secret:?} {:?} {:?} {:?}",
        SigningKey::hs256(&secret),
        VerifyingKey::hs256(&secret),
        SigningKey::from_jwk(jwk.to_string()).unwrap(),
    );
    assert!(
        !shown.contains("house") && !shown.contains("97, 32"),
        "{shown}"
    );
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in
        PRIVATE
            .into_iter()
            .chain([Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512])
    {
        let key = SigningKey::generate(algorithm).unwrap();
        let verifier = Verifier::for_key(key.verifying_key().clone()).build();
        let token = Issuer::new(key.clone())
            .issue(&Grant::access("alice"))
            .unwrap();
        assert_eq!(
            verifier.verify(token.as_str()).unwrap().id(),
            "alice",
            "{algorithm}"
        );
        let other = SigningKey::generate(algorithm).unwrap().with_kid("x");
        let kid = key.kid().unwrap_or("x").to_owned();
        let forged = Issuer::new(other.with_kid(kid))
            .issue(&Grant::access("alice"))
            .unwrap();
        assert!(verifier.verify(forged.as_str()).is_err(), "{algorithm}");
    }
}

#[test]
fn public_keys_travel_as_jwks() {
    for algorithm in PRIVATE {
        let key = SigningKey::generate(algorithm).unwrap();
        let published = KeySet::from(key.verifying_key().clone()).to_jwks();
        let document: Value = serde_json::from_str(&published).unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(
                document["keys"][0].get(private).is_none(),
                "{algorithm}: {private}"
            );
        }
        let set = KeySet::from_jwks(&published).unwrap();
        assert_eq!(set.get(key.kid().unwrap()).unwrap().algorithm(), algorithm);
        let token = Issuer::new(key).issue(&Grant::access("alice")).unwrap();
        assert!(
            Verifier::builder(set)
                .build()
                .verify(token.as_str())
                .is_ok(),
            "{algorithm}"
        );
    }
}

#[test]
fn secrets_are_never_published() {
    let set = KeySet::from(VerifyingKey::hs256(&HmacKey::generate().unwrap()).with_kid("s"));
    assert_eq!(set.to_jwks(), r#"{"keys":[]}"#);
}

/// Made by OpenSSL 3.0 (`openssl genpkey`, `openssl pkey -pubout`, `-traditional`): keys of another hand, in each form.
#[test]
fn pem_files_of_openssl() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pem/");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    let cases = [
        (Algorithm::Rs256, "rsa.pem", "rsa.pub.pem"),
        (Algorithm::Ps512, "rsa.pkcs1.pem", "rsa.pkcs1.pub.pem"),
        (Algorithm::Es256, "p256.pem", "p256.pub.pem"),
        (Algorithm::Es256, "p256.sec1.pem", "p256.pub.pem"),
        (Algorithm::Es384, "p384.pem", "p384.pub.pem"),
        (Algorithm::EdDsa, "ed25519.pem", "ed25519.pub.pem"),
    ];
    for (algorithm, private, public) in cases {
        let signing = SigningKey::from_pem(algorithm, read(private)).unwrap();
        let verifying = VerifyingKey::from_pem(algorithm, read(public)).unwrap();
        assert_eq!(
            verifying.thumbprint().as_deref(),
            signing.kid(),
            "{private}"
        );
        let token = Issuer::new(signing.with_kid("k"))
            .issue(&Grant::access("alice"))
            .unwrap();
        let verifier = Verifier::for_key(verifying.with_kid("k")).build();
        assert!(verifier.verify(token.as_str()).is_ok(), "{private}");
        assert!(
            VerifyingKey::from_pem(algorithm, read(private)).is_err(),
            "{private} is private"
        );
        assert!(
            SigningKey::from_pem(algorithm, read(public)).is_err(),
            "{public} is public"
        );
    }
    // A key of one kind for an algorithm of another.
    for (algorithm, public) in [
        (Algorithm::Es256, "rsa.pub.pem"),
        (Algorithm::Es256, "p384.pub.pem"),
        (Algorithm::Es384, "p256.pub.pem"),
        (Algorithm::Rs256, "p256.pub.pem"),
        (Algorithm::EdDsa, "p256.pub.pem"),
        (Algorithm::Rs256, "ed25519.pub.pem"),
    ] {
        assert!(
            VerifyingKey::from_pem(algorithm, read(public)).is_err(),
            "{public} for {algorithm}"
        );
    }
    for (algorithm, private) in [
        (Algorithm::Es256, "rsa.pem"),
        (Algorithm::Es384, "p256.pem"),
        (Algorithm::Rs256, "p256.pem"),
        (Algorithm::EdDsa, "rsa.pem"),
    ] {
        assert!(
            SigningKey::from_pem(algorithm, read(private)).is_err(),
            "{private} for {algorithm}"
        );
    }
    let weak = VerifyingKey::from_pem(Algorithm::Rs256, read("rsa1024.pub.pem")).unwrap_err();
    assert_eq!(weak.kind(), KeyErrorKind::Weak);
    assert!(SigningKey::from_pem(Algorithm::Rs256, read("rsa1024.pem")).is_err());
}

#[test]
fn broken_pem_and_der_are_errors() {
    let good = pem("PUBLIC KEY", &P256::new().public_der());
    for broken in [
        "",
        "-----BEGIN ",
        "-----BEGIN X-----",
        &good[..good.len() / 2],
        &good.replace("END PUBLIC", "END OTHER"),
        "\u{e9}",
        &pem("CERTIFICATE", &[0x30, 0]),
        &pem("ENCRYPTED PRIVATE KEY", &[0x30, 0]),
    ] {
        assert!(
            VerifyingKey::from_pem(Algorithm::Es256, broken).is_err(),
            "{broken}"
        );
        assert!(
            SigningKey::from_pem(Algorithm::Es256, broken).is_err(),
            "{broken}"
        );
    }
    let der = Rsa::new();
    for length in 0..der.public_der().len() {
        let cut = &der.public_der()[..length];
        for algorithm in PRIVATE {
            assert!(VerifyingKey::from_der(algorithm, cut).is_err());
            assert!(SigningKey::from_der(algorithm, cut).is_err());
        }
    }
}

#[test]
fn one_odd_key_does_not_lose_the_set() {
    let good = SigningKey::generate(Algorithm::Es256).unwrap();
    let published: Value =
        serde_json::from_str(&KeySet::from(good.verifying_key().clone()).to_jwks()).unwrap();
    let good_jwk = published["keys"][0].clone();
    let change = |name: &str, value: Value| {
        let mut jwk = good_jwk.clone();
        jwk[name] = value;
        jwk["kid"] = format!("odd {name}").into();
        jwk
    };
    let odd = [
        json!(null),
        json!(1),
        json!({}),
        json!({"kty": "RSA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({"kty": "oct", "k": b64([1; 32]), "kid": "secret"}),
        json!({"kty": "RSA", "n": b64([0xff; 128]), "e": "AQAB", "kid": "1024 bits"}),
        json!({"kty": "RSA", "n": b64([0xff; 256]), "e": "AQ", "kid": "e = 1"}),
        json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}),
        json!({"kty": "OKP", "crv": "X25519", "x": b64([1; 32])}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": b64([1; 31])}),
        change("use", "enc".into()),
        change("key_ops", json!(["encrypt"])),
        change("alg", "ES384".into()),
        change("alg", "HS256".into()),
        change("alg", "none".into()),
        change("crv", "P-384".into()),
        change("x", "AA".into()),
        change("y", "!".into()),
        change("d", b64([1; 32]).into()),
        change("kty", "RSA".into()),
        good_jwk.clone(),
    ];
    let count = odd.len();
    let mut keys = vec![good_jwk];
    keys.extend(odd);
    let set = KeySet::from_jwks(json!({"keys": keys, "more": 1}).to_string()).unwrap();
    assert_eq!((set.len(), set.skipped()), (1, count));
    let token = Issuer::new(good).issue(&Grant::access("alice")).unwrap();
    assert!(
        Verifier::builder(set)
            .build()
            .verify(token.as_str())
            .is_ok()
    );
}

#[test]
fn what_is_no_jwk_set_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        "<html>",
        r#"{"keys":[}"#,
    ] {
        assert_eq!(
            KeySet::from_jwks(text).unwrap_err().kind(),
            KeyErrorKind::Malformed,
            "{text}"
        );
    }
    assert!(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap().is_empty());
}

#[test]
fn rsa_without_alg_is_rs256_unless_said() {
    let key = SigningKey::generate(Algorithm::Ps256).unwrap();
    let mut document: Value =
        serde_json::from_str(&KeySet::from(key.verifying_key().clone()).to_jwks()).unwrap();
    document["keys"][0].as_object_mut().unwrap().remove("alg");
    let document = document.to_string();
    let algorithm = |set: KeySet| set.iter().next().map(VerifyingKey::algorithm);
    assert_eq!(
        algorithm(KeySet::from_jwks(&document).unwrap()),
        Some(Algorithm::Rs256)
    );
    let said = KeySet::from_jwks_with_rsa(&document, Algorithm::Ps256).unwrap();
    assert_eq!(algorithm(said), Some(Algorithm::Ps256));
    assert!(KeySet::from_jwks_with_rsa(&document, Algorithm::Hs256).is_err());
}

#[test]
fn a_private_jwk_whose_halves_differ_is_refused() {
    let a = P256::new();
    let (x, y) = a.coordinates();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "d": b64([7; 32])});
    assert!(SigningKey::from_jwk(jwk.to_string()).is_err());
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": b64([7; 32])});
    assert!(SigningKey::from_jwk(ed.to_string()).is_err());
}

#[test]
fn two_keys_of_one_name_are_an_error() {
    let keys = [0, 1].map(|_| {
        SigningKey::generate(Algorithm::Es256)
            .unwrap()
            .with_kid("a")
            .verifying_key()
            .clone()
    });
    assert_eq!(
        KeySet::new(keys).unwrap_err().kind(),
        KeyErrorKind::DuplicateKid
    );
}
