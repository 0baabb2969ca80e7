//! What the store has of the keys signs nothing, and is of no use elsewhere.

use portcullis_accounts::store::{Change, Ledger as _};
use portcullis_accounts::{AccountsBuilder, MemoryStore, StoredKey};
use portcullis_core::Timestamp;
use portcullis_mfa::SealingKeys;
use portcullis_testkit::ManualClock;

use crate::common::SECRET;
use crate::nodes::{DAY, EMAIL, Node, kid_of, kids, node, node_with, rows, two, world};

const NEW_SECRET: &str = "another secret of 32 bytes, or more";

fn with_secrets(
    store: &MemoryStore,
    clock: &ManualClock,
    (secret, former): (&'static str, Option<&'static str>),
) -> Node {
    node_with(store, clock, |builder| {
        let builder = builder.jwt_secret(secret);
        match former {
            Some(former) => builder.former_secret(former),
            None => builder,
        }
    })
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

/// v5.0.0-13.3.1
#[tokio::test]
async fn no_private_key_is_in_the_store() {
    let (store, _, [one, _]) = two().await;
    let key = one.accounts.key_ring().signing_key().unwrap();
    let der = key.to_private_der().unwrap();
    // An Ed25519 key ends with its seed, in whatever it is wrapped (RFC 8410 §7).
    let seed = der
        .windows(34)
        .find(|part| part[..2] == [0x04, 0x20])
        .unwrap();
    let row = &rows(&store).await[0];
    for secret in [&der[..], &seed[2..], &seed[2..18]] {
        assert!(!holds(&row.sealed, secret));
    }
    let shown = format!("{row:?} {:?}", one.accounts.key_ring());
    assert!(
        !shown.contains("sealed") && !shown.contains("secret:"),
        "{shown}"
    );
    let jwks = one.accounts.key_ring().to_jwks();
    assert!(!jwks.contains("\"d\"") && jwks.contains("\"x\""));
}

#[tokio::test]
async fn a_former_secret_opens_and_the_new_one_seals() {
    let (store, clock, [old, _]) = two().await;
    let token = old.token().await;
    let before = rows(&store).await;
    let both = with_secrets(&store, &clock, (NEW_SECRET, Some(SECRET)));
    assert_eq!(both.answer(&token).await, "");
    let after = rows(&store).await;
    assert_eq!(after[0].kid, before[0].kid);
    assert_ne!(after[0].sealed, before[0].sealed, "it is sealed anew");

    let new = with_secrets(&store, &clock, (NEW_SECRET, None));
    assert_eq!(
        new.answer(&token).await,
        "",
        "the former one is needed no more"
    );
    // A node that has the former one alone goes on with what it knows, and leaves the seal alone.
    old.look().await;
    assert_eq!(rows(&store).await, after);
    assert_eq!(new.answer(&old.token().await).await, "");
    // One that has them the other way round does not fight for it.
    let back = with_secrets(&store, &clock, (SECRET, Some(NEW_SECRET)));
    for _ in 0..3 {
        back.look().await;
        both.look().await;
    }
    let settled = rows(&store).await;
    back.look().await;
    both.look().await;
    assert_eq!(rows(&store).await, settled);
}

#[tokio::test]
async fn a_wrong_secret_is_said_at_start_and_lets_nobody_in() {
    let (store, clock, [right, _]) = two().await;
    let token = right.token().await;
    let before = rows(&store).await;
    let wrong = with_secrets(&store, &clock, (NEW_SECRET, None));
    let error = wrong.accounts.read_signing_keys().await.unwrap_err();
    assert!(error.is_wrong_secret());
    let text = error.to_string();
    assert!(
        text.contains(&before[0].kid) && text.contains("former_secret"),
        "{text}"
    );
    assert!(!text.contains("another secret") && !text.contains(SECRET));
    assert_eq!(wrong.answer(&token).await, "503 unavailable");
    let session = wrong.login(EMAIL, crate::common::PASSWORD).await;
    assert_eq!(crate::common::code(session), "503 unavailable");
    assert_eq!(rows(&store).await, before, "it harms nothing");
    assert_eq!(right.answer(&right.token().await).await, "");

    // The way out, if the secret is lost.
    wrong.accounts.replace_signing_keys().await.unwrap();
    let new = wrong.token().await;
    assert_eq!(wrong.answer(&new).await, "");
    assert!(wrong.answer(&token).await.starts_with("401"));
    assert!(
        right.accounts.read_signing_keys().await.is_err(),
        "now it is the wrong one"
    );
}

/// A node that was not given the new secret signs on with the key that it knows until the next one signs.
#[tokio::test]
async fn a_node_without_the_new_secret_goes_on_until_the_next_key_signs() {
    let (store, clock, [old, _]) = two().await;
    old.look().await;
    clock.advance(89 * DAY);
    let new = with_secrets(&store, &clock, (NEW_SECRET, Some(SECRET)));
    new.look().await;
    assert_eq!(kids(&store).await.len(), 2);
    old.look().await;
    assert_eq!(new.answer(&old.token().await).await, "");
    clock.advance(DAY);
    let next = new.token().await;
    assert_eq!(old.answer(&next).await, "503 unavailable");
    assert!(
        old.accounts
            .read_signing_keys()
            .await
            .unwrap_err()
            .is_wrong_secret()
    );
}

#[tokio::test]
async fn keys_of_a_vault_seal_instead_of_the_secret() {
    let (store, clock) = world();
    let vault = |builder: AccountsBuilder| {
        let keys = SealingKeys::new("vault-2", &[2; 32]).unwrap();
        builder.credential_keys(keys.with_old_key("vault-1", &[1; 32]).unwrap())
    };
    let old = node_with(&store, &clock, |builder| {
        builder.credential_keys(SealingKeys::new("vault-1", &[1; 32]).unwrap())
    });
    old.register(EMAIL).await;
    let token = old.token().await;
    let without = node(&store, &clock);
    assert!(
        without
            .accounts
            .read_signing_keys()
            .await
            .unwrap_err()
            .is_wrong_secret()
    );
    let new = node_with(&store, &clock, vault);
    assert_eq!(new.answer(&token).await, "");
    assert!(holds(&rows(&store).await[0].sealed, b"vault-2"));
}

/// Somebody who can write to the database makes no key sign longer, again, or by another algorithm, and puts none of their own there.
#[tokio::test]
async fn a_row_that_was_changed_opens_nothing() {
    let (store, clock, [one, _]) = two().await;
    let row = rows(&store).await.remove(0);
    let token = one.token().await;
    let soon = Timestamp::from_unix_millis(row.signs_from.unix_millis() + 1);
    let changed = [
        StoredKey {
            signs_from: soon,
            ..row.clone()
        },
        StoredKey {
            created_at: soon,
            ..row.clone()
        },
        StoredKey {
            kid: "other".to_owned(),
            ..row.clone()
        },
        StoredKey {
            number: 2,
            ..row.clone()
        },
        StoredKey {
            algorithm: portcullis_jwt::Algorithm::Es256,
            ..row.clone()
        },
        StoredKey {
            sealed: flipped(&row.sealed),
            ..row.clone()
        },
    ];
    for changed in changed {
        let other = MemoryStore::new().with_clock(clock.shared());
        let filler = StoredKey {
            kid: "filler".to_owned(),
            ..row.clone()
        };
        if changed.number == 2 {
            let fill = Change::PutSigningKey(Box::new(filler));
            other.commit(&[fill]).await.unwrap();
        }
        let put = Change::PutSigningKey(Box::new(changed.clone()));
        other.commit(&[put]).await.unwrap();
        let late = node(&other, &clock);
        let error = late.accounts.read_signing_keys().await.unwrap_err();
        assert!(error.is_wrong_secret(), "{changed:?}");
        assert_eq!(late.answer(&token).await, "503 unavailable");
        assert!(late.published().is_empty());
    }
    assert_eq!(kid_of(&token), row.kid);
}

fn flipped(sealed: &[u8]) -> Vec<u8> {
    let mut flipped = sealed.to_vec();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    flipped
}
