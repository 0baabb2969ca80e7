//! Whoever asks learns of nobody: AC-Z4.

use std::time::Instant;

use portcullis_accounts::store::{Change, Ledger, UserUpdate};
use portcullis_accounts::{Collection, MemoryStore, UserRef};
use portcullis_testkit::ManualClock;

use crate::common::{address, at, code, harness, harness_on, harness_with};
use crate::watched::Watched;
use crate::{ADA, ban};

/// AC-Z4: the same answer and the same questions to the store for every kind of address.
#[tokio::test]
async fn ac_z4_v3_every_address_costs_the_same() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let no_limits =
        |builder: portcullis_accounts::AccountsBuilder| builder.with_insecure_no_limits();
    let at = harness_on(store, clock, Collection::new(), no_limits);
    at.register(ADA).await;
    let proved = at.register_proved("proved@example.com").await;
    let banned = at.register("banned@example.com").await;
    ban(&at, banned.user.id).await;
    let mut update = UserUpdate::new(
        UserRef::new("users", proved.user.id),
        at.clock.shared().now(),
    );
    update.password = Some(None);
    at.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();

    let each = ["user_by_email", "identities", "commit 3"];
    at.store.asked();
    let addresses = [
        ADA,
        "proved@example.com",
        "banned@example.com",
        "nobody@example.com",
    ];
    for email in addresses {
        at.users().request_password_reset(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
        at.users().request_verification(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
        at.users().request_unlock(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
    }
}

/// AC-Z4: the same time, measured. Samples of the four kinds take turns, so that a busy machine slows all of them.
#[tokio::test]
async fn ac_z4_every_address_takes_the_same_time() {
    let at = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    at.register_proved(ADA).await;
    at.register("unproved@example.com").await;
    let banned = at.register("banned@example.com").await;
    ban(&at, banned.user.id).await;
    let addresses = [
        ADA,
        "unproved@example.com",
        "banned@example.com",
        "nobody@example.com",
    ];
    let mut samples = [const { Vec::new() }; 4];
    for _ in 0..400 {
        for (samples, email) in samples.iter_mut().zip(addresses) {
            let start = Instant::now();
            at.users().request_password_reset(email).await.unwrap();
            samples.push(start.elapsed());
        }
    }
    let medians = samples.map(|mut samples| {
        samples.sort_unstable();
        samples[samples.len() / 2].as_secs_f64()
    });
    let (fastest, slowest) = medians
        .iter()
        .fold((f64::MAX, 0.0_f64), |(low, high), median| {
            (low.min(*median), high.max(*median))
        });
    assert!(slowest < fastest * 1.4, "medians in seconds: {medians:?}");
}

/// AC-T3: 20 requests a minute from one address, 5 for one account, whoever asks.
#[tokio::test]
async fn requests_are_limited_by_client_and_by_address() {
    let limited = harness(Collection::new());
    for number in 0..5 {
        limited
            .users()
            .from(address(number))
            .request_password_reset(ADA)
            .await
            .unwrap();
    }
    let sixth = limited
        .users()
        .from(address(9))
        .request_password_reset("ADA@example.com")
        .await;
    assert_eq!(code(sixth), "429 rate_limited");
    let here = limited.users().from(at("203.0.113.9"));
    for number in 0..20 {
        here.request_password_reset(&format!("user{number}@example.com"))
            .await
            .unwrap();
    }
    assert_eq!(
        code(here.request_password_reset("one-more@example.com").await),
        "429 rate_limited"
    );
}

/// A store that is down is 503, whatever the address.
#[tokio::test]
async fn a_store_that_is_down_is_no_answer() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let at = harness_on(store, clock, Collection::new(), |builder| builder);
    at.register_proved(ADA).await;
    at.store.go_down(true);
    for email in [ADA, "nobody@example.com"] {
        assert_eq!(
            code(at.users().request_password_reset(email).await),
            "503 unavailable"
        );
    }
}
