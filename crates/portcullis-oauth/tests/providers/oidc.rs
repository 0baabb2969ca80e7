//! Plain OpenID Connect, by discovery alone.

use std::time::Duration;

use portcullis_oauth::{Authorize, Callback};
use portcullis_testkit::oauth::OidcPerson;

use crate::parties::{
    CALLBACK, built, conforming, log_in, log_in_with, oidc, parameter, refusal, walk,
};

#[tokio::test]
async fn ac_a4_logins_signed_with_any_of_the_allowed_algorithms() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let Some(stand_in) = conforming(algorithm).await else {
            return;
        };
        let provider = built(oidc(stand_in.url()));
        let exchanged = log_in(&provider).await.unwrap();
        assert_eq!(exchanged.profile.subject, "1001", "{algorithm}");
        // Not Google, so what is no claim of identity alone comes from the userinfo endpoint.
        assert_eq!(
            exchanged.profile.email.as_deref(),
            Some("ada@example.com"),
            "{algorithm}"
        );
        assert_eq!(exchanged.profile.issuer, stand_in.url());
    }
}

#[tokio::test]
async fn v5_0_0_10_1_2_state_nonce_and_verifier_differ_each_time() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let authorization = provider.authorize(Authorize::new(CALLBACK)).await.unwrap();
        let url = &authorization.url;
        assert_eq!(
            parameter(url, "state").as_deref(),
            Some(authorization.pending.state())
        );
        assert_eq!(
            parameter(url, "code_challenge_method").as_deref(),
            Some("S256")
        );
        assert_eq!(parameter(url, "response_type").as_deref(), Some("code"));
        for name in ["state", "nonce", "code_challenge"] {
            let value = parameter(url, name).unwrap();
            assert!(value.len() >= 43, "{name} is short");
            assert!(seen.insert(value), "{name} was there before");
        }
        let kept = serde_json::to_string(&authorization.pending).unwrap();
        let challenge = parameter(url, "code_challenge").unwrap();
        assert!(!kept.contains(&challenge), "the challenge is no verifier");
    }
}

#[tokio::test]
async fn ac_a1_a_code_is_good_once() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let callback = Callback::from_query(&query).unwrap();
    provider.exchange(&pending, &callback).await.unwrap();
    let again = provider.exchange(&pending, &callback).await;
    assert_eq!(refusal(again), ("provider_error", Some("invalid_grant")));
}

#[tokio::test]
async fn v5_0_0_10_2_1_a_code_is_of_no_use_without_its_verifier() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    let (_, victims) = walk(&provider, Authorize::new(CALLBACK)).await;
    let (attackers, own) = walk(&provider, Authorize::new(CALLBACK)).await;
    // The victim's code under the attacker's state.
    let code = parameter(&victims, "code").unwrap();
    let injected = own.replace(&parameter(&own, "code").unwrap(), &code);
    let refused = provider
        .exchange(&attackers, &Callback::from_query(&injected).unwrap())
        .await;
    assert_eq!(refusal(refused), ("provider_error", Some("invalid_grant")));
}

#[tokio::test]
async fn v5_0_0_6_8_4_a_login_is_as_fresh_as_asked_for() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    let fresh = Authorize::new(CALLBACK).max_age(Duration::from_secs(300));
    let exchanged = log_in_with(&provider, fresh).await.unwrap();
    assert!(exchanged.profile.claims.contains_key("auth_time"));
}

#[tokio::test]
async fn a_refresh_token_brings_new_tokens_once() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    let first = log_in(&provider).await.unwrap().tokens;
    let old = first.refresh_token().unwrap();
    let second = provider.refresh(old).await.unwrap();
    assert_ne!(second.access_token(), first.access_token());
    assert_ne!(second.refresh_token().unwrap(), old);
    let known = provider.userinfo(second.access_token()).await.unwrap();
    assert_eq!(known.subject, "1001");
    assert_eq!(
        refusal(provider.refresh(old).await),
        ("provider_error", Some("invalid_grant"))
    );
}

#[tokio::test]
async fn a_hint_says_who_it_is() {
    let Some(stand_in) = conforming("RS256").await else {
        return;
    };
    let provider = built(oidc(stand_in.url()));
    stand_in
        .add_person(OidcPerson::new("1002").with_address("b+c&d@example.com", true))
        .await;
    let hinted = Authorize::new(CALLBACK).login_hint("b+c&d@example.com");
    assert_eq!(
        log_in_with(&provider, hinted)
            .await
            .unwrap()
            .profile
            .subject,
        "1002"
    );
}

#[tokio::test]
async fn v5_0_0_6_8_1_v5_0_0_10_3_3_one_sub_of_two_issuers_is_two_people() {
    let Some(one) = conforming("RS256").await else {
        return;
    };
    let Some(other) = conforming("RS256").await else {
        return;
    };
    let one = log_in(&built(oidc(one.url()))).await.unwrap().profile;
    let other = log_in(&built(oidc(other.url()))).await.unwrap().profile;
    assert_eq!(one.subject, other.subject);
    assert_ne!(one.issuer, other.issuer);
}
