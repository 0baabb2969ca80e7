//! An enemy with a pen: AC-J1, AC-J2, AC-J5, ASVS v5.0.0-9.1.1, 9.1.2, 9.1.3.

mod support;

use portcullis_jwt::{
    Algorithm, HmacKey, KeyErrorKind, KeySet, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
};
use serde_json::{Value, json};
use support::{
    P256, Rsa, b64, builder, claims, clock, hmac_key, hs256, refusal, set_of, signed, token,
    verifier,
};

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

/// v5.0.0-9.1.1: nothing of a token with a wrong signature is believed, whichever bit is wrong.
#[test]
fn a_changed_token_is_refused() {
    let honest = signed(&claims());
    let verifier = verifier();
    assert!(verifier.verify(&honest).is_ok());
    for position in 0..honest.len() {
        let mut changed = honest.clone().into_bytes();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            changed == honest || verifier.verify(&changed).is_err(),
            "byte {position}"
        );
    }
    let (message, _) = honest.rsplit_once('.').unwrap();
    for cut in ["", "A", "AA", "AAAA"] {
        assert!(verifier.verify(&format!("{message}.{cut}")).is_err());
    }
}

#[test]
fn a_token_of_another_secret_is_refused() {
    let message = format!(
        "{}.{}",
        b64(r#"{"alg":"HS256"}"#),
        b64(claims().to_string())
    );
    for secret in [
        &b"another secret of the tests 0123456789"[..],
        b"",
        &[0; 64],
    ] {
        let attack = format!("{message}.{}", b64(hs256(&message, secret)));
        assert_eq!(refusal(&verifier(), &attack), TokenErrorKind::BadSignature);
    }
}

/// A header that was seen with an honest token does not vouch for another token with that header.
#[test]
fn a_known_header_does_not_excuse_a_signature() {
    let verifier = verifier();
    let honest = signed(&claims());
    verifier.verify(&honest).unwrap();
    let (header, _) = honest.split_once('.').unwrap();
    let forged = format!(
        "{header}.{}.{}",
        b64(r#"{"sub":"root","exp":9999999999}"#),
        b64([0; 32])
    );
    assert_eq!(refusal(&verifier, &forged), TokenErrorKind::BadSignature);
}

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
fn ac_j2_anything_but_three_parts_is_malformed() {
    let honest = signed(&claims());
    for attack in [
        "",
        ".",
        "..",
        "...",
        "....",
        "a",
        "a.b",
        &format!("{honest}."),
        &format!(".{honest}"),
        &format!("{honest}.x.y"),
    ] {
        assert_eq!(
            refusal(&verifier(), attack),
            TokenErrorKind::Malformed,
            "{attack}"
        );
    }
}

#[test]
fn ac_j5_a_token_is_at_most_8_kib() {
    let of_length = |length: usize| {
        let probe = signed(&support::with("pad", ""));
        let claims = support::with("pad", "x".repeat((length - probe.len()) * 3 / 4));
        signed(&claims)
    };
    let longest = of_length(8192);
    assert!((8190..=8192).contains(&longest.len()), "{}", longest.len());
    assert!(verifier().verify(&longest).is_ok());
    let longer = of_length(8196);
    assert!(longer.len() > 8192);
    assert_eq!(refusal(&verifier(), &longer), TokenErrorKind::TooLong);
    assert_eq!(
        refusal(&verifier(), &"a.".repeat(1 << 20)),
        TokenErrorKind::TooLong
    );
}

#[test]
fn ac_j5_base64url_is_strict() {
    let honest = signed(&claims());
    let parts: Vec<&str> = honest.split('.').collect();
    for part in 0..3 {
        for spoiled in ["=", "==", "\n", " ", "+", "/", "\u{e9}", "%3D"] {
            for in_front in [true, false] {
                let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
                parts[part] = if in_front {
                    format!("{spoiled}{}", parts[part])
                } else {
                    format!("{}{spoiled}", parts[part])
                };
                // Header and claims are signed as they stand: sign the spoiled form.
                let message = format!("{}.{}", parts[0], parts[1]);
                if part < 2 {
                    parts[2] = b64(hs256(&message, support::SECRET));
                }
                let attack = format!("{message}.{}", parts[2]);
                assert_eq!(
                    refusal(&verifier(), &attack),
                    TokenErrorKind::Malformed,
                    "part {part}, {spoiled:?}"
                );
            }
        }
    }
}

/// The last character of base64 may carry bits that mean nothing; two spellings of one signature would be two tokens.
#[test]
fn ac_j5_bits_that_mean_nothing_are_refused() {
    let honest = signed(&claims());
    let (start, last) = honest.split_at(honest.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let accepted: Vec<char> = alphabet
        .chars()
        .filter(|c| verifier().verify(&format!("{start}{c}")).is_ok())
        .collect();
    assert_eq!(accepted, last.chars().collect::<Vec<_>>());
}

#[test]
fn ac_j5_duplicate_members_are_refused_everywhere() {
    let headers = [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","jwk":{"k":1,"k":2}}"#,
    ];
    for header in headers {
        let attack = token(header, &claims().to_string());
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::Malformed,
            "{header}"
        );
    }
    let ok = claims().to_string();
    let body = ok.trim_end_matches('}');
    let names = [
        "exp",
        "nbf",
        "iat",
        "iss",
        "aud",
        "sub",
        "jti",
        "sid",
        "token_use",
        "scope",
        "scp",
        "scopes",
        "amr",
        "email",
        "email_verified",
        "auth_time",
        "typ",
        "roles",
        "x",
        "at_hash",
    ];
    for name in names {
        let (a, b) = match name {
            "exp" | "nbf" | "iat" | "auth_time" => ("1", "1"),
            "email_verified" => ("true", "false"),
            _ => (r#""a""#, r#""b""#),
        };
        let twice = format!(r#"{{"{name}":{a},"{name}":{b}}}"#);
        assert_eq!(
            refusal(&verifier(), &support::signed_text(&twice)),
            TokenErrorKind::Malformed,
            "{name}"
        );
    }
    for nested in [
        r#""x":{"a":1,"a":2}"#,
        r#""x":[{"a":1,"a":2}]"#,
        r#""x":{"y":{"a":1,"\u0061":2}}"#,
    ] {
        let attack = support::signed_text(&format!("{body},{nested}}}"));
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::Malformed,
            "{nested}"
        );
    }
    // Among many members as well.
    let many: String = (0..200).map(|n| format!(r#","m{n}":{n}"#)).collect();
    assert!(
        verifier()
            .verify(&support::signed_text(&format!("{body}{many}}}")))
            .is_ok()
    );
    let attack = support::signed_text(&format!(r#"{body}{many},"m7":0}}"#));
    assert_eq!(refusal(&verifier(), &attack), TokenErrorKind::Malformed);
}

#[test]
fn claims_that_are_no_object_are_malformed() {
    let long = "[".repeat(4000);
    for text in [
        "",
        "{}x",
        "[]",
        "1",
        "null",
        "\"a\"",
        "{",
        "{\"sub\":}",
        "\u{feff}{}",
        &long,
    ] {
        assert_eq!(
            refusal(&verifier(), &support::signed_text(text)),
            TokenErrorKind::Malformed,
            "{text:.20}"
        );
    }
    let trailing = format!("{} {{}}", claims());
    assert_eq!(
        refusal(&verifier(), &support::signed_text(&trailing)),
        TokenErrorKind::Malformed
    );
    let not_utf8 = [
        claims().to_string().trim_end_matches('}').as_bytes(),
        b",\"x\":\"\xff\"}",
    ]
    .concat();
    let message = format!("{}.{}", b64(r#"{"alg":"HS256"}"#), b64(&not_utf8));
    let attack = format!("{message}.{}", b64(hs256(&message, support::SECRET)));
    assert_eq!(refusal(&verifier(), &attack), TokenErrorKind::Malformed);
}

/// AC-J8: the comparison itself is the MAC crate's `verify_slice`; what can be seen from outside is that a tag that is right as
/// far as it goes is as wrong as any other.
#[test]
fn ac_j8_a_truncated_mac_is_refused() {
    let message = format!(
        "{}.{}",
        b64(r#"{"alg":"HS256"}"#),
        b64(claims().to_string())
    );
    let mac = hs256(&message, support::SECRET);
    for length in 0..32 {
        let attack = format!("{message}.{}", b64(&mac[..length]));
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::BadSignature,
            "{length}"
        );
    }
    let longer = [mac.as_slice(), &[0]].concat();
    assert_eq!(
        refusal(&verifier(), &format!("{message}.{}", b64(longer))),
        TokenErrorKind::BadSignature
    );
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
