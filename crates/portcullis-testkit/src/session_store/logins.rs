use std::time::Duration;

use portcullis_session::{AUTH_KEY, AuthMark, IndexedSessionStore};
use serde_json::{Value, json};

use super::rows::{create, created_login, listed, load, login, login_in, save, visitor, with};

/// A login enters a session only when the session is created: so no save can bring one back.
pub(super) async fn a_save_cannot_log_in(store: &impl IndexedSessionStore) {
    let record = create(store, visitor()).await;
    let mut forged = with(&record, "note", 1);
    AuthMark::write(Some(&login("alice")), &mut forged);
    save(store, &forged).await;
    let found = load(store, &record.id).await.expect("it is there");
    assert_eq!(login_in(&found), None, "a save cannot log anybody in");
    assert_eq!(
        found.data.get("note"),
        Some(&json!(1)),
        "other data is saved"
    );
    assert!(
        listed(store, "alice").await.is_empty(),
        "and nobody is listed"
    );
}

pub(super) async fn a_save_cannot_change_the_login(store: &impl IndexedSessionStore) {
    let record = created_login(store, "alice").await;
    for other in [login("alice"), login("mallory")] {
        let mut forged = with(&record, "note", 1);
        AuthMark::write(Some(&other), &mut forged);
        save(store, &forged).await;
        let found = load(store, &record.id).await.expect("it is there");
        assert_eq!(
            login_in(&found),
            login_in(&record),
            "the login is as it was created"
        );
        assert_eq!(
            found.data.get("note"),
            Some(&json!(1)),
            "other data is saved"
        );
    }
    let text = text_of(&record).replace("[\"user\"]", "[\"admin\"]");
    save(store, &with(&record, AUTH_KEY, text)).await;
    let found = load(store, &record.id).await.expect("it is there");
    assert_eq!(
        login_in(&found),
        login_in(&record),
        "nor are its rights changed"
    );
}

pub(super) async fn the_later_use_counts(store: &impl IndexedSessionStore) {
    let record = created_login(store, "alice").await;
    let began = login_in(&record).expect("a login").seen_at();
    let later = began.saturating_add(Duration::from_secs(60));
    let (then, now) = (began.unix_millis(), later.unix_millis());
    let text =
        text_of(&record).replace(&format!("\"seenAt\":{then}"), &format!("\"seenAt\":{now}"));
    save(store, &with(&record, AUTH_KEY, text)).await;
    save(store, &with(&record, "slow", true)).await;
    let found = load(store, &record.id).await.expect("it is there");
    let login = login_in(&found).expect("a login");
    assert_eq!(
        login.seen_at(),
        later,
        "a slow save does not take back a later use"
    );
    assert_eq!(
        found.data.get("slow"),
        Some(&json!(true)),
        "other data is saved"
    );
}

pub(super) async fn a_save_without_the_login_ends_it(store: &impl IndexedSessionStore) {
    let record = created_login(store, "alice").await;
    let mut cleared = with(&record, "note", 1);
    cleared.data.remove(AUTH_KEY);
    save(store, &cleared).await;
    save(store, &with(&record, "slow", true)).await;
    let found = load(store, &record.id)
        .await
        .expect("the session is still there");
    assert_eq!(
        login_in(&found),
        None,
        "a slow save does not bring the login back"
    );
    assert!(
        listed(store, "alice").await.is_empty(),
        "and nobody is listed"
    );
}

/// AC-S5: what is not a whole login is none.
pub(super) async fn the_unreadable_is_nobody(store: &impl IndexedSessionStore) {
    let half = json!({"login": {"sid": "x", "generation": 0}}).to_string();
    let whole = text_of(&with_login());
    let marks = [
        json!(null),
        json!(true),
        json!({"login": {}}),
        json!("{"),
        json!(half),
        json!(whole.replacen("login", "pending", 1)),
        serde_json::from_str(&whole).expect("it is JSON"),
    ];
    for mark in marks {
        let record = create(store, with(&visitor(), AUTH_KEY, mark)).await;
        let found = load(store, &record.id).await.expect("it was created");
        assert_eq!(
            AuthMark::of(&found),
            AuthMark::Nobody,
            "nobody is logged in"
        );
    }
    assert!(
        listed(store, "alice").await.is_empty(),
        "and nobody is listed"
    );
}

fn with_login() -> portcullis_session::tower_sessions::session::Record {
    super::rows::record_of(&login("alice"))
}

fn text_of(record: &portcullis_session::tower_sessions::session::Record) -> String {
    let text = record.data.get(AUTH_KEY).and_then(Value::as_str);
    text.expect("a login is written as a text").to_owned()
}
