use std::time::Duration;

use portcullis_session::{AuthMark, IndexedSessionStore, SessionLimits};

use super::rows::{
    HOUR, create, created_login, ending_at, listed, load, login_at, login_in, now, owner,
    record_of, save, visitor, with,
};

pub(super) async fn an_ended_row_is_not_returned(store: &impl IndexedSessionStore) {
    for past in [Duration::from_millis(1), HOUR] {
        let record = create(store, ending_at(now().saturating_sub(past))).await;
        assert_eq!(
            load(store, &record.id).await,
            None,
            "an ended row is not returned"
        );
    }
}

pub(super) async fn the_login_ends_the_row(store: &impl IndexedSessionStore) {
    let idle = SessionLimits::REMEMBERED.idle();
    let over = login_at("alice", now().saturating_sub(idle));
    let record = create(store, record_of(&over)).await;
    assert_eq!(
        load(store, &record.id).await,
        None,
        "a row ends with its login, whatever its own end"
    );
    assert!(
        listed(store, "alice").await.is_empty(),
        "what has ended is not listed"
    );

    let nearly = login_at("alice", now().saturating_sub(idle - HOUR));
    let record = create(store, record_of(&nearly)).await;
    assert!(
        load(store, &record.id).await.is_some(),
        "it has an hour left"
    );
    assert_eq!(listed(store, "alice").await, [nearly.sid()]);
}

pub(super) async fn a_save_does_not_revive(store: &impl IndexedSessionStore) {
    let mut record = create(store, ending_at(now().saturating_sub(HOUR))).await;
    record.expiry_date = visitor().expiry_date;
    save(store, &record).await;
    assert_eq!(
        load(store, &record.id).await,
        None,
        "a save does not revive an ended row"
    );
}

pub(super) async fn a_save_moves_the_end(store: &impl IndexedSessionStore) {
    let mut record = create(store, visitor()).await;
    record.expiry_date += time::Duration::hours(5);
    save(store, &record).await;
    let found = load(store, &record.id).await.expect("it is there");
    let off = found.expiry_date - record.expiry_date;
    assert!(
        off.abs() <= time::Duration::seconds(1),
        "a save moves the end"
    );

    record.expiry_date -= time::Duration::days(1);
    save(store, &record).await;
    assert_eq!(
        load(store, &record.id).await,
        None,
        "into the past, if it says so"
    );
}

pub(super) async fn purging_removes_what_has_ended(store: &impl IndexedSessionStore) {
    let live = created_login(store, "alice").await;
    let purged = store.purge_expired().await.expect("a store answers");
    assert_eq!(purged, 0, "nothing has ended");

    let mut ended = with(&live, "other", true);
    AuthMark::write(Some(&login_at("alice", now())), &mut ended);
    ended.expiry_date -= time::Duration::days(1);
    create(store, ended).await;
    store.purge_expired().await.expect("a store answers");
    let sid = login_in(&live).expect("a login").sid().to_owned();
    assert_eq!(listed(store, "alice").await, [sid], "the live one is left");
    let revoked = store.revoke_all(&owner("alice"), None).await;
    assert_eq!(
        revoked.expect("a store answers"),
        1,
        "the ended one is gone"
    );
}
