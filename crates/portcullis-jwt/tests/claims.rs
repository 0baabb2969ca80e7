//! What the claims must say: AC-J3, AC-J4, AC-J6, ASVS v5.0.0-9.2.1, 9.2.2, 9.2.3.

mod support;

use std::time::Duration;

use portcullis_core::{Clock as _, RoleMap, ScopeMap, Timestamp};
use portcullis_jwt::{ClaimPath, Purpose, TokenError, TokenErrorKind, Verifier, VerifyingKey};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{
    START, builder, claims, clock, hmac_key, refusal, signed, signed_text, token, verifier, with,
    without,
};

/// A text for each claim value that is no date.
const NO_DATES: [&str; 12] = [
    "\"1767229200\"",
    "null",
    "true",
    "[1767229200]",
    "{}",
    "\"\"",
    "1e400",
    "-1e400",
    "1e300",
    "NaN",
    "0x10",
    "99999999999999999999",
];

fn at(second: i64, claims: &Value) -> Result<(), TokenErrorKind> {
    let clock = clock();
    clock.set(Timestamp::from_unix_seconds(second));
    let verifier = Verifier::for_key(VerifyingKey::hs256(&hmac_key()))
        .clock(clock.shared())
        .build();
    verifier
        .verify(&signed(claims))
        .map(drop)
        .map_err(TokenError::kind)
}

/// v5.0.0-9.2.1
#[test]
fn ac_j3_exp_is_required() {
    assert_eq!(
        refusal(&verifier(), &signed(&without("exp"))),
        TokenErrorKind::MissingClaim
    );
    let insecure = builder().with_insecure_no_expiry().build();
    let user = insecure.verify(&signed(&without("exp"))).unwrap();
    assert_eq!(user.expires_at(), None);
    assert_eq!(
        refusal(&insecure, &signed(&with("exp", START - 61))),
        TokenErrorKind::Expired
    );
}

#[test]
fn ac_j3_exp_has_a_leeway_of_60_seconds() {
    let claims = claims();
    let exp = START + 3600;
    assert_eq!(at(exp + 59, &claims), Ok(()));
    assert_eq!(
        at(exp + 60, &claims),
        Err(TokenErrorKind::Expired),
        "exp itself is too late, RFC 7519 §4.1.4"
    );
    assert_eq!(at(exp + 61, &claims), Err(TokenErrorKind::Expired));
}

#[test]
fn ac_j3_nbf_and_iat_have_a_leeway_of_60_seconds() {
    for name in ["nbf", "iat"] {
        let claims = with(name, START + 100);
        assert_eq!(
            at(START + 39, &claims),
            Err(TokenErrorKind::NotYetValid),
            "{name}"
        );
        assert_eq!(at(START + 40, &claims), Ok(()), "{name}");
        assert_eq!(at(START + 41, &claims), Ok(()), "{name}");
    }
}

#[test]
fn ac_j3_the_leeway_can_be_set_but_not_widely() {
    let verifier = builder().leeway(Duration::ZERO).build();
    assert!(verifier.verify(&signed(&with("exp", START + 1))).is_ok());
    assert_eq!(
        refusal(&verifier, &signed(&with("exp", START))),
        TokenErrorKind::Expired
    );
    let wide = builder().leeway(Duration::from_secs(1 << 40)).build();
    assert_eq!(
        refusal(&wide, &signed(&with("exp", START - 300))),
        TokenErrorKind::Expired
    );
}

#[test]
fn ac_j3_dates_are_numbers() {
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in NO_DATES {
            let mut rest = without(name);
            rest.as_object_mut().unwrap().remove("exp");
            let exp = if name == "exp" {
                String::new()
            } else {
                format!(",\"exp\":{}", START + 3600)
            };
            let text = format!("{{\"sub\":\"alice\"{exp},\"{name}\":{value}}}");
            assert_eq!(
                refusal(&verifier(), &signed_text(&text)),
                TokenErrorKind::Malformed,
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn ac_j3_dates_may_have_fractions() {
    let text = |exp: &str| format!("{{\"sub\":\"alice\",\"exp\":{exp}}}");
    for exp in [
        "1767229200.5",
        "1.7672292e9",
        "1767229200.000000001",
        "1767229200E0",
    ] {
        let user = verifier().verify(&signed_text(&text(exp))).unwrap();
        assert_eq!(
            user.expires_at().unwrap().unix_seconds(),
            START + 3600,
            "{exp}"
        );
    }
    let verifier = builder().leeway(Duration::ZERO).build();
    assert!(verifier.verify(&signed_text(&text("1767225600.1"))).is_ok());
    assert_eq!(
        refusal(&verifier, &signed_text(&text("1767225599.9"))),
        TokenErrorKind::Expired
    );
    assert_eq!(
        refusal(&verifier, &signed_text(&text("-1"))),
        TokenErrorKind::Expired
    );
}

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

#[test]
fn a_user_has_a_subject() {
    assert_eq!(
        refusal(&verifier(), &signed(&without("sub"))),
        TokenErrorKind::MissingClaim
    );
    assert_eq!(
        refusal(&verifier(), &signed(&with("sub", ""))),
        TokenErrorKind::MissingClaim
    );
    for sub in [json!(null), json!(7), json!(["alice"])] {
        assert_eq!(
            refusal(&verifier(), &signed(&with("sub", sub))),
            TokenErrorKind::Malformed
        );
    }
}

#[test]
fn claims_become_a_user() {
    let mut claims = claims();
    let more = json!({
        "jti": "t1", "sid": "s1", "auth_time": START - 10, "amr": ["pwd", "otp"], "email": "alice@example.com",
        "email_verified": true, "scope": "read write", "plan": "pro \u{1f600}"
    });
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let user = verifier().verify(&signed(&claims)).unwrap();
    assert_eq!(
        (user.id(), user.collection(), user.scheme().as_str()),
        ("alice", "users", "jwt")
    );
    assert_eq!(
        (user.credential_id(), user.session_id()),
        (Some("t1"), Some("s1"))
    );
    assert_eq!(
        user.authenticated_at(),
        Some(Timestamp::from_unix_seconds(START - 10))
    );
    assert_eq!(
        user.expires_at(),
        Some(Timestamp::from_unix_seconds(START + 3600))
    );
    assert!(user.is_multi_factor() && user.is_verified());
    assert_eq!(user.email(), Some("alice@example.com"));
    assert!(user.allows("read") && user.allows("write") && !user.allows("delete"));
    #[derive(Deserialize)]
    struct Private {
        plan: String,
    }
    assert_eq!(user.claims::<Private>().unwrap().plan, "pro \u{1f600}");
    assert_eq!(user.raw_claims(), Some(claims.to_string().as_bytes()));
}

#[test]
fn scopes_come_in_three_forms() {
    for (name, value) in [
        ("scope", json!("read write")),
        ("scp", json!(["read", "write"])),
        ("scopes", json!(["read", "write"])),
        ("scp", json!("read write")),
        ("scopes", json!("write  read")),
    ] {
        let user = verifier().verify(&signed(&with(name, value))).unwrap();
        assert!(
            user.allows("read") && user.allows("write") && !user.allows("admin"),
            "{name}"
        );
    }
    assert!(
        verifier()
            .verify(&signed(&claims()))
            .unwrap()
            .scopes()
            .is_none(),
        "no claim, no restriction"
    );
    for (name, value) in [
        ("scope", json!("")),
        ("scp", json!([])),
        ("scopes", json!([])),
    ] {
        let user = verifier().verify(&signed(&with(name, value))).unwrap();
        assert!(
            user.scopes().unwrap().is_empty() && !user.allows("read"),
            "{name}: an empty claim leaves nothing"
        );
    }
    for value in [
        json!(null),
        json!(1),
        json!({"read": true}),
        json!([1]),
        json!("re\"ad"),
        json!(["re ad"]),
    ] {
        assert_eq!(
            refusal(&verifier(), &signed(&with("scope", value.clone()))),
            TokenErrorKind::Malformed,
            "{value}"
        );
    }
}

#[test]
fn roles_and_permissions_come_from_named_claims_only() {
    let mut claims = with("roles", json!(["admin"]));
    claims["realm_access"] =
        json!({"roles": ["user", "offline_access"], "other": {"deep": [1, {"a": null}]}});
    claims["permissions"] = json!("posts:write posts:read");
    claims["https://example.com/roles"] = json!(["guest"]);
    claims["resource_access"] = json!({"my.client": {"roles": ["editor"]}});
    claims["tenant"] = json!("acme");
    let token = signed(&claims);

    let silent = verifier().verify(&token).unwrap();
    assert_eq!(silent.roles().count() + silent.permissions().count(), 0);

    let roles_at = |path: ClaimPath| {
        let user = builder().roles_claim(path).build().verify(&token).unwrap();
        user.roles().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(roles_at("roles".into()), ["admin"]);
    assert_eq!(
        roles_at("realm_access.roles".into()),
        ["user", "offline_access"]
    );
    assert_eq!(roles_at("https://example.com/roles".into()), ["guest"]);
    assert_eq!(
        roles_at(["resource_access", "my.client", "roles"].into()),
        ["editor"]
    );
    assert!(roles_at("realm_access.missing".into()).is_empty());
    assert!(roles_at("missing.roles".into()).is_empty());
    assert!(roles_at("tenant.roles".into()).is_empty());

    let user = builder()
        .roles_claim("realm_access.roles")
        .permissions_claim("permissions")
        .collection_claim("tenant")
        .build()
        .verify(&token)
        .unwrap();
    assert!(user.has_role("user") && user.may("posts:write") && user.may("write"));
    assert_eq!(user.collection(), "acme");
    for value in [json!(1), json!([1]), json!(true)] {
        let verifier = builder().roles_claim("roles").build();
        assert_eq!(
            refusal(&verifier, &signed(&with("roles", value.clone()))),
            TokenErrorKind::Malformed,
            "{value}"
        );
    }
    let verifier = builder().roles_claim("roles").build();
    assert_eq!(
        verifier
            .verify(&signed(&with("roles", json!(null))))
            .unwrap()
            .roles()
            .count(),
        0
    );
    let verifier = builder().collection_claim("tenant").build();
    assert_eq!(
        refusal(&verifier, &signed(&support::claims())),
        TokenErrorKind::MissingClaim
    );
}

#[test]
fn maps_say_what_roles_and_scopes_mean() {
    let roles = RoleMap::builder()
        .role("editor", ["posts:*"])
        .build()
        .unwrap();
    let scopes = ScopeMap::new().scope("blog", ["posts:write"]);
    let verifier = builder()
        .collection("staff")
        .roles_claim("roles")
        .role_map(roles)
        .scope_map(scopes)
        .build();
    let mut claims = with("roles", "editor");
    claims["scope"] = "blog".into();
    let user = verifier.verify(&signed(&claims)).unwrap();
    assert_eq!(user.collection(), "staff");
    assert!(user.may("posts:write") && !user.may("posts:delete"));
}

#[test]
fn profile_claims_may_be_null() {
    let mut claims = with("email", json!(null));
    claims["amr"] = json!(null);
    claims["email_verified"] = json!("true");
    let user = verifier().verify(&signed(&claims)).unwrap();
    assert_eq!((user.email(), user.amr().count()), (None, 0));
    claims["email"] = "a@example.com".into();
    assert!(verifier().verify(&signed(&claims)).unwrap().is_verified());
    for not_true in [
        json!(null),
        json!(1),
        json!("yes"),
        json!({}),
        json!("TRUE"),
    ] {
        claims["email_verified"] = not_true;
        assert!(!verifier().verify(&signed(&claims)).unwrap().is_verified());
    }
}

#[test]
fn a_token_can_be_decoded_without_a_user() {
    #[derive(Deserialize)]
    struct Invitation {
        group: String,
    }
    let mut claims = without("sub");
    claims["group"] = "chess".into();
    claims["jti"] = "i1".into();
    let token = verifier().decode::<Invitation>(&signed(&claims)).unwrap();
    assert_eq!(
        (token.claims().group.as_str(), token.id(), token.subject()),
        ("chess", Some("i1"), None)
    );
    assert_eq!(token.issued_at(), Some(clock().now()));
    let error = verifier()
        .decode::<Invitation>(&signed(&support::claims()))
        .unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Malformed);
    assert!(!format!("{token:?}").contains("chess"));
}

#[test]
fn codes_are_stable_and_descriptions_say_little() {
    let cases = [
        (signed(&with("exp", 1)), "expired", "the token has expired"),
        (
            signed(&with("nbf", START + 1000)),
            "not_yet_valid",
            "the token is not valid yet",
        ),
        (signed_text("{"), "malformed", "the token is malformed"),
        (
            signed(&with("aud", "x")),
            "wrong_audience",
            "the token is not accepted here",
        ),
        (
            token(r#"{"alg":"HS512"}"#, "{}"),
            "wrong_algorithm",
            "the token is not accepted here",
        ),
        (
            format!("{}A", signed(&claims())),
            "bad_signature",
            "the token is not accepted here",
        ),
    ];
    for (token, code, description) in cases {
        let error = verifier().verify(&token).unwrap_err();
        assert_eq!((error.code(), error.description()), (code, description));
    }
    let named = VerifyingKey::hs256(&hmac_key()).with_kid("a");
    let unknown = token(r#"{"alg":"HS256","kid":"x"}"#, "{}");
    let error = Verifier::for_key(named)
        .build()
        .verify(&unknown)
        .unwrap_err();
    assert_eq!(error.code(), "unknown_key");
    assert_eq!(error.description(), "the token is not accepted here");
}
