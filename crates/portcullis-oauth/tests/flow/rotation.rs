//! Keys that change, that cannot be had, and that do not exist.

use std::time::Duration;

use serde_json::json;

use crate::keys::{Key, jwks};
use crate::login::{Stage, refusal};
use crate::party::Answer;

const A_SECOND: Duration = Duration::from_secs(1);

/// AC-A4: the provider changes its key between the first step of a login and the last.
#[tokio::test]
async fn ac_a4_a_key_that_is_changed_in_mid_flow_is_fetched() {
    let mut stage = Stage::new().await;
    stage.log_in().await.unwrap();
    let authorization = stage.begin().await;
    stage.key = Key::es256("second");
    stage
        .party
        .answer("/jwks", Answer::json(&jwks(&[&stage.key])));
    stage.clock.advance(A_SECOND);
    let token = stage.key.token(&stage.claims(&authorization));
    stage.end(&authorization, &token).await.unwrap();
    assert_eq!(stage.party.asked("/jwks"), 2);
}

/// The key that was taken back is good no more as soon as the new one is known.
#[tokio::test]
async fn ac_a4_a_key_that_was_taken_back_is_refused() {
    let mut stage = Stage::new().await;
    stage.log_in().await.unwrap();
    let old = std::mem::replace(&mut stage.key, Key::es256("second"));
    stage
        .party
        .answer("/jwks", Answer::json(&jwks(&[&stage.key])));
    stage.clock.advance(A_SECOND);
    stage.log_in().await.unwrap();
    stage.key = old;
    let refused = stage.log_in().await;
    assert_eq!(refusal(refused), ("invalid_id_token", Some("unknown_key")));
}

/// A flood of invented key ids costs one fetch a second, and nothing is believed.
#[tokio::test]
async fn ac_a4_invented_key_ids_do_not_make_a_storm() {
    let mut stage = Stage::new().await;
    stage.log_in().await.unwrap();
    stage.clock.advance(A_SECOND);
    for number in 0..20 {
        stage.key = Key::es256(&format!("invented-{number}"));
        let refused = stage.log_in().await;
        assert_eq!(refusal(refused), ("invalid_id_token", Some("unknown_key")));
    }
    assert_eq!(stage.party.asked("/jwks"), 2);
}

/// Without keys, an ID token is neither good nor bad: nobody logs in, and the provider is to blame.
#[tokio::test]
async fn keys_that_cannot_be_had_let_nobody_in() {
    let broken = [
        Answer::text("text/plain", "").status(500),
        Answer::text("text/html", "<h1>keys</h1>"),
        Answer::json(&json!({"keys": []})),
        Answer::redirect(302, "http://localhost:1/jwks"),
    ];
    for answer in broken {
        let stage = Stage::new().await;
        stage.party.answer("/jwks", answer);
        let refused = stage.log_in().await;
        assert_eq!(
            refusal(refused),
            ("provider_unreachable", Some("keys_unavailable"))
        );
    }
}

/// A secret in a public document is nobody's key.
#[tokio::test]
async fn ac_a4_a_secret_among_the_keys_verifies_nothing() {
    let stage = Stage::new().await;
    let secret = b"a secret that everybody can read";
    let mut keys = jwks(&[&stage.key]);
    let shown = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": crate::keys::b64(secret)});
    keys["keys"].as_array_mut().unwrap().push(shown);
    stage.party.answer("/jwks", Answer::json(&keys));
    let authorization = stage.begin().await;
    let header = json!({"alg": "HS256", "kid": "oct"});
    let token = crate::keys::hs256(&header, &stage.claims(&authorization), secret);
    let refused = stage.end(&authorization, &token).await;
    assert_eq!(refusal(refused), ("invalid_id_token", Some("unknown_key")));
}

/// Many logins at once fetch the keys once between them.
#[tokio::test(flavor = "multi_thread")]
async fn logins_at_one_time_share_a_fetch_of_keys() {
    let stage = Stage::new().await;
    let mut logins = tokio::task::JoinSet::new();
    let authorization = stage.begin().await;
    let mut answer = crate::login::tokens();
    answer["id_token"] = json!(stage.key.token(&stage.claims(&authorization)));
    stage.party.answer("/token", Answer::json(&answer));
    for _ in 0..20 {
        let (provider, pending) = (stage.provider.clone(), authorization.pending.clone());
        let callback = crate::login::callback(&authorization, "code=c");
        logins.spawn(async move { provider.exchange(&pending, &callback).await.is_ok() });
    }
    assert!(logins.join_all().await.into_iter().all(|is_ok| is_ok));
    assert_eq!(stage.party.asked("/jwks"), 1);
}
