//! GitHub, with what it does otherwise than the standards say.

use portcullis_oauth::{Authorize, Callback, Provider, ProviderBuilder};
use portcullis_testkit::oauth::{Behaviour, Endpoint, Person, StandIn};
use serde_json::json;

use crate::parties::{
    CALLBACK, ID, IMPATIENCE, PATIENCE, SECRET, built, client, log_in, parameter, refusal, walk,
};

async fn github() -> StandIn {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    let person = Person::new(583_231, "octocat").named("The Octocat");
    let person = person.with_address("octocat@example.com", true);
    github.add_person(person.with_address("other@example.com", false));
    github
}

fn preset(stand_in: &StandIn) -> ProviderBuilder {
    Provider::github(ID, SECRET)
        .base_url(stand_in.url())
        .timeout(PATIENCE)
}

#[tokio::test]
async fn ac_a5_a_person_of_github_is_their_number() {
    let github = github().await;
    let provider = built(preset(&github));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (&*profile.subject, &*profile.provider),
        ("583231", "github")
    );
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("octocat@example.com"), true)
    );
    assert_eq!(profile.name.as_deref(), Some("The Octocat"));
    assert_eq!(
        profile.picture.as_deref(),
        Some("https://avatars.githubusercontent.com/u/583231?v=4")
    );
    // The name is given up, and somebody else takes it.
    github.add_person(Person::new(583_231, "renamed"));
    github.add_person(Person::new(9, "octocat").with_address("octocat@example.com", true));
    assert_eq!(log_in(&provider).await.unwrap().profile.subject, "583231");
    github.log_in(9);
    assert_eq!(log_in(&provider).await.unwrap().profile.subject, "9");
}

#[tokio::test]
async fn ac_a2_what_github_is_asked() {
    let github = github().await;
    let provider = built(preset(&github));
    let tokens = log_in(&provider).await.unwrap().tokens;
    assert_eq!(tokens.scopes(), ["read:user", "user:email"]);
    let asked = &github.requests_to(Endpoint::Authorization)[0];
    // v5.0.0-10.2.3: no more than a login needs.
    assert_eq!(asked.parameter("scope"), Some("read:user user:email"));
    assert_eq!(asked.parameter("code_challenge_method"), Some("S256"));
    assert_eq!(asked.parameter("redirect_uri"), Some(CALLBACK));
    let exchange = &github.requests_to(Endpoint::Token)[0];
    assert_eq!(exchange.header("accept"), Some("application/json"));
    assert_eq!(exchange.field("redirect_uri").as_deref(), Some(CALLBACK));
    assert_eq!(exchange.field("code_verifier").unwrap().len(), 43);
    assert!(exchange.query.is_empty());
    for request in [
        &github.requests_to(Endpoint::Userinfo)[0],
        &github.requests_to(Endpoint::Addresses)[0],
    ] {
        assert!(request.header("user-agent").is_some());
        assert!(
            request
                .header("authorization")
                .unwrap()
                .starts_with("Bearer ")
        );
        assert!(request.query.is_empty(), "tokens stand in no URL");
    }
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let github = github().await;
    let provider = built(preset(&github));
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let callback = Callback::from_query(&query).unwrap();
    provider.exchange(&pending, &callback).await.unwrap();
    let again = provider.exchange(&pending, &callback).await;
    assert_eq!(
        refusal(again),
        ("provider_error", Some("bad_verification_code"))
    );
    let wrong = Provider::github(ID, "another secret").base_url(github.url());
    let refused = log_in(&built(wrong.timeout(PATIENCE))).await;
    assert_eq!(
        refusal(refused),
        ("provider_error", Some("incorrect_client_credentials"))
    );
    assert_eq!(github.requests_to(Endpoint::Userinfo).len(), 1);
    // Also when it does not heed what form was asked for.
    let form =
        "error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired.";
    for body in [form, "access_token=gho_1&error=bad_verification_code"] {
        let form = Behaviour::answer(
            200,
            "application/x-www-form-urlencoded; charset=utf-8",
            body,
        );
        github.misbehave(Endpoint::Token, form);
        let refused = log_in(&provider).await;
        assert_eq!(refusal(refused).0, "provider_error", "{body}");
    }
}

#[tokio::test]
async fn ac_a11_whoever_says_no() {
    let github = github().await;
    let provider = built(preset(&github));
    github.deny(true);
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let callback = Callback::from_query(&query).unwrap();
    assert!(callback.is_denied());
    let refused = provider.exchange(&pending, &callback).await;
    assert_eq!(refusal(refused), ("access_denied", Some("access_denied")));
    assert!(github.requests_to(Endpoint::Token).is_empty());
}

#[tokio::test]
async fn only_the_primary_address_counts_and_only_if_verified() {
    let github = github().await;
    let provider = built(preset(&github));
    let person = Person::new(583_231, "octocat").with_address("primary@example.com", false);
    github.add_person(person.with_address("other@example.com", true));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("primary@example.com"), false)
    );
    github.add_person(Person::new(583_231, "octocat"));
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!((profile.email, profile.email_verified), (None, false));
    assert_eq!(profile.name.as_deref(), Some("octocat"));
}

#[tokio::test]
async fn whoever_did_not_let_the_addresses_be_read_has_none() {
    let github = github().await;
    // At GitHub a person cannot take scopes away, but an application may ask for less.
    let provider = built(preset(&github).scopes(["read:user"]));
    let profile = log_in(&provider).await;
    let profile = profile.map(|exchanged| exchanged.profile);
    assert_eq!(profile.unwrap().email, None);
}

#[tokio::test]
async fn ac_a10_bad_answers_of_the_api() {
    let github = github().await;
    let patient = built(preset(&github));
    let hasty = built(preset(&github).timeout(IMPATIENCE));
    let elsewhere = format!("{}/user", github.url());
    let cases = [
        (Behaviour::status(500), &patient, "provider_status"),
        (Behaviour::status(401), &patient, "provider_status"),
        (Behaviour::page(), &patient, "invalid_response"),
        (Behaviour::json(&json!([])), &patient, "invalid_response"),
        (
            Behaviour::json(&json!({ "message": "Bad credentials" })),
            &patient,
            "no_subject",
        ),
        (
            Behaviour::json(&json!({ "id": "583231" })),
            &patient,
            "no_subject",
        ),
        (
            Behaviour::json(&json!({ "id": -1 })),
            &patient,
            "no_subject",
        ),
        (
            Behaviour::json(&json!({ "id": 1.5 })),
            &patient,
            "no_subject",
        ),
        (
            Behaviour::json(&json!({ "id": null, "login": "octocat" })),
            &patient,
            "no_subject",
        ),
        (
            Behaviour::Redirect {
                status: 307,
                to: elsewhere,
            },
            &patient,
            "provider_status",
        ),
        (
            Behaviour::Giant { bytes: 1_100_000 },
            &patient,
            "response_too_large",
        ),
        (Behaviour::HangUp, &patient, "provider_unreachable"),
        (Behaviour::Silence, &hasty, "provider_timeout"),
        (Behaviour::Drip, &hasty, "provider_timeout"),
        (Behaviour::Endless, &patient, "response_too_large"),
    ];
    for (behaviour, provider, code) in cases {
        github.misbehave(Endpoint::Userinfo, behaviour.clone());
        assert_eq!(refusal(log_in(provider).await).0, code, "{behaviour:?}");
    }
    github.behave();
    for behaviour in [
        Behaviour::status(500),
        Behaviour::page(),
        Behaviour::json(&json!({})),
    ] {
        github.misbehave(Endpoint::Addresses, behaviour.clone());
        let refused = refusal(log_in(&patient).await).0;
        assert!(
            ["provider_status", "invalid_response"].contains(&refused),
            "{behaviour:?}: {refused}"
        );
    }
}

#[tokio::test]
async fn huge_numbers_stay_what_they_are() {
    let github = github().await;
    let provider = built(preset(&github));
    // 2^53 + 1 and 2^64 - 1: beyond what a floating-point number holds.
    for id in [9_007_199_254_740_993, u64::MAX] {
        github.add_person(Person::new(id, "big"));
        github.log_in(id);
        assert_eq!(
            log_in(&provider).await.unwrap().profile.subject,
            id.to_string()
        );
    }
    let text = r#"{"id":18446744073709551616}"#;
    github.misbehave(
        Endpoint::Userinfo,
        Behaviour::answer(200, "application/json", text),
    );
    assert_eq!(refusal(log_in(&provider).await).0, "no_subject");
}

#[tokio::test]
async fn a_state_comes_back_under_parameters_of_the_addresss_own() {
    let github = github().await;
    let with_query = format!("{CALLBACK}?from=github");
    github.allow_redirect(with_query.as_str());
    let provider = built(preset(&github));
    let (pending, query) = walk(&provider, Authorize::new(with_query)).await;
    assert_eq!(parameter(&query, "from").as_deref(), Some("github"));
    let callback = Callback::from_query(&query).unwrap();
    assert_eq!(
        provider
            .exchange(&pending, &callback)
            .await
            .unwrap()
            .profile
            .subject,
        "583231"
    );
}
