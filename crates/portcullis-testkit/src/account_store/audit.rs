use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{AuditEvent, AuditKind, AuditQuery, Outcome, UserRef};

use super::rows::{at, event_at, recorded};
use super::users::insert;
use super::{Nodes, rows};

super::cases![
    an_entry_is_found_again,
    an_entry_is_there_once,
    entries_are_found_by_whom_they_concern,
    entries_are_found_by_kind,
    a_collections_entries_are_its_own,
];

/// All entries of a collection.
pub(super) fn all(collection: &str) -> AuditQuery {
    AuditQuery {
        collection: collection.to_owned(),
        limit: 10_000,
        ..AuditQuery::default()
    }
}

pub(super) async fn read(nodes: &Nodes, query: &AuditQuery) -> Vec<AuditEvent> {
    nodes.b.events(query).await.expect("a store answers")
}

async fn record(nodes: &Nodes, events: &[AuditEvent]) {
    let changes: Vec<_> = events.iter().map(recorded).collect();
    nodes.commit(&changes).await;
}

#[track_caller]
fn assert_same(found: &AuditEvent, wanted: &AuditEvent, rule: &str) {
    let texts = |event: &AuditEvent| {
        let client = [event.ip.clone(), event.user_agent.clone()];
        let ids = [event.request_id.clone(), event.session_id.clone()];
        (client, ids, event.reason.clone(), event.detail.clone())
    };
    assert_eq!(texts(found), texts(wanted), "{rule}");
    assert_eq!(found.at, wanted.at, "{rule}");
    assert_eq!(found, wanted, "{rule}");
}

/// AC-U2.
async fn an_entry_is_found_again(nodes: Nodes) {
    let nobody = rows::stranger();
    let mut events: Vec<_> = AuditKind::ALL
        .iter()
        .map(|kind| AuditEvent {
            kind: *kind,
            ..event_at(&nobody, 5)
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    events[0] = AuditEvent {
        outcome: Outcome::Failure,
        reason: text("wrong_password"),
        actor: Some(UserRef::new("admins", rows::new_id())),
        ip: text("2001:db8::/64"),
        user_agent: text("Mozilla (\u{1f510}; 'x' \\ %) \\u{a}"),
        request_id: text("req-\"1\""),
        session_id: text(""),
        detail: text("e\u{301}"),
        ..events[0].clone()
    };
    events[1].actor = None;
    events[1].subject = None;
    record(&nodes, &events).await;
    let found = read(&nodes, &all("users")).await;
    assert_eq!(
        found.len(),
        events.len(),
        "each entry is kept, also of unknown users"
    );
    for (found, wanted) in found.iter().zip(events.iter().rev()) {
        assert_same(found, wanted, "an entry is found as it was put in");
    }
}

async fn an_entry_is_there_once(nodes: Nodes) {
    let first = event_at(&rows::stranger(), 5);
    record(&nodes, std::slice::from_ref(&first)).await;
    let second = AuditEvent {
        id: first.id,
        ..event_at(&rows::stranger(), 6)
    };
    nodes.assert_taken(recorded(&second), "an entry's id").await;
    assert_eq!(
        read(&nodes, &all("users")).await,
        [first],
        "the first stays as it is"
    );
}

async fn entries_are_found_by_whom_they_concern(nodes: Nodes) {
    let (alice, bob) = (rows::stranger(), rows::stranger());
    let by_alice = AuditEvent {
        subject: None,
        ..event_at(&alice, 1)
    };
    let to_alice = AuditEvent {
        subject: Some(alice.id),
        ..event_at(&bob, 2)
    };
    let both = event_at(&alice, 3);
    // An admin of another collection, who happens to have the same id.
    let by_namesake = AuditEvent {
        actor: Some(rows::namesake(&alice)),
        subject: Some(bob.id),
        ..event_at(&bob, 4)
    };
    let of_bob = event_at(&bob, 5);
    let events = [by_alice, to_alice, both, by_namesake, of_bob];
    record(&nodes, &events).await;
    let [by_alice, to_alice, both, by_namesake, of_bob] = events;
    let of = |user: &UserRef| AuditQuery {
        user: Some(user.id),
        ..all("users")
    };
    assert_eq!(
        read(&nodes, &of(&alice)).await,
        [both, to_alice.clone(), by_alice],
        "what concerns a user is what they did, and what happened to them"
    );
    assert_eq!(
        read(&nodes, &of(&bob)).await,
        [of_bob, by_namesake, to_alice]
    );
    assert!(
        read(&nodes, &of(&rows::stranger())).await.is_empty(),
        "others: nothing"
    );
}

async fn entries_are_found_by_kind(nodes: Nodes) {
    let (alice, bob) = (rows::stranger(), rows::stranger());
    let of_kind = |user: &UserRef, kind, second| AuditEvent {
        kind,
        ..event_at(user, second)
    };
    // One name is the beginning of the other.
    let events = [
        of_kind(&alice, AuditKind::Logout, 1),
        of_kind(&alice, AuditKind::LogoutAll, 2),
        of_kind(&bob, AuditKind::Logout, 3),
    ];
    record(&nodes, &events).await;
    let [first, other, theirs] = events;
    let query = AuditQuery {
        kind: Some(AuditKind::Logout),
        ..all("users")
    };
    let found = read(&nodes, &query).await;
    assert_eq!(found, [theirs, first.clone()], "a kind is that kind alone");
    let query = AuditQuery {
        user: Some(alice.id),
        ..query
    };
    assert_eq!(read(&nodes, &query).await, [first], "filters hold together");
    let query = AuditQuery {
        kind: Some(AuditKind::LogoutAll),
        ..query
    };
    assert_eq!(read(&nodes, &query).await, [other], "filters hold together");
}

async fn a_collections_entries_are_its_own(nodes: Nodes) {
    let alice = rows::user("users", "alice@example.com");
    let namesake = rows::namesake(&alice.reference());
    let (here, there) = (event_at(&alice.reference(), 1), event_at(&namesake, 2));
    nodes
        .commit(&[insert(&alice), recorded(&here), recorded(&there)])
        .await;
    for user in [None, Some(alice.id)] {
        let query = AuditQuery {
            user,
            ..all("users")
        };
        let found = read(&nodes, &query).await;
        assert_eq!(
            found,
            std::slice::from_ref(&here),
            "a collection's entries are its own"
        );
    }
    let found = read(&nodes, &all("Users")).await;
    assert!(found.is_empty(), "collections are compared byte by byte");
    let missing = Change::DeleteUser(namesake);
    assert_eq!(nodes.refusal(missing).await, Conflict::NotFound);
    assert_eq!(here.at, at(1));
}
