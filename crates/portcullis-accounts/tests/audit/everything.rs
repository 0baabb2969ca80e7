//! All that happens is written down, and nothing secret is: AC-U1, AC-U2.

use portcullis_accounts::AuditKind;

use crate::journey::journey;
use crate::{on, whole_trail, with_room};

/// What comes with other providers and with keys kept in the store, and is written by their flows.
const ELSEWHERE: [AuditKind; 6] = [
    AuditKind::OauthLinked,
    AuditKind::OauthUnlinked,
    AuditKind::OauthLogin,
    AuditKind::SigningKeyCreated,
    AuditKind::SigningKeyForgotten,
    // Nothing writes it.
    AuditKind::Unknown,
];

/// AC-U1
#[tokio::test]
async fn ac_u1_everything_that_happens_is_in_the_trail() {
    let h = on(|store| store, with_room);
    journey(&h).await;
    let trail = whole_trail(&h).await;
    let missing: Vec<_> = AuditKind::ALL
        .iter()
        .filter(|kind| !ELSEWHERE.contains(kind))
        .filter(|kind| !trail.iter().any(|event| event.kind == **kind))
        .map(|kind| kind.as_str())
        .collect();
    assert_eq!(missing, [""; 0], "nothing wrote these");
    let failed = trail
        .iter()
        .filter(|event| event.kind == AuditKind::LoginFailed);
    for event in failed {
        assert!(event.reason.is_some(), "a failure says why");
        assert_eq!(event.outcome.as_str(), "failure");
    }
}

/// AC-U2, v5.0.0-16.2.5
#[tokio::test]
async fn ac_u2_no_secret_and_no_address_is_in_the_trail() {
    let h = on(|store| store, with_room);
    let secrets = journey(&h).await;
    let trail = serde_json::to_string(&whole_trail(&h).await).unwrap();
    for secret in &secrets {
        assert!(!trail.contains(secret), "{secret} is in the trail");
    }
    assert!(!trail.contains('@'), "nobody's address is in the trail");
    let strangers: Vec<_> = whole_trail(&h)
        .await
        .into_iter()
        .filter_map(|event| event.detail)
        .filter(|detail| detail.starts_with("identifier:"))
        .collect();
    assert!(
        strangers.len() > 50,
        "those without an account are told apart"
    );
}
