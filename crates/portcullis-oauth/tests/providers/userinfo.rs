//! What the userinfo endpoint says beside the id token.

use portcullis_testkit::oauth::{Behaviour, Endpoint, Trick};
use serde_json::json;

use crate::parties::{built, hostile, log_in, oidc, refusal};

/// The id token has no address, so that the userinfo endpoint is asked for one, if it is asked at all.
fn silent() -> Trick {
    Trick::Claims(json!({ "email": null, "email_verified": null }))
}

#[tokio::test]
async fn somebody_else_is_not_taken_for_the_person_of_the_id_token() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    for sub in [json!("another"), json!(null), json!(""), json!(["johndoe"])] {
        let trick = Trick::Userinfo(json!({ "sub": sub, "email": "victim@example.com" }));
        hostile.play(&[silent(), trick]).await;
        assert_eq!(
            refusal(log_in(&provider).await).0,
            "subject_mismatch",
            "{sub}"
        );
    }
    hostile.play(&[silent()]).await;
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("johndoe@example.com"), true)
    );
}

#[tokio::test]
async fn an_address_is_verified_only_by_whoever_names_it() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let victim = json!({ "email": "victim@example.com", "email_verified": null });
    // Named in the id token, verified at the userinfo endpoint, which speaks of another one.
    hostile.play(&[Trick::Claims(victim.clone())]).await;
    let profile = log_in(&provider).await.unwrap().profile;
    assert_eq!(
        (profile.email.as_deref(), profile.email_verified),
        (Some("victim@example.com"), false)
    );
    // Verified in the id token, named at the userinfo endpoint.
    let verified = Trick::Claims(json!({ "email": null, "email_verified": true }));
    hostile.play(&[verified, Trick::Userinfo(victim)]).await;
    let profile = log_in(&provider).await.unwrap().profile;
    assert!(!profile.email_verified);
    for strange in [
        json!(1),
        json!("yes"),
        json!("TRUE "),
        json!([true]),
        json!({}),
    ] {
        let trick = Trick::Claims(json!({ "email_verified": strange }));
        hostile
            .play(&[trick, Trick::Userinfo(json!({ "email": null }))])
            .await;
        assert!(
            !log_in(&provider).await.unwrap().profile.email_verified,
            "{strange}"
        );
    }
}

#[tokio::test]
async fn a_userinfo_endpoint_that_fails_is_no_login() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let cases = [
        (Behaviour::status(500), "provider_status"),
        (Behaviour::page(), "invalid_response"),
        (Behaviour::Giant { bytes: 1_100_000 }, "response_too_large"),
        (
            Behaviour::json(&json!({ "error": "invalid_token" })),
            "subject_mismatch",
        ),
    ];
    for (behaviour, code) in cases {
        hostile
            .play(&[
                silent(),
                Trick::Behave(Endpoint::Userinfo, behaviour.clone()),
            ])
            .await;
        let refused = refusal(log_in(&provider).await).0;
        assert!(
            refused == code || refused == "provider_error",
            "{behaviour:?}: {refused}"
        );
    }
}
