//! A dump of the database holds what the store was given, and nothing more; and what was deleted is gone from the file.

use std::collections::BTreeSet;

use portcullis_accounts::store::KeyStore as _;
use portcullis_accounts::store::{Change, Ledger as _};
use portcullis_accounts::{
    AuditEvent, AuditKind, Factor, Identity, KeyRow, Link, LinkPurpose, Outcome, QueuedMail,
    StoredPassword, Ticket, TicketPurpose, User,
};
use portcullis_core::{Scopes, Timestamp};
use portcullis_jwt::Revocation;
use portcullis_key::{KeyDigest, KeyIndex};

use crate::support::{Directory, Place, connect, family, id, now, user};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo";

fn alice() -> User {
    let mut alice = user("Alice@Example.com");
    alice.password = Some(StoredPassword::new(HASH));
    alice.permissions = vec![String::from("posts:write")];
    alice
        .profile
        .insert(String::from("name"), "Alice O'Hara".into());
    alice.language = Some(String::from("de"));
    alice.mfa_since = Some(now());
    alice
}

fn key(owner: &User) -> KeyRow {
    KeyRow {
        id: id(),
        owner: owner.reference(),
        name: String::from("continuous integration"),
        key_id: None,
        digest: KeyDigest::of("sk_the_key_itself"),
        start: String::from("sk_the"),
        scopes: Some(Scopes::new(["read"]).expect("a scope")),
        created_at: now(),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    }
}

fn link(owner: &User) -> Link {
    Link {
        id: id(),
        owner: owner.reference(),
        purpose: LinkPurpose::ResetPassword,
        digest: [0x5a; 32],
        email: owner.email.clone(),
        created_at: now(),
        expires_at: now().saturating_add(std::time::Duration::from_secs(3600)),
    }
}

const SEALED_FACTOR: [u8; 24] = [0x11; 24];
const RECOVERY_CODE: [u8; 32] = [0x22; 32];
const TICKET_DIGEST: [u8; 32] = [0x33; 32];
const SEALED_TICKET: [u8; 24] = [0x44; 24];
const SEALED_TOKENS: [u8; 24] = [0x55; 24];

fn factor(owner: &User) -> Factor {
    Factor {
        id: id(),
        owner: owner.reference(),
        sealed: SEALED_FACTOR.to_vec(),
        last_step: Some(56_789_012),
        created_at: now(),
        activated_at: Some(now()),
    }
}

fn ticket(owner: &User) -> Ticket {
    Ticket {
        id: id(),
        collection: owner.collection.clone(),
        owner: Some(owner.id),
        purpose: TicketPurpose::TrustedDevice,
        digest: TICKET_DIGEST,
        sealed: SEALED_TICKET.to_vec(),
        attempts: 3,
        created_at: now(),
        expires_at: now(),
    }
}

fn identity(owner: &User) -> Identity {
    Identity {
        id: id(),
        owner: owner.reference(),
        provider: String::from("google"),
        issuer: String::from("https://accounts.example.com"),
        subject: String::from("subject-1"),
        email: Some(String::from("alice@mail.example.com")),
        sealed_tokens: Some(SEALED_TOKENS.to_vec()),
        created_at: now(),
        last_used_at: Some(now()),
    }
}

fn event(user: &User) -> AuditEvent {
    AuditEvent {
        id: id(),
        at: now(),
        kind: AuditKind::LoginFailed,
        outcome: Outcome::Failure,
        reason: Some(String::from("wrong_password")),
        collection: user.collection.clone(),
        actor: Some(user.reference()),
        subject: Some(user.id),
        ip: Some(String::from("192.0.2.7")),
        user_agent: Some(String::from("curl/8")),
        request_id: Some(String::from("request-1")),
        session_id: Some(String::from("session-1")),
        detail: Some(String::from("detail-1")),
    }
}

fn mail() -> QueuedMail {
    QueuedMail {
        id: id(),
        sealed: vec![0xa5; 40],
        created_at: now(),
        due_at: now(),
        expires_at: now(),
        attempts: 3,
    }
}

/// One of everything, and each value of it as SQL writes it.
fn everything() -> (Vec<Change>, BTreeSet<String>) {
    let alice = alice();
    let (family, link, key) = (family(alice.reference()), link(&alice), key(&alice));
    let (event, mail) = (event(&alice), mail());
    let (factor, ticket, identity) = (factor(&alice), ticket(&alice), identity(&alice));
    let revocation = Revocation::User {
        collection: String::from("users"),
        id: alice.id.to_string(),
        issued_before: Timestamp::from_unix_millis(1_700_000_000_123),
        until: Timestamp::from_unix_millis(1_900_000_000_456),
    };
    let texts = [
        "users",
        "user",
        "Alice@Example.com",
        "alice@example.com",
        HASH,
        r#"["user"]"#,
        r#"["posts:write"]"#,
        r#"{"name":"Alice O''Hara"}"#,
        "de",
        "stamp",
        r#"["pwd"]"#,
        "reset_password",
        "continuous integration",
        "sk_the",
        r#"["read"]"#,
        "login.failed",
        "failure",
        "wrong_password",
        "192.0.2.7",
        "curl/8",
        "request-1",
        "session-1",
        "detail-1",
        "trusted_device",
        "google",
        "https://accounts.example.com",
        "subject-1",
        "alice@mail.example.com",
        "sid-of-a-cookie",
    ];
    let credentials = [factor.id, ticket.id, identity.id];
    let ids = [alice.id, family.id, link.id, key.id, event.id, mail.id];
    let ids = ids.into_iter().chain(credentials).map(|id| id.to_string());
    let bytes = [
        &link.digest[..],
        key.digest.as_bytes(),
        &mail.sealed,
        &SEALED_FACTOR,
        &RECOVERY_CODE,
        &TICKET_DIGEST,
        &SEALED_TICKET,
        &SEALED_TOKENS,
    ]
    .map(hex);
    let moments = [
        alice.rights_changed_at,
        alice.created_at,
        alice.updated_at,
        family.rotated_at,
        family.created_at,
        family.authenticated_at,
        family.ends_at,
        family.expires_at(),
        link.created_at,
        link.expires_at,
        key.created_at,
        event.at,
        mail.created_at,
        mail.due_at,
        mail.expires_at,
        alice.mfa_since.expect("she has a factor"),
        factor.created_at,
        factor.activated_at.expect("it is active"),
        ticket.created_at,
        ticket.expires_at,
        identity.created_at,
        identity.last_used_at.expect("it was used"),
        Timestamp::from_unix_millis(1_700_000_000_123),
        Timestamp::from_unix_millis(1_900_000_000_456),
        Timestamp::from_unix_millis(1_900_000_000_789),
    ]
    .map(|at| at.unix_millis().to_string());
    let idle = family.idle.as_millis().to_string();
    // The generation, the attempts, the revocation's number, and what is true, false or not there.
    let small = ["0", "3", "1", "7", "true", "false", "NULL", "56789012"].map(str::to_owned);
    let quoted = texts
        .into_iter()
        .map(str::to_owned)
        .chain(ids)
        .map(|text| format!("'{text}'"));
    let given = quoted
        .chain(["'user'".to_owned(), idle])
        .chain(bytes.map(|hex| format!("'\\x{hex}'")));
    let given = given.chain(moments).chain(small).collect();
    let codes = Change::PutRecoveryCodes {
        owner: alice.reference(),
        digests: vec![RECOVERY_CODE],
    };
    let ended = Change::EndSession {
        owner: alice.reference(),
        sid: String::from("sid-of-a-cookie"),
        through: 7,
        until: Timestamp::from_unix_millis(1_900_000_000_789),
    };
    let changes = vec![
        Change::InsertUser(Box::new(alice)),
        Change::PutFactor(Box::new(factor)),
        codes,
        Change::InsertTicket(Box::new(ticket)),
        Change::InsertIdentity(Box::new(identity)),
        Change::InsertFamily(Box::new(family)),
        Change::InsertLink(Box::new(link)),
        Change::InsertKey {
            key: Box::new(key),
            at_most: 1,
        },
        Change::Audit(Box::new(event)),
        Change::Queue(Box::new(mail)),
        Change::Revoke(revocation),
        ended,
    ];
    (changes, given)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The values of all rows in a dump, but for those that say which migrations were applied.
fn values(dump: &str) -> Vec<String> {
    let rows = dump
        .lines()
        .filter_map(|line| line.strip_prefix("INSERT INTO public."));
    let rows = rows.filter(|row| !row.starts_with("portcullis_schema "));
    rows.flat_map(|row| {
        let (_, values) = row.split_once(" VALUES (").expect("a row has values");
        split(values.strip_suffix(");").expect("a row ends"))
    })
    .collect()
}

/// Parts values at their commas, but not at those within quotes.
fn split(values: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for letter in values.chars() {
        is_quoted ^= letter == '\'';
        match letter {
            ',' if !is_quoted => parts.push(String::new()),
            ' ' if !is_quoted => {}
            _ => parts.last_mut().expect("it has one").push(letter),
        }
    }
    parts
}

#[tokio::test]
async fn a_dump_holds_what_was_given_and_nothing_more() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let store = place.store().await;
    let before = now();
    let (changes, given) = everything();
    store.commit(&changes).await.expect("nothing is in the way");
    let after = now();

    let dump = place.server().dump(&place.url);
    let found = values(&dump);
    // When the revocation was noted is the store's own.
    let is_noted = |value: &str| {
        let millis = value.parse::<i64>().ok();
        millis.is_some_and(|at| (before.unix_millis()..=after.unix_millis()).contains(&at))
    };
    for value in &found {
        assert!(
            given.contains(value) || is_noted(value),
            "nobody gave {value}"
        );
    }
    for value in given.iter().filter(|value| value.starts_with('\'')) {
        assert!(found.contains(value), "{value} was given");
    }
    let tables = dump.lines().filter(|line| line.starts_with("CREATE TABLE"));
    for table in tables {
        assert!(
            table.starts_with("CREATE TABLE public.portcullis_"),
            "{table}"
        );
    }
    // The key itself was never given.
    assert!(!dump.contains("sk_the_key_itself"));
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_the_file() {
    let directory = Directory::new();
    let store = connect(&directory.url()).await;
    let (changes, _) = everything();
    store.commit(&changes).await.expect("nothing is in the way");
    let Change::InsertUser(alice) = &changes[0] else {
        unreachable!("it is the first");
    };
    let index = KeyIndex::new(None, KeyDigest::of("sk_the_key_itself"));
    assert!(store.key(&index).await.expect("it answers").is_some());
    store
        .commit(&[Change::DeleteUser(alice.reference())])
        .await
        .expect("she is there");
    store.close().await;

    let files = std::fs::read_dir(directory.path()).expect("it is there");
    let files = files.map(|file| file.expect("it can be read").path());
    let bytes: Vec<u8> = files
        .flat_map(|file| std::fs::read(file).expect("it can be read"))
        .collect();
    let digest = *KeyDigest::of("sk_the_key_itself").as_bytes();
    let credentials = [&SEALED_FACTOR[..], &RECOVERY_CODE, &TICKET_DIGEST];
    let sealed = [&SEALED_TICKET[..], &SEALED_TOKENS];
    let others = [HASH.as_bytes(), &[0x5a; 32], &digest];
    for secret in [&credentials[..], &sealed, &others].concat() {
        let is_there = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!is_there, "{}", hex(secret));
    }
}
