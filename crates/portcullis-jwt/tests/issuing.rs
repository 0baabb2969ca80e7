//! What an issuer writes, and that others can read it: ASVS v5.0.0-9.2.4.

mod support;

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::{Clock as _, Scopes, Timestamp};
use portcullis_jwt::{
    Algorithm, Grant, IssueErrorKind, IssuedToken, Issuer, Purpose, SigningKey, TokenErrorKind,
    TokenType, Verifier,
};
use serde::Serialize;
use serde_json::{Value, json};
use support::{START, clock, hmac_key, now, refusal};

fn issuer() -> Issuer {
    Issuer::new(SigningKey::hs256(&hmac_key())).clock(clock().shared())
}

fn part(token: &IssuedToken, position: usize) -> Value {
    let part = token.as_str().split('.').nth(position).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn claims(token: &IssuedToken) -> Value {
    part(token, 1)
}

#[test]
fn a_token_always_has_these() {
    let token = issuer().issue(&Grant::access("alice")).unwrap();
    assert_eq!(part(&token, 0), json!({"alg": "HS256", "typ": "JWT"}));
    let mut claims = claims(&token);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(
        claims,
        json!({"sub": "alice", "iat": START, "exp": START + 900, "token_use": "access"})
    );
    assert_eq!(jti, token.id());
    assert_eq!(
        (token.issued_at(), token.expires_at()),
        (now(), Timestamp::from_unix_seconds(START + 900))
    );
}

/// 2.0: `jti` has 128 random bits.
#[test]
fn jti_is_random() {
    let ids: HashSet<String> = (0..1000)
        .map(|_| {
            issuer()
                .issue(&Grant::access("alice"))
                .unwrap()
                .id()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 1000);
    assert!(
        ids.iter()
            .all(|id| URL_SAFE_NO_PAD.decode(id).unwrap().len() == 16)
    );
}

#[test]
fn all_that_a_grant_can_say() {
    let issuer = issuer()
        .issuer("https://id.example")
        .audience("notes")
        .not_before(Duration::from_secs(5));
    let grant = Grant::access("alice")
        .session("s1")
        .scopes("read write".parse().unwrap())
        .authenticated_at(Timestamp::from_unix_seconds(START - 7))
        .amr(["pwd", "otp"])
        .email("alice@example.com", true)
        .expires_in(Duration::from_secs(60));
    #[derive(Serialize)]
    struct Private {
        roles: [&'static str; 1],
    }
    let token = issuer
        .issue_with(&grant, &Private { roles: ["admin"] })
        .unwrap();
    let mut claims = claims(&token);
    claims.as_object_mut().unwrap().remove("jti");
    let expected = json!({
        "sub": "alice", "iss": "https://id.example", "aud": "notes", "iat": START, "nbf": START + 5, "exp": START + 60,
        "token_use": "access", "sid": "s1", "scope": "read write", "auth_time": START - 7, "amr": ["pwd", "otp"],
        "email": "alice@example.com", "email_verified": true, "roles": ["admin"]
    });
    assert_eq!(claims, expected);

    let verifier = support::builder()
        .issuer("https://id.example")
        .audience("notes")
        .roles_claim("roles")
        .build();
    let user = verifier.verify(token.as_str()).unwrap();
    assert!(
        user.is_multi_factor()
            && user.is_verified()
            && user.has_role("admin")
            && user.allows("write")
    );
}

#[test]
fn a_grant_overrules_its_issuer() {
    let issuer = issuer().issuer("a").audience("x").audience("y");
    let both = issuer.issue(&Grant::access("alice")).unwrap();
    assert_eq!(claims(&both)["aud"], json!(["x", "y"]));
    let grant = Grant::access("alice")
        .issuer("b")
        .audience(["z"])
        .not_before(Timestamp::from_unix_seconds(START + 1));
    let other = claims(&issuer.issue(&grant).unwrap());
    assert_eq!(
        (&other["iss"], &other["aud"], &other["nbf"]),
        (&json!("b"), &json!("z"), &json!(START + 1))
    );
    let nobody = claims(&issuer.issue(&Grant::access("alice").audience([])).unwrap());
    assert!(nobody.get("aud").is_none());
}

#[test]
fn durations_come_as_text() {
    for (text, seconds) in [
        ("7d", 7 * 86_400),
        ("15m", 900),
        ("1h", 3600),
        ("90s", 90),
        (" 2w ", 1_209_600),
        ("1h 30m", 5400),
    ] {
        let token = issuer()
            .expires_in_text(text)
            .unwrap()
            .issue(&Grant::access("alice"))
            .unwrap();
        assert_eq!(claims(&token)["exp"], START + seconds, "{text}");
    }
    for text in [
        "",
        "7",
        "d7",
        "-1d",
        "0s",
        "10ms",
        "1.5",
        "7 days from now",
        "99999999999999999999d",
    ] {
        let error = issuer().expires_in_text(text).unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::Duration, "{text}");
    }
    let error = issuer()
        .issue(&Grant::access("alice").expires_in(Duration::ZERO))
        .unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::Duration);
}

#[test]
fn private_claims_cannot_replace_registered_ones() {
    for name in [
        "sub",
        "exp",
        "iat",
        "jti",
        "iss",
        "aud",
        "nbf",
        "token_use",
        "sid",
        "scope",
        "typ",
    ] {
        let error = issuer()
            .issue_with(&Grant::access("alice"), &json!({name: "x"}))
            .unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::ReservedClaim, "{name}");
    }
    for private in [json!([1]), json!("text"), json!(1), json!(null)] {
        let error = issuer()
            .issue_with(&Grant::access("alice"), &private)
            .unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::Claims, "{private}");
    }
    let error = issuer()
        .issue_with(&Grant::access("alice"), &json!({"x": "x".repeat(8000)}))
        .unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::TooLong);
}

#[test]
fn at_jwt_is_for_access_tokens() {
    let issuer = issuer().token_type(TokenType::AtJwt);
    assert_eq!(
        part(&issuer.issue(&Grant::access("alice")).unwrap(), 0)["typ"],
        "at+jwt"
    );
    assert_eq!(
        part(
            &issuer
                .issue(&Grant::new(Purpose::Refresh, "alice"))
                .unwrap(),
            0
        )["typ"],
        "JWT"
    );
}

/// AC-J6: what was issued for one purpose is good for no other.
#[test]
fn ac_j6_purposes_are_apart() {
    let purposes = [
        Purpose::Access,
        Purpose::Refresh,
        Purpose::Verify,
        Purpose::Reset,
        Purpose::Mfa,
    ];
    for issued in purposes {
        let token = issuer().issue(&Grant::new(issued, "alice")).unwrap();
        for wanted in purposes {
            let verified = support::builder()
                .purpose(wanted)
                .build()
                .verify(token.as_str());
            assert_eq!(verified.is_ok(), issued == wanted, "{issued} as {wanted}");
        }
    }
}

#[test]
fn an_empty_scope_stays_empty() {
    let token = issuer()
        .issue(&Grant::access("alice").scopes(Scopes::none()))
        .unwrap();
    let user = support::verifier().verify(token.as_str()).unwrap();
    assert!(user.scopes().unwrap().is_empty());
}

#[test]
fn a_token_does_not_show() {
    let token = issuer().issue(&Grant::access("alice")).unwrap();
    assert!(!format!("{token:?}").contains(token.as_str().split('.').next_back().unwrap()));
    assert_eq!(token.clone().into_string(), token.as_str());
}

/// jsonwebtoken itself, with its provider, reads what we write.
#[test]
fn another_implementation_reads_our_tokens() {
    use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Ps384,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_str(
            &portcullis_jwt::KeySet::from(key.verifying_key().clone()).to_jwks(),
        )
        .unwrap();
        let decoding = jsonwebtoken::DecodingKey::from_jwk(&jwks.keys[0]).unwrap();
        let token = Issuer::new(key).issue(&Grant::access("alice")).unwrap();
        let (message, signature) = token.as_str().rsplit_once('.').unwrap();
        let theirs = algorithm.as_str().parse().unwrap();
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&theirs, &decoding).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(
            verifier.verify(message.as_bytes(), &signature).is_ok(),
            "{algorithm}"
        );
    }
}

#[test]
fn a_token_expires_on_time() {
    let clock = clock();
    let issuer = issuer()
        .clock(clock.shared())
        .expires_in(Duration::from_secs(10));
    let verifier = Verifier::for_key(SigningKey::hs256(&hmac_key()).verifying_key().clone())
        .clock(clock.shared())
        .leeway(Duration::ZERO)
        .build();
    let token = issuer.issue(&Grant::access("alice")).unwrap();
    clock.advance(Duration::from_secs(9));
    assert!(verifier.verify(token.as_str()).is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(&verifier, token.as_str()), TokenErrorKind::Expired);
    assert_eq!(clock.now(), token.expires_at());
}
