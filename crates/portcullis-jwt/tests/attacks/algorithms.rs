//! The algorithm is the verifier's, never the token's: AC-J1, ASVS v5.0.0-9.1.1, 9.1.2.

use portcullis_jwt::{
    Algorithm, HmacKey, KeyErrorKind, KeySet, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
};

use crate::support::{P256, Rsa, b64, claims, clock, hmac_key, hs256, refusal, token, verifier};

/// v5.0.0-9.1.2: the ten forms of "none", with and without a signature.
#[test]
fn ac_j1_none_is_refused_in_all_its_forms() {
    let forms = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"NONE"}"#,
        r#"{"alg":"nOnE"}"#,
        r#"{"alg":"none "}"#,
        r#"{"alg":""}"#,
        r#"{"alg":null}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":["none"]}"#,
        r#"{"alg":"none","typ":"JWT","kid":""}"#,
    ];
    for header in forms {
        let unsigned = format!("{}.{}.", b64(header), b64(claims().to_string()));
        for attack in [unsigned, token(header, &claims().to_string())] {
            let kind = refusal(&verifier(), &attack);
            let refused = [
                TokenErrorKind::WrongAlgorithm,
                TokenErrorKind::Malformed,
                TokenErrorKind::UnknownKey,
            ];
            assert!(refused.contains(&kind), "{header}: {kind:?}");
        }
    }
}

#[test]
fn ac_j1_the_algorithm_is_compared_exactly() {
    for alg in [
        "hs256",
        "Hs256",
        "HS256 ",
        " HS256",
        "HS384",
        "HS512",
        "RS256",
        "HS\\u0032567",
    ] {
        let attack = token(&format!(r#"{{"alg":"{alg}"}}"#), &claims().to_string());
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::WrongAlgorithm,
            "{alg}"
        );
    }
    // The same name, written with an escape, is the same name.
    let escaped = token(r#"{"alg":"HS\u0032\u003556"}"#, &claims().to_string());
    assert_eq!(
        refusal(&verifier(), &escaped),
        TokenErrorKind::WrongAlgorithm
    );
    let escaped = token(r#"{"alg":"HS\u003256"}"#, &claims().to_string());
    assert!(verifier().verify(&escaped).is_ok());
}

/// v5.0.0-9.1.2: six ways to make a verifier of public keys take an HMAC, or one algorithm for another.
#[test]
fn ac_j1_algorithm_confusion_is_refused() {
    let (rsa, p256) = (Rsa::new(), P256::new());
    let rs256 = VerifyingKey::from_der(Algorithm::Rs256, rsa.public_der()).unwrap();
    let es256 = VerifyingKey::from_der(Algorithm::Es256, p256.public_der()).unwrap();
    let of_rsa = Verifier::for_key(rs256).clock(clock().shared()).build();
    let of_p256 = Verifier::for_key(es256).clock(clock().shared()).build();

    let mac = |secret: &[u8]| {
        let message = format!(
            "{}.{}",
            b64(r#"{"alg":"HS256"}"#),
            b64(claims().to_string())
        );
        format!("{message}.{}", b64(hs256(&message, secret)))
    };
    let attacks = [
        (
            "HMAC keyed with the PEM",
            &of_rsa,
            mac(rsa.public_pem().as_bytes()),
        ),
        (
            "HMAC keyed with the trimmed PEM",
            &of_rsa,
            mac(rsa.public_pem().trim().as_bytes()),
        ),
        ("HMAC keyed with the DER", &of_rsa, mac(rsa.public_der())),
        (
            "HMAC keyed with the point",
            &of_p256,
            mac(&p256.public_der()),
        ),
        (
            "PSS in place of PKCS#1",
            &of_rsa,
            rsa.pss_token(r#"{"alg":"PS256"}"#, &claims()),
        ),
        (
            "RS256 at a verifier of ES256",
            &of_p256,
            rsa.token(r#"{"alg":"RS256"}"#, &claims()),
        ),
    ];
    for (attack, verifier, token) in attacks {
        assert_eq!(
            refusal(verifier, &token),
            TokenErrorKind::WrongAlgorithm,
            "{attack}"
        );
    }
    // With the header that the verifier wants, the signatures are wrong.
    let pss = rsa.pss_token(r#"{"alg":"RS256"}"#, &claims());
    assert_eq!(refusal(&of_rsa, &pss), TokenErrorKind::BadSignature);
    let other = rsa.token(r#"{"alg":"RS384"}"#, &claims());
    assert_eq!(refusal(&of_rsa, &other), TokenErrorKind::WrongAlgorithm);
}

/// v5.0.0-9.1.2: a configuration that mixes secrets and public keys does not come into being.
#[test]
fn ac_j1_secrets_and_public_keys_do_not_mix() {
    let public = SigningKey::generate(Algorithm::Es256).unwrap();
    let secret = VerifyingKey::hs256(&hmac_key()).with_kid("s");
    let mixed = KeySet::new([public.verifying_key().clone(), secret]);
    assert_eq!(mixed.unwrap_err().kind(), KeyErrorKind::WrongKind);
}

#[test]
fn ac_j1_a_public_key_is_no_secret_and_a_secret_no_public_key() {
    let rsa = Rsa::new();
    assert_eq!(
        HmacKey::new(rsa.public_pem()).unwrap_err().kind(),
        KeyErrorKind::WrongKind
    );
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let error = VerifyingKey::from_pem(algorithm, rsa.public_pem()).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongKind);
    }
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Es256,
        Algorithm::EdDsa,
        Algorithm::Ps512,
    ] {
        let error = VerifyingKey::hmac(algorithm, &HmacKey::generate().unwrap()).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongKind);
    }
}
