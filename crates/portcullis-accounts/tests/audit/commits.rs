//! An entry is committed with what it tells of, or neither is: AC-U3.

use std::time::Duration;

use portcullis_accounts::store::{AccountStore, Change, UserStore};
use portcullis_accounts::{AdminUpdate, AuditRequest, ListUsers, NewUser, UserRef};
use portcullis_core::{AuthUser, Denial};

use crate::common::{Harness, PASSWORD, code};
use crate::journey::journey;
use crate::people::{Person, by_key, key, new_key, user, with_role};
use crate::watched::Watched;
use crate::{Heard, name, on, roles, whole_trail, with_room};

/// AC-U3: whatever changes an account, a login or a key has its entry in the very same commit.
#[tokio::test]
async fn ac_u3_every_change_is_committed_with_its_entry() {
    let h = on(Watched::new, with_room);
    journey(&h).await;
    let commits = h.store.committed();
    assert!(commits.len() > 50);
    for commit in commits {
        let is_written_down = commit
            .iter()
            .any(|change| matches!(change, Change::Audit(_)));
        if commit.iter().any(is_weighty) {
            assert!(is_written_down, "no entry is committed with {commit:?}");
        }
    }
}

/// What is counted before it is judged is written down with what came of it.
fn is_weighty(change: &Change) -> bool {
    !matches!(
        change,
        Change::Audit(_)
            | Change::Queue(_)
            | Change::InsertLink(_)
            | Change::DropLinks { .. }
            | Change::CountAttempt { .. }
    )
}

/// All that is written by what a user and an administrator do with accounts and keys.
async fn writes<S: AccountStore>(
    h: &Harness<S>,
    root: &AuthUser,
    ada: &Person,
    key: &str,
) -> Vec<(&'static str, Result<(), Denial>)> {
    let (users, caller, id) = (h.users(), &ada.caller, ada.id.as_str());
    let verify = AdminUpdate {
        verified: Some(false),
        ..AdminUpdate::default()
    };
    let guest = roles(&["guest"]);
    let app = users.as_application();
    let new = NewUser::new("new@example.com");
    vec![
        (
            "profile",
            users.update_profile(caller, name("A")).await.map(drop),
        ),
        (
            "create",
            users.create_key(caller, new_key(None)).await.map(drop),
        ),
        (
            "rotate",
            users
                .rotate_key(caller, key, Duration::ZERO)
                .await
                .map(drop),
        ),
        ("revoke", users.revoke_key(caller, key).await),
        (
            "update",
            users.update_user(root, id, verify).await.map(drop),
        ),
        ("roles", users.set_roles(root, id, guest).await.map(drop)),
        ("logout", users.logout_user(root, id).await.map(drop)),
        ("unlock", users.unlock_user(root, id).await),
        ("ban", users.ban_user(root, id).await.map(drop)),
        ("delete", users.delete_user(root, id).await),
        ("leave", users.delete_account(caller).await),
        ("open", app.create_user(new).await.map(drop)),
    ]
}

/// AC-U3: what cannot be committed is not done, not written down and not told; what was good before still is.
#[tokio::test]
async fn ac_u3_without_its_entry_nothing_is_done() {
    let heard = Heard::default();
    let h = on(Watched::new, |builder| {
        with_room(builder).event_sink(heard.clone())
    });
    let root = with_role(&h, "root@example.com", "admin").await;
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    let before = (whole_trail(&h).await, heard.count());
    let owner = UserRef::of(&ada.caller).unwrap();
    let row = h.store.inner.user(&owner).await.unwrap();

    h.store.refuse_commits(true);
    let id = created.info().id.to_string();
    for (what, refused) in writes(&h, &root.caller, &ada, &id).await {
        assert_eq!(code(refused), "503 unavailable", "{what}");
    }
    let login = h.login("ada@example.com", PASSWORD).await;
    assert_eq!(
        code(login),
        "503 unavailable",
        "nobody is logged in without an entry"
    );
    h.store.refuse_commits(false);

    assert_eq!((whole_trail(&h).await, heard.count()), before);
    assert_eq!(h.store.inner.user(&owner).await.unwrap(), row);
    ada.by_token(&h).await.unwrap();
    by_key(&h, created.expose()).await.unwrap();
    assert_eq!(h.users().keys(&ada.caller).await.unwrap().len(), 1);
}

/// AC-U3: a store that does not answer at all is 503, for those who read as well.
#[tokio::test]
async fn a_store_that_is_down_lets_nobody_through() {
    let h = on(Watched::new, with_room);
    let root = with_role(&h, "root@example.com", "admin").await;
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    h.store.go_down(true);
    let id = created.info().id.to_string();
    for (what, refused) in writes(&h, &root.caller, &ada, &id).await {
        assert_eq!(code(refused), "503 unavailable", "{what}");
    }
    let users = h.users();
    let admin = &root.caller;
    assert_eq!(code(users.me(&ada.caller).await), "503 unavailable");
    assert_eq!(code(users.keys(&ada.caller).await), "503 unavailable");
    assert_eq!(
        code(users.list_users(admin, ListUsers::default()).await),
        "503 unavailable"
    );
    assert_eq!(code(users.user(admin, &ada.id).await), "503 unavailable");
    assert_eq!(
        code(users.audit_trail(admin, AuditRequest::default()).await),
        "503 unavailable"
    );
    assert_eq!(code(by_key(&h, created.expose()).await), "503 unavailable");
}
