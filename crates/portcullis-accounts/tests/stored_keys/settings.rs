//! What can be set, and what makes no sense.

use std::time::Duration;

use portcullis_accounts::{
    Accounts, AccountsBuilder, CapturedMail, Collection, KeyRotation, MemoryStore,
};
use portcullis_jwt::{Algorithm, KeyRing, SigningKey};

use crate::common::SECRET;
use crate::nodes::{DAY, EMAIL, HOUR, kid_of, node_with, rows, world};

const MINUTE: Duration = Duration::from_secs(60);

fn fault(more: impl FnOnce(AccountsBuilder) -> AccountsBuilder) -> String {
    let builder = Accounts::builder(
        MemoryStore::new(),
        CapturedMail::new(),
        "https://app.example",
    );
    let builder = more(builder.jwt_secret(SECRET).without_background());
    builder.build().map(drop).unwrap_err().to_string()
}

#[test]
fn what_makes_no_sense_is_refused_when_it_is_built() {
    let of = |rotation: KeyRotation| fault(|builder| builder.stored_keys(rotation));
    let new = KeyRotation::new;
    assert!(of(new().algorithm(Algorithm::Hs256)).contains("public keys"));
    assert!(of(new().announced_for(10 * MINUTE - MINUTE / 60)).contains("ten minutes"));
    assert!(of(new().with_insecure_announcement(Duration::ZERO)).contains("ten minutes"));
    assert!(of(new().every(2 * DAY - MINUTE)).contains("twice"));
    let brief = new().announced_for(HOUR).every(DAY);
    let long = fault(|builder| builder.stored_keys(brief).jwt_expiry("25h"));
    assert!(long.contains("access token lives"), "{long}");
    let both = fault(|builder| {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        builder.stored_keys(new()).key_ring(KeyRing::new(key))
    });
    assert!(both.contains("key_ring"), "{both}");
}

#[tokio::test]
async fn other_algorithms_sign_and_the_next_key_brings_the_new_one() {
    let (store, clock) = world();
    let mut before: Option<String> = None;
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let rotation = KeyRotation::new().algorithm(algorithm);
        let node = node_with(&store, &clock, |builder| builder.stored_keys(rotation));
        match &before {
            None => drop(node.register(EMAIL).await),
            Some(before) => {
                assert_eq!(node.answer(before).await, "", "the old key signs on");
                clock.advance(89 * DAY);
                node.look().await;
                clock.advance(DAY);
                node.look().await;
            }
        }
        let token = node.token().await;
        let signing = rows(&store).await.pop().unwrap();
        assert_eq!(
            (signing.algorithm, &signing.kid),
            (algorithm, &kid_of(&token))
        );
        before = Some(token);
    }
}

/// Keys that follow one another within seconds, for tests of one's own.
#[tokio::test]
async fn an_insecure_announcement_is_as_brief_as_one_says() {
    let (store, clock) = world();
    let second = Duration::from_secs(1);
    let rotation = KeyRotation::new()
        .with_insecure_announcement(second)
        .every(5 * second);
    let node = node_with(&store, &clock, |builder| {
        builder.stored_keys(rotation).jwt_expiry("5s")
    });
    node.register(EMAIL).await;
    let mut signed = Vec::new();
    for _ in 0..40 {
        let token = node.token().await;
        assert_eq!(node.answer(&token).await, "");
        signed.push(kid_of(&token));
        clock.advance(second);
        node.look().await;
    }
    signed.dedup();
    assert_eq!(signed.len(), 8);
    assert!(rows(&store).await.len() <= 4, "what is dead goes");
}

/// Without stored keys nothing is read, and nothing kept.
#[tokio::test]
async fn unless_said_the_store_is_not_asked() {
    let harness = crate::common::harness(Collection::new());
    harness.accounts.read_signing_keys().await.unwrap();
    harness.accounts.replace_signing_keys().await.unwrap();
    harness.register(EMAIL).await;
    assert!(rows(&harness.store).await.is_empty());
}

/// A store that keeps no such keys says so at start.
#[tokio::test]
async fn a_store_that_keeps_no_keys_is_told_of_at_start() {
    use portcullis_accounts::store::SigningKeyStore;

    #[derive(Debug)]
    struct Bare;
    impl SigningKeyStore for Bare {}
    let error = Bare.signing_keys().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("keeps no signing keys"), "{source}");
}
