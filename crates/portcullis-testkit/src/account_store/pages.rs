use std::future::Future;

use portcullis_accounts::{AuditQuery, RecordId, User, UserQuery};

use super::audit::{all, read};
use super::rows::event_at;
use super::users::insert;
use super::{Nodes, rows};

super::cases![
    users_come_in_the_order_of_their_ids,
    users_come_in_pages,
    users_are_found_by_a_part_of_their_address,
    a_part_is_no_pattern,
    entries_come_in_pages,
];

pub(super) fn all_users(collection: &str) -> UserQuery {
    UserQuery {
        collection: collection.to_owned(),
        contains: None,
        after: None,
        limit: 10_000,
    }
}

async fn list(nodes: &Nodes, query: &UserQuery) -> Vec<User> {
    nodes.b.users(query).await.expect("a store answers")
}

async fn keys(nodes: &Nodes, query: &UserQuery) -> Vec<String> {
    let users = list(nodes, query).await;
    users
        .iter()
        .map(|user| user.email.key().to_owned())
        .collect()
}

async fn users_come_in_the_order_of_their_ids(nodes: Nodes) {
    let mut users: Vec<User> = (0..10u8)
        .map(|number| {
            let mut user = rows::user("users", &format!("user-{}@example.com", 9 - number));
            // Far apart, from the highest to the lowest.
            user.id = RecordId::from_bytes([0xff - number * 0x1b; 16]);
            user
        })
        .collect();
    let inserted: Vec<_> = users.iter().map(insert).collect();
    nodes.commit(&inserted).await;
    nodes.user_in("customers", "alice").await;
    users.reverse();
    let listed = list(&nodes, &all_users("users")).await;
    assert_eq!(
        listed, users,
        "users come in the order of their ids, byte by byte"
    );
    assert!(
        list(&nodes, &all_users("nobody")).await.is_empty(),
        "no collection, no user"
    );
}

async fn users_come_in_pages(nodes: Nodes) {
    let mut users = Vec::new();
    for number in 0..7 {
        users.push(nodes.user(&format!("user-{number}")).await);
        nodes.user_in("customers", &format!("user-{number}")).await;
    }
    for limit in [1, 3, 7, 8] {
        let mut query = UserQuery {
            limit,
            ..all_users("users")
        };
        let mut seen = Vec::new();
        loop {
            let page = list(&nodes, &query).await;
            assert!(page.len() <= limit as usize, "a page has at most {limit}");
            let Some(last) = page.last() else {
                break;
            };
            query.after = Some(last.id);
            seen.extend(page);
        }
        assert_eq!(seen, users, "the pages together are all of them, each once");
    }
    let mut query = UserQuery {
        limit: 0,
        ..all_users("users")
    };
    assert!(list(&nodes, &query).await.is_empty(), "a page of none");
    query.limit = 2;
    query.after = Some(users[2].id);
    nodes
        .commit(&[portcullis_accounts::store::Change::DeleteUser(
            users[2].reference(),
        )])
        .await;
    assert_eq!(
        list(&nodes, &query).await,
        users[3..5],
        "after one that is gone"
    );
    query.after = Some(RecordId::from_bytes([0xff; 16]));
    assert!(list(&nodes, &query).await.is_empty(), "after the last");
}

async fn users_are_found_by_a_part_of_their_address(nodes: Nodes) {
    for name in ["alice", "malice", "bob", "carol"] {
        nodes.user(name).await;
    }
    nodes.user_in("customers", "alicia").await;
    let query = |part: &str| UserQuery {
        contains: Some(part.to_owned()),
        ..all_users("users")
    };
    for (part, found) in [
        ("lic", &["alice@example.com", "malice@example.com"][..]),
        ("malice@example.com", &["malice@example.com"]),
        ("alice@example.com.", &[]),
        ("ALICE", &[]),
        ("bob", &["bob@example.com"]),
    ] {
        let keys = keys(&nodes, &query(part)).await;
        assert_eq!(keys, found, "what contains {part:?}, byte by byte");
    }
    assert_eq!(
        keys(&nodes, &query("")).await.len(),
        4,
        "all contain nothing"
    );
    let mut page = UserQuery {
        limit: 1,
        ..query("lic")
    };
    let first = list(&nodes, &page).await;
    page.after = first.last().map(|user| user.id);
    assert_eq!(
        keys(&nodes, &page).await,
        ["malice@example.com"],
        "in pages as well"
    );
}

async fn a_part_is_no_pattern(nodes: Nodes) {
    let texts = super::bytes::ALIKE;
    let inserted = texts.map(|key| insert(&rows::user("users", key)));
    nodes.commit(&inserted).await;
    let parts = [
        "%", "_", "\\", "'", "\"", "*", "?", "[", "R", "é", "e", "e\u{301}", " ",
    ];
    for part in parts.into_iter().chain(texts) {
        let query = UserQuery {
            contains: Some(part.to_owned()),
            ..all_users("users")
        };
        let wanted: Vec<_> = texts
            .into_iter()
            .filter(|text| text.contains(part))
            .collect();
        let rule = "a part is found byte by byte, and is no pattern";
        assert_eq!(keys(&nodes, &query).await, wanted, "{rule}: {part:?}");
    }
}

/// AC-U: pages and filters of the trail.
async fn entries_come_in_pages(nodes: Nodes) {
    let (alice, bob) = (rows::stranger(), rows::stranger());
    let mut events = Vec::new();
    for second in 0..9 {
        events.push(event_at(&alice, second));
        events.push(event_at(&bob, second));
        events.push(event_at(&rows::namesake(&alice), second));
    }
    let changes: Vec<_> = events.iter().map(rows::recorded).collect();
    nodes.commit(&changes).await;
    for user in [None, Some(&alice)] {
        let wanted = events.iter().rev().filter(|event| {
            event.collection == "users"
                && user.is_none_or(|user| event.actor.as_ref() == Some(user))
        });
        let wanted: Vec<_> = wanted.cloned().collect();
        for limit in [1, 4, 9, 18, 100] {
            let mut query = AuditQuery {
                user: user.map(|user| user.id),
                limit,
                ..all("users")
            };
            let mut seen = Vec::new();
            loop {
                let page = read(&nodes, &query).await;
                assert!(page.len() <= limit as usize, "a page has at most {limit}");
                let Some(last) = page.last() else {
                    break;
                };
                query.before = Some(last.id);
                seen.extend(page);
            }
            assert_eq!(
                seen, wanted,
                "the pages together are the whole, the newest first"
            );
        }
    }
    let none = AuditQuery {
        limit: 0,
        ..all("users")
    };
    assert!(read(&nodes, &none).await.is_empty(), "a page of none");
}
