//! Who may do what to whom: AC-B7, ASVS v5.0.0-8.2.1, 8.2.2.

use portcullis_accounts::{
    AccountsBuilder, AdminUpdate, AuditRequest, Collection, ListUsers, NewUser,
};
use portcullis_core::{AuthUser, Denial, RoleMap};
use serde_json::json;

use crate::common::{Harness, code, harness_with};
use crate::people::{by_key, key, person, person_of, user, view, with_permissions, with_role};
use crate::{open, profile, roles, settings};

/// With a role `support`, which may administer and has what users have, and nothing else; `lead` has the posts besides.
fn with_support() -> Harness {
    let map = RoleMap::builder()
        .role("admin", ["*"])
        .role("user", ["read", "write"])
        .role("editor", ["posts:*"])
        .role("support", ["users:read", "users:write"])
        .includes("support", "user")
        .role("lead", ["posts:write", "posts:read"])
        .includes("lead", "support")
        .role("mark", [])
        .build()
        .unwrap();
    harness_with(settings(), |builder| {
        builder.role_map(map).with_insecure_no_limits()
    })
}

/// All that can be done to somebody, by name.
async fn everything(
    h: &Harness,
    admin: &AuthUser,
    id: &str,
) -> Vec<(&'static str, Result<(), Denial>)> {
    let users = h.users();
    vec![
        (
            "update",
            users
                .update_user(admin, id, profile(json!({"name": "x"})))
                .await
                .map(drop),
        ),
        (
            "verify",
            users
                .update_user(
                    admin,
                    id,
                    AdminUpdate {
                        verified: Some(true),
                        ..AdminUpdate::default()
                    },
                )
                .await
                .map(drop),
        ),
        (
            "roles",
            users.set_roles(admin, id, roles(&["user"])).await.map(drop),
        ),
        ("ban", users.ban_user(admin, id).await.map(drop)),
        ("unban", users.unban_user(admin, id).await.map(drop)),
        ("logout", users.logout_user(admin, id).await.map(drop)),
        ("unlock", users.unlock_user(admin, id).await.map(drop)),
        ("delete", users.delete_user(admin, id).await.map(drop)),
    ]
}

/// AC-B7, v5.0.0-8.2.1
#[tokio::test]
async fn ac_b7_each_permission_opens_its_own_doors() {
    let h = open();
    let target = user(&h, "target@example.com").await;
    let nobody = user(&h, "nobody@example.com").await;
    let reader = with_permissions(&h, "reader@example.com", &["users:read"]).await;
    let auditor = with_permissions(&h, "auditor@example.com", &["audit:read"]).await;
    for denied in [&nobody, &reader, &auditor] {
        for (what, refused) in everything(&h, &denied.caller, &target.id).await {
            assert_eq!(code(refused), "403 forbidden", "{what}");
        }
    }
    let users = h.users();
    for (caller, reads, audits) in [
        (&nobody, false, false),
        (&reader, true, false),
        (&auditor, false, true),
    ] {
        assert_eq!(
            users
                .list_users(&caller.caller, ListUsers::default())
                .await
                .is_ok(),
            reads
        );
        assert_eq!(users.user(&caller.caller, &target.id).await.is_ok(), reads);
        assert_eq!(
            users
                .audit_trail(&caller.caller, AuditRequest::default())
                .await
                .is_ok(),
            audits
        );
    }
    assert_eq!(view(&h, &target.id).await.roles, ["user"]);
    let writer = with_permissions(&h, "writer@example.com", &["users:write"]).await;
    for (what, done) in everything(&h, &writer.caller, &target.id).await {
        assert!(done.is_ok(), "{what}: {done:?}");
    }
}

/// The key may do what its owner may and its scopes allow.
#[tokio::test]
async fn an_admin_key_administers_as_far_as_its_scopes_go() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    let by = async |scopes: Option<&[&str]>| {
        let created = key(&h, &root.caller, scopes).await;
        by_key(&h, created.expose()).await.unwrap()
    };
    let narrow = by(Some(&["read", "write"])).await;
    for (what, refused) in everything(&h, &narrow, &target.id).await {
        assert_eq!(code(refused), "403 insufficient_scope", "{what}");
    }
    let wide = by(Some(&["admin"])).await;
    h.users()
        .set_roles(&wide, &target.id, roles(&["admin"]))
        .await
        .unwrap();
    let free = by(None).await;
    h.users()
        .set_roles(&free, &target.id, roles(&["user"]))
        .await
        .unwrap();
    let page = h
        .users()
        .list_users(&free, ListUsers::default())
        .await
        .unwrap();
    assert_eq!(page.users.len(), 2);
}

/// A key that reaches administration and no further gives nobody more than it reaches, though its owner could.
#[tokio::test]
async fn a_narrow_key_of_an_admin_gives_no_more_than_it_reaches() {
    let settings = settings().scopes(["users:read", "users:write", "read", "write"]);
    let h = harness_with(settings, AccountsBuilder::with_insecure_no_limits);
    let root = with_role(&h, "root@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    let created = key(&h, &root.caller, Some(&["users:write", "read", "write"])).await;
    let caller = by_key(&h, created.expose()).await.unwrap();
    let users = h.users();
    assert_eq!(
        code(
            users
                .set_roles(&caller, &target.id, roles(&["admin"]))
                .await
        ),
        "403 forbidden"
    );
    let all = AdminUpdate {
        permissions: Some(roles(&["*"])),
        ..AdminUpdate::default()
    };
    assert_eq!(
        code(users.update_user(&caller, &target.id, all).await),
        "403 forbidden"
    );
    assert_eq!(
        code(users.ban_user(&caller, &root.id).await),
        "403 forbidden"
    );
    users.ban_user(&caller, &target.id).await.unwrap();
}

/// v5.0.0-8.2.1, 8.2.2: nobody gives what they do not have.
#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let h = with_support();
    let support = with_role(&h, "support@example.com", "support").await;
    let target = user(&h, "target@example.com").await;
    let give = async |id: &str, names: &[&str]| {
        h.users().set_roles(&support.caller, id, roles(names)).await
    };
    for beyond in ["admin", "editor", "lead", "mark", "unheard-of"] {
        assert_eq!(
            code(give(&target.id, &["user", beyond]).await),
            "403 forbidden",
            "{beyond}"
        );
        assert_eq!(
            code(give(&support.id, &["support", beyond]).await),
            "403 forbidden",
            "to oneself: {beyond}"
        );
    }
    for own in ["support", "user"] {
        assert_eq!(give(&target.id, &[own]).await.unwrap().roles, [own]);
    }
    let permit = async |id: &str, names: &[&str]| {
        let update = AdminUpdate {
            permissions: Some(roles(names)),
            ..AdminUpdate::default()
        };
        h.users().update_user(&support.caller, id, update).await
    };
    for beyond in [
        "*",
        "posts:write",
        "users:*",
        "*:read",
        "audit:read",
        "users:write:all",
    ] {
        assert_eq!(
            code(permit(&target.id, &[beyond]).await),
            "403 forbidden",
            "{beyond}"
        );
        assert_eq!(
            code(permit(&support.id, &[beyond]).await),
            "403 forbidden",
            "to oneself: {beyond}"
        );
    }
    permit(&target.id, &["users:read"]).await.unwrap();
    assert_eq!(view(&h, &target.id).await.permissions, ["users:read"]);
    permit(&target.id, &[]).await.unwrap();
    assert_eq!(view(&h, &support.id).await.roles, ["support"]);
}

/// Whoever could change somebody with more rights could become that somebody.
#[tokio::test]
async fn nobody_changes_who_may_do_more() {
    let h = with_support();
    let support = with_role(&h, "support@example.com", "support").await;
    let mut above = Vec::new();
    for (number, role) in ["admin", "editor", "mark", "unheard-of"]
        .into_iter()
        .enumerate()
    {
        above.push(with_role(&h, &format!("above{number}@example.com"), role).await);
    }
    above.push(with_permissions(&h, "direct@example.com", &["billing:read"]).await);
    for target in &above {
        let before = view(&h, &target.id).await;
        for (what, refused) in everything(&h, &support.caller, &target.id).await {
            assert_eq!(
                code(refused),
                "403 forbidden",
                "{what} of {:?}",
                before.roles
            );
        }
        assert_eq!(view(&h, &target.id).await, before);
        target.by_token(&h).await.unwrap();
    }
    let lead = with_role(&h, "lead@example.com", "lead").await;
    h.users().ban_user(&lead.caller, &support.id).await.unwrap();
    assert_eq!(
        code(h.users().ban_user(&support.caller, &lead.id).await),
        "401 unauthenticated"
    );
}

/// Administrators act within their collection.
#[tokio::test]
async fn collections_do_not_cross() {
    let h = harness_with(settings(), |builder| {
        builder
            .collection("customers", Collection::new())
            .with_insecure_no_limits()
    });
    let customers = h.accounts.users_of("customers").unwrap();
    let theirs = person_of(
        &h,
        &customers,
        NewUser::new("root@example.com").roles(["admin"]),
    )
    .await;
    let ours = person(&h, NewUser::new("root@example.com").roles(["admin"])).await;
    with_role(&h, "second@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    for (what, refused) in everything(&h, &theirs.caller, &target.id).await {
        assert_eq!(code(refused), "401 unauthenticated", "{what}");
    }
    assert_eq!(
        code(
            h.users()
                .list_users(&theirs.caller, ListUsers::default())
                .await
        ),
        "401 unauthenticated"
    );
    assert_eq!(
        code(
            h.users()
                .audit_trail(&theirs.caller, AuditRequest::default())
                .await
        ),
        "401 unauthenticated"
    );
    for (what, refused) in everything(&h, &ours.caller, &theirs.id).await {
        assert_eq!(code(refused), "404 not_found", "{what}");
    }
    let page = customers
        .list_users(&theirs.caller, ListUsers::default())
        .await
        .unwrap();
    assert_eq!(page.users.len(), 1);
    // Each collection has a last admin of its own.
    assert_eq!(
        code(customers.delete_user(&theirs.caller, &theirs.id).await),
        "409 last_admin"
    );
}
