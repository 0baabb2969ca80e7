//! Google, GitHub and Discord: what is built in, and what they say of users.

use portcullis_oauth::{Authorize, Exchanged, OauthError, Provider, ProviderBuilder};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};

use crate::keys::{Key, jwks};
use crate::login::{CLIENT_ID, CLIENT_SECRET, REDIRECT, START, callback, code, parameter, tokens};
use crate::party::{Answer, Party};

#[tokio::test]
async fn presets_lead_to_the_real_providers() {
    let cases = [
        (
            "google",
            "Google",
            "https://accounts.google.com",
            "https://accounts.google.com/o/oauth2/v2/auth?",
        ),
        (
            "github",
            "GitHub",
            "https://github.com",
            "https://github.com/login/oauth/authorize?",
        ),
        (
            "discord",
            "Discord",
            "https://discord.com",
            "https://discord.com/oauth2/authorize?",
        ),
    ];
    for (name, title, issuer, start) in cases {
        let provider = Provider::by_name(name, "id", "secret")
            .unwrap()
            .build()
            .unwrap();
        assert_eq!(
            (provider.name(), provider.title(), provider.issuer()),
            (name, title, issuer)
        );
        let url = provider
            .authorize(Authorize::new(REDIRECT))
            .await
            .unwrap()
            .url;
        assert!(url.starts_with(start), "{url}");
        assert_eq!(parameter(&url, "nonce").is_some(), name == "google");
    }
    for name in ["", "Google", "facebook", "oidc"] {
        assert!(Provider::by_name(name, "id", "secret").is_none());
    }
}

async fn log_in(party: &Party, builder: ProviderBuilder) -> Result<Exchanged, OauthError> {
    let provider = builder
        .base_url(party.url("/"))
        .clock(ManualClock::new().shared())
        .with_insecure_http_for_loopback()
        .build()
        .unwrap();
    assert_eq!(provider.issuer(), party.url(""));
    let authorization = provider.authorize(Authorize::new(REDIRECT)).await?;
    let callback = callback(&authorization, "code=c");
    provider.exchange(&authorization.pending, &callback).await
}

async fn github(
    scope: &str,
    user: &Value,
    addresses: Answer,
) -> (Party, Result<Exchanged, OauthError>) {
    let party = Party::start().await;
    let mut tokens = tokens();
    tokens["scope"] = json!(scope);
    party.answer("/login/oauth/access_token", Answer::json(&tokens));
    party.answer("/api/v3/user", Answer::json(user));
    party.answer("/api/v3/user/emails", addresses);
    let result = log_in(&party, Provider::github(CLIENT_ID, CLIENT_SECRET)).await;
    (party, result)
}

fn octocat() -> Value {
    json!({"id": 583_231, "login": "octocat", "name": null, "email": "public@example.com",
        "avatar_url": "https://avatars.githubusercontent.com/u/583231"})
}

fn address(address: &str, primary: bool, verified: bool) -> Value {
    json!({"email": address, "primary": primary, "verified": verified, "visibility": null})
}

/// AC-A5: the number, never the login; the primary address, verified or not; never the public one.
#[tokio::test]
async fn ac_a5_github_users_are_numbers() {
    let other = address("other@example.com", false, true);
    let cases = [
        (
            json!([other, address("a@x", true, true)]),
            Some("a@x"),
            true,
        ),
        (
            json!([other, address("a@x", true, false)]),
            Some("a@x"),
            false,
        ),
        (json!([other]), None, false),
        (json!([]), None, false),
    ];
    for (addresses, email, is_verified) in cases {
        let (party, result) =
            github("read:user,user:email", &octocat(), Answer::json(&addresses)).await;
        let exchanged = result.unwrap();
        let profile = exchanged.profile;
        assert_eq!(profile.subject, "583231");
        assert_eq!(
            (profile.email.as_deref(), profile.email_verified),
            (email, is_verified)
        );
        assert_eq!(profile.name.as_deref(), Some("octocat"));
        assert!(profile.picture.is_some());
        assert_eq!(exchanged.tokens.scopes(), ["read:user", "user:email"]);
        let token = party.last("/login/oauth/access_token");
        assert_eq!(token.header("accept"), Some("application/json"));
        assert_eq!(token.field("client_secret").as_deref(), Some(CLIENT_SECRET));
        assert!(
            party
                .requests()
                .iter()
                .all(|request| request.header("user-agent").is_some())
        );
    }
}

#[tokio::test]
async fn github_users_who_keep_their_addresses_have_none() {
    let (party, result) = github("read:user", &octocat(), Answer::json(&json!([]))).await;
    assert_eq!(result.unwrap().profile.email, None);
    assert_eq!(party.asked("/api/v3/user/emails"), 0);
    for status in [403, 404] {
        let refused = Answer::json(&json!({"message": "Not Found"})).status(status);
        let (_, result) = github("user:email", &octocat(), refused).await;
        assert_eq!(result.unwrap().profile.email, None);
    }
}

#[tokio::test]
async fn github_that_says_something_else_is_refused() {
    let none = || Answer::json(&json!([]));
    for id in [json!(null), json!("583231"), json!(-1), json!(1.5)] {
        let (_, result) = github("", &json!({"id": id, "login": "octocat"}), none()).await;
        assert_eq!(code(result), "no_subject");
    }
    let cases = [
        (Answer::json(&json!({"message": "x"})), "invalid_response"),
        (Answer::json(&json!([{"email": "a@x"}])), "invalid_response"),
        (Answer::json(&json!([])).status(500), "provider_status"),
        (
            Answer::redirect(302, "http://localhost:1/"),
            "provider_status",
        ),
    ];
    for (addresses, expected) in cases {
        let (_, result) = github("user:email", &octocat(), addresses).await;
        assert_eq!(code(result), expected);
    }
}

async fn discord(user: &Value) -> (Party, Result<Exchanged, OauthError>) {
    let party = Party::start().await;
    party.answer("/api/oauth2/token", Answer::json(&tokens()));
    party.answer("/api/users/@me", Answer::json(user));
    let result = log_in(&party, Provider::discord(CLIENT_ID, CLIENT_SECRET)).await;
    (party, result)
}

#[tokio::test]
async fn ac_a5_discord_users_are_snowflakes() {
    let user = json!({"id": "80351110224678912", "username": "nelly", "global_name": "Nelly",
        "avatar": "a_8342729096ea3675442027381ff50dfe", "email": "nelly@x", "verified": true});
    let (party, result) = discord(&user).await;
    let profile = result.unwrap().profile;
    assert_eq!(
        (profile.subject.as_str(), profile.email_verified),
        ("80351110224678912", true)
    );
    assert_eq!(profile.name.as_deref(), Some("Nelly"));
    let picture = "https://cdn.discordapp.com/avatars/80351110224678912/a_8342729096ea3675442027381ff50dfe.png";
    assert_eq!(profile.picture.as_deref(), Some(picture));
    assert!(
        party
            .last("/api/oauth2/token")
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

#[tokio::test]
async fn discord_that_says_something_else_is_not_believed() {
    let user = |change: Value| {
        let mut user = json!({"id": "1", "username": "nelly", "email": "nelly@x"});
        user.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        user
    };
    for verified in [json!(false), json!(null), json!("true"), json!(1)] {
        let profile = discord(&user(json!({"verified": verified})))
            .await
            .1
            .unwrap()
            .profile;
        assert!(!profile.email_verified);
    }
    for avatar in [
        json!("../../x"),
        json!("a?b"),
        json!(""),
        json!(7),
        json!(null),
    ] {
        let profile = discord(&user(json!({"avatar": avatar})))
            .await
            .1
            .unwrap()
            .profile;
        assert_eq!(profile.picture, None);
    }
    for id in [
        json!(1),
        json!(""),
        json!("../1"),
        json!("1".repeat(21)),
        json!(null),
    ] {
        assert_eq!(
            code(discord(&user(json!({"id": id}))).await.1),
            "no_subject"
        );
    }
}

/// Google's paths, with a stand-in's keys and issuer.
#[tokio::test]
async fn google_logs_in_at_another_base() {
    let (party, key) = (Party::start().await, Key::rs256("g"));
    let provider = Provider::google(CLIENT_ID, CLIENT_SECRET)
        .base_url(party.url(""))
        .hosted_domain("example.com")
        .clock(ManualClock::new().shared())
        .with_insecure_http_for_loopback()
        .build()
        .unwrap();
    let authorization = provider.authorize(Authorize::new(REDIRECT)).await.unwrap();
    assert!(
        authorization
            .url
            .starts_with(&party.url("/o/oauth2/v2/auth?"))
    );
    let claims = json!({"iss": party.url(""), "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": "108",
        "iat": START, "exp": START + 3600, "hd": "example.com", "email": "ada@example.com",
        "email_verified": true, "nonce": parameter(&authorization.url, "nonce")});
    let mut tokens = tokens();
    tokens["id_token"] = json!(key.token(&claims));
    party.answer("/token", Answer::json(&tokens));
    party.answer("/oauth2/v3/certs", Answer::json(&jwks(&[&key])));
    party.answer(
        "/v1/userinfo",
        Answer::json(&json!({"sub": "108", "picture": "https://x/p"})),
    );
    let callback = callback(&authorization, "code=c&scope=openid+email&authuser=0");
    let exchanged = provider
        .exchange(&authorization.pending, &callback)
        .await
        .unwrap();
    assert_eq!(exchanged.profile.subject, "108");
    assert!(exchanged.profile.email_verified);
    assert_eq!(exchanged.profile.picture.as_deref(), Some("https://x/p"));
    assert!(party.last("/token").field("client_secret").is_some());
}

/// v5.0.0-6.8.1: the same subject and address at two providers are two identities.
#[tokio::test]
async fn v5_0_0_6_8_1_two_providers_are_two_issuers() {
    let user = json!({"id": "1", "username": "n", "email": "a@x", "verified": true});
    let (_, discord) = discord(&user).await;
    let addresses = json!([address("a@x", true, true)]);
    let (_, github) = github("user:email", &json!({"id": 1}), Answer::json(&addresses)).await;
    let (discord, github) = (discord.unwrap().profile, github.unwrap().profile);
    assert_eq!(
        (&discord.subject, &discord.email),
        (&github.subject, &github.email)
    );
    assert_ne!(discord.issuer, github.issuer);
}
