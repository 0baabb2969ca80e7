//! However many there are, what is asked of second factors, tickets and identities reads no table from end to end.

use std::time::Duration;

use portcullis_accounts::store::{
    Change, FactorStore as _, IdentityStore as _, Ledger as _, TicketStore as _,
};
use portcullis_accounts::{Factor, Identity, RecordId, Ticket, TicketPurpose, UserRef};
use portcullis_sql::{Dialect, SqlStore};
use sqlx::Row as _;

use crate::migrations::run;
use crate::support::{Place, id, now, patient};

/// A thousand users, with all that a user has.
const MANY: &str = "
INSERT INTO portcullis_users (collection, id, email, email_key, roles, permissions, verified, profile, stamp, rights_changed_at, created_at, updated_at)
    SELECT 'users', lpad(to_hex(n), 32, '0')::uuid, n || '@example.com', n || '@example.com', '[]', '[]', true, '{}', 'stamp', 0, 0, 0
    FROM generate_series(1, 1000) AS n;
INSERT INTO portcullis_factors (collection, owner_id, id, sealed, created_at, activated_at)
    SELECT collection, id, id, 'sealed', 0, 0 FROM portcullis_users;
INSERT INTO portcullis_recovery_codes (collection, owner_id, digest)
    SELECT collection, id, sha256((id::text || n)::bytea) FROM portcullis_users, generate_series(1, 10) AS n;
INSERT INTO portcullis_tickets (id, collection, owner_id, purpose, digest, sealed, attempts, created_at, expires_at)
    SELECT gen_random_uuid(), collection, id, 'challenge', 'digest', 'sealed', 0, 0, 4000000000000 + n
    FROM portcullis_users, generate_series(1, 5) AS n;
INSERT INTO portcullis_identities (id, collection, owner_id, provider, issuer, subject, created_at)
    SELECT gen_random_uuid(), collection, id, 'provider', 'issuer ' || n, id::text, 0
    FROM portcullis_users, generate_series(1, 5) AS n;
ANALYZE;
";

const TABLES: &str = "SELECT relname::text, seq_scan, COALESCE(idx_scan, 0) FROM pg_stat_user_tables WHERE relname IN
    ('portcullis_users', 'portcullis_factors', 'portcullis_recovery_codes', 'portcullis_tickets', 'portcullis_identities')
    ORDER BY relname";

type Scans = Vec<(String, i64, i64)>;

async fn scans(place: &Place) -> Scans {
    let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
    let rows = sqlx::query_as(TABLES).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows
}

/// Others who are connected to this database.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// The server counts for everybody what a connection has done when it has ended, in earlier versions a while later: when nothing
/// changes any more.
async fn settled(place: &Place) -> Scans {
    let mut asked = 0;
    while place.server().query(&place.url, OTHERS).trim() != "0" {
        asked += 1;
        assert!(asked < 1500, "the connections have not ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut before = scans(place).await;
    let mut quiet = 0;
    while quiet < 3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let after = scans(place).await;
        quiet = if after == before { quiet + 1 } else { 0 };
        before = after;
    }
    before
}

fn user(number: u128) -> UserRef {
    UserRef::new("users", RecordId::from_bytes(number.to_be_bytes()))
}

/// Everything that is ever asked about one user, and of whoever comes with a token.
async fn ask_everything(store: &SqlStore) {
    let owner = user(500);
    let factor = store.factor(&owner).await.unwrap().expect("a factor");
    assert_eq!(store.recovery_codes_left(&owner).await.unwrap(), 10);
    let identities = store.identities(&owner).await.unwrap();
    let known = identities[0].clone();
    let found = store.identity("users", &known.issuer, &known.subject).await;
    assert_eq!(found.unwrap(), Some(known.clone()));
    store.commit(&of_factors(&owner, &factor)).await.unwrap();
    for change in of_tickets(&owner) {
        if let Change::InsertTicket(ticket) = &change {
            store.commit(std::slice::from_ref(&change)).await.unwrap();
            assert!(store.ticket(ticket.id).await.unwrap().is_some());
            continue;
        }
        store.commit(&[change]).await.unwrap();
    }
    store.commit(&of_identities(&owner, &known)).await.unwrap();
    let purged = store.purge(now(), None, 100).await.unwrap();
    assert_eq!(purged, 0, "none has ended");
    store.commit(&[Change::DeleteUser(owner)]).await.unwrap();
}

fn of_factors(owner: &UserRef, factor: &Factor) -> Vec<Change> {
    let new = Factor {
        id: id(),
        activated_at: None,
        ..factor.clone()
    };
    let used = |factor: &Factor, step| Change::UseStep {
        owner: factor.owner.clone(),
        id: factor.id,
        step,
        resealed: None,
    };
    let owned = || owner.clone();
    vec![
        Change::RequireStamp {
            user: owned(),
            stamp: String::from("stamp"),
        },
        used(factor, 1),
        Change::DeleteFactor { owner: owned() },
        Change::PutFactor(Box::new(new.clone())),
        Change::ActivateFactor {
            owner: owned(),
            id: new.id,
            step: 1,
            at: now(),
        },
        used(&new, 2),
        Change::PutRecoveryCodes {
            owner: owned(),
            digests: vec![[1; 32], [2; 32]],
        },
        Change::TakeRecoveryCode {
            owner: owned(),
            any_of: vec![[3; 32], [1; 32]],
        },
    ]
}

fn of_tickets(owner: &UserRef) -> Vec<Change> {
    let ticket = Ticket {
        id: id(),
        collection: owner.collection.clone(),
        owner: Some(owner.id),
        purpose: TicketPurpose::OauthCode,
        digest: [7; 32],
        sealed: Vec::new(),
        attempts: 0,
        created_at: now(),
        expires_at: now().saturating_add(Duration::from_secs(60)),
    };
    let (id, digest, purpose, at) = (ticket.id, ticket.digest, ticket.purpose, now());
    vec![
        Change::InsertTicket(Box::new(ticket)),
        Change::CountAttempt {
            id,
            digest,
            purpose,
            at_most: 5,
            at,
        },
        Change::TakeTicket {
            id,
            digest,
            purpose,
            at,
        },
        Change::DropTickets {
            owner: owner.clone(),
            purposes: vec![TicketPurpose::Challenge],
        },
    ]
}

fn of_identities(owner: &UserRef, known: &Identity) -> Vec<Change> {
    let owned = || owner.clone();
    vec![
        Change::UseIdentity {
            owner: owned(),
            id: known.id,
            at: now(),
            email: None,
            sealed_tokens: None,
        },
        Change::DeleteIdentity {
            owner: owned(),
            id: known.id,
        },
        Change::InsertIdentity(Box::new(known.clone())),
        Change::RequireCredential { owner: owned() },
    ]
}

#[tokio::test]
async fn postgres_finds_all_by_indexes() {
    let Some(place) = Place::postgres() else {
        return;
    };
    place.store().await.close().await;
    run(&place, String::from(MANY)).await;
    let before = settled(&place).await;
    let builder = patient(&place.url).without_migrating();
    let store = builder.connect().await.expect("it is there");
    ask_everything(&store).await;
    store.close().await;
    let after = settled(&place).await;
    for ((table, whole, found), (_, whole_before, found_before)) in after.iter().zip(&before) {
        assert_eq!(whole, whole_before, "{table} is read from end to end");
        assert!(found > found_before, "{table} is asked");
    }
    assert_eq!(after.len(), 5, "all tables are counted");
}

/// What PostgreSQL is asked SQLite is asked as well; here it says how it would find the rows.
#[tokio::test]
async fn sqlite_finds_all_by_indexes() {
    let place = Place::sqlite();
    place.store().await.close().await;
    assert_eq!(Dialect::Sqlite, crate::migrations::dialect(&place));
    let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
    for (table, condition) in [
        ("factors", "collection = $1 AND owner_id = $2"),
        (
            "factors",
            "collection = $1 AND owner_id = $2 AND id = $3 AND activated_at IS NULL",
        ),
        ("recovery_codes", "collection = $1 AND owner_id = $2"),
        (
            "recovery_codes",
            "collection = $1 AND owner_id = $2 AND digest = $3",
        ),
        ("tickets", "id = $1"),
        (
            "tickets",
            "id = $1 AND digest = $2 AND purpose = $3 AND expires_at > $4",
        ),
        ("tickets", "collection = $1 AND owner_id = $2"),
        ("tickets", "expires_at <= $1 LIMIT $2"),
        (
            "identities",
            "id = $3 AND collection = $1 AND owner_id = $2",
        ),
        (
            "identities",
            "collection = $1 AND issuer = $2 AND subject = $3",
        ),
        (
            "identities",
            "collection = $1 AND owner_id = $2 ORDER BY created_at, id",
        ),
    ] {
        let question =
            format!("EXPLAIN QUERY PLAN SELECT * FROM portcullis_{table} WHERE {condition}");
        let question = sqlx::query(sqlx::AssertSqlSafe(question));
        for step in question.fetch_all(&pool).await.unwrap() {
            let step: String = step.get("detail");
            assert!(!step.starts_with("SCAN"), "{table} by {condition}: {step}");
        }
    }
}
