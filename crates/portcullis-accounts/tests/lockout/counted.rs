//! Whose failures are counted together: AC-T4, and what the application counts by itself.

use portcullis_accounts::Collection;
use proptest::prelude::*;

use crate::common::{PASSWORD, address, code, harness, harness_with};
use crate::{ADA, MINUTE, count, guess, login};

#[tokio::test]
async fn ac_t4_an_address_in_another_dress_is_the_same_address() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    let dresses = [
        " ada@example.com",
        "ADA@example.com",
        "\u{a0}\u{2003}ada@EXAMPLE.com\t",
        "ａda@example.com",
        "ada@example.com\n",
    ];
    for dress in dresses {
        assert_eq!(
            code(login(&users, dress, "wrong").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(login(&users, ADA, PASSWORD).await),
        "401 invalid_credentials",
        "five of one account"
    );
    assert!(
        users
            .lock_status("  Ada@Example.COM ")
            .await
            .unwrap()
            .locked
    );
}

proptest! {
    /// AC-T4: whatever finds the account is counted on it.
    #[test]
    fn ac_t4_what_finds_an_account_is_counted_on_it(
        before in "[ \\t\\u{a0}\\u{2003}\\u{3000}]{0,4}",
        after in "[ \\t\\n\\u{a0}\\u{2003}]{0,4}",
        upper in prop::collection::vec(any::<bool>(), 15),
        wide in prop::collection::vec(any::<bool>(), 15),
    ) {
        let dress = |(letter, (upper, wide)): (char, (bool, bool))| {
            let letter = if upper { letter.to_ascii_uppercase() } else { letter };
            match wide && letter.is_ascii_alphanumeric() {
                true => char::from_u32(u32::from(letter) + 0xfee0).unwrap(),
                false => letter,
            }
        };
        let text: String = ADA.chars().zip(upper.into_iter().zip(wide)).map(dress).collect();
        let typed = format!("{before}{text}{after}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let harness = harness(Collection::new());
            let users = harness.users().from(address(1));
            let before = users.lock_status(ADA).await.unwrap().remaining;
            users.count_failure(&typed).await.unwrap();
            let after = users.lock_status(ADA).await.unwrap().remaining;
            if portcullis_accounts::EmailAddress::parse(&typed).is_ok_and(|address| address.key() == ADA) {
                assert_eq!(after, before - 1, "{typed:?}");
            }
        });
    }
}

#[tokio::test]
async fn collections_have_locks_of_their_own() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let customers = harness
        .accounts
        .users_of("customers")
        .unwrap()
        .from(address(1));
    assert!(!customers.lock_status(ADA).await.unwrap().locked);
}

#[tokio::test]
async fn the_application_counts_looks_and_forgets() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    for left in (1..=5).rev() {
        let status = users.lock_status(ADA).await.unwrap();
        assert_eq!((status.locked, status.remaining), (false, left));
        users.count_failure(ADA).await.unwrap();
    }
    let status = users.lock_status(ADA).await.unwrap();
    assert_eq!((status.locked, status.remaining), (true, 0));
    users.count_failure(ADA).await.unwrap();
    assert_eq!(
        code(login(&users, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(count(&harness, "account.locked for_a_while").await, 1);
    users.forget_failures(ADA).await.unwrap();
    assert_eq!(users.lock_status(ADA).await.unwrap().remaining, 5);
    login(&users, ADA, PASSWORD).await.unwrap();

    let unlimited = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    let users = unlimited.users();
    users.count_failure(ADA).await.unwrap();
    users.forget_failures(ADA).await.unwrap();
    assert_eq!(users.lock_status(ADA).await.unwrap().remaining, u32::MAX);
}

#[tokio::test]
async fn attempts_of_the_applications_own_are_limited() {
    let harness = harness(Collection::new());
    let users = harness.users();
    for name in ["ada", "ADA ", "ada"] {
        users.limit_attempts(name, 3, MINUTE).await.unwrap();
    }
    let denial = users.limit_attempts("Ada", 3, MINUTE).await.unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (429, "rate_limited")
    );
    assert!(
        denial
            .retry_after_seconds()
            .is_some_and(|seconds| (1..=60).contains(&seconds))
    );
    users.limit_attempts("bob", 3, MINUTE).await.unwrap();
    harness.wait(MINUTE);
    users.limit_attempts("ada", 3, MINUTE).await.unwrap();
}
