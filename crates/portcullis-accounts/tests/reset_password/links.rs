//! How long a link is good, and for whom: AC-Z1, AC-Z2, AC-Z8.

use std::time::Duration;

use portcullis_accounts::store::{LinkStore, Outbox, UserStore};
use portcullis_accounts::{Collection, LinkPurpose};
use portcullis_core::Timestamp;

use crate::common::{address, at_once, code, harness, tokens};
use crate::{ADA, INVALID, NEW, ask};

const HOUR: Duration = Duration::from_secs(3600);

/// AC-Z1: 256 bits, kept as a keyed digest, good for one hour to the millisecond, once.
#[tokio::test]
async fn ac_z1_a_link_is_good_once_and_for_an_hour() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let (id, secret) = token.split_once('.').unwrap();
    assert_eq!((id.len(), secret.len()), (36, 43));
    let kept = at.store.link(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.expires_at, kept.created_at.saturating_add(HOUR));
    at.wait(HOUR);
    assert_eq!(code(at.users().reset_password(&token, NEW).await), INVALID);
    at.clock.set(Timestamp::from_unix_millis(
        kept.expires_at.unix_millis() - 1,
    ));
    at.users().reset_password(&token, NEW).await.unwrap();
    assert_eq!(code(at.users().reset_password(&token, NEW).await), INVALID);
}

/// AC-Z1: 100 at once, one link, one success, and the password of that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_z1_of_a_hundred_at_once_one_succeeds() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let results = at_once(100, |number| {
        let users = at.users().from(address(u32::try_from(number).unwrap()));
        let token = token.clone();
        async move {
            users
                .reset_password(&token, &format!("{NEW} {number}"))
                .await
        }
    })
    .await;
    let winners: Vec<_> = (0..100).filter(|number| results[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let refused = results.into_iter().filter(Result::is_err).map(code);
    assert!(
        refused
            .into_iter()
            .all(|code| code == INVALID || code == "503 busy")
    );
    assert!(
        at.login(ADA, &format!("{NEW} {}", winners[0]))
            .await
            .is_ok()
    );
    let reset = at.trail().await;
    assert_eq!(
        reset
            .iter()
            .filter(|kind| *kind == "password.reset")
            .count(),
        1
    );
}

/// AC-Z2: a new request voids the links before it.
#[tokio::test]
async fn ac_z2_a_new_link_voids_the_earlier_one() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let first = ask(&at).await;
    at.wait(Duration::from_secs(61));
    let second = ask(&at).await;
    assert_ne!(first, second);
    assert_eq!(code(at.users().reset_password(&first, NEW).await), INVALID);
    at.users().reset_password(&second, NEW).await.unwrap();
}

/// AC-Z2: so does another address, also one that was set without the flow.
#[tokio::test]
async fn ac_z2_another_address_voids_the_link() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let reset = ask(&at).await;
    at.users()
        .request_email_change(&caller, "new@example.com")
        .await
        .unwrap();
    let change = at.link_to("new@example.com").await;
    at.users().confirm_email_change(&change).await.unwrap();
    assert_eq!(code(at.users().reset_password(&reset, NEW).await), INVALID);
}

/// A bad link costs no hash and no look at the password.
#[tokio::test]
async fn a_bad_link_is_refused_before_the_password_is_looked_at() {
    let at = harness(Collection::new());
    assert_eq!(
        code(at.users().reset_password("nonsense", "").await),
        INVALID
    );
}

/// AC-Z8: looking at a link uses nothing up and does not make it live longer.
#[tokio::test]
async fn ac_z8_looking_does_not_consume() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let id = token.split_once('.').unwrap().0.parse().unwrap();
    let before = at.store.link(id).await.unwrap().unwrap();
    for _ in 0..3 {
        assert_eq!(
            code(at.users().reset_password(&token, "").await),
            "422 weak_password"
        );
    }
    assert_eq!(at.store.link(id).await.unwrap().unwrap(), before);
}

/// Of what is kept of a link, in the store and in the outbox, nothing opens anything; the outbox does not even say to whom.
#[tokio::test]
async fn a_dump_of_the_store_holds_no_link() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    at.users().request_password_reset(ADA).await.unwrap();
    let now = at.clock.shared().now();
    let rows = at.store.claim_mail(now, now, 100).await.unwrap();
    assert!(!rows.is_empty());
    // Their lease is over at once.
    let token = at.link_to(ADA).await;
    let (id, secret) = token.split_once('.').unwrap();
    for row in &rows {
        let holds = |needle: &str| {
            row.sealed
                .windows(needle.len())
                .any(|bytes| bytes == needle.as_bytes())
        };
        assert!(!holds(secret) && !holds(id) && !holds(ADA) && !holds("reset"));
    }
    let link = at.store.link(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(link.purpose, LinkPurpose::ResetPassword);
    assert!(!format!("{link:?} {:?} {rows:?}", at.audit().await).contains(secret));
    let user = at.store.user(&link.owner).await.unwrap().unwrap();
    assert!(!format!("{user:?}").contains(ADA));
}
