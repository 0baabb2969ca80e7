//! Claims become a user, or a reason why not.

use portcullis_core::{Clock as _, RoleMap, ScopeMap, Timestamp};
use portcullis_jwt::{ClaimPath, TokenErrorKind, Verifier, VerifyingKey};
use serde::Deserialize;
use serde_json::json;

use crate::support;
use crate::support::{
    START, builder, claims, clock, hmac_key, refusal, signed, signed_text, token, verifier, with,
    without,
};

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
