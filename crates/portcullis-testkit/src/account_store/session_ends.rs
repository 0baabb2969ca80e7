//! Sessions by cookie that have ended, whatever their own store says of them.

use std::future::Future;

use portcullis_accounts::UserRef;
use portcullis_accounts::store::Change;

use super::rows::{HOUR, at};
use super::{Nodes, rows};

super::cases![
    an_end_is_heard_of_at_every_node,
    a_generation_ends_with_those_before_it,
    of_two_ends_the_later_counts,
    an_end_is_one_users_alone,
    names_of_sessions_are_compared_byte_by_byte,
    the_users_of_sessions_are_found,
    ends_go_when_the_session_would_have_ended,
];

const SID: &str = "Zm9v-_\u{1f510}'%";

pub(super) fn ended(owner: &UserRef, sid: &str, through: u32) -> Change {
    ended_until(owner, sid, through, 30 * 24 * HOUR)
}

fn ended_until(owner: &UserRef, sid: &str, through: u32, second: i64) -> Change {
    Change::EndSession {
        owner: owner.clone(),
        sid: sid.to_owned(),
        through,
        until: at(second),
    }
}

async fn has_ended(nodes: &Nodes, owner: &UserRef, sid: &str, generation: u32) -> bool {
    let ended = nodes.b.has_session_ended(owner, sid, generation).await;
    ended.expect("a store answers")
}

/// The public ids of a user's sessions that have ended for good, sorted.
pub(super) async fn list(nodes: &Nodes, owner: &UserRef) -> Vec<String> {
    let all = nodes.b.ended_sessions(owner).await;
    rows::sorted(all.expect("a store answers"))
}

async fn an_end_is_heard_of_at_every_node(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let rule = "a session has ended once its end is committed, and not before";
    assert!(!has_ended(&nodes, &alice, SID, 1).await, "{rule}");
    assert!(list(&nodes, &alice).await.is_empty(), "{rule}");
    nodes.commit(&[ended(&alice, SID, u32::MAX)]).await;
    for generation in [0, 1, u32::MAX] {
        assert!(has_ended(&nodes, &alice, SID, generation).await, "{rule}");
    }
    assert_eq!(list(&nodes, &alice).await, [SID], "{rule}");
    // Nobody needs to be there.
    let nobody = rows::stranger();
    nodes.commit(&[ended(&nobody, SID, u32::MAX)]).await;
    assert!(has_ended(&nodes, &nobody, SID, 1).await, "{rule}");
}

async fn a_generation_ends_with_those_before_it(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    nodes.commit(&[ended(&alice, SID, 2)]).await;
    let rule = "an id that is replaced ends with those before it, and none after it";
    for (generation, has) in [
        (0, true),
        (1, true),
        (2, true),
        (3, false),
        (u32::MAX, false),
    ] {
        let found = has_ended(&nodes, &alice, SID, generation).await;
        assert_eq!(found, has, "{rule}: {generation}");
    }
    let for_good = list(&nodes, &alice).await;
    assert!(for_good.is_empty(), "a session that goes on is not listed");
}

async fn of_two_ends_the_later_counts(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let rule = "of two ends of one session the later generation counts, and the later moment";
    nodes.commit(&[ended_until(&alice, SID, 5, 100)]).await;
    nodes.commit(&[ended_until(&alice, SID, 3, 200)]).await;
    assert!(has_ended(&nodes, &alice, SID, 5).await, "{rule}");
    let gone = nodes.a.purge(at(150), None, 10).await;
    assert_eq!(gone.expect("a store purges"), 0, "{rule}");
    let ends = [
        ended_until(&alice, SID, u32::MAX, 50),
        ended_until(&alice, SID, 6, 60),
    ];
    nodes.commit(&ends).await;
    assert_eq!(list(&nodes, &alice).await, [SID], "{rule}");
    let gone = nodes.a.purge(at(199), None, 10).await;
    assert_eq!(gone.expect("a store purges"), 0, "{rule}");
}

async fn an_end_is_one_users_alone(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let alice = alice.reference();
    nodes.commit(&[ended(&alice, SID, u32::MAX)]).await;
    for other in [bob.reference(), rows::namesake(&alice)] {
        let rule = "an end of one user's session is no end of another's";
        assert!(!has_ended(&nodes, &other, SID, 1).await, "{rule}");
        assert!(list(&nodes, &other).await.is_empty(), "{rule}");
    }
}

async fn names_of_sessions_are_compared_byte_by_byte(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    nodes.commit(&[ended(&alice, "abc", u32::MAX)]).await;
    for other in ["ABC", "abc ", "ab", "%", "", "a\0bc"] {
        let found = has_ended(&nodes, &alice, other, 1).await;
        assert!(!found, "public ids are compared byte by byte: {other:?}");
    }
}

async fn the_users_of_sessions_are_found(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let find = async |owner: &UserRef, generation| {
        let found = nodes.b.user_of_session(owner, SID, generation).await;
        found.expect("a store answers")
    };
    assert_eq!(find(&owner, 1).await.as_ref(), Some(&alice), "a live one's");
    assert_eq!(find(&rows::stranger(), 1).await, None, "nobody's");
    assert_eq!(find(&rows::namesake(&owner), 1).await, None, "a namesake's");
    nodes.commit(&[ended(&owner, SID, 1)]).await;
    assert_eq!(
        find(&owner, 1).await,
        None,
        "one that has ended has no user"
    );
    assert_eq!(find(&owner, 2).await, Some(alice), "the next id has");
    nodes.commit(&[ended(&owner, SID, u32::MAX)]).await;
    assert_eq!(find(&owner, 2).await, None, "until the session has ended");
}

async fn ends_go_when_the_session_would_have_ended(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let ends = ["a", "b", "c"].map(|sid| ended_until(&alice, sid, u32::MAX, 100));
    nodes.commit(&ends).await;
    nodes
        .commit(&[ended_until(&alice, "d", u32::MAX, 200)])
        .await;
    let purge = async |second, limit| {
        let gone = nodes.a.purge(at(second), None, limit).await;
        gone.expect("a store purges")
    };
    let rule = "ends go when they may be forgotten, within the bound, and are counted";
    assert_eq!(purge(99, 10).await, 0, "{rule}");
    assert_eq!(purge(100, 2).await, 2, "{rule}");
    assert_eq!(purge(100, 2).await, 1, "{rule}");
    assert_eq!(list(&nodes, &alice).await, ["d"], "{rule}");
}
