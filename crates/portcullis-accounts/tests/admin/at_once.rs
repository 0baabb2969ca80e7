//! When it takes effect, and what comes of changes that are made at once: AC-B6, AC-B8.

use std::time::Duration;

use portcullis_accounts::{AdminUpdate, ListUsers};
use serde_json::json;

use crate::common::{at_once, code};
use crate::people::{Person, application, by_key, cookie_of, count, key, user, view, with_role};
use crate::{open, people, profile, roles};

/// AC-B6, v5.0.0-8.3.2
#[tokio::test]
async fn ac_b6_rights_change_at_once() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = with_role(&h, "eve@example.com", "admin").await;
    let cookie = cookie_of(&h, "eve@example.com").await;
    let created = key(&h, &eve.caller, None).await;
    h.wait(Duration::from_secs(5));
    h.users()
        .set_roles(&root.caller, &eve.id, roles(&["guest"]))
        .await
        .unwrap();

    assert!(
        eve.by_token(&h).await.is_err(),
        "the token with the old rights is taken back"
    );
    let by_cookie = h.caller_by("cookie", &cookie).await.unwrap();
    let by_key = by_key(&h, created.expose()).await.unwrap();
    for now in [by_cookie, by_key] {
        assert!(now.may("read") && !now.may("write") && now.has_role("guest"));
    }
    // What another node may still let through: the token as it was, a moment ago.
    assert_eq!(
        code(h.users().ban_user(&eve.caller, &root.id).await),
        "403 forbidden"
    );
    let fresh = people::log_in(&h, &h.users(), "eve@example.com").await;
    assert!(fresh.caller.has_role("guest") && !fresh.caller.may("write"));
    assert_eq!(
        count(&h, "role.granted").await,
        3,
        "two at the beginning, one now"
    );
    assert_eq!(count(&h, "role.revoked").await, 1);

    let permit = AdminUpdate {
        permissions: Some(roles(&["posts:write"])),
        ..AdminUpdate::default()
    };
    h.users()
        .update_user(&root.caller, &eve.id, permit)
        .await
        .unwrap();
    assert!(fresh.by_token(&h).await.is_err());
    assert!(
        h.caller_by("cookie", &cookie)
            .await
            .unwrap()
            .may("posts:write")
    );
}

/// AC-B8
#[tokio::test]
async fn ac_b8_one_admin_is_always_left() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let users = h.users();
    let (admin, id) = (&root.caller, root.id.as_str());
    let before = view(&h, id).await;
    assert_eq!(
        code(users.set_roles(admin, id, roles(&["user"])).await),
        "409 last_admin"
    );
    assert_eq!(
        code(users.set_roles(admin, id, Vec::new()).await),
        "409 last_admin"
    );
    assert_eq!(code(users.ban_user(admin, id).await), "409 last_admin");
    assert_eq!(code(users.delete_user(admin, id).await), "409 last_admin");
    assert_eq!(code(application(&h).ban_user(id).await), "409 last_admin");
    assert_eq!(
        code(application(&h).delete_user(id).await),
        "409 last_admin"
    );
    assert_eq!(view(&h, id).await, before);
    root.by_token(&h).await.unwrap();

    let second = with_role(&h, "second@example.com", "admin").await;
    users.ban_user(admin, &second.id).await.unwrap();
    assert_eq!(
        code(users.set_roles(admin, id, roles(&["user"])).await),
        "409 last_admin",
        "a banned admin is none"
    );
    users
        .set_roles(admin, &second.id, roles(&["user"]))
        .await
        .unwrap();
    users.unban_user(admin, &second.id).await.unwrap();
    users
        .set_roles(admin, &second.id, roles(&["admin", "user"]))
        .await
        .unwrap();
    users.set_roles(admin, id, roles(&["user"])).await.unwrap();
}

/// AC-B8: by whatever they end each other, one is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_b8_admins_who_end_each_other_at_once() {
    for round in 0..30 {
        let h = open();
        let mut admins: Vec<Person> = Vec::new();
        for number in 0..2 {
            admins.push(with_role(&h, &format!("root{number}@example.com"), "admin").await);
        }
        let outcomes = at_once(2, |number| {
            let users = h.users();
            let (caller, other) = (admins[number].caller.clone(), admins[1 - number].id.clone());
            async move {
                match (round + number) % 3 {
                    0 => users
                        .set_roles(&caller, &other, vec!["user".to_owned()])
                        .await
                        .map(drop),
                    1 => users.ban_user(&caller, &other).await.map(drop),
                    _ => users.delete_user(&caller, &other).await,
                }
            }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        for refused in outcomes.into_iter().filter(Result::is_err) {
            let code = code(refused);
            assert!(
                ["409 last_admin", "401 unauthenticated", "403 forbidden"].contains(&code.as_str()),
                "{code}"
            );
        }
        let page = application(&h)
            .list_users(ListUsers::default())
            .await
            .unwrap();
        let left = page
            .users
            .iter()
            .filter(|user| user.roles == ["admin"] && user.banned == Some(false));
        assert_eq!(left.count(), 1);
    }
}

/// Roles and profile that are changed at once: neither is lost, and the trail tells what was.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_that_cross_are_all_made() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    for round in 0..20 {
        let role = format!("role{round}");
        let outcomes =
            at_once(3, |number| {
                let (users, admin, id, role) = (
                    h.users(),
                    root.caller.clone(),
                    target.id.clone(),
                    role.clone(),
                );
                async move {
                    let name = json!({ "name": format!("name{round}") });
                    match number {
                        0 => users.set_roles(&admin, &id, vec![role]).await,
                        1 => users.update_user(&admin, &id, profile(name)).await,
                        _ => users
                            .update_user(
                                &admin,
                                &id,
                                profile(
                                    json!({"plan": if round % 2 == 0 { "pro" } else { "free" }}),
                                ),
                            )
                            .await,
                    }
                }
            })
            .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let now = view(&h, &target.id).await;
        assert_eq!(now.roles, [role]);
        assert_eq!(now.profile["name"], format!("name{round}"));
        assert_eq!(
            now.profile["plan"],
            if round % 2 == 0 { "pro" } else { "free" }
        );
    }
    assert_eq!(count(&h, "role.revoked").await, 20);
    assert_eq!(count(&h, "role.granted").await, 22);
}
