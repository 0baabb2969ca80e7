//! Rows to test with.

mod credentials;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portcullis_accounts::store::{Change, UserUpdate};
use portcullis_accounts::{
    AuditEvent, AuditKind, EmailAddress, Family, KeyRow, Link, LinkPurpose, Outcome, QueuedMail,
    RecordId, StoredPassword, User, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_key::{KeyDigest, KeyId};
use serde_json::{Map, Value};

pub(super) use self::credentials::*;

pub(super) const HOUR: i64 = 3600;

/// This many seconds after the moment at which everything here begins: 2026-01-01T00:00:00Z.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600 + seconds)
}

/// Ids of version 7 that ascend in the order in which they are made, unlike any other of this process.
pub(super) fn new_id() -> RecordId {
    id_at(at(0))
}

/// The same with a time of its own: they sort by it first.
pub(super) fn id_at(moment: Timestamp) -> RecordId {
    let millis = u64::try_from(moment.unix_millis()).unwrap_or_default();
    let number = next_number();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes[8] |= 0x80;
    RecordId::from_bytes(bytes)
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(super) fn stranger() -> UserRef {
    UserRef::new("users", new_id())
}

/// The same id in another collection: another user.
pub(super) fn namesake(user: &UserRef) -> UserRef {
    UserRef::new("customers", user.id)
}

pub(super) fn user(collection: &str, address: &str) -> User {
    User {
        id: new_id(),
        collection: collection.to_owned(),
        email: EmailAddress::from_parts(address, address),
        password: Some(StoredPassword::new("$argon2id$first")),
        roles: vec![String::from("user")],
        permissions: Vec::new(),
        verified: false,
        banned_at: None,
        profile: Map::new(),
        language: None,
        stamp: String::from("stamp-1"),
        mfa_since: None,
        rights_changed_at: at(1),
        created_at: at(1),
        updated_at: at(1),
    }
}

pub(super) fn profile(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(profile) => profile,
        other => panic!("{other} is no profile"),
    }
}

pub(super) fn update(user: &User) -> UserUpdate {
    UserUpdate::new(user.reference(), at(500))
}

pub(super) fn updated(update: UserUpdate) -> Change {
    Change::UpdateUser(Box::new(update))
}

/// A login of an hour without use, a day in all, that begins at this second.
pub(super) fn family_at(owner: &UserRef, second: i64) -> Family {
    Family {
        id: new_id(),
        owner: owner.clone(),
        stamp: String::from("stamp-1"),
        generation: 0,
        rotated_at: at(second),
        created_at: at(second),
        authenticated_at: at(second),
        ends_at: at(second + 24 * HOUR),
        idle: Duration::from_secs(3600),
        amr: vec![String::from("pwd")],
        remember: false,
        address: None,
        user_agent: None,
    }
}

pub(super) fn family(owner: &UserRef) -> Family {
    family_at(owner, 10)
}

pub(super) fn inserted(family: &Family) -> Change {
    Change::InsertFamily(Box::new(family.clone()))
}

pub(super) fn rotated(family: &Family, from: u32, second: i64) -> Change {
    Change::RotateFamily {
        id: family.id,
        from,
        at: at(second),
        address: "192.0.2.7".parse::<IpAddr>().ok(),
        user_agent: Some(String::from("curl/8")),
    }
}

/// A link of an hour.
pub(super) fn link(owner: &UserRef, purpose: LinkPurpose) -> Link {
    let number = next_number();
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    Link {
        id: new_id(),
        owner: owner.clone(),
        purpose,
        digest,
        email: EmailAddress::from_parts("Alice@example.com", "alice@example.com"),
        created_at: at(10),
        expires_at: at(10 + HOUR),
    }
}

pub(super) fn linked(link: &Link) -> Change {
    Change::InsertLink(Box::new(link.clone()))
}

pub(super) fn taken(link: &Link, second: i64) -> Change {
    Change::TakeLink {
        id: link.id,
        digest: link.digest,
        purpose: link.purpose,
        at: at(second),
    }
}

/// A checked key that has no end.
pub(super) fn key(owner: &UserRef) -> KeyRow {
    let number = next_number();
    let key_id: Option<KeyId> = format!("{number:012}").parse().ok();
    KeyRow {
        key_id,
        ..classic_key(owner)
    }
}

/// A key without a public id.
pub(super) fn classic_key(owner: &UserRef) -> KeyRow {
    KeyRow {
        id: new_id(),
        owner: owner.clone(),
        name: String::from("deploy"),
        key_id: None,
        digest: KeyDigest::of(&next_number().to_string()),
        start: String::from("pk_abcd"),
        scopes: None,
        created_at: at(10),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    }
}

/// As many as there may ever be.
pub(super) fn added(key: &KeyRow) -> Change {
    added_within(key, 1000)
}

pub(super) fn added_within(key: &KeyRow, at_most: u32) -> Change {
    Change::InsertKey {
        key: Box::new(key.clone()),
        at_most,
    }
}

/// A login of this user in the audit trail.
pub(super) fn event_at(user: &UserRef, second: i64) -> AuditEvent {
    AuditEvent {
        id: id_at(at(second)),
        at: at(second),
        kind: AuditKind::LoginSucceeded,
        outcome: Outcome::Success,
        reason: None,
        collection: user.collection.clone(),
        actor: Some(user.clone()),
        subject: Some(user.id),
        ip: None,
        user_agent: None,
        request_id: None,
        session_id: None,
        detail: None,
    }
}

pub(super) fn recorded(event: &AuditEvent) -> Change {
    Change::Audit(Box::new(event.clone()))
}

/// A mail that was queued at this second, is due at once, and good for an hour.
pub(super) fn mail_at(second: i64) -> QueuedMail {
    QueuedMail {
        id: id_at(at(second)),
        sealed: vec![0, 1, 2, 0xff, 0xfe],
        created_at: at(second),
        due_at: at(second),
        expires_at: at(second + HOUR),
        attempts: 0,
    }
}

pub(super) fn queued(mail: &QueuedMail) -> Change {
    Change::Queue(Box::new(mail.clone()))
}

/// The same, whatever their order.
pub(super) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}
