//! Published examples, each file whole; see `vectors/README.md`.

mod support;

use std::path::PathBuf;

use portcullis_core::Timestamp;
use portcullis_jwt::{
    Algorithm, HmacKey, KeyErrorKind, KeySet, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};
use support::refusal;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder(name)).unwrap()).unwrap()
}

fn files(name: &str) -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.ends_with(".json"))
        .map(|file| (file.clone(), read(&format!("{name}/{file}"))))
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// The public half of a JWK, of an algorithm.
fn public(jwk: &Value, alg: &Value) -> Value {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().unwrap();
    members.insert("alg".into(), alg.clone());
    if members["kty"] != "oct" {
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            members.remove(private);
        }
    }
    jwk
}

fn verifier_of(jwk: &Value, alg: &Value) -> Verifier {
    let key = VerifyingKey::from_jwk(public(jwk, alg).to_string()).unwrap();
    Verifier::for_key(key).build()
}

/// Payloads of the cookbook are sentences. So a right signature shows in that the *claims* are what is wrong.
#[test]
fn jws_of_rfc_7520_and_8037() {
    let mut seen = Vec::new();
    let mut all = files("jws");
    all.push(("curve25519".into(), read("curve25519/jws.json")));
    for (file, example) in all {
        let (key, alg) = (&example["input"]["key"], &example["input"]["alg"]);
        let Some(compact) = example["output"]["compact"].as_str() else {
            assert!(
                ["4_6", "4_7", "4_8"]
                    .iter()
                    .any(|name| file.starts_with(name)),
                "{file} has no compact form"
            );
            continue;
        };
        if alg == "ES512" {
            let error = VerifyingKey::from_jwk(public(key, alg).to_string()).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Unsuitable, "{file}");
            continue;
        }
        let verifier = verifier_of(key, alg);
        let payload = example["input"]["payload"].as_str().unwrap();
        let attached = match file.starts_with("4_5") {
            true => {
                let refused = refusal(&verifier, compact);
                assert_eq!(
                    refused,
                    TokenErrorKind::BadSignature,
                    "the payload is elsewhere"
                );
                compact.replace("..", &format!(".{}.", support::b64(payload)))
            }
            false => compact.to_owned(),
        };
        assert_eq!(
            refusal(&verifier, &attached),
            TokenErrorKind::Malformed,
            "{file}"
        );
        // One byte of the payload changed, and it is the signature that is wrong.
        let changed = attached.replacen(
            &support::b64(payload),
            &support::b64(payload.to_uppercase()),
            1,
        );
        assert_ne!(changed, attached);
        assert_eq!(
            refusal(&verifier, &changed),
            TokenErrorKind::BadSignature,
            "{file}"
        );
        seen.push(file);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn private_jwks_sign_what_their_public_halves_verify() {
    let mut all = files("jws");
    all.push(("curve25519".into(), read("curve25519/jws.json")));
    let mut signed = 0;
    for (file, example) in all {
        let (keys, algs) = match &example["input"]["key"] {
            Value::Array(keys) => (
                keys.clone(),
                example["input"]["alg"].as_array().unwrap().clone(),
            ),
            key => (vec![key.clone()], vec![example["input"]["alg"].clone()]),
        };
        for (key, alg) in keys.into_iter().zip(algs).filter(|(_, alg)| alg != "ES512") {
            let mut private = key.clone();
            private["alg"] = alg.clone();
            let signer = SigningKey::from_jwk(private.to_string()).unwrap();
            let token = portcullis_jwt::Issuer::new(signer)
                .issue(&portcullis_jwt::Grant::access("bilbo"))
                .unwrap();
            // An only key without a name answers to the thumbprint by which our own names itself.
            let verified = verifier_of(&key, &alg).verify(token.as_str());
            assert!(verified.is_ok(), "{file}: {verified:?}");
            signed += 1;
        }
    }
    assert_eq!(signed, 9);
}

#[test]
fn unencoded_payloads_of_rfc_7797() {
    for (file, example) in files("rfc7797") {
        let verifier = verifier_of(&example["input"]["key"], &example["input"]["alg"]);
        let protected = example["output"]["json_flat"]["protected"]
            .as_str()
            .unwrap();
        let signature = example["output"]["json_flat"]["signature"]
            .as_str()
            .unwrap();
        let payload = example["input"]["payload"]
            .as_str()
            .unwrap()
            .replace('.', "");
        let compact = example["output"]["compact"].as_str().map(str::to_owned);
        let token = compact.unwrap_or(format!("{protected}.{payload}.{signature}"));
        // The machine-readable form of RFC 7797 §4.2 has lost its `crit`; without it `b64: false` is a contradiction.
        let expected = match file.starts_with("4.2") {
            true => TokenErrorKind::Malformed,
            false => TokenErrorKind::UnsupportedCritical,
        };
        assert_eq!(refusal(&verifier, &token), expected, "{file}");
    }
}

#[test]
fn jwe_is_refused() {
    let key = VerifyingKey::hs256(&HmacKey::generate().unwrap());
    let verifier = Verifier::for_key(key).build();
    let mut compact: Vec<String> = files("jwe")
        .into_iter()
        .filter_map(|(_, example)| example["output"]["compact"].as_str().map(str::to_owned))
        .collect();
    for nested in [
        &read("6.nesting_signatures_and_encryption.json")["encrypt"]["output"]["compact"],
        &read("curve25519/ecdh-es.json")["output"]["compact"],
    ] {
        compact.push(nested.as_str().unwrap().to_owned());
    }
    assert_eq!(compact.len(), 11);
    for token in compact {
        assert_eq!(refusal(&verifier, &token), TokenErrorKind::Malformed);
    }
}

/// The token inside the nested example is signed by PS256 and holds claims: the one of the cookbook that is accepted whole.
#[test]
fn the_signed_token_inside_the_nested_one() {
    let example = read("6.nesting_signatures_and_encryption.json");
    let sign = &example["sign"];
    let key =
        VerifyingKey::from_jwk(public(&sign["input"]["key"], &json!("PS256")).to_string()).unwrap();
    let clock = ManualClock::at(Timestamp::from_unix_seconds(1_300_819_380 - 1));
    let token = sign["output"]["compact"].as_str().unwrap();
    let verifier = Verifier::for_key(key)
        .issuer("hobbiton.example")
        .clock(clock.shared())
        .build();
    let verified = verifier.decode::<Value>(token).unwrap();
    assert_eq!(verified.claims()["http://example.com/is_root"], true);
    assert_eq!(verified.subject(), None);
    clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(
        verifier.decode::<Value>(token).unwrap_err().kind(),
        TokenErrorKind::Expired
    );
}

#[test]
fn jwks_of_rfc_7520() {
    let expected = [
        ("3_1.ec_public_key.json", Err(KeyErrorKind::Unsuitable)),
        ("3_2.ec_private_key.json", Err(KeyErrorKind::Unsuitable)),
        ("3_3.rsa_public_key.json", Ok(Algorithm::Rs256)),
        ("3_4.rsa_private_key.json", Err(KeyErrorKind::Unsuitable)),
        (
            "3_5.symmetric_key_mac_computation.json",
            Ok(Algorithm::Hs256),
        ),
        (
            "3_6.symmetric_key_encryption.json",
            Err(KeyErrorKind::Unsuitable),
        ),
    ];
    let files = files("jwk");
    assert_eq!(files.len(), expected.len());
    for ((file, jwk), (name, outcome)) in files.iter().zip(expected) {
        let key = VerifyingKey::from_jwk(jwk.to_string());
        assert_eq!(
            (
                file.as_str(),
                key.map(|key| key.algorithm()).map_err(|error| error.kind())
            ),
            (name, outcome)
        );
    }
    // As one document: only the public RSA key is left.
    let all: Vec<&Value> = files.iter().map(|(_, jwk)| jwk).collect();
    let set = KeySet::from_jwks(json!({ "keys": all }).to_string()).unwrap();
    assert_eq!((set.len(), set.skipped()), (1, 5));
    // The private one signs.
    let private = &files[3].1;
    let signer = SigningKey::from_jwk(private.to_string()).unwrap();
    assert_eq!(signer.kid(), Some("bilbo.baggins@hobbiton.example"));
}

/// RFC 7515 A.1, the token of all tutorials.
#[test]
fn rfc_7515_a_1() {
    let example = &read("rfc-short-examples.json")["rfc7515_a1_hs256"];
    let secret = HmacKey::from_base64url(example["k_b64u"].as_str().unwrap()).unwrap();
    let exp = example["exp"].as_i64().unwrap();
    let clock = ManualClock::at(Timestamp::from_unix_seconds(exp - 1));
    let verifier = Verifier::for_key(VerifyingKey::hs256(&secret))
        .issuer("joe")
        .clock(clock.shared())
        .build();
    let token = example["token"].as_str().unwrap();
    let verified = verifier.decode::<Value>(token).unwrap();
    assert_eq!(verified.issuer(), Some("joe"));
    assert_eq!(
        verified.expires_at(),
        Some(Timestamp::from_unix_seconds(exp))
    );
    assert_eq!(
        refusal(&verifier, token),
        TokenErrorKind::MissingClaim,
        "it has no `sub`: it is no user's"
    );
    clock.set(Timestamp::from_unix_seconds(exp + 60));
    assert_eq!(
        verifier.decode::<Value>(token).unwrap_err().kind(),
        TokenErrorKind::Expired
    );
}

/// RFC 7638 §3.1.
#[test]
fn rfc_7638_thumbprint() {
    let example = &read("rfc-short-examples.json")["rfc7638_thumbprint"];
    let key = VerifyingKey::from_jwk(example["jwk"].to_string()).unwrap();
    assert_eq!(key.thumbprint().as_deref(), example["sha256_b64u"].as_str());
    // RFC 8037 A.3.
    let ed =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let key = VerifyingKey::from_jwk(ed.to_string()).unwrap();
    assert_eq!(
        key.thumbprint().as_deref(),
        Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    );
}
