//! What cannot be a token, and what others have made: AC-R5.

use portcullis_accounts::{AccountsBuilder, Collection, Logout, Register, Registered};
use sha2::{Digest, Sha256};

use crate::common::{PASSWORD, SECRET, code, harness, harness_on, harness_with};
use crate::{SECOND, next, refresh_of, watched};

#[tokio::test]
async fn ac_r5_what_cannot_be_a_token_costs_no_question() {
    let harness = watched();
    let token = refresh_of(&harness.register("ada@example.com").await);
    assert_eq!((token.len(), &token[..3]), (79, "rt_"));
    harness.store.asked();
    let mut wrong: Vec<String> = ["", "rt_", "rt", "x", "rt_AAAA", "Bearer x"]
        .map(str::to_owned)
        .into();
    wrong.push(format!("{token}="));
    wrong.push(format!("{token}A"));
    wrong.push(format!(" {token}"));
    wrong.push(token.to_uppercase());
    wrong.push(token[3..].to_owned());
    wrong.push("rt_".to_owned() + &"A".repeat(1 << 20));
    wrong.extend((3..token.len()).map(|at| {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    }));
    let users = harness.users();
    for chunk in wrong.chunks(20) {
        for token in chunk {
            assert_eq!(code(users.refresh(token).await), "401 refresh_invalid");
        }
        harness.wait(60 * SECOND);
    }
    assert!(harness.store.asked().is_empty());
}

/// The bytes of a token, to make another one of.
fn rewritten(token: &str, change: impl FnOnce(&mut [u8])) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
    change(&mut bytes[..53]);
    let checksum = Sha256::digest(&bytes[..53]);
    bytes[53..].copy_from_slice(&checksum[..4]);
    format!("rt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn ac_r5_a_forged_token_ends_nothing() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let first = refresh_of(&harness.register("ada@example.com").await);
    let token = refresh_of(&next(&users, &first).await);
    assert_eq!(rewritten(&token, |_| ()), token);
    let forged = [
        rewritten(&token, |bytes| bytes[20] += 1),
        rewritten(&token, |bytes| bytes[20] = 0),
        rewritten(&token, |bytes| bytes[5] ^= 1),
        rewritten(&token, |bytes| bytes[0] = 2),
        rewritten(&token, |bytes| bytes[21..].fill(0)),
        rewritten(&token, |bytes| bytes[52] ^= 1),
    ];
    for forged in &forged {
        assert_eq!(code(users.refresh(forged).await), "401 refresh_invalid");
    }
    next(&users, &token).await;
}

#[tokio::test]
async fn ac_r5_tokens_belong_to_the_secret() {
    let old = harness(Collection::new());
    let token = refresh_of(&old.register("ada@example.com").await);
    let other = |former: &'static [&'static str]| {
        harness_on(
            old.store.clone(),
            old.clock.clone(),
            Collection::new(),
            |builder| {
                let builder = builder.jwt_secret("another secret, of more than 32 bytes");
                former.iter().fold(builder, AccountsBuilder::former_secret)
            },
        )
    };
    let stranger = other(&[]);
    assert_eq!(
        code(stranger.users().refresh(&token).await),
        "401 refresh_invalid"
    );
    let heir = other(&[SECRET]);
    let child = refresh_of(&next(&heir.users(), &token).await);
    assert_eq!(
        code(old.users().refresh(&child).await),
        "401 refresh_invalid",
        "the child is of the new secret"
    );
    next(&heir.users(), &child).await;
}

#[tokio::test]
async fn collections_never_cross() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let customers = harness.accounts.users_of("customers").unwrap();
    let registered = customers
        .register(Register::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    let Registered::LoggedIn(session) = registered else {
        panic!("no proof is asked for");
    };
    let token = refresh_of(&session);
    assert_eq!(
        code(harness.users().refresh(&token).await),
        "401 refresh_invalid"
    );
    harness
        .users()
        .logout(Logout {
            refresh_token: Some(&token),
            caller: None,
        })
        .await
        .unwrap();
    next(&customers, &token).await;
}
