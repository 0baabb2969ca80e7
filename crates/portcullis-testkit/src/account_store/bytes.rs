//! Rule 4: texts are compared byte by byte.

use std::future::Future;

use portcullis_accounts::User;
use portcullis_accounts::store::{Change, Conflict};

use super::users::{assert_same, insert};
use super::{Nodes, rows};

super::cases![
    addresses_are_told_apart,
    collections_are_told_apart,
    roles_are_told_apart,
];

/// Texts that one collation or another takes for the same, trims, or reads as a pattern.
pub(super) const ALIKE: [&str; 22] = [
    "resume",
    "Resume",
    "RESUME",
    "résumé",
    "re\u{301}sume\u{301}",
    "resume ",
    " resume",
    "resume  ",
    "resume\t",
    "resume\n",
    "resum\u{435}",
    "ｒｅｓｕｍｅ",
    "re\u{200b}sume",
    "resume\u{feff}",
    "resume\u{fe0f}",
    "r_sume",
    "r%",
    "res'ume",
    "res\"ume",
    "res\\ume",
    "strasse\u{1f510}",
    "straße\u{1f510}",
];

async fn addresses_are_told_apart(nodes: Nodes) {
    let users = ALIKE.map(|key| rows::user("users", key));
    for user in &users {
        let rule = "two keys that differ in a byte are two accounts";
        let made = nodes.try_commit(&[insert(user)]).await;
        assert!(made.is_ok(), "{rule}: {:?}: {made:?}", user.email.key());
    }
    for user in &users {
        let found = nodes.find_by_email("users", user.email.key()).await;
        assert_same(
            found,
            user,
            "an account is found by its key alone, byte by byte",
        );
        let second = rows::user("users", user.email.key());
        let refused = nodes.refusal(insert(&second)).await;
        assert_eq!(refused, Conflict::EmailTaken, "each key is taken");
    }
    for absent in [
        "resumE",
        "RÉSUMÉ",
        "resum",
        "resume   ",
        "%",
        "r%e",
        "res_me",
        "ｒesume",
    ] {
        let found = nodes.find_by_email("users", absent).await;
        assert_eq!(found, None, "a key is found byte by byte: {absent:?}");
    }
}

async fn collections_are_told_apart(nodes: Nodes) {
    let rule = "two collections whose names differ in a byte are two";
    let users = ALIKE.map(|collection| rows::user(collection, "alice@example.com"));
    for user in &users {
        let made = nodes.try_commit(&[first(user)]).await;
        assert!(made.is_ok(), "{rule}: {:?}: {made:?}", user.collection);
    }
    for user in &users {
        assert_same(nodes.find(&user.reference()).await, user, rule);
        let found = nodes
            .find_by_email(&user.collection, "alice@example.com")
            .await;
        assert_same(found, user, rule);
        let query = super::pages::all_users(&user.collection);
        let users = nodes.b.users(&query).await.expect("a store answers");
        assert_eq!(users.len(), 1, "{rule}: {:?} lists others", user.collection);
    }
}

fn first(user: &User) -> Change {
    Change::InsertFirstUser(Box::new(user.clone()))
}

async fn roles_are_told_apart(nodes: Nodes) {
    for role in ALIKE {
        let mut user = rows::user("users", role);
        user.roles = vec![role.to_owned()];
        let others = ALIKE.into_iter().filter(|other| *other != role);
        for other in others {
            let require = Change::RequireRoleHeld {
                collection: String::from("users"),
                role: other.to_owned(),
            };
            let refused = nodes.conflict(&[insert(&user), require]).await;
            let rule = "two roles whose names differ in a byte are two";
            assert_eq!(
                refused,
                (1, Conflict::RoleUnheld),
                "{rule}: {role:?}, {other:?}"
            );
        }
    }
}
