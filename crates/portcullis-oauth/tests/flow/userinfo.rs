//! What userinfo adds to an ID token, and what it is without one.

use portcullis_oauth::{Endpoints, OauthErrorKind, Profile, Provider};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};

use crate::login::{
    CLIENT_ID, CLIENT_SECRET, DISCOVERY, REDIRECT, Stage, callback, code, document, refusal, tokens,
};
use crate::party::{Answer, Party};

async fn stage_with(user: &Value) -> Stage {
    let stage = Stage::new().await;
    stage.party.answer("/userinfo", Answer::json(user));
    stage
}

#[tokio::test]
async fn a_profile_has_what_the_provider_says() {
    let stage = Stage::new().await;
    let profile = stage.log_in().await.unwrap().profile;
    assert_eq!(
        (profile.provider.as_str(), &profile.issuer),
        ("example", &stage.party.url(""))
    );
    assert_eq!(profile.subject, "ada");
    assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
    assert!(profile.email_verified);
    assert_eq!(profile.name.as_deref(), Some("Ada"));
    assert_eq!(profile.claims["aud"], CLIENT_ID);
    let request = stage.party.last("/userinfo");
    assert_eq!(
        request.header("authorization"),
        Some("Bearer access.token-of~ada")
    );
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("portcullis/")
    );
}

/// OpenID Connect Core §5.3.2: another user's userinfo is another token's.
#[tokio::test]
async fn userinfo_of_another_user_is_refused() {
    for subject in [
        json!("eve"),
        json!("Ada"),
        json!(null),
        json!(""),
        json!(["ada"]),
    ] {
        let mut user = crate::login::user();
        user["sub"] = subject;
        assert_eq!(
            code(stage_with(&user).await.log_in().await),
            "subject_mismatch"
        );
    }
}

/// An address of the one and a `true` of the other make no verified address.
#[tokio::test]
async fn an_address_and_its_verification_are_one_statement() {
    let log_in = async |token: Value, user: Value| {
        let mut info = json!({"sub": "ada"});
        info.as_object_mut()
            .unwrap()
            .extend(user.as_object().unwrap().clone());
        let stage = stage_with(&info).await;
        let exchanged = stage.log_in_saying(|claims| {
            claims
                .as_object_mut()
                .unwrap()
                .extend(token.as_object().unwrap().clone());
        });
        let profile = exchanged.await.unwrap().profile;
        (profile.email, profile.email_verified)
    };
    let verified = |address: &str| json!({"email": address, "email_verified": true});
    let alone = |address: &str| json!({"email": address});
    let said = |address: &str, is_verified| (Some(address.to_owned()), is_verified);
    assert_eq!(
        log_in(alone("a@x"), verified("b@x")).await,
        said("a@x", false)
    );
    assert_eq!(
        log_in(alone("a@x"), verified("a@x")).await,
        said("a@x", true)
    );
    assert_eq!(
        log_in(json!({"email_verified": true}), alone("b@x")).await,
        said("b@x", false)
    );
    assert_eq!(
        log_in(verified("a@x"), alone("b@x")).await,
        said("a@x", true)
    );
    let denied = json!({"email": "a@x", "email_verified": false});
    assert_eq!(log_in(denied, verified("a@x")).await, said("a@x", false));
    assert_eq!(
        log_in(json!({}), json!({"email_verified": true})).await,
        (None, false)
    );
}

#[tokio::test]
async fn only_true_is_true() {
    let cases = [
        (json!(true), true),
        (json!("true"), true),
        (json!("True"), false),
        (json!(1), false),
        (json!("1"), false),
        (json!(null), false),
        (json!([true]), false),
    ];
    for (value, expected) in cases {
        let user = json!({"sub": "ada", "email": "a@x", "email_verified": value});
        let profile = stage_with(&user).await.log_in().await.unwrap().profile;
        assert_eq!(profile.email_verified, expected, "{value}");
    }
}

/// A picture is fetched by browsers: no `javascript:`, no plain `http`.
#[tokio::test]
async fn odd_values_are_left_out() {
    let user = json!({"sub": "ada", "email": 7, "name": "", "preferred_username": "ada_l", "picture": "javascript:alert(1)"});
    let profile = stage_with(&user).await.log_in().await.unwrap().profile;
    assert_eq!((profile.email, profile.email_verified), (None, false));
    assert_eq!((profile.name, profile.picture), (None, None));
}

#[tokio::test]
async fn an_error_of_userinfo_ends_the_login() {
    let cases = [
        (
            Answer::json(&json!({"error": "invalid_token"})),
            ("provider_error", Some("invalid_token")),
        ),
        (
            Answer::json(&json!({"error": "invalid_token"})).status(401),
            ("provider_status", None),
        ),
        (
            Answer::text("text/html", "<h1>no</h1>"),
            ("invalid_response", None),
        ),
        (
            Answer::text("application/jwt", "a.b.c"),
            ("invalid_response", None),
        ),
        (
            Answer::text("application/json", "[]"),
            ("invalid_response", None),
        ),
        (
            Answer::text("text/plain", "").status(204),
            ("provider_status", None),
        ),
        (
            Answer::text("text/plain", "").status(500),
            ("provider_status", None),
        ),
    ];
    for (answer, expected) in cases {
        let stage = Stage::new().await;
        stage.party.answer("/userinfo", answer);
        assert_eq!(refusal(stage.log_in().await), expected);
    }
}

/// An issuer without userinfo is one all the same.
#[tokio::test]
async fn an_id_token_is_enough_where_there_is_no_userinfo() {
    let stage = Stage::new().await;
    let mut document = document(&stage.party);
    document
        .as_object_mut()
        .unwrap()
        .remove("userinfo_endpoint");
    stage.party.answer(DISCOVERY, Answer::json(&document));
    assert_eq!(stage.log_in().await.unwrap().profile.subject, "ada");
    assert_eq!(stage.party.asked("/userinfo"), 0);
    assert_eq!(code(stage.provider.userinfo("a").await), "invalid_request");
}

/// System B: who somebody is, by an access token alone.
#[tokio::test]
async fn whose_an_access_token_is() {
    let stage = Stage::new().await;
    let profile = stage.provider.userinfo("another-token").await.unwrap();
    assert_eq!(
        (profile.subject.as_str(), profile.provider.as_str()),
        ("ada", "example")
    );
    let request = stage.party.last("/userinfo");
    assert_eq!(
        request.header("authorization"),
        Some("Bearer another-token")
    );
    for token in ["", "a b", "a\r\nX: y", "ä"] {
        assert_eq!(
            code(stage.provider.userinfo(token).await),
            "invalid_request"
        );
    }
    assert_eq!(stage.party.asked("/userinfo"), 1);
}

type Map = fn(&Value) -> Result<Profile, portcullis_oauth::OauthError>;

async fn mapped(user: Value, map: Map) -> Result<Profile, portcullis_oauth::OauthError> {
    let party = Party::start().await;
    party.answer("/token", Answer::json(&tokens()));
    party.answer("/me", Answer::json(&user));
    let endpoints = Endpoints {
        authorization: party.url("/authorize"),
        token: party.url("/token"),
        userinfo: party.url("/me"),
    };
    let provider = Provider::oauth2("forge", endpoints, CLIENT_ID, CLIENT_SECRET, map)
        .clock(ManualClock::new().shared())
        .with_insecure_http_for_loopback()
        .build()
        .unwrap();
    assert_eq!(provider.issuer(), party.url(""));
    let request = portcullis_oauth::Authorize::new(REDIRECT);
    let authorization = provider.authorize(request).await.unwrap();
    assert!(!authorization.url.contains("nonce=") && !authorization.url.contains("scope="));
    let callback = callback(&authorization, "code=c");
    let exchanged = provider.exchange(&authorization.pending, &callback).await?;
    assert!(
        party
            .last("/token")
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    Ok(exchanged.profile)
}

#[tokio::test]
async fn any_provider_by_a_closure() {
    let map: Map = |user| {
        let id = user["id"].as_u64().ok_or(OauthErrorKind::NoSubject)?;
        let address = user["mail"].as_str();
        let mut profile = Profile::new(id.to_string())
            .email(address, true)
            .name(Some(""));
        profile.issuer = "https://somebody.else".into();
        profile.provider = "else".into();
        Ok(profile)
    };
    let profile = mapped(json!({"id": 7, "mail": "a@x", "more": [1]}), map)
        .await
        .unwrap();
    assert_eq!(
        (profile.subject.as_str(), profile.email.as_deref()),
        ("7", Some("a@x"))
    );
    assert_eq!((profile.provider.as_str(), profile.name), ("forge", None));
    assert_ne!(profile.issuer, "https://somebody.else");
    assert_eq!(profile.claims["more"], json!([1]));
    let nobody = mapped(json!({"id": 7}), map).await.unwrap();
    assert_eq!((nobody.email, nobody.email_verified), (None, false));
    assert_eq!(code(mapped(json!({"id": "7"}), map).await), "no_subject");
    let empty: Map = |_| Ok(Profile::new(" "));
    assert_eq!(code(mapped(json!({}), empty).await), "no_subject");
}
