//! Rows of each earlier version, read by this one.

use portcullis_accounts::store::{
    AccountStore as _, AuditLog as _, Change, FactorStore as _, FamilyStore as _,
    IdentityStore as _, KeyStore as _, Ledger as _, LinkStore as _, Outbox as _, TicketStore as _,
    UserStore as _,
};
use portcullis_accounts::{
    AuditEvent, AuditKind, AuditQuery, Factor, Identity, LinkPurpose, Outcome, RecordId,
    StoredPassword, TicketPurpose, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::{KeyDigest, KeyIndex};
use portcullis_session::SessionOwner;
use portcullis_sql::{Dialect, SqlStore};

use crate::migrations::{dialect, of_version, printed, run};
use crate::support::Place;

/// Rows as the first version wrote them.
const OF_VERSION_1: &str = include_str!("rows_of_version_1.sql");
/// What the third one wrote besides.
const OF_VERSION_3: &str = include_str!("rows_of_version_3.sql");
/// What the fifth one wrote besides.
const OF_VERSION_5: &str = include_str!("rows_of_version_5.sql");

/// In the way of writing bytes that the database has.
fn rows(dialect: Dialect, rows: &str) -> String {
    match dialect {
        Dialect::Sqlite => rows.to_owned(),
        _ => rows.replace("X'0190", "UUID '0190").replace("X'", "'\\x"),
    }
}

fn record(last: u8) -> RecordId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&[0x01, 0x90]);
    bytes[15] = last;
    RecordId::from_bytes(bytes)
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000 + seconds)
}

/// Everything that was in [`OF_VERSION_1`] is there, and says the same.
async fn assert_rows_are_there(store: &SqlStore) {
    let alice = UserRef::new("users", record(1));
    let user = store.user(&alice).await.unwrap().expect("the user");
    assert_eq!(user.email.as_str(), "Alice@example.com");
    assert_eq!(
        user.password.as_ref().map(StoredPassword::expose),
        Some("$argon2id$hash")
    );
    assert_eq!(
        (user.roles.as_slice(), user.verified),
        (&[String::from("admin")][..], true)
    );
    assert_eq!(user.profile["name"], "Alice");
    let holds = Change::RequireRoleHeld {
        collection: String::from("users"),
        role: String::from("admin"),
    };
    store.commit(&[holds]).await.expect("she is an admin");

    let family = store.family(record(2)).await.unwrap().expect("the family");
    assert_eq!((family.owner, family.generation), (alice.clone(), 7));
    let link = store.link(record(3)).await.unwrap().expect("the link");
    assert_eq!(
        (link.purpose, link.digest),
        (LinkPurpose::ResetPassword, [0xab; 32])
    );
    let index = KeyIndex::new(None, KeyDigest::from_bytes([0xcd; 32]));
    let (key, owner) = store.key(&index).await.unwrap().expect("the key");
    assert_eq!((key.id, owner.id), (record(4), record(1)));
    let scopes = key.scopes.expect("it is restricted");
    assert_eq!(scopes.iter().collect::<Vec<_>>(), ["read"]);

    let page = AuditQuery {
        collection: String::from("users"),
        limit: 10,
        ..AuditQuery::default()
    };
    let events = store.events(&page).await.unwrap();
    assert_eq!(
        (events[0].kind, events[0].outcome),
        (AuditKind::LoginFailed, Outcome::Failure)
    );
    let revocations = store.revocations(at(0), at(0)).await.unwrap();
    let until = at(900);
    assert_eq!(
        revocations,
        [Revocation::Session {
            id: String::from("sid"),
            until
        }]
    );
    let mails = store.claim_mail(at(0), at(60), 10).await.unwrap();
    assert_eq!(
        (mails[0].id, mails[0].sealed.as_slice()),
        (record(6), &[0xef; 3][..])
    );
}

async fn put_rows(place: &Place, version: usize) {
    let of_each = [(1, OF_VERSION_1), (3, OF_VERSION_3), (5, OF_VERSION_5)];
    for (first, text) in of_each {
        if first <= version {
            run(place, rows(dialect(place), text)).await;
        }
    }
}

/// Everything that was in [`OF_VERSION_3`] is there.
async fn assert_later_rows_are_there(store: &SqlStore, place: &Place) {
    let alice = SessionOwner::new("users", "alice");
    let revoked = store.sessions().revoke_all(&alice, None).await;
    assert_eq!(revoked.expect("it answers"), 1, "the session");
    // Of which the key is a hash that nobody can ask for.
    let failures = "SELECT failures FROM portcullis_lockouts";
    assert_eq!(number(place, failures).await, 3, "the failures");
}

async fn number(place: &Place, question: &'static str) -> i64 {
    match dialect(place) {
        Dialect::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
            sqlx::query_scalar(question).fetch_one(&pool).await.unwrap()
        }
        _ => {
            let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
            sqlx::query_scalar(question).fetch_one(&pool).await.unwrap()
        }
    }
}

/// Everything that was in [`OF_VERSION_5`] is there, and says the same.
async fn assert_credentials_are_there(store: &SqlStore) {
    let alice = UserRef::new("users", record(1));
    let user = store.user(&alice).await.unwrap().expect("the user");
    assert_eq!(user.mfa_since, Some(at(30)));
    let factor = Factor {
        id: record(7),
        owner: alice.clone(),
        sealed: vec![0xab, 0xcd],
        last_step: Some(56_666_667),
        created_at: at(0),
        activated_at: Some(at(30)),
    };
    assert_eq!(store.factor(&alice).await.unwrap(), Some(factor));
    let taken = Change::TakeRecoveryCode {
        owner: alice.clone(),
        any_of: vec![[0xab; 32]],
    };
    store.commit(&[taken]).await.expect("the code");

    let device = store.ticket(record(8)).await.unwrap().expect("the device");
    assert_eq!((device.owner, device.attempts), (Some(alice.id), 2));
    assert_eq!(
        (device.digest, device.sealed),
        ([0xab; 32], vec![0xcd, 0xef])
    );
    assert_eq!(device.purpose, TicketPurpose::TrustedDevice);
    let state = store.ticket(record(9)).await.unwrap().expect("the state");
    assert_eq!((state.owner, state.expires_at), (None, at(600)));
    let issuer = "https://accounts.example.com";
    let identity = store.identity("users", issuer, "1").await.unwrap();
    let known = identity.expect("the identity");
    assert_eq!((known.id, known.owner), (record(10), alice));
    assert_eq!(known.email.as_deref(), Some("alice@mail.example.com"));
    assert_eq!(
        (known.sealed_tokens, known.last_used_at),
        (None, Some(at(30)))
    );
}

/// Who was there before second factors were has none, and can have one.
async fn assert_credentials_can_be_made(store: &SqlStore) {
    let alice = UserRef::new("users", record(1));
    let user = store.user(&alice).await.unwrap().expect("the user");
    assert_eq!(user.mfa_since, None);
    assert_eq!(store.factor(&alice).await.unwrap(), None);
    assert_eq!(store.recovery_codes_left(&alice).await.unwrap(), 0);
    assert!(store.identities(&alice).await.unwrap().is_empty());
    let factor = Factor {
        id: record(7),
        owner: alice.clone(),
        sealed: vec![1],
        last_step: None,
        created_at: at(0),
        activated_at: None,
    };
    let identity = Identity {
        id: record(10),
        owner: alice.clone(),
        provider: String::from("google"),
        issuer: String::from("https://accounts.example.com"),
        subject: String::from("1"),
        email: None,
        sealed_tokens: None,
        created_at: at(0),
        last_used_at: None,
    };
    let changes = [
        Change::PutFactor(Box::new(factor.clone())),
        Change::InsertIdentity(Box::new(identity.clone())),
    ];
    store.commit(&changes).await.expect("she is there");
    assert_eq!(store.factor(&alice).await.unwrap(), Some(factor));
    assert_eq!(store.identities(&alice).await.unwrap(), [identity]);
}

#[tokio::test]
async fn a_database_of_each_earlier_version_is_brought_up() {
    for place in Place::each() {
        let (_, all) = printed(dialect(&place));
        for version in 1..=all.len() {
            let place = match place.url.starts_with("sqlite:") {
                true => Place::sqlite(),
                false => Place::postgres().expect("it is installed"),
            };
            run(&place, of_version(dialect(&place), version)).await;
            put_rows(&place, version).await;
            let store = place.store().await;
            assert_rows_are_there(&store).await;
            if 3 <= version {
                assert_later_rows_are_there(&store, &place).await;
            }
            match version {
                5.. => assert_credentials_are_there(&store).await,
                _ => assert_credentials_can_be_made(&store).await,
            }
            // What later versions brought works as well.
            let nobody = SessionOwner::new("users", "nobody");
            assert!(store.sessions().list(&nobody).await.unwrap().is_empty());
            store.migrate().await.expect("nothing is left to do");
            assert!(
                store
                    .user(&UserRef::new("users", record(1)))
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
}

/// Nodes of two versions share a database while one takes the other's place: what a newer one has written down, and this one has no name
/// for, stands in the trail all the same, and hides nothing around it.
#[tokio::test]
async fn an_entry_of_a_newer_version_does_not_hide_the_trail() {
    for place in Place::each() {
        let store = place.store().await;
        let of = |last, kind| AuditEvent {
            id: record(last),
            at: at(i64::from(last)),
            kind,
            outcome: Outcome::Success,
            reason: None,
            collection: String::from("users"),
            actor: None,
            subject: Some(record(9)),
            ip: None,
            user_agent: None,
            request_id: None,
            session_id: None,
            detail: None,
        };
        let kinds = [AuditKind::Logout, AuditKind::LogoutAll, AuditKind::Logout];
        let events = [1, 2, 3].into_iter().zip(kinds);
        let written = events.map(|(last, kind)| Change::Audit(Box::new(of(last, kind))));
        store.commit(&written.collect::<Vec<_>>()).await.unwrap();
        let newer =
            "UPDATE portcullis_audit SET kind = 'passkey.enrolled' WHERE kind = 'logout_all'";
        run(&place, newer.to_owned()).await;

        let mut query = AuditQuery {
            collection: String::from("users"),
            limit: 10,
            ..AuditQuery::default()
        };
        let found = store.events(&query).await.expect("the trail is read");
        let kinds: Vec<_> = found.iter().map(|event| event.kind).collect();
        let expected = [AuditKind::Logout, AuditKind::Unknown, AuditKind::Logout];
        assert_eq!(kinds, expected);
        query.user = Some(record(9));
        assert_eq!(store.events(&query).await.unwrap(), found);
        query.kind = Some(AuditKind::Logout);
        assert_eq!(store.events(&query).await.unwrap().len(), 2);
    }
}
