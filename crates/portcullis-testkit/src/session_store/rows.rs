//! Rows to test with.

use std::collections::HashMap;
use std::time::Duration;

use portcullis_core::{Clock, SystemClock, Timestamp};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{
    AUTH_KEY, AuthMark, AuthRecord, IndexedSessionStore, Login, SessionLimits, SessionOwner,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub(super) const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// A session that nobody is logged in to, with an hour to live.
pub(super) fn visitor() -> Record {
    ending_at(now().saturating_add(HOUR))
}

pub(super) fn ending_at(end: Timestamp) -> Record {
    let since_epoch = time::Duration::milliseconds(end.unix_millis());
    Record {
        id: Id(7),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH + since_epoch,
    }
}

/// A login that begins now.
pub(super) fn login(user: &str) -> AuthRecord {
    login_at(user, now())
}

pub(super) fn login_at(user: &str, at: Timestamp) -> AuthRecord {
    let login = Login::new(user).roles(["user"]).amr(["pwd"]);
    AuthRecord::begin(login, &SessionLimits::REMEMBERED, at).expect("there is randomness")
}

pub(super) fn owner(user: &str) -> SessionOwner {
    SessionOwner::new("users", user)
}

/// A record with an hour to live that this login is in.
pub(super) fn record_of(login: &AuthRecord) -> Record {
    let mut record = visitor();
    AuthMark::write(Some(login), &mut record);
    record
}

/// A copy of a record as a handler leaves it that has put something in.
pub(super) fn with(record: &Record, key: &str, value: impl Into<Value>) -> Record {
    let mut record = record.clone();
    record.data.insert(key.to_owned(), value.into());
    record
}

/// A copy of a record as a logout saves it.
pub(super) fn logged_out(record: &Record) -> Record {
    let login = login_in(record).expect("somebody is logged in");
    let ended = json!({"ended": {
        "collection": login.collection(), "user": login.user(), "sid": login.sid()
    }});
    with(record, AUTH_KEY, ended.to_string())
}

pub(super) fn login_in(record: &Record) -> Option<AuthRecord> {
    AuthMark::of(record).into_login()
}

pub(super) async fn create(store: &impl SessionStore, mut record: Record) -> Record {
    let created = store.create(&mut record).await;
    created.expect("a store takes a new session");
    record
}

/// A session that somebody has just logged in to.
pub(super) async fn created_login(store: &impl SessionStore, user: &str) -> Record {
    create(store, record_of(&login(user))).await
}

pub(super) async fn load(store: &impl SessionStore, id: &Id) -> Option<Record> {
    store.load(id).await.expect("a store answers")
}

pub(super) async fn save(store: &impl SessionStore, record: &Record) {
    let saved = store.save(record).await;
    saved.expect("saving is no error, also when the session is over");
}

pub(super) async fn delete(store: &impl SessionStore, id: &Id) {
    let deleted = store.delete(id).await;
    deleted.expect("deleting is no error, also when there is nothing to delete");
}

/// The public ids that a user's list shows.
pub(super) async fn listed(store: &impl IndexedSessionStore, user: &str) -> Vec<String> {
    let list = store.list(&owner(user)).await.expect("a store answers");
    list.into_iter().map(|summary| summary.id).collect()
}
