//! What stores keep of second factors: AC-O6, AC-O7; OWASP ASVS 6.5.2, 6.5.3.

#[path = "common/app.rs"]
mod app;
mod common;

use portcullis_accounts::store::{Change, FactorStore, Ledger, UserStore};
use portcullis_accounts::{AccountsBuilder, Collection, Factor, Proof, User};
use portcullis_core::AuthUser;
use portcullis_mfa::SealingKeys;

use crate::app::{App, STEP};
use crate::common::{Harness, SECRET, code, harness, harness_on, tokens};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210!";

async fn account(h: &Harness, email: &str) -> User {
    let user = h.store.user_by_email("users", email).await.unwrap();
    user.unwrap()
}

async fn factor_of(h: &Harness, email: &str) -> Factor {
    let owner = account(h, email).await.reference();
    h.store.factor(&owner).await.unwrap().unwrap()
}

/// Somebody with a second factor, logged in by tokens, and what was shown of the factor.
async fn enrolled(h: &Harness, email: &str) -> (AuthUser, App, String) {
    let session = h.register_proved(email).await;
    let caller = h.caller(tokens(&session)).await.unwrap();
    let shown = h.users().enroll_totp(&caller).await.unwrap();
    let mut app = App::scan(&shown, &h.clock);
    let activated = h.users().activate_totp(&caller, &app.code()).await.unwrap();
    let codes = activated.recovery_codes.iter();
    app.recovery = codes.map(|code| code.expose().to_owned()).collect();
    h.wait(STEP);
    (caller, app, shown.secret.expose().to_owned())
}

/// The same accounts under other keys, as after a restart.
fn restarted(h: &Harness, more: impl FnOnce(AccountsBuilder) -> AccountsBuilder) -> Harness {
    harness_on(h.store.clone(), h.clock.clone(), Collection::new(), more)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[tokio::test]
async fn ac_o6_the_rows_hold_no_secret() {
    let h = harness(Collection::new());
    let (_, app, secret) = enrolled(&h, ADA).await;
    let factor = factor_of(&h, ADA).await;
    let totp = portcullis_mfa::Totp::from_base32(&secret).unwrap();
    let stored = totp.to_bytes();
    assert!(!contains(&factor.sealed, secret.as_bytes()));
    for piece in stored.expose().windows(8) {
        assert!(
            !contains(&factor.sealed, piece),
            "not a piece of the secret"
        );
    }
    for debug in [
        format!("{factor:?}"),
        format!("{:?}", h.store),
        format!("{:?}", h.accounts),
    ] {
        assert!(!debug.contains(&secret));
        assert!(app.recovery.iter().all(|code| !debug.contains(code)));
    }
    let trail = format!("{:?}", h.audit().await);
    assert!(!trail.contains(&secret));
}

/// In another user's row, under whichever id, it opens nothing.
#[tokio::test]
async fn ac_o6_a_factor_is_bound_to_its_owner() {
    let h = harness(Collection::new());
    let (_, ada, _) = enrolled(&h, ADA).await;
    let (caller, bob, _) = enrolled(&h, BOB).await;
    let (hers, his) = (factor_of(&h, ADA).await, factor_of(&h, BOB).await);
    let swapped = |id, sealed| Factor {
        id,
        sealed,
        activated_at: None,
        ..his.clone()
    };
    for id in [his.id, hers.id] {
        let owner = || his.owner.clone();
        let changes = [
            Change::DeleteFactor { owner: owner() },
            Change::PutFactor(Box::new(swapped(id, hers.sealed.clone()))),
            Change::ActivateFactor {
                owner: owner(),
                id,
                step: 0,
                at: his.created_at,
            },
        ];
        h.store.commit(&changes).await.unwrap();
        for typed in [ada.code(), bob.code()] {
            let proof = h.users().reauthenticate(&caller, Proof::Code(&typed)).await;
            assert_eq!(
                code(proof),
                "503 unavailable",
                "it cannot be opened, and is no pass"
            );
        }
    }
}

#[tokio::test]
async fn a_row_that_was_tampered_with_opens_nothing() {
    let h = harness(Collection::new());
    let (caller, app, _) = enrolled(&h, ADA).await;
    let factor = factor_of(&h, ADA).await;
    for place in [0, factor.sealed.len() / 2, factor.sealed.len() - 1] {
        let mut broken = factor.clone();
        broken.sealed[place] ^= 1;
        broken.activated_at = None;
        let owner = factor.owner.clone();
        let changes = [
            Change::DeleteFactor {
                owner: owner.clone(),
            },
            Change::PutFactor(Box::new(broken)),
            Change::ActivateFactor {
                owner,
                id: factor.id,
                step: 0,
                at: factor.created_at,
            },
        ];
        h.store.commit(&changes).await.unwrap();
        let proof = h
            .users()
            .reauthenticate(&caller, Proof::Code(&app.code()))
            .await;
        assert_eq!(code(proof), "503 unavailable");
    }
}

/// A new secret of the server: what is there is opened by the former one, and sealed anew when it is used.
#[tokio::test]
async fn ac_o6_a_new_secret_seals_anew_at_use() {
    let h = harness(Collection::new());
    let (caller, app, _) = enrolled(&h, ADA).await;
    let before = factor_of(&h, ADA).await.sealed;
    let both = |builder: AccountsBuilder| builder.jwt_secret(OTHER_SECRET).former_secret(SECRET);
    let rotated = restarted(&h, both);
    rotated
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
    let after = factor_of(&h, ADA).await.sealed;
    assert_ne!(before, after);
    h.wait(STEP);
    rotated
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
    assert_eq!(factor_of(&h, ADA).await.sealed, after, "once is enough");
    let recovery = Proof::Code(&app.recovery[0]);
    rotated
        .users()
        .reauthenticate(&caller, recovery)
        .await
        .unwrap();

    h.wait(STEP);
    let new_alone = restarted(&h, |builder| builder.jwt_secret(OTHER_SECRET));
    new_alone
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
    h.wait(STEP);
    let proof = h
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await;
    assert_eq!(
        code(proof),
        "503 unavailable",
        "the old secret opens it no more"
    );
}

/// Keys of their own, from a vault, rotated by themselves.
#[tokio::test]
async fn ac_o6_credential_keys_are_rotated_on_their_own() {
    let h = harness(Collection::new());
    let of_2026 = || SealingKeys::new("2026", &[1; 32]).unwrap();
    let of_2027 = || SealingKeys::new("2027", &[2; 32]).unwrap();
    let first = restarted(&h, |builder| builder.credential_keys(of_2026()));
    let (caller, app, _) = enrolled(&first, ADA).await;
    assert!(!of_2026().needs_resealing(&factor_of(&h, ADA).await.sealed));
    let proof = h
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await;
    assert_eq!(
        code(proof),
        "503 unavailable",
        "the server's secret alone opens nothing"
    );

    let keys = of_2027().with_old_key("2026", &[1; 32]).unwrap();
    let second = restarted(&h, |builder| builder.credential_keys(keys));
    second
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
    assert!(!of_2027().needs_resealing(&factor_of(&h, ADA).await.sealed));
    h.wait(STEP);
    let third = restarted(&h, |builder| builder.credential_keys(of_2027()));
    third
        .users()
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
}

/// AC-O7, v5.0.0-6.5.2: 80 bits, kept as a keyed hash; the same code is another user's no more than its digest.
#[tokio::test]
async fn ac_o7_a_recovery_code_is_kept_as_a_digest_of_its_owners() {
    let h = harness(Collection::new());
    let (_, ada, _) = enrolled(&h, ADA).await;
    let (bob, _, _) = enrolled(&h, BOB).await;
    let users = h.users();
    for stolen in &ada.recovery {
        assert_eq!(stolen.len(), "xxxx-xxxx-xxxx-xxxx".len());
        let symbols = stolen.chars().filter(|letter| *letter != '-');
        let alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
        assert!(symbols.clone().all(|letter| alphabet.contains(letter)));
        assert_eq!(symbols.count() * 5, 80, "bits");
    }
    let proof = users
        .reauthenticate(&bob, Proof::Code(&ada.recovery[0]))
        .await;
    assert_eq!(code(proof), "401 invalid_code");
    let owner = account(&h, ADA).await.reference();
    assert_eq!(h.store.recovery_codes_left(&owner).await.unwrap(), 10);
}

/// AC-O4: a challenge that was begun under the former secret is finished under the new one, by the client that began it and no other.
#[tokio::test]
async fn ac_o4_a_new_secret_leaves_challenges_under_way_alone() {
    let h = harness(Collection::new());
    let app = app::with_factor(&h, ADA).await;
    let users = |h: &Harness, address| h.users().from(common::at(address).user_agent("Firefox"));
    let challenge = app::challenged(&users(&h, "192.0.2.1"), ADA).await;
    let rotated = restarted(&h, |builder| {
        builder.jwt_secret(OTHER_SECRET).former_secret(SECRET)
    });
    let stolen = app::by_totp(&users(&rotated, "192.0.2.2"), &challenge, &app.code()).await;
    assert_eq!(code(stolen), "401 challenge_expired");
    let own = users(&rotated, "192.0.2.1");
    app::by_totp(&own, &challenge, &app.code()).await.unwrap();

    h.wait(STEP);
    let challenge = app::challenged(&users(&h, "192.0.2.1"), ADA).await;
    let new_alone = restarted(&h, |builder| builder.jwt_secret(OTHER_SECRET));
    let own = users(&new_alone, "192.0.2.1");
    let unknown = app::by_totp(&own, &challenge, &app.code()).await;
    assert_eq!(code(unknown), "401 challenge_expired");
}
