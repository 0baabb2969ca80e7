//! Callbacks of other logins, other providers and other people (AC-A1, AC-A3, v5.0.0-10.1.2, 10.2.1, 10.2.2).

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, SystemClock};
use portcullis_oauth::{Authorize, Callback, Pending, Provider};
use portcullis_testkit::ManualClock;
use portcullis_testkit::oauth::{HostileProvider, Person, StandIn, Trick};
use serde_json::json;

use crate::parties::{
    CALLBACK, ID, PATIENCE, SECRET, built, client, hostile, log_in, oidc, parameter, refusal, walk,
};

async fn github() -> StandIn {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(Person::new(583_231, "octocat"));
    github
}

fn preset(github: &StandIn) -> Provider {
    built(
        Provider::github(ID, SECRET)
            .base_url(github.url())
            .timeout(PATIENCE),
    )
}

async fn exchanged(
    provider: &Provider,
    pending: &Pending,
    query: &str,
) -> (&'static str, Option<&'static str>) {
    match Callback::from_query(query) {
        Ok(callback) => refusal(provider.exchange(pending, &callback).await),
        Err(error) => (error.code(), None),
    }
}

#[tokio::test]
async fn ac_a1_v5_0_0_10_2_1_a_state_of_another_login_or_none() {
    let github = github().await;
    let provider = preset(&github);
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let code = parameter(&query, "code").unwrap();
    let (_, another) = walk(&provider, Authorize::new(CALLBACK)).await;
    let own = pending.state();
    let wrong = [
        another,
        format!("code={code}"),
        format!("code={code}&state={}", &own[..42]),
        format!("code={code}&state={own}x"),
        format!("code={code}&state={}", own.to_lowercase()),
        format!("code={code}&state=%20{own}"),
        "error=access_denied&state=another".to_owned(),
        "error=access_denied".to_owned(),
    ];
    for query in wrong {
        assert_eq!(
            exchanged(&provider, &pending, &query).await.0,
            "invalid_state",
            "{query}"
        );
    }
    let malformed = [
        format!("code={code}&state="),
        format!("code={code}&state={own}&state={own}"),
        format!("code={code}&code={code}&state={own}"),
        format!("code={code}&error=access_denied&state={own}"),
        format!("state={own}"),
        format!("code=&state={own}"),
        format!("code=a%0d%0aX-Evil:1&state={own}"),
        format!("code=%ff&state={own}"),
        format!("code=%E2%82%AC&state={own}"),
        format!("code={}&state={own}", "x".repeat(20_000)),
        String::new(),
    ];
    for query in malformed {
        assert_eq!(
            exchanged(&provider, &pending, &query).await.0,
            "invalid_callback",
            "{query}"
        );
    }
    assert!(
        github
            .requests_to(portcullis_testkit::oauth::Endpoint::Token)
            .is_empty()
    );
}

#[tokio::test]
async fn ac_a1_ten_minutes_and_no_longer() {
    let github = github().await;
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let builder = Provider::github(ID, SECRET)
        .base_url(github.url())
        .timeout(PATIENCE);
    let provider = built(builder.clock(clock.clone()));
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    assert_eq!(
        pending.expires_at(),
        clock.now().saturating_add(Duration::from_secs(600))
    );
    clock.advance(Duration::from_secs(600));
    assert_eq!(
        exchanged(&provider, &pending, &query).await.0,
        "state_expired"
    );
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    clock.advance(Duration::from_millis(599_999));
    assert_eq!(exchanged(&provider, &pending, &query).await.0, "none");
}

#[tokio::test]
async fn ac_a1_v5_0_0_10_2_2_what_began_at_one_provider_does_not_end_at_another() {
    let (github, other) = (github().await, github().await);
    let honest = preset(&github);
    let evil = Provider::github(ID, SECRET)
        .name("evil")
        .base_url(other.url());
    let evil = built(evil.timeout(PATIENCE));
    // Begun at the honest one, whose code comes to the path of the evil one.
    let (pending, query) = walk(&honest, Authorize::new(CALLBACK)).await;
    assert_eq!(exchanged(&evil, &pending, &query).await.0, "invalid_state");
    let (pending, query) = walk(&evil, Authorize::new(CALLBACK)).await;
    assert_eq!(
        exchanged(&honest, &pending, &query).await.0,
        "invalid_state"
    );
    let asked = |at: &StandIn| {
        at.requests_to(portcullis_testkit::oauth::Endpoint::Token)
            .len()
    };
    assert_eq!(
        (asked(&github), asked(&other)),
        (0, 0),
        "nobody got the other's code"
    );
    // A name that changed hands is another provider.
    let moved = built(
        Provider::github(ID, SECRET)
            .base_url(other.url())
            .timeout(PATIENCE),
    );
    let (pending, query) = walk(&honest, Authorize::new(CALLBACK)).await;
    if moved.issuer() != honest.issuer() {
        assert_eq!(exchanged(&moved, &pending, &query).await.0, "invalid_state");
    }
}

async fn with_callback(
    hostile: &HostileProvider,
    change: serde_json::Value,
) -> (&'static str, Option<&'static str>) {
    hostile.play(&[Trick::Callback(change)]).await;
    refusal(log_in(&built(oidc(hostile.url()))).await)
}

#[tokio::test]
async fn ac_a3_v5_0_0_10_2_2_an_answer_of_another_issuer() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let url = hostile.url();
    for issuer in [
        "https://accounts.google.com",
        &format!("{url}/"),
        &url.to_uppercase(),
        "null",
    ] {
        let refused = with_callback(&hostile, json!({ "iss": issuer })).await;
        assert_eq!(refused, ("issuer_mismatch", None), "{issuer}");
    }
    assert_eq!(
        with_callback(&hostile, json!({ "iss": url })).await.0,
        "none"
    );
    assert_eq!(
        with_callback(&hostile, json!({})).await.0,
        "none",
        "it never promised to say"
    );
    // An error is no less an answer.
    let denied = json!({ "code": null, "error": "access_denied", "iss": "https://other.example" });
    assert_eq!(with_callback(&hostile, denied).await.0, "issuer_mismatch");
}

#[tokio::test]
async fn ac_a3_whoever_promises_to_say_the_issuer_says_it() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let promise =
        Trick::Discovery(json!({ "authorization_response_iss_parameter_supported": true }));
    hostile.play(std::slice::from_ref(&promise)).await;
    let provider = built(oidc(hostile.url()));
    assert_eq!(refusal(log_in(&provider).await).0, "issuer_mismatch");
    hostile
        .play(&[promise, Trick::Callback(json!({ "iss": hostile.url() }))])
        .await;
    assert_eq!(refusal(log_in(&provider).await).0, "none");
}

#[tokio::test]
async fn ac_a11_an_errors_own_text_goes_nowhere() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let error = |code: &str| json!({ "code": null, "error": code, "error_description": "<script>", "error_uri": "javascript:1" });
    assert_eq!(
        with_callback(&hostile, error("server_error")).await,
        ("provider_error", Some("server_error"))
    );
    assert_eq!(
        with_callback(&hostile, error("<script>alert(1)</script>")).await,
        ("provider_error", None)
    );
    assert_eq!(
        with_callback(&hostile, error("access_denied")).await.0,
        "access_denied"
    );
    let asked = hostile.requests().await;
    assert!(!asked.contains(&"POST /token".to_owned()));
}
