//! Providers that the application describes itself, and system B's way of naming them.

use portcullis_oauth::{Authorize, Endpoints, OauthErrorKind, Profile, Provider, ProviderBuilder};
use portcullis_testkit::oauth::{Behaviour, Endpoint, Person, StandIn};
use serde_json::json;

use crate::parties::{
    CALLBACK, GOOGLE, ID, PATIENCE, SECRET, built, client, conforming, log_in, parameter, refusal,
};

async fn discord() -> StandIn {
    let discord = StandIn::discord(client()).await.unwrap();
    discord.allow_redirect(CALLBACK);
    let person = Person::new(80_351_110_224_678_912, "nelly");
    discord.add_person(person.with_address("nelly@example.com", true));
    discord
}

fn by_hand(discord: &StandIn) -> ProviderBuilder {
    let url = discord.url();
    let endpoints = Endpoints {
        authorization: format!("{url}/oauth2/authorize"),
        token: format!("{url}/api/oauth2/token"),
        userinfo: format!("{url}/api/users/@me"),
    };
    let map = |user: &serde_json::Value| {
        let id = user["id"].as_str().ok_or(OauthErrorKind::NoSubject)?;
        let mut profile = Profile::new(id).email(user["email"].as_str(), user["verified"] == true);
        // What only this crate may say.
        profile.provider = "google".to_owned();
        profile.issuer = "https://accounts.google.com".to_owned();
        Ok(profile)
    };
    Provider::oauth2("by-hand", endpoints, ID, SECRET, map)
        .scopes(["identify", "email"])
        .timeout(PATIENCE)
}

#[tokio::test]
async fn ac_a5_a_closure_says_who_somebody_is_and_not_who_vouches_for_it() {
    let discord = discord().await;
    let provider = built(by_hand(&discord));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(profile.subject, "80351110224678912");
    assert_eq!(
        (&*profile.provider, profile.issuer),
        ("by-hand", discord.url())
    );
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("nelly@example.com"), true)
    );
    assert_eq!(profile.claims["username"], "nelly");
    for (body, code) in [
        (json!({}), "no_subject"),
        (json!({ "id": "" }), "no_subject"),
        (json!({ "id": "a\nb" }), "no_subject"),
        (
            json!({ "id": "1", "error": "invalid_token" }),
            "provider_error",
        ),
    ] {
        discord.misbehave(Endpoint::Userinfo, Behaviour::json(&body));
        assert_eq!(refusal(log_in(&provider).await).0, code, "{body}");
    }
}

#[tokio::test]
async fn an_issuer_of_ones_own_tells_two_tenants_of_one_host_apart() {
    let discord = discord().await;
    let tenants = ["https://discord.example/a", "https://discord.example/b"];
    let mut seen = Vec::new();
    for tenant in tenants {
        let provider = built(by_hand(&discord).issuer(tenant));
        let profile = log_in(&provider).await.unwrap().profile;
        seen.push((profile.issuer, profile.subject));
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn system_b_names_a_provider_and_asks_for_its_scopes() {
    let Some(google) = conforming(GOOGLE).await else {
        return;
    };
    let named = Provider::by_name("google", ID, SECRET).unwrap();
    let provider = built(
        named
            .base_url(google.url())
            .scopes_of_system_b()
            .timeout(PATIENCE),
    );
    let begun = provider.authorize(Authorize::new(CALLBACK)).await.unwrap();
    let asked = |name| parameter(&begun.url, name);
    assert_eq!(asked("scope").as_deref(), Some("openid profile email"));
    assert_eq!(asked("client_id").as_deref(), Some(ID));
    assert_eq!(asked("response_type").as_deref(), Some("code"));
    assert_eq!(asked("redirect_uri").as_deref(), Some(CALLBACK));
    assert_eq!(asked("state").as_deref(), Some(begun.pending.state()));
    let exchanged = log_in(&provider).await.unwrap();
    let known = provider
        .userinfo(exchanged.tokens.access_token())
        .await
        .unwrap();
    assert_eq!(
        (known.subject, known.email),
        (exchanged.profile.subject, exchanged.profile.email)
    );
    assert!(Provider::by_name("Google", ID, SECRET).is_none());
    assert!(Provider::by_name("oidc", ID, SECRET).is_none());
}
