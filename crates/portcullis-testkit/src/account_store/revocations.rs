use std::future::Future;
use std::time::Duration;

use portcullis_accounts::store::Change;
use portcullis_core::{Clock, SystemClock, Timestamp};
use portcullis_jwt::Revocation;

use super::rows::at;
use super::snapshot::text_of;
use super::{Nodes, rows};

super::cases![
    revocations_are_read_again,
    what_may_be_forgotten_is_not_read,
    those_since_a_moment_are_read,
    one_twice_is_no_conflict,
];

fn of_each_kind(until: Timestamp) -> [Revocation; 4] {
    let issued_before = Timestamp::from_unix_millis(1_767_225_600_123);
    [
        Revocation::Token {
            id: String::from("jti-'1'\u{1f510}"),
            until,
        },
        Revocation::Session {
            id: rows::new_id().to_string(),
            until,
        },
        Revocation::User {
            collection: String::from("users"),
            id: rows::new_id().to_string(),
            issued_before,
            until,
        },
        Revocation::Everything {
            issued_before,
            until,
        },
    ]
}

async fn commit(nodes: &Nodes, revocations: &[Revocation]) {
    let changes: Vec<_> = revocations.iter().cloned().map(Change::Revoke).collect();
    nodes.commit(&changes).await;
}

async fn read(nodes: &Nodes, since: Timestamp, now: Timestamp) -> Vec<String> {
    let found = nodes.b.revocations(since, now).await;
    let found = found.expect("a store answers");
    let mut texts = rows::sorted(found.iter().map(text_of).collect());
    // One that is returned twice does no harm.
    texts.dedup();
    texts
}

fn texts<'a>(revocations: impl IntoIterator<Item = &'a Revocation>) -> Vec<String> {
    rows::sorted(revocations.into_iter().map(text_of).collect())
}

/// AC-J9.
async fn revocations_are_read_again(nodes: Nodes) {
    let wanted = of_each_kind(at(100));
    commit(&nodes, &wanted).await;
    let found = read(&nodes, Timestamp::UNIX_EPOCH, at(0)).await;
    assert_eq!(
        found,
        texts(&wanted),
        "revocations are read as they were committed"
    );
}

async fn what_may_be_forgotten_is_not_read(nodes: Nodes) {
    let (brief, long) = (of_each_kind(at(100)), of_each_kind(at(200)));
    commit(&nodes, &brief).await;
    commit(&nodes, &long).await;
    let before = Timestamp::from_unix_millis(at(100).unix_millis() - 1);
    for (now, wanted) in [
        (before, texts(brief.iter().chain(&long))),
        (at(100), texts(&long)),
        (at(200), Vec::new()),
    ] {
        let found = read(&nodes, Timestamp::UNIX_EPOCH, now).await;
        assert_eq!(
            found, wanted,
            "a revocation is read until it may be forgotten"
        );
    }
}

async fn those_since_a_moment_are_read(nodes: Nodes) {
    let margin = Duration::from_secs(5);
    let first = of_each_kind(at(100));
    commit(&nodes, &first).await;
    let since = SystemClock.now().saturating_sub(margin);
    let later = of_each_kind(at(100));
    commit(&nodes, &later).await;
    let found = read(&nodes, since, at(0)).await;
    for revocation in texts(&later) {
        assert!(
            found.contains(&revocation),
            "one that was committed after a moment is not left out"
        );
    }
}

async fn one_twice_is_no_conflict(nodes: Nodes) {
    let [token, ..] = of_each_kind(at(100));
    commit(&nodes, &[token.clone(), token.clone()]).await;
    commit(&nodes, std::slice::from_ref(&token)).await;
    let found = read(&nodes, Timestamp::UNIX_EPOCH, at(0)).await;
    assert_eq!(found, texts([&token]), "what is revoked twice is revoked");
}
