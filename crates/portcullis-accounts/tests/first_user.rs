//! The roles of whoever registers first, where the settings give any: one gets them, however many come at once.

mod common;

use portcullis_accounts::{Collection, Register, Registered};

use common::{Harness, PASSWORD, address, at_once, harness};

async fn admins(harness: &Harness, many: usize) -> usize {
    let mut admins = 0;
    for number in 0..many {
        let email = format!("user{number}@example.com");
        let token = harness.link_to(&email).await;
        let user = harness.users().verify_email(&token, None).await.unwrap();
        admins += usize::from(user.roles.iter().any(|role| role == "admin"));
        assert!(user.roles.iter().any(|role| role == "user"));
    }
    admins
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_the_first() {
    const MANY: usize = 16;
    for requires_verified in [false, true] {
        let settings = Collection::new().require_verified(requires_verified);
        let harness = harness(settings.first_user_roles(["admin"]));
        let users = harness.users();
        let registered = at_once(MANY, move |number| {
            let users = users.from(address(number as u32));
            let register = Register::new(format!("user{number}@example.com"), PASSWORD);
            async move { users.register(register).await.unwrap() }
        });
        for registered in registered.await {
            let sent = matches!(registered, Registered::VerificationSent);
            assert_eq!(sent, requires_verified);
        }
        assert_eq!(admins(&harness, MANY).await, 1, "{requires_verified}");
    }
}

/// Nobody is asked for, so nobody is.
#[tokio::test]
async fn unasked_the_first_is_like_all_others() {
    let harness = harness(Collection::new());
    harness.register("user0@example.com").await;
    assert_eq!(admins(&harness, 1).await, 0);
}
