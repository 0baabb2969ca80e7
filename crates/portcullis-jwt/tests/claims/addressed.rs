//! By whom, for whom, and for what: AC-J4, AC-J6, ASVS v5.0.0-9.2.2, 9.2.3.

use portcullis_jwt::{Purpose, TokenError, TokenErrorKind};
use serde_json::json;

use crate::support::{builder, claims, refusal, signed, token, verifier, with};

#[test]
fn ac_j4_the_issuer_is_compared_exactly() {
    let verifier = builder()
        .issuer("https://id.example")
        .issuer("https://other.example/")
        .build();
    for issuer in ["https://id.example", "https://other.example/"] {
        assert!(verifier.verify(&signed(&with("iss", issuer))).is_ok());
    }
    for issuer in [
        "https://id.example/",
        "https://ID.example",
        "https://id.example.evil",
        "",
        "https://id.exampl",
    ] {
        assert_eq!(
            refusal(&verifier, &signed(&with("iss", issuer))),
            TokenErrorKind::WrongIssuer,
            "{issuer}"
        );
    }
    assert_eq!(
        refusal(&verifier, &signed(&claims())),
        TokenErrorKind::WrongIssuer
    );
    for iss in [json!(null), json!(["https://id.example"]), json!(1)] {
        assert_eq!(
            refusal(&verifier, &signed(&with("iss", iss))),
            TokenErrorKind::Malformed
        );
    }
}

/// v5.0.0-9.2.3
#[test]
fn ac_j4_any_of_the_audiences_must_match_exactly() {
    let verifier = builder().audience("notes").audience("photos").build();
    for aud in [
        json!("notes"),
        json!(["notes"]),
        json!(["x", "photos"]),
        json!(["photos", "x"]),
    ] {
        assert!(
            verifier.verify(&signed(&with("aud", aud.clone()))).is_ok(),
            "{aud}"
        );
    }
    for aud in [
        json!("note"),
        json!("notes2"),
        json!("Notes"),
        json!(""),
        json!([]),
        json!(["x"]),
        json!("notes photos"),
    ] {
        assert_eq!(
            refusal(&verifier, &signed(&with("aud", aud.clone()))),
            TokenErrorKind::WrongAudience,
            "{aud}"
        );
    }
    assert_eq!(
        refusal(&verifier, &signed(&claims())),
        TokenErrorKind::WrongAudience,
        "an audience must be there"
    );
    for aud in [
        json!(null),
        json!(1),
        json!([1]),
        json!(["notes", 1]),
        json!({"notes": 1}),
        json!([["notes"]]),
    ] {
        assert_eq!(
            refusal(&verifier, &signed(&with("aud", aud.clone()))),
            TokenErrorKind::Malformed,
            "{aud}"
        );
    }
}

/// RFC 7519 §4.1.3: who finds no name of its own in `aud` refuses the token.
#[test]
fn ac_j4_a_token_for_someone_is_not_for_a_verifier_without_audience() {
    assert_eq!(
        refusal(&verifier(), &signed(&with("aud", "notes"))),
        TokenErrorKind::WrongAudience
    );
    let any = builder().with_insecure_any_audience().build();
    assert!(any.verify(&signed(&with("aud", "notes"))).is_ok());
}

const PURPOSES: [Purpose; 5] = [
    Purpose::Access,
    Purpose::Refresh,
    Purpose::Verify,
    Purpose::Reset,
    Purpose::Mfa,
];

/// v5.0.0-9.2.2: each purpose against each verifier.
#[test]
fn ac_j6_a_verifier_accepts_one_purpose() {
    for of_verifier in PURPOSES {
        let verifier = builder().purpose(of_verifier).build();
        for of_token in PURPOSES {
            let token = signed(&with("token_use", of_token.as_str()));
            match of_token == of_verifier {
                true => assert!(verifier.verify(&token).is_ok(), "{of_token}"),
                false => assert_eq!(
                    refusal(&verifier, &token),
                    TokenErrorKind::WrongPurpose,
                    "{of_token} at {of_verifier}"
                ),
            }
        }
        for token_use in ["", "id", "ACCESS", "access "] {
            let token = signed(&with("token_use", token_use));
            assert_eq!(
                refusal(&verifier, &token),
                TokenErrorKind::WrongPurpose,
                "{token_use:?}"
            );
        }
        let silent = verifier
            .verify(&signed(&claims()))
            .map_err(TokenError::kind);
        match of_verifier {
            Purpose::Access => assert!(silent.is_ok()),
            _ => assert_eq!(silent.unwrap_err(), TokenErrorKind::WrongPurpose),
        }
    }
}

/// v5.0.0-9.2.2: an ID token is no access token.
#[test]
fn ac_j6_id_tokens_are_refused() {
    for (name, value) in [
        ("at_hash", "x"),
        ("c_hash", "x"),
        ("typ", "ID"),
        ("typ", "Refresh"),
        ("token_use", "id"),
    ] {
        assert_eq!(
            refusal(&verifier(), &signed(&with(name, value))),
            TokenErrorKind::WrongPurpose,
            "{name}"
        );
    }
    assert!(
        verifier().verify(&signed(&with("typ", "Bearer"))).is_ok(),
        "Keycloak's access token"
    );
}

#[test]
fn ac_j6_the_type_of_the_header_is_checked() {
    let of_type = |typ: &str| {
        token(
            &format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#),
            &claims().to_string(),
        )
    };
    for typ in [
        "JWT",
        "jwt",
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "application/jwt",
    ] {
        assert!(verifier().verify(&of_type(typ)).is_ok(), "{typ}");
    }
    for typ in [
        "",
        "JWS",
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "JOSE",
        "at+jwt2",
    ] {
        assert_eq!(
            refusal(&verifier(), &of_type(typ)),
            TokenErrorKind::WrongType,
            "{typ}"
        );
    }
    let strict = builder().only_at_jwt().build();
    assert!(strict.verify(&of_type("at+jwt")).is_ok());
    assert_eq!(refusal(&strict, &of_type("JWT")), TokenErrorKind::WrongType);
    assert_eq!(
        refusal(&strict, &token(r#"{"alg":"HS256"}"#, &claims().to_string())),
        TokenErrorKind::WrongType
    );
    let refresh = builder().purpose(Purpose::Refresh).build();
    let dressed = token(
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        &with("token_use", "refresh").to_string(),
    );
    assert_eq!(refusal(&refresh, &dressed), TokenErrorKind::WrongType);
}

/// The header is remembered; what it says of the type counts each time.
#[test]
fn ac_j6_a_known_header_keeps_its_type() {
    let strict = builder().only_at_jwt().build();
    let wrong = signed(&claims());
    let right = token(r#"{"alg":"HS256","typ":"at+jwt"}"#, &claims().to_string());
    for _ in 0..3 {
        assert_eq!(refusal(&strict, &wrong), TokenErrorKind::WrongType);
        assert!(strict.verify(&right).is_ok());
    }
}
