//! Users in a table of the application's own, and in the other store what they log in by: factors, tickets, identities.

mod foreign;

use std::sync::atomic::Ordering;

use foreign::OwnTable;
use portcullis_accounts::store::{
    Change, CommitError, Conflict, FactorStore, IdentityStore, Ledger, TicketStore, UserStore,
    UserUpdate, WithUsers,
};
use portcullis_accounts::{
    EmailAddress, Factor, Identity, MemoryStore, RecordId, StoredPassword, Ticket, TicketPurpose,
    User, UserRef,
};
use portcullis_core::{Clock, Timestamp};
use portcullis_testkit::ManualClock;
use portcullis_testkit::account_store::{self, Nodes};

type Both = WithUsers<OwnTable, MemoryStore>;

fn both() -> (OwnTable, MemoryStore, Both) {
    let (users, rest) = (OwnTable::default(), MemoryStore::new());
    let store = WithUsers::new(users.clone(), rest.clone());
    (users, rest, store)
}

fn now() -> Timestamp {
    ManualClock::new().now()
}

fn id() -> RecordId {
    RecordId::new(now()).unwrap()
}

/// Somebody who was in the table before accounts were, and has a password.
fn put(users: &OwnTable, name: &str) -> User {
    let user = User {
        id: id(),
        collection: "users".to_owned(),
        email: EmailAddress::parse(&format!("{name}@example.com")).unwrap(),
        password: Some(StoredPassword::new("hash")),
        roles: vec!["user".to_owned()],
        permissions: Vec::new(),
        verified: true,
        banned_at: None,
        profile: Default::default(),
        language: None,
        stamp: "stamp".to_owned(),
        mfa_since: None,
        rights_changed_at: now(),
        created_at: now(),
        updated_at: now(),
    };
    users.put(user.clone());
    user
}

fn factor(owner: &UserRef) -> Change {
    Change::PutFactor(Box::new(Factor {
        id: id(),
        owner: owner.clone(),
        sealed: vec![1],
        last_step: None,
        created_at: now(),
        activated_at: None,
    }))
}

fn ticket(owner: &UserRef) -> Ticket {
    Ticket {
        id: id(),
        collection: owner.collection.clone(),
        owner: Some(owner.id),
        purpose: TicketPurpose::Challenge,
        digest: [1; 32],
        sealed: Vec::new(),
        attempts: 0,
        created_at: now(),
        expires_at: now().saturating_add(std::time::Duration::from_secs(60)),
    }
}

fn identity(owner: &UserRef) -> Identity {
    Identity {
        id: id(),
        owner: owner.clone(),
        provider: "google".to_owned(),
        issuer: "https://accounts.example.com".to_owned(),
        subject: id().to_string(),
        email: None,
        sealed_tokens: None,
        created_at: now(),
        last_used_at: None,
    }
}

fn require_stamp(user: &UserRef, stamp: &str) -> Change {
    Change::RequireStamp {
        user: user.clone(),
        stamp: stamp.to_owned(),
    }
}

fn require_credential(owner: &UserRef) -> Change {
    Change::RequireCredential {
        owner: owner.clone(),
    }
}

#[track_caller]
fn assert_conflict<T>(made: Result<T, CommitError>, index: usize, conflict: Conflict) {
    match made {
        Err(CommitError::Conflict {
            index: at,
            conflict: found,
        }) => {
            assert_eq!((at, found), (index, conflict));
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("nothing was in the way"),
    }
}

/// Each needs an owner in the other store, which knows none of them yet.
#[tokio::test]
async fn who_was_there_before_gets_whatever_there_is() {
    let (users, rest, store) = both();
    let owners = ["ada", "grace", "mary", "joan"].map(|name| put(&users, name).reference());
    let [ada, grace, mary, joan] = &owners;
    let (ticket, identity) = (ticket(mary), identity(joan));
    let codes = Change::PutRecoveryCodes {
        owner: grace.clone(),
        digests: vec![[1; 32]],
    };
    for change in [
        factor(ada),
        codes,
        Change::InsertTicket(Box::new(ticket.clone())),
        Change::InsertIdentity(Box::new(identity.clone())),
    ] {
        store.commit(&[change]).await.unwrap();
    }
    assert!(store.factor(ada).await.unwrap().is_some());
    assert_eq!(store.recovery_codes_left(grace).await.unwrap(), 1);
    assert_eq!(store.ticket(ticket.id).await.unwrap(), Some(ticket));
    assert_eq!(store.identities(joan).await.unwrap(), [identity]);
    for owner in &owners {
        let shadow = rest.user(owner).await.unwrap().unwrap();
        assert_eq!((shadow.password, shadow.mfa_since), (None, None));
    }
}

/// What is nobody's needs no owner.
#[tokio::test]
async fn a_ticket_without_an_owner_needs_nobody() {
    let (_, _, store) = both();
    let nobodys = Ticket {
        owner: None,
        purpose: TicketPurpose::OauthState,
        ..ticket(&UserRef::new("users", id()))
    };
    let insert = Change::InsertTicket(Box::new(nobodys.clone()));
    store.commit(&[insert]).await.unwrap();
    assert_eq!(store.ticket(nobodys.id).await.unwrap(), Some(nobodys));
}

/// The shadow has a stamp as well, which means nothing.
#[tokio::test]
async fn the_stamp_is_the_tables() {
    let (users, rest, store) = both();
    let ada = put(&users, "ada");
    let owner = ada.reference();
    let guarded = |stamp: &str| [factor(&owner), require_stamp(&owner, stamp)];
    store.commit(&guarded("stamp")).await.unwrap();
    assert!(rest.user(&owner).await.unwrap().is_some(), "a shadow");
    let kept = store.factor(&owner).await.unwrap();
    assert_conflict(store.commit(&guarded("")).await, 1, Conflict::Changed);

    // Another program ends all logins.
    users.put(User {
        stamp: "another".to_owned(),
        ..ada
    });
    assert_conflict(store.commit(&guarded("stamp")).await, 1, Conflict::Changed);
    assert_eq!(store.factor(&owner).await.unwrap(), kept, "nothing is made");
    store.commit(&guarded("another")).await.unwrap();
    users.remove(&owner);
    let gone = store.commit(&[require_stamp(&owner, "another")]).await;
    assert_conflict(gone, 0, Conflict::NotFound);
}

/// AC-A8: the password is the table's, of which the other store knows nothing; the identities are the other store's.
#[tokio::test]
async fn a_credential_is_asked_of_both() {
    let (users, rest, store) = both();
    let ada = put(&users, "ada");
    let owner = ada.reference();
    let only = identity(&owner);
    let unlink = Change::DeleteIdentity {
        owner: owner.clone(),
        id: only.id,
    };
    store.commit(&[require_credential(&owner)]).await.unwrap();
    let link = Change::InsertIdentity(Box::new(only));
    store.commit(std::slice::from_ref(&link)).await.unwrap();
    let unlinking = [require_credential(&owner), unlink];
    store.commit(&unlinking).await.unwrap();
    store.commit(&[link]).await.unwrap();

    let mut update = UserUpdate::new(owner.clone(), now());
    update.password = Some(None);
    let without = Change::UpdateUser(Box::new(update));
    store
        .commit(&[without, require_credential(&owner)])
        .await
        .unwrap();
    let refused = store.commit(&unlinking).await;
    assert_conflict(refused, 0, Conflict::LastCredential);
    assert_eq!(rest.identities(&owner).await.unwrap().len(), 1);

    // Another program gives a password, and takes it away.
    let with = users.read()[&owner].clone();
    users.put(User {
        password: Some(StoredPassword::new("hash")),
        ..with.clone()
    });
    store.commit(&unlinking).await.unwrap();
    users.put(with);
    let refused = store.commit(&[require_credential(&owner)]).await;
    assert_conflict(refused, 0, Conflict::LastCredential);
}

/// Somebody without a shadow is no error of the store.
#[tokio::test]
async fn who_never_came_has_no_identity() {
    let (users, _, store) = both();
    let ada = put(&users, "ada");
    users.put(User {
        password: None,
        ..ada.clone()
    });
    let refused = store.commit(&[require_credential(&ada.reference())]).await;
    assert_conflict(refused, 0, Conflict::LastCredential);
}

/// Whoever refuses, the first in the way is named, as by one store.
#[tokio::test]
async fn the_first_in_the_way_is_named() {
    let (users, _, store) = both();
    let ada = put(&users, "ada");
    users.put(User {
        password: None,
        ..ada.clone()
    });
    let owner = ada.reference();
    let admin = Change::RequireRoleHeld {
        collection: "users".to_owned(),
        role: "admin".to_owned(),
    };
    let no_factor = Change::DeleteFactor {
        owner: owner.clone(),
    };
    let (credential, stamp) = (require_credential(&owner), require_stamp(&owner, ""));
    for (changes, index, conflict) in [
        ([&credential, &admin, &admin], 0, Conflict::LastCredential),
        ([&admin, &credential, &admin], 0, Conflict::RoleUnheld),
        ([&credential, &admin, &no_factor], 2, Conflict::NotFound),
        ([&credential, &no_factor, &stamp], 1, Conflict::NotFound),
        ([&admin, &stamp, &no_factor], 1, Conflict::Changed),
    ] {
        let changes = changes.map(Clone::clone);
        let made = store.commit(&changes).await;
        assert_conflict(made, index, conflict);
    }
}

/// `mfa_since` stands in the table, and alone decides.
#[tokio::test]
async fn since_when_a_factor_is_asked_for_is_the_tables() {
    let (users, rest, store) = both();
    let owner = put(&users, "ada").reference();
    let mut update = UserUpdate::new(owner.clone(), now());
    update.mfa_since = Some(Some(now()));
    let changes = [factor(&owner), Change::UpdateUser(Box::new(update))];
    store.commit(&changes).await.unwrap();
    assert_eq!(users.read()[&owner].mfa_since, Some(now()));
    assert_eq!(
        store.user(&owner).await.unwrap().unwrap().mfa_since,
        Some(now())
    );
    assert_eq!(rest.user(&owner).await.unwrap().unwrap().mfa_since, None);
}

/// A table without a column for it would let people in without their second factor: the conformance suite says so.
#[test]
fn a_table_that_forgets_mfa_since_is_noticed() {
    let suite = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(account_store::rules(|| async {
            let (users, _, store) = both();
            users.forgets_mfa_since.store(true, Ordering::SeqCst);
            Nodes::one(store)
        }));
    });
    let panic = suite.join().unwrap_err();
    let said = panic.downcast_ref::<String>().unwrap();
    assert!(said.contains("a second factor is asked for"), "{said}");
}
