//! Ids of others: every method that takes an id, tried with the credentials of everybody whose it is not (v5.0.0-8.2.2).

mod common;
mod people;

use std::time::Duration;

use common::{Harness, code, harness_with};
use people::{
    Person, application, by_key, key, person_of, user, view, with_permissions, with_role,
};
use portcullis_accounts::store::{FamilyStore, KeyStore, UserStore};
use portcullis_accounts::{
    AdminUpdate, Collection, Family, KeyRow, NewUser, RecordId, User, UserRef, Users,
};
use portcullis_core::{AuthUser, Clock, Denial};

/// What no id looks like, and ids of nothing.
const NO_IDS: [&str; 9] = [
    "",
    " ",
    "1",
    "null",
    "../users",
    "00000000-0000-0000-0000-000000000000",
    "018F3B2A-7C1D-7E2F-8A3B-4C5D6E7F8091",
    "018f3b2a7c1d7e2f8a3b4c5d6e7f8091",
    "018f3b2a-7c1d-7e2f-8a3b-4c5d6e7f8091\0",
];

fn open() -> Harness {
    harness_with(Collection::new(), |builder| {
        builder
            .collection("customers", Collection::new())
            .with_insecure_no_limits()
    })
}

/// All that takes an id of something of one's own.
async fn own(
    users: &Users,
    caller: &AuthUser,
    id: &str,
) -> Vec<(&'static str, Result<(), Denial>)> {
    vec![
        ("revoke_key", users.revoke_key(caller, id).await),
        (
            "rotate_key",
            users.rotate_key(caller, id, Duration::ZERO).await.map(drop),
        ),
        ("revoke_session", users.revoke_session(caller, id).await),
    ]
}

/// All that takes the id of somebody.
async fn of_others(
    users: &Users,
    caller: &AuthUser,
    id: &str,
) -> Vec<(&'static str, Result<(), Denial>)> {
    let verify = AdminUpdate {
        verified: Some(false),
        ..AdminUpdate::default()
    };
    let roles = vec!["guest".to_owned()];
    vec![
        ("user", users.user(caller, id).await.map(drop)),
        (
            "update_user",
            users.update_user(caller, id, verify).await.map(drop),
        ),
        (
            "set_roles",
            users.set_roles(caller, id, roles).await.map(drop),
        ),
        ("logout_user", users.logout_user(caller, id).await.map(drop)),
        ("unlock_user", users.unlock_user(caller, id).await),
        ("ban_user", users.ban_user(caller, id).await.map(drop)),
        ("unban_user", users.unban_user(caller, id).await.map(drop)),
        ("delete_user", users.delete_user(caller, id).await),
    ]
}

/// All that a store has of somebody.
async fn state(h: &Harness, person: &Person) -> (Option<User>, Vec<KeyRow>, Vec<Family>) {
    let owner = UserRef::of(&person.caller).unwrap();
    let user = h.store.user(&owner).await.unwrap();
    let keys = h.store.keys(&owner).await.unwrap();
    let families = h.store.families(&owner, h.clock.now()).await.unwrap();
    (user, keys, families)
}

#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let h = open();
    let (ada, eve) = (
        user(&h, "ada@example.com").await,
        user(&h, "eve@example.com").await,
    );
    let root = with_role(&h, "root@example.com", "admin").await;
    let created = key(&h, &ada.caller, None).await;
    let before = state(&h, &ada).await;
    let session = ada.caller.session_id().unwrap();
    // The admin, too: what is one's own is nobody else's.
    for caller in [&eve, &root] {
        for id in [&*created.info().id.to_string(), session, &ada.id] {
            for (what, refused) in own(&h.users(), &caller.caller, id).await {
                assert_eq!(code(refused), "404 not_found", "{what} {id}");
            }
        }
    }
    assert_eq!(state(&h, &ada).await, before);
    by_key(&h, created.expose()).await.unwrap();
    ada.by_token(&h).await.unwrap();
}

#[tokio::test]
async fn what_is_no_id_is_not_there() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let before = state(&h, &root).await;
    for id in NO_IDS {
        for (what, refused) in own(&h.users(), &root.caller, id).await {
            assert_eq!(code(refused), "404 not_found", "{what} {id:?}");
        }
        for (what, refused) in of_others(&h.users(), &root.caller, id).await {
            assert_eq!(code(refused), "404 not_found", "{what} {id:?}");
        }
        let app = application(&h);
        assert_eq!(code(app.user(id).await), "404 not_found");
        assert_eq!(code(app.delete_user(id).await), "404 not_found");
    }
    assert_eq!(state(&h, &root).await, before);
}

#[tokio::test]
async fn another_collections_people_are_nobody_here_and_not_there() {
    let h = open();
    let customers = h.accounts.users_of("customers").unwrap();
    let ada = user(&h, "ada@example.com").await;
    let root = with_role(&h, "root@example.com", "admin").await;
    let theirs = NewUser::new("root@example.com").roles(["admin"]);
    let theirs = person_of(&h, &customers, theirs).await;
    let our_key = key(&h, &ada.caller, None).await.info().id.to_string();
    let their_key = key(&h, &theirs.caller, None).await.info().id.to_string();
    let (ours_before, theirs_before) = (state(&h, &ada).await, state(&h, &theirs).await);

    // Their credential here, for our ids and for their own.
    for id in [&our_key, &their_key, &ada.id, &theirs.id] {
        for (what, refused) in own(&h.users(), &theirs.caller, id).await {
            assert_eq!(code(refused), "401 unauthenticated", "{what}");
        }
        for (what, refused) in of_others(&h.users(), &theirs.caller, id).await {
            assert_eq!(code(refused), "401 unauthenticated", "{what}");
        }
    }
    // Our credential here, for their ids.
    for (what, refused) in own(&h.users(), &root.caller, &their_key).await {
        assert_eq!(code(refused), "404 not_found", "{what}");
    }
    for (what, refused) in of_others(&h.users(), &root.caller, &theirs.id).await {
        assert_eq!(code(refused), "404 not_found", "{what}");
    }
    assert_eq!(state(&h, &ada).await, ours_before);
    assert_eq!(state(&h, &theirs).await, theirs_before);
}

/// The same id in two collections is two people: a credential says whose it is by both.
#[tokio::test]
async fn a_namesake_of_another_collection_is_somebody_else() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let id: RecordId = root.id.parse().unwrap();
    let mut twin = h
        .store
        .user(&UserRef::new("users", id))
        .await
        .unwrap()
        .unwrap();
    twin.collection = "customers".to_owned();
    twin.roles = vec!["user".to_owned()];
    let insert = portcullis_accounts::store::Change::InsertUser(Box::new(twin));
    portcullis_accounts::store::Ledger::commit(&h.store, &[insert])
        .await
        .unwrap();
    let customers = h.accounts.users_of("customers").unwrap();
    let by_token = root.by_token(&h).await.unwrap();
    assert_eq!(code(customers.me(&by_token).await), "401 unauthenticated");
    assert_eq!(
        code(customers.delete_account(&by_token).await),
        "401 unauthenticated"
    );
    assert_eq!(code(customers.keys(&by_token).await), "401 unauthenticated");
}

#[tokio::test]
async fn keys_and_ordinary_users_reach_nobody() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let eve = user(&h, "eve@example.com").await;
    let reader = with_permissions(&h, "reader@example.com", &["users:read"]).await;
    let eves_key = key(&h, &eve.caller, None).await;
    let by_key = by_key(&h, eves_key.expose()).await.unwrap();
    let adas_key = key(&h, &ada.caller, None).await.info().id.to_string();
    let before = state(&h, &ada).await;
    for caller in [&eve.caller, &by_key] {
        for (what, refused) in of_others(&h.users(), caller, &ada.id).await {
            assert_eq!(code(refused), "403 forbidden", "{what}");
        }
    }
    for (what, outcome) in of_others(&h.users(), &reader.caller, &ada.id).await {
        match what {
            "user" => outcome.unwrap(),
            _ => assert_eq!(code(outcome), "403 forbidden", "{what}"),
        }
    }
    for id in [&adas_key, &eves_key.info().id.to_string()] {
        for (what, refused) in own(&h.users(), &by_key, id).await {
            assert_eq!(code(refused), "403 key_not_allowed", "{what}");
        }
    }
    assert_eq!(state(&h, &ada).await, before);
}

/// Whether there is such a user is not to be learned by who may not look.
#[tokio::test]
async fn a_refusal_does_not_tell_who_is_there() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let eve = user(&h, "eve@example.com").await;
    let gone = user(&h, "gone@example.com").await;
    application(&h).delete_user(&gone.id).await.unwrap();
    let there = of_others(&h.users(), &eve.caller, &ada.id).await;
    let not_there = of_others(&h.users(), &eve.caller, &gone.id).await;
    for ((what, there), (_, not_there)) in there.into_iter().zip(not_there) {
        let (there, not_there) = (there.unwrap_err(), not_there.unwrap_err());
        assert_eq!(format!("{there:?}"), format!("{not_there:?}"), "{what}");
    }
    assert_eq!(view(&h, &ada.id).await.roles, ["user"]);
}
