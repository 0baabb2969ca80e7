//! People who call themselves something that does harm where it is shown, mailed or stored.

use portcullis_oauth::{Profile, Provider};
use portcullis_testkit::oauth::{Behaviour, Endpoint, StandIn};
use serde_json::{Value, json};

use crate::parties::{CALLBACK, ID, PATIENCE, SECRET, built, client, log_in, refusal};

async fn discord() -> (StandIn, Provider) {
    let discord = StandIn::discord(client()).await.unwrap();
    discord.allow_redirect(CALLBACK);
    discord.add_person(portcullis_testkit::oauth::Person::new(1, "nelly"));
    let provider = Provider::discord(ID, SECRET).base_url(discord.url());
    let provider = built(provider.timeout(PATIENCE));
    (discord, provider)
}

async fn known_as(discord: &StandIn, provider: &Provider, user: Value) -> Profile {
    discord.misbehave(Endpoint::Userinfo, Behaviour::json(&user));
    log_in(provider).await.unwrap().profile
}

#[tokio::test]
async fn an_address_that_is_a_header_or_a_page_is_none() {
    let (discord, provider) = discord().await;
    let bad = [
        "a@example.com\r\nBcc: b@example.com",
        "a\0@example.com",
        "a@example.com\u{85}",
        "",
    ];
    let long = format!("a@{}.example", "b".repeat(400));
    for email in bad.into_iter().chain([&*long]) {
        let user = json!({ "id": "1", "email": email, "verified": true });
        let profile = known_as(&discord, &provider, user).await;
        assert_eq!(
            (profile.email, profile.email_verified),
            (None, false),
            "{email:?}"
        );
    }
    for email in [
        json!(7),
        json!(["a@example.com"]),
        json!({ "a": 1 }),
        json!(null),
    ] {
        let user = json!({ "id": "1", "email": email, "verified": true });
        let profile = known_as(&discord, &provider, user).await;
        assert_eq!((profile.email, profile.email_verified), (None, false));
    }
    let user = json!({ "id": "1", "email": "ünï@bücher.example", "verified": true });
    let profile = known_as(&discord, &provider, user).await;
    assert_eq!(profile.email.as_deref(), Some("ünï@bücher.example"));
}

#[tokio::test]
async fn a_name_is_a_line_of_text() {
    let (discord, provider) = discord().await;
    for name in [
        "a\0b".to_owned(),
        "a\nb".to_owned(),
        "\u{1b}[2J".to_owned(),
        "x".repeat(5000),
    ] {
        let user = json!({ "id": "1", "global_name": name });
        assert_eq!(
            known_as(&discord, &provider, user).await.name,
            None,
            "{name:?}"
        );
    }
    let user = json!({ "id": "1", "global_name": "Zoë 𝔛 👩‍🚀" });
    assert_eq!(
        known_as(&discord, &provider, user).await.name.as_deref(),
        Some("Zoë 𝔛 👩‍🚀")
    );
}

#[tokio::test]
async fn a_picture_stays_in_its_attribute() {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(portcullis_testkit::oauth::Person::new(1, "octocat"));
    let provider = built(
        Provider::github(ID, SECRET)
            .base_url(github.url())
            .timeout(PATIENCE),
    );
    let bad = [
        "http://tracker.example/x",
        "javascript:alert(1)//https://",
        "data:text/html,x",
        "//x",
        "https://",
        "https://a b/",
    ];
    for url in bad {
        let user = json!({ "id": 1, "avatar_url": url });
        assert_eq!(
            known_as(&github, &provider, user).await.picture,
            None,
            "{url}"
        );
    }
    let user = json!({ "id": 1, "avatar_url": "https://a.example/?\"><script>alert(1)</script>" });
    let picture = known_as(&github, &provider, user).await.picture.unwrap();
    assert!(!picture.contains(['"', '<', '>', ' ']), "{picture}");
}

#[tokio::test]
async fn what_nests_without_end_is_refused() {
    let (discord, provider) = discord().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 100_000;
        let body = format!(
            "{{\"id\":\"1\",\"x\":{}1{}}}",
            open.repeat(depth),
            close.repeat(depth)
        );
        discord.misbehave(
            Endpoint::Userinfo,
            Behaviour::answer(200, "application/json", &body),
        );
        assert_eq!(refusal(log_in(&provider).await).0, "invalid_response");
        discord.behave();
        discord.misbehave(
            Endpoint::Token,
            Behaviour::answer(200, "application/json", &body),
        );
        assert_eq!(refusal(log_in(&provider).await).0, "invalid_response");
        discord.behave();
    }
}

#[tokio::test]
async fn an_app_of_githubs_which_has_permissions_in_place_of_scopes() {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(portcullis_testkit::oauth::Person::new(1, "octocat"));
    let provider = built(
        Provider::github(ID, SECRET)
            .base_url(github.url())
            .timeout(PATIENCE),
    );
    github.misbehave(
        Endpoint::Token,
        Behaviour::json(&json!({ "access_token": "ghu_1", "scope": "", "token_type": "bearer" })),
    );
    github.misbehave(
        Endpoint::Userinfo,
        Behaviour::json(&json!({ "id": 1, "login": "octocat" })),
    );
    let addresses = json!([{ "email": "octocat@example.com", "primary": true, "verified": true, "visibility": null }]);
    github.misbehave(Endpoint::Addresses, Behaviour::json(&addresses));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("octocat@example.com"), true)
    );
    // Without the permission GitHub says 403.
    github.misbehave(Endpoint::Addresses, Behaviour::status(403));
    assert_eq!(log_in(&provider).await.unwrap().profile.email, None);
}
