//! How old what was fetched may become.

use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use portcullis_oauth::{Authorize, Provider};
use portcullis_testkit::ManualClock;
use portcullis_testkit::oauth::{Behaviour, Endpoint, HostileProvider, Trick};
use serde_json::json;

use crate::parties::{CALLBACK, built, hostile, log_in, oidc, parameter, refusal};

const HOUR: Duration = Duration::from_secs(3600);

async fn started(provider: &Provider) -> (&'static str, Option<String>) {
    let result = provider.authorize(Authorize::new(CALLBACK)).await;
    let url = result.as_ref().ok().map(|made| made.url.clone());
    (refusal(result).0, url)
}

/// Asks until what is fetched in the background has come: for as long as a busy machine may need.
async fn until(provider: &Provider, is_right: impl Fn(&(&'static str, Option<String>)) -> bool) {
    for _ in 0..1500 {
        if is_right(&started(provider).await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", started(provider).await);
}

fn with_clock(hostile: &HostileProvider) -> (ManualClock, Provider) {
    let clock = ManualClock::at(SystemClock.now());
    let provider = built(oidc(hostile.url()).clock(clock.shared()));
    (clock, provider)
}

#[tokio::test]
async fn a_document_is_read_anew_after_an_hour() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let (clock, provider) = with_clock(&hostile);
    assert_eq!(started(&provider).await.0, "none");
    let moved = json!({ "authorization_endpoint": "https://login.example/authorize" });
    hostile.play(&[Trick::Discovery(moved)]).await;
    clock.advance(HOUR - Duration::from_secs(1));
    let (_, url) = started(&provider).await;
    assert!(url.unwrap().starts_with(hostile.url()));
    clock.advance(Duration::from_secs(2));
    until(&provider, |(_, url)| {
        url.as_ref()
            .unwrap()
            .starts_with("https://login.example/authorize?")
    })
    .await;
}

#[tokio::test]
async fn a_document_that_was_poisoned_later_is_not_taken_and_the_old_one_ends() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let (clock, provider) = with_clock(&hostile);
    assert_eq!(started(&provider).await.0, "none");
    let poison = json!({ "issuer": "https://attacker.example", "token_endpoint": "https://attacker.example/token" });
    hostile.play(&[Trick::Discovery(poison)]).await;
    for _ in 0..22 {
        clock.advance(HOUR);
        let (refused, url) = started(&provider).await;
        assert_eq!(refused, "none");
        assert!(url.unwrap().starts_with(hostile.url()));
    }
    clock.advance(2 * HOUR);
    until(&provider, |(refused, _)| *refused == "discovery_mismatch").await;
}

#[tokio::test]
async fn a_failure_is_not_asked_about_again_at_once_and_does_not_last() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let (clock, provider) = with_clock(&hostile);
    hostile
        .play(&[Trick::Behave(Endpoint::Discovery, Behaviour::status(500))])
        .await;
    for _ in 0..20 {
        assert_eq!(started(&provider).await.0, "provider_status");
    }
    let asked = hostile.requests().await.len();
    assert_eq!(asked, 1);
    hostile.play(&[]).await;
    assert_eq!(
        started(&provider).await.0,
        "provider_status",
        "nobody asks again within 5 seconds"
    );
    clock.advance(Duration::from_secs(6));
    assert_eq!(started(&provider).await.0, "none");
}

/// A login that began before the provider's document changed ends by the new one, and only where it still belongs there.
#[tokio::test]
async fn keys_at_another_place_after_an_hour() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let Some(other) = crate::parties::hostile().await else {
        return;
    };
    let (clock, provider) = with_clock(&hostile);
    assert_eq!(refusal(log_in(&provider).await).0, "none");
    clock.advance(HOUR + Duration::from_secs(1));
    // The document names the keys of somebody else, on this very host.
    let keys = format!("{}/jwks", other.url());
    let marked = format!("{}/authorize?marked", hostile.url());
    hostile
        .play(&[Trick::Discovery(
            json!({ "jwks_uri": keys, "authorization_endpoint": marked }),
        )])
        .await;
    until(&provider, |(_, url)| {
        parameter(url.as_ref().unwrap(), "marked").is_some()
    })
    .await;
    hostile.play(&[]).await;
    let refused = refusal(log_in(&provider).await);
    assert_eq!(refused.0, "invalid_id_token", "{refused:?}");
}
