//! A token is written in one way alone: AC-J2, AC-J5.

use portcullis_jwt::TokenErrorKind;

use crate::support;
use crate::support::{b64, claims, hs256, refusal, signed, token, verifier};

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
