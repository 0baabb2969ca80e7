use portcullis_session::IndexedSessionStore;
use portcullis_session::tower_sessions::session::Id;
use serde_json::json;

use super::rows::{create, created_login, delete, load, login_in, save, visitor, with};

pub(super) async fn a_session_is_found_again(store: &impl IndexedSessionStore) {
    let wanted = with(&visitor(), "cart", json!(["tea"]));
    let record = create(store, wanted.clone()).await;
    let found = load(store, &record.id).await.expect("it was created");
    assert_eq!(found.id, record.id, "the id is the one asked for");
    assert_eq!(found.data, wanted.data, "the data is what was put in");
    assert_eq!(record.data, wanted.data, "and so it is left in the record");
    let later = found.expiry_date - record.expiry_date;
    assert!(
        later.abs() <= time::Duration::seconds(1),
        "the end is kept to the second"
    );
    let user = created_login(store, "alice").await;
    let found = load(store, &user.id).await.expect("it was created");
    assert_eq!(login_in(&found), login_in(&user), "the login is kept whole");
}

pub(super) async fn what_is_not_there_is_nothing(store: &impl IndexedSessionStore) {
    for id in [Id(0), Id(-1), Id(i128::MAX), Id(i128::MIN), Id::default()] {
        assert_eq!(load(store, &id).await, None, "an unknown id is no session");
        delete(store, &id).await;
    }
}

pub(super) async fn a_save_replaces_the_data(store: &impl IndexedSessionStore) {
    let record = create(store, with(&visitor(), "old", 1)).await;
    let mut changed = with(&record, "new", 2);
    changed.data.remove("old");
    save(store, &changed).await;
    let found = load(store, &record.id).await.expect("it is there");
    assert_eq!(found.data, changed.data, "a save replaces all of the data");
}

/// AC-S8, AC-S1.
pub(super) async fn a_save_creates_nothing(store: &impl IndexedSessionStore) {
    let mut planted = with(&visitor(), "planted", true);
    planted.id = Id(42);
    save(store, &planted).await;
    assert_eq!(
        load(store, &planted.id).await,
        None,
        "saving under an unknown id must not create a session"
    );
}

/// AC-S8.
pub(super) async fn a_deleted_session_stays_deleted(store: &impl IndexedSessionStore) {
    for record in [
        create(store, visitor()).await,
        created_login(store, "alice").await,
    ] {
        delete(store, &record.id).await;
        assert_eq!(
            load(store, &record.id).await,
            None,
            "a deleted session is gone"
        );
        save(store, &with(&record, "slow", true)).await;
        assert_eq!(
            load(store, &record.id).await,
            None,
            "a slow request must not bring a deleted session back"
        );
        delete(store, &record.id).await;
    }
}

pub(super) async fn strange_data_survives(store: &impl IndexedSessionStore) {
    let strange = json!({
        "": null, "quote": "it's \"quoted\" \\ and % _ ; --", "unicode": "\u{0}\u{1f510}\u{202e}e\u{301}",
        "big": u64::MAX, "small": i64::MIN, "real": 1e-300, "deep": [[[[[[{"a": [true, false]}]]]]]],
    });
    let wanted = with(&visitor(), "strange \u{0} key'\"", strange);
    let wanted = with(&wanted, "long", "x".repeat(100_000));
    let record = create(store, wanted.clone()).await;
    let found = load(store, &record.id).await.expect("it was created");
    assert_eq!(found.data, wanted.data, "data is kept as it is");
    save(store, &record).await;
    let found = load(store, &record.id).await.expect("it was saved");
    assert_eq!(found.data, wanted.data, "also when it is saved");
}
