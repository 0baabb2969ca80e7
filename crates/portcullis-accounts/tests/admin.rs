//! Administration: who may do what to whom, and when it takes effect (AC-B6, AC-B7, AC-B8).

mod common;
mod people;

use std::time::Duration;

use common::{Harness, PASSWORD, at_once, code, harness, harness_with};
use people::{
    Person, application, by_key, cookie_of, count, key, person, person_of, user, view,
    with_permissions, with_role,
};
use portcullis_accounts::{
    AccountsBuilder, AdminUpdate, AuditRequest, Collection, ListUsers, NewUser, select, text,
};
use portcullis_core::{AuthUser, Denial, RoleMap};
use serde_json::{Value, json};

fn settings() -> Collection {
    Collection::new()
        .profile(select("plan", ["free", "pro"]).default("free").read_only())
        .profile(text("crmId").hidden())
}

fn open() -> Harness {
    harness_with(settings(), AccountsBuilder::with_insecure_no_limits)
}

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

fn profile(value: Value) -> AdminUpdate {
    let Value::Object(profile) = value else {
        panic!("no object");
    };
    AdminUpdate {
        profile,
        ..AdminUpdate::default()
    }
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
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

#[tokio::test]
async fn an_admin_sets_what_its_user_may_only_read() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    let update = async |value: Value| {
        h.users()
            .update_user(&root.caller, &target.id, profile(value))
            .await
    };
    let after = update(json!({"plan": "pro", "name": "T"})).await.unwrap();
    assert_eq!(
        (after.profile["plan"].as_str(), after.banned),
        (Some("pro"), Some(false))
    );
    for refused in [
        json!({"crmId": "7"}),
        json!({"password": "x"}),
        json!({"email": "e@example.com"}),
        json!({"nothing": 1}),
    ] {
        assert_eq!(
            code(update(refused.clone()).await),
            "422 field_not_allowed",
            "{refused}"
        );
    }
    assert_eq!(
        code(update(json!({"plan": "gold"})).await),
        "422 invalid_field"
    );
    application(&h)
        .update_user(&target.id, profile(json!({"crmId": "7"})))
        .await
        .unwrap();
    assert_eq!(
        view(&h, &target.id).await.profile.get("crmId"),
        None,
        "hidden is hidden from admins too"
    );
    assert_eq!(view(&h, &target.id).await.profile["plan"], "pro");
    let nonsense = AdminUpdate {
        permissions: Some(roles(&["post*"])),
        ..AdminUpdate::default()
    };
    assert_eq!(
        code(
            h.users()
                .update_user(&root.caller, &target.id, nonsense)
                .await
        ),
        "422 invalid_field"
    );
    for name in ["", "a b", "a\nb", &"x".repeat(129)] {
        assert_eq!(
            code(
                h.users()
                    .set_roles(&root.caller, &target.id, roles(&[name]))
                    .await
            ),
            "422 invalid_field"
        );
    }
}

#[tokio::test]
async fn an_admin_vouches_for_an_address_and_takes_it_back() {
    let h = harness_with(
        settings().require_verified(true),
        AccountsBuilder::with_insecure_no_limits,
    );
    let root = with_role(&h, "root@example.com", "admin").await;
    let made = application(&h)
        .create_user(NewUser::new("new@example.com").password(PASSWORD))
        .await
        .unwrap();
    assert!(
        h.mail_to("new@example.com").await.is_some(),
        "a link for proving it"
    );
    let refused = h.login("new@example.com", PASSWORD).await;
    assert_eq!(code(refused), "403 email_not_verified");
    let id = made.id.to_string();
    let set = async |verified| {
        let update = AdminUpdate {
            verified: Some(verified),
            ..AdminUpdate::default()
        };
        h.users()
            .update_user(&root.caller, &id, update)
            .await
            .unwrap()
    };
    assert!(set(true).await.verified);
    let ada = people::log_in(&h, &h.users(), "new@example.com").await;
    let cookie = cookie_of(&h, "new@example.com").await;
    assert!(!set(false).await.verified);
    assert!(ada.by_token(&h).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert_eq!(count(&h, "user.verified").await, 1);
}

#[tokio::test]
async fn a_ban_ends_everything_and_keeps_out() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let cookie = cookie_of(&h, "eve@example.com").await;
    h.users()
        .request_password_reset("eve@example.com")
        .await
        .unwrap();
    let link = h.link_to("eve@example.com").await;
    assert_eq!(
        h.users()
            .ban_user(&root.caller, &eve.id)
            .await
            .unwrap()
            .banned,
        Some(true)
    );
    assert!(eve.by_token(&h).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    assert_eq!(
        code(
            h.users()
                .reset_password(&link, "another horse battery")
                .await
        ),
        "400 invalid_token"
    );
    assert_eq!(code(h.users().me(&eve.caller).await), "401 unauthenticated");
    assert_eq!(
        code(h.login("eve@example.com", PASSWORD).await),
        "403 account_banned"
    );
    h.users().ban_user(&root.caller, &eve.id).await.unwrap();
    assert_eq!(count(&h, "user.banned").await, 1, "once is enough");

    h.users().unban_user(&root.caller, &eve.id).await.unwrap();
    assert!(
        eve.by_token(&h).await.is_err(),
        "what had ended stays ended"
    );
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    let again = people::log_in(&h, &h.users(), "eve@example.com").await;
    again.by_token(&h).await.unwrap();
}

#[tokio::test]
async fn an_admin_ends_logins_and_locks() {
    let h = harness(settings());
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let cookie = cookie_of(&h, "eve@example.com").await;
    let created = key(&h, &eve.caller, None).await;
    assert_eq!(
        h.users().logout_user(&root.caller, &eve.id).await.unwrap(),
        2
    );
    assert!(eve.by_token(&h).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    by_key(&h, created.expose()).await.unwrap();
    assert_eq!(
        h.users().logout_user(&root.caller, &eve.id).await.unwrap(),
        0
    );

    for _ in 0..5 {
        assert_eq!(
            code(h.login("eve@example.com", "wrong horse battery").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(h.login("eve@example.com", PASSWORD).await),
        "401 invalid_credentials",
        "locked"
    );
    h.users().unlock_user(&root.caller, &eve.id).await.unwrap();
    h.login("eve@example.com", PASSWORD).await.unwrap();
    assert_eq!(count(&h, "account.unlocked").await, 1);
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    for number in 0..120 {
        h.wait(Duration::from_millis(1));
        let new = NewUser::new(format!("Person{number}@Example.com"));
        application(&h).create_user(new).await.unwrap();
    }
    let list = async |page: ListUsers| h.users().list_users(&root.caller, page).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = list(ListUsers {
            cursor,
            ..ListUsers::default()
        })
        .await
        .unwrap();
        assert!(page.users.len() <= 50);
        seen.extend(page.users.into_iter().map(|user| user.id));
        cursor = page.next_cursor;
        pages += 1;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (121, 3));
    assert!(seen.is_sorted(), "in the order in which they came to be");
    let of = async |limit, q: Option<&str>| {
        let page = ListUsers {
            cursor: None,
            limit,
            q: q.map(str::to_owned),
        };
        list(page).await.unwrap().users.len()
    };
    assert_eq!(of(Some(1_000_000), None).await, 121);
    assert_eq!(of(Some(0), None).await, 1);
    assert_eq!(of(None, Some("PERSON11")).await, 11, "11 and 110 to 119");
    assert_eq!(of(None, Some("%")).await, 0, "no wildcards");
    assert_eq!(of(None, Some("")).await, 50);
    for cursor in ["", "x", "../..", "00000000-0000-7000-8000-00000000000G"] {
        let page = ListUsers {
            cursor: Some(cursor.to_owned()),
            ..ListUsers::default()
        };
        assert_eq!(code(list(page).await), "422 invalid_field", "{cursor:?}");
    }
    let exact = list(ListUsers {
        limit: Some(121),
        ..ListUsers::default()
    })
    .await
    .unwrap();
    assert_eq!(
        exact.next_cursor, None,
        "a full page that is the last says so"
    );
    let body = serde_json::to_value(&exact).unwrap();
    assert_eq!(body["nextCursor"], Value::Null);
    assert_eq!(body["users"][0]["email"], "root@example.com");
    assert_eq!(body["users"][0].get("stamp"), None);
}

/// The application itself, without anybody's credential.
#[tokio::test]
async fn the_application_seeds_and_mends() {
    let h = harness_with(
        settings().allow_signup(false),
        AccountsBuilder::with_insecure_no_limits,
    );
    let app = application(&h);
    let new = NewUser::new("root@example.com")
        .password(PASSWORD)
        .roles(["admin"])
        .verified()
        .field("crmId", "1");
    let root = app.create_user(new).await.unwrap();
    assert_eq!(
        (root.roles.as_slice(), root.verified),
        (["admin".to_owned()].as_slice(), true)
    );
    let again = app.create_user(NewUser::new("ROOT@example.com")).await;
    assert_eq!(code(again), "409 email_taken");
    assert_eq!(
        code(app.create_user(NewUser::new("nothing")).await),
        "422 invalid_email"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").password("short"))
                .await
        ),
        "422 weak_password"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").field("x", 1))
                .await
        ),
        "422 field_not_allowed"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").roles(["a b"]))
                .await
        ),
        "422 invalid_field"
    );
    assert!(app.user_by_email("a@example.com").await.unwrap().is_none());

    let passwordless = app
        .create_user(NewUser::new("new@example.com"))
        .await
        .unwrap();
    assert_eq!(passwordless.roles, ["user"]);
    assert_eq!(
        code(h.login("new@example.com", "").await),
        "401 invalid_credentials"
    );
    let id = passwordless.id.to_string();
    app.set_roles(&id, roles(&["admin", "billing"]))
        .await
        .unwrap();
    app.ban_user(&id).await.unwrap();
    app.unban_user(&id).await.unwrap();
    app.unlock_user(&id).await.unwrap();
    app.logout_user(&id).await.unwrap();
    app.delete_user(&id).await.unwrap();
    assert_eq!(code(app.user(&id).await), "404 not_found");
    let by: Vec<_> = h
        .audit()
        .await
        .into_iter()
        .filter(|event| {
            event.subject == Some(passwordless.id) && event.kind.as_str() != "login.failed"
        })
        .collect();
    assert!(by.len() >= 8);
    for event in by {
        assert_eq!(
            (event.reason.as_deref(), event.actor),
            (Some("by_application"), None),
            "{}",
            event.kind.as_str()
        );
    }
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
