use portcullis_session::IndexedSessionStore;
use portcullis_session::tower_sessions::session::Id;

use super::rows::{
    create, created_login, delete, listed, load, logged_out, login_in, owner, save, visitor, with,
};

/// AC-S1: nobody but the store says what an id is.
pub(super) async fn an_id_is_never_chosen(store: &impl IndexedSessionStore) {
    let mut wanted = with(&visitor(), "mine", 1);
    wanted.id = Id(1234);
    let first = create(store, wanted.clone()).await;
    let second = create(store, with(&wanted, "mine", 2)).await;
    assert_ne!(first.id, wanted.id, "an id is made by the store");
    assert_ne!(first.id, second.id, "two sessions have two ids");
    assert_eq!(
        load(store, &wanted.id).await,
        None,
        "nobody else's wish is an id"
    );
    let found = load(store, &first.id).await.expect("it was created");
    assert_eq!(
        found.data, first.data,
        "the second did not write over the first"
    );
}

/// AC-S2.
pub(super) async fn a_login_moves_to_a_new_id(store: &impl IndexedSessionStore) {
    let old = created_login(store, "alice").await;
    delete(store, &old.id).await;
    assert!(
        listed(store, "alice").await.is_empty(),
        "between two ids it is not listed"
    );
    let new = create(store, old.clone()).await;
    assert_ne!(new.id, old.id);
    assert_eq!(load(store, &old.id).await, None, "the old id is dead");
    let (before, after) = (login_in(&old), login_in(&new));
    let (before, after) = (before.expect("a login"), after.expect("a login"));
    assert_eq!(after.sid(), before.sid(), "it is the same login");
    assert!(
        after.generation() > before.generation(),
        "its ids are counted"
    );
    assert_eq!(listed(store, "alice").await, [before.sid()]);
    save(store, &with(&old, "slow", true)).await;
    assert_eq!(
        load(store, &old.id).await,
        None,
        "and the old id stays dead"
    );
}

/// AC-S8.
pub(super) async fn a_login_that_ended_between_ids_stays_ended(store: &impl IndexedSessionStore) {
    for how in 0..4 {
        let mut record = created_login(store, "alice").await;
        let login = login_in(&record).expect("a login");
        if how != 3 {
            delete(store, &record.id).await;
        }
        match how {
            0 => save(store, &logged_out(&record)).await,
            1 => {
                let revoked = store.revoke(&owner("alice"), login.sid()).await;
                assert!(
                    revoked.expect("a store answers"),
                    "it can be revoked between two ids"
                );
            }
            2 => {
                store
                    .revoke_all(&owner("alice"), None)
                    .await
                    .expect("a store answers");
            }
            _ => {
                store
                    .revoke(&owner("alice"), login.sid())
                    .await
                    .expect("a store answers");
                delete(store, &record.id).await;
            }
        }
        let continued = store.create(&mut record).await;
        assert!(
            continued.is_err(),
            "a login that is over cannot go on under a new id ({how})"
        );
        assert!(
            listed(store, "alice").await.is_empty(),
            "nor is it listed ({how})"
        );
    }
}

pub(super) async fn a_logout_finds_the_login_under_its_new_id(store: &impl IndexedSessionStore) {
    let old = created_login(store, "alice").await;
    delete(store, &old.id).await;
    let new = create(store, old.clone()).await;
    save(store, &logged_out(&old)).await;
    assert_eq!(
        load(store, &new.id).await,
        None,
        "a logout ends the login, not just an id"
    );
    assert_eq!(load(store, &old.id).await, None);
}

pub(super) async fn a_login_has_one_id_at_a_time(store: &impl IndexedSessionStore) {
    let old = created_login(store, "alice").await;
    let mut copy = old.clone();
    assert!(
        store.create(&mut copy).await.is_err(),
        "its id is still there"
    );
    delete(store, &old.id).await;
    create(store, old.clone()).await;
    delete(store, &old.id).await;
    let mut second = old.clone();
    assert!(
        store.create(&mut second).await.is_err(),
        "it has a new id already"
    );
    assert_eq!(listed(store, "alice").await.len(), 1);
}
