//! System B: an authentication module.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use portcullis::accounts::Profile;
use portcullis::jwt::{Algorithm as JwtAlgorithm, Grant, HmacKey, SigningKey};
use portcullis::key::{KeyDigest, KeyFormat, KeyPrefix};
use portcullis::mfa::Totp;
use portcullis::password::{Algorithm, Password, PasswordHasher};
use portcullis::session::tower_sessions::Session;
use portcullis::{
    ApiKey, ApiKeys, AuthUser, AuthnLayer, Bearer, Issuer, KeyRing, Login, MemorySessions, RoleMap,
    SchemeName, SessionLayer, Sessions, Verifier,
};
use portcullis_core::{Clock, SystemClock};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::client::{Application, PASSWORD};

const SECRET: &str = "my-secret of thirty-two bytes, or more";
const EMAIL: &str = "user@example.com";

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// `authp(password, algorithm)`: `bcrypt` (the default if nil), `argon2`, `scrypt`, and bcrypt for what is unknown.
#[test]
fn authp_hashes_with_the_algorithm_named() {
    for (name, start) in [
        (None, "$2"),
        (Some("bcrypt"), "$2"),
        (Some("argon2"), "$argon2id$"),
        (Some("scrypt"), "$scrypt$"),
        (Some("md5"), "$2"),
    ] {
        let algorithm = Algorithm::by_name_with_insecure_bcrypt_fallback(name);
        let hasher = PasswordHasher::builder()
            .algorithm(algorithm)
            .build()
            .unwrap();
        let hash = hasher.hash(&password("hunter2")).unwrap();
        assert!(hash.as_str().starts_with(start), "{name:?}");
    }
    assert!(
        "md5".parse::<Algorithm>().is_err(),
        "the strict way does not guess"
    );
}

/// `authp(password, hash)`: the algorithm is recognised from the hash.
#[test]
fn authp_verifies_every_algorithm() {
    for name in ["bcrypt", "argon2", "scrypt"] {
        let algorithm = name.parse().unwrap();
        let hasher = PasswordHasher::builder()
            .algorithm(algorithm)
            .build()
            .unwrap();
        let hash = hasher.hash(&password("hunter2")).unwrap();
        let any = PasswordHasher::default();
        assert!(
            any.verify(&password("hunter2"), hash.as_str())
                .unwrap()
                .is_match()
        );
        assert!(
            !any.verify(&password("hunter3"), hash.as_str())
                .unwrap()
                .is_match()
        );
    }
}

fn ring() -> KeyRing {
    KeyRing::new(SigningKey::hs256(&HmacKey::new(SECRET).unwrap()))
}

/// The claims of a token, read without verifying.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let middle = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(middle)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// `authj(payload, secret, {expires, not_before, issuer, audience})`: `iat` and a random `jti` besides.
#[test]
fn authj_issues_a_token_with_the_options() {
    let issuer = Issuer::new(ring())
        .expires_in(Duration::from_secs(3600))
        .not_before(Duration::from_secs(5))
        .issuer("https://id.example")
        .audience("app");
    let token = issuer
        .issue_with(&Grant::access("user123"), &json!({ "role": "admin" }))
        .unwrap();
    let claims = claims(token.as_str());
    assert_eq!(
        (&claims["sub"], &claims["role"]),
        (&json!("user123"), &json!("admin"))
    );
    let at = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(at("exp") - at("iat"), 3600);
    assert_eq!(at("nbf") - at("iat"), 5);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("https://id.example"), &json!("app"))
    );
    let other = issuer.issue(&Grant::access("user123")).unwrap();
    assert_ne!(token.id(), other.id(), "jti is random");
    assert_eq!(
        SigningKey::hs256(&HmacKey::new(SECRET).unwrap()).algorithm(),
        JwtAlgorithm::Hs256
    );
}

/// `authj(token, secret)`: valid with the payload, or not valid with an error.
#[test]
fn authj_verifies_signature_and_expiry() {
    let token = Issuer::new(ring())
        .issue_with(&Grant::access("user123"), &json!({ "role": "admin" }))
        .unwrap();
    let user = Verifier::builder(ring())
        .build()
        .verify(token.as_str())
        .unwrap();
    let payload: Value = user.claims().unwrap();
    assert_eq!((user.id(), &payload["role"]), ("user123", &json!("admin")));
    let stranger = KeyRing::new(SigningKey::hs256(
        &HmacKey::new("another secret of thirty-two bytes").unwrap(),
    ));
    let error = Verifier::builder(stranger)
        .build()
        .verify(token.as_str())
        .unwrap_err();
    assert!(!error.code().is_empty());
    let clock = ManualClock::new();
    let verifier = Verifier::builder(ring()).clock(clock.shared()).build();
    let hour = Issuer::new(ring())
        .expires_in(Duration::from_secs(3600))
        .clock(clock.shared());
    let token = hour.issue(&Grant::access("user123")).unwrap();
    assert!(verifier.verify(token.as_str()).is_ok());
    clock.advance(Duration::from_secs(3600 + 61));
    let expired = verifier.verify(token.as_str()).unwrap_err();
    assert_eq!(expired.code(), "expired");
}

/// `autha(prefix)`: `{prefix}_{64 hex}`, prefix `sk` unless said; and `autha(key)`: its SHA-256.
#[test]
fn autha_generates_and_digests_keys() {
    let key = ApiKey::generate_as(KeyFormat::Classic, &KeyPrefix::default()).unwrap();
    let (prefix, hex) = key.expose().split_once('_').unwrap();
    assert_eq!(prefix, "sk");
    assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(key.digest(), KeyDigest::of(key.expose()));
    let mine = ApiKey::generate_as(KeyFormat::Classic, &KeyPrefix::new("acme").unwrap()).unwrap();
    assert!(mine.expose().starts_with("acme_"));
}

/// The compat profile gives out such keys.
#[tokio::test]
async fn keys_of_the_compat_profile_have_the_documented_form() {
    let application = Application::with(|builder| builder.profile(Profile::compat()));
    let body = application.register("users", EMAIL).await;
    let token = body["token"].as_str().unwrap();
    let created = application
        .post("/api/users/api-keys", Some(token), json!({ "name": "key" }))
        .await;
    let key = created.body["apiKey"]["key"].as_str().unwrap().to_owned();
    assert_eq!((&key[..3], key.len()), ("sk_", 67));
    let header = format!("users API-Key {key}");
    let me = application
        .call(Method::GET, "/api/users/me", Some(&header), None)
        .await;
    assert_eq!(me.status, StatusCode::OK, "{me:?}");
}

/// `autht()`, `autht(secret, account, issuer)`, `autht(token, secret)`.
#[test]
fn autht_generates_shows_and_verifies() {
    let totp = Totp::generate().unwrap();
    let uri = totp.uri("Acme", "user@example.com").unwrap();
    assert!(
        uri.expose()
            .starts_with("otpauth://totp/Acme:user%40example.com?secret=")
    );
    let now = SystemClock.now();
    let code = totp.code_at(now).expose().to_owned();
    assert_eq!(code.len(), 6);
    assert!(totp.verify(&code, &mut None, now));
    assert!(!totp.verify("12345", &mut None, now));
}

/// `authl(session, user, options)`, `authc(session)`, `authl(session)`: log in with the remember flag, ask, log out under a new id.
#[tokio::test]
async fn authl_and_authc_keep_a_login_in_a_session() {
    let store = Arc::new(MemorySessions::new());
    let session = Session::new(None, store, None);
    let sessions = Sessions::new();
    assert!(
        sessions.current(&session).await.unwrap().is_none(),
        "authenticated: false"
    );
    sessions
        .login(&session, Login::new("u1").remember(true))
        .await
        .unwrap();
    session.save().await.unwrap();
    let before = session.id();
    let login = sessions
        .current(&session)
        .await
        .unwrap()
        .expect("authenticated: true");
    assert!(login.user() == "u1" && login.remember());
    sessions.logout(&session).await.unwrap();
    assert!(sessions.current(&session).await.unwrap().is_none());
    assert_ne!(session.id(), before, "the session id is regenerated");
}

/// `authl(session, user, {max_attempts})`: locked after 5 failures by default, `{locked, remaining}`, increment, reset.
#[tokio::test]
async fn authl_locks_after_five_failures_and_says_how_many_are_left() {
    let application = Application::new();
    application.register("users", EMAIL).await;
    let users = application.accounts.users();
    for left in (0..5).rev() {
        let wrong = json!({ "email": EMAIL, "password": "wrong password" });
        let answer = application.post("/api/users/login", None, wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let status = users.lock_status(EMAIL).await.unwrap();
        assert_eq!((status.remaining, status.locked), (left, left == 0));
    }
    let right = json!({ "email": EMAIL, "password": PASSWORD });
    let locked = application
        .post("/api/users/login", None, right.clone())
        .await;
    assert_eq!(
        locked.body["code"], "invalid_credentials",
        "the right password too, and told alike"
    );
    users.forget_failures(EMAIL).await.unwrap();
    let reset = application.post("/api/users/login", None, right).await;
    assert_eq!(reset.status, StatusCode::OK);
    users.count_failure(EMAIL).await.unwrap();
    assert_eq!(users.lock_status(EMAIL).await.unwrap().remaining, 4);
}

/// "`max_attempts` (default 5)": another number.
#[tokio::test]
async fn the_number_of_attempts_can_be_chosen() {
    let application = Application::with(|builder| builder.lockout_attempts(2));
    let users = application.accounts.users();
    users.count_failure(EMAIL).await.unwrap();
    users.count_failure(EMAIL).await.unwrap();
    assert!(users.lock_status(EMAIL).await.unwrap().locked);
}

/// `authc(user, permission)`: direct permissions first, then each role.
#[test]
fn authc_asks_direct_permissions_and_then_roles() {
    let user = AuthUser::builder(SchemeName::SESSION, "u")
        .permissions(["posts:publish"])
        .roles(["guest"])
        .build();
    assert!(user.may("posts:publish"), "direct");
    assert!(user.may("read"), "by the role guest");
    assert!(!user.may("write"));
}

/// `authr(role)`: the built-in table, and nothing for unknown roles.
#[test]
fn authr_knows_the_built_in_roles() {
    let may = |role: &str, permission: &str| {
        let user = AuthUser::builder(SchemeName::SESSION, "u").roles([role]);
        user.role_map(RoleMap::default()).build().may(permission)
    };
    assert!(may("admin", "anything:at:all"));
    assert!(may("user", "read") && may("user", "write") && !may("user", "admin"));
    assert!(may("guest", "read") && !may("guest", "write"));
    assert!(!may("stranger", "read"));
}

/// `authm(options)`: bearer, then API key, then session; `auth_type` says which; `required` refuses nobody with 401.
#[tokio::test]
async fn authm_handles_three_strategies_in_one() {
    let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
    let known = key.digest();
    // The documented `validate_api_key` function.
    let keys = ApiKeys::validate(move |key: ApiKey| async move {
        let owner = || AuthUser::builder(SchemeName::API_KEY, "by-key").build();
        Ok((key.digest() == known).then(owner))
    });
    let sessions = Sessions::new();
    let handle = sessions.clone();
    let application = ServiceBuilder::new()
        .layer(SessionLayer::new(MemorySessions::new()))
        .layer(
            AuthnLayer::new()
                .scheme(Bearer::new(Verifier::builder(ring()).build()))
                .scheme(keys)
                .scheme(sessions)
                .required(),
        )
        .service(service_fn(who));
    let call = |name: &'static str, value: String| {
        let request = Request::builder()
            .header(name, value)
            .body(String::new())
            .unwrap();
        application.clone().oneshot(request)
    };
    let token = Issuer::new(ring())
        .issue(&Grant::access("by-token"))
        .unwrap();
    let bearer = call(AUTHORIZATION.as_str(), format!("Bearer {}", token.as_str()))
        .await
        .unwrap();
    assert_eq!(bearer.headers()["x-who"], "by-token jwt");
    let by_key = call(AUTHORIZATION.as_str(), format!("ApiKey {}", key.expose()))
        .await
        .unwrap();
    assert_eq!(by_key.headers()["x-who"], "by-key apikey");
    let nobody = call("x-nothing", String::new()).await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert!(format!("{handle:?}").starts_with("Sessions"));
}

/// The third strategy: `req.session.user_id`.
#[tokio::test]
async fn authm_takes_a_session_third() {
    let application = Application::new();
    application.register("users", EMAIL).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "mode": "cookie" });
    let login = application.post("/api/users/login", None, body).await;
    let cookie = login.cookies[0].split(';').next().unwrap().to_owned();
    let request = Request::builder()
        .uri("/api/users/me")
        .header("cookie", cookie);
    let me = application
        .send(request.body(Default::default()).unwrap())
        .await;
    assert_eq!(
        (me.status, &me.body["authType"]),
        (StatusCode::OK, &json!("session"))
    );
}

async fn who(request: Request<String>) -> Result<http::Response<String>, std::convert::Infallible> {
    let user = AuthUser::of(request.extensions()).unwrap().unwrap().clone();
    let who = format!("{} {}", user.id(), user.scheme());
    Ok(http::Response::builder()
        .header("x-who", who)
        .body(String::new())
        .unwrap())
}

/// `authr(store, identifier, max_attempts, window_secs)`.
#[tokio::test]
async fn authr_limits_attempts_by_identifier() {
    let application = Application::new();
    let users = application.accounts.users();
    let attempt = || users.limit_attempts("203.0.113.9", 3, Duration::from_secs(60));
    for _ in 0..3 {
        attempt().await.unwrap();
    }
    assert_eq!(attempt().await.unwrap_err().code(), "rate_limited");
    users
        .limit_attempts("203.0.113.10", 3, Duration::from_secs(60))
        .await
        .unwrap();
}
