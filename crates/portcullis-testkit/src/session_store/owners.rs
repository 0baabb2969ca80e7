use std::time::Duration;

use portcullis_session::{AuthRecord, IndexedSessionStore, Login, SessionLimits, SessionOwner};

use super::rows::{create, created_login, listed, load, login_at, login_in, now, owner, record_of};

pub(super) async fn lists_are_by_owner(store: &impl IndexedSessionStore) {
    let hour_ago = now().saturating_sub(Duration::from_secs(3600));
    let older = login_at("alice", hour_ago);
    create(store, record_of(&older)).await;
    let newer = login_in(&created_login(store, "alice").await).expect("a login");
    created_login(store, "bob").await;
    assert_eq!(
        listed(store, "alice").await,
        [newer.sid(), older.sid()],
        "a user's own sessions, the newest first"
    );
    let list = store.list(&owner("alice")).await.expect("a store answers");
    let expected = [newer.summary(), older.summary()];
    assert_eq!(list, expected, "each with all that a summary says");
    assert!(listed(store, "carol").await.is_empty());
}

/// v5.0.0-7.5.2.
pub(super) async fn one_session_is_revoked_by_its_owner_alone(store: &impl IndexedSessionStore) {
    let first = created_login(store, "alice").await;
    let second = created_login(store, "alice").await;
    let sid = login_in(&first).expect("a login").sid().to_owned();
    for stranger in [owner("bob"), SessionOwner::new("customers", "alice")] {
        let revoked = store.revoke(&stranger, &sid).await;
        assert!(!revoked.expect("a store answers"), "it is not theirs");
    }
    assert!(
        load(store, &first.id).await.is_some(),
        "so it is still there"
    );
    let revoke = async || {
        store
            .revoke(&owner("alice"), &sid)
            .await
            .expect("a store answers")
    };
    assert!(revoke().await, "its owner ends it");
    assert!(!revoke().await, "once");
    assert_eq!(load(store, &first.id).await, None, "it is over at once");
    assert!(
        load(store, &second.id).await.is_some(),
        "the other one is not"
    );
    let unknown = store.revoke(&owner("alice"), "no such id").await;
    assert!(!unknown.expect("a store answers"));
}

/// v5.0.0-7.4.2, v5.0.0-7.4.3.
pub(super) async fn all_sessions_but_one_are_revoked(store: &impl IndexedSessionStore) {
    let mine = created_login(store, "alice").await;
    let others = [
        created_login(store, "alice").await,
        created_login(store, "alice").await,
    ];
    let bobs = created_login(store, "bob").await;
    let sid = login_in(&mine).expect("a login").sid().to_owned();
    let revoke_all = async |except| {
        let revoked = store.revoke_all(&owner("alice"), except).await;
        revoked.expect("a store answers")
    };
    assert_eq!(revoke_all(Some(sid.as_str())).await, 2, "all but one");
    for other in &others {
        assert_eq!(load(store, &other.id).await, None, "the others are over");
    }
    assert!(load(store, &mine.id).await.is_some(), "the one is not");
    assert_eq!(revoke_all(None).await, 1, "all");
    assert_eq!(revoke_all(None).await, 0, "none is left");
    assert_eq!(load(store, &mine.id).await, None);
    assert!(
        load(store, &bobs.id).await.is_some(),
        "other users are left alone"
    );
}

/// No collation, no trimming, no pattern, no joining of the two names may make one owner of two.
pub(super) async fn owners_are_told_apart(store: &impl IndexedSessionStore) {
    let owners = [
        ("users", "alice"),
        ("users", "Alice"),
        ("users", "alice "),
        ("users", "al%"),
        ("users", "al_ce"),
        ("users", ""),
        ("users", "a:b"),
        ("users:a", "b"),
        ("users", "cafe\u{301}"),
        ("users", "caf\u{e9}"),
        ("customers", "alice"),
    ];
    for (collection, user) in owners {
        let login = Login::new(user).collection(collection);
        let login = AuthRecord::begin(login, &SessionLimits::REMEMBERED, now());
        create(store, record_of(&login.expect("there is randomness"))).await;
    }
    let owners = owners.map(|(collection, user)| SessionOwner::new(collection, user));
    for owner in &owners {
        let list = store.list(owner).await.expect("a store answers");
        assert_eq!(list.len(), 1, "{owner:?} has one session of their own");
    }
    for owner in &owners {
        let revoked = store.revoke_all(owner, None).await;
        let revoked = revoked.expect("a store answers");
        assert_eq!(revoked, 1, "{owner:?} ends one session");
    }
}
