//! Discovery: whom it believes, how often it asks, and where it does not go.

use std::time::Duration;

use portcullis_oauth::{Authorize, Endpoints, OauthError};
use serde_json::json;

use crate::login::{DISCOVERY, REDIRECT, Stage, code, document, parameter};
use crate::party::Answer;

const AN_HOUR: Duration = Duration::from_secs(3600);

async fn begin(stage: &Stage) -> Result<String, OauthError> {
    let authorization = stage.provider.authorize(Authorize::new(REDIRECT)).await;
    authorization.map(|authorization| authorization.url)
}

/// v5.0.0-10.5.3: the issuer to the letter.
#[tokio::test]
async fn v5_0_0_10_5_3_the_document_must_name_the_issuer_to_the_letter() {
    let stage = Stage::new().await;
    let ours = stage.party.url("");
    let others = [
        json!("https://attacker.example"),
        json!(format!("{ours}/")),
        json!(ours.to_uppercase()),
        json!(""),
    ];
    for issuer in others {
        let stage = Stage::new().await;
        let mut document = document(&stage.party);
        document["issuer"] = issuer;
        stage.party.answer(DISCOVERY, Answer::json(&document));
        assert_eq!(code(begin(&stage).await), "discovery_mismatch");
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let stage = Stage::new().await;
    let mut incomplete = document(&stage.party);
    incomplete.as_object_mut().unwrap().remove("token_endpoint");
    let cases = [
        (Answer::text("text/html", "<h1>no</h1>"), "invalid_response"),
        (Answer::json(&json!([])), "invalid_response"),
        (Answer::json(&json!({})), "invalid_response"),
        (Answer::json(&incomplete), "invalid_response"),
        (Answer::json(&json!({})).status(404), "provider_status"),
        (Answer::json(&json!({})).status(500), "provider_status"),
    ];
    for (answer, expected) in cases {
        let stage = Stage::new().await;
        stage.party.answer(DISCOVERY, answer);
        assert_eq!(code(begin(&stage).await), expected);
    }
}

/// A document cannot lead into somebody's network, nor to where anybody listens.
#[tokio::test]
async fn endpoints_lead_to_https_and_not_inwards() {
    let addresses = [
        "http://id.example/token",
        "https://127.0.0.1/token",
        "https://10.0.0.7/token",
        "https://192.168.1.1/token",
        "https://172.16.0.1/token",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/token",
        "https://0.0.0.0/token",
        "https://[::1]/token",
        "https://[::ffff:10.0.0.7]/token",
        "https://[fd00::1]/token",
        "https://[fe80::1]/token",
        "https://2130706433/token",
        "https://admin.localhost/token",
        "https://LOCALHOST./token",
        "https://user:pass@id.example/token",
        "https://id.example/token#fragment",
        "ftp://id.example/token",
        "file:///etc/passwd",
        "/token",
        "",
    ];
    let members = [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ];
    for (number, address) in addresses.into_iter().enumerate() {
        let stage = Stage::new().await;
        let mut document = document(&stage.party);
        document[members[number % members.len()]] = json!(address);
        stage.party.answer(DISCOVERY, Answer::json(&document));
        assert_eq!(code(begin(&stage).await), "discovery_mismatch", "{address}");
    }
}

/// Google's endpoints are on four hosts.
#[tokio::test]
async fn endpoints_may_be_elsewhere_in_the_world() {
    let stage = Stage::new().await;
    let mut document = document(&stage.party);
    document["authorization_endpoint"] = json!("https://login.example.com/authorize?tenant=7");
    stage.party.answer(DISCOVERY, Answer::json(&document));
    let url = begin(&stage).await.unwrap();
    assert!(url.starts_with("https://login.example.com/authorize?"));
    assert_eq!(parameter(&url, "tenant").as_deref(), Some("7"));
}

/// Many logins at once wait for one and the same fetch.
#[tokio::test(flavor = "multi_thread")]
async fn logins_at_one_time_share_a_fetch() {
    let stage = Stage::new().await;
    let held = Answer::json(&document(&stage.party)).held();
    stage.party.answer(DISCOVERY, held);
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let provider = stage.provider.clone();
        logins.spawn(async move { provider.authorize(Authorize::new(REDIRECT)).await.is_ok() });
    }
    stage.party.arrived(DISCOVERY).await;
    stage.party.release(20);
    assert!(logins.join_all().await.into_iter().all(|is_ok| is_ok));
    assert_eq!(stage.party.asked(DISCOVERY), 1);
}

/// Whoever goes away does not take the fetch with them.
#[tokio::test]
async fn a_fetch_outlives_who_began_it() {
    let stage = Stage::new().await;
    let held = Answer::json(&document(&stage.party)).held();
    stage.party.answer(DISCOVERY, held);
    let provider = stage.provider.clone();
    let first = tokio::spawn(async move { provider.authorize(Authorize::new(REDIRECT)).await });
    stage.party.arrived(DISCOVERY).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let (second, ()) = tokio::join!(begin(&stage), async { stage.party.release(1) });
    second.unwrap();
    assert_eq!(stage.party.asked(DISCOVERY), 1);
}

/// A provider that fails is left alone for 5 seconds, and asked again after that.
#[tokio::test]
async fn a_failing_provider_is_not_stormed() {
    let stage = Stage::new().await;
    let good = Answer::json(&document(&stage.party));
    stage
        .party
        .answer(DISCOVERY, Answer::text("text/plain", "").status(500));
    for _ in 0..20 {
        assert_eq!(code(begin(&stage).await), "provider_status");
    }
    assert_eq!(stage.party.asked(DISCOVERY), 1);
    stage.party.answer(DISCOVERY, good);
    stage.clock.advance(Duration::from_millis(4999));
    assert_eq!(code(begin(&stage).await), "provider_status");
    stage.clock.advance(Duration::from_millis(1));
    begin(&stage).await.unwrap();
    assert_eq!(stage.party.asked(DISCOVERY), 2);
}

/// Kept for an hour; then nobody waits for the next, which comes into force when it is there.
#[tokio::test]
async fn a_document_is_kept_and_refreshed_in_the_background() {
    let stage = Stage::new().await;
    begin(&stage).await.unwrap();
    stage.clock.advance(AN_HOUR - Duration::from_millis(1));
    begin(&stage).await.unwrap();
    assert_eq!(stage.party.asked(DISCOVERY), 1);
    let mut moved = document(&stage.party);
    moved["authorization_endpoint"] = json!(stage.party.url("/moved"));
    stage.party.answer(DISCOVERY, Answer::json(&moved).held());
    stage.clock.advance(Duration::from_millis(1));
    assert!(
        begin(&stage)
            .await
            .unwrap()
            .starts_with(&stage.party.url("/authorize?"))
    );
    stage.party.release(1);
    let moved = stage.party.url("/moved?");
    let arrival = async {
        while !begin(&stage).await.unwrap().starts_with(&moved) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrival)
        .await
        .unwrap();
    assert_eq!(stage.party.asked(DISCOVERY), 2);
}

/// A provider that is away is taken at its old word for a day, and no longer.
#[tokio::test]
async fn an_old_document_is_used_for_a_day() {
    let stage = Stage::new().await;
    begin(&stage).await.unwrap();
    stage
        .party
        .answer(DISCOVERY, Answer::text("text/plain", "").status(500));
    stage.clock.advance(AN_HOUR * 24 - Duration::from_millis(1));
    begin(&stage).await.unwrap();
    let failed = async {
        while stage.party.asked(DISCOVERY) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), failed)
        .await
        .unwrap();
    stage.clock.advance(Duration::from_secs(10));
    assert_eq!(code(begin(&stage).await), "provider_status");
}

/// What the application says goes before what the document says.
#[tokio::test]
async fn fixed_endpoints_and_keys_need_no_discovery() {
    let stage = Stage::new().await;
    let party = &stage.party;
    let endpoints = Endpoints {
        authorization: party.url("/authorize"),
        token: party.url("/token"),
        userinfo: party.url("/userinfo"),
    };
    let fixed = crate::login::oidc(party, &stage.clock)
        .endpoints(endpoints)
        .jwks_url(party.url("/jwks"))
        .build()
        .unwrap();
    let stage = Stage {
        provider: fixed,
        ..stage
    };
    assert_eq!(stage.log_in().await.unwrap().profile.subject, "ada");
    assert_eq!(stage.party.asked(DISCOVERY), 0);
}

/// Keys are fetched where the application says, whatever the document says.
#[tokio::test]
async fn keys_may_be_fixed_alone() {
    let mut stage = Stage::new().await;
    let keys = stage.party.url("/other-keys");
    let builder = crate::login::oidc(&stage.party, &stage.clock).jwks_url(keys);
    stage.provider = builder.build().unwrap();
    let others = crate::keys::jwks(&[&stage.key]);
    stage.party.answer("/other-keys", Answer::json(&others));
    stage.log_in().await.unwrap();
    assert_eq!(
        (stage.party.asked("/jwks"), stage.party.asked("/other-keys")),
        (0, 1)
    );
}
