use std::future::Future;
use std::time::Duration;

use portcullis_accounts::store::{Conflict, UserUpdate};
use portcullis_accounts::{EmailAddress, StoredPassword, User};
use serde_json::json;

use super::users::{assert_same, full, insert};
use super::{Nodes, rows};

super::cases![
    what_is_named_is_set,
    all_is_set_at_once,
    what_is_optional_can_be_emptied,
    a_guard_that_holds_lets_pass,
    a_guard_that_does_not_hold_refuses,
    every_change_is_later_than_the_last,
    an_address_stays_one_account,
    addresses_change_hands_in_order,
    nobody_else_is_changed,
];

type Setting = (&'static str, fn(&mut UserUpdate));

const SETTINGS: [Setting; 10] = [
    ("the password", |update| {
        update.password = Some(Some(StoredPassword::new("$argon2id$second")));
    }),
    ("the address", |update| {
        update.email = Some(EmailAddress::from_parts(
            "New@example.com",
            "new@example.com",
        ));
    }),
    ("the verified mark", |update| update.verified = Some(true)),
    ("the ban", |update| {
        update.banned_at = Some(Some(rows::at(400)));
    }),
    ("the roles", |update| {
        update.roles = Some(vec![String::from("b"), String::from("a")]);
    }),
    ("the permissions", |update| {
        update.permissions = Some(vec![String::from("posts:read")]);
    }),
    ("the profile", |update| {
        update.profile = Some(rows::profile(json!({"name": "Zoë", "tags": [1, 2]})));
    }),
    ("the language", |update| {
        update.language = Some(Some(String::from("de")));
    }),
    // Who forgets it lets people in without their second factor.
    ("since when a second factor is asked for", |update| {
        update.mfa_since = Some(Some(rows::at(440)));
    }),
    ("the stamp and when rights changed", |update| {
        update.stamp = Some(String::from("stamp-2"));
        update.rights_changed_at = Some(rows::at(450));
    }),
];

async fn commit(nodes: &Nodes, update: &UserUpdate) {
    nodes.commit(&[rows::updated(update.clone())]).await;
}

async fn refusal(nodes: &Nodes, update: &UserUpdate) -> Conflict {
    nodes.refusal(rows::updated(update.clone())).await
}

async fn what_is_named_is_set(nodes: Nodes) {
    let mut now = nodes.user("alice").await;
    for (what, set) in SETTINGS {
        let mut update = rows::update(&now);
        set(&mut update);
        now = update.applied_to(&now);
        commit(&nodes, &update).await;
        let rule = format!("an update sets {what}, and nothing else");
        assert_same(nodes.find(&now.reference()).await, &now, &rule);
        let found = nodes.find_by_email("users", now.email.key()).await;
        assert_same(found, &now, &rule);
    }
    let old = nodes.find_by_email("users", "alice@example.com").await;
    assert_eq!(old, None, "the old address leads nowhere");
}

async fn all_is_set_at_once(nodes: Nodes) {
    let before = nodes.user("alice").await;
    let mut update = rows::update(&before);
    SETTINGS.iter().for_each(|(_, set)| set(&mut update));
    commit(&nodes, &update).await;
    let found = nodes.find(&before.reference()).await;
    assert_same(
        found,
        &update.applied_to(&before),
        "an update sets all that it names",
    );
}

async fn what_is_optional_can_be_emptied(nodes: Nodes) {
    let before = full();
    nodes.commit(&[insert(&before)]).await;
    let mut update = rows::update(&before);
    update.password = Some(None);
    update.banned_at = Some(None);
    update.language = Some(None);
    update.mfa_since = Some(None);
    update.roles = Some(Vec::new());
    update.permissions = Some(Vec::new());
    update.profile = Some(rows::profile(json!({})));
    update.verified = Some(false);
    commit(&nodes, &update).await;
    let found = nodes.find(&before.reference()).await;
    assert_same(
        found,
        &update.applied_to(&before),
        "an update empties what it says",
    );
}

async fn a_guard_that_holds_lets_pass(nodes: Nodes) {
    let mut user = full();
    nodes.commit(&[insert(&user)]).await;
    for password in [Some(StoredPassword::new("$argon2id$second")), None] {
        let mut update = rows::update(&user);
        update.if_password = Some(user.password.clone());
        update.if_email_key = Some(user.email.key().to_owned());
        update.if_stamp = Some(user.stamp.clone());
        update.if_updated_at = Some(user.updated_at);
        update.password = Some(password);
        commit(&nodes, &update).await;
        user = update.applied_to(&user);
        assert_same(
            nodes.find(&user.reference()).await,
            &user,
            "guards that hold let pass",
        );
    }
    let mut update = rows::update(&user);
    update.if_password = Some(None);
    commit(&nodes, &update).await;
}

async fn a_guard_that_does_not_hold_refuses(nodes: Nodes) {
    let user = nodes.user("alice").await;
    let guards: [Setting; 6] = [
        ("another hash", |update| {
            update.if_password = Some(Some(StoredPassword::new("$argon2id$FIRST")));
        }),
        ("no hash", |update| update.if_password = Some(None)),
        ("another address", |update| {
            update.if_email_key = Some(String::from("Alice@example.com"));
        }),
        ("another stamp", |update| {
            update.if_stamp = Some(String::from("stamp-1 "));
        }),
        ("a sooner change", |update| {
            update.if_updated_at = Some(rows::at(0));
        }),
        ("a later change", |update| {
            let moment = rows::at(1).saturating_add(Duration::from_millis(1));
            update.if_updated_at = Some(moment);
        }),
    ];
    for (what, guard) in guards {
        let mut update = rows::update(&user);
        update.roles = Some(vec![String::from("admin")]);
        guard(&mut update);
        let refused = refusal(&nodes, &update).await;
        assert_eq!(
            refused,
            Conflict::Changed,
            "a guard asks for {what}: it does not hold"
        );
        assert_same(
            nodes.find(&user.reference()).await,
            &user,
            "nothing was changed",
        );
    }
    for stranger in [rows::stranger(), rows::namesake(&user.reference())] {
        let mut update = UserUpdate::new(stranger, rows::at(500));
        update.if_stamp = Some(String::from("another"));
        assert_eq!(
            refusal(&nodes, &update).await,
            Conflict::NotFound,
            "nobody is there"
        );
    }
}

/// So that `if_updated_at` tells any two states of a row apart.
async fn every_change_is_later_than_the_last(nodes: Nodes) {
    let mut user = nodes.user("alice").await;
    for moment in [rows::at(500), rows::at(500), rows::at(1), rows::at(501)] {
        let mut update = rows::update(&user);
        update.at = moment;
        update.if_updated_at = Some(user.updated_at);
        let twice = [rows::updated(update.clone()), rows::updated(update.clone())];
        let refused = nodes.conflict(&twice).await;
        let rule = "every change of a row has a time of its own, later than the last";
        assert_eq!(refused, (1, Conflict::Changed), "{rule}");
        commit(&nodes, &update).await;
        let before = user.updated_at;
        user = update.applied_to(&user);
        assert!(user.updated_at > before, "{rule}");
        assert_same(nodes.find(&user.reference()).await, &user, rule);
    }
}

async fn an_address_stays_one_account(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    nodes.user_in("customers", "carol").await;
    let mut update = rows::update(&alice);
    update.email = Some(EmailAddress::from_parts("BOB@example.com", bob.email.key()));
    assert_eq!(
        refusal(&nodes, &update).await,
        Conflict::EmailTaken,
        "an update cannot take another's address"
    );
    assert_same(
        nodes.find(&alice.reference()).await,
        &alice,
        "nothing was changed",
    );
    let found = nodes.find_by_email("users", bob.email.key()).await;
    assert_same(found, &bob, "the address is its owner's still");

    let own = [
        ("ALICE@example.com", "alice@example.com"),
        ("carol@x", "carol@example.com"),
    ];
    let mut now = alice;
    for (text, key) in own {
        update.email = Some(EmailAddress::from_parts(text, key));
        commit(&nodes, &update).await;
        now = update.applied_to(&now);
        let found = nodes.find_by_email("users", key).await;
        assert_same(
            found,
            &now,
            "one's own address, or one of another collection, is free",
        );
    }
}

async fn addresses_change_hands_in_order(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let renamed = |user: &User, key: &str| {
        let mut update = rows::update(user);
        update.email = Some(EmailAddress::from_parts(key, key));
        rows::updated(update)
    };
    nodes
        .commit(&[
            renamed(&alice, "free@example.com"),
            renamed(&bob, "alice@example.com"),
            renamed(&alice, "bob@example.com"),
            insert(&rows::user("users", "free@example.com")),
        ])
        .await;
    let found = nodes.find_by_email("users", "alice@example.com").await;
    let rule = "changes are made in their order, each on what the last has left";
    assert_eq!(found.map(|user| user.id), Some(bob.id), "{rule}");
    let found = nodes.find_by_email("users", "bob@example.com").await;
    assert_eq!(found.map(|user| user.id), Some(alice.id), "{rule}");
}

async fn nobody_else_is_changed(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let bob = nodes.user("bob").await;
    let namesake = User {
        id: alice.id,
        ..rows::user("customers", "alice@example.com")
    };
    nodes.commit(&[insert(&namesake)]).await;
    let mut update = rows::update(&alice);
    SETTINGS.iter().for_each(|(_, set)| set(&mut update));
    commit(&nodes, &update).await;
    for other in [&bob, &namesake] {
        let found = nodes.find(&other.reference()).await;
        assert_same(
            found,
            other,
            "an update concerns one user of one collection",
        );
    }
}
