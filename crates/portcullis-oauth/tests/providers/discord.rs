//! Discord, with what it does otherwise than the standards say.

use portcullis_oauth::{Authorize, Callback, Provider, ProviderBuilder};
use portcullis_testkit::oauth::{Behaviour, Endpoint, Person, StandIn};
use serde_json::json;

use crate::parties::{CALLBACK, ID, PATIENCE, SECRET, built, client, log_in, refusal, walk};

const SNOWFLAKE: u64 = 80_351_110_224_678_912;
const HASH: &str = "8342729096ea3675442027381ff50dfe";

async fn discord() -> StandIn {
    let discord = StandIn::discord(client()).await.unwrap();
    discord.allow_redirect(CALLBACK);
    let person = Person::new(SNOWFLAKE, "nelly").with_address("nelly@example.com", true);
    discord.add_person(person.with_avatar(HASH));
    discord
}

fn preset(stand_in: &StandIn) -> ProviderBuilder {
    Provider::discord(ID, SECRET)
        .base_url(stand_in.url())
        .timeout(PATIENCE)
}

#[tokio::test]
async fn ac_a5_a_person_of_discord_is_their_snowflake() {
    let discord = discord().await;
    let provider = built(preset(&discord));
    let exchanged = log_in(&provider).await.unwrap();
    let profile = exchanged.profile;
    assert_eq!(
        (&*profile.subject, &*profile.provider),
        ("80351110224678912", "discord")
    );
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("nelly@example.com"), true)
    );
    assert_eq!(profile.name.as_deref(), Some("nelly"));
    let picture = format!("https://cdn.discordapp.com/avatars/{SNOWFLAKE}/{HASH}.png");
    assert_eq!(profile.picture, Some(picture));
    assert_eq!(exchanged.tokens.scopes(), ["identify", "email"]);
    let again = provider
        .userinfo(exchanged.tokens.access_token())
        .await
        .unwrap();
    assert_eq!(again.subject, profile.subject);
}

#[tokio::test]
async fn ac_a2_what_discord_is_asked() {
    let discord = discord().await;
    log_in(&built(preset(&discord))).await.unwrap();
    let asked = &discord.requests_to(Endpoint::Authorization)[0];
    // v5.0.0-10.2.3: no more than a login needs.
    assert_eq!(asked.parameter("scope"), Some("identify email"));
    assert_eq!(asked.parameter("code_challenge_method"), Some("S256"));
    assert_eq!(asked.parameter("response_type"), Some("code"));
    let exchange = &discord.requests_to(Endpoint::Token)[0];
    assert!(
        exchange
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(exchange.field("client_secret"), None);
    assert_eq!(exchange.field("redirect_uri").as_deref(), Some(CALLBACK));
    assert!(exchange.query.is_empty());
}

#[tokio::test]
async fn an_unverified_address_is_said_to_be_one() {
    let discord = discord().await;
    let provider = built(preset(&discord));
    discord.add_person(
        Person::new(SNOWFLAKE, "nelly")
            .with_address("nelly@example.com", false)
            .named("Nelly N."),
    );
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("nelly@example.com"), false)
    );
    assert_eq!(
        (profile.name.as_deref(), profile.picture),
        (Some("Nelly N."), None)
    );
    let narrow = built(preset(&discord).scopes(["identify"]));
    let profile = log_in(&narrow).await.unwrap().profile;
    assert_eq!((profile.email, profile.email_verified), (None, false));
}

#[tokio::test]
async fn a_refresh_token_brings_new_tokens_once() {
    let discord = discord().await;
    let provider = built(preset(&discord));
    let first = log_in(&provider).await.unwrap().tokens;
    assert!(first.expires_at().is_some());
    let old = first.refresh_token().unwrap();
    let second = provider.refresh(old).await.unwrap();
    assert_ne!(second.refresh_token().unwrap(), old);
    assert_eq!(
        refusal(provider.refresh(old).await),
        ("provider_error", Some("invalid_grant"))
    );
    let wrong = provider.userinfo("not a token of theirs").await;
    assert_eq!(refusal(wrong).0, "invalid_request");
    assert_eq!(
        refusal(provider.userinfo("unknown").await).0,
        "provider_status"
    );
}

#[tokio::test]
async fn ac_a11_whoever_says_no_and_whoever_has_the_wrong_secret() {
    let discord = discord().await;
    let provider = built(preset(&discord));
    let wrong = Provider::discord(ID, "another secret").base_url(discord.url());
    let refused = log_in(&built(wrong.timeout(PATIENCE))).await;
    assert_eq!(refusal(refused), ("provider_error", Some("invalid_client")));
    discord.deny(true);
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let refused = provider
        .exchange(&pending, &Callback::from_query(&query).unwrap())
        .await;
    assert_eq!(refusal(refused), ("access_denied", Some("access_denied")));
}

#[tokio::test]
async fn what_is_no_person_is_none() {
    let discord = discord().await;
    let provider = built(preset(&discord));
    let cases = [
        json!({}),
        json!({ "id": 80_351_110_224_678_912_u64 }),
        json!({ "id": "" }),
        json!({ "id": " 1" }),
        json!({ "id": "1/../2" }),
        json!({ "id": "٣" }),
        json!({ "id": "1".repeat(300) }),
        json!({ "message": "401: Unauthorized", "code": 0 }),
    ];
    for body in cases {
        discord.misbehave(Endpoint::Userinfo, Behaviour::json(&body));
        assert_eq!(refusal(log_in(&provider).await).0, "no_subject", "{body}");
    }
    let strange = json!({ "id": "1", "avatar": "../../attachments/x?", "email": "a@example.com", "verified": "true" });
    discord.misbehave(Endpoint::Userinfo, Behaviour::json(&strange));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!((profile.picture, profile.email_verified), (None, false));
}
