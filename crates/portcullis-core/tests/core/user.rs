//! The user as JSON, in logs, and as the application's own.

use portcullis_core::{AuthUser, SchemeName, Tenant, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::jwt_user;

fn full() -> AuthUser {
    jwt_user()
        .collection("customers")
        .credential_id("jti-1")
        .session_id("sid-1")
        .scopes(Some("read write".parse().unwrap()))
        .roles(["user", "press"])
        .roles_within(Tenant::new("acme"), ["admin"])
        .permissions(["posts:write"])
        .authenticated_at(Timestamp::from_unix_seconds(1_767_225_600))
        .expires_at(Timestamp::from_unix_seconds(1_767_226_500))
        .amr(["pwd", "otp"])
        .email("alice@example.com", true)
        .claims(r#"{"team":"blue","ssn":"078-05-1120"}"#)
        .record(7_u64)
        .build()
}

#[test]
fn in_json_it_is_camel_case_without_claims_and_record() {
    assert_eq!(
        serde_json::to_value(full()).unwrap(),
        json!({
            "id": "alice", "collection": "customers", "scheme": "jwt", "roles": ["user", "press"],
            "permissions": ["posts:write", "read", "write"], "amr": ["pwd", "otp"], "verified": true,
            "credentialId": "jti-1", "sessionId": "sid-1", "scopes": ["read", "write"],
            "email": "alice@example.com", "authenticatedAt": "2026-01-01T00:00:00Z",
            "expiresAt": "2026-01-01T00:15:00Z"
        })
    );
}

#[test]
fn ac_k8_no_scopes_and_an_empty_set_are_told_apart_in_json() {
    let json = |user: AuthUser| serde_json::to_value(user).unwrap();
    assert_eq!(
        json(jwt_user().build()),
        json!({"id": "alice", "collection": "users", "scheme": "jwt", "roles": [], "permissions": [], "amr": [], "verified": false})
    );
    let nothing = json(jwt_user().scopes(Some("".parse().unwrap())).build());
    assert_eq!(nothing.get("scopes"), Some(&Value::Array(Vec::new())));
}

#[test]
fn ac_k3_debug_shows_no_address_no_claims_and_no_record() {
    let text = format!("{:?} {:?}", full(), full().to_builder());
    for secret in ["example.com", "team", "blue", "078-05", "claims", "record"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("alice") && text.contains("jti-1"));
}

#[test]
fn claims_are_decoded_on_demand() {
    #[derive(Deserialize)]
    struct Team {
        team: String,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never made")]
    struct Number {
        team: u32,
    }
    assert_eq!(full().claims::<Team>().unwrap().team, "blue");
    assert!(full().raw_claims().unwrap().starts_with(b"{\"team\""));
    assert!(full().claims::<Number>().is_err());
    let error = jwt_user().build().claims::<Value>().unwrap_err();
    assert_eq!(error.to_string(), "the credential carries no claims");
    assert!(std::error::Error::source(&error).is_none());
}

#[test]
fn the_applications_record_has_the_type_that_it_was_given() {
    assert_eq!(full().record::<u64>(), Some(&7));
    assert_eq!(full().record::<u32>(), None);
    assert_eq!(jwt_user().build().record::<u64>(), None);
}

#[test]
fn everything_else_is_absent_until_said() {
    let user = AuthUser::builder(SchemeName::from(String::from("own")), "u1").build();
    assert_eq!(
        (user.id(), user.collection(), user.scheme().as_str()),
        ("u1", "users", "own")
    );
    assert_eq!(
        (user.credential_id(), user.session_id(), user.email()),
        (None, None, None)
    );
    assert_eq!(
        (user.authenticated_at(), user.expires_at(), user.scopes()),
        (None, None, None)
    );
    assert!(!user.is_verified() && !user.is_multi_factor());
    assert_eq!(
        (
            user.roles().count(),
            user.permissions().count(),
            user.amr().count()
        ),
        (0, 0, 0)
    );
}

#[test]
fn a_clone_is_the_same_user() {
    fn is_cheap<T: Clone + Send + Sync + 'static>(_: &T) {}
    is_cheap(&full());
    assert_eq!(size_of::<AuthUser>(), size_of::<usize>());
}
